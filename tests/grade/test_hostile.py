"""Every hostile, crafty or odd notebook of the four modules of them gets the outcome that is right."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crafty_notebooks import CRAFTY, UNUSUAL
from disguised_notebooks import DISGUISED, STRANGE
from forging_notebooks import FORGING
from handed import GOOD, notebook
from hostile_notebooks import HONEST, HOSTILE, Handed
from parallab.grading import Graded, Limits, grade, of_text

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(1200)]


async def graded(one: Handed, limits: Limits) -> Graded:
    (result,) = await grade([of_text("somebody", one.text)], limits=limits)
    return result


def told(result: Graded) -> str:
    return "; ".join([result.reason, *(hang.why for hang in result.hangs)])


def words(value: Any) -> Iterator[str]:
    """All texts in there, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from words([key, one])
    elif isinstance(value, Sequence):
        for one in value:
            yield from words(one)


UNFIT = HOSTILE | FORGING | CRAFTY
FIT = HONEST | UNUSUAL | STRANGE


def judged(result: Graded, one: Handed) -> None:
    """Fails unless the outcome is right, with what is said of it."""
    assert result.outcome in one.outcomes, result
    assert one.says in told(result)
    assert result.outcome == "not-passed" or result.reason
    assert "Traceback" not in told(result)
    assert result.counted == 1 or result.report is None, "no step was left out"
    assert result.python == platform.python_version(), "what runs is not for the notebook to say"


@pytest.mark.parametrize("name", UNFIT)
async def test_who_did_not_do_the_work_does_not_pass_and_is_told_why(course: Path, name: str) -> None:
    judged(await graded(UNFIT[name], UNFIT[name].limits), UNFIT[name])


@pytest.mark.parametrize("name", DISGUISED)
async def test_who_goes_for_what_is_around_does_not_pass_and_whoever_comes_next_does(course: Path, name: str) -> None:
    one = DISGUISED[name]
    handed = [of_text("mallory", one.text), of_text("ada", notebook(GOOD))]
    mallory, ada = await grade(handed, limits=one.limits)
    judged(mallory, one)
    steering = [text for text in words(msgspec.to_builtins(mallory)) if not text.replace("\n", "").isprintable()]
    assert steering == [], "no terminal and no page is steered by it"
    assert ada.outcome == "passed", ada


@pytest.mark.parametrize("name", FIT)
async def test_who_did_the_work_passes_however_odd_the_notebook(course: Path, name: str) -> None:
    result = await graded(FIT[name], Limits())
    assert result.outcome == "passed", result
