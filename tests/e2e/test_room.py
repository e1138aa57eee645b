"""Little room, large letters, few colours, the other way round: nothing is cut off, and nothing scrolls sideways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import expect

from e2e import answers
from e2e.page import FILMS, Lab

FILM = FILMS / "everything.json"
#: Width and height in CSS pixels: a browser's zoom to 200 % halves them.
ROOMS: Mapping[str, tuple[int, int]] = {"normal": (1400, 900), "zoom-200": (700, 450), "320px": (320, 720)}

#: What reaches beyond its box, of all that is seen in one of our views. What may scroll by itself may be wider.
BEYOND = """root => {
    const box = root.getBoundingClientRect();
    const scrolls = one => one && one !== root
        && (/auto|scroll|hidden|clip/.test(getComputedStyle(one).overflowX) || scrolls(one.parentElement));
    const found = [...root.querySelectorAll('*')].filter(one => {
        const at = one.getBoundingClientRect();
        const seen = at.width > 1 && at.height > 1 && getComputedStyle(one).visibility === 'visible';
        return seen && !one.closest('svg') && (at.right > box.right + 1 || at.left < box.left - 1)
            && !scrolls(one.parentElement);
    }).map(one => `${one.tagName} ${one.className} ${one.textContent.slice(0, 40)}`);
    const wide = root.scrollWidth - root.clientWidth;
    return wide > 1 ? [`scrolls by ${wide}`, ...found] : found;
}"""
#: Texts of a drawing that lie outside of it.
OUTSIDE = """root => [...root.querySelectorAll('svg')].flatMap(svg => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(one => {
        const at = one.getBoundingClientRect();
        return at.width > 0 && (at.right < box.left || at.left > box.right);
    }).map(one => one.textContent);
})"""


def plain(lab: Lab) -> None:
    """From the left to the right, in colours."""
    lab.page.evaluate("() => { document.documentElement.dir = 'ltr'; }")
    lab.page.emulate_media(forced_colors="none")
    lab.theme("JupyterLab Light")


def from_the_right(lab: Lab) -> None:
    """As in Hebrew."""
    plain(lab)
    lab.page.evaluate("() => { document.documentElement.dir = 'rtl'; }")


def few_colours(lab: Lab) -> None:
    """As Windows' high contrast has them."""
    plain(lab)
    lab.page.emulate_media(forced_colors="active")


def high_contrast(lab: Lab) -> None:
    """JupyterLab's own theme for it."""
    plain(lab)
    lab.theme("JupyterLab Dark High Contrast")


WAYS = {"ltr": plain, "rtl": from_the_right, "forced-colors": few_colours, "high-contrast": high_contrast}


def test_sidebar_and_pictures_fit_in_little_room(lab: Lab, artefacts: Path) -> None:
    page = lab.page
    notebook = lab.start("L04")
    notebook.run(*notebook.setup())
    step = lab.sidebar.step("four-at-once")
    notebook.do("four-at-once", answers.MODULE, answers.ONE_BY_ONE)
    step.check()
    step.button("Give me a hint").click()
    seen = lab.film(FILM)
    expect(seen.locator(".pl-Node").first).to_be_visible()
    # JupyterLab itself shows one document at a time where there is so little room.
    lab.command("application:toggle-mode")
    found: dict[str, list[str]] = {}

    def look(way: str, what: str, root: str) -> None:
        box = page.locator(root).first
        expect(box).to_be_visible()
        beyond = box.evaluate(BEYOND) + box.evaluate(OUTSIDE)
        page.screenshot(path=artefacts / f"room-{way}-{what}.png", animations="disabled", caret="hide")
        if beyond:
            found[f"{way}-{what}"] = beyond

    for way, make in WAYS.items():
        make(lab)
        for room, (width, height) in ROOMS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function("width => window.innerWidth === width", arg=width)
            step.button("Check my work").evaluate("one => one.scrollIntoView({ block: 'start' })")
            look(way, f"sidebar-{room}", ".pl-Panel")
            lab.command("application:toggle-left-area")
            expect(lab.sidebar.root).to_be_hidden()
            for view in ("Map", "Timeline"):
                seen.get_by_role("button", name=view, exact=True).click()
                expect(seen.get_by_role("button", name=re.compile("^(Play|Pause)$"))).to_be_visible()
                look(way, f"{view.lower()}-{room}", ".pl-Picture-content")
            lab.command("application:toggle-left-area")
            expect(lab.sidebar.root).to_be_visible()
    assert found == {}
