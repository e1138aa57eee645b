"""Lives from events: who worked together, what a reused pid is, what a lock saw."""

from __future__ import annotations

import msgspec
import pytest
from tales import CELL, KERNEL, STEP, begin, end, evidence, join, life, recording

from parallab import model
from parallab.checks.expect import CannotTell
from parallab.evidence import Evidence


def test_started_before_the_first_join_is_together() -> None:
    run = evidence(begin(), life(1, 20, 25, 60), life(2, 30, 35, 40), join(1, 50, 61), join(2, 62, 63), end())
    found = run.together(run.workers)
    assert found.yes
    assert found.observed == "all 2 were started before the first was waited for"


def test_joined_in_the_start_loop_is_not_together() -> None:
    run = evidence(begin(), life(1, 20, 25, 40), join(1, 30, 41), life(2, 50, 55, 70), join(2, 60, 71), end())
    found = run.together(run.workers)
    assert not found.yes
    assert found.observed == "you waited for worker 1 of 2 (join()) before you started worker 2 of 2"
    assert found.most == 1


def test_workers_of_five_milliseconds_need_not_overlap() -> None:
    run = evidence(begin(), life(1, 20, 25, 26), life(2, 30, 35, 36), join(1, 50, 61), join(2, 62, 63), end())
    assert run.together(run.workers).yes
    assert run.together(run.workers).most == 1


def test_start_and_join_in_a_thread_each_is_together_when_all_lived_at_once() -> None:
    run = evidence(begin(), life(1, 20, 25, 90), join(1, 26, 91), life(2, 30, 35, 90), join(2, 36, 91), end())
    assert run.together(run.workers).yes


def test_polling_until_one_has_ended_is_waiting() -> None:
    poll = model.Wait(at=45, pid=KERNEL, cell=CELL, run=1, call="is_alive", began=44, child=1, alive=False)
    run = evidence(begin(), life(1, 20, 25, 40), poll, life(2, 50, 55, 70), join(2, 60, 71), end())
    assert not run.together(run.workers).yes


def test_a_reused_pid_is_another_worker() -> None:
    run = evidence(begin(), life(1, 20, 25, 40, code=3), join(1, 26, 41, code=3), life(1, 50, 55, 70), end())
    assert [worker.exit_code for worker in run.workers] == [3, 0]


def test_what_waitpid_told_beats_what_the_child_meant_to_give() -> None:
    run = evidence(begin(), life(1, 20, 25, 40, code=0), join(1, 30, 41, code=-15), end())
    assert [worker.exit_code for worker in run.workers] == [-15]


def test_a_worker_the_system_never_showed_cannot_be_told() -> None:
    start = model.ProcessStart(at=25, pid=KERNEL, cell=CELL, run=1, began=20, child=7, name="ghost")
    run = evidence(begin(), start, end())
    with pytest.raises(CannotTell, match="your worker was started as Python says"):
        _ = run.workers


def test_a_sighting_confirms_it() -> None:
    start = model.ProcessStart(at=25, pid=KERNEL, cell=CELL, run=1, began=20, child=7, name="ghost")
    run = evidence(begin(), start, end(), sightings=(model.Sighting(7, first=22, last=30),))
    assert [worker.pid for worker in run.workers] == [7]


def test_lost_reports_make_counting_undecided() -> None:
    run = evidence(begin(), life(1, 20, 25, 40), end(), lost=3)
    with pytest.raises(CannotTell, match="3 reports from your processes did not arrive"):
        _ = run.workers


def test_only_the_latest_run_of_a_cell_counts() -> None:
    run = evidence(begin(), life(1, 20, 25, 40), end(), begin(at=2000, run=2), end(at=3000, run=2))
    assert run.workers == ()


def test_since_leaves_earlier_runs_out() -> None:
    told = recording(begin(), life(1, 20, 25, 40), end())
    assert not Evidence(told, STEP, {CELL: STEP}, since=11).tried


def use(pid: int, at: int, act: str, depth: int = 1) -> model.LockUse:
    return model.LockUse(at=at, pid=pid, cell=CELL, run=1, lock="/mp-a", act=act, depth=depth)  # type: ignore[arg-type]


def test_a_lock_knows_its_holds_and_how_many_were_inside() -> None:
    made = model.LockMade(at=15, pid=KERNEL, cell=CELL, run=1, lock="/mp-a", cls="Semaphore", maxvalue=2)
    run = evidence(
        begin(), made, life(1, 20, 25, 90), life(2, 30, 35, 90),
        use(1, 40, "take"), use(2, 41, "take"), use(1, 50, "give"), use(2, 51, "give"), end(),
    )  # fmt: skip
    (lock,) = run.locks
    assert lock.takes == {1: 1, 2: 1}
    assert lock.peak == 2


def test_two_that_wait_for_each_other_are_a_cycle() -> None:
    inodes = {"a": model.Inode(1, 11), "b": model.Inode(1, 12)}
    made = [
        model.LockMade(at=15, pid=KERNEL, cell=CELL, run=1, lock=f"/mp-{name}", cls="Lock", address=inode.ino)
        for name, inode in inodes.items()
    ]

    def waiter(pid: int, inode: model.Inode) -> model.Process:
        blocked = model.Blocked("futex", inode=inode)
        return model.Process(pid, 1, KERNEL, "python", "S", threads=(model.Thread(pid, "python", "S", blocked),))

    snapshot = model.Snapshot(
        1, 1.0, KERNEL,
        processes=(waiter(1, inodes["b"]), waiter(2, inodes["a"])),
        semaphores=tuple(model.SemaphoreState(inode, 0, 1) for inode in inodes.values()),
        sem_locks=(
            model.SemLock(1, inodes["a"], 1, 1, 1, address=11), model.SemLock(2, inodes["a"], 0, 1, 1, address=11),
            model.SemLock(1, inodes["b"], 0, 1, 1, address=12), model.SemLock(2, inodes["b"], 1, 1, 1, address=12),
        ),
    )  # fmt: skip
    run = evidence(begin(), *made, life(1, 20, 25), life(2, 30, 35), snapshots=(snapshot,))
    assert run.standstill.lines == (
        "“w-1” waits for a lock that “w-2” holds",
        "“w-2” waits for a lock that “w-1” holds",
    )
    assert len(run.standstill.cycle) == 2


def test_a_recording_is_json_and_back_equal() -> None:
    told = recording(begin(), life(1, 20, 25, 40), join(1, 30, 41), end(), not_recorded=("x",))
    assert model.loads(model.dumps(told)) == told


def test_a_recording_with_a_wrong_field_names_the_place() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.events\[0\]"):
        model.loads(b'{"schema":1,"kernel":"k","pid":1,"events":[{"kind":"cell-begin","at":"soon"}]}')
