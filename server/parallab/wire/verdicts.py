"""What a check found: goals, steps, and a report of them all."""

from __future__ import annotations

from typing import Literal

import msgspec

SCHEMA = 1
Verdict = Literal["passed", "failed", "undecided", "broken", "not-attempted"]
Phase = Literal["break", "repair"]
StepKind = Literal["code", "predict", "quiz", "parsons", "recall", "order", "match", "columns", "free"]


class MistakeView(msgspec.Struct, frozen=True):
    """A mistake of the catalogue, as a learner is told of it."""

    id: str
    sentence: str


class GoalMoment(msgspec.Struct, frozen=True):
    """Where a film shows what a goal was decided by: the moment, in a Film's milliseconds, and whom to look at.

    ``unix`` and ``kernel_id`` are that film's: a kernel that was restarted has another.
    """

    at: float
    unix: float = 0.0
    kernel_id: str = ""
    lanes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


class GoalResult(msgspec.Struct, frozen=True):
    """One goal's verdict; empty strings where a field does not apply."""

    id: str
    text: str
    phase: Phase | None
    verdict: Verdict
    expected: str = ""
    observed: str = ""
    reason: str = ""
    hint: str = ""
    note: str = ""
    mistake: MistakeView | None = None
    moment: GoalMoment | None = None
    """None where no moment decided it, or it is not known."""


class StepResult(msgspec.Struct, frozen=True):
    """One step's verdict and those of its goals."""

    step: str
    kind: StepKind
    verdict: Verdict
    counts: bool
    assisted: bool | None
    not_recorded: tuple[str, ...] = ()
    goals: tuple[GoalResult, ...] = ()


class Skipped(msgspec.Struct, frozen=True):
    """A step that this Python cannot do, and why."""

    step: str
    reason: str


class CheckReport(msgspec.Struct, frozen=True):
    """What ``parallab check --json`` prints and a check request answers."""

    schema: int
    lab: str
    version: int
    python: str
    start_method: str
    skipped: tuple[Skipped, ...]
    steps: tuple[StepResult, ...]
