"""What comes and goes in one folder, as the kernel tells it (inotify(7)): names, without who it was.

Unprivileged, and silent while nothing happens there. A descriptor to wait for, and :meth:`Watch.read`
when it can be read.
"""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Literal, NamedTuple

_CREATE, _DELETE, _MOVED_FROM, _MOVED_TO, _OVERFLOW = 0x100, 0x200, 0x40, 0x80, 0x4000
_ONLYDIR = 0x01000000
_EVENT = struct.Struct("iIII")
_BYTES = 1 << 16
ROUNDS = 16
"""Reads of 64 KiB at once, at the most: what is left is read in the next turn."""

_libc = ctypes.CDLL(None, use_errno=True)


class Change(NamedTuple):
    """A name came into being or went; names that are no UTF-8 are as os.fsdecode gives them."""

    name: str
    what: Literal["created", "deleted"]


class Watch:
    """Watches a folder from its making to :meth:`close`. OSError when that is not possible."""

    def __init__(self, folder: str) -> None:
        self.overflowed = False
        """More happened than the kernel keeps for us (fs.inotify.max_queued_events): some of it is unknown."""
        self._fd: int = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        mask = _CREATE | _DELETE | _MOVED_FROM | _MOVED_TO | _ONLYDIR
        if _libc.inotify_add_watch(self._fd, os.fsencode(folder), mask) < 0:
            error = OSError(ctypes.get_errno(), "inotify_add_watch")
            os.close(self._fd)
            raise error

    def fileno(self) -> int:
        """The descriptor that can be read when something happened."""
        return self._fd

    def read(self) -> list[Change]:
        """What happened since, in order; never waits."""
        changes: list[Change] = []
        for _ in range(ROUNDS):
            try:
                data = os.read(self._fd, _BYTES)
            except OSError:
                break
            self._parse(data, changes)
        return changes

    def _parse(self, data: bytes, changes: list[Change]) -> None:
        offset = 0
        while offset + _EVENT.size <= len(data):
            _, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size
            name = os.fsdecode(data[offset : offset + length].rstrip(b"\0"))
            offset += length
            if mask & _OVERFLOW:
                self.overflowed = True
            elif mask & (_CREATE | _MOVED_TO):
                changes.append(Change(name, "created"))
            elif mask & (_DELETE | _MOVED_FROM):
                changes.append(Change(name, "deleted"))

    def close(self) -> None:
        """Watches no more."""
        os.close(self._fd)
