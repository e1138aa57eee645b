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
QuestionForm = Literal["choice", "text", "order"]
ActKind = Literal["kill-worker", "frozen-kernels"]
KernelKind = Literal["none", "recorded", "no-probe", "foreign", "remote", "elsewhere", "dead"]


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


# -- labs ---------------------------------------------------------------------


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
    acts: tuple[ActView, ...] = ()
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
    watch: str = ""
    """The step that the lab's replay shows, "" where there is none."""
    language: str = "en"
    """What it is written in, as a BCP 47 tag: the reader's, if the lab has been translated."""


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


class News(msgspec.Struct, frozen=True):
    """What a new ``version`` of a lab brought to the learner's notebook, which was of version ``before``.

    Steps are named by their titles: those ``added``, those ``removed`` from the lab (their cells stay),
    those in which something given was ``renewed``, and those in which the learner's own was ``kept``
    though what was given has changed. ``files`` are modules of the learner's that stayed, ``old`` the
    path of the notebook as it was. With a ``language`` the version is the same, and the texts that the
    learner had not changed are told in this language now.
    """

    before: int
    version: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renewed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    old: str = ""
    language: str = ""


class OpenReply(msgspec.Struct, frozen=True):
    """Where the learner's notebook is, as a path of the Contents API, and what a new version did to it."""

    path: str
    created: bool
    news: News | None = None


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


class SourceCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notebook cell by its id, with the step that its metadata name, and its text."""

    id: str
    step: str | None
    source: str


class DoubtRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/doubt: the verdict is wrong, in the learner's own ``words``.

    Without ``save`` it is only told what would be in the file.
    """

    kernel_id: str
    cells: tuple[SourceCell, ...]
    words: str = ""
    save: bool = False


class DoubtReply(msgspec.Struct, frozen=True):
    """What is in the file, in sentences, and its path of the Contents API, "" while it is not saved."""

    schema: int
    contents: tuple[str, ...]
    path: str


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


LiveState = Literal["starting", "running", "waiting", "ended"]


class LiveThread(msgspec.Struct, frozen=True):
    """A thread that a cell started, or one of a process's; ``waits_for`` completes "waits for …"."""

    tid: int
    name: str
    state: LiveState
    waits_for: str
    number: int = 0
    """What RescueRequest.threads calls it; 0 where it cannot be dismissed."""
    left: bool = False
    """The cell that started it has ended, and it lives on."""
    error: str = ""
    """The exception that ended it."""


class LiveProcess(msgspec.Struct, frozen=True):
    """A process beside the notebook, in the learner's own names.

    ``parent`` is the pid of who started it, 0 for the notebook; ``role`` is worker, pool, executor, manager,
    fork (os.fork) or program (subprocess).
    """

    pid: int
    parent: int
    name: str
    role: str
    state: LiveState
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
    pid: int = 0
    waits_for: str = ""
    """What the notebook's own main thread waits for."""
    more: int = 0
    """Older processes that are not shown."""


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


class ActRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/act: which of the step's acts, and in whose kernel."""

    act: str
    kernel_id: str
    cells: tuple[CellRef, ...]


class Frozen(msgspec.Struct, frozen=True):
    """A kernel that was frozen for the learner: who waits for what in it. The diagnosis is left to them."""

    name: str
    seen: tuple[str, ...]


class ActReply(msgspec.Struct, frozen=True):
    """Whether it was done; what happened, in sentences; and the frozen kernels, where that was the act."""

    schema: int
    act: str
    done: bool
    happened: tuple[str, ...]
    frozen: tuple[Frozen, ...] = ()


class ProblemReply(msgspec.Struct, frozen=True):
    """Every error: what was expected, what was seen, what to do next."""

    message: str
    reason: str = ""


# -- the film: what happened, for the map, the timeline and the replay -------------------

LaneKind = Literal["notebook", "process", "thread", "program"]
SharedKind = Literal[
    "queue",
    "lock",
    "rlock",
    "semaphore",
    "value",
    "array",
    "event",
    "condition",
    "barrier",
    "pipe",
    "socket",
    "segment",
    "managed",
    "thread-lock",
]
LinkMode = Literal["uses", "reads", "writes", "reads-writes", "maps", "serves"]
WaitKind = Literal["object", "end", "outside", "unknown"]
Act = Literal[
    "start",
    "join",
    "put",
    "get",
    "done",
    "full",
    "empty",
    "take",
    "give",
    "miss",
    "arrive",
    "pass",
    "broken",
    "call",
    "create",
    "attach",
    "close",
    "unlink",
]


class FilmLane(msgspec.Struct, frozen=True):
    """A process or thread: a lane of the timeline, a node of the map. Times are the film's.

    ``parent`` is the lane that started it, "" for the notebook's own. A thread has its process's ``pid``.
    ``name`` is what its program calls it, "" where it has no name of its own.
    """

    id: str
    parent: str
    kind: LaneKind
    role: str
    """``worker pool executor manager fork program thread``, or ``notebook``."""
    name: str
    pid: int
    tid: int
    born: float
    """When ``start()`` was called, or else when it was first seen."""
    ran: float | None = None
    """When its own code began; None while it has not, and where that is not told."""
    ended: float | None = None
    """None while it lives."""
    exit_code: int | None = None
    error: str = ""
    """``Type: message`` of the exception that ended it."""
    target: str = ""
    run: int = 0
    """Which run of a cell started it (FilmCell.run)."""


class FilmObject(msgspec.Struct, frozen=True):
    """Something that processes or threads share.

    ``name`` is the learner's, "" where none is known; then ``kind`` and ``number`` tell it from others.
    """

    id: str
    kind: SharedKind
    name: str
    number: int
    """Counts those of one kind, from 1, in order of their making."""
    cls: str = ""
    born: float = 0.0
    ended: float | None = None
    """When it was known to be gone: closed, unlinked."""
    capacity: int | None = None
    """Items that fit into a queue, holders that a semaphore admits, bytes of a segment, parties of a barrier."""
    run: int = 0
    owner: str = ""
    """``pool``, ``executor`` … where the library made it for one of its own."""


class FilmLink(msgspec.Struct, frozen=True):
    """That a lane has to do with an object, from ``begin`` on; ``end`` None: still."""

    lane: str
    object: str
    mode: LinkMode
    begin: float
    end: float | None = None


class FilmWait(msgspec.Struct, frozen=True):
    """A lane waits, from ``begin`` to ``end`` (None: still).

    ``kind`` says for what: an ``object`` (with its id), the ``end`` of other lanes (``lanes``), something
    ``outside`` the program, or ``unknown``. Who holds the object now is in its states.
    """

    lane: str
    begin: float
    end: float | None
    kind: WaitKind
    object: str = ""
    lanes: tuple[str, ...] = ()
    timed: bool = False
    """It ends by itself: a time-out was given."""
    forever: bool = False
    """Nobody is left who could end it."""
    call: str = ""
    """What it waits in: ``acquire put get join wait read write`` …"""


class FilmMark(msgspec.Struct, frozen=True):
    """Something a lane did at one moment, to an object or to another lane; ``text`` is the item, the answer …"""

    at: float
    lane: str
    act: Act
    object: str = ""
    other: str = ""
    text: str = ""


class FilmState(msgspec.Struct, frozen=True):
    """What is true of an object from ``at`` until its next state; None: not known."""

    object: str
    at: float
    fill: int | None = None
    """Items in a queue, bytes in a pipe or socket, those who have arrived at a barrier."""
    value: str = ""
    """A shared number, or how many a semaphore still admits."""
    holders: tuple[str, ...] = ()
    """The lanes that hold it."""
    waiters: int = 0


class FilmCell(msgspec.Struct, frozen=True):
    """One run of a cell; ``end`` None while it runs. ``number`` is what the notebook shows in brackets."""

    cell: str
    run: int
    number: int
    step: str
    begin: float
    end: float | None
    error: str = ""
    lanes: int = 0
    """How many processes and threads it started."""


class FilmDeadlock(msgspec.Struct, frozen=True):
    """A closed circle: each of ``lanes`` waits for the object at the same place, which the next of them holds.

    Where a lane waits for the end of the next one, its place in ``objects`` is "". ``end`` None: it lasts.
    """

    begin: float
    end: float | None
    lanes: tuple[str, ...]
    objects: tuple[str, ...]


class FilmCaption(msgspec.Struct, frozen=True):
    """A sentence to read from ``at`` on, until the next one; ``lanes`` and ``objects`` are what it speaks of."""

    at: float
    text: str
    lanes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


class FilmGap(msgspec.Struct, frozen=True):
    """What a film leaves out to stay small: ``count`` of ``what``, between two moments."""

    what: Literal["marks", "waits", "states", "lanes", "objects", "links", "cells"]
    count: int
    begin: float
    end: float


class Film(msgspec.Struct, frozen=True):
    """GET kernels/{id}/film, a lab's replay, and a saved file: what processes and threads did, bounded.

    ``run`` is the run of a cell that it tells of, with what that started; 0: all that is kept. ``cells``
    are all of them, so that another can be asked for.

    All times are milliseconds since ``unix`` (Unix seconds), the moment when the kernel was ready. Lists
    are in order of time. Ids hold as long as what they name is kept, so that two films of a kernel can be
    laid over each other. It ends at ``end``, and begins at ``begin``, which is not 0 where one run is told.
    """

    schema: int
    title: str
    kernel_id: str
    unix: float
    begin: float
    end: float
    run: int
    busy: bool
    """A cell was running at its end."""
    stuck: bool | None
    lanes: tuple[FilmLane, ...]
    objects: tuple[FilmObject, ...] = ()
    links: tuple[FilmLink, ...] = ()
    waits: tuple[FilmWait, ...] = ()
    marks: tuple[FilmMark, ...] = ()
    states: tuple[FilmState, ...] = ()
    cells: tuple[FilmCell, ...] = ()
    deadlocks: tuple[FilmDeadlock, ...] = ()
    captions: tuple[FilmCaption, ...] = ()
    left_out: tuple[FilmGap, ...] = ()
    not_recorded: tuple[str, ...] = ()
    """In sentences, what the recording itself does not have."""


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
LAB_EVENT = "https://events.parallab.dev/lab/v1"


class ProgressEvent(msgspec.Struct, frozen=True):
    """A step's progress changed, in whichever window or by a break goal met."""

    lab: str
    progress: StepProgress


class LabEvent(msgspec.Struct, frozen=True):
    """A file of a lab has changed, while its author looks at it."""

    lab: str


# -- live ----------------------------------------------------------------------------


class LiveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client of kernels/{id}/live says it wants to be told of; the last one counts."""

    state: bool = True
    film: bool = False
    """Of the newest run that started anything, as kernels/{id}/film."""


class LiveMessage(msgspec.Struct, frozen=True):
    """One message of kernels/{id}/live: what changed, whole."""

    schema: int
    state: KernelState | None = None
    film: Film | None = None


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
    DoubtRequest,
    DoubtReply,
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
    Film,
    ActRequest,
    ActReply,
    ProblemReply,
    ProgressEvent,
    LabEvent,
    LiveRequest,
    LiveMessage,
)
