"""What a pidfd tells of its process (pidfd_open(2)): who it is, and how it ended.

A pidfd is the process itself, never another one that got its number later; a process that has
ended and was collected is still known by it.
"""

from __future__ import annotations

import fcntl
import os
import struct

from parallab.procfs import parse

#: A process that has ended and was collected has no number any more; its pidfd still proves that it was.
GONE = -1

_INFO = struct.Struct("=QQ11Ii")
"""``struct pidfd_info`` of linux/pidfd.h, its first version: mask, cgroup, ids, exit code."""
_GET_INFO = 0xC040FF0B
"""PIDFD_GET_INFO, _IOWR(0xFF, 11, struct pidfd_info)."""
_EXIT = 1 << 3
"""PIDFD_INFO_EXIT: Linux 6.15 and newer tell it, once the process was collected."""


def pid_of(pidfd: int, depth: int = 0) -> int:
    """The process behind a descriptor that was handed over, 0 for any other file (proc(5), fdinfo).

    A child that is terminated as soon as it was started may be collected before its packet is read.
    ``depth`` asks for its number in a pid namespace so many below ours (pid_namespaces(7)).
    """
    try:
        info = _read(f"/proc/self/fdinfo/{pidfd}").decode("ascii")
        lines = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
        pid = max(GONE, int(lines.get("Pid", "0")))
        return int(lines["NSpid"].split()[depth]) if depth and pid > 0 else pid
    except (OSError, ValueError, LookupError):
        return 0


def exit_code(pidfd: int, pid: int, root: str = "/proc", depth: int = 0) -> int | None:
    """The exit code of one that has ended, as ``multiprocessing`` counts it; None when nobody tells it.

    Its parent may collect it at any moment: a zombie's is in its stat, an older Linux forgets a
    collected one's. ``root`` is the /proc in which ``pid`` is its number, ``depth`` as in :func:`pid_of`.
    """
    code = _collected(pidfd)
    if code is not None:
        return code
    try:
        stat = parse.stat(_read(f"{root}/{pid}/stat"))
    except (OSError, parse.ParseError):
        return _collected(pidfd)
    if stat.state in "ZX" and pid_of(pidfd, depth) == pid:
        return parse.exit_code(stat.exit_status)
    return _collected(pidfd)


def _collected(pidfd: int) -> int | None:
    packet = bytearray(_INFO.size)
    struct.pack_into("=Q", packet, 0, _EXIT)
    try:
        fcntl.ioctl(pidfd, _GET_INFO, packet)
    except OSError:
        return None
    mask, *_, status = _INFO.unpack(packet)
    return parse.exit_code(status) if mask & _EXIT else None


def _read(path: str) -> bytes:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096)
    finally:
        os.close(fd)
