"""Shared mappings asked one by one, by PROCMAP_QUERY on ``/proc/PID/maps`` (Linux 6.11 and later).

Half the cost of reading the text: the kernel skips the private mappings, hundreds in a Python.
Where it is not known, :func:`shared` raises Unsupported once, and the text is read.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct

from parallab.model import Mapping
from parallab.procfs import parse

_PROCMAP_QUERY = 0xC0686611  # _IOWR(PROCFS_IOCTL_MAGIC 'f', 17, struct procmap_query), linux/fs.h
_SHARED_OR_NEXT = 0x08 | 0x10  # PROCMAP_QUERY_VMA_SHARED | PROCMAP_QUERY_COVERING_OR_NEXT_VMA
_QUERY = struct.Struct("=9Q4I2Q")
_NAME = 4096


class Unsupported(Exception):
    """This kernel does not answer PROCMAP_QUERY."""


class MapQuery:
    """Asks; keeps the buffer that the kernel writes names into."""

    def __init__(self) -> None:
        self._name = ctypes.create_string_buffer(_NAME)
        self._address = ctypes.addressof(self._name)

    def shared(self, path: str) -> tuple[Mapping, ...]:
        """The shared mappings of ``/proc/PID/maps``, in order of address."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return self._all(fd)
        finally:
            os.close(fd)

    def _all(self, fd: int) -> tuple[Mapping, ...]:
        found: list[Mapping] = []
        address = 0
        while len(found) < parse.SHARED_MAPPINGS:
            query = bytearray(
                _QUERY.pack(_QUERY.size, _SHARED_OR_NEXT, address, 0, 0, 0, 0, 0, 0, 0, 0, _NAME, 0, self._address, 0)
            )
            try:
                fcntl.ioctl(fd, _PROCMAP_QUERY, query)
            except OSError as error:
                if error.errno == errno.ENOENT:
                    break  # no more
                if error.errno in (errno.ENOTTY, errno.EINVAL, errno.ENAMETOOLONG):
                    raise Unsupported from error
                raise
            _, _, _, start, end, _, _, _, inode, major, minor, length, _, _, _ = _QUERY.unpack(query)
            name = ctypes.string_at(self._address, length).rstrip(b"\0") if length else b""
            found.append(parse.mapping(start, end, parse.device(major, minor), inode, name))
            address = end
        return tuple(found)
