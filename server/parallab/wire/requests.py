"""What the browser asks of the REST for a step or a lab, and what it is answered."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from parallab.wire.labs import Answered, StepProgress
from parallab.wire.verdicts import StepResult


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


class ProblemReply(msgspec.Struct, frozen=True):
    """Every error: what was expected, what was seen, what to do next."""

    message: str
    reason: str = ""
