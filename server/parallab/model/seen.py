"""The operating system as it is seen from outside: processes, their threads and files, kernel objects, one snapshot.

Sources: proc(5), and what a process's memory holds of the library's objects.
"""

from __future__ import annotations

from typing import Literal

from parallab.model.basis import Fact, Name, Text


class Inode(Fact, frozen=True, order=True):
    """A kernel object's identity: ``st_dev`` and ``st_ino`` (stat(2))."""

    dev: int
    ino: int

    def __str__(self) -> str:
        return f"{self.dev:x}:{self.ino}"


class Blocked(Fact, frozen=True):
    """What a thread's ``/proc/PID/task/TID/syscall`` says (proc(5)), read further where it pays.

    ``call`` is the system call's name (``read``, ``futex``, ``wait4``, ``poll`` …), or ``running``.
    """

    call: str
    args: tuple[int, ...] = ()
    fds: tuple[int, ...] = ()
    """The descriptors waited on: of read, write, accept, recv, or a whole poll or select set."""
    inode: Inode | None = None
    """The object of a shared futex: the mapping in which its address lies."""
    pid: int | None = None
    """The child of wait4 and waitid; -1 means any."""
    timed: bool = False
    """A time-out was given, so this ends by itself."""
    group: int | None = None
    """The process group of the children that wait4 and waitid wait for, 0 the caller's own; None: of any."""


class Thread(Fact, frozen=True):
    """One ``/proc/PID/task/TID``; CPU and queue times in nanoseconds from schedstat.

    ``started`` is in clock ticks since boot, as of a process; 0 where it was not read.
    """

    tid: int
    name: str
    state: str
    blocked: Blocked | None = None
    cpu_ns: int = 0
    queued_ns: int = 0
    started: int = 0


class OpenFile(Fact, frozen=True):
    """One descriptor; ``kind`` is pipe, socket, file, anon (epoll, pidfd …) or other."""

    fd: int
    kind: str
    mode: Literal["r", "w", "rw", ""]
    target: str
    inode: Inode | None = None
    pid: int = 0
    """Of a pidfd (pidfd_open(2)): the process whose end it tells, 0 where that is not known."""
    size: int = 0
    """Of memory that has no file on a disk (memfd_create(2), shm_open(3)): its bytes."""


class Mapping(Fact, frozen=True):
    """One shared mapping of ``/proc/PID/maps``: addresses in bytes, ``path`` without "(deleted)"."""

    start: int
    end: int
    inode: Inode
    path: str
    deleted: bool = False


class Process(Fact, frozen=True):
    """One process at one moment. ``started`` is in clock ticks since boot (stat field 22)."""

    pid: int
    started: int
    ppid: int
    comm: str
    state: str
    cmdline: tuple[str, ...] = ()
    started_unix: float = 0.0
    pgid: int = 0
    sid: int = 0
    cpu_ticks: int = 0
    caught: int = 0
    """Signals that it has a handler for: bit n−1 for signal n (stat field 34)."""
    exit_code: int | None = None
    """Of a zombie, as ``multiprocessing`` counts it: −n for signal n (stat field 52)."""
    forked: bool | None = None
    """Whether it began by fork(2) and runs its parent's program still (stat field 9); None where that is not told."""
    collected: bool = False
    """Whether it has waited for a child that had ended (stat field 11)."""
    threads: tuple[Thread, ...] = ()
    files: tuple[OpenFile, ...] = ()
    mappings: tuple[Mapping, ...] = ()


class Socket(Fact, frozen=True):
    """A socket of this host, as sock_diag(7) or ``/proc/PID/net`` tells it; queued bytes to be read.

    ``peer`` is the other end's inode where that is on this host, too; ``network`` tells tcp(7) from unix(7).
    """

    inode: int
    peer: int = 0
    listening: bool = False
    queued: int = 0
    path: str = ""
    network: bool = False
    calls: int = 0
    """The inode of the listener that it has called and that has not accepted it yet: it has no other end so far."""


class SemaphoreState(Fact, frozen=True):
    """A ``sem_t`` in shared memory (64-bit glibc: value in the low, waiters in the high half)."""

    inode: Inode
    value: int
    waiters: int


class SemLock(Fact, frozen=True):
    """A process's own ``SemLockObject`` (CPython Modules/_multiprocessing/semaphore.c).

    ``count`` > 0 means that this process holds it (for locks); ``kind`` 0 is a recursive mutex,
    1 a semaphore.
    """

    pid: int
    inode: Inode
    count: int
    maxvalue: int
    kind: int
    last_tid: int = 0
    address: int = 0
    name: str = ""
    """Its POSIX name (``/mp-…``), kept by CPython only where it was not unlinked at once."""
    tid: int = 0
    """The native id of the thread that acquired it last; −1: of one that has ended; 0: it could not be read."""


class MadePart(Fact, frozen=True):
    """What stands at ``path`` in an object: a SemLockObject at ``address``, a ``number`` or a ``text``."""

    path: Name
    address: int = 0
    number: int | None = None
    text: Name = ""


class Made(Fact, frozen=True):
    """An object of multiprocessing, concurrent.futures or subprocess, as it lies in a process's memory.

    ``cls`` is the name of its class, of those that ``procfs.heap`` looks for.
    """

    pid: int
    address: int
    cls: Name
    parts: tuple[MadePart, ...] = ()


class FileLock(Fact, frozen=True):
    """A lock of a file, or one that waits for it: a line of /proc/locks (proc_locks(5)).

    ``pid`` is who asked, −1 for the lock of an open file description (fcntl(2), F_OFD_SETLK).
    """

    inode: Inode
    kind: Literal["flock", "posix", "ofd"]
    pid: int
    exclusive: bool = True
    waiting: bool = False
    start: int = 0
    end: int | None = None
    """Its first and last byte, of fcntl(2); None: all that come after the first, as with flock(2)."""

    def excludes(self, other: FileLock) -> bool:
        """Whether these two cannot be held by two at once."""
        apart = (self.end is not None and self.end < other.start) or (other.end is not None and other.end < self.start)
        return (self.exclusive or other.exclusive) and not apart


class PipeState(Fact, frozen=True):
    """Bytes waiting in a pipe or fifo (FIONREAD), None where it could not be asked."""

    inode: Inode
    queued: int | None


class Segment(Fact, frozen=True):
    """An entry of /dev/shm; size in bytes. ``uid`` is −1 where it was not read (semaphores)."""

    inode: Inode
    name: str
    size: int
    uid: int = 0


class Outside(Fact, frozen=True):
    """A process beyond a snapshot's that has hold of one of its objects; ``mode`` as of an OpenFile, or ``map``."""

    inode: Inode
    pid: int
    mode: Literal["r", "w", "rw", "map", ""]


class Stack(Fact, frozen=True):
    """A Python thread's stack, innermost first, as ``file:line function``; learner's and library's.

    ``owners`` are the identities of what each frame calls ``self``, 0 where there is none; they are
    compared only within one process.
    """

    tid: int
    ident: int = 0
    name: Name = ""
    frames: tuple[Text, ...] = ()
    owners: tuple[int, ...] = ()
    pid: int = 0
    """Of which process; 0 in the kernel's own answers."""
    wants: int = 0
    """The identity of the ``threading`` lock that it waits for; 0 where it cannot be told."""
    holds: tuple[int, ...] = ()
    """Those of the locks that it holds, as far as its own frames tell."""
    looked: bool = False
    """Its own innermost line stands in a loop or branch that asks ``empty()``."""
    repeats: bool = False
    """One of its own lines stands in a loop that ends only by what it is told."""
    kept: bool = False
    """What it wants may have been kept by a call that has returned."""
    inherited: tuple[int, ...] = ()
    """Those of its owners that its process's parent has at the same place: by fork, it has them from there."""
    uses: tuple[int, ...] = ()
    """The identities of what its own frames have names for; () where that was not asked."""
    gets: int = 0
    """The identity of the ``queue.SimpleQueue`` that it takes from, which has no frames of its own."""
    brings: tuple[int, ...] = ()
    """The identities of the futures and results that it fulfils for an executor or pool; () where none is known."""


class Missing(Fact, frozen=True):
    """Something that could not be seen, and why; ``kind`` of what, ``pid`` of whom where it is of one."""

    what: str
    why: str
    kind: Literal["", "mappings", "descriptors", "calls", "locks", "segments", "sockets", "stacks"] = ""
    pid: int = 0


class Snapshot(Fact, frozen=True):
    """A process and its descendants, and the objects they hold, at one moment."""

    monotonic: int
    unix: float
    root: int
    processes: tuple[Process, ...] = ()
    sockets: tuple[Socket, ...] = ()
    semaphores: tuple[SemaphoreState, ...] = ()
    sem_locks: tuple[SemLock, ...] = ()
    made: tuple[Made, ...] = ()
    """Where memory was searched: what the library's objects in it are made of."""
    searched: tuple[int, ...] = ()
    """The processes whose Python could be read so: what none of them has, was not made by the library."""
    file_locks: tuple[FileLock, ...] = ()
    pipes: tuple[PipeState, ...] = ()
    segments: tuple[Segment, ...] = ()
    missing: tuple[Missing, ...] = ()
    outside: tuple[Outside, ...] = ()
    """Who else holds the objects that are waited for, where that was asked."""
    stacks: tuple[Stack, ...] = ()
    """Python's stacks, where they could be had."""
    expecting: tuple[int, ...] = ()
    """Processes to which descriptors are on their way, where that was asked: any, as far as can be seen."""
    unasked: tuple[tuple[int, int], ...] = ()
    """Threads, by pid and tid, that wait at a socket of which may not be asked whether it has a time-out."""

    def process(self, pid: int) -> Process | None:
        """The process with this pid, or None."""
        return next((process for process in self.processes if process.pid == pid), None)
