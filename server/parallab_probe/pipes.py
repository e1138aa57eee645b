"""Hooks in ``multiprocessing.connection``: what the learner's own pipes carried, and who closed or met which end.

A pipe inside a queue, a pool or a manager is the library's: its calls come from the library, and are left out.
Lines are kept as those of queues are (:mod:`parallab_probe.queues`).
"""

# ruff: noqa: UP031 - "%" formats without a call and an object per part; see report.say
from __future__ import annotations

import os
import sys

from parallab_probe import describe, install, report
from parallab_probe.report import ending, hook

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

RARE = 100
"""Failures, ends and closings of one end in one process that are told."""
_LIBRARY = ("multiprocessing.", "concurrent.futures")
#: Where the library calls what it was given: `target=end.send`, or `asyncio.to_thread(end.recv)`.
_GIVEN = frozenset({("multiprocessing.process", "run"), ("concurrent.futures.thread", "run")})


def _ledgers() -> Any:
    return install.hooks("queues")


def _learners(depth: int) -> bool:
    """Whether the call came from the learner's code: ``depth`` frames above the hook's own."""
    frame = sys._getframe(depth + 1)
    caller = frame.f_globals.get("__name__", "")
    if caller == "multiprocessing.connection" and frame.f_code.co_name == "__exit__":
        return True  # of a with block
    if type(caller) is str and (caller, frame.f_code.co_name) in _GIVEN:
        return True
    if caller == "multiprocessing.context":
        caller = sys._getframe(depth + 2).f_globals.get("__name__", "")
    return not (type(caller) is str and caller.startswith(_LIBRARY))


def _end(connection: Any) -> tuple[str, str]:
    """The inode of what it is an end of, and the letters of what this end is for; "" where it is closed."""
    inside = describe.attributes(connection)
    handle = inside.get("_handle")
    if type(handle) is not int:
        return "", ""
    mode = ("r" if inside.get("_readable") else "") + ("w" if inside.get("_writable") else "")
    return str(os.fstat(handle).st_ino), mode


def _of(connection: Any) -> Any:
    """Its ledger, opened at its first use in this process; None where it is closed."""
    queues = _ledgers()
    report.forget_parent()
    known = queues.ledger_of(connection)
    if known is not None:
        return known
    inode, mode = _end(connection)
    if not inode:
        return None
    return queues.open_pipe(connection, inode, f',"mode":"{mode}"')


@ending
def made(_token: Any, result: Any) -> None:
    if not _learners(3) or type(result) is not tuple:
        return
    first, second = result
    peer, _ = _end(second)
    ledger = _of(first)
    report.jot("pipe", '%s,"act":"made","peer":"%s"' % (ledger.head, peer))


@hook
def sending(connection: Any, item: Any) -> Any:
    if not _learners(3):
        return None
    return _of(connection), item


@ending
def sent(token: Any, _result: Any) -> None:
    if token is not None and token[0] is not None:
        _ledgers().add(token[0], "send", token[1])


@hook
def receiving(connection: Any) -> Any:
    return (_of(connection), None) if _learners(3) else None


@ending
def received(token: Any, result: Any) -> None:
    if token is not None and token[0] is not None:
        _ledgers().add(token[0], "recv", result)


@ending
def received_into(token: Any, result: Any) -> None:
    if token is not None and token[0] is not None and type(result) is int:
        _ledgers().add(token[0], "recv", bytes(result))  # as many of them as came; what they are is never said


@hook
def failed(token: Any) -> None:
    """send or recv raised; of recv, EOFError says that every writing end is closed."""
    error = sys.exc_info()[1]
    if token is None or token[0] is None or error is None:
        return
    act = "eof" if type(error) is EOFError else "fail"
    _rarely(token[0], act, ',"error":' + report.encode(describe.failure(error)))


@hook
def closing(connection: Any) -> Any:
    if describe.attributes(connection).get("_handle") is None or not _learners(3):
        return None
    return _of(connection), None


@ending
def closed(token: Any, _result: Any) -> None:
    if token is not None and token[0] is not None:
        _rarely(token[0], "close", "")


def _rarely(ledger: Any, act: str, rest: str) -> None:
    if len(ledger.looks) < RARE:
        ledger.looks.add((len(ledger.looks), 0))
        report.jot("pipe", '%s,"act":"%s"%s' % (ledger.head, act, rest))
