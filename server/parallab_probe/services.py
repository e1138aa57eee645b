"""Hooks in pools, executors and managers: begun, closed, ended."""

from __future__ import annotations

import sys
from itertools import count

from parallab_probe import describe, install
from parallab_probe.report import ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

_numbers = count(1)
_tasks = count(1)
_idents: dict[int, int] = {}


def _ident(service: Any) -> int:
    """Its number in this process."""
    return _idents.get(id(service), 0)


def known(service: Any) -> bool:
    """Whether a cell made it."""
    return id(service) in _idents


def next_task() -> int:
    """A number for what is handed to an executor of threads, which does not number it itself."""
    return next(_tasks)


def _begin(service: Any, kind: str, child: int = 0, more: Any = None) -> None:
    if len(_idents) > 4096:
        _idents.clear()
    # An id that is used again: the one that had it is gone, this is its successor's begin.
    _idents[id(service)] = next(_numbers)
    tell("service", {"service": kind, "ident": _ident(service), "act": "begin", "child": child, **(more or {})})


def _say(service: Any, kind: str, act: str) -> None:
    if not local.internal:
        tell("service", {"service": kind, "ident": _ident(service), "act": act})


def _facts(service: Any, size: str, queue: str) -> dict[str, Any]:
    """How many it hires, what each of these does first, and by what its queue of tasks is known."""
    inside = describe.attributes(service)
    tasks: Any = install.hooks("tasks")
    return {
        "cls": describe.full_type_name(service),
        "size": inside.get(size),
        "initializer": describe.function_name(inside.get("_initializer")),
        "queue": tasks.queue_name(inside.get(queue)),
    }


def _pool_kind(pool: Any) -> str:
    thread_pool = sys.modules["multiprocessing.pool"].ThreadPool
    return "thread-pool" if thread_pool in type.mro(type(pool)) else "pool"


@ending
def pool_begun(token: Any, _result: Any) -> None:
    _begin(token[0], _pool_kind(token[0]), more=_facts(token[0], "_processes", "_inqueue"))


@hook
def pool_not_begun(_token: Any) -> None:
    """Its processes' failed starts have said it."""


@ending
def pool_closed(token: Any, _result: Any) -> None:
    _say(token[0], _pool_kind(token[0]), "close")


@hook
def pool_terminating(pool: Any) -> Any:
    _say(pool, _pool_kind(pool), "terminate")
    return pool


@ending
def pool_terminated(pool: Any, _result: Any) -> None:
    if pool is not None:
        _say(pool, _pool_kind(pool), "terminated")


@hook
def pool_joining(pool: Any) -> Any:
    _say(pool, _pool_kind(pool), "join")
    return pool


@ending
def pool_joined(pool: Any, _result: Any) -> None:
    if pool is not None:
        _say(pool, _pool_kind(pool), "joined")


@ending
def manager_begun(token: Any, _result: Any) -> None:
    process = describe.attributes(token[0]).get("_process")
    _begin(token[0], "manager", process.pid if process is not None else 0, _of_manager(token[0]))
    if process is not None:
        _idents[id(process)] = _ident(token[0])


@hook
def manager_not_begun(token: Any) -> None:
    """Its server died, perhaps of what it could not import."""
    process = describe.attributes(token[0]).get("_process")
    child = process.pid if process is not None else 0
    tell("service", {"service": "manager", "act": "fail", "child": child, **_of_manager(token[0])})


def _of_manager(manager: Any) -> dict[str, Any]:
    proxies: Any = install.hooks("proxies")
    address = describe.attributes(manager).get("_address")
    return {
        "address": address if type(address) is str else "",
        "cls": describe.full_type_name(manager),
        "kinds": proxies.kinds(manager),
    }


@hook
def manager_shutdown(process: Any) -> None:
    facts = {"service": "manager", "ident": _ident(process), "act": "shutdown", "child": process.pid or 0}
    tell("service", facts)


@ending
def executor_begun(token: Any, _result: Any) -> None:
    _begin(token[0], "executor", more=_facts(token[0], "_max_workers", "_call_queue"))


@hook
def executor_shutdown(executor: Any) -> Any:
    _say(executor, "executor", "shutdown")
    return executor


@ending
def executor_shut(executor: Any, _result: Any) -> None:
    if executor is not None:
        _say(executor, "executor", "ended")


@ending
def threads_begun(token: Any, _result: Any) -> None:
    if local.run:
        _begin(token[0], "thread-executor", more=_facts(token[0], "_max_workers", "_work_queue"))


@hook
def threads_shutdown(executor: Any) -> Any:
    if _ident(executor):
        _say(executor, "thread-executor", "shutdown")
        return executor
    return None


@ending
def threads_shut(executor: Any, _result: Any) -> None:
    if executor is not None:
        _say(executor, "thread-executor", "ended")
