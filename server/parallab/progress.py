"""What a learner has done, as a log of facts; and what follows from it for each step.

Pure: ``store`` keeps the log, this module folds it. A fact is never taken back: a stored pass
does not revert, a met break goal stays met, the first prediction stands. What a lab says today
(its hints, its questions, its version) is brought in only by :func:`view`, so that a new version
of a lab keeps what was done in the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from parallab import wire
from parallab.boxes import Card, answered
from parallab.lab import Lab, Step


class Fact(msgspec.Struct, frozen=True, tag_field="kind"):
    """Base of what can happen to a step (or to a lab, whose step is "")."""


class Opened(Fact, frozen=True, tag="opened"):
    """The lab's files were put into the learner's folder; SHA-256 by name of those written."""

    files: dict[str, str] = {}


class Judged(Fact, frozen=True, tag="judged"):
    """The learner asked for a check; ``met`` are the break goals that it found newly met."""

    result: wire.StepResult
    met: tuple[str, ...] = ()
    kernel: str = ""


class BreakMet(Fact, frozen=True, tag="break-met"):
    """Break goals were met while a cell ran or hung, without a click."""

    result: wire.StepResult
    met: tuple[str, ...]
    kernel: str = ""


class Predicted(Fact, frozen=True, tag="predicted"):
    """A prediction was saved: answers by prompt."""

    answers: dict[str, str]
    late: bool
    passes: bool
    """The step asks for nothing else."""


class Answers(Fact, frozen=True, tag="answers"):
    """Questions were answered; ``verdict`` is the step's with all its answers so far."""

    answered: tuple[wire.Answered, ...]
    verdict: wire.Verdict


class HintShown(Fact, frozen=True, tag="hint"):
    """Hints up to ``level`` (from 1) were shown."""

    level: int


class SolutionShown(Fact, frozen=True, tag="solution"):
    """The solution was shown: the step is assisted from now on."""


class Drawn(Fact, frozen=True, tag="drawn"):
    """Questions of earlier labs were drawn for a recall step, as ``LAB/STEP/QUESTION``."""

    questions: tuple[str, ...]


class Reset(Fact, frozen=True, tag="reset"):
    """The step's cells were put back; only cell runs begun later count."""


class ActDone(Fact, frozen=True, tag="act"):
    """The lab did something for the learner: what happened, in sentences."""

    act: str
    happened: tuple[str, ...]
    kernel: str = ""


class HelpAsked(Fact, frozen=True, tag="help"):
    """The learner asked the class's instructors for help with the step."""

    text: str


class HelpAnswered(Fact, frozen=True, tag="help-answered"):
    """An instructor, by name, answered."""

    text: str
    by: str


class HelpOver(Fact, frozen=True, tag="help-over"):
    """The learner needs no help any more."""


class HandedIn(Fact, frozen=True, tag="handed-in"):
    """The lab's notebook was given to the class service, which has it: its SHA-256, and the service's time."""

    digest: str
    received: float


class Filmed(Fact, frozen=True, tag="filmed"):
    """What the step's cell did, when it was checked, was kept as the clip of this name."""

    clip: str


AnyFact = (
    Opened
    | Judged
    | BreakMet
    | Predicted
    | Answers
    | HintShown
    | SolutionShown
    | Drawn
    | Reset
    | ActDone
    | HelpAsked
    | HelpAnswered
    | HelpOver
    | HandedIn
    | Filmed
)


class Moment(msgspec.Struct, frozen=True):
    """When something happened: ``unix`` seconds, and ``tick`` of CLOCK_MONOTONIC in ns since ``boot``.

    Recordings are in ticks; a tick means something only on the host and since the boot in which
    it was taken.
    """

    unix: float
    tick: int = 0
    boot: str = ""

    def ticks(self, boot: str) -> int:
        """The tick, or 0 when it is of another boot: then all that this boot saw came later."""
        return self.tick if self.boot == boot else 0


class Entry(msgspec.Struct, frozen=True):
    """A line of the log: what happened, when, where, and in which version of the lab."""

    at: Moment
    lab: str
    step: str
    version: int
    fact: AnyFact


class Memory(msgspec.Struct, frozen=True):
    """What the log says of one step."""

    verdict: wire.Verdict = "not-attempted"
    tries: int = 0
    assisted: bool = False
    hints: int = 0
    last: wire.StepResult | None = None
    prediction: wire.PredictionView | None = None
    answers: dict[str, wire.Answered] = {}
    passed_at: float | None = None
    passed_version: int | None = None
    met: dict[str, Moment] = {}
    reset: Moment | None = None
    files: dict[str, frozenset[str]] = {}
    """Of a lab: every digest that a file was ever written with."""
    cards: dict[str, Card] = {}
    """Of a step: its own questions, wherever they were answered."""
    drawn: tuple[str, ...] = ()
    """Of a recall step: what was drawn for it."""
    help: wire.HelpView | None = None
    handed_in: float | None = None
    facts: int = 0
    """How many there were."""


#: By lab, then by step; "" is the lab itself.
Memories = Mapping[str, Mapping[str, Memory]]


def fold(entries: Iterable[Entry], before: Memories | None = None) -> dict[str, dict[str, Memory]]:
    """The memories after these entries, in the order in which they were written."""
    memories = {lab: dict(steps) for lab, steps in (before or {}).items()}
    for entry in entries:
        steps = memories.setdefault(entry.lab, {})
        steps[entry.step] = remember(steps.get(entry.step, Memory()), entry)
        if isinstance(entry.fact, Answers):
            _recalled(memories, entry, entry.fact)
    return memories


def _recalled(memories: dict[str, dict[str, Memory]], entry: Entry, fact: Answers) -> None:
    """Puts the questions answered into their boxes: the step's own, and those drawn from earlier labs."""
    for one in fact.answered:
        if one.right is None:
            continue
        lab, step, question = entry.lab, entry.step, one.question
        if question in memories[lab][step].drawn and question.count("/") >= 2:
            lab, step, question = question.rsplit("/", 2)
        steps = dict(memories.get(lab, {}))
        memory = steps.get(step, Memory())
        card = answered(memory.cards.get(question), one.right, entry.at.unix, len(memories))
        steps[step] = msgspec.structs.replace(memory, cards=memory.cards | {question: card})
        memories[lab] = steps


def remember(memory: Memory, entry: Entry) -> Memory:
    """The memory after one more entry."""
    change = msgspec.structs.replace
    memory = change(memory, facts=memory.facts + 1)
    match entry.fact:
        case Judged(result=result, met=met):
            judged = change(memory, tries=memory.tries + 1, last=result, met=_met(memory, met, entry.at))
            return _verdict(judged, result.verdict, entry)
        case BreakMet(result=result, met=met):
            return change(memory, last=result, met=_met(memory, met, entry.at))
        case Predicted(answers=answers, late=late, passes=passes):
            if memory.prediction is not None:
                return memory
            made = change(memory, prediction=wire.PredictionView(answers, entry.at.unix, late))
            return _verdict(made, "passed", entry) if passes else made
        case Answers(answered=answered, verdict=verdict):
            answers_now = memory.answers | {one.question: one for one in answered}
            return _verdict(change(memory, tries=memory.tries + 1, answers=answers_now), verdict, entry)
        case HintShown(level=level):
            return change(memory, hints=max(memory.hints, level))
        case SolutionShown():
            return change(memory, assisted=True)
        case ActDone() | Filmed():
            return memory
        case Reset():
            return change(memory, reset=entry.at)
        case Drawn(questions=questions):
            return change(memory, drawn=questions)
        case Opened(files=files):
            known = {name: memory.files.get(name, frozenset()) | {digest} for name, digest in files.items()}
            return change(memory, files=memory.files | known)
        case HelpAsked(text=text):
            return change(memory, help=wire.HelpView(text, entry.at.unix))
        case HelpAnswered(text=text, by=by):
            return change(memory, help=memory.help and change(memory.help, answer=text, by=by))
        case HelpOver():
            return change(memory, help=None)
        case HandedIn(received=received):
            return change(memory, handed_in=received)


def _met(memory: Memory, names: Iterable[str], at: Moment) -> dict[str, Moment]:
    """The first time counts: a break goal that is met again was met before."""
    return dict.fromkeys(names, at) | memory.met


def _verdict(memory: Memory, verdict: wire.Verdict, entry: Entry) -> Memory:
    if memory.passed_at is not None:
        return memory
    if verdict != "passed":
        return msgspec.structs.replace(memory, verdict=verdict)
    return msgspec.structs.replace(memory, verdict=verdict, passed_at=entry.at.unix, passed_version=entry.version)


def view(step: Step, memory: Memory, render: Callable[[str], str]) -> wire.StepProgress:
    """A step's progress as the sidebar shows it; ``render`` makes HTML of a hint's Markdown."""
    questions = question_ids(step)
    return wire.StepProgress(
        step=step.id,
        verdict=memory.verdict,
        tries=memory.tries,
        assisted=memory.assisted,
        hints_shown=tuple(render(hint) for hint in step.hints[: memory.hints]),
        last=memory.last,
        prediction=_beside(memory.prediction, memory.last),
        answers=tuple(answer for name, answer in memory.answers.items() if questions is None or name in questions),
        passed_at=memory.passed_at,
        passed_version=memory.passed_version,
        help=memory.help,
        facts=memory.facts,
    )


def question_ids(step: Step) -> frozenset[str] | None:
    """What may be answered in this step; None when anything may (free text)."""
    if step.kind == "free" and not step.questions:
        return None
    return frozenset(question.id for question in step.questions) | ({step.id} if step.blocks else set())


def _beside(prediction: wire.PredictionView | None, last: wire.StepResult | None) -> wire.PredictionView | None:
    """The prediction with what was observed: a goal tells it for the prompt whose id it has."""
    if prediction is None or last is None:
        return prediction
    seen = {
        goal.id: goal.observed or goal.note
        for goal in last.goals
        if goal.id in prediction.answers and (goal.observed or goal.note)
    }
    return msgspec.structs.replace(prediction, observed=seen)


def summary(lab: Lab, memories: Mapping[str, Memory]) -> wire.LabSummary:
    """A line of the course list: counted steps, and how many of them passed."""
    counted = [step for step in lab.steps if step.counts and not step.stretch]
    return wire.LabSummary(
        id=lab.id,
        title=lab.title,
        minutes=lab.minutes,
        summary=lab.summary,
        objectives=lab.objectives,
        needs=lab.needs,
        steps=len(counted),
        passed=sum(memories.get(step.id, Memory()).verdict == "passed" for step in counted),
        started=bool(memories),
    )


def reached(objective: str, labs: Sequence[Lab], memories: Memories) -> bool:
    """Whether every counted step that serves the objective passed, and there is one."""
    serving = [
        memories.get(lab.id, {}).get(step.id, Memory()).verdict
        for lab in labs
        for step in lab.steps
        if serves(lab, step, objective)
    ]
    return bool(serving) and all(verdict == "passed" for verdict in serving)


def serves(lab: Lab, step: Step, objective: str) -> bool:
    """Whether a step must be passed for an objective; a code step that names none serves its lab's."""
    own = lab.objectives if step.kind == "code" else ()
    return step.counts and not step.stretch and objective in (step.serves or own)
