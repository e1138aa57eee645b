"""Our own labs proved in real kernels: starters fail, solutions pass, wrong answers get their texts.

A plain run takes the start methods in turns for wrong answers; ``make labs`` runs each under all of them.
"""

from __future__ import annotations

import pytest

from parallab import author
from parallab.shelf import Shelf, ShelvedLab

LABS = [pytest.param(lab, id=lab.lab.id) for lab in Shelf().labs()]


@pytest.mark.parametrize("lab", LABS)
def test_there_is_nothing_wrong_on_paper(lab: ShelvedLab) -> None:
    assert [str(fault) for fault in author.static_faults(lab)] == []


def in_turn(lab: ShelvedLab, method: str) -> list[str]:
    """The cases to run under this start method, so that each wrong answer is run once."""
    turns = [(wrong.name, wrong.start_methods or author.METHODS) for wrong in lab.mistakes]
    return [
        "starter",
        "solution",
        *(name for place, (name, all_) in enumerate(turns) if all_[place % len(all_)] == method),
    ]


def test_each_wrong_answer_has_its_turn() -> None:
    for lab in Shelf().labs():
        names = [name for method in author.METHODS for name in in_turn(lab, method)[2:]]
        assert sorted(names) == sorted(wrong.name for wrong in lab.mistakes)


@pytest.mark.timeout(900)
@pytest.mark.asyncio
@pytest.mark.parametrize("method", author.METHODS)
@pytest.mark.parametrize("lab", LABS)
async def test_it_holds_in_real_kernels(lab: ShelvedLab, method: str) -> None:
    report = await author.prove(lab, start_methods=[method], only=in_turn(lab, method), jobs=3)
    assert report.good, report.text()
