"""C structures found in a process's memory -> values: pollfd, fd_set, sem_t, SemLockObject.

64-bit, little-endian Linux with glibc (musl's sem_t begins alike). Pure: bytes in, values out.
"""

from __future__ import annotations

import struct
from collections.abc import Container
from typing import NamedTuple

POLLFD = 8
FDS = 1024
"""At most so many descriptors of one poll or select set are kept."""
SEM_T = 8
SEMLOCK = 80
"""Bytes to read for a SemLockObject, whichever head it has."""

HEAD = 16
"""PyObject_HEAD of builds with a GIL: reference count, type."""
HEAD_FREE_THREADED = 32
"""PyObject_HEAD of free-threaded builds (CPython Include/object.h, Py_GIL_DISABLED)."""

SEM_VALUE_MAX = 2**31 - 1

THREAD_ID_OFFSET = {"x86_64": 720, "aarch64": 208}
"""Where glibc's ``struct pthread`` (nptl/descr.h), to which pthread_self(3) points, keeps the tid."""


class RawSemLock(NamedTuple):
    """A SemLockObject (CPython Modules/_multiprocessing/semaphore.c) and the place of its name."""

    handle: int
    last_tid: int
    held: int
    maxvalue: int
    kind: int
    name: int


def pollfds(data: bytes) -> tuple[int, ...]:
    """``struct pollfd[]`` of poll(2); negative descriptors are ignored, as the kernel does."""
    whole = len(data) - len(data) % POLLFD
    return tuple(fd for fd, _, _ in struct.iter_unpack("<ihh", data[:whole]) if fd >= 0)


def fd_set(data: bytes, n: int) -> tuple[int, ...]:
    """An ``fd_set`` of select(2): bit k is descriptor k, for k < n."""
    bits = int.from_bytes(data, "little")
    return tuple(fd for fd in range(min(n, len(data) * 8)) if bits >> fd & 1)


def sem_t(data: bytes) -> tuple[int, int] | None:
    """Glibc's ``sem_t`` (nptl, struct new_sem): (value, waiters)."""
    if len(data) < SEM_T:
        return None
    value, waiters = struct.unpack_from("<II", data)
    return value, waiters


def semlock(data: bytes, handles: Container[int], head: int | None = None) -> RawSemLock | None:
    """A SemLockObject whose handle is one of ``handles``, or None when these bytes are none.

    ``head`` is the size of PyObject_HEAD; None tries both. Handles lie in other places, too, as on a
    thread's stack, so what is around one must be what CPython allows: kind 0 (recursive) with maxvalue 1
    and a count from 0 on, or kind 1 with a maxvalue from 1 on, whose count may be anything, since whoever
    releases what another acquired counts below zero. ``last_tid`` is a pthread_self(3), an aligned address.
    """
    for size in (HEAD, HEAD_FREE_THREADED) if head is None else (head,):
        if len(data) < size + 40:
            continue
        handle, last_tid, count, maxvalue, kind, _, name = struct.unpack_from("<QQiiiiQ", data, size)
        recursive = kind == 0 and maxvalue == 1 and count >= 0
        if handle in handles and (recursive or (kind == 1 and maxvalue >= 1)) and last_tid % 16 == 0:
            return RawSemLock(handle, last_tid, count, maxvalue, kind, name)
    return None
