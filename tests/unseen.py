"""The corpus of answers that the labs' authors did not have in mind, read and run.

``tests/labs/unseen/L04.md`` and its like hold, for each answer, a head and its cells:

    ## STEP — passed|failed [MISTAKE] — what is special about it
    alone                   (a kernel of its own)
    methods: fork spawn     (only where these start methods are the default)
    python: >=3.14          (only on these Pythons)
    says: words that the learner must be told
    never: words that the learner must not be told
    goals: GOAL=VERDICT …
    ```cell                 (also: below, an untagged one; hangs; again N, the answer's N-th cell
    given 1                  changed and run once more; given N, the starter's N-th cell)
    ```

Answers to different steps share a kernel: each kernel gets at most one answer to each step.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parallab import headless, verdict_text
from parallab.author.goldens import fits
from parallab.judge_pool import JudgePool
from parallab.lab import Cell
from parallab.shelf import ShelvedLab
from parallab.wire import StepResult

CORPUS = Path(__file__).parent / "labs" / "unseen"
_HEAD = re.compile(r"## (\S+) — (passed|failed)(?: (M\d+))? — (.+)\Z")
_ENTRY = re.compile(r"(methods|python|says|never|goals): (.+)\Z")


@dataclass
class Answer:
    """One answer to one step, and what must come of it."""

    step: str
    verdict: str
    mistake: str
    title: str
    cells: list[Cell] = field(default_factory=list)
    again: dict[int, int] = field(default_factory=dict)
    """Place of a cell → place of the cell that it replaces and whose id it keeps."""
    alone: bool = False
    methods: tuple[str, ...] = ("fork", "spawn", "forkserver")
    python: str = ""
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    goals: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.step}: {self.title}"

    def faults(self, result: StepResult) -> list[str]:
        """What the verdict should have been, where it was not."""
        text = verdict_text.text(result)
        found: list[str] = []
        if result.verdict != self.verdict:
            found.append(f"{result.verdict}, and should be {self.verdict}")
        verdicts = {goal.id: goal.verdict for goal in result.goals}
        found += [
            f"goal {goal} is {verdicts.get(goal)}, and should be {wanted}"
            for goal, wanted in self.goals.items()
            if verdicts.get(goal) != wanted
        ]
        told = {goal.mistake.id for goal in result.goals if goal.mistake is not None}
        if self.mistake and self.mistake not in told:
            found.append(f"mistake {self.mistake} is not told")
        flat = " ".join(text.split())
        found += [f"does not say {words!r}" for words in self.says if words not in flat]
        found += [f"says {words!r}" for words in self.never if words in flat]
        return [f"{self}\n  {fault}\n{text}" for fault in found]


def read(lab: ShelvedLab) -> list[Answer]:
    """The corpus's answers for a lab."""
    answers: list[Answer] = []
    lines = iter((CORPUS / f"{lab.lab.id}.md").read_text().splitlines())
    for line in lines:
        if head := _HEAD.match(line):
            answers.append(Answer(head[1], head[2], head[3] or "", head[4]))
        elif line == "alone":
            answers[-1].alone = True
        elif entry := _ENTRY.match(line):
            _enter(answers[-1], entry[1], entry[2])
        elif line.startswith("```cell"):
            source = []
            while (line_ := next(lines)) != "```":
                source.append(line_)
            _add(answers[-1], lab, line.split()[1:], "\n".join(source))
        elif line and not line.startswith("# "):
            raise ValueError(f"{lab.lab.id}.md: cannot read {line!r}")
    return answers


def _enter(answer: Answer, name: str, value: str) -> None:
    if name == "methods":
        answer.methods = tuple(value.split())
    elif name == "python":
        answer.python = value
    elif name == "says":
        answer.says += (value,)
    elif name == "never":
        answer.never += (value,)
    else:
        answer.goals.update(pair.split("=", 1) for pair in value.split())  # type: ignore[misc]


def _add(answer: Answer, lab: ShelvedLab, words: Sequence[str], source: str) -> None:
    step = "" if "below" in words else answer.step
    if given := re.fullmatch(r"given (\d+)", source):
        source = _given(lab, answer.step)[int(given[1]) - 1].source
    if "again" in words:
        rest = words[words.index("again") + 1 :]
        place = int(rest[0]) - 1 if rest else 0
        answer.again[len(answer.cells)] = place
        source = source or answer.cells[place].source
        step = answer.cells[place].step
    answer.cells.append(Cell(source, step=step, tags=("hangs",) if "hangs" in words else ()))


def _given(lab: ShelvedLab, step: str) -> list[Cell]:
    return [cell for cell in lab.lab.cells if cell.cell_type == "code" and cell.step == step]


def kernels(answers: Sequence[Answer], method: str, python: str = platform.python_version()) -> list[list[Answer]]:
    """The answers in as few kernels as may be, wrong ones apart from right ones."""
    shared: dict[str, list[dict[str, Answer]]] = {"passed": [], "failed": []}
    alone: list[list[Answer]] = []
    for answer in answers:
        if method not in answer.methods or not fits(answer.python, python):
            continue
        if answer.alone:
            alone.append([answer])
            continue
        columns = shared[answer.verdict]
        for column in columns:
            if answer.step not in column:
                column[answer.step] = answer
                break
        else:
            columns.append({answer.step: answer})
    return [list(column.values()) for columns in shared.values() for column in columns] + alone


class _Session(headless._Session):
    same: dict[str, str]

    async def _execute(self, cell_id: str, *rest: Any) -> bool:
        return await super()._execute(self.same.get(cell_id, cell_id), *rest)


async def judge(
    answers: Sequence[Answer], lab: ShelvedLab, method: str, pool: JudgePool | None = None, timeout: float = 40.0
) -> list[tuple[Answer, StepResult]]:
    """The verdicts of answers that share a kernel."""
    cells = [cell for cell in lab.lab.cells if cell.cell_type == "code" and not cell.step]
    if lab.lab.id == "L04":  # most steps use the module of the first one
        cells.append(Cell(_given(lab, "define-and-execute")[0].source))
    same: dict[str, str] = {}
    order = [step.id for step in lab.lab.steps]
    for answer in sorted(answers, key=lambda answer: order.index(answer.step)):
        first = len(cells)
        same.update({f"cell-{first + late}": f"cell-{first + early}" for late, early in answer.again.items()})
        cells += answer.cells
    async with _Session(lab, None, method, pool) as session:
        session.same = same
        done = await session.run(cells, timeout, [answer.step for answer in answers], lambda _: None)
    results = {result.step: result for result in done.report.steps}
    return [(answer, results[answer.step]) for answer in answers]
