"""Programs with known truth, asked about from outside: who hangs is stuck and named, who goes on never is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import standing
from parallab import pyspy
from proc import standstills as programs

METHODS = ("fork", "spawn", "forkserver")
PYTHONS = [
    str(path)
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))[-1:]
    if path.resolve() != Path(sys.executable).resolve()
]
slow = pytest.mark.slow
SPIED = pytest.mark.skipif(pyspy.find() is None, reason="py-spy is not installed")
MIXES = [("fork", sys.executable), *((method, sys.executable) for method in METHODS[1:])]
MIXES += [(METHODS[place % 3], python) for place, python in enumerate(PYTHONS)]
#: Each way to start processes on this Python, and each other Python with one of them. A table takes minutes.
CASES = [pytest.param(method, python, marks=slow, id=f"{method}-{python.split('/')[-3]}") for method, python in MIXES]


def _fault(seen: standing.Seen, mistake: str | None) -> str:
    if not seen.said or seen.said[-1] is not True:
        return f"{seen.name}: not called stuck: {seen.said[-1:]}, {seen.report}"
    if seen.mistakes != [mistake]:
        return f"{seen.name}: should be [{mistake}]: {seen.report}"
    return ""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("method", "python"), CASES)
def test_processes_that_hang_are_stuck_and_named(method: str, python: str) -> None:
    truth = {**programs.HANGS, **(programs.UNCOLLECTED if method == "forkserver" else {})}

    def ask(name: str) -> standing.Seen:
        return standing.until_stuck(name, method, python)

    found = standing.each(programs.WHOLE, ask, at_once=1) + standing.each(truth.keys() - programs.WHOLE, ask)
    assert not [fault for seen in found if (fault := _fault(seen, truth[seen.name]))]


@SPIED
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("method", "python"), CASES)
def test_threads_that_hang_are_named_by_their_stacks(method: str, python: str) -> None:
    found = standing.each(programs.THREADS_HANG, lambda name: standing.until_stuck(name, method, python))
    assert not [fault for seen in found if (fault := _fault(seen, programs.THREADS_HANG[seen.name]))]


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("method", "python"), CASES)
def test_who_goes_on_is_never_called_stuck(method: str, python: str) -> None:
    found = standing.each(programs.GO_ON, lambda name: standing.while_it_goes_on(name, method, python))
    assert not [f"{seen.name}: {seen.said} {seen.diagnosed}" for seen in found if True in seen.said or seen.diagnosed]


def test_without_stacks_threads_that_hang_are_stuck_and_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyspy, "find", lambda: None)

    seen = standing.until_stuck("thread_locks_in_a_circle", "fork")

    assert (seen.said[-1], seen.mistakes) == (True, [None])


@slow
def test_without_stacks_whether_a_thread_will_help_cannot_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyspy, "find", lambda: None)

    seen = standing.while_it_goes_on("joins_a_sleeping_thread", "fork")

    assert seen.said[-1] is None
    assert seen.report is not None
    why = {one.why for one in seen.report.cannot_tell}
    assert "the main program waits for a lock between its threads, and who holds that cannot be seen" in why
    assert "py-spy is not installed: `pip install parallab[doctor]`" in why


@SPIED
def test_with_stacks_a_sleeping_thread_that_is_joined_is_told() -> None:
    assert standing.while_it_goes_on("joins_a_sleeping_thread", "fork").said[-1] is False


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_worker_alone_is_not_stuck_by_what_its_parent_holds(method: str) -> None:
    """Looked at without its parent: who else has the queue is seen, and nothing is concluded."""
    with standing.running("a_slow_producer_for_three", method) as program:
        reader = standing.Reader()
        end = standing.time.monotonic() + standing.DEADLINE
        while len(workers := _readers(reader.snapshot(program.pid))) < 1:
            assert standing.time.monotonic() < end
        said = [standing.inspecting.doctor(pid).stuck for pid in workers]
        assert set(said) <= {None, False}
        assert None in said


def _readers(snapshot: object) -> list[int]:
    return [
        one.pid
        for one in snapshot.processes[1:]  # type: ignore[attr-defined]
        if any("resource_tracker" in part for part in one.cmdline) is False
        and any(thread.blocked and thread.blocked.call in ("read", "futex") for thread in one.threads)
    ]


def test_an_answer_costs_little() -> None:
    """Asked about a program that hangs already, the doctor needs two looks and no more.

    Of computing, its own and py-spy's: on a busy machine time passes that is not the doctor's.
    """
    with standing.running("a_lock_again_in_the_program", "fork") as program:
        while standing.inspecting.doctor(program.pid).stuck is not True:
            pass
        before = sum(os.times()[:4])
        assert standing.inspecting.doctor(program.pid).stuck is True
        assert sum(os.times()[:4]) - before < 0.8
