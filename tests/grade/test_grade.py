"""Submissions re-checked in real sandboxes: honest, wrong, hanging and hostile ones."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from handed import CHEATS, GOOD, LAB, notebook
from parallab.grading import Graded, Limits, grade, of_text

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(900)]


async def one(text: str, limits: Limits | None = None, sandbox: bool = True) -> Graded:
    (graded,) = await grade([of_text("somebody", text)], limits=limits, sandbox=sandbox)
    assert graded.name == "somebody"
    assert graded.rechecked is True
    return graded


def verdicts(graded: Graded) -> dict[str, str]:
    assert graded.report is not None, graded.reason
    (step,) = graded.report.steps
    return {goal.id: goal.verdict for goal in step.goals}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
async def test_honest_work_passes_under_every_start_method(course: Path, method: str) -> None:
    module = "%%writefile job.py\ndef work(): pass"
    work = GOOD.replace('"fork"', repr(method)).replace("def work(): pass", "from job import work")
    graded = await one(notebook(module, work))
    assert verdicts(graded) == {"two": "passed", "together": "passed", "done": "passed"}, graded
    assert (graded.outcome, graded.passed, graded.counted) == ("passed", 1, 1)
    assert graded.sandbox == "bubblewrap"
    assert graded.memory_limit in ("cgroup", "watched")
    assert graded.report is not None
    assert (graded.lab, graded.report.lab) == (LAB, LAB)


@pytest.mark.parametrize("cheat", CHEATS)
async def test_what_does_not_do_the_work_does_not_pass(course: Path, cheat: str) -> None:
    graded = await one(notebook(CHEATS[cheat]))
    assert graded.outcome == "not-passed", graded
    assert verdicts(graded)["two"] in ("failed", "undecided")


async def test_a_deadlock_is_told_with_who_waits_for_whom(course: Path) -> None:
    graded = await one(
        notebook("""
            import multiprocessing as mp
            ctx = mp.get_context("fork")
            a, b, started = ctx.Lock(), ctx.Lock(), ctx.Barrier(2)
            def work(first, second):
                with first:
                    started.wait()
                    with second: pass
            ps = [ctx.Process(target=work, args=args, name=name) for args, name in (((a, b), "A→B"), ((b, a), "B→A"))]
            for p in ps: p.start()
            for p in ps: p.join()
        """)
    )
    assert graded.outcome == "not-passed"
    (hang,) = graded.hangs
    assert (hang.step, hang.cell, hang.why) == ("work", 1, "stuck")
    assert any("A→B" in line and "B→A" in line for line in hang.waits), hang.waits
    assert hang.mistake is not None


async def test_a_loop_is_out_of_time_and_the_next_cell_runs(course: Path) -> None:
    graded = await one(notebook("while True: pass", GOOD), Limits(cell=10))
    assert [(hang.cell, hang.why) for hang in graded.hangs] == [(1, "out of time")]
    assert graded.outcome == "not-passed"


async def test_a_kernel_that_is_killed_is_said_to_be(course: Path) -> None:
    graded = await one(notebook("import os\nos.kill(os.getpid(), 9)"))
    assert graded.outcome == "not-passed"
    (hang,) = graded.hangs
    assert hang.why.startswith("the kernel died")


async def test_files_that_cells_wrote_outlive_a_kernel_that_had_to_be_killed(course: Path) -> None:
    mute = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass"
    seen = "import job, multiprocessing as mp\nassert job.here\n" + GOOD.replace("    ", "", 1)
    graded = await one(notebook("%%writefile job.py\nhere = True", mute, seen), Limits(cell=10))
    assert graded.report is not None
    # The step hung once; what its last cell did in the new kernel is seen all the same.
    assert [hang.cell for hang in graded.hangs] == [2]
    assert graded.outcome == "not-passed"


async def test_output_without_end_costs_a_timeout_and_no_more(course: Path) -> None:
    graded = await one(notebook("while True: print('x' * 100_000)"), Limits(cell=3))
    assert graded.outcome == "not-passed"
    assert [hang.why for hang in graded.hangs] == ["out of time"]


async def test_a_reply_that_is_too_large_is_not_taken(course: Path) -> None:
    graded = await one(notebook("raise ValueError('x' * 40_000_000)"), Limits(cell=30))
    assert graded.outcome in ("not-passed", "stopped")


async def test_too_much_memory_ends_it(course: Path) -> None:
    graded = await one(
        notebook("""
            import multiprocessing as mp, mmap, time
            def eat():
                block = mmap.mmap(-1, 200 << 20)
                block.write(b"x" * len(block))
                time.sleep(1000)
            ps = [mp.get_context("fork").Process(target=eat) for _ in range(4)]
            for p in ps: p.start()
            for p in ps: p.join()
        """),
        Limits(cell=60, memory=512),
    )
    assert graded.outcome == "stopped", graded
    assert "512 MiB" in graded.reason


async def test_a_fork_bomb_harms_nobody(course: Path) -> None:
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    graded = await one(notebook(bomb), Limits(cell=5, whole=60, processes=100))
    assert graded.outcome in ("stopped", "not-passed"), graded
    if graded.memory_limit == "cgroup":
        # It is ended when it is noticed, not when its time is over.
        assert (graded.outcome, graded.reason[:27]) == ("stopped", "it started more than 100 pr"), graded
    again = await one(notebook(GOOD))
    assert again.outcome == "passed"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no notebook: it is not JSON"),
        ("[" * 100_000, "no notebook: it is not JSON"),
        ("[]", "no list of cells"),
        (json.dumps({"cells": 7}), "no list of cells"),
        (notebook(GOOD, lab="").replace(LAB, ""), "does not say which lab it belongs to"),
        (json.dumps({"cells": []}), "does not say which lab it belongs to"),
        (notebook(GOOD, lab="L4711"), "its lab is not installed here: There is no lab 'L4711'"),
        (notebook(GOOD, lab="../../etc/passwd"), "its lab is not installed here"),
    ],
)
async def test_what_is_no_submission_says_why(course: Path, text: str, reason: str) -> None:
    graded = await one(text)
    assert graded.outcome == "unreadable"
    assert reason in graded.reason


async def test_without_a_sandbox_the_result_says_so(open_course: Path) -> None:
    graded = await one(notebook(GOOD), sandbox=False)
    assert (graded.outcome, graded.sandbox, graded.memory_limit) == ("passed", "none", "")


async def test_cancelling_ends_what_runs_and_keeps_what_was_told(course: Path) -> None:
    told: list[Graded] = []
    first = asyncio.Event()

    def progress(graded: Graded, done: int, total: int) -> None:
        assert (done, total) == (len(told) + 1, 3)
        told.append(graded)
        first.set()

    handed = [of_text("quick", ""), of_text("slow", notebook("while True: pass")), of_text("later", notebook(GOOD))]
    work = asyncio.ensure_future(grade(handed, progress=progress))
    await first.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert [graded.name for graded in told] == ["quick"]


async def test_what_is_known_is_not_done_again_unless_something_changed(course: Path) -> None:
    good, wrong = notebook(GOOD), notebook("pass")
    before = await grade([of_text("a", good), of_text("b", wrong)])
    known = {graded.name: graded for graded in before}
    after = await grade([of_text("a", good), of_text("b", good)], known=known)
    assert after[0] == before[0]
    assert [graded.outcome for graded in after] == ["passed", "passed"]
    other = await grade([of_text("a", good)], known=known, limits=Limits(cell=50))
    assert other[0].at > before[0].at
