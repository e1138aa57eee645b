"""Cells that hang in real recorded kernels: stuck within a second of standing still, by the right mistake."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

import kernels
from parallab import model
from parallab.procfs.read import Reader
from parallab.wire import KernelState
from proc import standstills as programs

HERE = Path(__file__).parent

#: What the probe knows beyond what the processes show.
KNOWN = {
    "a_lock_kept_by_an_error": "M42",
    "a_lock_of_a_terminated_holder": "M45",
    "one_farewell_for_three_threads": "M23",
    "gets_what_could_not_be_sent": "M29",
    "gets_from_one_that_left_too_early": "M35",
    "forked_with_a_lock_held": "M19",
}
#: What only the stacks of other processes show: a kernel is asked for its own.
UNNAMED = {"a_managers_queue_never_done": None}
HANG = {**programs.HANGS, **programs.THREADS_HANG, **KNOWN, **UNNAMED}
#: A kernel runs an event loop already.
NOT_IN_A_KERNEL = ("an_event_loop_whose_executor_hangs",)
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
    for name in HANG
    if name not in NOT_IN_A_KERNEL
]
GO_ON = ("executor_of_sleepers", "a_slow_producer_for_three", "a_timer_sets_an_event", "idle_process_executor")


async def _run(tmp_path: Path, name: str, method: str, code: str = "") -> tuple[kernels.RecordedKernel, float]:
    """A kernel in which the program was sent as a cell, and when."""
    kernel = await kernels.RecordedKernel(tmp_path).start(method)
    await kernel.run(f"import sys; sys.path.insert(0, {str(HERE)!r})\nimport multiprocessing as mp, standstills")
    kernel.send(code or f"standstills.{name}(mp.get_context({method!r}))")
    return kernel, time.monotonic()


async def _end(kernel: kernels.RecordedKernel) -> None:
    os.kill(kernel.pid, signal.SIGSTOP)
    for one in Reader().tree(kernel.pid)[1:]:
        if not any("resource_tracker" in argument for argument in one.cmdline):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
    await kernel.kill()
    await kernel.end()


async def _until_named(tmp_path: Path, name: str, method: str, code: str = "") -> tuple[KernelState, float]:
    """What is told when the cell is first called stuck, and how long all had been still then."""
    kernel, _ = await _run(tmp_path, name, method, code)
    recorder = kernel.recorder
    told: list[tuple[KernelState, float]] = []

    def listen(what: str) -> None:
        if what == "stuck":
            told.append((recorder.state("k"), time.monotonic() - recorder._happened))

    recorder.listen(listen)
    try:
        await kernels.until(lambda: told, "a verdict")
        return told[0]
    finally:
        await _end(kernel)


@pytest.mark.parametrize(("name", "method"), CASES)
def test_a_cell_that_hangs_is_named_within_a_second(tmp_path: Path, name: str, method: str) -> None:
    state, after = asyncio.run(_until_named(tmp_path, name, method))

    assert (state.mistake.id if state.mistake else None) == HANG[name], state
    # On a machine with many other things to do, a look itself takes longer.
    assert after < 1.0 + os.getloadavg()[0] / 4


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pool_that_cannot_find_its_function_is_named(tmp_path: Path, method: str) -> None:
    code = f"def work(x): return x\nwith mp.get_context({method!r}).Pool(2) as pool: pool.map(work, range(4))"

    state, _ = asyncio.run(_until_named(tmp_path, "", method, code))

    assert state.mistake is not None
    assert state.mistake.id == "M02"


@pytest.mark.parametrize("name", [GO_ON[0], *(pytest.param(name, marks=pytest.mark.slow) for name in GO_ON[1:])])
def test_a_cell_that_is_slow_is_never_called_stuck(tmp_path: Path, name: str) -> None:
    async def go() -> set[bool | None]:
        kernel, began = await _run(tmp_path, name, "fork")
        said = set()
        try:
            await kernels.until(lambda: kernel.recorder.busy, "the cell")
            while time.monotonic() < began + 3:
                await asyncio.sleep(0.05)
                said.add(kernel.recorder.stuck)
        finally:
            await _end(kernel)
        return said

    assert True not in asyncio.run(go())


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
        kernel, _ = await _run(tmp_path, "", "fork", BUSY_THEN_STUCK)
        try:
            await kernels.until(lambda: kernel.recorder.stuck, "the standstill")
            recording: model.Recording = await kernel.recorder.cut()
            return recording
        finally:
            await _end(kernel)

    recording = asyncio.run(go())
    assert sum(isinstance(event, model.QueueUse) and event.act == "put" for event in recording.events) == 600
    assert (recording.stuck, len(recording.snapshots)) == (True, 2)


LEFT = """
with mp.Pool(2) as pool:
    answer = pool.map_async(sum, [[1]] * 4000, chunksize=1)
answer.get()
"""


def test_a_pool_that_was_left_before_its_results_is_named(tmp_path: Path) -> None:
    state, _ = asyncio.run(_until_named(tmp_path, "", "fork", LEFT))
    assert state.mistake is not None
    assert state.mistake.id == "M59"
