"""Verdicts from checks: every kind, the order of needs, phases, and an author's broken check."""

from __future__ import annotations

from typing import Any

import pytest

from parallab import judging, model
from parallab.checks import check, collect, expect, not_tried, note, one
from parallab.checks.check import CheckError
from parallab.evidence import Evidence
from parallab.wire import GoalResult
from tales import CELL, begin, end, evidence, join, life


def verdicts(evidence: Evidence, *functions: Any, met: dict[str, int] | None = None) -> list[GoalResult]:
    return list(judging.judge(collect(functions).get("work", ()), evidence, met))


RAN = evidence(begin(), life(1, 20, 25, 40), end())


@check("work")
def child(run: Evidence) -> Any:
    """Your notebook starts one child"""
    return expect("children", run.workers, one(), because="It is the task.", hint="start()")


@check("work")
def ended_well(run: Evidence, child: Any) -> None:
    """It ends well"""
    expect("exit code", child.exit_code, judging_zero())
    note("and so it did")


def judging_zero() -> Any:
    from parallab.checks import equals

    return equals(0)


def test_passed_goals_hand_on_their_findings() -> None:
    first, second = verdicts(RAN, child, ended_well)
    assert (first.verdict, second.verdict, second.note) == ("passed", "passed", "and so it did")


def test_a_failure_says_what_was_expected_and_seen() -> None:
    nobody = evidence(begin(), end())
    first, second = verdicts(nobody, child, ended_well)
    assert (first.verdict, first.expected, first.observed) == ("failed", "children: one", "none")
    assert (first.reason, first.hint) == ("It is the task.", "start()")
    assert (second.verdict, second.reason) == ("not-attempted", "First: Your notebook starts one child")


@check("work")
def one_after_the_other(run: Evidence) -> None:
    """They work at the same time"""
    expect("workers you waited for before you started the next", 1, judging_zero(), mistake="M13")


def test_what_is_missing_may_still_come_while_the_cell_runs() -> None:
    (goal,) = verdicts(evidence(begin()), child)
    assert (goal.verdict, goal.reason) == ("undecided", judging.UNFINISHED)
    (goal,) = verdicts(evidence(begin(), stuck=None), child)
    assert (goal.verdict, goal.reason) == ("undecided", judging.UNFINISHED)


def test_what_is_missing_of_a_cell_that_is_stuck_does_not_come_any_more() -> None:
    (goal,) = verdicts(evidence(begin(), stuck=True), child)
    assert (goal.verdict, goal.observed) == ("failed", "none")


def test_a_mistake_that_was_made_is_told_while_the_cell_still_runs() -> None:
    first = (life(1, 20, 25, 40, target="m.f"), join(1, 30, 41))
    (goal,) = verdicts(evidence(begin(), *first, life(2, 50, 55, target="m.f")), one_after_the_other)
    assert (goal.verdict, goal.mistake and goal.mistake.id) == ("failed", "M13")


NAMELESS = model.Failure("NameError", "name 'tally' is not defined", "cell 1")


def test_an_unknown_name_after_a_restart_says_to_run_the_cells_above() -> None:
    (goal,) = verdicts(evidence(begin(), end(error=NAMELESS)), child)
    assert goal.verdict == "failed"
    assert goal.hint == (
        "`tally` is not known yet. Run the cells above first: after a restart, what they defined is gone. start()"
    )


def test_an_unknown_name_may_be_a_typing_error_where_other_cells_have_run() -> None:
    (goal,) = verdicts(evidence(begin(5, "above", step="other"), begin(), end(error=NAMELESS)), child)
    assert "look for a typing error. start()" in goal.hint


def test_other_errors_have_the_checks_own_hint() -> None:
    (goal,) = verdicts(evidence(begin(), end(error=model.Failure("TypeError", "no"))), child)
    assert goal.hint == "start()"


def test_nothing_run_is_not_attempted() -> None:
    (goal,) = verdicts(evidence(), child)
    assert (goal.verdict, goal.reason) == ("not-attempted", judging.NOT_RUN)


def test_what_cannot_be_told_is_undecided_with_the_reason() -> None:
    (goal,) = verdicts(evidence(begin(), end(), lost=1), child)
    assert goal.verdict == "undecided"
    assert goal.reason.startswith("1 reports from your processes did not arrive")


def test_a_dead_kernel_is_never_a_pass() -> None:
    (goal,) = verdicts(evidence(begin(), life(1, 20, 25, 40), end(), dead=True), child)
    assert (goal.verdict, goal.reason) == (
        "undecided",
        "Your kernel died. Restart it and run the step's cells again.",
    )


def test_silence_is_no_proof_of_nothing() -> None:
    (goal,) = verdicts(evidence(begin(), end(), silent=True), child)
    assert goal.verdict == "undecided"
    assert goal.reason.startswith("Your kernel has stopped telling what it does.")


@check("work")
def raises(run: Evidence) -> None:
    """This one is broken"""
    raise ZeroDivisionError("oops")


def test_a_check_that_raises_is_the_authors_fault() -> None:
    (goal,) = verdicts(RAN, raises)
    assert goal.verdict == "broken"
    assert goal.reason.startswith(
        "This is not your mistake: the check itself failed with ZeroDivisionError: oops (line "
    )


@check("work")
def later(run: Evidence) -> None:
    """Something later"""
    not_tried("start it")


def test_not_tried_says_what_comes_first() -> None:
    (goal,) = verdicts(RAN, later)
    assert (goal.verdict, goal.reason) == ("not-attempted", "First: start it")


@check("work", phase="break")
def broke(run: Evidence) -> None:
    """It fails"""
    expect("workers", run.workers, one())


@check("work", phase="repair")
def repaired(run: Evidence) -> None:
    """It works again"""
    expect("workers", run.workers, one())


def test_a_repair_counts_only_after_the_break() -> None:
    first, second = verdicts(RAN, broke, repaired)
    assert (first.verdict, second.verdict) == ("passed", "not-attempted")
    again = evidence(begin(), end(), begin(at=2000, run=2), life(1, 2020, 2025, 2040, run=2), end(at=3000, run=2))
    assert [goal.verdict for goal in verdicts(again, broke, repaired, met={"broke": 11})] == ["passed", "passed"]
    assert [goal.verdict for goal in verdicts(RAN, broke, repaired, met={"broke": 11})] == [
        "passed",
        "not-attempted",
    ]


@check("work", phase="break")
def hung(run: Evidence) -> None:
    """It hangs"""
    expect("workers", run.workers, one())
    note("worker 1 hangs")


def test_a_break_goal_met_before_is_told_again_while_it_can_be_seen() -> None:
    (now,) = verdicts(RAN, hung, met={"hung": 11})
    assert (now.verdict, now.note) == ("passed", "worker 1 hangs")
    (later,) = verdicts(evidence(begin(), end()), hung, met={"hung": 11})
    assert (later.verdict, later.note) == ("passed", "")


def test_met_at_is_after_the_run_that_met_it() -> None:
    assert judging.met_at(RAN) == 11
    assert not Evidence(RAN.recording, "work", {CELL: "work"}, since=judging.met_at(RAN)).tried


def test_a_steps_verdict_is_the_gravest() -> None:
    goals = [GoalResult("a", "a", None, "passed"), GoalResult("b", "b", None, "undecided")]
    assert judging.verdict_of(goals) == "undecided"
    assert judging.verdict_of([]) == "not-attempted"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: check("work")(_undocumented), "check '_undocumented' has no docstring"),
        (lambda: check("work")(_without_run), "check '_without_run' must take 'run' as its first parameter"),
        (lambda: check("work")(_needy), "check '_needy' needs 'nobody', which is no earlier check of step 'work'"),
    ],
)
def test_a_malformed_check_is_refused(function: Any, message: str) -> None:
    with pytest.raises(CheckError, match=message):
        collect([function()])


def _undocumented(run: Evidence) -> None: ...


def _without_run(evidence: Evidence) -> None:
    """A goal"""


def _needy(run: Evidence, nobody: Any) -> None:
    """A goal"""


def test_a_check_of_another_step_is_told_by_its_step() -> None:
    @check("wrok")
    def child(run: Evidence) -> None:
        """A goal"""

    @check("work")
    def waited(run: Evidence, child: Any) -> None:
        """Another"""

    with pytest.raises(CheckError, match="check 'waited' of step 'work' needs 'child', a check of 'wrok'"):
        collect([child, waited])
