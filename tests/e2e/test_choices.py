"""Which tool for what: rows matched and lines put in order, by keyboard alone, each with its reason."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from e2e import answers
from e2e.page import Lab, Step
from parallab.lab import QuizQuestion

LAB = "L10"


def right(question: QuizQuestion) -> str:
    """The words of its right choice."""
    return next(option.text for option in question.options if option.right)


def choose(step: Step, question: QuizQuestion, text: str) -> None:
    """Goes up or down in the list that has the focus; Tab goes on to the next."""
    box = step.root.locator(f"[data-question='{question.id}']").get_by_role("combobox")
    expect(box).to_be_focused()
    # By letters would hang on the clock: a browser takes those that come a second later for another word.
    options = box.locator("option").all_inner_texts()
    chosen = box.locator("option:checked")
    at, to = options.index(chosen.inner_text()), options.index(text)
    way = 1 if to > at else -1
    for place in range(at + way, to + way, way) if at != to else ():
        step.page.keyboard.press("ArrowDown" if way > 0 else "ArrowUp")
        expect(chosen).to_have_text(options[place])
    step.page.keyboard.press("Tab")


def send(step: Step) -> None:
    """Presses the button, to which the last Tab has led."""
    expect(step.button("Check my answers")).to_be_focused()
    step.page.keyboard.press("Enter")


@pytest.mark.parametrize("name", ["situations", "columns"])
def test_rows_are_matched_by_keyboard_and_a_wrong_one_says_what_would_go_wrong(lab: Lab, name: str) -> None:
    lab.start(LAB)
    rows = answers.questions(LAB, name)
    step = lab.sidebar.step(name)
    first = step.root.locator(f"[data-question='{rows[0].id}']")
    wrong = next(option for option in rows[0].options if not option.right)

    first.get_by_role("combobox").focus()
    for row in rows:
        choose(step, row, wrong.text if row is rows[0] else right(row))
    send(step)
    expect(step.status).to_have_text(f"{len(rows) - 1} of {len(rows)} right.")
    expect(first.locator(".pl-Outcome")).to_contain_text("Not right.")
    expect(first.locator(".pl-Outcome")).to_contain_text(wrong.reason)

    first.get_by_role("combobox").focus()
    choose(step, rows[0], right(rows[0]))
    step.button("Check my answers").focus()
    send(step)
    expect(step.status).to_have_text(f"{len(rows)} of {len(rows)} right.")
    expect(step.header).to_contain_text("Passed")


def test_lines_are_put_in_order_by_keyboard_and_the_focus_goes_with_them(lab: Lab) -> None:
    lab.start(LAB)
    free, order = answers.questions(LAB, "five-ways")
    step = lab.sidebar.step("five-ways")
    step.root.locator(f"[data-question='{free.id}']").get_by_role("textbox").focus()
    lab.page.keyboard.insert_text("Value, shared memory, a pipe, a queue, a manager")

    lines = step.root.locator(f"[data-question='{order.id}'] .pl-Order-line")
    wanted = [option.id for option in order.options]
    assert shown(lines) != wanted
    for place, line in enumerate(wanted):
        up = step.root.locator(f"[data-line='{line}'] [data-move='up']").get_by_role("button")
        up.focus()
        for at in range(shown(lines).index(line), place, -1):
            lab.page.keyboard.press("Enter")
            expect(lines.nth(at - 1)).to_have_attribute("data-line", line)
            expect(up).to_be_focused()
    step.button("Check my answers").focus()
    send(step)
    expect(step.status).to_have_text("Right.")
    expect(step.header).to_contain_text("Passed")


def shown(lines: Locator) -> list[str | None]:
    """The lines' ids from the top."""
    return [line.get_attribute("data-line") for line in lines.all()]
