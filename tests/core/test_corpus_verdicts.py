"""What real kernels did in our labs, judged again: the same recording gets the same verdict, here as there."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from corpus import verdicts
from parallab import judging, model
from parallab.evidence import Evidence
from parallab.film import film
from parallab.lab_parse import WrongAnswer
from parallab.shelf import Shelf, ShelvedLab
from parallab.wire import GoalResult


@pytest.fixture(scope="module")
def labs() -> dict[str, ShelvedLab]:
    return {lab.lab.id: lab for lab in Shelf().labs()}


def judged_again(one: verdicts.Judged, lab: ShelvedLab) -> tuple[GoalResult, ...]:
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
        assert [replace(goal, moment=None) for goal in judged_again(one, lab)] == list(one.goals)


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


POINTED = {
    "L04/fork/four-at-once-one-loop": ("together", 4),
    "L08/fork/one-lock-no-lock": ("lock", 4),
    "L08/fork/transfers-unsorted": ("two", 2),
}


@pytest.mark.parametrize("case", POINTED)
def test_a_failed_goal_points_at_the_moment_and_at_whom_it_is_about(case: str, labs: dict[str, ShelvedLab]) -> None:
    one = verdicts.load(case)[-1]
    told = film(one.recording)
    failed = [goal for goal in judged_again(one, labs[case.partition("/")[0]]) if goal.verdict == "failed"]
    goal, workers = POINTED[case]

    assert [one.id for one in failed] == [goal]
    moment = failed[0].moment
    assert moment is not None
    assert told.begin <= moment.at <= told.end
    assert (moment.unix, moment.kernel_id) == (told.unix, one.recording.kernel)
    assert {*moment.lanes} == {lane.id for lane in told.lanes if lane.run and lane.run == told.lanes[-1].run}
    assert {*moment.objects} <= {thing.id for thing in told.objects}
    assert len(moment.lanes) == workers
