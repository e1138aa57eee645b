"""Labs as learners see them, and what is remembered of each step."""

from __future__ import annotations

from typing import Literal

import msgspec

from parallab.wire.verdicts import Phase, StepKind, StepResult, Verdict

QuestionForm = Literal["choice", "text", "order"]
ActKind = Literal["kill-worker", "frozen-kernels"]


class Choice(msgspec.Struct, frozen=True):
    """One answer of a quiz; which is right never leaves the server unasked."""

    id: str
    text: str


class Question(msgspec.Struct, frozen=True):
    """A question that is answered in the sidebar: choose, write (not graded), or put the choices in order.

    In a step of kind ``match`` or ``columns`` all questions have the same choices: they are the rows of a table.
    """

    id: str
    text: str
    choices: tuple[Choice, ...]
    several: bool = False
    form: QuestionForm = "choice"


class Prompt(msgspec.Struct, frozen=True):
    """One field of a prediction: a number, one of some choices, or free text."""

    id: str
    text: str
    form: Literal["number", "choice", "text", "order"]
    choices: tuple[Choice, ...] = ()


class Block(msgspec.Struct, frozen=True):
    """One line (or group of lines) of a Parsons problem."""

    id: str
    text: str


class GoalView(msgspec.Struct, frozen=True):
    """A goal before it is judged."""

    id: str
    text: str
    phase: Phase | None = None


class ActView(msgspec.Struct, frozen=True):
    """What the lab does when it is asked to: ``label`` stands on the button, ``html`` above it."""

    id: str
    kind: ActKind
    label: str
    html: str


class StepView(msgspec.Struct, frozen=True):
    """A step as the sidebar shows it. ``html`` is rendered and sanitised by the server; ``cells`` says whether it has
    cells that can be reset, ``solution`` whether there is one to show.
    """

    id: str
    title: str
    kind: StepKind
    counts: bool
    stretch: bool
    html: str
    goals: tuple[GoalView, ...]
    hints: int
    prompts: tuple[Prompt, ...] = ()
    questions: tuple[Question, ...] = ()
    blocks: tuple[Block, ...] = ()
    acts: tuple[ActView, ...] = ()
    skipped: str = ""
    cells: bool = True
    solution: bool = True


class Answered(msgspec.Struct, frozen=True):
    """One question's outcome, with the reason for the choice that was made."""

    question: str
    chosen: tuple[str, ...]
    right: bool | None
    reason: str


class PredictionView(msgspec.Struct, frozen=True):
    """A stored prediction; ``late`` when the step's cells had already run."""

    answers: dict[str, str]
    at: float
    late: bool
    observed: dict[str, str] = {}


class HelpView(msgspec.Struct, frozen=True):
    """The learner asks the class's instructors for help; ``answer`` is "" until one of them, ``by``, answers."""

    text: str
    at: float
    answer: str = ""
    by: str = ""


class StepProgress(msgspec.Struct, frozen=True):
    """What is remembered of a step. A stored pass never reverts."""

    step: str
    verdict: Verdict
    tries: int = 0
    assisted: bool = False
    hints_shown: tuple[str, ...] = ()
    last: StepResult | None = None
    prediction: PredictionView | None = None
    answers: tuple[Answered, ...] = ()
    passed_at: float | None = None
    passed_version: int | None = None
    help: HelpView | None = None
    facts: int = 0
    """How many facts of the log this was made of: of two, the one with more is the newer one."""


class LabSummary(msgspec.Struct, frozen=True):
    """A line of the course list."""

    id: str
    title: str
    minutes: int
    summary: str
    objectives: tuple[str, ...]
    needs: tuple[str, ...]
    steps: int
    passed: int
    started: bool
    problem: str = ""


class Objective(msgspec.Struct, frozen=True):
    """A learning objective; reached when every counted step that serves it passed."""

    id: str
    text: str
    labs: tuple[str, ...]
    reached: bool
    available: bool


class Due(msgspec.Struct, frozen=True):
    """When the class wants a lab done: ``at``, and ``left`` seconds after this was told; below 0, that is over.

    Both, because clocks differ: the service's own says whether it is over, wherever this is read.
    """

    at: float
    left: float
    late: bool = False
    """Whether a step that counts passed later, as the class counts it."""


class ClassView(msgspec.Struct, frozen=True):
    """The class that this server reports to: how much it has not been told yet, and why not, "" when nothing is wrong.

    ``handed_in`` are the times, by the service's clock, at which labs were handed in last; ``due``, by lab, until when
    they are to be done.
    """

    waiting: int
    trouble: str = ""
    handed_in: dict[str, float] = {}
    due: dict[str, Due] = {}


class Course(msgspec.Struct, frozen=True):
    """GET labs: the course home."""

    schema: int
    title: str
    number: str
    level: str
    hours: float
    about_html: str
    objectives: tuple[Objective, ...]
    labs: tuple[LabSummary, ...]
    classroom: ClassView | None = None


class LabView(msgspec.Struct, frozen=True):
    """GET labs/{id}: a lab with its steps and what the learner has done."""

    schema: int
    id: str
    title: str
    version: int
    minutes: int
    html: str
    objectives: tuple[str, ...]
    needs: tuple[str, ...]
    steps: tuple[StepView, ...]
    progress: tuple[StepProgress, ...]
    watch: str = ""
    """The step that the lab's replay shows, "" where there is none."""
    language: str = "en"
    """What it is written in, as a BCP 47 tag: the reader's, if the lab has been translated."""


class Progress(msgspec.Struct, frozen=True):
    """GET progress: all labs at once."""

    schema: int
    labs: dict[str, tuple[StepProgress, ...]]
