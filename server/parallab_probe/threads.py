"""Hooks in ``threading``: threads that a cell started, and those that these started.

The kernel's own threads are left out: they are started while no cell runs, and not by a thread
of one. So are those inside multiprocessing (feeders, pools' handlers), which nobody asked for.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident, get_native_id
from time import monotonic_ns, thread_time_ns

from parallab_probe import describe, lives, report
from parallab_probe.report import ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

KEPT = 4096
AT_ONCE_NS = 1_000_000
"""A wait shorter than this was for what had come already."""


class Known:
    """A started thread: its number, and the cell that it works for."""

    __slots__ = ("asked", "cell", "fresh", "internal", "looked", "number", "run")

    def __init__(self, number: int, cell: str, run: int, internal: bool) -> None:
        self.number = number
        self.fresh = False
        """Made, and not started yet."""
        self.asked = 0
        """When somebody first asked whether it is alive, and it was."""
        self.looked = False
        """It has been told that somebody saw that it has ended."""
        self.cell = cell
        self.run = run
        self.internal = internal


class _State:
    def __init__(self) -> None:
        self.count = 0
        self.known: dict[int, Known] = {}
        self.error: dict[int, dict[str, Any]] = {}
        self.there = 0
        """How many there were when somebody last looked, and those that were started since."""
        self.met = self.met_at = 0
        """How many waits for what had come already were told, and when the last of them was."""


state = _State()


def _know(thread: Any, internal: bool) -> Known:
    """Numbers it. By ``id``: the learner's class may hash and compare as it likes.

    An ``id`` that is used again belongs to a thread that is started anew, and numbered then.
    """
    state.count += 1
    known = Known(state.count, local.cell, local.run, internal)
    if len(state.known) > KEPT:
        alive = {id(thread) for thread in list(sys.modules["threading"]._active.values())}
        state.known = {key: value for key, value in state.known.items() if key in alive}
    state.known[id(thread)] = known
    return known


def _part(thread: Any) -> tuple[str, bool]:
    """Its role in the library, and whether it is nobody's but the library's."""
    target = describe.attributes(thread).get("_target")
    name = describe.function_name(target)
    if name == "concurrent.futures.thread._worker":
        return "executor", False
    if name == "multiprocessing.pool.worker":
        return "pool", False
    module = name if target is not None else f"{describe.full_type_name(thread)}."
    if module.startswith(_SHARED) and not module.startswith("multiprocessing.managers."):
        # What the library lets threads of its own do has a private name; `p.join` or `q.put` is a learner's idea.
        return "", target is None or module.rpartition(".")[2].startswith("_")
    return "", module.startswith(_THEIRS)


_SHARED = ("multiprocessing.", "concurrent.futures.")
_THEIRS = (*_SHARED, "IPython.", "ipykernel.", "zmq.", "tornado.", "jupyter_client.")
_HAVE_HOOKS = ("threading.", "queue.", *_THEIRS)
"""Modules in which a wait is a part of something that is told as a whole."""


def _facts(thread: Any) -> dict[str, Any]:
    overrides = describe.overrides(thread, "run", sys.modules["threading"].Thread)
    inside = describe.attributes(thread)
    return {
        "name": inside.get("_name"),
        "cls": describe.type_name(thread),
        "target": "" if overrides else describe.function_name(inside.get("_target")),
        "overrides_run": overrides,
    }


@ending
def made(token: Any, _result: Any) -> None:
    thread = token[0]
    state.known.pop(id(thread), None)  # of another one, which is no more
    if not local.run or local.internal:
        return
    role, internal = _part(thread)
    if internal or role:
        return
    known = _know(thread, False)
    known.fresh = True
    args = describe.type_name(describe.attributes(thread).get("_args", ()))
    tell("thread-made", {"ident": known.number, **_facts(thread), "args": args})


@hook
def run_called(thread: Any) -> None:
    threading = sys.modules["threading"]
    if local.run and threading._active.get(get_ident()) is not thread:
        known = state.known.get(id(thread)) or _know(thread, False)
        tell("run-called", {"ident": known.number, "of": "thread"})


@hook
def starting(thread: Any) -> Any:
    lives.resources()  # what a process says at its end includes its threads, which will have ended
    if not local.run:
        state.known.pop(id(thread), None)
        return None
    role, internal = _part(thread)
    inside = describe.attributes(thread)
    if describe.attributes(thread).get("_ident") is not None:
        known = state.known.get(id(thread)) or _know(thread, internal)  # started before: this will raise
    else:
        before = state.known.get(id(thread))
        known = _know(thread, internal)
        if before is not None and before.fresh:
            known.number = before.number
    if internal:
        return None
    state.there = (state.there or len(sys.modules["threading"]._active)) + 1
    began = monotonic_ns()
    return {
        "began": began,
        "queued_ns": report.late(began) or None,
        "ident": known.number,
        **_facts(thread),
        "daemon": bool(inside.get("_daemonic")),
        "role": role,
    }


@ending
def started(facts: Any, _result: Any) -> None:
    if facts is not None:
        tell("thread-start", facts)
        report.start.last = monotonic_ns()


@hook
def not_started(facts: Any) -> None:
    error = sys.exc_info()[1]
    if facts is not None and error is not None:
        tell("thread-start", {**facts, "error": describe.failure(error)})


@hook
def running(thread: Any) -> Any:
    """In the thread, before anything else."""
    known = state.known.get(id(thread))
    if known is None:
        return None
    report.work_for(known.cell, known.run)
    local.internal = known.internal
    if known.internal:
        return None
    name = describe.attributes(thread).get("_name")
    tell("thread-run", {"ident": known.number, "name": name})
    return known.number, name, monotonic_ns()


@hook
def raised(thread: Any) -> None:
    known = state.known.get(id(thread))
    error = sys.exc_info()[1]
    if known is not None and error is not None and not describe.is_a(error, SystemExit):
        state.error.setdefault(known.number, describe.failure(error))


def _ended(token: Any) -> None:
    if token is not None:
        number, name, began = token
        facts = {"ident": number, "name": name, "cpu_ns": thread_time_ns(), "error": state.error.pop(number, None)}
        over = monotonic_ns() - began
        if over >= report.LONG_NS and (runnable := report.runnable()) >= 0:
            facts.update(watched_ns=over, runnable_ns=runnable)
            facts["pauses"] = lives.resources()(1).ru_nvcsw  # 1 is RUSAGE_THREAD
        tell("thread-end", facts)


ended = ending(lambda token, _result: _ended(token))
ended_badly = hook(_ended)


@hook
def joining(thread: Any, timeout: Any) -> Any:
    known = state.known.get(id(thread))
    if known is None or known.internal or local.internal:
        return None
    facts = {"call": "join", "began": monotonic_ns(), "thread": known.number, "timed": timeout is not None}
    tell("wait", {**facts, "done": False})
    return thread, facts


def _joined(token: Any) -> None:
    if token is None:
        return
    thread, facts = token
    alive: bool | None = None
    if facts["timed"]:
        alive = any(other is thread for other in list(sys.modules["threading"]._active.values()))
    tell("wait", {**facts, "alive": alive})


joined = ending(lambda token, _result: _joined(token))
not_joined = hook(_joined)


def _look(call: str, thread: int, began: int = 0) -> None:
    now = monotonic_ns()
    tell("wait", {"call": call, "began": began or now, "thread": thread, "alive": False}, now)


@ending
def asked_alive(token: Any, alive: Any) -> None:
    """Somebody was told that it has ended: once is enough."""
    known = state.known.get(id(token[0]))
    if known is None or known.fresh or known.internal or known.looked or not local.run or local.internal:
        return
    if alive:
        known.asked = known.asked or monotonic_ns()
        return
    known.looked = True
    _look("is_alive", known.number, known.asked)


@ending
def counted(_token: Any, result: Any) -> None:
    """Somebody looked who is there, and saw that there are fewer than before."""
    if not local.run or local.internal:
        return
    there = result if type(result) is int else len(result)
    if there < state.there:
        _look("enumerate", 0)
    state.there = there


@hook
def meeting(_thing: Any) -> Any:
    """A main thread begins to wait for an Event, a Condition or a Semaphore.

    Queues, barriers and futures wait for some too, each start() for an Event, and each flush of what was printed.
    """
    if not local.run or local.internal or get_native_id() != os.getpid():
        return None
    caller = sys._getframe(3).f_globals.get("__name__")  # above this hook, its guard, and wait
    return None if f"{caller}.".startswith(_HAVE_HOOKS) else monotonic_ns()


@ending
def met(began: Any, result: Any) -> None:
    """It has come. Of many that came at once, as in a loop, only some are told."""
    if began is None or not result:
        return
    now = monotonic_ns()
    if now - began < AT_ONCE_NS:
        if report.thinned(state.met, state.met_at, now):
            return
        state.met, state.met_at = state.met + 1, now
    tell("wait", {"call": "told", "began": began})


def _forget() -> None:
    """In a forked child: the parent's threads are not there, though their objects are joined at exit."""
    state.known.clear()
    state.error.clear()


report.at_fork.append(_forget)
