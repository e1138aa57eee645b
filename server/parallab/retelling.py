"""Answers of the server, told in a reader's language: which of their fields are sentences of ours. Pure.

All that is judged and kept is English; ``desk`` and the live picture make their answers so, and here, last of
all, their sentences are exchanged. What a learner wrote, names and ids are never touched.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from parallab import wire
from parallab.phrases import Tongue

Value = TypeVar("Value")

#: Fields that hold sentences of ours: a text, texts, or texts by name.
TOLD: Mapping[type[msgspec.Struct], tuple[str, ...]] = {
    wire.GoalResult: ("text", "expected", "observed", "reason", "hint", "note"),
    wire.MistakeView: ("sentence",),
    wire.StepResult: ("not_recorded",),
    wire.GoalView: ("text",),
    wire.StepView: ("skipped",),
    wire.Answered: ("reason",),
    wire.PredictionView: ("observed",),
    wire.Objective: ("text",),
    wire.Course: ("title", "level"),
    wire.ClassView: ("trouble",),
    wire.LiveThread: ("waits_for",),
    wire.LiveProcess: ("waits_for",),
    wire.KernelState: ("message", "diagnoses", "cannot_tell", "waits_for"),
    wire.Capability: ("what", "why"),
    wire.Leftover: ("what", "why"),
    wire.Leftovers: ("cannot_tell",),
    wire.CleanReply: ("cannot_tell",),
    wire.RescueReply: ("happened",),
    wire.Frozen: ("seen",),
    wire.ActReply: ("happened",),
    wire.DoubtReply: ("contents",),
    wire.ProblemReply: ("message",),
    wire.FilmCaption: ("text",),
    wire.Film: ("not_recorded",),
}


def retold(value: Value, tongue: Tongue) -> Value:
    """The value with its sentences in this language; values that have none are the same object."""
    if isinstance(value, msgspec.Struct):
        return _struct(value, tongue) if _speaks(value.__class__) else value  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(retold(one, tongue) for one in value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {name: retold(one, tongue) for name, one in value.items()}  # type: ignore[return-value]
    return value


def _struct(value: msgspec.Struct, tongue: Tongue) -> msgspec.Struct:
    told = TOLD.get(type(value), ())
    changed: dict[str, Any] = {}
    for name in value.__struct_fields__:
        before = getattr(value, name)
        after = (
            _texts(before, tongue) if name in told else retold(before, tongue) if _inside(type(value), name) else before
        )
        if after is not before:
            changed[name] = after
    return msgspec.structs.replace(value, **changed) if changed else value


def _texts(value: object, tongue: Tongue) -> object:
    if isinstance(value, str):
        return tongue.text(value)
    if isinstance(value, tuple):
        return tuple(_texts(one, tongue) for one in value)
    if isinstance(value, dict):
        return {name: _texts(one, tongue) for name, one in value.items()}
    return value


@lru_cache(maxsize=256)
def _speaks(kind: type) -> bool:
    """Whether a struct, or one inside it, has sentences."""
    return kind in TOLD or any(_inside(kind, name) for name in typing.get_type_hints(kind))


@lru_cache(maxsize=1024)
def _inside(kind: type, name: str) -> bool:
    """Whether a field holds structs that have sentences."""
    return any(_speaks(inner) for inner in _structs(typing.get_type_hints(kind)[name]))


def _structs(hint: object) -> Iterator[type]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
    for inner in typing.get_args(hint):
        yield from _structs(inner)
