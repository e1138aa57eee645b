"""Our own labs proved in real kernels: starters fail, solutions pass, wrong answers get their texts."""

from __future__ import annotations

import pytest

from parallab import author
from parallab.shelf import Shelf, ShelvedLab

LABS = [pytest.param(lab, id=lab.lab.id) for lab in Shelf().labs()]


@pytest.mark.parametrize("lab", LABS)
def test_there_is_nothing_wrong_on_paper(lab: ShelvedLab) -> None:
    assert [str(fault) for fault in author.static_faults(lab)] == []


@pytest.mark.timeout(900)
@pytest.mark.asyncio
@pytest.mark.parametrize("method", author.METHODS)
@pytest.mark.parametrize("lab", LABS)
async def test_it_holds_in_real_kernels(lab: ShelvedLab, method: str) -> None:
    report = await author.prove(lab, start_methods=[method], jobs=3)
    assert report.good, report.text()
