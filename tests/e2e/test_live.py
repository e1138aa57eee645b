"""The live picture: who is there, who waits for whom; for several notebooks, pages and addresses, and in Notebook 7."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocket, expect

from e2e import answers
from e2e.jupyter import Jupyter
from e2e.page import PATIENCE, Lab

STEP = "four-at-once"


def test_four_workers_while_they_live_and_two_that_wait_for_each_other(lab: Lab) -> None:
    notebook = lab.start("L04")
    cells = notebook.do(STEP, answers.AT_THE_GATE)
    guests = lab.sidebar.row("guest-")
    expect(guests).to_have_count(4)
    for number in range(4):
        expect(lab.sidebar.row(f"guest-{number}")).to_have_attribute("data-mark", re.compile("running|waiting"))
    notebook.run(notebook.add(cells[-1], answers.OPEN_THE_GATE))
    # A new cell's run has a picture of its own: those of the first have ended, and are told of no more.
    expect(guests).to_have_count(0)

    cells = notebook.put(STEP, answers.MODULE, answers.CROSSWISE)
    notebook.run(cells[0])
    notebook.begin(cells[1])
    stuck = lab.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    expect(stuck).to_contain_text("“A-to-B” waits for lock_b, held by “B-to-A”.")
    expect(stuck).to_contain_text("“B-to-A” waits for lock_a, held by “A-to-B”.")
    expect(lab.sidebar.tree).to_have_attribute("data-frozen", "true")
    expect(lab.sidebar.root.get_by_text("Frozen: nothing moves any more.")).to_be_visible()
    expect(lab.sidebar.row("A-to-B").filter(has_text="waits for lock_b")).to_have_count(1)
    # By keyboard alone: the tree is one stop, its rows are walked with arrow keys.
    keys = lab.page.keyboard
    lab.sidebar.row("Your notebook").focus()
    keys.press("End")
    expect(lab.sidebar.tree.get_by_role("row").last).to_be_focused()
    keys.press("Home")
    keys.press("ArrowLeft")
    expect(lab.sidebar.tree.get_by_role("row")).to_have_count(2)
    keys.press("ArrowRight")
    stuck.get_by_role("button", name="Interrupt").click()
    notebook.ended(cells[1])
    expect(lab.sidebar.tree).to_have_attribute("data-frozen", "false")


def test_two_notebooks_and_two_pages_each_see_their_own(lab: Lab, page: Page, jupyter: Jupyter) -> None:
    notebook = lab.start("L04")
    notebook.do(STEP, answers.AT_THE_GATE)
    expect(lab.sidebar.row("guest-")).to_have_count(4)
    path = lab.page.evaluate("() => jupyterapp.shell.currentWidget.context.path")

    # Another window on the same notebook, and so on the same kernel.
    other = Lab(page.context.new_page(), jupyter)
    other.visit(path)
    other.notebook("L04")
    other.command("parallab:open", {"view": "lab"})
    expect(other.sidebar.row("guest-")).to_have_count(4)

    # Another notebook in the first window: its kernel has no processes.
    lab.sidebar.button("← All labs").click()
    lab.open("L08")
    expect(lab.sidebar.row("Your notebook")).to_be_visible()
    expect(lab.sidebar.row("guest-")).to_have_count(0)
    expect(other.sidebar.row("guest-")).to_have_count(4)
    assert other.console.errors == []


class Lines:
    """The page's connections to live pictures."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._made: list[WebSocket] = []
        page.on("websocket", lambda one: self._made.append(one) if one.url.split("?")[0].endswith("/live") else None)

    @property
    def open(self) -> int:
        """How many there are now."""
        return sum(not one.is_closed() for one in self._made)

    def are(self, number: int) -> None:
        """Waits until there are so many."""
        for _ in range(PATIENCE // 50):
            if self.open == number:
                return
            self._page.wait_for_timeout(50)
        raise AssertionError(f"{self.open} connections are open, not {number}")


def test_the_connection_is_there_only_while_the_sidebar_can_be_seen(lab: Lab) -> None:
    lines = Lines(lab.page)
    notebook = lab.start("L04")
    expect(lab.sidebar.row("Your notebook")).to_be_visible()
    lines.are(1)
    lab.command("application:toggle-left-area")
    lines.are(0)
    notebook.do(STEP, answers.AT_THE_GATE)
    assert lines.open == 0
    lab.command("application:toggle-left-area")
    expect(lab.sidebar.row("guest-")).to_have_count(4)
    lines.are(1)


@pytest.fixture
def below(tmp_path: Path) -> Iterator[Jupyter]:
    """A server that a proxy would put below a path of its own."""
    server = Jupyter(tmp_path, base="/a/b/")
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_below_a_path_of_a_proxy_everything_is_found(below: Jupyter, page: Page) -> None:
    lab = Lab(page, below).visit()
    notebook = lab.start("L04")
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    assert lab.sidebar.step(STEP).check().verdict == "passed"
    notebook.do(STEP, answers.AT_THE_GATE)
    expect(lab.sidebar.row("guest-")).to_have_count(4)
    assert lab.console.errors == []


def in_notebook_7(jupyter: Jupyter, page: Page) -> Lab:
    """L04, begun anew and opened there."""
    jupyter.forget()
    opened = jupyter.ask("POST", "parallab/labs/L04/open", {})
    lab = Lab(page, jupyter)
    page.goto(f"{jupyter.url}notebooks/{opened['path']}?token={jupyter.token}")
    return lab.settled()


def test_notebook_7_has_the_sidebar_too(jupyter: Jupyter, page: Page) -> None:
    lab = in_notebook_7(jupyter, page)
    notebook = lab.notebook("L04")
    lab.command("parallab:open", {"view": "lab"})
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    assert lab.sidebar.step(STEP).check().verdict == "passed"
    notebook.do(STEP, answers.AT_THE_GATE)
    expect(lab.sidebar.row("guest-")).to_have_count(4)
    assert lab.console.errors == []


def test_notebook_7_has_the_picture_below_the_notebook(jupyter: Jupyter, page: Page, artefacts: Path) -> None:
    lab = in_notebook_7(jupyter, page)
    notebook = lab.notebook("L04")
    notebook.do(STEP, answers.AT_THE_GATE)
    lab.command("parallab:show-picture")
    seen = page.get_by_role("tabpanel", name=re.compile("^Picture of"))
    for number in range(4):
        guest = seen.get_by_role("button", name=re.compile(f"^guest-{number}, process: "))
        expect(guest).to_be_visible()
    seen.get_by_role("button", name="Timeline", exact=True).click()
    expect(seen.get_by_text("at most 4 at once")).to_be_visible()
    page.screenshot(path=artefacts / "notebook-7-picture.png")
    # The controls of time can be reached without scrolling, and a second picture comes to the front.
    expect(seen.get_by_role("button", name="Play")).to_be_in_viewport()
    lab.command("parallab:watch", {"lab": "L04"})
    replay = page.get_by_role("tabpanel", name="How L04 should go")
    expect(replay.get_by_role("button", name="Play")).to_be_in_viewport()
    expect(seen).to_be_hidden()
    lab.command("parallab:show-picture")
    expect(seen).to_be_visible()
    # The notebook is still above it, and can be used.
    notebook.run(notebook.add(notebook.cells(STEP)[-1], answers.OPEN_THE_GATE))
    assert lab.console.errors == []
