"""The JSON of REST, events and the command line, as types.

Each struct is one JSON object; ``python -m parallab.wire_ts`` writes
``extension/src/core/wire.ts`` from them, so that the two sides cannot drift apart.
What the numbers mean stands with each field: times are Unix seconds, ids are those of
the labs and of the mistakes' catalogue. Validation beyond shape is left to the callers.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

SCHEMA = 1

Verdict = Literal["passed", "failed", "undecided", "broken", "not-attempted"]
Phase = Literal["break", "repair"]
StepKind = Literal["code", "predict", "quiz", "parsons", "recall", "order", "match", "columns", "free"]
KernelKind = Literal["none", "recorded", "no-probe", "foreign", "remote", "elsewhere", "dead"]


class MistakeView(msgspec.Struct, frozen=True):
    """A mistake of the catalogue, as a learner is told of it."""

    id: str
    sentence: str


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


# -- labs ---------------------------------------------------------------------


class Choice(msgspec.Struct, frozen=True):
    """One answer of a quiz; which is right never leaves the server unasked."""

    id: str
    text: str


class Question(msgspec.Struct, frozen=True):
    """A question of a quiz or recall step."""

    id: str
    text: str
    choices: tuple[Choice, ...]
    several: bool = False


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


class StepView(msgspec.Struct, frozen=True):
    """A step as the sidebar shows it. ``html`` is rendered and sanitised by the server."""

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
    skipped: str = ""


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


class ClassView(msgspec.Struct, frozen=True):
    """The class that this server reports to: how much it has not been told yet, and why not, "" when nothing is wrong.

    ``handed_in`` are the times, by the service's clock, at which labs were handed in last.
    """

    waiting: int
    trouble: str = ""
    handed_in: dict[str, float] = {}


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


class Progress(msgspec.Struct, frozen=True):
    """GET progress: all labs at once."""

    schema: int
    labs: dict[str, tuple[StepProgress, ...]]


# -- requests and their answers ------------------------------------------------


class CellRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notebook cell by its id, with the step its metadata names."""

    id: str
    step: str | None = None


class CheckRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/check."""

    kernel_id: str
    cells: tuple[CellRef, ...]


class CheckReply(msgspec.Struct, frozen=True):
    """The verdict just given and the progress it led to."""

    schema: int
    result: StepResult
    progress: StepProgress
    python: str
    start_method: str


class OpenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/open."""


class OpenReply(msgspec.Struct, frozen=True):
    """Where the learner's notebook is, as a path of the Contents API."""

    path: str
    created: bool


class PredictRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/predict."""

    answers: dict[str, str]
    kernel_id: str | None = None
    cells: tuple[CellRef, ...] = ()


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/answer: chosen ids by question, or block ids in order."""

    answers: dict[str, tuple[str, ...]]


class AnswerReply(msgspec.Struct, frozen=True):
    """What was right, why, and the progress it led to."""

    schema: int
    answered: tuple[Answered, ...]
    progress: StepProgress


class HintRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/hint: the level wanted, from 1."""

    level: int


class HintReply(msgspec.Struct, frozen=True):
    """One hint, rendered."""

    level: int
    of: int
    html: str
    progress: StepProgress


class NotebookCell(msgspec.Struct, frozen=True):
    """A cell to put into the learner's notebook."""

    source: str
    cell_type: Literal["code", "markdown"]
    step: str | None


class SolutionReply(msgspec.Struct, frozen=True):
    """The step's solution; asking for it marks the step assisted."""

    cells: tuple[NotebookCell, ...]
    html: str
    progress: StepProgress


class ResetReply(msgspec.Struct, frozen=True):
    """The step's starter cells; the caller keeps the old text."""

    cells: tuple[NotebookCell, ...]
    progress: StepProgress


class HelpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/help: asks for help, or needs it no more."""

    wanted: bool
    text: Annotated[str, msgspec.Meta(max_length=400)] = ""


class HandInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/handin: the notebook as it was saved last."""


class HandInReply(msgspec.Struct, frozen=True):
    """The class service has the notebook, since then by its clock."""

    lab: str
    at: float


class LiveThread(msgspec.Struct, frozen=True):
    """A thread that is not in the baseline."""

    tid: int
    name: str
    state: str
    waits_for: str
    number: int = 0
    """What RescueRequest.threads calls it; 0 where it cannot be dismissed."""
    left: bool = False
    """The cell that started it has ended, and it lives on."""


class LiveProcess(msgspec.Struct, frozen=True):
    """A process beside the notebook, in the learner's own names."""

    pid: int
    parent: int
    name: str
    role: str
    state: str
    waits_for: str
    exit_code: int | None
    error: str
    threads: tuple[LiveThread, ...] = ()
    started: int = 0
    """Clock ticks since boot; with the pid its identity. 0 while the system has not shown it."""


class KernelState(msgspec.Struct, frozen=True):
    """GET kernels/{id}/state: what can be seen of a kernel now."""

    schema: int
    kernel_id: str
    kind: KernelKind
    message: str
    python: str
    start_method: str
    busy: bool
    running_cell: str | None
    stuck: bool | None
    diagnoses: tuple[str, ...]
    processes: tuple[LiveProcess, ...]
    cannot_tell: tuple[str, ...] = ()
    threads: tuple[LiveThread, ...] = ()
    """The notebook's own, of those that its cells started."""
    mistake: MistakeView | None = None
    """Which mistake it is that the cell is stuck by, where it was recognised."""


class Capability(msgspec.Struct, frozen=True):
    """One thing Parallab may or may not be able to see here."""

    what: str
    can: bool
    why: str


class Capabilities(msgspec.Struct, frozen=True):
    """GET capabilities."""

    schema: int
    platform: str
    capabilities: tuple[Capability, ...]


LeftoverKind = Literal["process", "segment", "semaphore", "folder"]


class Leftover(msgspec.Struct, frozen=True):
    """What a dead kernel left; ``id`` names it by identity: pid and start time, or device and inode.

    ``size`` in bytes (of a process: its memory), ``since`` when it began. ``removable`` when nothing
    speaks against it, else ``why``; ``needs`` are the processes, by id, that must end first.
    """

    id: str
    kind: LeftoverKind
    name: str
    what: str
    kernel_id: str
    notebook: str
    size: int
    since: float
    removable: bool
    why: str = ""
    needs: tuple[str, ...] = ()


class Leftovers(msgspec.Struct, frozen=True):
    """GET leftovers."""

    schema: int
    found: tuple[Leftover, ...]
    cannot_tell: tuple[str, ...] = ()


class CleanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST leftovers/clean: the ids of what is to go."""

    ids: tuple[str, ...]


class CleanReply(msgspec.Struct, frozen=True):
    """What is gone, what was wanted but stays (``why``), and all that is left over now."""

    schema: int
    dry_run: bool
    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    left: tuple[Leftover, ...]
    cannot_tell: tuple[str, ...] = ()


RescueAction = Literal["interrupt", "terminate", "kill", "dismiss"]


class RescueRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST kernels/{id}/rescue; ``pid`` and ``started`` (LiveProcess) name the one to terminate or kill.

    ``threads`` are the numbers (LiveThread) of those to dismiss: the notebook's, which wait for ever.
    """

    action: RescueAction
    pid: int = 0
    started: int = 0
    threads: Annotated[tuple[int, ...], msgspec.Meta(max_length=64)] = ()


class RescueReply(msgspec.Struct, frozen=True):
    """What was done, in sentences; whether it helped; and what is left."""

    schema: int
    done: bool
    happened: tuple[str, ...]
    state: KernelState


class ProblemReply(msgspec.Struct, frozen=True):
    """Every error: what was expected, what was seen, what to do next."""

    message: str
    reason: str = ""


# -- parallab inspect and doctor -----------------------------------------------


class InspectThread(msgspec.Struct, frozen=True):
    """A thread and the id of what it waits for, or None."""

    tid: int
    name: str
    state: str
    waits_for: str | None


class InspectProcess(msgspec.Struct, frozen=True):
    """A process; ``state`` is the letter of /proc/PID/stat, ``given`` the name that the program gave its Process."""

    pid: int
    started: float
    ppid: int
    role: str
    name: str
    state: str
    cmdline: tuple[str, ...]
    exit_code: int | None
    threads: tuple[InspectThread, ...]
    given: str = ""


class InspectEnd(msgspec.Struct, frozen=True):
    """A process's hold on an object; ``mode`` is ``r``, ``w``, ``rw`` or ``map``."""

    pid: int
    fd: int | None
    mode: str


class InspectObject(msgspec.Struct, frozen=True):
    """An IPC object; ids are ``dev:inode``, of what is made of others ``kind:`` and its first part's.

    ``cls`` is its Python class where that is known, ``state`` its state in words. ``value`` is a semaphore's,
    the items in a queue, 1 for an event that is set, those waiting at a barrier, the workers of a pool;
    ``waiters`` threads that are blocked on it. ``bytes`` wait in it to be read, ``size`` is in bytes,
    ``maxsize`` in items. ``workers`` are pids, or native ids where they are threads; ``held_by`` the pids that
    hold a lock. What Parallab takes for nobody's idea of an object says so in ``cls``: ``sentinel`` and ``helper``
    are multiprocessing's own pipes, ``standard`` the program's input and output.
    """

    kind: str
    id: str
    name: str
    value: int | None
    waiters: int | None
    bytes: int | None
    size: int | None
    parts: tuple[str, ...]
    ends: tuple[InspectEnd, ...]
    cls: str = ""
    state: str = ""
    items: int | None = None
    maxsize: int | None = None
    workers: tuple[int, ...] = ()
    held_by: tuple[int, ...] = ()


class InspectTarget(msgspec.Struct, frozen=True):
    """What is waited for."""

    kind: Literal["process", "object", "child", "thread-lock", "unknown"]
    id: str


class InspectWait(msgspec.Struct, frozen=True, rename={"target": "for"}):
    """A wait-for edge; ``held_by`` are the pids that could end it, None when unknown."""

    pid: int
    tid: int
    target: InspectTarget
    held_by: tuple[int, ...] | None


class InspectDiagnosis(msgspec.Struct, frozen=True):
    """Why a program is stuck."""

    mistake: MistakeView | None
    sentence: str
    evidence: tuple[str, ...]


class CannotTell(msgspec.Struct, frozen=True):
    """What could not be seen, and why."""

    what: str
    why: str


class InspectReport(msgspec.Struct, frozen=True):
    """What ``parallab inspect --json`` prints."""

    schema: int
    at: float
    root: int
    processes: tuple[InspectProcess, ...]
    objects: tuple[InspectObject, ...]
    waits: tuple[InspectWait, ...]
    diagnoses: tuple[InspectDiagnosis, ...]
    cannot_tell: tuple[CannotTell, ...]


class DoctorReport(msgspec.Struct, frozen=True):
    """What ``parallab doctor --json`` prints."""

    schema: int
    stuck: bool | None
    diagnoses: tuple[InspectDiagnosis, ...]
    cannot_tell: tuple[CannotTell, ...]


# -- events to the browser -------------------------------------------------------

CHECK_EVENT = "https://events.parallab.dev/check/v1"
PROGRESS_EVENT = "https://events.parallab.dev/progress/v1"
KERNEL_EVENT = "https://events.parallab.dev/kernel/v1"


class ProgressEvent(msgspec.Struct, frozen=True):
    """A step's progress changed, in whichever window or by a break goal met."""

    lab: str
    progress: StepProgress


class KernelEvent(msgspec.Struct, frozen=True):
    """A recorded kernel's picture changed."""

    state: KernelState


#: The structs that the front end speaks, the roots of the generated types.
ROOTS: tuple[type[msgspec.Struct], ...] = (
    Course,
    LabView,
    Progress,
    CheckRequest,
    CheckReply,
    OpenRequest,
    OpenReply,
    PredictRequest,
    AnswerRequest,
    AnswerReply,
    HintRequest,
    HintReply,
    SolutionReply,
    ResetReply,
    HelpRequest,
    HandInRequest,
    HandInReply,
    KernelState,
    Capabilities,
    Leftovers,
    CleanRequest,
    CleanReply,
    RescueRequest,
    RescueReply,
    ProblemReply,
    ProgressEvent,
    KernelEvent,
)
