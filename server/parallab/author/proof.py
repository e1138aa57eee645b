"""Proof that a lab is right: its starters, solutions and wrong answers run in real kernels.

What does not hold is told with what to do next. Running is left to ``headless``, the words of a
verdict to ``verdict_text``.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from parallab import headless, verdict_text
from parallab.author import doubted
from parallab.author.fault import Fault
from parallab.author.goldens import METHODS, difference, fits, golden_for, matches
from parallab.author.paper import recorded, static_faults
from parallab.judge_pool import JudgePool
from parallab.lab import Cell
from parallab.lab_parse import WrongAnswer
from parallab.shelf import ShelvedLab
from parallab.wire import StepResult

#: Seconds that a cell of a proof may take: a busy machine gets its time. What is stuck is known to be so long before.
PATIENCE = 300.0


class Progress(Protocol):
    """Told what is being done, and which part of the whole is done, where that is known."""

    def __call__(self, text: str, share: float | None = None) -> None: ...


def quietly(text: str, share: float | None = None) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Case:
    """One run to be made: cells in a kernel of one start method, and what must come of it."""

    lab: ShelvedLab
    kind: str
    """``starter``, ``solution`` or the name of a wrong answer."""
    method: str
    cells: tuple[Cell, ...]
    steps: tuple[str, ...]
    wrong: WrongAnswer | None = None

    def __str__(self) -> str:
        kind = f"mistakes/{self.kind}.md" if self.wrong else self.kind
        return f"{self.lab.lab.id} {kind} ({self.method})"


@dataclass(frozen=True)
class Report:
    """What a proof found. ``flakes`` counts the failed runs of each case that was run more than once."""

    faults: tuple[Fault, ...]
    runs: int
    flakes: dict[str, int]

    @property
    def good(self) -> bool:
        """Everything holds."""
        return not self.faults

    def text(self) -> str:
        """The faults, then a line of summary."""
        lines = [str(fault) for fault in self.faults]
        rate = f", {sum(self.flakes.values())} of them failed" if self.flakes else ""
        lines.append(f"{self.runs} runs{rate}: {'all is well' if self.good else f'{len(self.faults)} faults'}")
        return "\n".join(lines)


async def prove(
    lab: ShelvedLab,
    *,
    repeat: int = 1,
    load: int = 0,
    start_methods: Sequence[str] = METHODS,
    jobs: int = 1,
    only: Sequence[str] = (),
    kernel: str | None = None,
    progress: Progress = quietly,
) -> Report:
    """Proves one lab under each start method, ``repeat`` times, with ``load`` busy processes beside.

    ``only`` names cases (``starter``, ``solution`` or wrong answers); () means all.
    """
    faults = list(static_faults(lab))
    if lab.problem is not None:
        return Report(tuple(faults), 0, {})
    wanted = [case for case in cases(lab, start_methods) if not only or case.kind in only]
    flakes: dict[str, int] = {}
    told: dict[str, list[Fault]] = {}
    done = 0
    gate = asyncio.Semaphore(jobs)
    pool = JudgePool()

    async def run(case: Case, round_: int) -> None:
        nonlocal done
        async with gate:
            words = f"{case}, round {round_ + 1} of {repeat}" if repeat > 1 else str(case)
            progress(words, done / (len(wanted) * repeat))
            found = await run_case(case, pool, kernel)
            done += 1
            if found:
                flakes[str(case)] = flakes.get(str(case), 0) + 1
                told.setdefault(str(case), found)

    kept = {path: wrong for path, wrong in doubted.recordings(lab).items() if not only or path.name in named(only)}
    try:
        for path, wrong in kept.items():
            progress(f"{lab.lab.id} mistakes/{path.name}")
            faults += await doubted.faults(lab, path, wrong, pool)
        with busy(load):
            await asyncio.gather(*(run(case, round_) for round_ in range(repeat) for case in wanted))
    finally:
        await pool.close()
    for found in told.values():
        faults += found
    return Report(tuple(faults), len(wanted) * repeat, flakes)


def named(only: Sequence[str]) -> set[str]:
    """The recordings of the answers named."""
    return {f"{name}{doubted.ENDING}" for name in only}


@contextmanager
def busy(load: int) -> Iterator[None]:
    """So many processes that do nothing but use the CPU."""
    burning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
        for process in burning:
            process.wait()


def cases(lab: ShelvedLab, start_methods: Sequence[str] = METHODS) -> Iterator[Case]:
    """Every run that a proof makes."""
    setup = _setup(lab)
    starters = tuple(cell for cell in lab.lab.cells if cell.cell_type == "code")
    judged = [step for step in lab.lab.steps if lab.checks.get(step.id)]
    solved = setup + tuple(cell for step in lab.lab.steps for cell in lab.solution.get(step.id, ()))
    for method in start_methods:
        # A step without cells of its own, such as the clean bench, has nothing to start from.
        yield Case(lab, "starter", method, starters, tuple(step.id for step in judged if step.cells))
        yield Case(lab, "solution", method, solved, tuple(step.id for step in judged))
        for wrong in lab.mistakes:
            if wrong.start_methods and method not in wrong.start_methods:
                continue
            before = tuple(cell for step in wrong.after for cell in lab.solution.get(step, ()))
            yield Case(lab, wrong.name, method, setup + before + wrong.cells, (wrong.step,), wrong)


def _setup(lab: ShelvedLab) -> tuple[Cell, ...]:
    return tuple(cell for cell in lab.lab.cells if cell.cell_type == "code" and not cell.step)


async def run_case(case: Case, pool: JudgePool, kernel: str | None) -> list[Fault]:
    try:
        done = await headless.run(
            case.cells,
            case.lab,
            kernel=kernel,
            start_method=case.method,
            timeout=PATIENCE,
            steps=case.steps,
            pool=pool,
        )
    except headless.HeadlessError as error:
        return [Fault(str(case), f"could not be run: {error}", "see that this Python has ipykernel")]
    return list(_judge(case, done.report.python, done.report.steps))


def _judge(case: Case, python: str, results: Sequence[StepResult]) -> Iterator[Fault]:
    if case.wrong is not None:
        if results and fits(case.wrong.python, python):
            yield from _wrong(case, case.wrong, python, results[0])
        return
    for result in results:
        passed = result.verdict == "passed"
        if case.kind == "starter" and passed:
            yield Fault(
                f"{case}: step {result.step}",
                "the starter passes as it is",
                "leave something for the learner to do, or add a goal that the starter does not meet",
            )
        if case.kind == "solution" and not passed:
            yield Fault(
                f"{case}: step {result.step}",
                f"the solution does not pass:\n{_indented(verdict_text.text(result))}",
                f"mend {case.lab.slug}/solution.md or the step's checks",
            )


def _wrong(case: Case, wrong: WrongAnswer, python: str, result: StepResult) -> Iterator[Fault]:
    where = f"{case}: step {result.step}"
    seen = verdict_text.text(result)
    if result.verdict != wrong.verdict:
        yield Fault(
            where,
            f"expected verdict {wrong.verdict}, got {result.verdict}:\n{_indented(seen)}",
            "make the checks tell this answer from a right one, or correct the file's verdict",
        )
        return
    told = {goal.mistake.id for goal in result.goals if goal.mistake is not None}
    if (wrong.mistake or "") not in (told or {""}):
        yield Fault(
            where,
            f"expected mistake {wrong.mistake or 'none'}, got {', '.join(sorted(told)) or 'none'}:\n{_indented(seen)}",
            "name it as a candidate in the failing check, see why its recogniser does not agree, or correct the file",
        )
        return
    golden = golden_for(wrong, case.method, python)
    if golden is None:
        yield Fault(where, "there is no text for this start method and Python", recorded(case.lab, wrong.name))
    elif not matches(golden, seen):
        yield Fault(where, f"the text differs:\n{difference(golden, seen)}", "mend the check, or record the new text")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
