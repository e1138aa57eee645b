"""A process tree written down: what the kernel answered to each system call of ``parallab.procfs``.

The seam is the system call. :func:`answering` puts a :class:`Kernel` where the modules of procfs
have ``os`` and ``fcntl``, so all of their code runs, on answers from a file. What was not recorded
is not there (ENOENT). ``record.py`` writes such files, and says how.

A :class:`Look` is one moment of a tree; paths are below /proc. Memory is what was read of it:
around that, private mappings are cut down to their pages, which are zero elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from parallab.model import Inode, Snapshot, Socket
from parallab.procfs import read
from parallab.procfs.read import Reader

PROC = "/recorded/proc"
TREES = Path(__file__).with_name("trees")
MODES = {"r": stat.S_IRUSR, "w": stat.S_IWUSR, "rw": stat.S_IRUSR | stat.S_IWUSR, "": 0}
KINDS = {"p": stat.S_IFIFO, "s": stat.S_IFSOCK, "-": stat.S_IFREG, "c": stat.S_IFCHR, "d": stat.S_IFDIR, "a": 0}


class Link(NamedTuple):
    """A descriptor: what it was opened for, where its link leads, and the file there, of a kind in KINDS."""

    mode: str
    target: str
    kind: str
    dev: int
    ino: int


class Entry(NamedTuple):
    """A file in /dev/shm."""

    name: str
    ino: int
    size: int
    uid: int


class Look(msgspec.Struct, omit_defaults=True):
    """One moment. Addresses are hexadecimal; bytes that are no UTF-8 are surrogates (PEP 383)."""

    monotonic: int
    unix: float
    files: dict[str, str] = {}
    links: dict[str, dict[str, Link]] = {}
    memory: dict[str, dict[str, str]] = {}
    queued: dict[str, int] = {}
    """Bytes waiting in pipes and fifos, by inode."""
    sockets: tuple[Socket, ...] = ()
    shm: tuple[int, tuple[Entry, ...]] = (0, ())
    """The device of /dev/shm and what was in it."""
    gone: tuple[str, ...] = ()
    """Files of the look before that are not there any more."""

    def after(self, before: Look) -> Look:
        """This look, written as what differs from the one before, in full."""
        return Look(
            self.monotonic,
            self.unix,
            {path: text for path, text in {**before.files, **self.files}.items() if path not in self.gone},
            {**before.links, **self.links},
            {**before.memory, **self.memory},
            self.queued,
            self.sockets,
            self.shm,
        )

    def since(self, before: Look) -> Look:
        """What of this look differs from the one before; the reverse of :meth:`after`."""
        return Look(
            self.monotonic,
            self.unix,
            {path: text for path, text in self.files.items() if before.files.get(path) != text},
            {pid: links for pid, links in self.links.items() if before.links.get(pid) != links},
            {pid: words for pid, words in self.memory.items() if before.memory.get(pid) != words},
            self.queued,
            self.sockets,
            self.shm,
            tuple(sorted(set(before.files) - set(self.files))),
        )


class Tree(msgspec.Struct, omit_defaults=True):
    """A subject as it was recorded: two looks at it, the second told by its differences."""

    subject: str
    method: str
    python: str
    machine: str
    root: int
    looks: tuple[Look, Look]
    snapshot: Snapshot
    """What the Reader made of the second look, when it was recorded."""

    @property
    def whole(self) -> tuple[Look, Look]:
        """Both looks in full."""
        first, second = self.looks
        return first, second.after(first)

    def __str__(self) -> str:
        return f"{self.subject}-{self.method}-{self.python}"


def snapshots(tree: Tree, again: bool = False) -> tuple[Snapshot, Snapshot]:
    """What the Reader makes of both looks; ``again``: of the second with what it knows from the first."""
    first, second = tree.whole
    reading = reader(tree, first)
    with answering(first):
        one = reading.snapshot(tree.root, scan=True)
    if again:
        reading._sockets = _sockets(second)
    else:
        reading = reader(tree, second)
    with answering(second):
        return one, reading.snapshot(tree.root, scan=True)


def reader(tree: Tree, look: Look) -> Reader:
    """A Reader that knows nothing yet; use it while :func:`answering`."""
    return Reader(Path(PROC), _sockets(look), tree.machine)


def _sockets(look: Look) -> Callable[[], dict[int, Socket]]:
    return lambda: {socket.inode: socket for socket in look.sockets}


@contextlib.contextmanager
def answering(look: Look) -> Iterator[None]:
    """While this lasts, the modules of procfs ask this look instead of the kernel."""
    with instead(Kernel(look), _Ioctl(look), _Clock(look)):
        yield


@contextlib.contextmanager
def instead(calls: Any, ioctl: Any, clock: Any = None) -> Iterator[None]:
    """Puts these where the modules of procfs have ``os``, ``fcntl`` and (if there is one) ``time``."""
    put = {"os": calls, "fcntl": ioctl, "time": clock}
    kept = []
    for name, module in tuple(sys.modules.items()):
        if name.startswith("parallab.procfs."):
            for attribute, value in put.items():
                if value is not None and hasattr(module, attribute):
                    kept.append((module, attribute, getattr(module, attribute)))
                    setattr(module, attribute, value)
    assert any(module is read for module, _, _ in kept)
    try:
        yield
    finally:
        for module, attribute, value in kept:
            setattr(module, attribute, value)


# -- the kernel that answers ----------------------------------------------------------------------


class _Clock:
    """``time`` as it was."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def monotonic_ns(self) -> int:
        return self._look.monotonic

    def time(self) -> float:
        return self._look.unix

    def time_ns(self) -> int:
        return int(self._look.unix * 1e9)


class _Ioctl:
    """``fcntl``: FIONREAD is answered; PROCMAP_QUERY is not known, so that the text of maps is read."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def ioctl(self, fd: Any, request: int, argument: Any = 0, *_: Any) -> int:
        if not isinstance(fd, _Open) or fd.ino not in self._look.queued:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        argument[0] = self._look.queued[fd.ino]
        return 0


class _Open(int):
    """A descriptor of the recorded kernel's."""

    path: str
    place: int
    ino: str


@dataclass
class _Status:
    """What is used of a ``stat_result``."""

    st_mode: int
    st_dev: int = 0
    st_ino: int = 0
    st_mtime_ns: int = 0
    st_size: int = 0
    st_uid: int = 0


@dataclass
class _DirEntry:
    """What is used of a ``DirEntry``."""

    entry: Entry
    dev: int

    @property
    def name(self) -> str:
        return self.entry.name

    def inode(self) -> int:
        return self.entry.ino

    def stat(self, *, follow_symlinks: bool = True) -> _Status:
        return _Status(stat.S_IFREG | 0o600, self.dev, self.entry.ino, 0, self.entry.size, self.entry.uid)


@dataclass
class Kernel:
    """``os``, as far as procfs uses it on files, answering from a look; the rest is the real one's."""

    look: Look
    _folders: dict[str, dict[str, None]] = field(default_factory=dict)
    _shm: str = ""

    def __post_init__(self) -> None:
        for path in self.look.files:
            while "/" in path:
                path, name = path.rsplit("/", 1)
                self._folders.setdefault(path, {})[name] = None
        for pid, links in self.look.links.items():
            self._folders[f"{pid}/fd"] = dict.fromkeys(links)
        self._opened = 1 << 20

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def _below(self, path: str) -> str:
        if not path.startswith(PROC + "/"):
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return path[len(PROC) + 1 :]

    def _link(self, path: str) -> Link | None:
        parts = path.split("/")
        if len(parts) == 3 and parts[1] == "fd":
            return self.look.links.get(parts[0], {}).get(parts[2])
        return None

    def open(self, path: str, flags: int = 0, *, dir_fd: Any = None) -> _Open:
        below = self._below(path)
        link = self._link(below)
        memory = below.endswith("/mem") and below[:-4] in self.look.memory
        if below not in self.look.files and below not in self._folders and link is None and not memory:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        self._opened += 1
        fd = _Open(self._opened)
        fd.path, fd.place, fd.ino = below, 0, str(link.ino) if link else ""
        return fd

    def read(self, fd: _Open, size: int) -> bytes:
        data = self.look.files[fd.path].encode("utf-8", "surrogateescape")[fd.place : fd.place + size]
        fd.place += len(data)
        return data

    def pread(self, fd: _Open, size: int, address: int) -> bytes:
        """Memory: the recorded words, zeros between them on the same mapping."""
        if not fd.path.endswith("/mem"):
            return self.look.files[fd.path].encode("utf-8", "surrogateescape")[address : address + size]
        pid = fd.path[:-4]
        end = self._mapped(pid, address)
        if end is None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        data = bytearray(min(size, end - address))
        for place, words in self.look.memory[pid].items():
            start = int(place, 16)
            known = bytes.fromhex(words)
            if start < address + len(data) and address < start + len(known):
                low, high = max(start, address), min(start + len(known), address + len(data))
                data[low - address : high - address] = known[low - start : high - start]
        return bytes(data)

    def _mapped(self, pid: str, address: int) -> int | None:
        """Where the mapping at this address ends."""
        for line in self.look.files.get(f"{pid}/maps", "").splitlines():
            start, _, end = line.partition(" ")[0].partition("-")
            if int(start, 16) <= address < int(end, 16):
                return int(end, 16)
        return None

    def close(self, fd: _Open) -> None:
        pass

    def listdir(self, path: _Open | str) -> list[str]:
        below = path.path if isinstance(path, _Open) else self._below(path)
        if below not in self._folders:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), below)
        return list(self._folders[below])

    def _at(self, path: str, dir_fd: Any) -> str:
        return f"{dir_fd.path}/{path}" if dir_fd is not None else self._below(path)

    def readlink(self, path: str, *, dir_fd: Any = None) -> str:
        link = self._link(self._at(path, dir_fd))
        if link is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return link.target

    def stat(self, path: str, *, dir_fd: Any = None, follow_symlinks: bool = True) -> _Status:
        below = self._at(path, dir_fd)
        if below.endswith("/root/dev/shm") and self.look.shm[0]:
            return _Status(stat.S_IFDIR | 0o1777, self.look.shm[0], 1, 0)
        link = self._link(below)
        if link is None:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        if not follow_symlinks:
            return _Status(stat.S_IFLNK | MODES[link.mode])
        return _Status(KINDS[link.kind], link.dev, link.ino)

    def lstat(self, path: str, *, dir_fd: Any = None) -> _Status:
        if dir_fd is not None:
            return self.stat(path, dir_fd=dir_fd, follow_symlinks=False)
        device, entries = self.look.shm
        for entry in entries:
            if path.endswith(f"/root/dev/shm/{entry.name}"):
                return _Status(stat.S_IFREG | 0o600, device, entry.ino, 0, entry.size, entry.uid)
        raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    @contextlib.contextmanager
    def scandir(self, path: str) -> Iterator[Iterator[_DirEntry]]:
        assert path.endswith("/root/dev/shm")
        device, entries = self.look.shm
        yield iter([_DirEntry(entry, device) for entry in entries])


def inode(link: Link) -> Inode:
    """The file's identity."""
    return Inode(link.dev, link.ino)


def semaphore(value: int, waiters: int) -> bytes:
    """A ``sem_t`` as it lies in memory."""
    return struct.pack("<II", value, waiters)


# -- files ----------------------------------------------------------------------------------------


def paths() -> list[Path]:
    """The files of the corpus, in order."""
    return sorted(TREES.glob("*.json"))


def load(path: Path) -> list[Tree]:
    """The trees of one subject."""
    return msgspec.json.decode(path.read_bytes(), type=list[Tree])


def save(path: Path, trees: list[Tree]) -> None:
    """Writes them: a line for each file, each process's descriptors, and each process's memory."""
    path.write_text("[" + ",".join(_lines(msgspec.to_builtins(tree), 0, 4) for tree in trees) + "]\n", encoding="ascii")


def _lines(value: Any, depth: int, most: int) -> str:
    """JSON, indented down to ``most`` levels."""
    if depth >= most or not isinstance(value, dict | list | tuple) or not value:
        return json.dumps(value, separators=(",", ":"))
    if isinstance(value, dict):
        parts = [
            f"{json.dumps(key)}: {_lines(one, depth + 1, 1 if key == 'snapshot' else most)}"
            for key, one in value.items()
        ]
    else:
        parts = [_lines(one, depth + 1, most) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(" " * (depth + 1) + part for part in parts) + "\n" + " " * depth + closing
