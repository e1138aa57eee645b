"""Hooks in ``queue`` and ``multiprocessing.queues``: the ledger of what was put and got.

The first 500 lines of each queue are sent as they happen; after that they are counted, and the
last 500 kept here and sent when the cell or the process ends or the server asks. Items are copied
when they happen, unless they cannot change: then the copy waits until it is sent.
"""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import os
import sys
import weakref
from collections import deque
from itertools import count
from time import monotonic_ns

from parallab_probe import describe, report
from parallab_probe.report import ending, hook, local

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FIRST = 500
LAST = 500
LOOKS = 100
TOGETHER = 12
"""Lines that are sent late in one packet, which holds as many of the longest."""
ITEM = 1024
_UNCHANGING = frozenset({type(None), bool, int, float, str})
_NESTED = frozenset({list, tuple, dict})
_ITEMS = frozenset({"put", "get", "send", "recv"})
"""The acts by which something goes in or comes out."""


_KIND = frozenset({"_init", "_put", "_get"})
"""The methods that make a queue of threads the kind that it is: what comes out first."""


class Ledger:
    """One queue's lines in this process."""

    __slots__ = ("count", "head", "kind", "last", "looks", "name", "ref", "said", "tail")

    def __init__(self, name: str, cls: str, maxsize: int, base: str = "") -> None:
        self.name = name
        self.kind = "queue"
        self.head = f',"queue":{report.quote(name)},"cls":{report.quote(cls)}'
        if base:
            self.head += f',"base":{report.quote(base)}'
        self.tail = f',"maxsize":{maxsize}' if maxsize else ""
        """Both as JSON."""
        self.count = count(1)
        self.looks: set[tuple[int, int]] = set()
        self.said = 0
        """How many lines were sent or counted as left out."""
        self.last: deque[tuple[int, int, str, Any, tuple[str, int]]] = deque(maxlen=LAST)
        """Number, time, act, item (of a put or get; else the size) and mark of lines that are kept back."""
        self.ref: Any = None


_ledgers: dict[int, Ledger | None] = {}
"""By the queue's id; None for those that are none of the learner's."""
_fast: dict[int, tuple[Callable[[Any], None], Callable[[], int]]] = {}
"""By the queue's id, once its first lines are sent: ``append`` and the next number. The way of most lines."""
_quick = _fast.get
_ignored: dict[int, Any] = {}


def name_of(queue: object) -> str:
    """The name under which a queue of threads is reported."""
    ledger = _ledgers.get(id(queue))
    return ledger.name if ledger is not None else ""


def _open(queue: Any, ledger: Ledger | None) -> None:
    key = id(queue)

    def gone(_: object) -> None:
        if ledger is not None:
            _flush(ledger)
        _ledgers.pop(key, None)
        _ignored.pop(key, None)
        _fast.pop(key, None)

    if ledger is None:
        _ignored[key] = weakref.ref(queue, gone)
    else:
        ledger.ref = weakref.ref(queue, gone)
        if flush not in report.finals:
            report.finals.append(flush)
    _ledgers[key] = ledger


def _add(ledger: Ledger, act: str, item: Any, size: int) -> None:
    """A line: sent if it is among the first and the server keeps up, else kept back."""
    report.forget_parent()
    n = next(ledger.count)
    caught_up = n <= FIRST and (not ledger.last or _caught_up(ledger))
    if caught_up and report.try_jot(ledger.kind, _line(ledger, act, n, item, size)):
        ledger.said += 1
        return
    if act not in _ITEMS:
        item = size
    elif type(item) not in _UNCHANGING and type(item) is not _Text:
        item = _Text(*_said(item), _length(item))
    ledger.last.append((n, monotonic_ns(), act, item, local.mark))
    queue = ledger.ref()
    if n > FIRST and queue is not None and ledger.kind == "queue" and id(queue) not in _fast:
        if not _fast:
            report.at_once[:] = [_fast.clear]
        _fast[id(queue)] = ledger.last.append, ledger.count.__next__


class _Text:
    __slots__ = ("json", "kind", "length")

    def __init__(self, json: str, kind: str, length: int) -> None:
        self.json = json
        self.kind = kind
        self.length = length


def _said(item: Any) -> tuple[str, str]:
    if type(item) is _Text:
        return item.json, item.kind
    return _json(item), describe.full_type_name(item)


def _length(item: Any) -> int:
    """Of a text or of bytes that are not said in full, alone or in a list or tuple: how long they are."""
    kind = type(item)
    if kind is _Text:
        return int(item.length)
    if kind is tuple or kind is list:
        return max((_length(part) for part in item[:16] if type(part) in _LONG), default=0)
    return len(item) if (kind is str and len(item) > ITEM // 4) or kind is bytes else 0


_LONG = frozenset({str, bytes})


def _json(item: Any) -> str:
    """Bounded JSON of an item of builtin types, in containers two levels deep; one, where two are too much."""
    if type(item) in _UNCHANGING:
        return _scalar(item)
    text = _container(item, _part)
    return text if len(text) <= ITEM * 4 else _container(item, _scalar)


def _container(item: Any, said: Callable[[Any], str]) -> str:
    kind = type(item)
    if kind is tuple or kind is list:
        if len(item) > 16:
            return ""
        return f"[{','.join([said(part) for part in list(item)])}]"
    if describe.is_a(item, tuple) and len(parts := tuple(tuple.__iter__(item))) <= 16:
        return f"[{','.join([said(part) for part in parts])}]"  # a named one
    if kind is dict and len(item) <= 16:
        items = list(item.items())
        if all(type(key) is str for key, _ in items):
            return f"{{{','.join([f'{report.quote(key)}:{said(part)}' for key, part in items])}}}"
    if kind is not dict and len(inside := describe.fields(item)) <= 16:
        # An object of a class of the learner's: what it holds, asked of nobody.
        fields = [f",{report.quote(key)}:{said(part)}" for key, part in list(inside.items()) if type(key) is str]
        return f'{{"$type":{report.quote(describe.full_type_name(item))}{"".join(fields)}}}'
    return ""


def _part(value: Any) -> str:
    """A part of an item, in full also where it is a small list, tuple or dict itself."""
    return (_container(value, _scalar) if type(value) in _NESTED else "") or _scalar(value)


def _scalar(value: Any) -> str:
    kind = type(value)
    if kind is str:
        return report.quote(value, ITEM // 4)
    if kind is int and value.bit_length() > 63:
        return '{"$int":"big"}'
    if kind in _UNCHANGING:
        return report.encode(value)
    return f'{{"$type":{report.quote(describe.full_type_name(value))}}}'


def _line(ledger: Ledger, act: str, n: int, item: Any, size: int) -> str:
    """What is said of it, for :func:`report.jot`."""
    rest = '%s,"act":"%s","n":%d%s' % (ledger.head, act, n, ledger.tail)
    if size >= 0:
        return '%s,"size":%d' % (rest, size)
    if act not in _ITEMS:
        return rest
    if type(item) is int and -_WORD < item < _WORD:
        return '%s,"item":"%d","item_type":"int"' % (rest, item)
    text, kind = _said(item)
    if text:
        rest = '%s,"item":%s' % (rest, report.quote(text[: ITEM * 4], report.MOST))
    length = _length(item)
    if length:
        rest = '%s,"length":%d' % (rest, length)
    return '%s,"item_type":%s' % (rest, report.quote(kind))


_WORD = 1 << 63


def _caught_up(ledger: Ledger) -> bool:
    """Whether the lines that a busy server had no room for are now sent: a process that hangs has no end to do it at.

    They go before the next one, so that of what was seen nothing is missing in between.
    """
    while ledger.last:
        part: list[tuple[int, int, str, Any, tuple[str, int]]] = []
        while ledger.last and len(part) < TOGETHER:
            part.append(ledger.last.popleft())
        if not report.try_bundle([_late(ledger, line) for line in part]):
            ledger.last.extendleft(reversed(part))
            return False
        ledger.said += len(part)
    return True


def _late(ledger: Ledger, line: tuple[int, int, str, Any, tuple[str, int]]) -> str:
    """A line that was kept back, as a packet."""
    n, at, act, item, (context, tid) = line
    said = _line(ledger, act, n, item, -1 if act in _ITEMS else item)
    return '{"kind":"%s","at":%d,"tid":%d%s%s}' % (ledger.kind, at, tid, context, said)


def _flush(ledger: Ledger) -> None:
    """Sends the last lines; those between them and the first are counted."""
    if not ledger.last:
        return
    last = []
    while ledger.last:  # others may add to it meanwhile
        last.append(ledger.last.popleft())
    newest = max(line[0] for line in last)
    left_out = newest - ledger.said - len(last)
    ledger.said += len(last)
    if left_out > 0:
        ledger.said += left_out
        report.omit(ledger.kind, left_out)
    report.bundle([_late(ledger, line) for line in last], ledger.kind)


def flush() -> None:
    """Sends what all ledgers have kept back."""
    for ledger in list(_ledgers.values()):
        if ledger is not None:
            _flush(ledger)


def _forget() -> None:
    """In a forked child: the parent says its own lines."""
    _fast.clear()
    for ledger in _ledgers.values():
        if ledger is not None:
            ledger.last.clear()
            ledger.count = count(1)
            ledger.said = 0


report.at_fork.append(_forget)

# -- queues of threads -------------------------------------------------------------------


@ending
def made(token: Any, _result: Any) -> None:
    queue = token[0]
    caller = sys._getframe(3).f_globals.get("__name__", "")
    theirs = type(caller) is str and caller.startswith(
        ("concurrent.futures", "multiprocessing.pool", "IPython", "ipykernel", "zmq", "tornado")
    )
    if not local.run or theirs:
        _open(queue, None)
        return
    base = describe.library_type_name(queue, "queue", _KIND)
    ledger = Ledger(f"{os.getpid()}:{id(queue):x}", describe.type_name(queue), queue.maxsize, base)
    _open(queue, ledger)
    report.jot("queue", _line(ledger, "made", 0, None, -1))


def _of(queue: Any) -> Ledger | None:
    return _ledgers.get(id(queue))


def put(queue: Any, item: Any) -> None:
    """Inside the queue's own lock, so that lines are in the order of the queue, and as short as can be."""
    fast = _quick(id(queue))
    if fast is not None and type(item) in _UNCHANGING:
        fast[0]((fast[1](), monotonic_ns(), "put", item, local.mark))
    else:
        _slowly(queue, "put", item)


def got(queue: Any, item: Any) -> None:
    """As :func:`put`."""
    fast = _quick(id(queue))
    if fast is not None and type(item) in _UNCHANGING:
        fast[0]((fast[1](), monotonic_ns(), "get", item, local.mark))
    else:
        _slowly(queue, "get", item)


@hook
def _slowly(queue: Any, act: str, item: Any) -> None:
    ledger = _ledgers.get(id(queue))
    if ledger is not None:
        _add(ledger, act, item, -1)


@hook
def waits_to_put(queue: Any, _item: Any) -> None:
    ledger = _of(queue)
    if ledger is not None:
        _add(ledger, "wait-put", None, queue._qsize())


@hook
def waits_to_get(queue: Any) -> None:
    ledger = _of(queue)
    if ledger is not None:
        _add(ledger, "wait-get", None, queue._qsize())


@ending
def looked(token: Any, result: Any) -> None:
    """Someone asked whether it is empty, and still holds its lock. Some ask without end, so not all is told:

    the first time that each thread was told no, and the first hundred times that any was told yes.
    """
    ledger = _of(token[0])
    if ledger is None or len(ledger.looks) >= LOOKS:
        return
    told = (local.mark[1], len(ledger.looks) if result else -1)
    if told not in ledger.looks:
        ledger.looks.add(told)
        _add(ledger, "look", None, 0 if result else 1)


@hook
def empty(queue: Any) -> None:
    ledger = _of(queue)
    if ledger is not None:
        _add(ledger, "empty", None, -1)


@hook
def full(queue: Any, _item: Any) -> None:
    ledger = _of(queue)
    if ledger is not None:
        _add(ledger, "full", None, -1)


@hook
def joining(queue: Any) -> Any:
    ledger = _of(queue)
    if ledger is not None:
        _add(ledger, "join", None, queue.unfinished_tasks)
    return ledger


@ending
def done(token: Any, _result: Any) -> None:
    ledger = _of(token[0])
    if ledger is not None:
        _add(ledger, "done", None, token[0].unfinished_tasks)


@ending
def joined(ledger: Any, _result: Any) -> None:
    if ledger is not None:
        _add(ledger, "joined", None, -1)


# -- queues of processes ------------------------------------------------------------------


def _mp_name(queue: Any) -> str:
    """Its read lock's name: the same in all processes."""
    return describe.semaphore_name(describe.attributes(queue)["_rlock"])


def _mp_open(queue: Any, made_here: bool) -> None:
    maxsize = describe.attributes(queue).get("_maxsize", 0)
    synchronize = sys.modules["multiprocessing.synchronize"]
    if maxsize >= synchronize.SEM_VALUE_MAX:
        maxsize = 0
    caller = sys._getframe(4).f_globals.get("__name__", "") if made_here else ""
    if caller == "multiprocessing.context":
        caller = sys._getframe(5).f_globals.get("__name__", "")
    if type(caller) is str and caller.startswith(("multiprocessing.pool", "concurrent.futures")):
        _open(queue, None)
        return
    base = describe.library_type_name(queue, "multiprocessing.queues", _KIND)
    ledger = Ledger(_mp_name(queue), describe.type_name(queue), maxsize, base)
    _open(queue, ledger)
    if made_here:
        report.jot("queue", _line(ledger, "made", 0, None, -1))


@ending
def mp_made(token: Any, _result: Any) -> None:
    _mp_open(token[0], True)


mp_joinable_made = ending(lambda _token, _result: None)


@ending
def mp_simple_made(token: Any, _result: Any) -> None:
    _mp_open(token[0], True)


def _arrived(queue: Any, names: tuple[str, ...]) -> None:
    locks = sys.modules.get("parallab_probe.locks")
    if locks is not None:
        for name in names:
            lock = describe.attributes(queue).get(name)
            if lock is not None:
                locks.inner(lock, "queue")
    _mp_open(queue, False)


@ending
def mp_arrived(token: Any, _result: Any) -> None:
    _arrived(token[0], ("_rlock", "_wlock", "_sem"))


@ending
def mp_joinable_arrived(token: Any, _result: Any) -> None:
    locks = sys.modules.get("parallab_probe.locks")
    if locks is not None:
        locks.inner(token[0]._unfinished_tasks, "queue")


@ending
def mp_simple_arrived(token: Any, _result: Any) -> None:
    _arrived(token[0], ("_rlock", "_wlock"))


@ending
def mp_put(token: Any, _result: Any) -> None:
    ledger = _of(token[0])
    if ledger is not None:
        _add(ledger, "put", token[1], -1)


@ending
def mp_got(token: Any, item: Any) -> None:
    ledger = _of(token[0])
    if ledger is not None:
        _add(ledger, "get", item, -1)


@hook
def mp_simple_putting(queue: Any, item: Any) -> Any:
    """Its parameter is rebound to the pickle, so the item is noted before."""
    return queue, _Text(*_said(item), _length(item))


@ending
def mp_simple_put(token: Any, _result: Any) -> None:
    if token is not None:
        ledger = _of(token[0])
        if ledger is not None:
            _add(ledger, "put", token[1], -1)


mp_full = full
mp_empty = empty
mp_looked = looked


@hook
def mp_unsent(_error: Any, item: Any) -> None:
    """The feeder thread could not pickle it: ``put`` had returned long ago, and nobody will get it."""
    lock = sys._getframe(3).f_locals.get("writelock")
    for key, ledger in list(_ledgers.items()):
        if ledger is None or ledger.kind != "queue":
            continue
        queue = ledger.ref()
        if lock is not None and describe.attributes(queue).get("_wlock") is lock and len(ledger.looks) < LOOKS:
            ledger.looks.add((key, len(ledger.looks)))
            kind = report.quote(describe.full_type_name(item))
            report.jot("queue", '%s,"act":"unsent"%s,"item_type":%s' % (ledger.head, ledger.tail, kind))
            return


@ending
def mp_done(token: Any, _result: Any) -> None:
    ledger = _of(token[0])
    if ledger is not None:
        _add(ledger, "done", None, token[0]._unfinished_tasks._semlock._get_value())


@hook
def mp_joining(queue: Any) -> Any:
    ledger = _of(queue)
    if ledger is not None:
        _add(ledger, "join", None, -1)
    return ledger


@ending
def mp_joined(ledger: Any, _result: Any) -> None:
    if ledger is not None:
        _add(ledger, "joined", None, -1)


# -- pipes ---------------------------------------------------------------------------------


def ledger_of(connection: Any) -> Ledger | None:
    """That of a pipe's end, if it was used in this process before."""
    return _ledgers.get(id(connection))


def open_pipe(connection: Any, name: str, more: str) -> Ledger:
    """A ledger for a pipe's end, called by its inode; ``more`` is said in each line."""
    ledger = Ledger(name, "", 0)
    ledger.kind = "pipe"
    ledger.head = f',"pipe":{report.quote(name)}{more}'
    _open(connection, ledger)
    return ledger


def add(ledger: Ledger, act: str, item: Any) -> None:
    """A line of what went in or came out."""
    _add(ledger, act, item, -1)
