"""By keyboard alone, and without a violation that axe can find, in light and in dark."""

from __future__ import annotations

import os
import re
import signal

from playwright.sync_api import Locator, expect

from e2e import answers, axe
from e2e.page import THEMES, Lab

STEP = "four-at-once"


def test_a_step_can_be_done_by_keyboard_alone(lab: Lab) -> None:
    page, keys = lab.page, lab.page.keyboard

    def tab_to(name: str | re.Pattern[str], most: int = 60) -> None:
        target = lab.sidebar.root.get_by_role("button", name=name, exact=isinstance(name, str))
        for _ in range(most):
            keys.press("Tab")
            if target.evaluate_all("found => found.includes(document.activeElement)"):
                return
        raise AssertionError(f"{name} was not reached in {most} tabs")

    # The sidebar opens by itself at the start, and JupyterLab focuses its launcher: a palette before that closes again.
    expect(lab.sidebar.root.get_by_role("button", name="Start: L04", exact=False)).to_be_visible()
    expect(page.locator(".jp-Launcher")).to_be_focused()
    # The palette opens the course and the lab.
    keys.press("ControlOrMeta+Shift+C")
    expect(page.locator("#command-palette input")).to_be_focused()
    keys.insert_text("Open a Lab")
    # The list follows the text a moment later.
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text("Open a Lab")
    keys.press("Enter")
    page.get_by_role("dialog").wait_for()
    keys.insert_text("L04")
    for option in page.get_by_role("dialog").get_by_role("combobox").all():
        option.select_option(label=option.locator("option", has_text="L04").inner_text())
    keys.press("Enter")
    notebook = lab.notebook()
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    # The shortcut checks the step that has the cursor.
    step = lab.sidebar.step(STEP)
    by_shortcut = step.check(by=lambda: keys.press("ControlOrMeta+Shift+Enter"))
    assert by_shortcut.verdict == "passed"
    expect(step.status).to_be_in_viewport()
    # Tab reaches the step's buttons, Enter and Space press them, and the focus stays.
    step.header.focus()
    tab_to("Check my work")
    assert step.check(by=lambda: keys.press("Enter")).verdict == "passed"
    assert step.button("Check my work").evaluate("one => one === document.activeElement")
    tab_to("Give me a hint")
    keys.press("Space")
    expect(step.root.locator(".pl-Hint")).to_have_count(1)
    tab_to("Show solution")
    keys.press("Enter")
    expect(step.button("Yes, show it")).to_be_focused()
    keys.press("Tab")
    keys.press("Enter")
    expect(step.button("Show solution")).to_be_focused()


def test_l01_can_be_walked_through_by_keyboard_alone(lab: Lab) -> None:
    page, keys, root = lab.page, lab.page.keyboard, lab.sidebar.root

    def tab_to(name: str | re.Pattern[str]) -> None:
        """Goes on with Tab from where the focus is, as somebody does who has no mouse."""
        target = root.get_by_role("button", name=name, exact=isinstance(name, str)).first
        for _ in range(80):
            keys.press("Tab")
            if target.evaluate_all("found => found.includes(document.activeElement)"):
                return
        raise AssertionError(f"{name} was not reached from where the focus was")

    def inside() -> None:
        """The focus has not fallen out of the sidebar with what has gone."""
        page.wait_for_function("() => document.activeElement?.closest('.pl-Panel')")

    expect(root.get_by_role("button", name=re.compile("^Start: L01 "))).to_be_visible()
    root.get_by_role("button", name=re.compile("^L01 ")).focus()
    tab_to(re.compile("^Start: L01 "))
    keys.press("Enter")
    notebook = lab.notebook("L01")
    notebook.run(*notebook.setup())

    steps = ["predict-threads", "initialised-thread", "three-at-once", "same-with-processes", "break-args"]
    step = lab.sidebar.step(steps[0])
    for name in steps:
        step = lab.sidebar.step(name)
        step.header.focus()
        guesses = step.root.get_by_role("spinbutton")
        if guesses.count():
            guesses.first.focus()
            keys.type("4")
            tab_to("Save my prediction")
            keys.press("Enter")
            # Its form is gone: what was saved stands in its place, and has the focus.
            expect(step.root.get_by_role("region", name="Prediction")).to_be_focused()
        notebook.do(name, *answers.solution("L01", name))
        step.header.focus()
        tab_to("Check my work")
        assert step.check(by=lambda: keys.press("Enter")).verdict == "passed"
        expect(step.button("Check my work")).to_be_focused()
        expect(step.status).to_contain_text("Passed")
        tab_to("Next step")
        keys.press("Enter")
        expect(root.locator(".pl-Step[data-open='true'] .pl-Step-header")).to_be_focused()

    # Radio buttons are one stop of Tab each question; arrows choose among them.
    quiz = lab.sidebar.step("quiz")
    quiz.header.focus()
    for question in answers.questions("L01", "quiz"):
        field = quiz.root.locator(f"[data-question='{question.id}']")
        right = next(option for option in question.options if option.right)
        box = field.get_by_label(right.text, exact=True)
        field.locator("input").first.focus()
        keys.press("Space")
        while not box.is_checked():
            keys.press("ArrowDown")
            # Chosen, it is drawn a moment later.
            page.wait_for_function("() => document.activeElement.checked")
    tab_to("Check my answers")
    keys.press("Enter")
    expect(quiz.status).to_contain_text("right.")
    tab_to("Next step")
    keys.press("Enter")
    bench = lab.sidebar.step("clean-bench")
    expect(bench.header).to_be_focused()
    tab_to("Check my work")
    assert bench.check(by=lambda: keys.press("Enter")).verdict == "passed"
    tab_to(re.compile("^Next lab: L02 "))
    # A step without cells has nothing to reset.
    expect(bench.root.get_by_role("button", name="Reset this step")).to_have_count(0)
    inside()
    root.get_by_role("button", name="← All labs").focus()
    keys.press("Enter")
    expect(root.get_by_role("button", name=re.compile("^Open again: L01 "))).to_be_visible()
    inside()


def test_map_timeline_and_replay_can_be_used_by_keyboard_alone(lab: Lab) -> None:
    page, keys = lab.page, lab.page.keyboard
    notebook = lab.start("L01")
    notebook.run(*notebook.setup())
    for name in ("initialised-thread", "three-at-once"):
        notebook.do(name, *answers.solution("L01", name))

    def tab_to(target: Locator) -> None:
        """Goes on with Tab from where the focus is."""
        for _ in range(40):
            keys.press("Tab")
            if target.evaluate_all("found => found.includes(document.activeElement)"):
                return
        raise AssertionError(f"{target} was not reached from where the focus was")

    shows = lab.sidebar.button("Show the picture")
    shows.focus()
    keys.press("Enter")
    seen = page.get_by_role("tabpanel", name=re.compile("^Picture of"))
    expect(seen.locator(".pl-Node").first).to_be_visible()
    # Who opened it by a key is in it.
    page.wait_for_function("() => document.activeElement?.closest('.pl-Picture')")

    # The map is one stop; arrows go from one to the next, Enter tells more, Escape closes that.
    tab_to(seen.get_by_role("button", name=re.compile("^Your notebook, notebook: ")))
    keys.press("ArrowDown")
    thread = seen.locator(".pl-Node-button:focus")
    expect(thread).to_have_accessible_name(re.compile(", thread: "))
    keys.press("Enter")
    details = seen.locator(".pl-Details")
    expect(details).to_contain_text("What it does")
    tab_to(details.get_by_role("button", name="Close details"))
    keys.press("Enter")
    expect(details).to_have_count(0)
    expect(thread).to_have_count(1)

    # The moment goes on and back by arrows, and what happened is told as it stands there.
    moment = seen.get_by_role("slider", name="Moment")
    tab_to(moment)
    told = seen.locator(".pl-Reading")
    expect(told).to_have_attribute("aria-live", "polite")
    last = told.inner_text()
    keys.press("ArrowLeft")
    expect(told).not_to_have_text(last)
    keys.press("Home")
    tab_to(seen.get_by_label("Speed"))
    # So slow that it still plays when this has been looked at.
    keys.press("Home")
    expect(seen.get_by_label("Speed").locator("option:checked")).to_have_text("1000 times slower")
    keys.press("Shift+Tab")
    expect(moment).to_be_focused()
    keys.press("Shift+Tab")
    keys.press("Shift+Tab")
    expect(seen.get_by_role("button", name="Play")).to_be_focused()
    keys.press("Space")
    expect(told).to_have_attribute("aria-live", "off")
    expect(seen.get_by_role("button", name="Pause")).to_be_focused()
    keys.press("Space")
    expect(told).to_have_attribute("aria-live", "polite")

    # The timeline: zoom, measure, choose a lane.
    timeline = seen.get_by_role("button", name="Timeline", exact=True)
    timeline.focus()
    keys.press("Enter")
    expect(timeline).to_be_focused()
    lanes = seen.get_by_role("group", name=re.compile("^Timeline:"))
    tab_to(lanes)
    whole = seen.locator(".pl-Overview-part").bounding_box()
    assert whole is not None
    keys.type("www")
    page.wait_for_function(
        "half => document.querySelector('.pl-Overview-part').getBoundingClientRect().width < half",
        arg=whole["width"] / 2,
    )
    keys.press("m")
    expect(seen.locator(".pl-Measured")).to_contain_text("Move the moment shown")
    keys.press("Escape")
    expect(seen.locator(".pl-Measured")).to_have_count(0)
    keys.press("ArrowDown")
    expect(seen.locator("[aria-live]").filter(has_text=re.compile(r": 2 of \d+$"))).to_have_count(1)
    expect(lanes).to_be_focused()

    # The lab's own film, from the sidebar.
    watch = lab.sidebar.button("Watch how it should go")
    watch.focus()
    keys.press("Enter")
    film = page.get_by_role("tabpanel", name="How L01 should go")
    expect(film.get_by_role("slider", name="Moment")).to_be_visible()
    page.wait_for_function("() => document.activeElement?.closest('.pl-Picture')")
    tab_to(film.get_by_role("button", name="Play"))
    keys.press("Enter")
    expect(film.get_by_role("button", name="Pause")).to_be_focused()


def test_axe_finds_nothing(lab: Lab) -> None:
    found: dict[str, list[str]] = {}

    def look(view: str) -> None:
        for theme in lab.themes(*THEMES):
            found[f"{view}, {theme}"] = axe.violations(lab.page)

    lab.launch()
    lab.sidebar.root.get_by_text("What Parallab can see here").click()
    look("course")
    notebook = lab.start("L04")
    for step in ("quiz", STEP):
        lab.sidebar.step(step)
        look(step)
    notebook.do(STEP, answers.MODULE, answers.ONE_BY_ONE)
    step = lab.sidebar.step(STEP)
    step.button("Give me a hint").click()
    step.button("Show solution").click()
    step.button("Yes, show it").click()
    expect(step.root.get_by_role("region", name="Solution", exact=True)).to_be_visible()
    step.check()
    look("failed")
    step.button("Reset this step").click()
    expect(step.button("Undo")).to_be_visible()
    look("reset")
    name, _ = answers.prompts("L08")
    lab.sidebar.button("← All labs").click()
    notebook = lab.open("L08")
    lab.sidebar.step(name)
    look("prediction")
    (cell, *_) = notebook.put("break-deadlock", answers.CONSUMERS)
    notebook.begin(cell)
    stuck = lab.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    look("stuck")
    stuck.get_by_role("button", name="Interrupt").click()
    notebook.ended(cell)
    expect(lab.sidebar.button("Dismiss all threads of earlier cells (2)…")).to_be_visible()
    look("threads")
    _, cell = notebook.do("break-deadlock", answers.STAY, answers.SLEEPERS)
    lab.sidebar.button("End process sleeper-0…").click()
    look("end")
    kernel, memory = notebook.output(cell).split()
    lab.server.remembers(memory)
    os.kill(int(kernel), signal.SIGKILL)
    lab.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
    left = lab.sidebar.notice("Left over from an earlier kernel: 2 processes, 1 piece of shared memory")
    expect(left).to_be_visible()
    left.get_by_text("What they are").click()
    lab.sidebar.button("Clean up").click()
    look("left")
    assert {view: lines for view, lines in found.items() if lines} == {}
