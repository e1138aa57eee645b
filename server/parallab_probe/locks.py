"""Hooks in ``multiprocessing.synchronize``: semaphores made, wanted, taken and given back.

Locks inside queues, pools and conditions are reported as made, with their owner, but their use is
not: those keep their bound C methods. Under fork CPython forgets a semaphore's name, so it is
noted here by the address of its ``sem_t``, which forked children share.
"""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import os
import sys
from functools import partial
from time import monotonic_ns

from parallab_probe import describe, report
from parallab_probe.report import ending, forget_frames, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

USES = 1000
"""Takes and gives of one lock in one process that are reported one by one."""
SURE = 50
"""The first of these, which are worth waiting for: who took a lock at all must never be in doubt."""
WANT_EVERY_NS = 20_000_000
KEPT = 50_000
REPORTED = ("", "number")
#: What sharedctypes makes of a text to read and write a Value's ``value``: it takes the Value's lock itself.
_PROPERTY = ("getvalue", "setvalue", "getraw", "setraw")


class Record:
    """A semaphore as this process knows it."""

    __slots__ = ("acts", "asked", "held", "inner", "name", "quoted", "takes", "wanting", "wants")

    def __init__(self, name: str, inner: bool) -> None:
        self.name = name
        self.quoted = report.quote(name)
        self.inner = inner
        self.acts = 0
        """Everything that was done with it, reported or not: who reads the reports sees where some are missing."""
        self.held = 0
        """How deep the last reported take held it, 0 once that was given back: its end is reported, too."""
        self.takes = 0
        self.wants = 0
        self.asked = 0
        self.wanting = False


_records: dict[int, Record] = {}


def name_of(semlock: Any) -> str:
    """The POSIX name of a SemLockObject."""
    record = _records.get(semlock.handle)
    return record.name if record is not None else ""


def _know(lock: Any, name: str, owner: str, created: bool) -> None:
    semlock = lock._semlock
    if len(_records) > KEPT:
        for handle in list(_records)[: KEPT // 2]:
            del _records[handle]
    # An address that is used again: the semaphore that had it is gone.
    record = _records[semlock.handle] = Record(name, owner not in REPORTED)
    _say(lock, record, owner, created)
    if not record.inner:
        _listen(lock, semlock, record)


def _say(lock: Any, record: Record, owner: str, created: bool) -> None:
    semlock = lock._semlock
    tell(
        "lock-made",
        {
            "lock": record.name,
            "cls": describe.type_name(lock),
            "created": created,
            "address": id(semlock),
            "handle": semlock.handle,
            "maxvalue": semlock.maxvalue,
            "recursive": semlock.kind == 0,
            "owner": owner,
        },
    )


@ending
def named(_token: Any, name: Any) -> None:
    local.naming = name


@ending
def made(token: Any, _result: Any) -> None:
    lock = token[0]
    _know(lock, lock._semlock.name or local.naming, _owner(), True)


@ending
def arrived(token: Any, _result: Any) -> None:
    lock = token[0]
    name = lock._semlock.name or ""
    known = _records.get(lock._semlock.handle)
    _know(lock, name or (known.name if known is not None else ""), "", False)


def _owner() -> str:
    """What library object makes a lock: from the frames between it and the learner's code."""
    frame: Any = sys._getframe(3)
    outermost: Any = None
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_PARTS):
            break
        if not path.endswith(_TRANSPARENT):
            outermost = frame
        frame = frame.f_back
    if outermost is None:
        return ""
    path = outermost.f_code.co_filename
    if path.endswith("synchronize.py"):
        return _kind(outermost.f_locals.get("self"))
    return next((owner for file, owner in _OWNERS if path.endswith(file)), "library")


_LIBRARY = os.path.dirname(os.__file__) + os.sep
_PARTS = (f"{_LIBRARY}multiprocessing{os.sep}", f"{_LIBRARY}concurrent{os.sep}")
_TRANSPARENT = ("multiprocessing/context.py", "multiprocessing/process.py", "multiprocessing/popen_fork.py")
_OWNERS = (
    ("multiprocessing/queues.py", "queue"),
    ("multiprocessing/pool.py", "pool"),
    ("multiprocessing/sharedctypes.py", "number"),
    ("multiprocessing/managers.py", "manager"),
    ("concurrent/futures/process.py", "executor"),
)


def _kind(lock: Any) -> str:
    synchronize = sys.modules["multiprocessing.synchronize"]
    bases = type.mro(type(lock))
    for name in ("Barrier", "Event", "Condition"):
        if getattr(synchronize, name) in bases:
            return name.lower()
    return ""


def inner(lock: Any, owner: str) -> None:
    """A lock that arrived turns out to be part of something of the library's."""
    semlock: Any = describe.attributes(lock).get("_semlock")
    if semlock is None:
        return
    record = _records.get(semlock.handle)
    if record is None or record.inner:
        return
    record.inner = True
    lock.acquire, lock.release = semlock.acquire, semlock.release  # as _make_methods sets them
    _say(lock, record, owner, False)


@ending
def part_of_condition(token: Any, _result: Any) -> None:
    condition = token[0]
    for name in ("_lock", "_sleeping_count", "_woken_count", "_wait_semaphore"):
        inner(getattr(condition, name), "condition")
    condition.acquire, condition.release = condition._lock.acquire, condition._lock.release


@ending
def part_of_barrier(_token: Any, _result: Any) -> None:
    """Its condition has said it for all four."""


# -- use --------------------------------------------------------------------------------


WATCHED = 4
"""Shared numbers of a process that are looked at whenever it takes or gives a lock."""
watched: list[Callable[[], object]] = []


def watch(raws: list[Any]) -> None:
    """These shared numbers were given to this process: what it writes under a lock is to be seen."""
    simple = sys.modules["_ctypes"]._SimpleCData
    getter = simple.__dict__["value"].__get__
    watched[:] = [partial(getter, raw) for raw in raws if simple in type.mro(type(raw))][:WATCHED]


def _saw() -> str:
    return ',"saw":' + report.encode([get() for get in watched]) if watched else ""


def _act(
    record: Record,
    act: str,
    semlock: Any,
    at: int = 0,
    timed: bool = False,
    access: str = "",
    saw: str = "",
) -> None:
    """``access`` is the method of a shared number that takes its own lock, to read or write it; "" of all else."""
    more = (',"timed":true' if timed else ',"library":true' if access else "") + saw
    if access.lstrip("_").startswith("set"):
        more += ',"writes":true'
    sure = record.takes <= SURE and act in ("take", "give")
    put = report.say if sure else report.jot
    facts = (record.quoted, act, semlock._count(), record.acts, more)
    put("lock", ',"lock":%s,"act":"%s","depth":%d,"n":%d%s' % facts, at)


@hook
def _want(record: Record, semlock: Any, timed: bool) -> None:
    now = monotonic_ns()
    record.acts += 1
    record.wants += 1
    if record.wants > USES and now - record.asked < WANT_EVERY_NS:
        report.omit("lock")
        return
    record.asked = now
    record.wanting = True
    _act(record, "want", semlock, now, timed)


@hook
def _took(record: Record, semlock: Any, access: str = "") -> None:
    record.acts += 1
    record.takes += 1
    if record.takes <= USES or record.wanting:
        record.wanting = False
        record.held = semlock._count()
        _act(record, "take", semlock, access=access, saw=_saw())
    else:
        report.omit("lock")


@hook
def _gave(record: Record, semlock: Any, at: int, saw: str) -> None:
    record.acts += 1
    if record.takes <= USES or semlock._count() < record.held:
        record.held = 0
        _act(record, "give", semlock, at, saw=saw)
    else:
        report.omit("lock")


@hook
def _missed(record: Record, semlock: Any) -> None:
    record.acts += 1
    if record.takes <= USES or record.wanting:
        record.wanting = False
        _act(record, "miss", semlock)
    else:
        report.omit("lock")


_ITEMS = ("__getitem__", "__setitem__", "__getslice__", "__setslice__")


def _by_array(depth: int) -> str:
    """Of which access a shared array takes its own lock, "" if none; ``depth`` is that of who called ``__enter__``."""
    frame = sys._getframe(depth)
    if not frame.f_code.co_filename.endswith("multiprocessing/sharedctypes.py"):
        return ""
    caller = frame.f_back
    if caller is None or caller.f_code.co_filename != frame.f_code.co_filename:
        return ""
    return caller.f_code.co_name if caller.f_code.co_name in _ITEMS else ""


def _blocks(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[bool, bool]:
    """Whether acquire(*args, **kwargs) may block, and with a time-out. Odd arguments: let C judge."""
    if len(args) + len(kwargs) > 2 or not kwargs.keys() <= {"block", "timeout"}:
        return False, False
    block = args[0] if args else kwargs.get("block", True)
    timeout = args[1] if len(args) > 1 else kwargs.get("timeout")
    if type(block) not in (bool, int) or type(timeout) not in (type(None), int, float):
        return False, False
    return bool(block), timeout is not None


@hook
def look() -> str:
    """The watched numbers now, as JSON that begins with a comma."""
    return _saw()


def _before_giving() -> str:
    """What was written must be seen before the lock is free: then others write, too."""
    return look() or "" if watched else ""


def _listen(lock: Any, semlock: Any, record: Record) -> None:
    """Puts functions in place of the bound C methods of acquire and release.

    They say what happens around the same call of the same method. An exception leaves them
    without an entry in its traceback (from 3.11 on), as it leaves a C method.
    """
    really_acquire, really_release = semlock.acquire, semlock.release

    def acquire(*args: Any, **kwargs: Any) -> Any:
        if local.busy == 1:
            return really_acquire(*args, **kwargs)
        try:
            if args or kwargs:
                blocks, timed = _blocks(args, kwargs)
            else:
                blocks, timed = True, False
            if blocks and really_acquire(False):
                got = True
            else:
                if blocks:
                    _want(record, semlock, timed)
                got = really_acquire(*args, **kwargs)
        except BaseException as error:
            _missed(record, semlock)
            forget_frames(error)
            raise
        if got:
            code = sys._getframe(1).f_code
            by_number = code.co_filename == "<string>" and code.co_name in _PROPERTY
            _took(record, semlock, code.co_name if by_number else "")
        else:
            _missed(record, semlock)
        return got

    def release(*args: Any, **kwargs: Any) -> Any:
        at, saw = monotonic_ns(), _before_giving()
        try:
            result = really_release(*args, **kwargs)
        except BaseException as error:
            forget_frames(error)
            raise
        _gave(record, semlock, at, saw)
        return result

    lock.acquire, lock.release = acquire, release


def try_enter(lock: Any) -> bool:
    """``with lock``: whether it could be had at once; if not, that it is wanted."""
    if local.busy == 1:
        return False
    try:
        semlock = lock._semlock
        record = _records.get(semlock.handle)
        if record is None or record.inner:
            return False
        if semlock.acquire(False):
            _took(record, semlock, _by_array(3))
            return True
        _want(record, semlock, False)
    except Exception:
        return False
    return False


# Neither is a hook itself: a hook inside a hook keeps silent, and _took and _missed are hooks.
def entered(token: Any, result: Any) -> Any:
    """``with lock``: it came after all."""
    access = _by_array(3)
    _took_or_missed(token[0], lambda record, semlock: _took(record, semlock, access))
    return result


def not_entered(token: Any) -> None:
    """``with lock``: an exception, an interrupt perhaps, ended the waiting."""
    _took_or_missed(token[0], _missed)


def _took_or_missed(lock: Any, tell_it: Any) -> None:
    try:
        semlock = lock._semlock
        record = _records.get(semlock.handle)
    except Exception:
        return
    if record is not None and not record.inner:
        tell_it(record, semlock)


@hook
def leaving(lock: Any) -> Any:
    semlock = lock._semlock
    record = _records.get(semlock.handle)
    return (record, semlock, monotonic_ns(), _saw()) if record is not None and not record.inner else None


def left(token: Any, result: Any) -> Any:
    if token is not None:
        _gave(*token)
    return result
