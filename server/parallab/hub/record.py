"""What follows from a learner's reports: the state of each step, folded. Pure.

Reports come in the order of the learner's log, each once; where a learner has several servers, those of one may come
long after those of another, and then what happened first counts. Times are the service's, Unix seconds: ``happened`` is
when the learner's server says it was, never later than ``received``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from parallab import wire
from parallab.reports import Report, ReportedMistake

#: Seconds without any report after which a learner is taken to have done something else meanwhile.
AWAY = 30 * 60.0
#: Seconds by which a report may be older than the one before, though it is of what the learner does now.
ON_ITS_WAY = 60.0
#: Labs of a learner, steps of a lab and mistakes of a step that are told apart. No course has so many; whoever sends
#: more has made them up.
LABS = 200
STEPS = 200
MISTAKES = 100
#: Kinds of reports that are work on a step.
WORK = frozenset({"judged", "break-met", "predicted", "answers", "hint", "solution", "reset", "help"})


class Received(msgspec.Struct, frozen=True):
    """A report as it is on the service's disk."""

    learner: str
    report: Report
    happened: float
    received: float


class StepRecord(msgspec.Struct, frozen=True):
    """A learner's work on one step. A pass never reverts."""

    verdict: wire.Verdict = "not-attempted"
    tries: int = 0
    failures: int = 0
    """Failed tries since the first; those after a pass do not count."""
    assisted: bool = False
    hints: int = 0
    begun: float | None = None
    last: float = 0.0
    passed: float | None = None
    passed_received: float | None = None
    counts: bool = True
    mistakes: tuple[ReportedMistake, ...] = ()
    """Every mistake once, in the order of the last time it was made."""
    message: str = ""

    @property
    def seconds(self) -> float | None:
        """From the beginning of work on the step to its pass, None while it has not passed."""
        return None if self.passed is None or self.begun is None else max(0.0, self.passed - self.begun)


class LearnerRecord(msgspec.Struct, frozen=True):
    """All that a learner reported: by lab, then by step; "" is the lab itself, as it was opened."""

    labs: Mapping[str, Mapping[str, StepRecord]] = {}
    last: float = 0.0
    now: tuple[str, str] = ("", "")
    """Lab and step that the last report was about."""

    def step(self, lab: str, step: str) -> StepRecord:
        """The record of one step, an empty one if there is none."""
        return self.labs.get(lab, {}).get(step) or StepRecord()


def fold(received: Iterable[Received], before: LearnerRecord | None = None) -> LearnerRecord:
    """One learner's record after these."""
    record = before or LearnerRecord()
    for one in received:
        record = take(record, one)
    return record


def take(record: LearnerRecord, one: Received) -> LearnerRecord:
    """The record after one more report."""
    lab, step = one.report.lab, one.report.step
    steps = record.labs.get(lab, {})
    if (lab not in record.labs and len(record.labs) >= LABS) or (step not in steps and len(steps) >= STEPS):
        return record
    was = steps.get(step) or StepRecord()
    if was.begun is None or one.happened < was.begun:
        was = msgspec.structs.replace(was, begun=_begun(steps, one.happened))
    became = _step(was, one)
    newest = one.report.kind in WORK and one.happened >= record.last - ON_ITS_WAY
    return LearnerRecord(
        labs={**record.labs, lab: {**steps, step: became}},
        last=max(record.last, one.happened),
        now=(lab, step) if newest or not record.now[0] else record.now,
    )


def _begun(steps: Mapping[str, StepRecord], at: float) -> float:
    """Work on a step begins with the last thing done in its lab before, unless that is long ago."""
    before = max((other.last for other in steps.values()), default=at)
    return before if 0 <= at - before <= AWAY else at


def _step(was: StepRecord, one: Received) -> StepRecord:
    report = one.report
    change = msgspec.structs.replace
    was = change(was, last=max(was.last, one.happened), assisted=was.assisted or report.assisted)
    match report.kind:
        case "judged" | "answers":
            before = was.passed is None or one.happened < was.passed
            failed = report.verdict not in ("passed", "undecided", "broken") and before
            tried = change(was, tries=was.tries + 1, failures=was.failures + failed, counts=report.counts)
            return _verdict(_told(tried, report), one)
        case "break-met":
            return _told(was, report)
        case "predicted":
            return _verdict(was, one)
        case "hint":
            return change(was, hints=max(was.hints, report.level))
        case "solution":
            return change(was, assisted=True)
        case _:
            return was


def _told(was: StepRecord, report: Report) -> StepRecord:
    new = {one.id for one in report.mistakes}
    kept = tuple(one for one in was.mistakes if one.id not in new)
    return msgspec.structs.replace(was, mistakes=(*kept, *report.mistakes)[-MISTAKES:], message=report.message)


def _verdict(was: StepRecord, one: Received) -> StepRecord:
    if one.report.verdict is None:
        return was
    if was.passed is not None:
        earlier = one.report.verdict == "passed" and one.happened < was.passed
        return msgspec.structs.replace(was, passed=one.happened) if earlier else was
    if one.report.verdict != "passed":
        return msgspec.structs.replace(was, verdict=one.report.verdict)
    return msgspec.structs.replace(was, verdict="passed", passed=one.happened, passed_received=one.received)
