"""The recorder's memory is bounded, whatever a cell does, and what was left out is told."""

from __future__ import annotations

import asyncio
import gc
import mmap
from collections.abc import Callable
from pathlib import Path

import pytest

from parallab import model, sightings
from parallab.judge_pool import LARGEST
from parallab.recorder import Recorder
from tales import CELL, KERNEL, begin, life


def recorded(feed: Callable[[Callable[[model.AnyEvent], None]], None]) -> tuple[model.Recording, float]:
    """What a recorder keeps of events, and by how many MiB this process has grown then."""

    async def record() -> tuple[model.Recording, float]:
        recorder = Recorder("kernel")
        recorder.pid = recorder._log.kernel = KERNEL
        recorder._hear(None, [begin()])
        before = resident()
        feed(lambda event: recorder._hear(None, [event]))
        gc.collect()
        grown = resident() - before
        recorder._end_life()
        return recorder.glance(), grown

    return asyncio.run(record())


def resident() -> float:
    """MiB of this process's memory (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE / (1 << 20)


def test_fifty_thousand_processes() -> None:
    def feed(hear: Callable[[model.AnyEvent], None]) -> None:
        for pid in range(1000, 51_000):
            for event in life(pid, pid, pid + 1, pid + 2):
                hear(event)
            hear(model.ProcessGone(at=pid + 3, cell=CELL, run=1, child=pid, exit_code=0, since=pid + 1))

    recording, grown = recorded(feed)
    assert grown < 24
    assert len(recording.sightings) <= sightings.MOST
    assert recording.not_recorded[0].startswith("48,800 processes of one cell were counted but not kept")
    assert len(model.dumps(recording)) < LARGEST


@pytest.mark.slow
def test_a_million_queue_items() -> None:
    def feed(hear: Callable[[model.AnyEvent], None]) -> None:
        for n in range(1_000_000):
            hear(model.QueueUse(at=n, pid=KERNEL, cell=CELL, run=1, queue=f"q{n % 5000}", act="put", n=n, item="1"))

    recording, grown = recorded(feed)
    assert grown < 24
    assert len(model.dumps(recording)) < LARGEST
    assert recording.not_recorded[0].endswith("reports of one cell were counted but not kept")
