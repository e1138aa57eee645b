"""How many bytes wait in a pipe, without taking any."""

# Paths are strings and os.* is called directly: a snapshot makes thousands of these calls.
# ruff: noqa: PTH116

from __future__ import annotations

import array
import fcntl
import os
import stat
import termios

from parallab.model import Inode


def queued(path: str, inode: Inode) -> int | None:
    """Bytes waiting in the pipe whose reading end ``path`` (/proc/PID/fd/N) is; None if it cannot be asked.

    Opened for reading only and without blocking: a pipe opened anew has one reader more for a
    moment, which changes nothing while its reader lives; FIONREAD (ioctl_tty(2)) takes no byte.
    """
    try:
        status = os.stat(path)
        # The descriptor may have been closed and its number reused: never open what is no pipe.
        if not stat.S_ISFIFO(status.st_mode) or (status.st_dev, status.st_ino) != (inode.dev, inode.ino):
            return None
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        count = array.array("i", [0])
        fcntl.ioctl(fd, termios.FIONREAD, count)
        return count[0]
    except OSError:
        return None
    finally:
        os.close(fd)
