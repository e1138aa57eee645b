"""Hooks in pools and executors for their tasks: handed in, taken by a worker, come back, and asked for.

A task is known by the queue in which it waits, which has the same name in all processes, and by its number there.
"""

from __future__ import annotations

import os
import sys
import weakref
from _thread import get_ident

from parallab_probe import describe, install, report
from parallab_probe.report import ending, hook, local

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

KEPT = 4096
_FOR = "_parallab_for"

_lines: Any = install.hooks("lines")
# Four of each task: of a few hundred tasks, handed in again after somebody died, none may go missing.
lines = _lines.Lines("task", first=2400)


class Known:
    """A task that was handed in from this process, for that run of that cell.

    ``silent``: nobody has said yet that it came back.
    """

    __slots__ = ("cell", "number", "queue", "ref", "run", "silent")

    def __init__(self, queue: str, number: int) -> None:
        self.queue = queue
        self.number = number
        self.cell, self.run = local.cell, local.run
        self.ref: Any = None
        self.silent = [True]


_calls: dict[int, dict[str, Any]] = {}
"""What a thread is handing in, until its result object is made."""
_pools: dict[int, Known] = {}
"""Tasks of pools by their number, which counts up in this process."""
_futures: dict[int, Known] = {}
"""Tasks of executors by their future's id."""


def _forget() -> None:
    """In a forked child: its parent's tasks are its parent's."""
    _at_work.clear()
    _calls.clear()
    _pools.clear()
    _futures.clear()


report.at_fork.append(_forget)


def queue_name(queue: Any) -> str:
    """Of a queue between processes its read lock's name, of one of threads its place in this process."""
    lock = describe.attributes(queue).get("_rlock")
    name = describe.semaphore_name(lock) if lock is not None else ""
    return name or f"{os.getpid()}:{id(queue):x}"


def _say(known: Known, act: str, facts: dict[str, Any]) -> None:
    lines.add({"queue": known.queue, "task": known.number, "act": act, **facts})


def _work_for(cell: str, run: int) -> None:
    """A thread of a pool may be older than the cell that it works for now."""
    if run and run != local.run:
        report.work_for(cell, run)


def _keep(found: dict[int, Known], key: int, known: Known) -> None:
    if len(found) >= KEPT:
        for old in list(found)[: KEPT // 2]:
            found.pop(old, None)
    found[key] = known


# -- pools: handed in ----------------------------------------------------------------------


def _calling(pool: Any, call: str, func: Any, listens: tuple[str, ...] = ()) -> None:
    if local.run:
        name = queue_name(describe.attributes(pool).get("_inqueue"))
        facts = {"queue": name, "call": call, "target": describe.function_name(func), "listens": listens}
        _calls[get_ident()] = facts


def _listens(callback: Any, error_callback: Any) -> tuple[str, ...]:
    given = (("result", callback), ("error", error_callback))
    return tuple([name for name, function in given if function is not None])


@hook
def applying(pool: Any, func: Any, callback: Any, error_callback: Any) -> None:
    _calling(pool, "apply", func, _listens(callback, error_callback))


@hook
def mapping(pool: Any, func: Any, mapper: Any, callback: Any, error_callback: Any) -> None:
    call = "starmap" if describe.function_name(mapper).endswith(".starmapstar") else "map"
    _calling(pool, call, func, _listens(callback, error_callback))


@hook
def imapping(pool: Any, func: Any) -> None:
    _calling(pool, "imap", func)


@hook
def imapping_unordered(pool: Any, func: Any) -> None:
    _calling(pool, "imap_unordered", func)


@ending
def made(token: Any, _result: Any) -> None:
    """The result object of one task, or of an iterator over many."""
    if not describe.is_a(token[0], sys.modules["multiprocessing.pool"].MapResult):
        _handed_in(token[0], {})


@ending
def map_made(token: Any, _result: Any) -> None:
    inside = describe.attributes(token[0])
    _handed_in(token[0], {"parts": inside["_number_left"], "size": len(inside["_value"])})


def _handed_in(result: Any, facts: dict[str, Any]) -> None:
    call = _calls.pop(get_ident(), None)
    if call is None:
        return
    known = Known(call.pop("queue"), result._job)
    _keep(_pools, known.number, known)
    _say(known, "submit", {**call, **facts})


# -- pools: taken, come back, asked for ------------------------------------------------------


_at_work: dict[int, tuple[Known, int]] = {}
"""By worker thread, the task that it has, and which part."""


def _saw() -> tuple[Any, ...]:
    """The shared numbers that this worker was given, now."""
    locks: Any = sys.modules.get("parallab_probe.locks")
    return tuple([get() for get in locks.watched]) if locks is not None else ()


def _took(known: Known, part: int) -> None:
    _at_work[get_ident()] = known, part
    _say(known, "take", {"part": part, "saw": _saw()})


@hook
def taken(inqueue: Any, task: Any) -> None:
    """In a worker."""
    if type(task) is tuple:
        known = _pools.get(task[0])
        if known is not None and known.queue == queue_name(inqueue):  # a pool of threads
            _work_for(known.cell, known.run)
        _took(Known(queue_name(inqueue), task[0]), task[1])


@hook
def did(_queue: Any) -> None:
    """A worker is about to send back what came of it: with its pool, it may be ended before it could say more."""
    known, part = _at_work.get(get_ident(), (None, 0))
    if known is not None and (saw := _saw()):
        _say(known, "done", {"part": part, "saw": saw})


@hook
def arrived(result: Any, part: Any, outcome: Any) -> None:
    known = _pools.get(result._job)
    if known is not None:
        well, value = outcome
        _say(known, "arrive", {"part": part, "error": None if well else describe.failure(value)})


@hook
def asking(result: Any) -> Any:
    """``get()`` of a result, or the next one of an iterator."""
    known = _pools.get(result._job)
    if known is not None:
        inside = describe.attributes(result)
        event = inside.get("_event")
        if not (event.is_set() if event is not None else inside["_items"]):
            _say(known, "ask", {})
    return known


@ending
def got(known: Any, _result: Any) -> None:
    if known is not None:
        _say(known, "got", {})


@hook
def not_got(known: Any) -> None:
    error = sys.exc_info()[1]
    if known is not None and error is not None and not describe.is_a(error, StopIteration):
        _say(known, "got", {"error": describe.failure(error)})


# -- executors ---------------------------------------------------------------------------------


@ending
def submitted(token: Any, future: Any) -> None:
    """``submit`` of an executor that a cell made; the future may be done by now."""
    executor, func = token
    inside = describe.attributes(executor)
    services: Any = install.hooks("services")
    if not services.known(executor):
        return
    between = inside.get("_call_queue")
    queue = queue_name(between if between is not None else inside.get("_work_queue"))
    number = inside["_queue_count"] - 1 if between is not None else services.next_task()
    known = Known(queue, number)
    known.ref = weakref.ref(future)
    # Frames: this, guarded, submit, its caller.
    caller = sys._getframe(3).f_globals.get("__name__", "")
    call = "map" if caller == "concurrent.futures._base" else "submit"
    _say(known, "submit", {"call": call, "target": describe.function_name(func), "parts": 1, "size": 1})
    _keep(_futures, id(future), known)
    if future._state == "FINISHED":
        _finished(known, future)


def _of(future: Any) -> Known | None:
    """Of an id that is used again, another's."""
    known = _futures.get(id(future))
    return known if known is not None and known.ref() is future else None


def _finished(known: Known, future: Any) -> None:
    try:
        known.silent.pop()
    except IndexError:
        return  # it was said
    error = future._exception
    _say(known, "arrive", {"part": 0, "error": describe.failure(error) if error is not None else None})


@ending
def finished(token: Any, _result: Any) -> None:
    known = _of(token[0])
    if known is not None:
        _finished(known, token[0])


@ending
def item_made(token: Any, _result: Any) -> None:
    """What an executor of threads was handed; asyncio has one, too, which lives as long as the kernel."""
    if local.run:
        token[0].__dict__[_FOR] = local.cell, local.run


@hook
def item_runs(item: Any) -> None:
    """In a thread."""
    wanted = item.__dict__.get(_FOR)
    if wanted is not None:
        _work_for(*wanted)


@hook
def taken_call(call_queue: Any, item: Any) -> None:
    """In a worker."""
    if item is not None:
        _took(Known(queue_name(call_queue), item.work_id), 0)


@hook
def asking_future(future: Any) -> Any:
    """Not the future itself: this lies in a frame that an exception may keep."""
    known = _of(future)
    if known is not None and future._state != "FINISHED":
        _say(known, "ask", {})
    return known


got_future = got
not_got_future = not_got


@ending
def got_exception(known: Any, error: Any) -> None:
    if known is not None:
        _say(known, "got", {"error": describe.failure(error) if error is not None else None})


@hook
def listening(future: Any, _function: Any) -> None:
    known = _of(future)
    if known is not None and not sys._getframe(3).f_globals.get("__name__", "").startswith("concurrent."):
        _say(known, "listen", {"listens": ("result", "error")})
