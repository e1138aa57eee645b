"""Hooks in ``multiprocessing.managers``: what is asked of a manager's server through proxies, and what it answers.

The first lines of each process are sent as they happen; after that the last are kept back and sent
when the cell or the process ends.
"""

from __future__ import annotations

import sys
from collections import deque
from itertools import count
from time import monotonic_ns

from parallab_probe import describe, install, report
from parallab_probe.report import ending, hook

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

FIRST = 600
"""Lines of a process that are sent one by one, and are worth waiting for: pairs of them are counted."""
LAST = 200
TEXT = 1024


class _State:
    def __init__(self) -> None:
        self.last: deque[tuple[int, str]] = deque(maxlen=LAST)
        self.forget()

    def forget(self) -> None:
        """In a forked child: its parent says its own lines."""
        self.count = count(1)
        self.said = 0
        self.last.clear()


state = _State()
report.at_fork.append(state.forget)


def _json(value: object) -> Any:
    values: Any = install.hooks("values")
    text = values.json(value, TEXT)
    return report.Json(text) if text else ""


@hook
def calling(proxy: Any, method: Any, args: Any) -> Any:
    token = describe.attributes(proxy).get("_token")
    if token is None or type(method) is not str:
        return None
    return {
        "began": monotonic_ns(),
        "object": str(token.id),
        "type": str(token.typeid),
        "server": token.address if type(token.address) is str else "",
        "method": method,
        "args": _json(args) if args else "",
        "given": tuple([describe.type_name(arg) for arg in list(args)[:8]]) if type(args) is tuple else (),
    }


@ending
def called(facts: Any, result: Any) -> None:
    if facts is not None:
        kind = describe.type_name(result)
        _add({**facts, "result": _json(result) if result is not None else "", "result_type": kind})


@hook
def not_called(facts: Any) -> None:
    error = sys.exc_info()[1]
    if facts is not None and error is not None:
        _add({**facts, "error": describe.failure(error)})


def _add(facts: dict[str, Any]) -> None:
    n = next(state.count)
    if n <= FIRST:
        report.tell("proxy", facts)
    else:
        state.last.append((n, report.packet("proxy", facts)))
        return
    state.said = n


def flush() -> None:
    """Sends what was kept back; what lies between is counted."""
    if not state.last:
        return
    lines = list(state.last)
    state.last.clear()
    left_out = lines[-1][0] - state.said - len(lines)
    state.said = lines[-1][0]
    if left_out > 0:
        report.omit("proxy", left_out)
    report.bundle([text for _, text in lines], "proxy")


report.finals.append(flush)


def kinds(manager: Any) -> tuple[str, ...]:
    """The types of the learner's own that a manager's class serves, as ``module.name``."""
    found = []
    for base in type.mro(type(manager)):
        registry = type.__dict__["__dict__"].__get__(base).get("_registry")
        if type(registry) is not dict:
            continue
        for entry in list(registry.values())[:64]:
            made: Any = entry[0] if type(entry) is tuple and entry else None
            module = getattr(made, "__module__", "") if type(made) in (type, _FUNCTION) else ""
            if type(module) is str and module and (module == "__main__" or not module.startswith(_THEIRS)):
                found.append(f"{module}.{made.__qualname__}")
        break
    return tuple(dict.fromkeys(found))[:16]


_FUNCTION = type(flush)
_THEIRS = ("multiprocessing", "builtins", "threading", "queue", "_")
