"""Hooks in ``multiprocessing.managers``: what is asked of a manager's server through proxies, and what it answers."""

from __future__ import annotations

import sys
from time import monotonic_ns

from parallab_probe import describe, install, report
from parallab_probe.report import ending, hook

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

TEXT = 1024

_lines: Any = install.hooks("lines")
#: A queue of a Manager's takes two calls for each item, and all of a lab's items are counted.
LAST = 1000
lines = _lines.Lines("proxy", LAST)


def _json(value: object) -> Any:
    values: Any = install.hooks("values")
    text = values.json(value, TEXT)
    return report.Json(text) if text else ""


@hook
def calling(proxy: Any, method: Any, args: Any, named: Any = None) -> Any:
    token = describe.attributes(proxy).get("_token")
    if token is None or type(method) is not str:
        return None
    if named and type(args) is tuple and type(named) is dict:
        args = (*args, named)  # as `update(n=1)` means `update({"n": 1})`
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
        lines.add({**facts, "result": _json(result) if result is not None else "", "result_type": kind})


@hook
def not_called(facts: Any) -> None:
    error = sys.exc_info()[1]
    if facts is not None and error is not None:
        lines.add({**facts, "error": describe.failure(error)})


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


_FUNCTION = type(kinds)
_THEIRS = ("multiprocessing", "builtins", "threading", "queue", "_")
