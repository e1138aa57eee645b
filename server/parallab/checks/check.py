"""The ``@check`` decorator: a function becomes a goal of a step, in the order of its file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])
Phase = Literal["break", "repair"]
_MARK = "__parallab_check__"


@dataclass(frozen=True)
class Check:
    """A goal: ``text`` is what the learner reads, ``needs`` the goals whose findings it takes."""

    step: str
    name: str
    text: str
    phase: Phase | None
    needs: tuple[str, ...]
    function: Callable[..., Any]


class CheckError(ValueError):
    """A check that is not well-formed; the text says what to mend. ``line`` is its own."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def check(step: str, *, phase: Phase | None = None) -> Callable[[Function], Function]:
    """Marks a function as a goal of ``step``; its first parameter is the evidence, ``run``."""

    def mark(function: Function) -> Function:
        setattr(function, _MARK, (step, phase))
        return function

    return mark


def collect(names: dict[str, Any] | Iterable[Any]) -> MappingProxyType[str, tuple[Check, ...]]:
    """The checks among a module's values, by step, in order of definition.

    :raises CheckError: no docstring, no ``run``, a name used twice, or a parameter that names no
        earlier goal of the same step.
    """
    values: Iterable[Any] = names.values() if isinstance(names, dict) else names
    found: dict[str, dict[str, Check]] = {}
    for function in values:
        marked = getattr(function, _MARK, None) if inspect.isfunction(function) else None
        if marked is None:
            continue
        step, phase = marked
        made = _check(function, step, phase, found)
        found.setdefault(step, {})[made.name] = made
    return MappingProxyType({step: tuple(checks.values()) for step, checks in found.items()})


def _check(function: Callable[..., Any], step: str, phase: Phase | None, found: dict[str, dict[str, Check]]) -> Check:
    """``found`` are the checks so far, by step and name."""
    earlier = found.get(step, {})
    name, line = function.__name__, function.__code__.co_firstlineno
    text = " ".join((inspect.getdoc(function) or "").split())
    parameters = tuple(inspect.signature(function).parameters)
    if not text:
        raise CheckError(f"check {name!r} has no docstring: it is the goal that the learner reads", line)
    if parameters[:1] != ("run",):
        raise CheckError(f"check {name!r} must take 'run' as its first parameter", line)
    if name in earlier:
        raise CheckError(f"two checks of step {step!r} are called {name!r}: rename one", line)
    for need in parameters[1:]:
        if need in earlier:
            continue
        for other, checks in found.items():
            if need in checks:
                raise CheckError(f"check {name!r} of step {step!r} needs {need!r}, a check of {other!r}", line)
        raise CheckError(f"check {name!r} needs {need!r}, which is no earlier check of step {step!r}", line)
    return Check(step, name, text, phase, parameters[1:], function)
