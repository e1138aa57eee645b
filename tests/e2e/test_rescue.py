"""Stuck, and out of it again; what a killed kernel left, and its removal: all from the sidebar."""

from __future__ import annotations

import os
import signal

from playwright.sync_api import expect

from e2e import answers
from e2e.page import Lab

STEP = "four-at-once"


def test_a_deadlock_is_named_interrupted_and_nothing_is_left(lab: Lab) -> None:
    notebook = lab.start("L08")
    cells = notebook.put("break-deadlock", answers.MODULE, answers.CROSSWISE)
    notebook.run(cells[0])
    lab.sidebar.step("clean-bench").header.evaluate("one => one.scrollIntoView({ block: 'start' })")
    notebook.begin(cells[1])
    stuck = lab.sidebar.notice("Your program is stuck.")
    # Whoever reads the step has the notice out of sight: a line at the lower edge leads there.
    why = lab.sidebar.button("See why")
    expect(why).to_be_visible()
    expect(stuck).not_to_be_in_viewport()
    why.click()
    expect(stuck).to_be_in_viewport()
    expect(why).to_have_count(0)
    expect(stuck).to_contain_text("Mistake: Always lock in the same order. (M43)")
    stuck.get_by_role("button", name="Interrupt").click()
    notebook.ended(cells[1])
    told = lab.sidebar.notice("The cell was interrupted once.")
    expect(told).to_contain_text("Locks and queues that were in use may be left as they were")
    expect(told).to_contain_text("Nothing of it is left running.")
    expect(stuck).to_have_count(0)
    notebook.do("break-deadlock", "import time; time.sleep(1)")
    expect(told).to_have_count(0)


def test_threads_that_outlive_their_cell_are_dismissed(lab: Lab) -> None:
    notebook = lab.start("L04")
    (cell, *_) = notebook.put(STEP, answers.CONSUMERS)
    notebook.begin(cell)
    stuck = lab.sidebar.notice("Your program is stuck.")
    expect(stuck).to_be_visible()
    stuck.get_by_role("button", name="Interrupt").click()
    notebook.ended(cell)
    expect(lab.sidebar.notice("The cell was interrupted once.")).to_contain_text("2 threads of earlier cells live on")
    threads = lab.sidebar.tree.get_by_role("row").filter(has_text="lives on; its cell has ended")
    expect(threads).to_have_count(2)
    lab.sidebar.button("Dismiss thread first…").click()
    lab.sidebar.root.get_by_role("group", name="Dismiss thread first?").get_by_role("button", name="Dismiss").click()
    expect(lab.sidebar.notice("Thread “first” has ended.")).to_be_visible()
    expect(threads).to_have_count(1)
    lab.sidebar.button("Dismiss thread second…").click()
    lab.sidebar.root.get_by_role("group", name="Dismiss thread second?").get_by_role("button", name="Dismiss").click()
    expect(lab.sidebar.notice("Thread “second” has ended.")).to_contain_text("Nothing of it is left running.")
    expect(threads).to_have_count(0)
    # Nothing of it stands in the notebook, and the kernel goes on.
    (cell, *_) = notebook.do(STEP, "print(threading.active_count() > 0, work.qsize())")
    assert notebook.output(cell).split() == ["True", "0"]


def test_one_process_is_ended_from_the_list_by_keyboard(lab: Lab) -> None:
    notebook = lab.start("L04")
    notebook.do(STEP, answers.STAY, answers.SLEEPERS)
    processes = lab.sidebar.root.get_by_role("region", name="What runs now")
    ask = processes.get_by_role("button", name="End process sleeper-0…")
    expect(ask).to_be_visible()
    keys = lab.page.keyboard
    lab.sidebar.row("sleeper-0").focus()
    keys.press("ArrowRight")
    expect(ask).to_be_focused()
    keys.press("Enter")
    question = processes.get_by_role("group", name="End sleeper-0?")
    expect(question.get_by_role("button", name="Terminate")).to_be_focused()
    keys.press("Tab")
    expect(question.get_by_role("button", name="Kill")).to_be_focused()
    keys.press("Enter")
    told = lab.sidebar.root.get_by_role("status").filter(has_text="was killed, and has ended.")
    expect(told).to_be_in_viewport()
    expect(lab.sidebar.row("sleeper-0")).to_contain_text("ended with exit code -9")
    expect(processes.get_by_role("button", name="End process sleeper-1…")).to_be_visible()


def test_what_a_killed_kernel_left_is_offered_and_removed(lab: Lab) -> None:
    notebook = lab.start("L04")
    _, cell = notebook.do(STEP, answers.STAY, answers.SLEEPERS)
    kernel, memory = notebook.output(cell).split()
    lab.server.remembers(memory)
    os.kill(int(kernel), signal.SIGKILL)
    lab.page.get_by_role("dialog", name="Kernel Restarting").get_by_role("button", name="Ok").click()
    left = lab.sidebar.notice("Left over from an earlier kernel: 2 processes, 1 piece of shared memory")
    expect(left).to_be_visible()
    left.get_by_text("What they are").click()
    expect(left.get_by_role("listitem")).to_have_count(3)
    expect(left.get_by_role("listitem").first).to_contain_text("a process that was spawned")
    expect(left.get_by_role("listitem").last).to_contain_text("shared memory")
    left.get_by_role("button", name="Clean up").click()
    lab.sidebar.button("No, keep them").click()
    expect(left.get_by_role("button", name="Clean up")).to_be_focused()
    left.get_by_role("button", name="Clean up").click()
    lab.sidebar.button("Yes, remove them").click()
    gone = lab.sidebar.notice("Removed: 2 processes, 1 piece of shared memory")
    expect(gone).to_be_visible()
    expect(left).to_have_count(0)
    gone.get_by_role("button", name="Close").click()
    expect(gone).to_have_count(0)
    assert lab.server.ask("GET", "parallab/leftovers")["found"] == []
