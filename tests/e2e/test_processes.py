"""L04, “four at once”: cheats, threads and one-by-one are told apart; the real thing passes, and stays passed."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

STEP = "four-at-once"


def test_nothing_run_is_nothing_judged_and_the_starter_does_not_pass(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)
    untouched = step.check()
    assert untouched.verdict == "not-attempted"
    assert "run this step's cells first" in untouched.status
    notebook.run(*notebook.setup(), *notebook.cells(STEP))
    assert step.check().verdict != "passed"


def test_wrong_answers_fail_and_each_is_told_why(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)

    notebook.do(STEP, answers.FOUR_PRINTED)
    printed = step.check()
    assert printed.verdict == "failed"
    assert printed.goal("failed").rows["Observed"]
    assert printed.goal("failed").rows["Hint"]

    notebook.do(STEP, answers.MODULE, answers.FOUR_THREADS)
    threads = step.check()
    assert threads.verdict == "failed"
    assert "thread" in threads.text

    notebook.do(STEP, answers.MODULE, answers.ONE_BY_ONE)
    one_by_one = step.check()
    assert one_by_one.verdict == "failed"
    assert "You wait for each before hiring the next. (M13)" in one_by_one.mistakes
    assert "You wait for each before hiring the next." in one_by_one.status


def test_the_real_thing_passes_and_outlives_reload_restart_and_server(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    passed = step.check()
    assert passed.verdict == "passed", passed.text
    assert {goal.verdict for goal in passed.goals} == {"passed"}
    assert passed.status.startswith("Passed")
    before = lab.sidebar.progress()
    assert before.startswith("1 of ")
    notebook.save()

    lab.reload()
    notebook = lab.notebook()
    expect(lab.sidebar.step(STEP).header).to_contain_text("Passed")
    assert lab.sidebar.progress() == before
    assert answers.FOUR in [notebook.source(cell) for cell in notebook.cells(STEP)]

    # A new kernel has done nothing yet; what was passed stays passed.
    notebook.restart()
    step = lab.sidebar.step(STEP)
    again = step.check()
    assert again.verdict == "not-attempted"
    assert "You passed this step before, and that stays." in again.text
    expect(step.header).to_contain_text("Passed")
    notebook.run(*notebook.cells(STEP))
    assert step.check().verdict == "passed"


def test_a_restart_in_the_middle_forgets_what_ran_and_nothing_else(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)
    notebook.do(STEP, answers.MODULE, answers.ONE_BY_ONE)
    assert step.check().verdict == "failed"
    notebook.restart()
    assert step.check().verdict == "not-attempted"
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    assert step.check().verdict == "passed"


def test_the_labs_own_solution_passes_and_is_marked_as_shown(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)
    step.button("Show solution").click()
    expect(step.root.get_by_role("group", name="Show the solution?")).to_contain_text("assisted for good")
    step.button("Yes, show it").click()
    step.button("Put it into the notebook").click()
    expect(step.root.get_by_text("The cells of this step were replaced.")).to_be_visible()
    cells = notebook.cells(STEP)
    assert [notebook.source(cell) for cell in cells] == answers.solution("L04", STEP)
    notebook.run(*notebook.setup(), *notebook.cells("define-and-execute"), *cells)
    shown = step.check()
    assert shown.verdict == "passed", shown.text
    expect(step.header).to_contain_text("Passed with the solution shown")
