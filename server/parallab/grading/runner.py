"""Re-checks one submission: in a sandbox, watched from outside, or without one where that was asked for."""

from __future__ import annotations

import asyncio
import platform
import time
from typing import Any

from parallab import headless, submission
from parallab.grading.blank import blank
from parallab.grading.facts import TEXT, Graded, Order, Outcome, Stuck
from parallab.grading.kernel import SandboxedKernel
from parallab.grading.sandbox import SandboxError
from parallab.headless import Done, Hang
from parallab.judge_pool import JudgePool
from parallab.lab import Cell
from parallab.no_kernel import HeadlessError
from parallab.own_kernel import OwnKernel
from parallab.shelf import Shelf, ShelvedLab


async def grade_one(order: Order, shelf: Shelf, pool: JudgePool) -> Graded:
    """The result; whatever is in the notebook, it is one.

    :raises SandboxError: there can be no sandbox on this machine.
    """
    try:
        cells = submission.parse(order.notebook, "it")
        lab = shelf.lab(order.lab)
    except submission.SubmissionError as error:
        return blank(order, "unreadable", str(error))
    except LookupError as error:
        return blank(order, "unreadable", f"its lab is not installed here: {error}")
    if lab.problem:
        return blank(order, "error", str(lab.problem))
    began = time.monotonic()
    kernel = SandboxedKernel(lab.files, shelf.courses(), order.limits) if order.sandbox else OwnKernel(lab.files)
    return await _grade(order, lab, cells, kernel, pool, began)


async def _grade(
    order: Order,
    lab: ShelvedLab,
    cells: tuple[Cell, ...],
    kernel: SandboxedKernel | OwnKernel,
    pool: JudgePool,
    began: float,
) -> Graded:
    where = ""

    def now(title: str) -> None:
        nonlocal where
        where = title

    def ended(outcome: Outcome, reason: str, **more: Any) -> Graded:
        limit = kernel.memory_limit if isinstance(kernel, SandboxedKernel) else ""
        return blank(order, outcome, reason, seconds=time.monotonic() - began, memory_limit=limit, **more)

    try:
        run = headless.run(cells, lab, timeout=order.limits.cell, progress=now, pool=pool, inside=kernel)
        done = await asyncio.wait_for(run, order.limits.whole)
    except (TimeoutError, asyncio.TimeoutError):
        return ended("stopped", f"it took longer than {order.limits.whole:g} s in all, last in “{where}”")
    except HeadlessError as error:
        if isinstance(kernel, SandboxedKernel) and kernel.stopped:
            return ended("stopped", f"{kernel.stopped}, in “{where}”")
        if isinstance(error, SandboxError) and not where:
            raise
        return ended("error", str(error))
    found = _facts(done)
    if isinstance(kernel, SandboxedKernel) and kernel.stopped:
        return ended("stopped", f"{kernel.stopped}, in “{where}”", **found)
    return ended("passed" if headless.passed(done.report) else "not-passed", "", **found)


def _facts(done: Done) -> dict[str, Any]:
    counted = headless.counted(done.report)
    return {
        "passed": sum(step.verdict == "passed" for step in counted),
        "counted": len(counted),
        "hangs": tuple(_stuck(hang) for hang in done.hangs),
        "report": done.report,
        "python": done.report.python or platform.python_version(),
    }


def _stuck(hang: Hang) -> Stuck:
    why = hang.died or ("stuck" if hang.stuck else "out of time")
    return Stuck(hang.step, hang.cell, why, tuple(line[:TEXT] for line in hang.waits[:20]), hang.mistake)
