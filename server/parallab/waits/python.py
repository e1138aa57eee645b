"""What a Python thread waits for, by its stack: a join, a queue, a barrier, a pool's result, a lock.

The operating system shows only that a thread waits for another of its process. Python's own stack,
from the probe or from py-spy, says in which of the library's calls; which thread holds a plain lock
it does not say. Files are believed to be the library's by where Python keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from parallab.model import Snapshot, Stack

Call = Literal[
    "join",
    "exit",
    "lock",
    "event",
    "condition",
    "barrier",
    "semaphore",
    "get",
    "put",
    "tasks",
    "future",
    "pool",
    "idle",
]

_LIBRARY = re.compile(r"/python3(?:\.\d+t?)?/((?:[a-z]+/)*[a-z_]+)\.py:\d+ (\S+)\Z")


@dataclass(frozen=True)
class Doing:
    """The call in which a thread waits; ``thing`` is the identity of its queue, thread, barrier …

    ``place`` is the learner's own line, as ``file:line``; ``leaving`` says that it is on the way out
    of an executor's ``with``.
    """

    call: Call
    thing: int = 0
    place: str = ""
    leaving: bool = False
    wants: int = 0
    """The lock that it waits for, where that is known."""
    holds: tuple[int, ...] = ()
    looked: bool = False
    """It asked ``empty()`` before."""
    repeats: bool = False
    """It waits so again and again, until it is told that it is over."""
    kept: bool = False
    """The lock may have been kept by a call that has returned."""
    inherited: bool = False
    """The thing is its parent's, too."""
    result: int = 0
    """The one future, or result of a pool, that it waits for; 0 where it is not known, or one of several."""


def doing(stack: Stack) -> Doing | None:
    """What this thread is waiting in, as far as its stack tells; None without one."""
    if not stack.frames:
        return None
    calls = [_call(frame) for frame in stack.frames]
    owners = [*stack.owners, *[0] * len(calls)]
    place = next(
        (text.rpartition(" ")[0] for text, (module, _) in zip(stack.frames, calls, strict=True) if not module), ""
    )
    call, at = _waiting(calls)
    thing = owners[at]
    if call == "lock" and stack.gets and not stack.wants:
        call, thing = "get", stack.gets
    leaving = ("concurrent/futures/thread", "shutdown") in calls
    return Doing(
        call,
        thing,
        place,
        leaving,
        stack.wants if call == "lock" else 0,
        stack.holds,
        stack.looked,
        stack.repeats,
        stack.kept,
        owners[at] in stack.inherited,
        next((owner for one, owner in zip(calls[at : at + 2], owners[at:], strict=False) if one in _OF_ONE), 0),
    )


def _call(frame: str) -> tuple[str, str]:
    """(module, function) of a frame of the library's, ("", "") of any other."""
    match = _LIBRARY.search(frame)
    return (match[1], match[2].rpartition(".")[2]) if match else ("", "")


_OF_A_CONDITION: dict[tuple[str, str], Call] = {
    ("queue", "get"): "get",
    ("queue", "put"): "put",
    ("queue", "join"): "tasks",
    ("threading", "acquire"): "semaphore",
    ("threading", "_wait"): "barrier",
    ("threading", "_enter"): "barrier",
    ("concurrent/futures/_base", "result"): "future",
    ("concurrent/futures/_base", "exception"): "future",
    ("multiprocessing/pool", "next"): "pool",
}
_OF_AN_EVENT: dict[tuple[str, str], Call] = {
    ("multiprocessing/pool", "wait"): "pool",
    ("concurrent/futures/_base", "wait"): "future",
    ("concurrent/futures/_base", "as_completed"): "future",
}


_OF_ONE = frozenset(
    {
        ("concurrent/futures/_base", "result"),
        ("concurrent/futures/_base", "exception"),
        ("multiprocessing/pool", "next"),
        ("multiprocessing/pool", "wait"),
    }
)
"""Methods of what is waited for itself. ``wait`` and ``as_completed`` are told of several futures by an Event."""


def _waiting(calls: list[tuple[str, str]]) -> tuple[Call, int]:
    """The innermost call that says what is waited for, and the place of the frame that knows the thing."""
    padded = [*calls, ("", ""), ("", ""), ("", "")]
    match padded[0]:
        case ("threading", "_wait_for_tstate_lock"):
            return "join", 1 if padded[1] == ("threading", "join") else 0
        case ("threading", "join"):
            return "join", 0
        case ("threading", "_shutdown"):
            return "exit", 0
        case ("concurrent/futures/thread", "_worker") | ("multiprocessing/pool", _):
            return "idle", 0
        case ("threading", "wait"):
            at = 2 if padded[1] == ("threading", "wait_for") else 1
            if padded[at] == ("threading", "wait"):
                return _OF_AN_EVENT.get(padded[at + 1], "event"), at
            found = _OF_A_CONDITION.get(padded[at], "condition")
            if found == "barrier":
                return found, at + 1
            return found, 0 if found == "condition" else at
    return "lock", 0


def by_thread(snapshot: Snapshot) -> dict[tuple[int, int], Doing]:
    """What each thread whose stack is known is doing, by (pid, tid)."""
    found = {}
    for stack in snapshot.stacks:
        told = doing(stack)
        if told is not None and stack.tid:
            found[stack.pid or snapshot.root, stack.tid] = told
    return found


def threads_of(thing: int, pid: int, snapshot: Snapshot, tids: Collection[int]) -> frozenset[tuple[int, int]]:
    """The threads of a process that run this Thread object, which has not ended; ``tids`` are all that it has.

    The main thread's stack names none: it is meant where each of the others runs another.
    """
    stacks = {stack.tid: stack for stack in snapshot.stacks if (stack.pid or snapshot.root) == pid}
    running = {tid: tuple(_runs(stack)) for tid, stack in stacks.items()}
    if found := frozenset((pid, tid) for tid, things in running.items() if thing in things):
        return found
    others = [tid for tid in tids if tid != pid]
    return frozenset({(pid, pid)}) if pid in running and all(running.get(tid) for tid in others) else frozenset()


def _runs(stack: Stack) -> Iterable[int]:
    """The Thread objects that this stack's outermost frames run."""
    for frame, owner in zip(stack.frames, stack.owners, strict=False):
        if owner and _call(frame) in (("threading", "_bootstrap_inner"), ("threading", "_bootstrap")):
            yield owner


def handles_results(pid: int, snapshot: Snapshot, known: bool = True) -> frozenset[tuple[int, int]]:
    """The threads of a process that bring results home, or do a job, for pools and executors.

    Without ``known``, only those of which it is not known whose results these are.
    """
    return frozenset(
        (pid, stack.tid)
        for stack in snapshot.stacks
        if (stack.pid or snapshot.root) == pid
        and (known or not stack.brings)
        and _serves([_call(frame) for frame in stack.frames])
    )


def servants(snapshot: Snapshot) -> frozenset[tuple[int, int]]:
    """The threads by which pools and executors of processes do their work, none of them in code of the program's own.

    What they bring may call something of the program's, which may do anything.
    """
    found = []
    for stack in snapshot.stacks:
        calls = [_call(frame) for frame in stack.frames]
        if all(module for module, _ in calls) and not _SERVANTS.isdisjoint(calls):
            found.append((stack.pid or snapshot.root, stack.tid))
    return frozenset(found)


def hands_out(pid: int, snapshot: Snapshot) -> frozenset[tuple[int, int]]:
    """The threads of a process that hand out a pool's tasks, in the midst of the iterable that they come from."""
    return frozenset(
        (pid, stack.tid)
        for stack in snapshot.stacks
        if (stack.pid or snapshot.root) == pid and any(_call(frame) == _NEXT_TASK for frame in stack.frames[1:])
    )


def brings(thing: int, pid: int, snapshot: Snapshot) -> frozenset[tuple[int, int]]:
    """The threads of a process that are known to be there to fulfil this future or result of a pool."""
    return frozenset(
        (pid, stack.tid) for stack in snapshot.stacks if (stack.pid or snapshot.root) == pid and thing in stack.brings
    )


_NOTEBOOKS = re.compile(r"/(?:ipykernel|IPython/core|zmq|tornado|jupyter_client|debugpy|parallab_probe)/[^:]*\.py:\d+ ")


def is_notebooks(stack: Stack) -> bool:
    """Whether this thread is a notebook's own: what it was started with is a part of Jupyter, or of the probe."""
    outermost = next((one for one in reversed(stack.frames) if _call(one)[0] != "threading"), "")
    return bool(_NOTEBOOKS.search(outermost))


def works_in_threads(pid: int, snapshot: Snapshot) -> bool:
    """Whether this process has a pool of threads."""
    return any(
        (stack.pid or snapshot.root) == pid and any(_call(frame) == _POOL_WORKER for frame in stack.frames)
        for stack in snapshot.stacks
    )


_POOL_WORKER = ("multiprocessing/pool", "worker")
_RESULTS = ("multiprocessing/pool", "_handle_results")
_SERVANTS = frozenset(
    (
        *(("multiprocessing/pool", name) for name in ("_handle_workers", "_handle_tasks", "_handle_results")),
        ("concurrent/futures/process", "run"),
    )
)
_NEXT_TASK = ("multiprocessing/pool", "_guarded_task_generation")


def _serves(calls: list[tuple[str, str]]) -> bool:
    if calls and calls[0] in (("concurrent/futures/thread", "_worker"), _POOL_WORKER):
        return False  # waits for work
    return any(
        call in (_RESULTS, ("concurrent/futures/thread", "_worker"), _POOL_WORKER, _NEXT_TASK)
        or (call[0] == "concurrent/futures/process" and call[1] == "run")
        for call in calls
    )
