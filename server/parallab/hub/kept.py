"""What the class service keeps beside reports, a row of a table each. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """A learner's question. ``answered`` is None while nobody has."""

    number: int
    learner: str
    lab: str
    step: str
    text: str
    asked: float
    answer: str
    answered_by: str
    answered: float | None
    over: bool


@dataclass(frozen=True)
class Ruling:
    """An instructor's own word on a learner's lab; ``score`` from 0 to 1, None where only excused."""

    learner: str
    lab: str
    excused: bool
    score: float | None
    reason: str
    ruled_by: str
    ruled: float


@dataclass(frozen=True)
class HandIn:
    """A notebook that was handed in; its bytes are asked for apart."""

    number: int
    learner: str
    lab: str
    received: float
    digest: str
    size: int


@dataclass(frozen=True)
class Recheck:
    """What came of running a handed-in notebook again. ``data`` is what ``parallab.grading`` found, as JSON."""

    learner: str
    lab: str
    digest: str
    checked: float
    data: str


@dataclass(frozen=True)
class WantedRecheck:
    """An instructor wants a class's notebooks of a lab run again, and that is not done yet."""

    class_name: str
    lab: str
    wanted_by: str
    wanted: float


@dataclass(frozen=True)
class Deadline:
    """When a class's lab is due, Unix seconds."""

    class_name: str
    lab: str
    due: float
    set_by: str
