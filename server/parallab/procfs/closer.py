"""A closer look at processes, where somebody would seem to wait for ever: too dear, and too near, for every look.

What lies in a socket and was not taken out, and the time-outs that the system keeps for one.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import socket
import struct
from collections.abc import Iterable

from parallab.model import Process
from parallab.procfs import opened

_PIDFD_GETFD = 438
"""The same number on every architecture: pidfd_getfd(2)."""
_CARRIES = re.compile(rb"^scm_fds:\s*[1-9]", re.MULTILINE)
_TIMEVAL = struct.Struct("@ll")
_REFUSED = frozenset((errno.EPERM, errno.EACCES, errno.ENOSYS))


def expecting(processes: Iterable[Process], root: str = "/proc") -> tuple[int, ...]:
    """Those with a socket in which descriptors lie that were sent (unix(7), SCM_RIGHTS) and not taken out yet."""
    return tuple(
        one.pid
        for one in processes
        if any(file.kind == "socket" and _carries(f"{root}/{one.pid}/fdinfo/{file.fd}") for file in one.files)
    )


def _carries(path: str) -> bool:
    try:
        return bool(_CARRIES.search(opened.read(path)))
    except OSError:
        return False


def gives_up(pid: int, fd: int, sends: bool) -> bool | None:
    """Whether a call on this socket ends by itself: by SO_RCVTIMEO or SO_SNDTIMEO, socket(7).

    For that the process's descriptor is ours, too, for a moment. None where we may not have it, or
    the system has no pidfd_getfd(2); a process or descriptor that is gone gives up nothing.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with contextlib.ExitStack() as stack:
        try:
            pidfd = os.pidfd_open(pid)
            stack.callback(os.close, pidfd)
            own = libc.syscall(_PIDFD_GETFD, pidfd, fd, 0)
            if own < 0:
                return None if ctypes.get_errno() in _REFUSED else False
            line = stack.enter_context(socket.socket(fileno=own))
            told = line.getsockopt(
                socket.SOL_SOCKET, socket.SO_SNDTIMEO if sends else socket.SO_RCVTIMEO, _TIMEVAL.size
            )
            return any(_TIMEVAL.unpack(told))
        except (AttributeError, OSError) as error:
            refused = isinstance(error, AttributeError) or error.errno in _REFUSED
            return None if refused else False
