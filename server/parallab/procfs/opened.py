"""Opening files of one /proc: whole reads, descriptors with their modes, and memory.

Every function either answers or raises OSError; ``gone`` tells the errors of a process that
has vanished from those of one that may not be read.
"""

# Paths are strings and os.* is called directly: a snapshot makes thousands of these calls.
# ruff: noqa: PTH208

from __future__ import annotations

import errno
import os
import re
import stat as modes
from collections.abc import Iterable
from types import TracebackType
from typing import Literal

from parallab.model import Inode, OpenFile, Segment
from parallab.procfs import parse

MAX_FILES = 4096
"""Descriptors of one process beyond this number are left out."""

_CHUNK = 1 << 16
_REMEMBERED = 1 << 14


def read(path: str, directory: int | None = None) -> bytes:
    """The whole of a /proc file, below an open directory if one is given.

    Without Python's file objects: this is called thousands of times.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        data = os.read(fd, _CHUNK)
        # A short read is the end of small files; sequence files are given a page at a time.
        if len(data) < 2048:
            return data
        parts = [data]
        while data := os.read(fd, _CHUNK):
            parts.append(data)
        return b"".join(parts)
    finally:
        os.close(fd)


def names(directory: str) -> list[str]:
    """The numbers in a folder of /proc; none when it is gone or may not be read."""
    try:
        return [name for name in os.listdir(directory) if name.isdigit()]
    except OSError:
        return []


def gone(error: OSError) -> bool:
    """Whether this error means that the process or thread is not there any more."""
    return error.errno in (errno.ENOENT, errno.ESRCH)


def clean(path: str) -> str:
    """A path from readlink(2) as bounded text that JSON can hold."""
    if path.isascii():
        return path[:4096]
    return path.encode("utf-8", "surrogateescape")[:4096].decode("utf-8", "replace")


class Files:
    """Reads the descriptors of processes; remembers the devices on which pipes and sockets live.

    Forked children have all that their parent has: what is read of them anew is found here again.
    """

    def __init__(self) -> None:
        self._devices: dict[str, int] = {}
        self._known: dict[tuple[str, str, int], OpenFile] = {}
        """By number, target and the link's mode, of those that these tell apart; a file's path does not."""

    def read(self, directory: str) -> tuple[tuple[OpenFile, ...], bool]:
        """``/proc/PID/fd`` with modes, proc_pid_fd(5), and whether some were left out."""
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            names = os.listdir(fd)
            found = []
            for name in names[:MAX_FILES]:
                try:
                    found.append(self._one(name, fd))
                except OSError as error:
                    if not gone(error):  # closed between listing and reading, else
                        raise
            return tuple(found), len(names) > MAX_FILES
        finally:
            os.close(fd)

    def _one(self, name: str, directory: int) -> OpenFile:
        target = os.readlink(name, dir_fd=directory)
        link = os.lstat(name, dir_fd=directory).st_mode
        key = (name, target, link)
        known = self._known.get(key)
        if known is not None:
            return known
        mode: Literal["r", "w", "rw", ""] = (
            ("rw" if link & modes.S_IWUSR else "r") if link & modes.S_IRUSR else "w" if link & modes.S_IWUSR else ""
        )
        if (named := parse.pipe_or_socket(target)) is not None:
            kind, number = named
            device = self._devices.get(kind)
            if device is None:
                device = self._devices[kind] = _device(name, directory, number)
            found = OpenFile(int(name), kind, mode, target, Inode(device, number))
        elif target.startswith(_PIDFD):
            return OpenFile(int(name), "anon", mode, target, pid=_told_by(name, directory))
        elif not target.startswith("/"):
            found = OpenFile(int(name), "anon", mode, clean(target))
        else:
            return self._file(name, directory, target, mode)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = found
        return found

    def _file(self, name: str, directory: int, target: str, mode: Literal["r", "w", "rw", ""]) -> OpenFile:
        try:
            status = os.stat(name, dir_fd=directory)
        except OSError as error:
            if gone(error):  # a recorded tree's links lead nowhere
                return OpenFile(int(name), "file", mode, clean(target))
            raise
        kind = "pipe" if modes.S_ISFIFO(status.st_mode) else "file" if modes.S_ISREG(status.st_mode) else "other"
        size = status.st_size if target.startswith(_MEMORY) else 0
        return OpenFile(int(name), kind, mode, clean(target), Inode(status.st_dev, status.st_ino), size=size)


_MEMORY = ("/memfd:", "/dev/shm/")  # noqa: S108
_PIDFD = ("pidfd:[", "anon_inode:[pidfd]")
"""Where the link of a pidfd leads, from Linux 6.9 on and before."""


def _told_by(name: str, directory: int) -> int:
    """The process of a pidfd in the folder ``/proc/PID/fd``; 0 where that is not told."""
    try:
        return max(0, parse.pidfd_pid(read(f"../fdinfo/{name}", directory)) or 0)
    except OSError:
        return 0


def _device(name: str, directory: int, number: int) -> int:
    """The device of a pipe's or socket's inode; 0 in a recorded tree, whose links lead nowhere."""
    try:
        status = os.stat(name, dir_fd=directory)
    except OSError:
        return 0
    return status.st_dev if status.st_ino == number else 0


class Memory:
    """``/proc/PID/mem`` of one process, proc_pid_mem(5): opened when first asked, closed by ``with``.

    ``read`` gives None where memory cannot be read; ``problem`` then says why.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = -1
        self.problem: OSError | None = None

    def read(self, address: int, size: int) -> bytes | None:
        """``size`` bytes at ``address``, fewer at the end of a mapping, None where there are none."""
        if self.problem is not None:
            return None
        try:
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self.problem = error
            return None
        try:
            return os.pread(self._fd, size, address)
        except (OSError, OverflowError):  # EIO: nothing is mapped there; a wild address otherwise
            return None

    def close(self) -> None:
        """Close it; it may be read again afterwards."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Memory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def entries(directory: str) -> dict[int, str]:
    """Names by inode, as a folder lists them. :raises OSError: it cannot be read."""
    with os.scandir(directory) as listed:
        return {entry.inode(): entry.name for entry in listed}


def resident(pagemap: str, regions: Iterable[parse.Region]) -> tuple[parse.Region, ...]:
    """The parts of these regions that were ever written to, by ``/proc/PID/pagemap`` (proc_pid_pagemap(5)).

    Most of a process's memory is stacks and arenas that it never touched. All, where the kernel does not tell.
    """
    regions = tuple(regions)
    page = os.sysconf("SC_PAGE_SIZE")
    found = []
    try:
        fd = os.open(pagemap, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return regions
    try:
        for region in regions:
            for start in range(region.start, region.end, _PAGES * page):
                size = (min(start + _PAGES * page, region.end) - start) // page * 8
                # Of each entry's eight bytes the highest: bit 7 present, bit 6 swapped out.
                flags = os.pread(fd, size, start // page * 8)[7::8]
                runs = (match.span() for match in _USED.finditer(flags))
                found += [parse.Region(start + first * page, start + last * page) for first, last in runs]
    except OSError:
        return regions
    finally:
        os.close(fd)
    return tuple(found)


_PAGES = 1 << 16
"""Pages asked for at once."""
_USED = re.compile(rb"[\x40-\xff]+")


def segments(directory: str, device: int, names: Iterable[str]) -> tuple[Segment, ...]:
    """These entries of a /dev/shm (shm_overview(7)) on ``device``, without those that are gone or are no files."""
    found: list[Segment] = []
    for name in names:
        try:
            status = os.lstat(f"{directory}/{name}")
        except OSError:
            continue  # unlinked meanwhile
        if modes.S_ISREG(status.st_mode) and status.st_dev == device:
            inode = Inode(status.st_dev, status.st_ino)
            found.append(Segment(inode, clean(name), status.st_size, status.st_uid))
    return tuple(found)
