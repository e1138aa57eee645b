"""The judging process: verdicts, a check that never returns, one that kills, prints or floods."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import kernels
from parallab import judge_pool
from parallab.judge_pool import LARGEST, JudgePool
from parallab.procfs import parse
from parallab.wire import GoalResult
from small_lab import small_lab
from tales import CELL, begin, end, life, recording

pytestmark = pytest.mark.asyncio

GOOD = '''
    @check("work")
    def child(run):
        """Your notebook starts one child"""
        return expect("children", run.workers, one())
'''


async def judge(folder: Path, checks: str, deadline: float = 2.0) -> tuple[GoalResult, ...]:
    lab = small_lab(folder, checks)
    pool = JudgePool(deadline)
    try:
        told = recording(begin(), life(1, 20, 25, 40), end())
        return await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
    finally:
        await pool.close()


async def test_a_verdict(tmp_path: Path) -> None:
    (goal,) = await judge(tmp_path, GOOD)
    assert (goal.id, goal.verdict) == ("child", "passed")


async def test_a_check_that_never_returns_is_broken_and_the_next_request_works(tmp_path: Path) -> None:
    lab = small_lab(
        tmp_path,
        GOOD
        + '''
    @check("work")
    def endless(run):
        """For ever"""
        while True:
            pass

    @check("work")
    def after(run):
        """After it"""
''',
    )
    pool = JudgePool(0.5)
    told = recording(begin(), life(1, 20, 25, 40), end())
    try:
        for _ in range(2):
            goals = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
            assert [goal.verdict for goal in goals] == ["passed", "broken", "not-attempted"]
            assert goals[1].reason == (
                "This is not your mistake: the check did not come to an end within 0.5 s. Tell the lab's author."
            )
    finally:
        await pool.close()


async def test_a_check_that_waits_for_ever_is_broken(tmp_path: Path) -> None:
    goals = await judge(
        tmp_path,
        '''
    import threading

    @check("work")
    def endless(run):
        """For ever"""
        threading.Event().wait()
''',
        0.5,
    )
    assert [goal.verdict for goal in goals] == ["broken"]
    assert "did not come to an end within 0.5 s" in goals[0].reason


async def test_checks_that_cannot_be_loaded_in_time_are_broken(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(judge_pool, "GRACE", 2.0)
    lab = small_lab(tmp_path, GOOD)
    with (lab.folder / "checks.py").open("a") as file:
        file.write("\nwhile True: pass\n")
    pool = JudgePool()
    try:
        told = recording(begin(), life(1, 20, 25, 40), end())
        (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
    finally:
        await pool.close()
    assert (goal.verdict, "could not be loaded within 2 s" in goal.reason) == ("broken", True)


SLOW = '''
    import os, time

    @check("work")
    def slow(run):
        """Needs 0.3 s of a core, and has a twentieth of one"""
        os.nice(10)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        while time.process_time() < spent + 0.3:
            pass

    spent = time.process_time()
'''


@pytest.mark.slow
async def test_a_check_that_has_hardly_a_core_is_no_endless_one(tmp_path: Path) -> None:
    busy = "import os\nos.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
    others = [await asyncio.create_subprocess_exec(sys.executable, "-c", busy) for _ in range(2)]
    began = time.monotonic()
    try:
        goals = await judge(tmp_path, SLOW, 0.5)
    finally:
        for other in others:
            other.kill()
            await other.wait()
    assert [(goal.verdict, goal.reason) for goal in goals] == [("passed", "")]
    assert time.monotonic() - began > 2, "it had a core of its own"


STOPPED = '''
    import os, signal

    @check("work")
    def stopped(run):
        """Stopped by somebody, as a machine that sleeps does"""
        os.kill(os.getpid(), signal.SIGSTOP)
'''


async def test_a_judge_that_is_stopped_uses_up_no_time(tmp_path: Path) -> None:
    lab = small_lab(tmp_path, GOOD + STOPPED)
    pool = JudgePool(0.5)
    told = recording(begin(), life(1, 20, 25, 40), end())
    judging = asyncio.ensure_future(pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"}))
    try:
        process = await kernels.until(lambda: pool.process if _state(pool) == "T" else None, "the judge's stop")
        # It stands still: only the clock can tell when an endless check would have been given up.
        assert await asyncio.wait({judging}, timeout=1.5) == (set(), {judging})
        process.send_signal(signal.SIGCONT)
        goals = await judging
    finally:
        await pool.close()
    assert [goal.verdict for goal in goals] == ["passed", "passed"]


async def test_a_judge_that_cannot_go_on_is_given_up_and_nobody_is_blamed(tmp_path: Path) -> None:
    lab = small_lab(tmp_path, STOPPED)
    pool = JudgePool(patience=1.0)
    told = recording(begin(), life(1, 20, 25, 40), end())
    try:
        (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
    finally:
        await pool.close()
    assert (goal.verdict, goal.reason) == ("undecided", judge_pool.TOO_BUSY)


def _state(pool: JudgePool) -> str:
    if pool.process is None:
        return ""
    return parse.stat(Path(f"/proc/{pool.process.pid}/stat").read_bytes()).state


async def test_a_check_that_ends_the_process_is_broken(tmp_path: Path) -> None:
    goals = await judge(
        tmp_path,
        '''
    import os

    @check("work")
    def fatal(run):
        """Fatal"""
        os._exit(3)
''',
    )
    assert [goal.verdict for goal in goals] == ["broken"]
    assert "the process that judges ended" in goals[0].reason


async def test_a_check_that_prints_or_exits_disturbs_nobody(tmp_path: Path) -> None:
    goals = await judge(
        tmp_path,
        '''
    @check("work")
    def loud(run):
        """Loud"""
        print("x" * 1_000_000)

    @check("work")
    def leaving(run):
        """Leaving"""
        raise SystemExit(0)
''',
    )
    assert [goal.verdict for goal in goals] == ["passed", "broken"]


async def test_checks_that_change_are_loaded_again(tmp_path: Path) -> None:
    pool = JudgePool()
    told = recording(begin(), end())
    try:
        for wanted, checks in (
            ("failed", GOOD),
            ("passed", '@check("work")\ndef fine(run):\n    """Fine"""\n'),
        ):
            lab = small_lab(tmp_path, checks)
            (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
            assert goal.verdict == wanted
            os.utime(lab.folder / "checks.py", ns=(0, 0))
    finally:
        await pool.close()


async def test_more_than_can_be_judged_is_undecided(tmp_path: Path) -> None:
    lab = small_lab(tmp_path, GOOD)
    told = recording(begin(), end(), not_recorded=("x" * (LARGEST + 1),))
    pool = JudgePool()
    (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
    assert goal.verdict == "undecided"
    assert goal.reason.startswith("More was recorded than can be judged.")


async def test_an_idle_process_ends_and_comes_back(tmp_path: Path) -> None:
    lab = small_lab(tmp_path, GOOD)
    pool = JudgePool(idle=0.05)
    told = recording(begin(), life(1, 20, 25, 40), end())
    try:
        await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
        process = pool.process
        assert process is not None
        await process.wait()
        (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
        assert goal.verdict == "passed"
    finally:
        await pool.close()
