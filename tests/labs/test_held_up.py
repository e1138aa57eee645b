"""Our solutions, and right answers in many styles, while whoever reads the clock for a report is held up (``jitter``).

A plain run takes one solution; ``-m slow`` those of all labs, and all right answers, under each start method.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import unseen
from parallab import author
from parallab.shelf import Shelf, ShelvedLab

JITTER = Path(__file__).parents[1] / "jitter"
QUICK = {("L06", "fork")}


@pytest.fixture(autouse=True)
def held_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, in all kernels that are started."""
    others = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(JITTER), others])))


def each(quick: set[tuple[str, str]]) -> Iterator[Any]:
    for lab in Shelf().labs():
        for method in author.METHODS:
            marks = [] if (lab.lab.id, method) in quick else [pytest.mark.slow]
            yield pytest.param(lab, method, id=f"{lab.lab.id}-{method}", marks=marks)


@pytest.mark.timeout(900)
@pytest.mark.asyncio
@pytest.mark.parametrize(("lab", "method"), list(each(QUICK)))
async def test_solutions_pass(lab: ShelvedLab, method: str) -> None:
    report = await author.prove(lab, start_methods=[method], only=["solution"])
    assert report.good, report.text()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("lab", "method"), list(each(set())))
def test_right_answers_pass(lab: ShelvedLab, method: str) -> None:
    kernels = [found for found in unseen.kernels(unseen.read(lab), method) if found[0].verdict == "passed"]
    judged = [one for found in kernels for one in asyncio.run(unseen.judge(found, lab, method, timeout=120.0))]
    faults = [fault for answer, result in judged for fault in answer.faults(result)]
    assert not faults, "\n\n".join(faults)
