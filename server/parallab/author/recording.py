"""Writes what a learner sees into the wrong answers of a lab, for their author to read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from parallab import headless, verdict_text
from parallab.author.goldens import METHODS, fits, golden_for, goldens, matches, with_texts
from parallab.author.proof import Case, Progress, cases, quietly
from parallab.judge_pool import JudgePool
from parallab.lab_parse import WrongAnswer
from parallab.shelf import ShelvedLab


async def record(
    lab: ShelvedLab,
    names: Sequence[str] = (),
    *,
    start_methods: Sequence[str] = METHODS,
    times: int = 2,
    jobs: int = 1,
    kernel: str | None = None,
    progress: Progress = quietly,
) -> tuple[Path, ...]:
    """Writes what a learner sees into the wrong answers named (() means all); answers the files changed.

    Each is run so many ``times`` under every start method that it allows: numbers that differ
    become ‹n›, and texts that differ otherwise are kept apart by their start method. A golden text
    that fits already stays as it is. Read what was written before you keep it.
    """
    pool = JudgePool()
    gate = asyncio.Semaphore(jobs)
    wanted = [wrong for wrong in lab.mistakes if not names or wrong.name in names]

    async def one(case: Case) -> tuple[str, str]:
        async with gate:
            progress(str(case))
            done = await headless.run(
                case.cells, lab, kernel=kernel, start_method=case.method, steps=case.steps, pool=pool
            )
            return done.report.python, verdict_text.text(done.report.steps[0])

    async def all_of(wrong: WrongAnswer) -> Path | None:
        mine = [case for case in cases(lab, start_methods) if case.wrong is wrong for _ in range(times)]
        seen = await asyncio.gather(*(one(case) for case in mine))
        texts: dict[str, list[str]] = {}
        for case, (python, text) in zip(mine, seen, strict=True):
            if fits(wrong.python, python):
                texts.setdefault(case.method, []).append(text)
        return _keep(lab, wrong, texts, seen[0][0]) if texts else None

    try:
        changed = await asyncio.gather(*(all_of(wrong) for wrong in wanted))
    finally:
        await pool.close()
    return tuple(path for path in changed if path is not None)


def _keep(lab: ShelvedLab, wrong: WrongAnswer, texts: dict[str, list[str]], python: str) -> Path | None:
    """Writes the texts into the file, unless those that it has do already."""
    fits = all(
        golden is not None and all(matches(golden, seen) for seen in found)
        for method, found in texts.items()
        for golden in [golden_for(wrong, method, python)]
    )
    if fits:
        return None
    path = lab.folder / "mistakes" / f"{wrong.name}.md"
    path.write_text(with_texts(path.read_text(encoding="utf-8"), goldens(texts)), encoding="utf-8")
    return path
