"""Tree and map say the same of workers that wait in every way, in a kernel whose cell is over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import faces
import kernels
from parallab import live, model

WORKERS = """
import multiprocessing as mp, threading, time
c = mp.get_context("fork")
event, queue, changed, permits, lock = c.Event(), c.Queue(), c.Condition(), c.Semaphore(0), c.Lock()
pipe = c.Pipe(False)
lock.acquire()
def get(): queue.get()
def be_told():
    with changed: changed.wait()
def take(): permits.acquire()
def want(): lock.acquire()
def hear(): pipe[0].recv()
def rest(): threading.Event().wait()
def patiently(): event.wait(600)
def work(): time.sleep(600)
targets = event.wait, get, be_told, take, want, hear, rest, patiently, work
workers = [c.Process(target=one, name=one.__name__, daemon=True) for one in targets]
[one.start() for one in workers]
"""


def test_of_workers_that_wait_while_no_cell_runs(tmp_path: Path) -> None:
    waiting = {"wait", "get", "be_told", "take", "want", "hear", "rest", "patiently"}

    async def go() -> tuple[model.Recording, model.Recording]:
        kernel = await kernels.RecordedKernel(tmp_path).start("fork")
        try:
            await kernel.run(WORKERS)

            seen: model.Recording = await kernel.recorder.cut()
            while {one.name for one in live.picture(seen, "k").processes if one.waits_for} != waiting:
                seen = await kernel.recorder.cut()
            return kernel.recorder.glance(), seen
        finally:
            await kernel.kill()
            await kernel.end()

    told, seen = asyncio.run(go())

    assert sorted(faces.both(seen).values()) == [(False, False)] + [(True, True)] * len(waiting)
    # Without a look not all is known; but what is said is the same.
    known = faces.both(told).values()
    assert len(known) == len(waiting) + 1
    assert all(one == other for one, other in known)
