"""Cells that hang in real recorded kernels: what is told of each while it hangs, and how long after it came to rest.

The programs are those of ``proc/standstills.py``; for tests and a benchmark.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import kernels
from parallab.procfs.read import Reader
from parallab.wire import KernelState
from proc import standstills as programs

HERE = Path(programs.__file__).parent

#: What the probe knows beyond what the processes show.
KNOWN = {
    "a_lock_kept_by_an_error": "M42",
    "a_lock_of_a_terminated_holder": "M45",
    "one_farewell_for_three": "M23",
    "one_farewell_for_three_threads": "M23",
    "gets_what_could_not_be_sent": "M29",
    "gets_from_one_that_left_too_early": "M35",
    "forked_with_a_lock_held": "M19",
}
#: What only the stacks of other processes show: a kernel is asked for its own.
UNNAMED = {"a_managers_queue_never_done": None}
#: A kernel runs an event loop already.
NOT_IN_A_KERNEL = ("an_event_loop_whose_executor_hangs",)
HANG: dict[str, str | None] = {
    name: mistake
    for name, mistake in {**programs.HANGS, **programs.THREADS_HANG, **KNOWN, **UNNAMED}.items()
    if name not in NOT_IN_A_KERNEL
}
"""Each program and the mistake that must be told of it."""
CELLS = {
    "M02": "def work(x): return x\nwith mp.get_context({method!r}).Pool(2) as pool: pool.map(work, range(4))",
    "M59": "with mp.Pool(2) as pool:\n    answer = pool.map_async(sum, [[1]] * 4000, chunksize=1)\nanswer.get()",
}
"""Mistakes that only a cell of a notebook makes, and that cell."""
HANGING = (
    *("M02", "M19", "M21", "M22", "M23", "M24", "M27", "M28", "M29", "M36"),
    *("M42", "M43", "M44", "M45", "M46", "M55", "M56", "M61", "M65"),
)
"""The mistakes of the catalogue of which a learner sees that the cell never ends."""


@dataclass(frozen=True)
class Told:
    """What was told when a cell was first called stuck."""

    state: KernelState
    seconds: float
    """How long all that take part had been waiting by then."""


def an_example(mistake: str) -> tuple[str, str, str]:
    """A way to make it: the program's name or "", the start method, and the cell."""
    if mistake in CELLS:
        method = "spawn" if mistake == "M02" else "fork"
        return "", method, CELLS[mistake].format(method=method)
    name = next(name for name, made in HANG.items() if made == mistake)
    return name, "fork", cell(name, "fork")


def cell(name: str, method: str) -> str:
    """The cell that runs a program."""
    return f"standstills.{name}(mp.get_context({method!r}))"


@contextlib.asynccontextmanager
async def running(folder: Path, method: str, code: str) -> AsyncIterator[tuple[kernels.RecordedKernel, Movements]]:
    """A kernel to which the cell was sent, and who of its processes moves from then on."""
    kernel = await kernels.RecordedKernel(folder).start(method)
    try:
        await kernel.run(f"import sys; sys.path.insert(0, {str(HERE)!r})\nimport multiprocessing as mp, standstills")
        with Movements(kernel.pid) as movements:
            kernel.send(code)
            yield kernel, movements
    finally:
        os.kill(kernel.pid, signal.SIGSTOP)  # a pool would hire new workers meanwhile
        for one in Reader().tree(kernel.pid)[1:]:
            if not any("resource_tracker" in argument for argument in one.cmdline):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
        await kernel.kill()
        await kernel.end()


async def until_told(folder: Path, method: str, code: str) -> Told:
    """Runs the cell until it is called stuck; it still hangs then."""
    async with running(folder, method, code) as (kernel, movements):
        told: list[Told] = []

        def listen(what: str) -> None:
            if what == "stuck":
                told.append(Told(kernel.recorder.state("k"), time.monotonic() - movements.last))

        kernel.recorder.listen(listen)
        await kernels.until(lambda: told, "a verdict")
        assert kernel.recorder.busy
        return told[0]


def told_of(folder: Path, method: str, code: str) -> Told:
    """The same for who has no event loop."""
    return asyncio.run(until_told(folder, method, code))


class Movements:
    """Sees from outside when any thread of a kernel's cell or its processes last had a core.

    The kernel's other threads, which were there before the cell, do not count: they answer questions beside it.
    """

    EVERY = 0.005
    """Seconds between two looks."""

    def __init__(self, pid: int) -> None:
        self.last = time.monotonic()
        """When anything last moved, in monotonic seconds."""
        self._pid = pid
        self._reader = Reader()
        self._before = frozenset(who for who in self._look() if who[0] == pid and who[1] != pid)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="movements", daemon=True)

    def __enter__(self) -> Movements:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> dict[tuple[int, int], int]:
        """The CPU time of each thread (ns)."""
        processes = self._reader.snapshot(self._pid, deep=False).processes
        return {(one.pid, thread.tid): thread.cpu_ns for one in processes for thread in one.threads}

    def _watch(self) -> None:
        before: dict[tuple[int, int], int] = {}
        while not self._over.wait(self.EVERY):
            now = {who: cpu for who, cpu in self._look().items() if who not in self._before}
            if now != before:
                before, self.last = now, time.monotonic()
