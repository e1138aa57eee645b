"""Every hostile, crafty or odd notebook of the three modules of them gets the outcome that is right."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from crafty_notebooks import CRAFTY, UNUSUAL
from forging_notebooks import FORGING
from hostile_notebooks import HONEST, HOSTILE, Handed
from parallab.grading import Graded, Limits, grade, of_text

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(1200)]


async def graded(one: Handed, limits: Limits) -> Graded:
    (result,) = await grade([of_text("somebody", one.text)], limits=limits)
    return result


def told(result: Graded) -> str:
    return "; ".join([result.reason, *(hang.why for hang in result.hangs)])


UNFIT = HOSTILE | FORGING | CRAFTY
FIT = HONEST | UNUSUAL


@pytest.mark.parametrize("name", UNFIT)
async def test_who_did_not_do_the_work_does_not_pass_and_is_told_why(course: Path, name: str) -> None:
    result = await graded(UNFIT[name], UNFIT[name].limits)
    assert result.outcome in UNFIT[name].outcomes, result
    assert UNFIT[name].says in told(result)
    assert result.outcome == "not-passed" or result.reason
    assert "Traceback" not in told(result)
    assert result.counted == 1 or result.report is None, "no step was left out"
    assert result.python == platform.python_version(), "what runs is not for the notebook to say"


@pytest.mark.parametrize("name", FIT)
async def test_who_did_the_work_passes_however_odd_the_notebook(course: Path, name: str) -> None:
    result = await graded(FIT[name], Limits())
    assert result.outcome == "passed", result
