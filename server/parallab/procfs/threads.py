"""What one thread is doing: ``/proc/PID/task/TID/*`` -> model.Thread.

Reads further where the arguments of a system call point: poll and select sets in memory, the
descriptors behind an epoll, the process behind a pidfd, the mapping behind a futex.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import msgspec

from parallab.model import Blocked, Inode, Mapping, Thread
from parallab.procfs import opened, parse, structs, syscalls

RUNNING = Blocked("running")
NO_CALL = Blocked("none")
"""Blocked, but in no system call: a page fault, or on its way out."""


def thread(task: str, tid: int, sched: bytes, blocked: Blocked | None) -> Thread:
    """``/proc/PID/task/TID`` (the folder ``task``) as a Thread."""
    status = parse.stat(opened.read(f"{task}/{tid}/stat"))
    times = parse.schedstat(sched)
    return Thread(tid, status.comm, status.state, blocked, times.cpu_ns, times.queued_ns, status.started)


def again(one: Thread, sched: bytes) -> Thread:
    """The same with another schedstat."""
    times = parse.schedstat(sched)
    return msgspec.structs.replace(one, cpu_ns=times.cpu_ns, queued_ns=times.queued_ns)


def blocked(process: str, text: bytes, machine: str, memory: opened.Memory, mappings: Sequence[Mapping]) -> Blocked:
    """What ``syscall`` of this thread says, read further; ``process`` is the folder /proc/PID."""
    number, args = parse.syscall(text)
    if number is None:
        return RUNNING
    if number < 0:
        return NO_CALL
    call = syscalls.call(number, args, machine)
    fds, pid, inode = call.fds, call.pid, None
    match call.look:
        case "poll":
            fds = _pollfds(memory, args[0], args[1])
        case "select":
            fds = _fd_sets(memory, syscalls.signed(args[0]), args[1:4])
        case "epoll":
            fds = _epoll(process, syscalls.signed(args[0]))
        case "pidfd":
            pid = _pidfd(process, fds[0])
        case "futex":
            inode = mapped(mappings, args[0])
    return Blocked(call.name, args, fds, inode, pid, call.timed, call.group)


def mapped(mappings: Sequence[Mapping], address: int) -> Inode | None:
    """The shared mapping in which an address lies; mappings are in order of address."""
    index = bisect.bisect_right(mappings, address, key=lambda mapping: mapping.start) - 1
    if index >= 0 and address < mappings[index].end:
        return mappings[index].inode
    return None


def _pollfds(memory: opened.Memory, address: int, count: int) -> tuple[int, ...]:
    if not address or not 0 < count <= 1 << 20:
        return ()
    return structs.pollfds(memory.read(address, min(count, structs.FDS) * structs.POLLFD) or b"")


def _fd_sets(memory: opened.Memory, n: int, addresses: tuple[int, ...]) -> tuple[int, ...]:
    n = min(n, structs.FDS)
    sets = (memory.read(address, (n + 7) // 8) or b"" for address in addresses if address and n > 0)
    return tuple(sorted({fd for data in sets for fd in structs.fd_set(data, n)}))


def _epoll(process: str, fd: int) -> tuple[int, ...]:
    try:
        return parse.epoll_fds(opened.read(f"{process}/fdinfo/{fd}"))
    except OSError:
        return ()


def _pidfd(process: str, fd: int) -> int | None:
    try:
        return parse.pidfd_pid(opened.read(f"{process}/fdinfo/{fd}"))
    except OSError:
        return None
