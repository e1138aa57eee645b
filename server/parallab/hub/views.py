"""What the class page shows: rows, the stuck, the heat map and the questions, from the board. Pure.

Names are told through :class:`Names`, which for a projector knows numbers only; texts through :class:`Texts`.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Literal

import msgspec

from parallab.hub.board import Board
from parallab.hub.course import LabName
from parallab.hub.kept import Question
from parallab.hub.record import LearnerRecord, StepRecord
from parallab.hub.results import LabResult, rechecked
from parallab.hub.texts import ENGLISH, Texts

#: A learner is stuck on a step after so many failed tries, or so many seconds, unless they are not there any more.
TRIES = 3
LONG = 10 * 60.0
GONE = 30 * 60.0
#: Lines of the list of those who are stuck.
MOST = 40

Mark = Literal["passed", "assisted", "failed", "tried", "begun", ""]
#: How a cell shows each mark.
SIGNS: Mapping[Mark, str] = {"passed": "✓", "assisted": "✓*", "failed": "✗", "tried": "?", "begun": "…", "": ""}


class Names:
    """How learners are called. Without names a learner is a number that says nothing of the name."""

    def __init__(self, learners: Iterable[str], *, shown: bool, secret: str, texts: Texts = ENGLISH) -> None:
        self.shown = shown
        self._texts = texts
        by_hash = sorted(learners, key=lambda name: hashlib.sha256(f"{secret}\0{name}".encode()).digest())
        self._numbers = {name: number for number, name in enumerate(by_hash, 1)}
        self.order = sorted(self._numbers, key=lambda name: (name.casefold(), name)) if shown else by_hash

    def of(self, learner: str) -> str:
        """The name, or the number."""
        return learner if self.shown else self._texts("Learner {n}", n=self._numbers[learner])

    def row(self, learner: str) -> str:
        """The id of the learner's row in the page: one that may stand in HTML."""
        return f"r{self._numbers[learner]}"


class Cell(msgspec.Struct, frozen=True):
    """One learner's one step, or in the overview one lab."""

    mark: Mark
    sign: str
    says: str


class Line(msgspec.Struct, frozen=True):
    """One learner's row."""

    row: str
    name: str
    learner: str
    """The Hub's name, for links; "" where names are off."""
    cells: tuple[Cell, ...]
    now: str
    ago: str
    late: bool
    handed_in: bool
    result: str


class Stuck(msgspec.Struct, frozen=True):
    """Somebody who gets no further."""

    name: str
    learner: str
    lab: str
    step: str
    tries: int
    minutes: int
    mistake: str
    message: str


class StepHeat(msgspec.Struct, frozen=True):
    """A step, over all learners of the class."""

    title: str
    tried: int
    passed: int
    struggling: int
    """Tried, and not passed yet."""
    median_minutes: float | None
    mistakes: tuple[tuple[str, int], ...]
    """Sentences, with the number of learners who made the mistake at least once; most first."""
    share: int
    """Of those who tried, the part that struggles now, in tenths."""


class Ask(msgspec.Struct, frozen=True):
    """A question on the page."""

    number: int
    name: str
    learner: str
    where: str
    text: str
    ago: str
    answer: str
    answered_by: str


class Doubt(msgspec.Struct, frozen=True):
    """A handed-in notebook that was not checked to its end."""

    name: str
    learner: str
    reason: str


class Again(msgspec.Struct, frozen=True):
    """The notebooks of a lab that a class has handed in, and what came of running them again."""

    handed_in: int
    checked: int
    passed: int
    doubts: tuple[Doubt, ...]


def mark(step: StepRecord) -> Mark:
    """A step's mark."""
    if step.verdict == "passed":
        return "assisted" if step.assisted else "passed"
    if step.verdict in ("undecided", "broken"):
        return "tried"
    if step.verdict == "failed" or step.failures:
        return "failed"
    return "begun" if step.begun is not None else ""


def says(kind: Mark, texts: Texts) -> str:
    """A mark in words."""
    match kind:
        case "passed":
            return texts("passed")
        case "assisted":
            return texts("passed, solution shown")
        case "failed":
            return texts("not yet")
        case "tried":
            return texts("could not tell")
        case "begun":
            return texts("begun")
    return ""


def step_cell(step: StepRecord, texts: Texts = ENGLISH) -> Cell:
    """A step's cell."""
    kind = mark(step)
    sign, said = SIGNS[kind], says(kind, texts)
    if kind == "failed" and step.tries > 1:
        sign += str(step.tries)
    if step.tries:
        said = texts.count("{what}, {n} try", "{what}, {n} tries", step.tries, what=said)
    return Cell(kind, sign, said)


def lab_cell(lab: LabName, record: LearnerRecord, texts: Texts = ENGLISH) -> Cell:
    """A lab's cell in the overview: how many of its steps passed."""
    steps = record.labs.get(lab.id)
    if steps is None:
        return Cell("", "", "")
    passed = sum(record.step(lab.id, step.id).verdict == "passed" for step in lab.core)
    of = len(lab.core)
    kind: Mark = "passed" if of and passed == of else "begun"
    return Cell(kind, f"{passed}/{of}", texts.count("{passed} of {n} step", "{passed} of {n} steps", of, passed=passed))


def line(
    board: Board,
    names: Names,
    labs: Sequence[LabName],
    lab: LabName | None,
    learner: str,
    now: float,
    result: LabResult | None,
    texts: Texts = ENGLISH,
) -> Line:
    """One learner's row: of one lab by steps, of all by labs."""
    record = board.records.get(learner) or LearnerRecord()
    if lab is None:
        cells = tuple(lab_cell(one, record, texts) for one in labs)
    else:
        cells = tuple(step_cell(record.step(lab.id, step.id), texts) for step in lab.steps)
    return Line(
        row=names.row(learner),
        name=names.of(learner),
        learner=learner if names.shown else "",
        cells=cells,
        now=where(labs, *record.now),
        ago=ago(now - record.last, texts) if record.last else texts("not started"),
        late=result is not None and result.late,
        handed_in=lab is not None and (learner, lab.id) in board.handins,
        result=told(result, texts) if result is not None else "",
    )


def where(labs: Iterable[LabName], lab: str, step: str) -> str:
    """A lab and its step, by the step's title."""
    known = next((one for one in labs if one.id == lab), None)
    title = known.step_title(step) if known is not None and step else step
    return " ".join(part for part in (lab, title) if part)


def told(result: LabResult, texts: Texts = ENGLISH) -> str:
    """A result in the grid: only what somebody decided is said there."""
    if result.excused:
        return texts("excused")
    if result.score is None:
        return ""
    percent = f"{round(result.score * 100)} %"
    return percent if result.source == "live" else f"{percent} {source(result, texts)}"


def source(result: LabResult, texts: Texts = ENGLISH) -> str:
    """Where a result comes from."""
    match result.source:
        case "live":
            return texts("live")
        case "re-checked":
            return texts("re-checked")
        case "override":
            return texts("override")


def stuck(
    board: Board,
    names: Names,
    learners: Iterable[str],
    labs: Sequence[LabName],
    now: float,
    texts: Texts = ENGLISH,
) -> tuple[Stuck, ...]:
    """Who gets no further, those with most tries first."""
    titles = {(lab.id, step.id): step.title for lab in labs for step in lab.steps}
    found: list[tuple[int, float, Stuck]] = []
    for learner in learners:
        record = board.records.get(learner)
        if record is None or now - record.last > GONE:
            continue
        lab, name = record.now
        step = record.step(lab, name)
        since = now - step.begun if step.begun is not None else 0.0
        if not name or step.verdict == "passed" or not (step.failures >= TRIES or since >= LONG):
            continue
        found.append(
            (
                step.failures,
                since,
                Stuck(
                    name=names.of(learner),
                    learner=learner if names.shown else "",
                    lab=lab,
                    step=titles.get((lab, name), name),
                    tries=step.tries,
                    minutes=int(since // 60),
                    mistake=texts.sentence(step.mistakes[-1].sentence, lab) if step.mistakes else "",
                    message=texts.sentence(step.message, lab),
                ),
            )
        )
    found.sort(key=lambda one: (-one[0], -one[1], one[2].name))
    return tuple(one for _, _, one in found)


def again(board: Board, names: Names, learners: Iterable[str], lab: LabName, texts: Texts = ENGLISH) -> Again:
    """How far the re-check of a lab is. Where names are off, so are reasons: they may quote a notebook."""
    handed = [learner for learner in learners if (learner, lab.id) in board.handins]
    found = [(learner, one) for learner in handed if (one := rechecked(board, lab, learner)) is not None]
    doubts = [
        Doubt(names.of(learner), learner if names.shown else "", texts.sentence(one.reason) if names.shown else "")
        for learner, one in found
        if one.outcome not in ("passed", "not-passed")
    ]
    return Again(
        handed_in=len(handed),
        checked=len(found),
        passed=sum(one.outcome == "passed" for _, one in found),
        doubts=tuple(doubts[:MOST]),
    )


def heat(board: Board, learners: Iterable[str], lab: LabName, texts: Texts = ENGLISH) -> tuple[StepHeat, ...]:
    """Every step of a lab: who tried, who passed, how long it took, and by which mistakes it went wrong."""
    records = [board.records[learner] for learner in learners if learner in board.records]

    def told(sentence: str) -> str:
        return texts.sentence(sentence, lab.id)

    return tuple(_heat(step.title, [record.step(lab.id, step.id) for record in records], told) for step in lab.steps)


def _heat(title: str, steps: Sequence[StepRecord], told: Callable[[str], str]) -> StepHeat:
    tried = [step for step in steps if step.tries or step.verdict == "passed"]
    passed = [step for step in tried if step.verdict == "passed"]
    times = [step.seconds for step in passed if step.seconds is not None]
    counted: Counter[str] = Counter()
    sentences: dict[str, str] = {}
    for step in steps:
        for one in step.mistakes:
            counted[one.id] += 1
            sentences[one.id] = f"{told(one.sentence)} ({one.id})"
    struggling = len(tried) - len(passed)
    return StepHeat(
        title=title,
        tried=len(tried),
        passed=len(passed),
        struggling=struggling,
        median_minutes=round(median(times) / 60, 1) if times else None,
        mistakes=tuple((sentences[name], many) for name, many in counted.most_common(5)),
        share=round(10 * struggling / len(tried)) if tried else 0,
    )


def asks(
    questions: Iterable[Question],
    names: Names,
    learners: frozenset[str],
    labs: Sequence[LabName],
    now: float,
    texts: Texts = ENGLISH,
) -> tuple[Ask, ...]:
    """The questions of a class, the oldest first. Where names are off, the words are, too: they may name somebody."""
    return tuple(
        Ask(
            number=one.number,
            name=names.of(one.learner),
            learner=one.learner if names.shown else "",
            where=where(labs, one.lab, one.step),
            text=one.text if names.shown else "",
            ago=ago(now - one.asked, texts),
            answer=one.answer if names.shown else "",
            answered_by=one.answered_by if names.shown else "",
        )
        for one in questions
        if one.learner in learners
    )


def ago(seconds: float, texts: Texts = ENGLISH) -> str:
    """How long ago, in the roughest words that help."""
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 1:
        return texts("just now")
    if minutes < 60:
        return texts("{n} min", n=minutes)
    hours = minutes // 60
    return texts("{n} h", n=hours) if hours < 48 else texts.count("{n} day", "{n} days", hours // 24)
