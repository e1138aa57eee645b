"""The live picture: the notebook's own threads, and which mistake it is that a cell is stuck by."""

from __future__ import annotations

from parallab import live, model
from tales import CELL, KERNEL, begin, end, recording


def thread(ident: int, cell: str = CELL, run: int = 1) -> model.ThreadRun:
    return model.ThreadRun(at=20, pid=KERNEL, tid=KERNEL + ident, cell=cell, run=run, ident=ident, name=f"t{ident}")


def test_threads_of_a_cell_that_runs_are_no_ghosts_and_those_of_earlier_runs_are() -> None:
    living = (thread(1), thread(2, run=2), thread(3, "other"))
    told = recording(begin(run=2), busy_cell=CELL, living=living)
    assert [(one.name, one.number, one.left) for one in live.picture(told, "k").threads] == [
        ("t1", 1, True),
        ("t2", 2, False),
        ("t3", 3, True),
    ]
    over = recording(begin(run=2), end(run=2), living=living)
    assert all(one.left for one in live.picture(over, "k").threads)


def test_a_dead_kernel_has_no_threads_and_what_is_not_stuck_no_mistake() -> None:
    dead = live.picture(recording(begin(), living=(thread(1),), dead=True), "k")
    assert (dead.threads, dead.mistake) == ((), None)
