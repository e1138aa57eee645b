"""What a learner's server tells the class service, as types, and how a line of the log becomes a report.

Pure. The learner's server and the service may be of different versions: a kind of report that the
service does not know is kept and means nothing, and what is not said here is never sent (the
learner's code, answers and predictions among it).
"""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from parallab import wire
from parallab.progress import (
    ActDone,
    Answers,
    BreakMet,
    Drawn,
    Entry,
    Filmed,
    HandedIn,
    HelpAnswered,
    HelpAsked,
    HelpOver,
    HintShown,
    Judged,
    Moment,
    Opened,
    Predicted,
    Reset,
    SolutionShown,
)

SCHEMA = 1
#: Characters of a message, and reports of one batch, at the most.
MESSAGE = 400
BATCH = 200
#: Bytes of a notebook that is handed in, at the most.
NOTEBOOK = 5 * 1024 * 1024

Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
ClipName = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{32})?\Z")]
Name = Annotated[str, msgspec.Meta(max_length=120)]
Text = Annotated[str, msgspec.Meta(max_length=MESSAGE)]
Number = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


class ReportedMistake(msgspec.Struct, frozen=True):
    """A mistake of the catalogue, by its id, as the learner was told of it."""

    id: Name
    sentence: Text


class Report(msgspec.Struct, frozen=True):
    """One thing that happened, ``age`` seconds before it was sent.

    The age, not the time of day, because clocks differ: the service takes it from its own.
    """

    id: Id
    age: Annotated[float, msgspec.Meta(ge=0)]
    lab: Name
    step: Name
    version: Number
    kind: Name
    verdict: wire.Verdict | None = None
    counts: bool = True
    assisted: bool = False
    late: bool = False
    level: Number = 0
    mistakes: Annotated[tuple[ReportedMistake, ...], msgspec.Meta(max_length=40)] = ()
    message: Text = ""
    clip: ClipName = ""
    """Of ``filmed``: the clip of the run that was checked before, which is sent apart."""


class Reports(msgspec.Struct, frozen=True):
    """POST api/reports: each report is decoded on its own, so that a bad one harms no other."""

    schema: int
    reports: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=BATCH)]


class Refused(msgspec.Struct, frozen=True):
    """A report, by its place in the batch, that the service will never take."""

    place: int
    why: str


class ReportsReply(msgspec.Struct, frozen=True):
    """All that is not refused is on the service's disk."""

    schema: int
    new: int
    refused: tuple[Refused, ...] = ()
    replays: bool = False
    """Whether the class keeps clips of runs; an older service does not say so, and keeps none."""


class ClipReply(msgspec.Struct, frozen=True):
    """POST api/clips/{name}: the clip is on the service's disk."""

    schema: int


class HelpAnswer(msgspec.Struct, frozen=True):
    """What an instructor said to a learner who had asked for help."""

    lab: str
    step: str
    text: str
    by: str


class HelpReply(msgspec.Struct, frozen=True):
    """GET api/help: the answers so far to what the learner asks now."""

    schema: int
    answers: tuple[HelpAnswer, ...]


class DueReply(msgspec.Struct, frozen=True):
    """GET api/due: when this learner's labs are due, by lab; those without a deadline are not among them."""

    schema: int
    due: dict[str, wire.Due]


class HandInReply(msgspec.Struct, frozen=True):
    """POST api/handins/{lab}: the notebook is on the service's disk. ``at`` is the service's time, Unix seconds."""

    schema: int
    at: float
    digest: str


def report(line: int, entry: Entry, now: Moment) -> Report:
    """Line ``line`` of a log as a report that is sent now; the same line gives the same id every time."""
    plain = Report(
        id=_id(line, entry),
        age=age(entry.at, now),
        lab=entry.lab[:120],
        step=entry.step[:120],
        version=entry.version,
        kind=str(entry.fact.__struct_config__.tag),
    )
    change = msgspec.structs.replace
    match entry.fact:
        case Judged(result=result) | BreakMet(result=result):
            return change(
                plain,
                verdict=result.verdict,
                counts=result.counts,
                assisted=bool(result.assisted),
                mistakes=_mistakes(result),
                message=_message(result),
            )
        case Answers(verdict=verdict):
            return change(plain, verdict=verdict)
        case Predicted(late=late, passes=passes):
            return change(plain, verdict="passed" if passes else None, late=late)
        case HintShown(level=level):
            return change(plain, level=level)
        case HelpAsked(text=text):
            return change(plain, message=text[:MESSAGE])
        case Filmed(clip=clip):
            return change(plain, clip=clip)
        case Opened() | SolutionShown() | Drawn() | Reset() | ActDone() | HelpAnswered() | HelpOver() | HandedIn():
            return plain


def age(at: Moment, now: Moment) -> float:
    """Seconds from ``at`` to ``now``: by the monotonic clock where it is the same boot, else by the wall clock."""
    if at.boot and at.boot == now.boot and now.tick >= at.tick:
        return (now.tick - at.tick) / 1e9
    return max(0.0, now.unix - at.unix)


def _id(line: int, entry: Entry) -> str:
    """Of the line and all that it says: a log that was deleted or copied and goes on elsewhere has other ids."""
    return hashlib.blake2b(msgspec.json.encode((line, entry)), digest_size=16).hexdigest()


def _mistakes(result: wire.StepResult) -> tuple[ReportedMistake, ...]:
    told = {goal.mistake.id: goal.mistake for goal in result.goals if goal.mistake is not None}
    return tuple(ReportedMistake(one.id[:120], one.sentence[:MESSAGE]) for one in list(told.values())[:40])


def _message(result: wire.StepResult) -> str:
    """The first goal that stands in the way, and what was seen of it."""
    wrong = next((goal for goal in result.goals if goal.verdict in ("failed", "broken", "undecided")), None)
    if wrong is None:
        return ""
    return ": ".join(part for part in (wrong.text, wrong.observed or wrong.reason) if part)[:MESSAGE]
