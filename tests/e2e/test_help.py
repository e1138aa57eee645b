"""Hints one at a time, starting over and back, and questions with their reasons."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

STEP = "four-at-once"


def test_hints_come_level_by_level_and_stay(lab: Lab) -> None:
    lab.start("L04")
    many = answers.hints("L04", STEP)
    assert many > 1
    step = lab.sidebar.step(STEP)
    hints = step.root.get_by_role("region", name="Hints")
    expect(hints.get_by_role("listitem")).to_have_count(0)
    step.button("Give me a hint").click()
    expect(hints.locator(".pl-Hint")).to_have_count(1)
    for level in range(2, many + 1):
        step.button(f"Next hint ({level} of {many})").click()
        expect(hints.locator(".pl-Hint")).to_have_count(level)
        expect(hints).to_contain_text(f"Hint {level} of {many}")
    expect(hints.get_by_role("button")).to_have_count(0)
    lab.reload()
    lab.notebook()
    expect(lab.sidebar.step(STEP).root.locator(".pl-Hint")).to_have_count(many)


def test_reset_puts_the_starter_back_and_undo_the_learners_own(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)
    mine = notebook.put(STEP, "# mine, and dear to me")
    others = [notebook.source(cell) for cell in notebook.cells("initialise")]
    step.button("Reset this step").click()
    expect(step.button("Undo")).to_be_visible()
    assert [notebook.source(cell) for cell in notebook.cells(STEP)] == answers.starter("L04", STEP)
    step.button("Undo").click()
    expect(step.button("Undo")).to_have_count(0)
    assert notebook.source(mine[0]) == "# mine, and dear to me"
    assert [notebook.source(cell) for cell in notebook.cells("initialise")] == others


def test_reset_makes_what_ran_before_not_count(lab: Lab) -> None:
    notebook = lab.start("L04")
    step = lab.sidebar.step(STEP)
    notebook.do(STEP, answers.MODULE, answers.ONE_BY_ONE)
    assert step.check().verdict == "failed"
    step.button("Reset this step").click()
    expect(step.button("Undo")).to_be_visible()
    assert step.check().verdict == "not-attempted"


def test_a_quiz_gives_the_reason_for_each_choice(lab: Lab) -> None:
    lab.start("L04")
    quiz = answers.questions("L04", "quiz")
    assert quiz
    step = lab.sidebar.step("quiz")
    send = step.button("Check my answers")
    expect(send).to_have_attribute("aria-disabled", "true")
    fields = {one.id: step.root.locator(f"[data-question='{one.id}']") for one in quiz}
    for one in quiz:
        wrong = next(option for option in one.options if not option.right)
        fields[one.id].get_by_label(wrong.text, exact=True).check()
    send.click()
    for one in quiz:
        wrong = next(option for option in one.options if not option.right)
        expect(fields[one.id]).to_contain_text("Not right.")
        expect(fields[one.id].locator(".pl-Outcome")).to_contain_text(wrong.reason)
    expect(step.status).to_have_text(f"0 of {len(quiz)} right.")
    for one in quiz:
        for option in one.options:
            box = fields[one.id].get_by_label(option.text, exact=True)
            if option.right:
                box.check()
            elif one.several:
                box.uncheck()
    send.click()
    expect(step.status).to_have_text(f"{len(quiz)} of {len(quiz)} right.")
    for one in quiz:
        expect(fields[one.id]).to_contain_text("Right.")
    expect(step.header).to_contain_text("Passed")


def test_a_program_is_put_together_and_a_line_too_many_is_explained(lab: Lab) -> None:
    lab.start("L08")
    order, reasons = answers.program("L08", "parsons-lock")
    step = lab.sidebar.step("parsons-lock")
    lines = step.root.get_by_role("group", name="Lines of your program")
    extra, why = next(iter(reasons.items()))
    for block in (order[1], *order[2:], extra):
        lines.locator(f"[data-line='{block}']").get_by_role("button", name=re.compile("^Add")).click()
    # A line can be drawn to its place, too: here to the second.
    second = lines.locator(f"[data-line='{order[2]}']")
    lines.locator(f"[data-line='{order[0]}']").drag_to(second)
    chosen = lines.locator("ol [data-line]")
    expect(chosen.nth(1)).to_have_attribute("data-line", order[0])
    outcome = step.root.locator(".pl-Outcome")
    step.button("Check my program").click()
    expect(outcome).to_contain_text("Not right.")
    expect(outcome).to_contain_text(why)
    lines.locator(f"[data-line='{extra}']").get_by_role("button", name=re.compile("^Take out")).click()
    # What was said belongs to the program that was sent.
    expect(outcome).to_have_count(0)
    up = lines.locator(f"[data-line='{order[0]}']").get_by_role("button", name=re.compile("^Move up"))
    up.focus()
    lab.page.keyboard.press("Enter")
    expect(up).to_be_focused()
    step.button("Check my program").click()
    expect(outcome).to_contain_text("Right.")
    expect(step.header).to_contain_text("Passed")
