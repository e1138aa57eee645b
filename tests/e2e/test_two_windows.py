"""Two browsers on one server: what is done in one is true in the other, and neither is in the other's way."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from e2e import answers
from e2e.conftest import new_context
from e2e.jupyter import Jupyter
from e2e.page import Lab, Notebook

STEP = "four-at-once"

#: Opens the notebook that this page has in front, in another browser, and the lab in its sidebar.
Beside = Callable[[Lab], tuple[Lab, Notebook]]


@pytest.fixture
def beside(browser: Browser, jupyter: Jupyter) -> Iterator[Beside]:
    """Another browser of the same learner: nothing is shared but the server."""
    opened: list[tuple[BrowserContext, Lab]] = []

    def beside(first: Lab) -> tuple[Lab, Notebook]:
        path = first.page.evaluate("() => jupyterapp.shell.currentWidget.context.path")
        context = new_context(browser)
        other = Lab(context.new_page(), jupyter).visit(path)
        opened.append((context, other))
        notebook = other.notebook("L04")
        other.command("parallab:open", {"view": "lab"})
        return other, notebook

    yield beside
    for context, other in opened:
        context.close()
        assert other.console.errors == []


def test_what_is_done_in_one_window_stands_in_the_other(lab: Lab, beside: Beside) -> None:
    notebook = lab.start("L04")
    notebook.do(STEP, answers.MODULE, answers.ONE_BY_ONE)
    notebook.save()
    other, _ = beside(lab)
    mine, theirs = lab.sidebar.step(STEP), other.sidebar.step(STEP)

    # A verdict, a hint and a pass, without a click in the other.
    assert mine.check().verdict == "failed"
    expect(theirs.root.locator(".pl-Verdict")).to_have_attribute("data-verdict", "failed")
    assert theirs.verdict().goals == mine.verdict().goals
    theirs.button("Give me a hint").click()
    expect(mine.root.locator(".pl-Hint")).to_have_count(1)
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    notebook.save()
    assert mine.check().verdict == "passed"
    expect(theirs.header).to_contain_text("Passed")
    expect(other.sidebar.root.get_by_role("progressbar").first).to_have_attribute("aria-label", re.compile("^1 of "))
    expect(other.page.get_by_title("Parallab: steps passed in this lab")).to_have_text(re.compile(r"^L04 1/"))

    # Judged from the other, it is the same run of the same kernel.
    assert theirs.check().verdict == "passed"

    # Begun anew here: what ran before counts no more there, either, and undone here it is still begun anew.
    mine.button("Reset this step").click()
    expect(mine.button("Undo")).to_be_visible()
    expect(theirs.button("Undo")).to_have_count(0)
    assert theirs.check().verdict == "not-attempted"
    mine.button("Undo").click()
    expect(mine.button("Undo")).to_have_count(0)
    assert mine.check().verdict == "not-attempted"
    expect(mine.header).to_contain_text("Passed")
    expect(theirs.header).to_contain_text("Passed")


def test_both_see_who_runs_and_the_one_goes_on_without_the_other(lab: Lab, beside: Beside) -> None:
    notebook = lab.start("L04")
    notebook.do(STEP, answers.AT_THE_GATE)
    notebook.save()
    other, _ = beside(lab)
    for one in (lab, other):
        expect(one.sidebar.row("guest-")).to_have_count(4)
    other.page.close()
    notebook.run(notebook.add(notebook.cells(STEP)[-1], answers.OPEN_THE_GATE))
    expect(lab.sidebar.row("guest-")).to_have_count(0)
    notebook.save()
    again, _ = beside(lab)
    expect(again.sidebar.row("Your notebook")).to_be_visible()
    expect(again.sidebar.row("guest-")).to_have_count(0)


def test_one_interrupts_and_dismisses_what_the_other_began(lab: Lab, beside: Beside) -> None:
    notebook = lab.start("L04")
    (cell, *_) = notebook.put(STEP, answers.CONSUMERS)
    notebook.save()
    other, _ = beside(lab)
    notebook.begin(cell)
    for one in (lab, other):
        expect(one.sidebar.notice("Your program is stuck.")).to_be_visible()
    other.sidebar.notice("Your program is stuck.").get_by_role("button", name="Interrupt").click()
    notebook.ended(cell)
    assert "KeyboardInterrupt" in notebook.output(cell)
    for one in (lab, other):
        expect(one.sidebar.notice("Your program is stuck.")).to_have_count(0)
        expect(one.sidebar.row("lives on; its cell has ended")).to_have_count(2)
    # Who asks whether to dismiss one that the other dismisses meanwhile is asked no more.
    other.sidebar.button("Dismiss thread first…").click()
    asked = other.sidebar.root.get_by_role("group", name="Dismiss thread first?")
    expect(asked).to_be_visible()
    lab.sidebar.button("Dismiss all threads of earlier cells (2)…").click()
    lab.sidebar.root.get_by_role("group", name="Dismiss 2 threads?").get_by_role("button", name="Dismiss").click()
    expect(asked).to_have_count(0)
    for one in (lab, other):
        expect(one.sidebar.row("lives on; its cell has ended")).to_have_count(0)
    # The other's own notice tells how it is now.
    expect(other.sidebar.notice("The cell was interrupted once.")).to_contain_text("Nothing of it is left running.")


def test_one_restarts_the_kernel_that_the_other_hangs_in(lab: Lab, beside: Beside) -> None:
    notebook = lab.start("L04")
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    step = lab.sidebar.step(STEP)
    assert step.check().verdict == "passed"
    below = notebook.add(notebook.cells(STEP)[-1], answers.CONSUMERS)
    notebook.save()
    other, theirs = beside(lab)
    notebook.begin(below)
    stuck = lab.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    theirs.restart()
    expect(stuck).to_have_count(0)
    notebook.ready()
    for one in (lab, other):
        expect(one.sidebar.tree.get_by_role("row")).to_have_count(2)
        expect(one.sidebar.root.locator(".pl-Notice")).to_have_count(0)
        assert one.sidebar.step(STEP).check().verdict == "not-attempted"
    expect(step.header).to_contain_text("Passed")
    # The cell that the restart ended can be run again, and the other sees it.
    notebook.do(STEP, answers.AT_THE_GATE)
    expect(other.sidebar.row("guest-")).to_have_count(4)


def test_what_a_dead_kernel_left_is_removed_once_for_both(lab: Lab, beside: Beside) -> None:
    notebook = lab.start("L04")
    _, cell = notebook.do(STEP, answers.STAY, answers.SLEEPERS)
    notebook.save()
    other, theirs = beside(lab)
    kernel, memory = notebook.output(cell).split()
    lab.server.remembers(memory)
    os.kill(int(kernel), signal.SIGKILL)
    title = "Left over from an earlier kernel: 2 processes, 1 piece of shared memory"
    for one in (lab, other):
        one.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
        expect(one.sidebar.notice(title)).to_be_visible()
    # One has been asked already whether to remove it, when the other does.
    other.sidebar.button("Clean up").click()
    expect(other.sidebar.button("Yes, remove them")).to_be_visible()
    lab.sidebar.button("Clean up").click()
    lab.sidebar.button("Yes, remove them").click()
    expect(lab.sidebar.notice("Removed: 2 processes, 1 piece of shared memory")).to_be_visible()
    expect(other.sidebar.notice(title)).to_have_count(0)
    expect(other.sidebar.button("Yes, remove them")).to_have_count(0)
    for one, its in ((lab, notebook), (other, theirs)):
        its.ready()
        expect(one.sidebar.row("Your notebook")).to_be_visible()


def test_two_notebooks_in_two_windows_are_two_stories_of_one_learner(lab: Lab, beside: Beside) -> None:
    notebook = lab.start("L04")
    notebook.save()
    other, _ = beside(lab)
    other.sidebar.button("← All labs").click()
    bank = other.open("L08")
    cells = bank.put("break-deadlock", answers.MODULE, answers.CROSSWISE)
    bank.run(cells[0])
    bank.begin(cells[1])
    stuck = other.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    # Here nothing hangs, and what is done here is not done there.
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    assert lab.sidebar.step(STEP).check().verdict == "passed"
    expect(lab.sidebar.notice("Your program is stuck.")).to_have_count(0)
    expect(lab.sidebar.row("A-to-B")).to_have_count(0)
    expect(other.sidebar.row("A-to-B")).not_to_have_count(0)
    notebook.restart()
    expect(stuck).to_be_visible()
    # The course is one: each window tells what was passed in any.
    for one in (lab, other):
        one.sidebar.button("← All labs").click()
        line = one.sidebar.root.locator("[data-lab='L04']")
        expect(line.get_by_role("progressbar")).to_have_attribute("aria-label", re.compile("^1 of "))
    # The goal that asks to break it was met over there, without a click, and stands here.
    lab.sidebar.root.locator("[data-lab='L08']").get_by_role("heading").get_by_role("button").click()
    met = lab.sidebar.step("break-deadlock").root.locator(".pl-Goal[data-verdict='passed']")
    expect(met).not_to_have_count(0)
    other.command("parallab:open", {"view": "lab"})
    stuck.get_by_role("button", name="Interrupt").click()
    bank.ended(cells[1])
