"""A control group for one sandbox: its memory and its processes, all together (cgroups(7)), where we may make one.

That needs root, or a session that systemd has delegated to its user. Version 2, and version 1 with its hierarchies
for ``memory`` and ``pids``. Where there is none, ``guard`` watches instead.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
#: Seconds that the last processes may take to be gone.
EMPTY = 10.0
_NAME = re.compile(r"parallab-(\d+)-\d+")
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Group:
    """A group that is there; whoever enters it is limited with all whom it starts."""

    folders: tuple[Path, ...]
    """One, or one for each hierarchy."""

    @classmethod
    def make(cls, memory: int, processes: int, root: Path = ROOT, own: Path = OWN) -> Group | None:
        """A group that may use so many bytes and have so many processes and threads; None where that may not be."""
        name = f"parallab-{os.getpid()}-{next(_numbers)}"
        try:
            places = dict(line.split(":", 2)[1:] for line in own.read_text().splitlines())
        except (OSError, ValueError):
            return None
        limits = {"memory": memory, "pids": processes}
        if (root / "cgroup.controllers").is_file():
            return _unified(root, places.get("", "/"), name, limits)
        return _separate(root, places, name, limits)

    def entering(self) -> tuple[str, ...]:
        """What comes before a command so that it is started in the group, if it may enter."""
        enter = " ".join(f'echo $$ > "{folder}/cgroup.procs";' for folder in self.folders)
        return ("sh", "-c", f'{{ {enter} }} 2>/dev/null; exec "$@"', "sh")

    @property
    def entered(self) -> bool:
        """Whether somebody is in it."""
        return all(_read(folder / "cgroup.procs").strip() for folder in self.folders)

    @property
    def killed(self) -> bool:
        """Whether somebody in it was ended because it used too much memory."""
        return self._happened("oom_kill", "memory.events", "memory.oom_control")

    @property
    def crowded(self) -> bool:
        """Whether somebody in it wanted one process or thread more than there may be."""
        return self._happened("max", "pids.events")

    def _happened(self, what: str, *names: str) -> bool:
        """Whether one of these files counts this; which of them there are, the version of the groups decides."""
        text = "".join(_read(folder / name) for folder in self.folders for name in names)
        return any(int(count) > 0 for count in re.findall(rf"^{what} (\d+)$", text, re.MULTILINE))

    def remove(self) -> None:
        """Removes it when all in it have ended."""
        end = time.monotonic() + EMPTY
        for folder in self.folders:
            while folder.is_dir() and time.monotonic() < end:
                try:
                    folder.rmdir()
                except OSError:
                    time.sleep(0.02)  # the last ones are still being ended


def _unified(root: Path, own: str, name: str, limits: Mapping[str, int]) -> Group | None:
    """Beside our own group: one that has processes itself may not hand controllers on."""
    parent = (root / own.lstrip("/")).parent if own.strip("/") else root
    with contextlib.suppress(OSError):
        (parent / "cgroup.subtree_control").write_text("+memory +pids")
    folder = _folder(parent, name)
    if folder is None:
        return None
    try:
        (folder / "memory.max").write_text(str(limits["memory"]))
        (folder / "pids.max").write_text(str(limits["pids"]))
        for file, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(OSError):
                (folder / file).write_text(value)
    except OSError:
        _drop((folder,))
        return None
    return Group((folder,))


def _separate(root: Path, places: Mapping[str, str], name: str, limits: Mapping[str, int]) -> Group | None:
    made: list[Path] = []
    for controller, file in (("memory", "memory.limit_in_bytes"), ("pids", "pids.max")):
        place = next((path for names, path in places.items() if controller in names.split(",")), None)
        folder = _folder(root / controller / place.lstrip("/"), name) if place is not None else None
        if folder is None:
            _drop(made)
            return None
        made.append(folder)
        try:
            (folder / file).write_text(str(limits[controller]))
        except OSError:
            _drop(made)
            return None
    with contextlib.suppress(OSError):  # memory and swap together, where swap is counted
        (made[0] / "memory.memsw.limit_in_bytes").write_text(str(limits["memory"]))
    return Group(tuple(made))


def _folder(parent: Path, name: str) -> Path | None:
    """A new group there; those that a killed run left are removed."""
    try:
        for old in parent.glob("parallab-*"):
            match = _NAME.fullmatch(old.name)
            if match and not Path("/proc", match[1]).exists():
                _drop((old,))
        (parent / name).mkdir()
    except OSError:
        return None
    return parent / name


def _drop(folders: Iterable[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
