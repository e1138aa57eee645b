"""Labs as values: what lab.md and its neighbours say, parsed; and which cell belongs to which step.

Pure: the text comes in, a :class:`Lab` or a :class:`LabError` with file and line comes out.
``shelf`` finds and opens the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from packaging.specifiers import SpecifierSet

from parallab.wire import ActKind, Block, CellRef, Phase, Prompt, QuestionForm, StepKind


class LabError(ValueError):
    """A lab that is not well-formed: where, what is wrong, and what to do next."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


class Cell(msgspec.Struct, frozen=True):
    """A cell of the lab's notebook. ``tags`` are those of lab.md: hangs, interrupt, restart …"""

    source: str
    cell_type: str = "code"
    step: str = ""
    tags: tuple[str, ...] = ()
    line: int = 0


class Option(msgspec.Struct, frozen=True):
    """One choice of a question, with whether it is right and why (or why not)."""

    id: str
    text: str
    right: bool
    reason: str


class QuizQuestion(msgspec.Struct, frozen=True):
    """A question with its key; what leaves the server is :class:`parallab.wire.Question`.

    The options of one of form ``order`` stand in their right order, and their ids do not tell it; one of
    form ``text`` has none.
    """

    id: str
    text: str
    options: tuple[Option, ...]
    several: bool = False
    form: QuestionForm = "choice"


class Act(msgspec.Struct, frozen=True):
    """What the lab itself does in a step when the learner asks for it; ``body`` is Markdown.

    ``kill-worker`` ends a process of the step's running cell: one that sits in ``read`` (``which`` is
    ``reading``), or one at work (``working``). ``frozen-kernels`` runs each of the step's starter cells that is
    tagged ``hangs`` in a kernel of its own, and shows how it stands still.
    """

    id: str
    kind: ActKind
    label: str
    which: Literal["reading", "working"] = "working"
    body: str = ""
    line: int = 0
    phase: Phase | None = None
    """When a headless run does it; a learner may at any time."""


class Step(msgspec.Struct, frozen=True):
    """One step. ``body`` and ``hints`` are Markdown; ``cells`` the starter's, in order."""

    id: str
    title: str
    kind: StepKind = "code"
    counts: bool = True
    stretch: bool = False
    python: str = ""
    """A version specifier (PEP 440) that the kernel must satisfy, or ""."""
    body: str = ""
    line: int = 0
    cells: tuple[Cell, ...] = ()
    hints: tuple[str, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    questions: tuple[QuizQuestion, ...] = ()
    blocks: tuple[Block, ...] = ()
    order: tuple[str, ...] = ()
    """The right order of the blocks' ids; distractors are missing from it."""
    block_reasons: dict[str, str] = {}
    """What a distractor would do, by block id."""
    serves: tuple[str, ...] = ()
    """Objectives."""
    draw: int = 0
    """Of a recall step: how many questions of earlier labs are asked again, at most."""
    acts: tuple[Act, ...] = ()

    @property
    def everywhere(self) -> bool:
        """Whether its checks look at what cells of other steps did: it has no code of its own."""
        return not any(cell.cell_type == "code" for cell in self.cells)

    def unfit(self, python: str) -> str:
        """Why a kernel of this version cannot do the step, "" when it can or its version is unknown."""
        if not self.python or not python or SpecifierSet(self.python).contains(python, prereleases=True):
            return ""
        return f"This step needs Python {self.python}; this kernel runs {python}."


class Caption(msgspec.Struct, frozen=True):
    """A sentence to read while the replay is watched, and the moment from which on: ``start 2``, ``deadlock`` …"""

    when: str
    text: str
    line: int = 0


class Watch(msgspec.Struct, frozen=True):
    """The step whose solution the lab's replay shows, with captions in the order of what happens.

    ``nth`` of its cells that start something is shown, from 1; 0: the one that starts most.
    """

    step: str
    captions: tuple[Caption, ...]
    nth: int = 0


class Lab(msgspec.Struct, frozen=True):
    """A lab: its front matter, story, set-up cells and steps, in reading order."""

    id: str
    title: str
    version: int
    minutes: int
    objectives: tuple[str, ...]
    needs: tuple[str, ...]
    summary: str
    body: str
    cells: tuple[Cell, ...]
    """All cells of the notebook in reading order, markdown ones included."""
    steps: tuple[Step, ...]
    watch: Watch | None = None

    def step(self, step: str) -> Step | None:
        """The step with this id, or None."""
        return next((found for found in self.steps if found.id == step), None)


def assign(cells: Iterable[CellRef]) -> dict[str, str]:
    """Each cell's step by its id, "" for set-up, from the notebook's cells in document order.

    A tagged cell is its step's; one without a tag belongs to the nearest tagged cell above it;
    before the first tag all is set-up.
    """
    steps: dict[str, str] = {}
    current = ""
    for cell in cells:
        if cell.step is not None:
            current = cell.step
        steps[cell.id] = current
    return steps
