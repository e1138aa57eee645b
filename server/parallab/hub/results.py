"""What a learner has in a lab, and where that comes from. Pure.

*live*: as the learner's own server reported it, which runs as the learner: who and when is sure,
that the work was done is not. *re-checked*: the notebook that was handed in ran again on the
instructor's side. An instructor's word stands above both, and is always named as that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from parallab.hub.board import Board
from parallab.hub.checked import Checked
from parallab.hub.course import LabName
from parallab.hub.record import LearnerRecord, StepRecord

Source = Literal["live", "re-checked", "override"]


class LabResult(msgspec.Struct, frozen=True):
    """One learner's result in one lab; ``score`` from 0 to 1, None when nothing counts (excused, or not begun)."""

    learner: str
    lab: str
    passed: int
    of: int
    score: float | None
    source: Source
    excused: bool
    assisted: int
    late: bool
    finished: float | None
    """When the last counted step passed, Unix seconds; None while one has not."""
    received: float | None
    """When the service heard of that. Later than ``finished`` where it could not be reached."""
    reason: str = ""
    by: str = ""


def result(board: Board, class_name: str, lab: LabName, learner: str) -> LabResult:
    """A learner's result in a lab."""
    record = board.records.get(learner) or LearnerRecord()
    steps = {step.id: record.step(lab.id, step.id) for step in lab.core}
    seen = _seen(again, lab) if (again := rechecked(board, lab, learner)) is not None else None
    passed = {name for name, step in steps.items() if step.verdict == "passed"}
    if seen is not None:
        passed = {name for name in steps if seen.get(name, name in passed)}
    finished = _finished(steps)
    deadline = board.deadlines.get((class_name, lab.id))
    ruling = board.rulings.get((learner, lab.id))
    begun = bool(record.labs.get(lab.id)) or seen is not None
    score = len(passed) / len(steps) if begun and steps else None
    source: Source = "live" if seen is None else "re-checked"
    if ruling is not None and ruling.score is not None:
        score, source = ruling.score, "override"
    return LabResult(
        learner=learner,
        lab=lab.id,
        passed=len(passed),
        of=len(steps),
        score=None if ruling is not None and ruling.excused else score,
        source=source,
        excused=ruling is not None and ruling.excused,
        assisted=sum(step.assisted for step in steps.values()),
        late=deadline is not None and _late(steps, deadline.due),
        finished=finished[0] if finished else None,
        received=finished[1] if finished else None,
        reason=ruling.reason if ruling is not None else "",
        by=ruling.ruled_by if ruling is not None else "",
    )


def rechecked(board: Board, lab: LabName, learner: str) -> Checked | None:
    """What came of running the learner's notebook again; None when nobody has, or another was handed in since."""
    again = board.rechecks.get((learner, lab.id))
    handed = board.handins.get((learner, lab.id))
    return None if again is None or (handed is not None and handed.digest != again.digest) else again


def _seen(again: Checked, lab: LabName) -> Mapping[str, bool] | None:
    """Which steps passed then; None when the check itself went wrong, which is not the learner's doing."""
    if again.outcome == "error":
        return None
    # One that could not even be run has done no work.
    return again.steps if again.steps is not None else {step.id: False for step in lab.core if step.code}


def _finished(steps: Mapping[str, StepRecord]) -> tuple[float, float] | None:
    passed = [(step.passed, step.passed_received) for step in steps.values()]
    times = [(at, received) for at, received in passed if at is not None and received is not None]
    if not times or len(times) < len(steps):
        return None
    return max(at for at, _ in times), max(received for _, received in times)


def _late(steps: Mapping[str, StepRecord], due: float) -> bool:
    """Whether a step that counts passed after the deadline. One not passed at all is missing, not late."""
    return any(step.passed is not None and step.passed > due for step in steps.values())
