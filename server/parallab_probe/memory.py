"""What the names of the learner's own modules hold in this process: each process has its own copy of them.

The learner's are those whose file lies in the working folder. Of their names, those are copied
that hold values of builtin types; functions, classes and what begins with "_" are not.
"""

from __future__ import annotations

import os
import sys
import types

from parallab_probe import describe, report, values

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# Every forked child comes by here at its end, so few objects are used: parallab_probe.lives says why.
_MODULE = types.ModuleType
_FUNCTION = types.FunctionType
_METHOD = types.MethodType
_NEVER = frozenset({_FUNCTION, _MODULE, type, types.BuiltinFunctionType})
"""What most names of a module hold, and what is never copied."""
MODULES = 8
NAMES = 32
SIZE = 16 * 1024
"""Of all values together, in bytes."""


def _mine(module: object, folder: str) -> bool:
    return type(module) is _MODULE and _lies_in(vars(module), folder)


def _lies_in(space: dict[str, Any], folder: str) -> bool:
    file = space.get("__file__")
    return type(file) is str and file.rpartition("/")[0] == folder


def _space(work: Any) -> dict[str, Any] | None:
    """The globals of a function, method, partial or class, or of an object's class."""
    for _ in range(5):
        if type(work) is _FUNCTION:
            return work.__globals__
        if type(work) is _METHOD:
            work = work.__func__
        elif "functools" in sys.modules and type(work) is sys.modules["functools"].partial:
            work = work.func
        elif type in type.mro(type(work)):
            module = sys.modules.get(str(type.__getattribute__(work, "__module__")))
            return vars(module) if module is not None else None
        else:
            work = type(work)
    return None


def reached(works: Iterable[Any]) -> dict[str, types.ModuleType]:
    """The learner's modules among these objects, those that functions and classes come from, and what these import."""
    try:
        folder = os.getcwd()
    except OSError:
        return {}
    found: dict[str, types.ModuleType] = {}
    for work in works:
        if type(work) is _MODULE:
            first: list[Any] = [work]
        else:
            space = _space(work)
            if space is None:
                continue
            first = [
                sys.modules.get(str(space.get("__name__"))),
                *(list(space.values()) if _near(space, folder) else ()),
            ]
        for module in first:
            if _mine(module, folder):
                found.setdefault(module.__name__, module)
                for part in list(vars(module).values()):
                    other: Any = part
                    if type(part) is _FUNCTION:
                        if part.__module__ is module.__name__:
                            continue  # its own
                        other = sys.modules.get(str(part.__module__))
                    if _mine(other, folder):
                        found.setdefault(other.__name__, other)
        if len(found) > MODULES:
            break
    return dict(list(found.items())[:MODULES])


def of_work(work: Any) -> tuple[dict[str, Any], ...]:
    """What the learner's modules hold that this work is from, as model.Value."""
    modules = reached((work,))
    return copied(modules) if modules else ()


def _near(space: dict[str, Any], folder: str) -> bool:
    """Whether code with these globals is the learner's: of a module in the folder, or of the notebook."""
    return space.get("__name__") == "__main__" or _lies_in(space, folder)


def copied(modules: dict[str, types.ModuleType], most: int = SIZE) -> tuple[dict[str, Any], ...]:
    """Their names as model.Value, called ``module.name``, as many as fit into so many bytes."""
    found: list[dict[str, Any]] = []
    left = min(SIZE, most)
    for module, held in modules.items():
        for name, value in list(vars(held).items()):
            if type(name) is not str or name.startswith("_") or type(value) in _NEVER or len(found) == NAMES:
                continue
            text = values.json(value, max(0, left))
            if text:
                left -= int(len(text) * 1.2)
                kind = describe.full_type_name(value)
                found.append({"name": f"{module}.{name}", "type": kind, "json": report.Json(text)})
    return tuple(found)
