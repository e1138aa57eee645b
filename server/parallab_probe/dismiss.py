"""Ends threads of the learner's that wait for ever, where that harms nobody (kernel only).

Python cannot end a thread from outside; it can raise SystemExit in one
(PyThreadState_SetAsyncExc), which the thread meets when it next runs. One that waits in a
``queue.Queue``, an Event, a Condition or a Semaphore never does, so it is woken as well, and it
alone: all of these wait in ``Condition.wait``, whose waiters can be woken without a reason. Of
one that waits inside the operating system (a multiprocessing queue, a plain lock, a join) nothing
is touched: no exception would wake it, and what would is the learner's own to send.
"""

from __future__ import annotations

import sys
import threading
import types
from collections import deque
from typing import Any

from parallab_probe import describe, threads

TOLD = "told"
_LOCKS = (type(threading.Lock()), type(threading.RLock()))
#: Told with the thread's end, so that nobody takes it for one that came home by itself.
ERROR = {"type": "SystemExit", "message": "ended from the sidebar while it waited"}


def dismiss(numbers: list[int]) -> tuple[dict[str, Any], ...]:
    """What became of each of these threads, by the numbers under which they were reported."""
    return tuple({"ident": number, "outcome": _dismiss(number)} for number in numbers)


def _dismiss(number: int) -> str:
    """``told``: it ends now. Else why not, as model.Dismissal tells."""
    every = list(threading._active.values())  # type: ignore[attr-defined]
    found = next((one for one in every if number and _number(one) == number), None)
    ident = describe.attributes(found).get("_ident") if found is not None else None
    if found is None or type(ident) is not int:
        return "gone"
    if not _may_raise():
        return "unable"
    frame = sys._current_frames().get(ident)
    condition = _condition(frame)
    if condition is None:
        return "elsewhere"
    lock: Any = describe.attributes(condition).get("_lock")
    if type(lock) not in _LOCKS:
        return "elsewhere"
    # While we hold it nobody is woken, and who is woken cannot go on.
    if not lock.acquire(False):
        return "busy"
    try:
        return _wake(number, ident, condition)
    finally:
        lock.release()


def _wake(number: int, ident: int, condition: Any) -> str:
    """Raises it in one that still waits there, and wakes it. The condition's lock is ours.

    It waits for its own lock, ``waiter``, until somebody who notifies takes that off the list: so
    long as it stands there, the exception comes when that wait returns, inside the ``try`` that
    puts everything in order, and nowhere else.
    """
    frame = sys._current_frames().get(ident)
    if frame is None or _condition(frame) is not condition:
        return "busy"
    inside = frame.f_locals
    waiting = describe.attributes(condition).get("_waiters")
    waiter: Any = inside.get("waiter")
    if inside.get("timeout") is not None:
        return "timed"
    if inside.get("gotit") is not False or type(waiting) is not deque or waiter not in waiting:
        return "busy"
    threads.state.error[number] = dict(ERROR)
    if _raise(ident):
        waiting.remove(waiter)
        waiter.release()
        return TOLD
    threads.state.error.pop(number, None)
    return "gone"


def _condition(frame: types.FrameType | None) -> Any:
    """The Condition in whose ``wait`` it stands, or None."""
    if frame is None or frame.f_code is not threading.Condition.wait.__code__:
        return None
    condition = frame.f_locals.get("self")
    return condition if threading.Condition in type.mro(type(condition)) else None


def _number(thread: object) -> int:
    """0 for those that no cell started."""
    known = threads.state.known.get(id(thread))
    return known.number if known is not None and not known.internal else 0


def _may_raise() -> bool:
    """Where threads run at once, what one frame shows may be over before it is acted on."""
    enabled = getattr(sys, "_is_gil_enabled", None)
    return enabled is None or bool(enabled())


def _raise(ident: int) -> bool:
    """PyThreadState_SetAsyncExc: 1 when there is such a thread."""
    import ctypes

    done: int = ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(SystemExit))
    return done == 1
