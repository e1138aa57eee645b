"""Wrong answers of our labs that hang, in real kernels: while each hangs, the live picture names its mistake.

A plain run takes one for each mistake; ``-m slow`` those that are left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import hanging
from parallab import headless
from parallab.author.goldens import METHODS
from parallab.author.proof import Case, cases
from parallab.catalogue import CATALOGUE
from parallab.own_kernel import OwnKernel
from parallab.shelf import Shelf
from parallab.wire import MistakeView

#: The check says what is wrong with the repair; what hangs is as the break left it: by an error.
LIVE = {"break-exception-old-lock": "M42"}


def hangs() -> Iterator[Any]:
    """Each under the first start method that it is for."""
    named: set[str] = set()
    for lab in Shelf().labs():
        for case in cases(lab, METHODS):
            wrong = case.wrong
            if wrong is None or case.method != (wrong.start_methods or METHODS)[0]:
                continue
            if wrong.mistake in hanging.HANGING and any("hangs" in cell.tags for cell in wrong.cells):
                late = wrong.mistake in named
                named.add(wrong.mistake)
                yield pytest.param(case, id=f"{lab.lab.id}-{wrong.name}", marks=pytest.mark.slow if late else ())


class Listening(OwnKernel):
    """A kernel that keeps what is told of each cell when it is called stuck: as it is, not once it was interrupted."""

    told: dict[str | None, MistakeView | None]

    async def __aenter__(self) -> OwnKernel:
        await super().__aenter__()
        self.told = {}
        self.recorder.listen(self._hear)
        return self

    def _hear(self, what: str) -> None:
        if what == "stuck":
            self.told.setdefault(self.recorder.running_cell, self.recorder.state("k").mistake)


@pytest.mark.asyncio
@pytest.mark.parametrize("case", list(hangs()))
async def test_its_mistake_is_named_while_it_hangs(case: Case) -> None:
    assert case.wrong is not None
    assert case.wrong.mistake is not None
    kernel = Listening(case.lab.files, None, case.method)

    await headless.run(case.cells, case.lab, steps=case.steps, inside=kernel)

    mistake = LIVE.get(case.wrong.name, case.wrong.mistake)
    assert list(kernel.told.values())[-1:] == [MistakeView(mistake, CATALOGUE[mistake].sentence)]
