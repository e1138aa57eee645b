"""Between a judge's goals and what is kept of a step: which are new, and since when counts what ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from parallab import judging, model, wire
from parallab.checks import Check
from parallab.evidence import Evidence
from parallab.lab import Lab, Step
from parallab.progress import Memory, Moment
from parallab.shelf import ShelvedLab
from parallab.store import boot, now


@dataclass(frozen=True)
class At:
    """A step of a lab, found."""

    shelved: ShelvedLab
    step: Step

    @property
    def checks(self) -> Sequence[Check]:
        return self.shelved.checks.get(self.step.id, ())

    @property
    def lab(self) -> Lab:
        return self.shelved.lab


def since(memory: Memory) -> int:
    """From which tick on what ran counts: since the step was begun anew, or always."""
    return memory.reset.ticks(boot()) if memory.reset is not None else 0


def moment(at: At, recording: model.Recording, steps: Mapping[str, str]) -> Moment:
    """Now, with the tick that a break goal met in this recording is remembered by."""
    return msgspec.structs.replace(now(), tick=judging.met_at(Evidence(recording, at.step.id, steps)))


def alike(checks: Sequence[Check], verdict: wire.Verdict, reason: str) -> tuple[wire.GoalResult, ...]:
    """All goals with one verdict, for one reason."""
    return tuple(wire.GoalResult(check.name, check.text, check.phase, verdict, reason=reason) for check in checks)


def newly_met(goals: Sequence[wire.GoalResult], memory: Memory) -> tuple[str, ...]:
    """The break goals that are met now, and were not before."""
    return tuple(
        goal.id for goal in goals if goal.phase == "break" and goal.verdict == "passed" and goal.id not in memory.met
    )


def with_break(at: At, memory: Memory, goals: Sequence[wire.GoalResult]) -> wire.StepResult:
    """The step's last result with its break goals as they are now; the rest as it was, or untried."""
    new = {goal.id: goal for goal in goals}
    before = {goal.id: goal for goal in memory.last.goals} if memory.last is not None else {}
    merged = [
        new.get(goal.id) or before.get(goal.id) or goal
        for goal in alike(at.checks, "not-attempted", "Repair it, and run the step's cell again.")
    ]
    return judging.step_result(at.step.id, at.step.kind, merged, counts=at.step.counts, assisted=memory.assisted)
