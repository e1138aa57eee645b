"""What the probe tells from inside the kernel and its children: events, and answers to questions.

``at`` of an event is when it happened, in nanoseconds of CLOCK_MONOTONIC.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union

import msgspec

from parallab.model.basis import Fact, Name, Text
from parallab.model.seen import Inode, Stack


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


class Stamped(Event, frozen=True, kw_only=True):
    """A report of a life: when it was sent says the operating system, too."""

    sent: int = 0
    """When its packet was sent, as the system stamped it (SO_TIMESTAMPNS), 0 unknown: set by the ear alone."""


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

    A value whose name has a dot is one of the learner's modules' (``module.name``). ``threads`` are the names of the
    kernel's Python threads, its own included; () where they were not told.
    """

    error: Failure | None = None
    threads: tuple[Name, ...] = ()
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


class ProcessStart(Stamped, frozen=True, kw_only=True, tag="process-start"):
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
    queued_ns: int = 0
    """For how long its starter had lacked a core since the cell began (proc(5), schedstat), where the start before was
    long ago; else 0."""
    seen: bool = False
    """The operating system showed this very child: its pidfd came along (set by the ear alone)."""


class ProcessBorn(Stamped, frozen=True, kw_only=True, tag="process-born"):
    """The child itself reports, with its parent's pid."""

    ppid: int
    method: Name = ""
    name: Name = ""


class ProcessRun(Stamped, frozen=True, kw_only=True, tag="process-run"):
    """``run`` begins in the child; ``cls`` and ``name`` as the child knows them."""

    name: Name = ""
    cls: Name = ""
    cpu_ns: int = 0
    """What it had used before its work began: to start, to import."""


class ProcessEnd(Stamped, frozen=True, kw_only=True, tag="process-end"):
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
    saw: Annotated[tuple[int | float | None, ...], msgspec.Meta(max_length=8)] = ()
    """The shared numbers that this process was given, as they were at its end: read after ``at``."""


class ProcessExit(Event, frozen=True, kw_only=True, tag="process-exit"):
    """The starter (or the OS) learned the exit code of ``child``."""

    child: int
    exit_code: int | None


class ForkMade(Stamped, frozen=True, kw_only=True, tag="fork-made"):
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

    Of threads also ``enumerate``, when somebody looked who is there and saw fewer than before, and ``told``, a wait
    for an Event, a Condition or a Semaphore that came: neither names a thread.

    ``call`` says which; ``began`` and ``at`` when it began and returned (0 while it has not:
    a second event with the same ``began`` follows). Of a thread's is_alive, ``began`` is when somebody first asked.
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
    """A Thread object was made; ``ident`` is its number in this process, the same in ThreadStart.

    ``args`` is the type of what it was given as such: of a text, the work gets the letters.
    """

    ident: int = 0
    name: Name = ""
    cls: Name = ""
    target: Name = ""
    overrides_run: bool = False
    args: Name = ""


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
    queued_ns: int = 0
    """As of a process."""
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

    ``depth`` is how often this process holds it after the act; ``library`` says that a Value or an
    Array took its own lock, to be read or written, ``writes`` that it was to be written. ``n`` counts what this
    process did with it, reported or not, from 1; 0: not counted.
    """

    lock: Name
    act: Literal["want", "take", "give", "miss"]
    depth: int = 0
    n: int = 0
    timed: bool = False
    library: bool = False
    writes: bool = False
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
    """What it held when it was closed, as in Content."""


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
    ``parts``, and ``done`` when it has one done, if it was given shared numbers; ``arrive`` when a part's result
    (or ``error``) is back, ``ask`` when somebody begins to wait for it, ``got`` when they have it, or the error;
    ``listen`` when a callback was given to its future.
    """

    queue: Name
    task: int
    act: Literal["submit", "take", "done", "arrive", "ask", "got", "listen"] = "submit"
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
    saw: tuple[int | float | None, ...] = ()
    """Of take and done: the shared numbers that the worker was given, as they were then."""
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


_events = msgspec.json.Decoder(AnyEvent)


def event(packet: bytes) -> AnyEvent:
    """One probe packet as an event; msgspec.DecodeError or ValidationError when it is none."""
    decoded: AnyEvent = _events.decode(packet)
    return decoded
