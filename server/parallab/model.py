"""The facts that everything else is thought from: snapshots, events, and the recording of both.

All are frozen, JSON on disk and back equal (:func:`dumps`, :func:`loads`), and say only what
was seen; what it means is worked out by ``ipc``, ``waits`` and ``evidence``. A process is
(pid, start time), a kernel object is its device and inode: names lie, and both are reused.

Times: ``at`` of an event and ``monotonic`` of a snapshot are nanoseconds of CLOCK_MONOTONIC,
one clock for all processes of a host (clock_gettime(2)); ``unix`` is Unix seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union

import msgspec

SCHEMA = 1

Text = Annotated[str, msgspec.Meta(max_length=4096)]
Name = Annotated[str, msgspec.Meta(max_length=512)]
StartMethod = Literal["fork", "spawn", "forkserver", "os.fork", ""]


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all facts: a frozen struct that leaves defaults out of its JSON."""


# -- the operating system, seen from outside ---------------------------------------


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

    def process(self, pid: int) -> Process | None:
        """The process with this pid, or None."""
        return next((process for process in self.processes if process.pid == pid), None)


# -- the probe, inside the kernel and its children ----------------------------------


class Failure(Fact, frozen=True):
    """An exception: its type's name, its text, and the innermost line of the learner's own code."""

    type: Name
    message: Text = ""
    where: Text = ""


class Arg(Fact, frozen=True):
    """An argument given to a process: its type, and the identity of what is shared through it.

    ``kind``: plain, lock, number, queue, pipe-end, proxy, segment, other. ``name`` is a
    semaphore's name for locks; ``address`` where a shared number lies in the giver.
    """

    kind: Name
    type: Name = ""
    name: Name = ""
    address: int = 0
    text: Text = ""


class Reading(Fact, frozen=True):
    """A shared number read where it lies: ``code`` is its ctypes type, ``names`` the learner's."""

    address: int
    code: Name = ""
    value: int | float | None = None
    locked: bool = False
    lock: Name = ""
    names: tuple[Name, ...] = ()
    items: tuple[int | float | None, ...] = ()
    """Of an array, its first 256 elements."""


class Content(Fact, frozen=True):
    """What a segment of shared memory holds: zlib's, as base64; "" where it was too much."""

    name: Name
    inode: Inode | None = None
    size: int = 0
    content: Annotated[str, msgspec.Meta(max_length=16384)] = ""


class Value(Fact, frozen=True):
    """A name of the learner's, copied by exact builtin type and bounded; ``json`` is its JSON."""

    name: Name
    type: Name
    json: Annotated[str, msgspec.Meta(max_length=65536)] = ""


class Named(Fact, frozen=True):
    """What the learner calls something shared: ``of`` is its name in the reports, as of an Arg."""

    name: Name
    of: Name


def decoded(values: Iterable[Value]) -> dict[str, Any]:
    """Values by name; those that could not be copied are left out."""
    return {value.name: msgspec.json.decode(value.json) for value in values if value.json}


class Event(Fact, frozen=True, kw_only=True, tag_field="kind"):
    """What the probe reports. ``pid`` is the sender as the OS verified it (unix(7), SCM_CREDENTIALS)."""

    at: int
    pid: int = 0
    tid: int = 0
    cell: Name = ""
    """The cell that was running, or that started the thread or process which reports."""
    run: int = 0
    """Which run of a cell: counts up over the kernel's life."""


class Hello(Event, frozen=True, kw_only=True, tag="hello"):
    """The kernel's probe is there. ``blind`` names what could not be instrumented, and why."""

    python: Name
    start_method: Name
    gil: bool = True
    executable: Text = ""
    main_tid: int = 0
    blind: tuple[Text, ...] = ()


class CellBegin(Event, frozen=True, kw_only=True, tag="cell-begin"):
    """A cell begins; lab and step as its metadata say, if they do."""

    number: int = 0
    lab: Name = ""
    step: Name = ""


class CellEnd(Event, frozen=True, kw_only=True, tag="cell-end"):
    """A cell ended, with its error and what its names and shared numbers are then.

    A value whose name has a dot is one of the learner's modules' (``module.name``).
    """

    error: Failure | None = None
    readings: tuple[Reading, ...] = ()
    values: tuple[Value, ...] = ()
    segments: tuple[Content, ...] = ()
    named: tuple[Named, ...] = ()


class ProcessMade(Event, frozen=True, kw_only=True, tag="process-made"):
    """A Process object was made; ``ident`` is its number in this process, the same in ProcessStart."""

    ident: int = 0
    name: Name = ""
    cls: Name = ""
    target: Name = ""
    overrides_run: bool = False


class RunCalled(Event, frozen=True, kw_only=True, tag="run-called"):
    """``run()`` of a Process or Thread object was called directly: nothing was started by it.

    Seen for the library's own ``run`` only; one that a subclass overrides is the learner's code.
    """

    ident: int = 0
    of: Literal["process", "thread"] = "process"


class ProcessStart(Event, frozen=True, kw_only=True, tag="process-start"):
    """``start()`` returned in the starter, or raised ``error``; ``began`` is when it was called."""

    began: int
    ident: int = 0
    child: int = 0
    name: Name = ""
    method: Name = ""
    cls: Name = ""
    target: Name = ""
    """``module.qualname`` of the target, "" when it is None (or when ``run`` is overridden)."""
    overrides_run: bool = False
    role: Name = ""
    """"", "pool", "executor" or "manager": which part of the library hired it."""
    daemon: bool = False
    args: tuple[Arg, ...] = ()
    error: Failure | None = None
    seen: bool = False
    """The operating system showed this very child: its pidfd came along (set by the ear alone)."""


class ProcessBorn(Event, frozen=True, kw_only=True, tag="process-born"):
    """The child itself reports, with its parent's pid."""

    ppid: int
    method: Name = ""
    name: Name = ""


class ProcessRun(Event, frozen=True, kw_only=True, tag="process-run"):
    """``run`` begins in the child; ``cls`` and ``name`` as the child knows them."""

    name: Name = ""
    cls: Name = ""
    cpu_ns: int = 0
    """What it had used before its work began: to start, to import."""


class ProcessEnd(Event, frozen=True, kw_only=True, tag="process-end"):
    """The child's own code ended, with the exit code that it is about to give."""

    exit_code: int | None = None
    error: Failure | None = None
    cpu_ns: int = 0
    pauses: int = 0
    """Voluntary context switches of this process (getrusage(2), ru_nvcsw)."""
    watched_ns: int = 0
    """From the beginning of its work to its end; 0 where that was too short to be measured by."""
    runnable_ns: int = 0
    """Of that time, what its main thread was on a core or waited for one (schedstat, proc(5))."""
    values: tuple[Value, ...] = ()
    """What the learner's modules held in this process at its end, as ``module.name``."""


class ProcessExit(Event, frozen=True, kw_only=True, tag="process-exit"):
    """The starter (or the OS) learned the exit code of ``child``."""

    child: int
    exit_code: int | None


class ForkMade(Event, frozen=True, kw_only=True, tag="fork-made"):
    """``os.fork`` made ``child``, as its parent tells: the child itself may end before it has said anything."""

    child: int
    seen: bool = False
    """As in ProcessStart."""


class ProcessGone(Event, frozen=True, kw_only=True, tag="process-gone"):
    """The operating system showed that ``child`` has ended (pidfd_open(2)): the ear's own, never a packet's.

    ``exit_code`` is None where the system does not tell it any more.
    """

    child: int
    exit_code: int | None = None
    since: int = 0
    """``at`` of the start or birth with which its pidfd came: a pid may be used again meanwhile."""


class ProgramStart(Event, frozen=True, kw_only=True, tag="program-start"):
    """``subprocess.Popen`` started another program, or raised ``error``; ``began`` is when it was called.

    Its exit code comes as ProcessExit when its starter asked for it, and as ProcessGone.
    """

    began: int
    child: int = 0
    program: Name = ""
    error: Failure | None = None
    seen: bool = False
    """As in ProcessStart."""


class Wait(Event, frozen=True, kw_only=True, tag="wait"):
    """Someone asked for a process's or thread's end: join, is_alive, exitcode, terminate, kill.

    Of threads also ``enumerate``, when somebody looked who is there and saw fewer than before, and ``event``, a wait
    for an Event that came: neither names a thread.

    ``call`` says which; ``began`` and ``at`` when it began and returned (0 while it has not:
    a second event with the same ``began`` follows).
    """

    call: Name
    began: int
    child: int = 0
    thread: int = 0
    """The joined thread's ident, as ThreadStart gives it."""
    done: bool = True
    timed: bool = False
    alive: bool | None = None
    exit_code: int | None = None


class ThreadMade(Event, frozen=True, kw_only=True, tag="thread-made"):
    """A Thread object was made; ``ident`` is its number in this process, the same in ThreadStart."""

    ident: int = 0
    name: Name = ""
    cls: Name = ""
    target: Name = ""
    overrides_run: bool = False


class ThreadStart(Event, frozen=True, kw_only=True, tag="thread-start"):
    """``start()`` of a thread returned, or raised; ``ident`` is its number in this process."""

    began: int
    ident: int = 0
    name: Name = ""
    cls: Name = ""
    target: Name = ""
    overrides_run: bool = False
    daemon: bool = False
    role: Name = ""
    """"", "pool" or "executor": which part of the library hired it."""
    error: Failure | None = None


class ThreadRun(Event, frozen=True, kw_only=True, tag="thread-run"):
    """A thread begins to run; ``tid`` is its native id."""

    ident: int = 0
    name: Name = ""


class ThreadEnd(Event, frozen=True, kw_only=True, tag="thread-end"):
    """A thread ended, by ``error`` if one was raised in it."""

    ident: int = 0
    name: Name = ""
    error: Failure | None = None
    cpu_ns: int = 0
    watched_ns: int = 0
    runnable_ns: int = 0
    """As of a process; from the thread's beginning."""
    pauses: int = 0
    """Of a thread that was watched: its voluntary context switches (getrusage(2), ru_nvcsw)."""


class LockMade(Event, frozen=True, kw_only=True, tag="lock-made"):
    """A multiprocessing semaphore was created (or arrived: ``created`` False) in this process.

    ``lock`` is its POSIX name, the same in all processes; ``address`` that of this process's
    SemLockObject and ``handle`` of the sem_t, to be read through /proc/PID/mem.
    """

    lock: Name
    cls: Name = ""
    created: bool = True
    address: int = 0
    handle: int = 0
    maxvalue: int = 1
    recursive: bool = False
    owner: Name = ""
    """What library object it belongs to, if any: queue, condition, event, number …"""


class LockUse(Event, frozen=True, kw_only=True, tag="lock"):
    """A semaphore is wanted, taken, given back, or asked for in vain (time-out, not blocking).

    ``depth`` is how often this process holds it after the act; ``library`` says that a Value took
    its own lock, to read or write its ``value``. ``n`` counts what this process did with it, reported
    or not, from 1; 0: not counted.
    """

    lock: Name
    act: Literal["want", "take", "give", "miss"]
    depth: int = 0
    n: int = 0
    timed: bool = False
    library: bool = False
    saw: Annotated[tuple[int | float | None, ...], msgspec.Meta(max_length=8)] = ()
    """The shared numbers that this process was given, as they were while it held the lock."""


class BarrierUse(Event, frozen=True, kw_only=True, tag="barrier"):
    """A process or thread arrives at a barrier of ``parties``."""

    barrier: Name
    parties: int = 0
    act: Literal["wait", "pass", "broken"] = "wait"


class QueueUse(Event, frozen=True, kw_only=True, tag="queue"):
    """A ledger's line: put, get, done, join, made of a queue; ``item`` bounded JSON of the value.

    ``wait-put`` and ``wait-get`` say that a thread begins to wait for room, or for an item, with ``size``
    items in the queue. ``look`` is a call of ``empty()``, with ``size`` 0 if it said yes.
    ``size`` of done and join is the number of unfinished tasks. ``unsent`` is an item that a queue between
    processes could not pickle after ``put`` had returned.
    """

    queue: Name
    cls: Name = ""
    base: Name = ""
    """The library's class that it inherits from, where its own is another."""
    act: Literal[
        "made", "put", "get", "done", "join", "joined", "full", "empty", "look", "wait-put", "wait-get", "unsent"
    ] = "put"
    n: int = 0
    maxsize: int = 0
    size: int | None = None
    item: Annotated[str, msgspec.Meta(max_length=8192)] = ""
    item_type: Name = ""
    length: int = 0
    """Of bytes, and of a text that is not said in full: how long it is."""


class PipeUse(Event, frozen=True, kw_only=True, tag="pipe"):
    """A line of the learner's own pipes: one was made, carried something, failed, or an end was closed.

    ``pipe`` is the inode of what this end is an end of: both ends of a one-way pipe have the same, those of a
    two-way one are two sockets, and ``peer`` of ``made`` names the other. ``mode`` is what this end is for.
    ``eof`` is a recv that learned that every writing end is closed, ``fail`` a send or recv that raised.
    """

    pipe: Name
    act: Literal["made", "send", "recv", "eof", "fail", "close"] = "send"
    mode: Literal["r", "w", "rw", ""] = ""
    peer: Name = ""
    n: int = 0
    item: Annotated[str, msgspec.Meta(max_length=8192)] = ""
    item_type: Name = ""
    length: int = 0
    """Of bytes, and of a text that is not said in full: how long it is."""
    error: Failure | None = None


class NumberMade(Event, frozen=True, kw_only=True, tag="number-made"):
    """A Value or Array was made: ``code`` its ctypes type, ``lock`` its semaphore's name or ""."""

    address: int
    code: Name = ""
    length: int = 1
    lock: Name = ""


class SegmentUse(Event, frozen=True, kw_only=True, tag="segment"):
    """Shared memory was created, attached by its name, closed or unlinked, or could not be (``error``).

    ``segment`` is its entry in /dev/shm without the folder; size in bytes. ``arena`` is what Values and
    Arrays lie in. ``owner`` is "" for the learner's own call, ``drop`` when Python let go of the object,
    ``list`` for a ShareableList's, ``manager`` for a SharedMemoryManager's.
    """

    segment: Name
    act: Literal["create", "attach", "close", "unlink", "arena"] = "create"
    size: int = 0
    inode: Inode | None = None
    owner: Name = ""
    error: Failure | None = None
    content: Annotated[str, msgspec.Meta(max_length=16384)] = ""
    """What it held when it was closed in the kernel, as in Content."""


class ServiceUse(Event, frozen=True, kw_only=True, tag="service"):
    """A pool, executor or manager begins, is closed, terminated or shut down."""

    service: Name
    ident: int = 0
    act: Name = "begin"
    child: int = 0
    address: Text = ""
    """Of a manager: where its server listens."""
    cls: Name = ""
    size: int = 0
    """Of a pool or executor: how many workers it hires."""
    initializer: Name = ""
    """The function that each of these calls first, as ``module.qualname``."""
    queue: Name = ""
    """The queue in which its tasks wait, as in TaskUse."""
    kinds: tuple[Name, ...] = ()
    """The learner's own types that a manager serves, as ``module.name``."""


class ProxyUse(Event, frozen=True, kw_only=True, tag="proxy"):
    """A method was called through a manager's proxy: ``at`` is when the answer had come.

    ``object`` is the server's name for what it is a proxy of, ``type`` what that is registered as,
    ``server`` its address. ``args`` and ``result`` are bounded JSON, "" for what is no plain value.
    """

    began: int
    object: Name
    type: Name = ""
    server: Text = ""
    method: Name = ""
    args: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    given: tuple[Name, ...] = ()
    """The arguments' types."""
    result: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    result_type: Name = ""
    error: Failure | None = None


class TaskUse(Event, frozen=True, kw_only=True, tag="task"):
    """A line about a task of a pool or executor, which is known by its ``queue`` and its number there.

    ``submit`` is said by who hands it in, with the method's name; ``take`` by the worker, for each of its
    ``parts``; ``arrive`` when a part's result (or ``error``) is back, ``ask`` when somebody begins to wait for
    it, ``got`` when they have it, or the error; ``listen`` when a callback was given to its future.
    """

    queue: Name
    task: int
    act: Literal["submit", "take", "arrive", "ask", "got", "listen"] = "submit"
    call: Name = ""
    """apply, map, starmap, imap, imap_unordered of a pool; of an executor submit, or map for each of its calls."""
    target: Name = ""
    part: int = 0
    parts: int | None = None
    """None where that is not known in advance."""
    size: int | None = None
    """How many items it is about."""
    listens: tuple[Name, ...] = ()
    """Callbacks: for the ``result``, for the ``error``."""
    error: Failure | None = None


class Found(Fact, frozen=True):
    """What was diagnosed of a kernel that was frozen for the learner: by its name, a mistake's id ("" for none)."""

    name: Name
    mistake: Name = ""
    sentence: Text = ""


class Acted(Event, frozen=True, kw_only=True, tag="acted"):
    """The lab itself did something (an ``act`` of lab.md) for this step: the server's own, never a packet's.

    ``cell`` and ``run`` are those in which it was done, "" and 0 where it concerns no cell.
    """

    act: Name
    step: Name
    what: Literal["kill-worker", "frozen-kernels"]
    child: int = 0
    """Of kill-worker: who was killed."""
    doing: Name = ""
    """What it was doing: the system call in which it waited, or ``running``."""
    found: tuple[Found, ...] = ()
    """Of frozen-kernels: each kernel, as it was diagnosed when it stood still."""


class Dismissal(Fact, frozen=True):
    """What became of a thread that was to be ended; all but ``told`` say why it goes on, or is no more.

    ``timed`` looks again by itself, ``elsewhere`` works, or waits where it cannot be woken,
    ``busy`` was just being woken, ``unable``: this Python does not allow it.
    """

    ident: int
    outcome: Literal["told", "gone", "timed", "elsewhere", "busy", "unable"]


class Answer(Event, frozen=True, kw_only=True, tag="answer"):
    """The kernel's reply to the server's question ``number``: names, shared numbers, stacks now."""

    number: int
    readings: tuple[Reading, ...] = ()
    values: tuple[Value, ...] = ()
    segments: tuple[Content, ...] = ()
    named: tuple[Named, ...] = ()
    stacks: tuple[Stack, ...] = ()
    dismissed: tuple[Dismissal, ...] = ()


class Omitted(Event, frozen=True, kw_only=True, tag="omitted"):
    """The probe left out ``count`` reports of one kind, to bound itself; nothing was lost."""

    what: Name
    count: int


class Lost(Event, frozen=True, kw_only=True, tag="lost"):
    """The probe could not deliver ``count`` reports: goals that count are then undecided."""

    count: int


AnyEvent = Union[  # noqa: UP007 - msgspec reads it at run time on 3.10 too
    Hello,
    CellBegin,
    CellEnd,
    ProcessMade,
    RunCalled,
    ProcessStart,
    ProcessBorn,
    ProcessRun,
    ProcessEnd,
    ProcessExit,
    ForkMade,
    ProcessGone,
    ProgramStart,
    Wait,
    ThreadMade,
    ThreadStart,
    ThreadRun,
    ThreadEnd,
    LockMade,
    LockUse,
    BarrierUse,
    QueueUse,
    PipeUse,
    NumberMade,
    SegmentUse,
    ServiceUse,
    ProxyUse,
    TaskUse,
    Acted,
    Answer,
    Omitted,
    Lost,
]


# -- the whole story ------------------------------------------------------------------


class Sighting(Fact, frozen=True):
    """When the OS confirmed a process: seen in /proc, by credentials on its own packet, or by its pidfd."""

    pid: int
    started: int = 0
    ppid: int = 0
    by: Literal["proc", "credentials", "pidfd"] = "proc"
    first: int = 0
    last: int = 0
    cmdline: tuple[str, ...] = ()
    comm: str = ""
    exit_code: int | None = None
    ended: int = 0
    """When its end was seen (pidfd or /proc), 0 while it lives."""


class ShmLife(Fact, frozen=True):
    """An entry of /dev/shm that is this kernel's, as it came and went; times are monotonic ns, 0 unknown.

    ``by`` says how it is known whose it is: the probe named it, or a process of the kernel's had it
    mapped. ``pid`` is who made it, 0 unknown.
    """

    name: str
    kind: Literal["segment", "semaphore", "arena"] = "segment"
    by: Literal["probe", "mapping"] = "probe"
    pid: int = 0
    created: int = 0
    deleted: int = 0
    """When its name was deleted: who has it mapped keeps it."""
    seen: bool = False
    """The operating system showed its making (inotify(7)), however short it lived."""
    inode: Inode | None = None


class Recording(Fact, frozen=True):
    """A kernel's life as far as it was recorded and kept.

    ``events`` are in order of ``at``. ``not_recorded`` says in sentences what was left out;
    ``lost`` counts reports that did not arrive.
    """

    schema: int
    kernel: str
    pid: int
    platform: str = "linux"
    probe: bool = True
    baseline: Snapshot | None = None
    snapshots: tuple[Snapshot, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    events: tuple[AnyEvent, ...] = ()
    shm: tuple[ShmLife, ...] = ()
    not_recorded: tuple[str, ...] = ()
    lost: int = 0
    blind: str = ""
    """Why the processes could not be looked at, and what to do: goals are then undecided."""
    busy_cell: str = ""
    """The cell that was running when this was cut, or ""."""
    stuck: bool | None = False
    """Two snapshots ≥ 250 ms apart agreed that nobody can go on; None: cannot tell."""
    dead: bool = False
    death: int | None = None
    """Of a kernel that has died, its exit code or −n for signal n, None unknown."""
    living: tuple[ThreadRun, ...] = ()
    """The kernel's own threads that cells started and that have not ended, of runs not kept any more too."""
    silent: bool = False
    """The kernel lives, but its probe reports no more: what was not seen may have happened."""


_encoder = msgspec.json.Encoder()
_recordings = msgspec.json.Decoder(Recording)
_events = msgspec.json.Decoder(AnyEvent)


def dumps(recording: Recording) -> bytes:
    """The recording as JSON."""
    return _encoder.encode(recording)


def loads(text: bytes | str) -> Recording:
    """A recording from its JSON; msgspec.ValidationError names the place that does not fit."""
    return _recordings.decode(text)


def event(packet: bytes) -> AnyEvent:
    """One probe packet as an event; msgspec.DecodeError or ValidationError when it is none."""
    decoded: AnyEvent = _events.decode(packet)
    return decoded
