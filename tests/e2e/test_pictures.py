"""What a beginner sees, as pictures in artefacts/. PARALLAB_PICTURES=docs/images renews those of the README."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Locator, expect

from e2e import answers
from e2e.page import THEMES, Lab

#: GitHub shows a README at most this wide.
README = {"width": 1280, "height": 760}
#: The lab's starter, as most people fill it at first.
MISTAKEN = """ranges = [(0, 45_000), (45_000, 90_000), (90_000, 135_000), (135_000, 180_000)]

for low, high in ranges:
    worker = mp.Process(target=tally.work, args=(low, high))
    worker.start()
    worker.join()"""
#: Bytes of a picture in the README.
LARGEST = 300_000


class Take(Protocol):
    """Takes a picture in each theme; ``at`` is scrolled to its top, ``as_`` is its name in the README."""

    def __call__(self, name: str, at: Locator | None = None, as_: str | None = None) -> None: ...


@pytest.fixture
def take(lab: Lab, artefacts: Path) -> Take:
    """Takes the window as it is; some of the pictures are the README's."""
    page = lab.page
    page.set_viewport_size(README)

    def take(name: str, at: Locator | None = None, as_: str | None = None) -> None:
        page.mouse.move(0, 0)
        for name_of_theme in lab.themes(*THEMES):
            theme = THEMES[name_of_theme]
            if at is not None:
                # JupyterLab hides everything while a theme comes, and then nothing is scrolled any more.
                at.evaluate("one => one.scrollIntoView({ block: 'start' })")
            path = artefacts / f"picture-{name}-{theme}.png"
            page.screenshot(path=path, animations="disabled", caret="hide")
            if as_ is not None and (folder := os.environ.get("PARALLAB_PICTURES")):
                target = Path(folder) / f"{as_}-{theme}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
                assert target.stat().st_size < LARGEST

    return take


def test_pictures_of_a_step(lab: Lab, take: Take) -> None:
    lab.launch()
    _wide(lab)
    take("course")
    notebook = lab.start("L04")
    take("lab")
    step = lab.sidebar.step("four-at-once")
    notebook.run(*notebook.setup(), *notebook.cells("define-and-execute"))
    notebook.do("four-at-once", MISTAKEN)
    step.check()
    take("failed", step.root, as_="sidebar")
    notebook.do("four-at-once", *answers.solution("L04", "four-at-once"))
    assert step.check().verdict == "passed"
    take("passed", step.button("Check my work"))


def test_pictures_of_what_hangs(lab: Lab, take: Take) -> None:
    lab.launch()
    _wide(lab)
    notebook = lab.open("L08")
    step = lab.sidebar.step("break-deadlock")
    cells = notebook.put("break-deadlock", answers.MODULE, answers.CROSSWISE)
    notebook.run(cells[0])
    notebook.begin(cells[1])
    stuck = lab.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    take("stuck", stuck)
    step.check()
    take("deadlock", step.button("Check my work"))
    # Map and timeline have the main area to themselves.
    lab.command("application:toggle-left-area")
    lab.command("application:toggle-mode")
    lab.command("parallab:show-picture")
    seen = lab.page.get_by_role("tabpanel", name=re.compile("^Picture of"))
    expect(seen.get_by_text("Deadlock: they wait in a circle")).to_be_visible()
    take("map", as_="map")
    seen.get_by_role("button", name="Timeline", exact=True).click()
    take("timeline")
    lab.command("application:toggle-mode")
    lab.command("application:toggle-left-area")
    stuck.get_by_role("button", name="Interrupt").click()
    told = lab.sidebar.notice("The cell was interrupted once.")
    take("rescued", told)


def test_pictures_of_what_is_left(lab: Lab, take: Take) -> None:
    lab.launch()
    _wide(lab)
    notebook = lab.open("L08")
    lab.sidebar.step("break-deadlock")
    # A cell of threads that hangs, and one of processes in a kernel that is killed.
    (cell,) = notebook.put("break-deadlock", answers.CONSUMERS)
    notebook.begin(cell)
    stuck = lab.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    stuck.get_by_role("button", name="Interrupt").click()
    told = lab.sidebar.notice("The cell was interrupted once.")
    expect(told).to_be_visible()
    take("threads", told)
    cells = notebook.do("break-deadlock", answers.STAY, answers.SLEEPERS)
    lab.sidebar.button("End process sleeper-0…").click()
    leave = lab.sidebar.button("Leave it")
    take("end", leave)
    kernel, memory = notebook.output(cells[1]).split()
    lab.server.remembers(memory)
    os.kill(int(kernel), signal.SIGKILL)
    lab.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
    left = lab.sidebar.notice("Left over from an earlier kernel: 2 processes, 1 piece of shared memory")
    expect(left).to_be_visible()
    # Nobody is there any more of whom it asked.
    expect(leave).to_have_count(0)
    left.get_by_text("What they are").click()
    left.get_by_role("button", name="Clean up").click()
    take("leftovers", left)
    lab.sidebar.button("Yes, remove them").click()
    expect(lab.sidebar.notice("Removed: 2 processes, 1 piece of shared memory")).to_be_visible()
    take("cleaned")
    seen = lab.sidebar.root.get_by_text("What Parallab can see here")
    seen.click()
    take("sight", seen)


def _wide(lab: Lab) -> None:
    """The sidebar as wide as one that reads in it would make it."""
    lab.page.evaluate(
        """() => {
            const split = document.querySelector('#jp-main-split-panel');
            const handle = [...split.querySelectorAll(':scope > .lm-SplitPanel-handle')]
                .find(one => !one.classList.contains('lm-mod-hidden'));
            handle.dataset.test = 'split';
        }"""
    )
    handle = lab.page.locator("[data-test='split']")
    box = handle.bounding_box()
    assert box is not None
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    lab.page.mouse.down()
    lab.page.mouse.move(480, box["y"] + 200)
    lab.page.mouse.up()
