"""From the launcher to a lab, and what the course's home tells."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab


def test_the_launcher_leads_to_the_course_and_on_to_a_lab(lab: Lab) -> None:
    sidebar = lab.launch()
    root = sidebar.root
    expect(root.get_by_role("heading", level=2)).to_contain_text("Multiprocessing in Python")
    expect(root.get_by_text("Beginner", exact=True)).to_be_visible()
    expect(root.get_by_text("1.3 hours")).to_be_visible()
    expect(root.get_by_role("heading", name="Objectives: 0 of 10 reached")).to_be_visible()
    expect(root.locator(".pl-Objective")).to_have_count(10)

    notebook = lab.start("L04")
    assert notebook.kernel["name"] == "parallab"
    expect(root.get_by_role("heading", level=2)).to_contain_text("L04")
    expect(root.locator(".pl-Step")).not_to_have_count(0)
    assert re.fullmatch(r"0 of \d+ steps", sidebar.progress())
    expect(lab.page.get_by_title("Parallab: steps passed in this lab")).to_have_text(re.compile(r"^L04 0/\d+$"))
    # Nothing stands in the way.
    expect(root.locator(".pl-Notice")).to_have_count(0)

    sidebar.button("← All labs").click()
    expect(sidebar.button(re.compile("^(Start|Continue): L04 "))).to_be_visible()
    assert (lab.server.root / "parallab").is_dir()


def test_the_sidebar_follows_the_notebook_in_front(lab: Lab) -> None:
    lab.start("L04")
    title = lab.sidebar.root.get_by_role("heading", level=2)
    lab.sidebar.button("← All labs").click()
    lab.open("L08")
    expect(title).to_contain_text("L08")
    lab.page.get_by_role("tab", name=re.compile(r"^04-.*\.ipynb")).click()
    expect(title).to_contain_text("L04")
    # The cursor's step is marked, and opening a step moves the cursor there.
    step = lab.sidebar.step("four-at-once")
    expect(step.header).to_have_attribute("aria-current", "step")


def test_parallab_lab_opens_with_the_sidebar(lab: Lab) -> None:
    expect(lab.sidebar.root.get_by_role("heading", level=2)).to_contain_text("Multiprocessing in Python")
    seen = lab.sidebar.root.get_by_text("What Parallab can see here")
    seen.click()
    expect(lab.sidebar.root.get_by_text("processes and threads: can be seen")).to_be_visible()
    needs = lab.sidebar.root.get_by_text("after L0")
    ids = {one.get_attribute("data-lab") for one in lab.sidebar.root.locator(".pl-Lab").all()}
    for text in needs.all_inner_texts():
        assert set(text.removeprefix("after ").removeprefix("· after ").split(", ")) <= ids


def test_a_pass_leads_on_to_the_next_step_and_its_text_stands_once(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step("four-at-once")
    # The notebook has the text; without it, the sidebar tells it.
    expect(step.root.locator("details.pl-Step-text")).not_to_have_attribute("open", "")
    notebook.do("four-at-once", answers.MODULE, answers.FOUR)
    assert step.check().verdict == "passed"
    step.button("Next step").click()
    opened = lab.sidebar.root.locator(".pl-Step[data-open='true'] .pl-Step-header")
    expect(opened).to_be_focused()
    expect(opened).not_to_contain_text("Passed")


def test_after_a_restart_an_unknown_name_says_to_run_the_cells_above(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step("four-at-once")
    notebook.do("four-at-once", "team = [mp.Process(target=print)]")
    failed = step.check()
    assert failed.verdict == "failed"
    assert "mp is not known yet. Run the cells above first" in failed.goal("failed").rows["Hint"]


def test_the_toolbars_button_checks_the_step_under_the_cursor_and_shows_what_comes(lab: Lab) -> None:
    notebook = lab.start("L04")
    lab.command("filebrowser:activate")
    expect(lab.sidebar.root).to_be_hidden()
    notebook.run(*notebook.setup(), *notebook.cells("define-and-execute"))
    toolbar = lab.page.locator(".jp-NotebookPanel-toolbar").get_by_role("button", name="Check My Work")
    toolbar.click()
    step = lab.sidebar.step("define-and-execute")
    expect(step.status).to_contain_text("Not yet")
    expect(step.status).to_be_in_viewport()


def test_code_that_was_changed_since_a_check_is_told_until_it_is_as_it_was(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step("four-at-once")
    notebook.do("four-at-once", answers.ONE_BY_ONE)
    assert step.check().verdict == "failed"
    told = step.root.get_by_text("You have changed your code since this check.")
    expect(told).to_have_count(0)
    (cell, *_) = notebook.cells("four-at-once")
    notebook.write(cell, answers.FOUR)
    expect(told).to_be_visible()
    notebook.write(cell, answers.ONE_BY_ONE)
    expect(told).to_have_count(0)
