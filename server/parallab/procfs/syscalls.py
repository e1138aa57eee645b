"""System calls that wait: their numbers, and what their arguments say of the wait.

Numbers as in the kernel's arch/x86/entry/syscalls/syscall_64.tbl and
include/uapi/asm-generic/unistd.h (aarch64). A number that is in no table is kept as
``syscall-N``. Pure: memory that an argument points to is read by ``procfs.threads``.
"""

from __future__ import annotations

from typing import NamedTuple

X86_64 = {
    0: "read", 1: "write", 2: "open", 7: "poll", 16: "ioctl", 17: "pread64", 18: "pwrite64", 19: "readv",
    20: "writev", 23: "select", 24: "sched_yield", 26: "msync", 34: "pause", 35: "nanosleep", 40: "sendfile",
    42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg", 56: "clone",
    57: "fork", 58: "vfork", 59: "execve", 61: "wait4", 65: "semop", 69: "msgsnd", 70: "msgrcv", 72: "fcntl",
    73: "flock", 74: "fsync", 75: "fdatasync", 128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex",
    208: "io_getevents", 219: "restart_syscall", 220: "semtimedop", 230: "clock_nanosleep", 232: "epoll_wait",
    242: "mq_timedsend", 243: "mq_timedreceive", 247: "waitid", 257: "openat", 270: "pselect6", 271: "ppoll",
    275: "splice", 276: "tee", 281: "epoll_pwait", 288: "accept4", 295: "preadv", 296: "pwritev",
    299: "recvmmsg", 307: "sendmmsg", 426: "io_uring_enter", 435: "clone3", 441: "epoll_pwait2",
    449: "futex_waitv", 455: "futex_wait",
}  # fmt: skip

AARCH64 = {
    22: "epoll_pwait", 25: "fcntl", 29: "ioctl", 32: "flock", 56: "openat", 63: "read", 64: "write",
    65: "readv", 66: "writev", 67: "pread64", 68: "pwrite64", 69: "preadv", 70: "pwritev", 71: "sendfile",
    72: "pselect6", 73: "ppoll", 76: "splice", 77: "tee", 82: "fsync", 83: "fdatasync", 95: "waitid",
    98: "futex", 101: "nanosleep", 115: "clock_nanosleep", 124: "sched_yield", 128: "restart_syscall",
    133: "rt_sigsuspend", 137: "rt_sigtimedwait", 182: "mq_timedsend", 183: "mq_timedreceive",
    188: "msgrcv", 189: "msgsnd", 192: "semtimedop", 193: "semop", 202: "accept", 203: "connect",
    206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg", 220: "clone", 221: "execve",
    227: "msync", 242: "accept4", 243: "recvmmsg", 260: "wait4", 269: "sendmmsg", 426: "io_uring_enter",
    435: "clone3", 441: "epoll_pwait2", 449: "futex_waitv", 455: "futex_wait",
}  # fmt: skip

TABLES = {"x86_64": X86_64, "aarch64": AARCH64, "arm64": AARCH64}

_ON_A_FD = frozenset((
    "read", "write", "pread64", "pwrite64", "readv", "writev", "preadv", "pwritev", "connect", "accept",
    "accept4", "sendto", "recvfrom", "sendmsg", "recvmsg", "recvmmsg", "sendmmsg", "fcntl", "flock", "fsync",
    "fdatasync", "ioctl", "splice", "tee", "sendfile",
))  # fmt: skip
_SLEEPS = frozenset(("nanosleep", "clock_nanosleep"))

FUTEX_PRIVATE = 128
_FUTEX_WAITS = frozenset((0, 6, 9, 11, 13))
"""FUTEX_WAIT, LOCK_PI, WAIT_BITSET, WAIT_REQUEUE_PI, LOCK_PI2: futex(2)."""


class Call(NamedTuple):
    """A system call and what its arguments alone say: see model.Blocked for the fields.

    ``look`` names what must be read from memory or fdinfo to know the rest: ``poll`` (address,
    count), ``select`` (n, three addresses), ``epoll`` (fd), ``pidfd`` (fd), ``futex`` (address).
    """

    name: str
    fds: tuple[int, ...] = ()
    pid: int | None = None
    timed: bool = False
    look: str = ""
    group: int | None = None


def name(number: int, machine: str) -> str:
    """The call's name on this machine (as uname(2) names it), or ``syscall-N``."""
    return TABLES.get(machine, {}).get(number, f"syscall-{number}")


def signed(value: int) -> int:
    """An ``int`` argument from its 64-bit register."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value & 0x80000000 else value


def call(number: int, args: tuple[int, ...], machine: str) -> Call:
    """What this system call waits for, by the man page of each."""
    named = name(number, machine)
    if named in _ON_A_FD:
        return Call(named, fds=(signed(args[0]),))
    if named in _SLEEPS:
        return Call(named, timed=True)
    match named:
        case "futex":
            waits = (args[1] & 127) in _FUTEX_WAITS
            shared = waits and not args[1] & FUTEX_PRIVATE
            return Call(named, timed=waits and args[3] != 0, look="futex" if shared else "")
        case "wait4":
            one = signed(args[0])
            return Call(named, pid=one) if one > 0 else Call(named, pid=-1, group=-one if one != -1 else None)
        case "waitid":
            return _waitid(args)
        case "poll":
            return Call(named, timed=signed(args[2]) >= 0, look="poll")
        case "ppoll":
            return Call(named, timed=args[2] != 0, look="poll")
        case "select" | "pselect6":
            return Call(named, timed=args[4] != 0, look="select")
        case "epoll_wait" | "epoll_pwait":
            return Call(named, timed=signed(args[3]) >= 0, look="epoll")
        case "epoll_pwait2":
            return Call(named, timed=args[3] != 0, look="epoll")
        case "rt_sigtimedwait":
            return Call(named, timed=args[2] != 0)
        case "semtimedop":
            return Call(named, timed=args[3] != 0)
        case "mq_timedsend" | "mq_timedreceive":
            return Call(named, fds=(signed(args[0]),), timed=args[4] != 0)
        case "futex_wait":
            return Call(named, timed=args[4] != 0, look="" if args[3] & FUTEX_PRIVATE else "futex")
    return Call(named)


def _waitid(args: tuple[int, ...]) -> Call:
    """waitid(2): P_ALL, P_PID, P_PGID, P_PIDFD."""
    if args[0] == 1:
        return Call("waitid", pid=signed(args[1]))
    if args[0] == 3:
        return Call("waitid", fds=(signed(args[1]),), look="pidfd")
    return Call("waitid", pid=-1, group=signed(args[1]) if args[0] == 2 else None)
