"""What real kernels did in our labs, judged again: the same recording gets the same verdict, here as there."""

from __future__ import annotations

import pytest

from corpus import verdicts
from parallab import judging, model
from parallab.evidence import Evidence
from parallab.lab_parse import WrongAnswer
from parallab.shelf import Shelf, ShelvedLab


@pytest.fixture(scope="module")
def labs() -> dict[str, ShelvedLab]:
    return {lab.lab.id: lab for lab in Shelf().labs()}


def judged_again(one: verdicts.Judged, lab: ShelvedLab) -> tuple[object, ...]:
    checks = [check for check in lab.checks[one.step] if not one.phases or check.phase in one.phases]
    step = lab.lab.step(one.step)
    assert step is not None
    everywhere = not any(cell.cell_type == "code" for cell in step.cells)
    evidence = Evidence(one.recording, one.step, one.steps, everywhere=everywhere)
    return judging.judge(checks, evidence, one.met)


@pytest.mark.parametrize("case", verdicts.CASES)
def test_the_same_recording_gets_the_same_verdict(case: str, labs: dict[str, ShelvedLab]) -> None:
    lab = labs[case.partition("/")[0]]

    for one in verdicts.load(case):
        assert judged_again(one, lab) == one.goals


@pytest.mark.parametrize("case", verdicts.CASES)
def test_the_verdict_is_the_true_one(case: str, labs: dict[str, ShelvedLab]) -> None:
    """Every solution passes; each wrong answer gets the verdict and the mistake that its file tells."""
    lab, kind = labs[case.partition("/")[0]], case.rpartition("/")[2]
    wrong = next((found for found in lab.mistakes if found.name == kind), None)
    told = {one.step: one.goals for one in verdicts.load(case) if not one.phases}

    if wrong is None:
        assert kind == "solution"
        assert {step for step, goals in told.items() if judging.verdict_of(goals) != "passed"} == set()
        assert set(told) == {step.id for step in lab.lab.steps if lab.checks.get(step.id)}
    else:
        assert judging.verdict_of(told[wrong.step]) == wrong.verdict
        assert {goal.mistake.id for goal in told[wrong.step] if goal.mistake} == _mistakes(wrong)


def _mistakes(wrong: WrongAnswer) -> set[str]:
    return {wrong.mistake} if wrong.mistake else set()


@pytest.mark.parametrize("case", verdicts.CASES)
def test_a_recording_comes_back_from_disk_as_it_was(case: str) -> None:
    for one in verdicts.load(case):
        assert model.loads(model.dumps(one.recording)) == one.recording
