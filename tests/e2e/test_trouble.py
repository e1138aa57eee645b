"""No notebook, another kernel, a dead one, a server that is gone: each says what to do, and doing it helps."""

from __future__ import annotations

import os
import signal

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

STEP = "four-at-once"


def test_without_its_notebook_a_lab_offers_to_open_it(lab: Lab) -> None:
    lab.launch()
    title = lab.sidebar.root.locator("[data-lab='L04']").get_by_role("heading").get_by_role("button")
    title.click()
    notice = lab.sidebar.notice("No notebook is open.")
    expect(notice).to_be_visible()
    step = lab.sidebar.step(STEP)
    expect(step.button("Check my work")).to_have_attribute("aria-disabled", "true")
    notice.get_by_role("button", name="Open the notebook of L04").click()
    lab.notebook()
    expect(notice).to_have_count(0)
    expect(step.button("Check my work")).not_to_have_attribute("aria-disabled", "true")


def test_ones_own_notebook_is_left_alone(lab: Lab) -> None:
    lab.start("L04")
    lab.command("notebook:create-new", {"kernelName": "python3", "activate": True})
    notice = lab.sidebar.notice("This notebook is not part of the course.")
    expect(notice).to_be_visible()
    lab.notebook()
    lab.sidebar.step(STEP)
    expect(lab.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) [data-command='parallab:check']")).to_be_hidden()
    notice.get_by_role("button", name="Open the notebook of L04").click()
    expect(notice).to_have_count(0)


def test_another_kernel_is_undecided_and_a_click_away_from_the_right_one(lab: Lab) -> None:
    notebook = lab.start("L04")
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.changeKernel({ name: 'python3' })")
    notice = lab.sidebar.notice("This kernel is not watched.")
    expect(notice).to_be_visible()
    notebook.ready()
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    step = lab.sidebar.step(STEP)
    foreign = step.check()
    assert foreign.verdict == "undecided"
    assert "Python 3 (Parallab)" in foreign.text
    assert "does not count against you" in foreign.status
    notice.get_by_role("button", name="Switch kernel").click()
    expect(notice).to_have_count(0)
    notebook.ready()
    assert notebook.kernel["name"] == "parallab"
    notebook.run(*notebook.cells(STEP))
    assert step.check().verdict == "passed"


def test_a_kernel_that_died_is_said_and_comes_back(lab: Lab) -> None:
    notebook = lab.start("L04")
    first = notebook.cells(STEP)[0]
    notebook.do(STEP, "import os; print(os.getpid())")
    os.kill(int(notebook.output(first)), signal.SIGKILL)
    notice = lab.sidebar.notice("The kernel has died.")
    expect(notice).to_be_visible()
    expect(notice.get_by_role("button", name="Restart the kernel")).to_be_visible()
    # Jupyter starts another by itself, and JupyterLab says so.
    lab.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
    expect(notice).to_have_count(0)
    # JupyterLab itself would stay at "starting" or "unknown", with any kernel: nothing told it more.
    notebook.ready()
    expect(lab.sidebar.notice("The kernel is starting.")).to_have_count(0)
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    assert lab.sidebar.step(STEP).check().verdict == "passed"


def test_a_kernel_that_was_shut_down_can_be_started_from_the_sidebar(lab: Lab) -> None:
    notebook = lab.start("L04")
    lab.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    notice = lab.sidebar.notice("The notebook has no kernel.")
    expect(notice).to_be_visible()
    step = lab.sidebar.step(STEP)
    expect(step.button("Check my work")).to_have_attribute("aria-disabled", "true")
    notice.get_by_role("button", name="Start a kernel").click()
    expect(notice).to_have_count(0)
    notebook.ready()
    assert notebook.kernel["name"] == "parallab"
    assert step.check().verdict == "not-attempted"


def test_a_server_that_is_gone_is_said_and_its_return_noticed(lab: Lab) -> None:
    lab.console.expect("ERR_CONNECTION_REFUSED", "Failed to fetch", "ERR_EMPTY_RESPONSE", "WebSocket", "ERR_FAILED")
    notebook = lab.start("L04")
    notebook.do(STEP, answers.MODULE, answers.FOUR)
    step = lab.sidebar.step(STEP)
    assert step.check().verdict == "passed"
    notebook.save()
    # JupyterLab's own message comes when it likes, and is in the way of every click.
    closes = lab.page.get_by_role("dialog").get_by_role("button", name="Close")
    lab.page.add_locator_handler(closes, lambda: closes.click())
    lab.server.stop()
    try:
        expect(lab.sidebar.notice("The connection to the kernel is lost.")).to_be_visible()
        expect(lab.sidebar.notice("The kernel is starting.")).to_have_count(0)
        step.button("Check my work").click()
        gone = lab.sidebar.root.get_by_text("The Jupyter server does not answer.")
        expect(gone.first).to_be_visible()
        # What was known stays on the screen.
        expect(step.header).to_contain_text("Passed")
    finally:
        lab.server.start()
    lab.sidebar.button("Try again").first.click()
    expect(gone).to_have_count(0)
    lab.reload()
    lab.notebook()
    expect(lab.sidebar.step(STEP).header).to_contain_text("Passed")
