"""Ledgers on disk: one small file a kernel's life, in Jupyter's runtime folder, written whole or not at all.

A Book keeps one while its kernel lives. It asks for a look only when something changed that
could have made a difference, and for at most 1 % of a core; it writes only what is new. Not
being able to write is no reason to disturb a kernel: leftovers are then not found later.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
from jupyter_core.paths import jupyter_runtime_dir

from parallab import files, ledger
from parallab.ledger import Ledger, Place
from parallab.model import Inode, Process, Snapshot
from parallab.procfs import opened, parse

#: Ledgers kept at the most: the oldest of other lives go first.
MOST = 200
#: How much of a core the looks may cost that only the ledger wants.
SHARE = 0.01
#: Nanoseconds after which a folder's time stamp can be believed: tmpfs stamps by a coarse clock.
SETTLED = 50_000_000

SHM = "/dev/shm"  # noqa: S108
TAG = "PARALLAB_LEDGER"
KERNEL_TAG = "PARALLAB_KERNEL_ID"


def folder() -> Path:
    """Where this user's ledgers are."""
    return Path(jupyter_runtime_dir()) / "parallab" / "ledgers"


def here(root: Path = Path("/proc")) -> Place:
    """The place whose pids we see."""
    boot = namespace = ""
    with contextlib.suppress(OSError):
        boot = (root / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    with contextlib.suppress(OSError):
        namespace = str((root / "self/ns/pid").readlink())
    return Place(socket.gethostname(), boot, namespace)


def read(path: Path) -> Ledger | None:
    """The ledger in a file; None when it is gone, too large, or none of ours."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            text = file.read(ledger.LARGEST + 1)
        return ledger.loads(text) if len(text) <= ledger.LARGEST else None
    except (OSError, ValueError, msgspec.MsgspecError):
        return None


def read_all(where: Path) -> dict[Path, Ledger]:
    """All ledgers of a folder."""
    found = {path: read(path) for path in sorted(_files(where))}
    return {path: one for path, one in found.items() if one is not None}


def write(path: Path, of: Ledger) -> None:
    """Writes it whole; whoever reads meanwhile sees the old one. OSError when it cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.write_whole(path, ledger.dumps(of))


def forget(path: Path) -> None:
    """Deletes a ledger."""
    with contextlib.suppress(OSError):
        path.unlink()


def _files(where: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from where.glob("*.json")


class Book:
    """One life's ledger. Made before the kernel is launched; from one thread at a time."""

    def __init__(self, kernel: str, notebook: str = "", where: Path | None = None, root: Path = Path("/proc")) -> None:
        self._kernel = kernel
        self._notebook = notebook
        self._root = root
        self.life = f"{_plain(kernel)}-{secrets.token_hex(4)}"
        self.path = (where if where is not None else folder()) / f"{self.life}.json"
        self._ledger: Ledger | None = None
        self._written: Ledger | None = None
        self._before: frozenset[Inode] = frozenset()
        self._seen: object = None
        self._next = 0.0

    @property
    def before(self) -> frozenset[Inode]:
        """What was in /dev/shm before this life: somebody else's, whoever maps it now."""
        return self._before

    def environment(self) -> dict[str, str]:
        """The tag by which this life's processes are known, whoever asks."""
        return {TAG: str(self.path)}

    def begin(self, pid: int) -> None:
        """The kernel was launched just now as ``pid``: what is in /dev/shm already is not its own."""
        try:
            self._before = frozenset(_listing())
            seen = parse.stat(opened.read(f"{self._root}/{pid}/stat"))
            cmdline = parse.cmdline(opened.read(f"{self._root}/{pid}/cmdline"))
        except (OSError, parse.ParseError):
            return
        began = time.time()
        self._ledger = Ledger(
            ledger.SCHEMA,
            self.life,
            self._kernel,
            pid,
            seen.started,
            here(self._root),
            os.geteuid(),
            began,
            self._notebook,
            cmdline,
        )
        self._save()
        self._bound()

    def wants(self, tree: Iterable[Process]) -> bool:
        """Whether a snapshot would tell something new: a process or an entry of /dev/shm came or went."""
        return self._ledger is not None and time.monotonic() >= self._next and self._stamp(tree) != self._seen

    def note(self, snapshot: Snapshot, cost: float, named: frozenset[Inode] = frozenset()) -> None:
        """Remembers what a snapshot shows, and of it what the probe has named; it took so many seconds of CPU."""
        if self._ledger is None:
            return
        own = {path: inode for path in ledger.folders(snapshot) if (inode := _folder(path)) is not None}
        kernel = snapshot.process(self._ledger.pid)
        if kernel is not None and kernel.cmdline != self._ledger.cmdline and kernel.cmdline:
            # Between fork and exec it still had the server's.
            self._ledger = msgspec.structs.replace(self._ledger, cmdline=kernel.cmdline)
        self._ledger = ledger.with_snapshot(self._ledger, snapshot, self._before, own, named)
        self._seen = self._stamp(snapshot.processes, settled=True)
        self._next = time.monotonic() + cost / SHARE
        self._save()

    def note_tree(self, tree: Iterable[Process]) -> None:
        """Remembers the processes of a look at the tree alone."""
        if self._ledger is not None:
            self._ledger = ledger.with_tree(self._ledger, tree)
            self._save()

    def _save(self) -> None:
        if self._ledger is not None and self._ledger != self._written:
            with contextlib.suppress(OSError):
                write(self.path, self._ledger)
                self._written = self._ledger

    def _bound(self) -> None:
        with contextlib.suppress(OSError):
            every = sorted(_files(self.path.parent), key=lambda path: path.stat().st_mtime)
            for path in every[: max(0, len(every) - MOST)]:
                one = read(path)
                if one is None or not _lives(one, self._root):
                    forget(path)

    def _stamp(self, tree: Iterable[Process], *, settled: bool = False) -> object:
        """What must differ for a snapshot to differ; with ``settled`` None while the clock is too coarse."""
        try:
            status = os.stat(SHM)  # noqa: PTH116 - 20 times a second
        except OSError:
            return frozenset((one.pid, one.started) for one in tree)
        if settled and time.time_ns() - status.st_mtime_ns < SETTLED:
            return None
        return status.st_mtime_ns, frozenset((one.pid, one.started) for one in tree)


def _lives(one: Ledger, root: Path) -> bool:
    try:
        return parse.stat(opened.read(f"{root}/{one.pid}/stat")).started == one.started
    except (OSError, parse.ParseError):
        return False


def _listing() -> Iterator[Inode]:
    with contextlib.suppress(OSError), os.scandir(SHM) as entries:
        device = os.stat(SHM).st_dev  # noqa: PTH116
        for entry in entries:
            yield Inode(device, entry.inode())


def _folder(path: str) -> Inode | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return Inode(status.st_dev, status.st_ino)


def _plain(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in text)[:64]
