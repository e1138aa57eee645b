"""Whom an act of a lab's means, in recordings made by hand."""

from __future__ import annotations

import msgspec
import pytest

from parallab import acts, model
from parallab.lab import Act
from tales import CELL, KERNEL, begin, life, recording

SECOND = 1_000_000_000
STRIKE = Act("strike", "kill-worker", "Kill a worker at work", which="working")


def process(pid: int, call: str) -> model.Process:
    blocked = model.Blocked(call)
    return model.Process(
        pid=pid, started=pid, ppid=1, comm="python", state="S", threads=(model.Thread(pid, "python", "S", blocked),)
    )


@pytest.mark.parametrize(
    ("call", "seconds", "struck"),
    [("futex", 0.2, False), ("futex", 0.5, True), ("running", 0.5, False), ("running", 4, True)],
)
def test_nobody_is_killed_while_the_notebook_may_still_hand_in_jobs(call: str, seconds: float, struck: bool) -> None:
    look = model.Snapshot(
        monotonic=22 + int(seconds * SECOND),
        unix=1.0,
        root=KERNEL,
        processes=(process(KERNEL, call), process(1, "clock_nanosleep")),
    )
    told = msgspec.structs.replace(recording(begin(), life(1, 20, 25)), snapshots=(look,), busy_cell=CELL)
    assert (acts.fitting(told, STRIKE) is not None) is struck
