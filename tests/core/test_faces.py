"""Tree and map say the same of who waits, of recordings of real kernels and of some made by hand."""

from __future__ import annotations

import pytest

import faces
from corpus import films
from parallab import model
from tales import CELL, KERNEL, begin, end, life, recording

SECOND = 1_000_000_000


@pytest.mark.parametrize("name", films.FROM)
def test_of_what_real_kernels_did(name: str) -> None:
    assert {who: said for who, said in faces.both(films.recording(name)).items() if said[0] != said[1]} == {}


def _worker(*blocked: model.Blocked) -> model.Process:
    threads = tuple(model.Thread(200 + n, "python", "S", one) for n, one in enumerate(blocked))
    return model.Process(200, 200, KERNEL, "python", "S", ("python",), threads=threads)


def _seen(worker: model.Process, *, busy: bool = False) -> model.Recording:
    """One worker, which wants a lock as the probe says, and a look at it after its cell's end."""
    kernel = model.Process(KERNEL, 1, 1, "python", "S", ("python",), threads=(model.Thread(KERNEL, "python", "S"),))
    look = model.Snapshot(SECOND, 1.0, KERNEL, (kernel, worker))
    events = [
        begin(),
        model.LockMade(at=20, pid=KERNEL, cell=CELL, run=1, lock="/l", cls="Lock"),
        life(200, 20, 30),
        model.LockUse(at=70, pid=200, tid=200, cell=CELL, run=1, lock="/l", act="want"),
    ]
    return recording(*events, *([] if busy else [end()]), busy_cell=CELL if busy else "", snapshots=(look,))


def test_who_is_seen_to_go_on_waits_no_more_though_no_report_came_of_it() -> None:
    assert faces.both(_seen(_worker(model.Blocked("running"))))[200, 200] == (False, False)
    assert faces.both(_seen(_worker(model.Blocked("futex"))))[200, 200] == (True, True)


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("busy", [True, False])
def test_who_waits_for_another_thread_is_said_to_wait(timed: bool, busy: bool) -> None:
    told = _seen(_worker(model.Blocked("futex", timed=timed), model.Blocked("clock_nanosleep", timed=True)), busy=busy)

    assert faces.both(told)[200, 200] == (True, True)
