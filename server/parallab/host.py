"""Everybody on this host, as far as it matters for what is left over: facts, read by ``procfs.everybody``."""

from __future__ import annotations

from dataclasses import dataclass

from parallab.model import Inode


@dataclass(frozen=True)
class Living:
    """A living process. ``unread`` says why it may not be looked into; what it holds is then unknown."""

    pid: int
    started: int
    ppid: int
    uid: int
    cmdline: tuple[str, ...]
    began: float
    resident: int = 0
    tags: tuple[tuple[str, str], ...] = ()
    holds: frozenset[Inode] = frozenset()
    sockets: frozenset[int] = frozenset()
    paths: frozenset[str] = frozenset()
    """Paths it has open, mapped or as its folder that lie in a ``pymp-*`` folder."""
    tracks: Inode | None = None
    """Of a resource tracker, the pipe at whose end it unlinks all that it was told of, by name."""
    unread: str = ""

    def tag(self, name: str) -> str:
        """What it was started with in this environment variable, "" without one."""
        return dict(self.tags).get(name, "")


@dataclass(frozen=True)
class Entry:
    """A file of /dev/shm, or a folder: its identity, owner, mode bits, bytes, and last change (Unix seconds)."""

    inode: Inode
    name: str
    uid: int
    mode: int
    size: int
    changed: float
    foreign: tuple[str, ...] = ()
    """Of a folder: what is in it that multiprocessing did not put there."""


@dataclass(frozen=True)
class Host:
    """What lives here now. ``listening`` is by path; None where the unix sockets cannot be asked for."""

    me: int
    uid: int
    processes: tuple[Living, ...]
    entries: tuple[Entry, ...]
    folders: tuple[Entry, ...]
    listening: dict[str, int] | None
