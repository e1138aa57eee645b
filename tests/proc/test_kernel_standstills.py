"""Cells that hang in real recorded kernels: stuck while they hang, by the right mistake, in the catalogue's words.

How soon is for ``make bench``, which measures it on a machine with nothing else to do.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

import hanging
import kernels
from parallab import inspecting, model, pyspy
from parallab.catalogue import CATALOGUE
from parallab.wire import MistakeView

FAST = (
    "rlocks_in_a_circle",
    "a_lock_kept_by_an_error",
    "joins_before_it_takes",
    "one_farewell_for_three_threads",
    "thread_locks_in_a_circle",
    "gets_what_could_not_be_sent",
)
CASES = [
    pytest.param(name, method, marks=[] if name in FAST and method == "fork" else pytest.mark.slow)
    for method in ("fork", "spawn", "forkserver")
    for name in hanging.HANG
]
GO_ON = ("executor_of_sleepers", "a_slow_producer_for_three", "a_timer_sets_an_event", "idle_process_executor")


def _view(mistake: str | None) -> MistakeView | None:
    return MistakeView(mistake, CATALOGUE[mistake].sentence) if mistake else None


@pytest.mark.parametrize("mistake", hanging.HANGING)
def test_every_mistake_that_hangs_can_be_made(mistake: str) -> None:
    assert hanging.an_example(mistake)[2]


@pytest.mark.parametrize(("name", "method"), CASES)
def test_a_cell_that_hangs_is_named_while_it_hangs(tmp_path: Path, name: str, method: str) -> None:
    told = hanging.told_of(tmp_path, method, hanging.cell(name, method))

    assert told.state.mistake == _view(hanging.HANG[name]), told.state
    assert told.state.diagnoses


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pool_that_cannot_find_its_function_is_named(tmp_path: Path, method: str) -> None:
    told = hanging.told_of(tmp_path, method, hanging.CELLS["M02"].format(method=method))

    assert told.state.mistake == _view("M02")


@pytest.mark.parametrize("name", [GO_ON[0], *(pytest.param(name, marks=pytest.mark.slow) for name in GO_ON[1:])])
def test_a_cell_that_is_slow_is_never_called_stuck(tmp_path: Path, name: str) -> None:
    async def go() -> set[bool | None]:
        said = set()
        async with hanging.running(tmp_path, "fork", hanging.cell(name, "fork")) as (kernel, _):
            await kernels.until(lambda: kernel.recorder.busy, "the cell")
            end = time.monotonic() + 3
            while time.monotonic() < end:
                await asyncio.sleep(0.05)
                said.add(kernel.recorder.stuck)
        return said

    assert True not in asyncio.run(go())


OF_THREADS = """
import threading, time
over, lock = threading.Event(), threading.Lock()
def work():
    time.sleep(600)
    over.set()
"""


@pytest.mark.timeout(300)
@pytest.mark.skipif(pyspy.find() is None, reason="py-spy is not installed")
@pytest.mark.parametrize(
    ("last", "stuck"),
    [
        ("threading.Thread(target=work, daemon=True).start(); over.wait()", None),
        ("threading.Thread(target=over.wait, daemon=True).start(); lock.acquire(); lock.acquire()", True),
    ],
)
def test_the_doctor_tells_a_notebooks_own_threads_from_those_of_its_first_cell(
    tmp_path: Path, last: str, stuck: bool | None
) -> None:
    """Which of them began first on this machine does not matter: it looks without having seen the kernel begin."""

    async def go() -> list[bool | None]:
        async with hanging.running(tmp_path, "fork", OF_THREADS + last) as (kernel, _):
            await kernels.until(lambda: kernel.recorder.busy, "the cell")
            loop, said = asyncio.get_running_loop(), []
            while len(said) < 3 or said[-1] is not stuck:
                report = await loop.run_in_executor(None, inspecting.doctor, kernel.pid)
                said.append(report.stuck)
        return said

    assert set(asyncio.run(go())) <= {False, None, stuck}


BUSY_THEN_STUCK = """
import queue
box = queue.Queue()
for number in range(600):
    box.put(number)
lock = mp.Lock()
lock.acquire()
lock.acquire()
"""


def test_what_is_reported_late_does_not_make_a_standstill_look_like_a_move(tmp_path: Path) -> None:
    """A kernel keeps the last of many lines back until it is asked: they tell of what was before."""

    async def go() -> model.Recording:
        async with hanging.running(tmp_path, "fork", BUSY_THEN_STUCK) as (kernel, _):
            await kernels.until(lambda: kernel.recorder.stuck, "the standstill")
            recording: model.Recording = await kernel.recorder.cut()
            return recording

    recording = asyncio.run(go())
    assert sum(isinstance(event, model.QueueUse) and event.act == "put" for event in recording.events) == 600
    assert (recording.stuck, len(recording.snapshots)) == (True, 2)


def test_a_pool_that_was_left_before_its_results_is_named(tmp_path: Path) -> None:
    told = hanging.told_of(tmp_path, "fork", hanging.CELLS["M59"])
    assert told.state.mistake == _view("M59")
