"""The picture in the main area: a deadlock told by map and table, and a failed goal shown where it was decided."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from e2e import answers
from e2e.axe import violations
from e2e.page import FILMS, Lab

STEP = "break-deadlock"
ONE_LOOP = f"""
from multiprocessing import Process
import mine
for n, pair in enumerate({answers.RANGES}):
    p = Process(target=mine.count, args=pair, name=f"primes-{{n}}")
    p.start()
    p.join()
""".strip()


def picture(page: Page) -> Locator:
    """The picture in front."""
    return page.get_by_role("tabpanel", name=re.compile("^Picture of"))


def circle(page: Page) -> Locator:
    """What the picture reads of the deadlock."""
    return picture(page).get_by_role("status").filter(has_text="Deadlock: they wait in a circle")


def test_the_map_tells_the_circle_and_both_who_wait_while_the_cell_hangs(lab: Lab) -> None:
    notebook = lab.start("L08")
    cells = notebook.put(STEP, answers.MODULE, answers.CROSSWISE)
    notebook.run(cells[0])
    notebook.begin(cells[1])
    notice = lab.sidebar.notice("Your program is stuck.")
    expect(notice).to_be_visible()
    notice.get_by_role("button", name="Show the picture").click()

    page, seen = lab.page, picture(lab.page)
    expect(circle(page)).to_be_visible()
    expect(circle(page)).to_contain_text("“A-to-B” waits for lock_b, which “B-to-A” holds")
    expect(circle(page)).to_contain_text("“B-to-A” waits for lock_a, which “A-to-B” holds")
    for name, other in (("A-to-B", "lock_b"), ("B-to-A", "lock_a")):
        node = seen.get_by_role("button", name=re.compile(f"^{name}, process: waits for {other};.*part of a deadlock$"))
        expect(node).to_be_visible()
    assert violations(page) == []

    # The same in words.
    seen.get_by_role("button", name="As a table").click()
    row = seen.get_by_role("row", name=re.compile("^A-to-B"))
    expect(row).to_contain_text("part of a deadlock")

    # Interrupted, the circle is history; a step back is in it again.
    notice.get_by_role("button", name="Interrupt").click()
    expect(notice).to_have_count(0)
    seen.get_by_role("button", name="As a table").click()
    expect(circle(page)).to_have_count(0)
    expect(
        seen.get_by_role("button", name=re.compile("^A-to-B, process: ended with KeyboardInterrupt"))
    ).to_be_visible()
    back = seen.get_by_role("button", name="One step back")
    slider = seen.get_by_role("slider", name="Moment")
    first = float(slider.get_attribute("min") or 0)
    while circle(page).count() == 0 and (now := slider.input_value()) and float(now) > first:
        back.click()
        # The moment and what is read of it come together: the next step back would lead past it.
        expect(slider).not_to_have_value(now)
    expect(circle(page)).to_be_visible()


def test_a_failed_goal_shows_the_moment_that_decided_it(lab: Lab) -> None:
    notebook = lab.start("L04")
    notebook.run(*notebook.setup())
    notebook.do("four-at-once", answers.MODULE, ONE_LOOP)
    step = lab.sidebar.step("four-at-once")
    verdict = step.check()
    assert verdict.verdict == "failed", verdict.text
    step.root.get_by_role("button", name=re.compile("^Show me when")).click()

    seen = picture(lab.page)
    expect(seen.get_by_role("button", name="Timeline", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(seen.get_by_text("at most 1 at once")).to_be_visible()
    marked = seen.locator(".pl-Timeline-name[data-marked]")
    expect(marked).to_have_text([f"primes-{n}" for n in range(4)])
    # The first was waited for before the second was started.
    expect(seen.get_by_role("status")).to_contain_text("Your notebook joins “primes-0”")


def test_what_the_lab_does_itself_is_watched_from_the_sidebar(lab: Lab) -> None:
    lab.start("L04")
    watch = lab.sidebar.button("Watch how it should go")
    expect(watch).to_have_accessible_description("Shows step 4, with explanations.")
    watch.click()
    seen = lab.page.get_by_role("tabpanel", name="How L04 should go")
    told = seen.get_by_role("status")
    expect(told).to_contain_text("It is about to start four more")
    seen.get_by_role("slider", name="Moment").press("End")
    expect(told).to_contain_text("Four processes were alive together")
    # It is the same film again, not one more.
    watch.click()
    replay = lab.page.get_by_role("tab", name="How L04 should go")
    expect(replay).to_have_count(1)
    expect(told).to_contain_text("Four processes were alive together")
    # One more picture is a tab beside it: with three in a row nobody could read any of them.
    lab.sidebar.button("Show the picture").click()
    own = lab.page.get_by_role("tab", name=re.compile("^Picture of"))
    expect(own).to_be_visible()
    expect(lab.page.locator(".lm-TabBar").filter(has=own).filter(has=replay)).to_have_count(1)


def test_what_is_looked_for_comes_into_sight_and_the_time_stays_above_it(lab: Lab) -> None:
    page, keys = lab.page, lab.page.keyboard
    seen = lab.film(FILMS / "crowd.json")
    seen.get_by_role("button", name="Timeline", exact=True).click()
    row = seen.locator(".pl-Timeline-name").filter(has_text=re.compile(r"^visitor 42$"))
    expect(row).not_to_be_in_viewport()
    seen.get_by_role("button", name="Play").focus()
    keys.press("ControlOrMeta+f")
    expect(seen.get_by_role("searchbox", name="Find")).to_be_focused()
    keys.type("visitor 42")
    expect(row).to_be_in_viewport(ratio=1)
    expect(row).to_have_attribute("data-active", "true")
    said = seen.locator(".pl-Find-said")
    expect(said).to_contain_text(re.compile(r"^1 of \d+: visitor 42, process$"))
    # Its times are still above the lanes, and what was found is not behind them.
    above = seen.locator(".pl-Timeline-above").bounding_box()
    found = row.bounding_box()
    frame = seen.locator(".pl-Timeline-frame").bounding_box()
    assert above is not None
    assert found is not None
    assert frame is not None
    assert above["y"] == pytest.approx(frame["y"], abs=2)
    assert found["y"] >= above["y"] + above["height"] - 1
    # Zoomed in, the next deed of it is brought into sight as well.
    moment = seen.get_by_role("slider", name="Moment")
    before = moment.input_value()
    for _ in range(8):
        seen.get_by_role("button", name="Zoom in").click()
    seen.get_by_role("searchbox", name="Find").focus()
    keys.press("Shift+Enter")
    expect(said).to_contain_text(re.compile(r"^(\d+) of \1: "))
    expect(moment).not_to_have_value(before)
    expect(seen.locator(".pl-Cursor")).not_to_have_attribute("data-out", "true")
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_a_saved_timeline_can_be_read_by_itself(lab: Lab, artefacts: Path, theme: str) -> None:
    lab.theme(theme)
    seen = lab.film(FILMS / "deadlock.json")
    seen.get_by_role("button", name="Timeline", exact=True).click()
    menu = seen.get_by_text("Save and open")
    menu.click()
    with lab.page.expect_download() as saving:
        seen.get_by_role("button", name="Save the picture as SVG").click()
    # What was chosen is done: the menu is not in the way of the picture.
    expect(seen.get_by_role("button", name="Save the picture as SVG")).to_be_hidden()
    file = artefacts / f"saved-{theme.split()[-1].lower()}.svg"
    saving.value.save_as(file)
    alone = lab.page.context.new_page()
    alone.goto(file.as_uri())
    texts: dict[str, list[float]] = alone.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('text')].map(one => {
            const { left, top, right, bottom } = one.getBoundingClientRect();
            return [one.textContent, [left, top, right, bottom]];
        }))"""
    )
    width, height = alone.evaluate("() => ['width', 'height'].map(one => +document.documentElement.getAttribute(one))")
    for name in ("Your notebook", "A then B", "B then A", "lock_a", "lock_b", "waits in a deadlock"):
        left, top, right, bottom = texts[name]
        assert 0 <= left < right <= width, name
        assert 0 <= top < bottom <= height, name
    # Each name stands beside its own lane, left of all that is drawn in it.
    assert texts["Your notebook"][1] < texts["A then B"][1] < texts["lock_a"][1]
    assert texts["A then B"][2] <= texts["deadlock"][0]


def test_the_pictures_can_be_read_in_every_theme_and_in_little_room(lab: Lab) -> None:
    lab.start("L08")
    seen = lab.film(FILMS / "deadlock.json")
    expect(seen.get_by_role("button", name=re.compile("^A then B, "))).to_be_visible()
    for theme in ("JupyterLab Light", "JupyterLab Dark", "JupyterLab Dark High Contrast"):
        lab.theme(theme)
        for view in ("Map", "Timeline"):
            seen.get_by_role("button", name=view, exact=True).click()
            assert violations(lab.page) == [], theme
    # JupyterLab itself shows one document at a time where there is so little room.
    lab.command("application:toggle-mode")
    lab.command("application:toggle-left-area")
    expect(lab.sidebar.root).to_be_hidden()
    for width in (320, 640):
        lab.page.set_viewport_size({"width": width, "height": 720})
        expect(seen.get_by_role("button", name="Play")).to_be_visible()
        wide = seen.locator(".pl-Picture-content").evaluate("box => box.scrollWidth - box.clientWidth")
        assert wide <= 0, width
