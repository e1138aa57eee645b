"""Answers that the authors did not have in mind get true verdicts: right in many styles, wrong in disguise."""

from __future__ import annotations

import asyncio

import pytest

import unseen
from parallab.shelf import Shelf

LABS = {f"L{number:02}": Shelf().lab(f"L{number:02}") for number in range(1, 13)}


def _cases() -> list[object]:
    cases = []
    for name, lab in LABS.items():
        answers = unseen.read(lab)
        for method in ("fork", "spawn", "forkserver"):
            kernels = unseen.kernels(answers, method)
            # The first kernel of right answers and the first of wrong ones hold one for nearly each step.
            wrong = next(place for place, found in enumerate(kernels) if found[0].verdict == "failed")
            quick = {0, wrong, len(kernels) - 1} if method == "fork" else set()
            cases += [
                pytest.param(
                    name, method, found, id=f"{name}-{method}-{place}", marks=[] if place in quick else pytest.mark.slow
                )
                for place, found in enumerate(kernels)
            ]
    return cases


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("name", "method", "answers"), _cases())
def test_verdicts(name: str, method: str, answers: list[unseen.Answer]) -> None:
    judged = asyncio.run(unseen.judge(answers, LABS[name], method))
    faults = [fault for answer, result in judged for fault in answer.faults(result)]
    assert not faults, "\n\n".join(faults)
