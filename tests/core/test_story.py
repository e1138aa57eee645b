"""Lives from events: who worked together, what a reused pid is, what a lock saw."""

from __future__ import annotations

import base64
import zlib

import msgspec
import pytest

from parallab import model
from parallab.checks.expect import CannotTell
from parallab.evidence import Evidence
from tales import CELL, KERNEL, STEP, begin, end, evidence, join, life, recording


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


def in_thread(tid: int, ident: int, began: int, ended: int) -> list[model.AnyEvent]:
    """A thread of the notebook's, started by its main one."""
    facts = {"pid": KERNEL, "cell": CELL, "run": 1, "ident": ident}
    return [
        model.ThreadStart(at=began + 1, tid=KERNEL, began=began, **facts),  # type: ignore[arg-type]
        model.ThreadRun(at=began + 1, tid=tid, **facts),  # type: ignore[arg-type]
        model.ThreadEnd(at=ended, tid=tid, **facts),  # type: ignore[arg-type]
    ]


def by(tid: int, *events: model.AnyEvent | list[model.AnyEvent]) -> list[model.AnyEvent]:
    """Of these, what the notebook does is done in this thread of it."""
    flat = [event for one in events for event in (one if isinstance(one, list) else [one])]
    return [msgspec.structs.replace(event, tid=tid) if event.pid == KERNEL else event for event in flat]


def test_start_and_join_in_a_thread_each_is_together_though_the_first_was_quick() -> None:
    """The last thread comes late, as on a busy machine; the others were at work at once."""
    hire = [
        *in_thread(101, 1, 20, 70),
        *in_thread(102, 2, 21, 95),
        *by(101, life(1, 24, 28, 60), join(1, 30, 61)),
        *by(102, life(2, 25, 29, 90), join(2, 31, 91)),
    ]
    late = by(103, life(3, 75, 80, 97), join(3, 81, 98))
    run = evidence(begin(), hire, in_thread(103, 3, 22, 99), late, end())
    found = run.together(run.workers)
    assert (found.yes, found.most) == (True, 2)

    # the same, but the third thread is started when the first is through
    joined = model.Wait(at=72, pid=KERNEL, tid=KERNEL, cell=CELL, run=1, call="join", began=23, thread=1, alive=False)
    run = evidence(begin(), hire, joined, in_thread(103, 3, 73, 99), late, end())
    assert not run.together(run.workers).yes


def test_a_thread_that_waits_for_each_worker_does_not_hold_up_the_notebook() -> None:
    joined = by(101, join(1, 30, 61))
    watcher = in_thread(101, 1, 28, 62)
    run = evidence(begin(), by(KERNEL, life(1, 20, 25, 60)), watcher, joined, by(KERNEL, life(2, 35, 70, 90)), end())
    assert run.together(run.workers).yes

    # but who waits for that thread has waited
    asked = model.Wait(at=64, pid=KERNEL, tid=KERNEL, cell=CELL, run=1, call="join", began=29, thread=1, alive=False)
    run = evidence(
        begin(), by(KERNEL, life(1, 20, 25, 60)), watcher, joined, asked, by(KERNEL, life(2, 65, 70, 90)), end()
    )
    assert not run.together(run.workers).yes


def test_polling_until_one_has_ended_is_waiting() -> None:
    first, last = (
        model.Wait(at=at, pid=KERNEL, cell=CELL, run=1, call="is_alive", began=at, child=1, alive=at == 30)
        for at in (30, 45)
    )
    told = life(1, 20, 25, 40), life(2, 50, 55, 70), join(2, 60, 71)
    run = evidence(begin(), *told, first, last, end())
    assert not run.together(run.workers).yes
    once = evidence(begin(), *told, last, end())
    assert once.together(once.workers).yes, "whoever only looks once holds nobody up: a busy machine was late"


def test_half_a_second_after_each_end_is_one_by_one_though_nobody_was_waited_for() -> None:
    second = 1_000_000_000
    one, two = life(1, 20, 25, 60), life(2, 2 * second, 2 * second + 5, 3 * second)
    joins = join(1, 4 * second, 4 * second + 1), join(2, 4 * second + 2, 4 * second + 3)
    run = evidence(begin(), one, two, *joins, end(at=5 * second))
    found = run.together(run.workers)
    assert not found.yes
    assert found.observed == "worker 1 of 2 had ended before you started worker 2 of 2, and so it went on"


def test_a_clock_that_goes_back_makes_nobody_live_at_once() -> None:
    """Told: both at work from 25 to 90. Seen by the system: the second began when the first had ended."""
    seen = model.Sighting(1, first=20, since=20, ended=60), model.Sighting(2, first=62, since=61, ended=95)
    run = evidence(
        begin(), life(1, 20, 25, 90), join(1, 30, 60), life(2, 21, 26, 91), join(2, 92, 93), end(), sightings=seen
    )
    found = run.together(run.workers)
    assert not found.yes
    assert found.observed == "you waited for worker 1 of 2 (join()) before you started worker 2 of 2"
    assert found.most == 1


def test_who_ended_a_second_before_the_system_started_the_next_did_not_meet_it_whatever_was_told() -> None:
    """Nor is it a mistake: a start may take a second, on a busy machine or with much to hand over."""
    second = 1_000_000_000
    seen = model.Sighting(1, first=20, since=20, ended=second), model.Sighting(2, first=2, since=second + 30)
    told = begin(), life(1, 20, 25, second), life(2, 30, 35, 3 * second), end(at=5 * second)
    for begun_by in (0, second + 40):
        first, last = (msgspec.structs.replace(one, begun_by=begun_by and one.since + 10) for one in seen)
        run = evidence(*told, sightings=(first, last))
        with pytest.raises(CannotTell, match="the system shows none of them beside the other"):
            run.together(run.workers)
    assert evidence(*told).together(evidence(*told).workers).yes, "where the system saw nothing, what was told counts"


@pytest.mark.parametrize(("alive_at", "met"), [(1_000_000_040, False), (1_000_000_060, True)])
def test_who_was_started_as_the_other_ended_must_be_seen_beside_it(alive_at: int, met: bool) -> None:
    """The watcher sees an end late: what counts is when the first still spoke, and the second already did."""
    second = 1_000_000_000
    seen = (
        model.Sighting(1, first=20, since=20, begun_by=25, alive_at=alive_at, ended=second + 90),
        model.Sighting(2, first=second + 50, since=second + 30, begun_by=second + 50, alive_at=2 * second),
    )
    told = begin(), life(1, 20, 25, second + 80), life(2, 30, 35, 3 * second), end(at=5 * second)
    run = evidence(*told, sightings=seen)
    if met:
        assert run.together(run.workers).yes
    else:
        with pytest.raises(CannotTell, match="whether worker 1 of 2 was still at work when worker 2 of 2 began"):
            run.together(run.workers)


def test_a_wait_that_came_too_early_is_forgiven_only_to_those_who_were_seen_at_once() -> None:
    """Told: the second began at 45, when the first, which was waited for, still lived. The system heard it at 60."""
    seen = [
        (model.Sighting(1, first=20, begun_by=22, alive_at=50), model.Sighting(2, first=44, begun_by=by, alive_at=90))
        for by in (60, 48)
    ]
    told = begin(), life(1, 20, 25, 50), join(1, 30, 51), life(2, 42, 45, 90), join(2, 92, 93), end()
    unseen, seen_at_once = (evidence(*told, sightings=one) for one in seen)
    with pytest.raises(CannotTell, match="still at work"):
        unseen.together(unseen.workers)
    assert seen_at_once.together(seen_at_once.workers).yes


def test_a_worker_that_ends_well_without_a_word_of_its_own_cannot_be_told() -> None:
    start = model.ProcessStart(at=25, pid=KERNEL, cell=CELL, run=1, began=20, child=7, name="other", seen=True)
    ended = model.ProcessExit(at=40, pid=KERNEL, child=7, exit_code=0)
    seen = (model.Sighting(7, by="pidfd", first=25, last=30, ended=40),)
    with pytest.raises(CannotTell, match="without a word of its own"):
        _ = evidence(begin(), start, ended, end(), sightings=seen).workers
    killed = msgspec.structs.replace(ended, exit_code=-9)
    assert len(evidence(begin(), start, killed, end(), sightings=seen).workers) == 1, "it had no time to speak"


def test_attempts_are_rounds_then_cells_the_latest_first() -> None:
    trial = life(1, 20, 25, 40), join(1, 30, 41)
    run = evidence(begin(), *trial, life(2, 50, 55, 90), life(3, 60, 65, 90), join(2, 70, 91), join(3, 92, 93), end())
    assert [[worker.pid for worker in found] for found in run.attempts] == [[2, 3], [1], [1, 2, 3]]


def test_who_asks_for_ended_children_collects_them_and_a_start_does_so_by_the_way() -> None:
    def exited(pid: int, at: int) -> model.ProcessExit:
        return model.ProcessExit(at=at, pid=KERNEL, cell=CELL, run=1, child=pid, exit_code=0)

    run = evidence(begin(), life(1, 20, 25, 40), life(2, 50, 55, 70), exited(1, 52), exited(2, 80), end())
    assert [run.collected(worker) for worker in run.workers] == [False, True]


def test_a_reused_pid_is_another_worker() -> None:
    run = evidence(begin(), life(1, 20, 25, 40, code=3), join(1, 26, 41, code=3), life(1, 50, 55, 70), end())
    assert [worker.exit_code for worker in run.workers] == [3, 0]


def test_what_waitpid_told_beats_what_the_child_meant_to_give() -> None:
    run = evidence(begin(), life(1, 20, 25, 40, code=0), join(1, 30, 41, code=-15), end())
    assert [worker.exit_code for worker in run.workers] == [-15]


def test_what_the_system_showed_of_an_end_beats_what_waitpid_is_said_to_have_told() -> None:
    gone = model.ProcessGone(at=42, child=1, exit_code=-9, since=25)
    shown = begin(), life(1, 20, 25, 40), gone, join(1, 30, 50, code=0), end()
    seen = (model.Sighting(1, first=20, ended=42, exit_code=3),)
    looked = begin(), life(1, 20, 25, 40), join(1, 30, 50, code=0), end()
    assert [worker.exit_code for worker in evidence(*shown).workers] == [-9]
    assert [worker.exit_code for worker in evidence(*looked, sightings=seen).workers] == [3]


def test_so_it_is_for_other_programs() -> None:
    start = model.ProgramStart(at=25, pid=KERNEL, cell=CELL, run=1, began=20, child=7, program="sh", seen=True)
    gone = model.ProcessGone(at=42, child=7, exit_code=-9, since=25)
    told = model.ProcessExit(at=50, pid=KERNEL, cell=CELL, run=1, child=7, exit_code=0)
    again = (msgspec.structs.replace(one, at=one.at + 40) for one in (start, told))
    assert [one.exit_code for one in evidence(begin(), start, gone, told, *again, end()).programs] == [-9, 0]


def test_a_worker_the_system_never_showed_cannot_be_told() -> None:
    start = model.ProcessStart(at=25, pid=KERNEL, cell=CELL, run=1, began=20, child=7, name="ghost")
    run = evidence(begin(), start, end())
    with pytest.raises(CannotTell, match="Python says that it started your worker"):
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


def use(
    pid: int, at: int, act: str, depth: int = 1, *, library: bool = False, lock: str = "/mp-a", n: int = 0
) -> model.LockUse:
    return model.LockUse(  # type: ignore[arg-type]
        at=at, pid=pid, cell=CELL, run=1, lock=lock, act=act, depth=depth, library=library, n=n
    )


def test_a_lock_knows_its_holds_and_how_many_were_inside() -> None:
    made = model.LockMade(at=15, pid=KERNEL, cell=CELL, run=1, lock="/mp-a", cls="Semaphore", maxvalue=2)
    run = evidence(
        begin(), made, life(1, 20, 25, 90), life(2, 30, 35, 90),
        use(1, 40, "take"), use(2, 41, "take"), use(1, 50, "give"), use(2, 51, "give"), end(),
    )  # fmt: skip
    (lock,) = run.locks
    assert lock.takes == {1: 1, 2: 1}
    assert lock.peak == 2


def test_a_value_that_takes_its_own_lock_is_not_the_learner_taking_it_twice() -> None:
    made = model.LockMade(at=15, pid=KERNEL, cell=CELL, run=1, lock="/mp-a", cls="RLock", recursive=True)
    run = evidence(
        begin(), made, life(1, 20, 25, 90),
        use(1, 40, "take"), use(1, 41, "take", 2, library=True), use(1, 42, "give", 1), use(1, 50, "give", 0),
        use(1, 60, "take"), use(1, 61, "take", 2), use(1, 62, "give", 1), use(1, 63, "give", 0), end(),
    )  # fmt: skip
    (lock,) = run.locks
    assert [hold.length for hold in lock.kept(1)] == [10, 3]
    assert lock.takes_within(1) == 1


def test_holds_survive_reports_that_were_left_out() -> None:
    made = model.LockMade(at=15, pid=KERNEL, cell=CELL, run=1, lock="/mp-a", cls="Lock")
    run = evidence(
        begin(), made, life(1, 20, 25, 90), use(1, 40, "take"), use(1, 60, "take"), use(1, 63, "give", 0), end()
    )
    assert [(hold.taken, hold.given) for hold in run.locks[0].kept(1)] == [(60, 63)]


def pairs(*uses: model.LockUse) -> frozenset[tuple[str, str]]:
    made = [
        model.LockMade(at=at, pid=KERNEL, cell=CELL, run=1, lock=name, cls="RLock", recursive=True)
        for at, name in enumerate(("/mp-a", "/mp-b"), 15)
    ]
    run = evidence(begin(), made, life(1, 20, 25, 90), list(uses), end())
    return run.nested(run.workers[0])


def test_the_order_of_two_locks_is_not_told_from_reports_with_a_gap() -> None:
    a_then_b = [
        *(use(1, 40, "take", n=1), use(1, 41, "take", lock="/mp-b", n=1)),
        *(use(1, 42, "give", 0, lock="/mp-b", n=2), use(1, 43, "give", 0, n=2)),
    ]
    b_kept_for_long = [
        *(use(1, 50, "take", lock="/mp-b", n=3), use(1, 60, "take", n=3), use(1, 61, "give", 0, n=4)),
        use(1, 62, "give", 0, lock="/mp-b", n=8),
    ]
    a_lost_but_for_a_reading_inside = [
        use(1, 70, "take", lock="/mp-b", n=3),
        *(use(1, 71, "take", 2, library=True, n=4), use(1, 72, "give", 1, n=5), use(1, 73, "give", 0, n=6)),
        use(1, 74, "give", 0, lock="/mp-b", n=4),
    ]

    assert pairs(*a_then_b) == {("/mp-a", "/mp-b")}
    assert pairs(*a_then_b, *b_kept_for_long) == {("/mp-a", "/mp-b")}
    assert pairs(*a_then_b, *a_lost_but_for_a_reading_inside) == {("/mp-a", "/mp-b")}


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


SHM = model.Inode(1, 7)


def block(act: str, at: int, pid: int = KERNEL, **facts: object) -> model.SegmentUse:
    facts = {"inode": SHM, **facts}
    return model.SegmentUse(at=at, pid=pid, cell=CELL, run=1, segment="psm_1", act=act, **facts)  # type: ignore[arg-type]


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def test_a_segment_knows_who_mapped_closed_and_unlinked_it_and_what_it_held() -> None:
    given = (model.Arg("segment", name="/psm_1"),)
    run = evidence(
        begin(), block("create", 15, size=9), life(1, 20, 25, 90), life(2, 30, 35, 90, args=given, method="fork"),
        block("attach", 40, 1), block("close", 41, 1), block("close", 42, 2, owner="drop"),
        block("close", 95, content=packed(b"picture")), block("unlink", 96),
        block("unlink", 97, error=model.Failure("FileNotFoundError")), end(),
    )  # fmt: skip
    (found,) = run.segments
    assert (found.made_by, found.size, found.content) == (KERNEL, 9, b"picture")
    assert found.mapped_by == {KERNEL, 1, 2}
    assert found.did("close") == (1, KERNEL)
    assert found.did("close", by_hand=False) == (1, 2, KERNEL)
    assert (found.did("unlink"), len(found.failed("unlink"))) == ((KERNEL,), 1)


def test_a_new_segment_of_an_old_name_is_another() -> None:
    run = evidence(begin(), block("create", 15, size=1), block("unlink", 16), block("create", 17, size=2), end())
    assert [found.size for found in run.segments] == [1, 2]


def test_a_close_is_of_the_segment_that_was_open_whatever_its_name_means_by_then() -> None:
    new = model.Inode(1, 8)
    run = evidence(
        begin(), block("create", 15), block("unlink", 16), block("create", 17, inode=new),
        block("close", 18), block("unlink", 19, inode=None), end(),
    )  # fmt: skip
    first, second = run.segments
    assert (first.did("close"), first.unlinked, second.did("close"), second.unlinked) == ((KERNEL,), 16, (), 19)


def test_a_segment_that_could_not_be_made_is_not_the_learners() -> None:
    taken = model.Failure("FileExistsError")
    (found,) = evidence(begin(), block("create", 15, inode=None, error=taken), end()).segments
    assert (found.made_by, found.mapped_by, found.did("create"), len(found.failed("create"))) == (0, frozenset(), (), 1)


@pytest.mark.parametrize("forged", ["?", "AAAA", packed(b"x")[:-6]])
def test_a_content_that_cannot_be_unpacked_is_not_known(forged: str) -> None:
    (found,) = evidence(begin(), block("create", 15), block("close", 16, content=forged), end()).segments
    assert not found.content


def test_a_content_is_unpacked_no_further_than_is_sent() -> None:
    bomb = packed(bytes(50_000_000))[:16384]
    (found,) = evidence(begin(), block("create", 15), block("close", 16, content=bomb), end()).segments
    assert len(found.content or b"") <= 65536


def test_each_process_has_a_memory_of_its_own() -> None:
    left = model.ProcessEnd(
        at=40, pid=1, cell=CELL, run=1, exit_code=0, cpu_ns=30, watched_ns=100, runnable_ns=90,
        values=(model.Value("shelf.RATE", "int", "1"),),
    )  # fmt: skip
    ran = model.ProcessRun(at=22, pid=1, cell=CELL, run=1, cpu_ns=20)
    home = (model.Value("shelf.RATE", "int", "99"), model.Value("p", "int", "3"), model.Value("q", "Queue"))
    run = evidence(begin(), life(1, 20, 25), ran, left, end(values=home))
    (worker,) = run.workers
    assert (worker.memory, run.memory, run.values) == ({"shelf.RATE": 1}, {"shelf.RATE": 99}, {"p": 3})
    assert (worker.runnable, worker.work_ns) == (0.9, 10)


def test_calls_know_their_server() -> None:
    server = model.ServiceUse(at=12, pid=KERNEL, cell=CELL, run=1, service="manager", child=5, address="/tmp/s")
    use = model.ProxyUse(
        at=20, began=19, pid=KERNEL, cell=CELL, run=1, object="o", type="dict", server="/tmp/s",
        method="get", args='["n"]', result="7", result_type="int",
    )  # fmt: skip
    (call,) = evidence(begin(), server, use, end()).calls
    assert (call.server, call.args, call.result) == (5, ["n"], 7)


def at_work(**facts: object) -> dict[str, object]:
    return {"pid": KERNEL, "cell": CELL, "run": 1, **facts}


def test_an_end_by_pidfd_is_of_the_start_that_handed_it_over() -> None:
    first, second = life(7, 20, 25), life(7, 120, 125)
    late = [
        model.ProcessGone(at=130, cell=CELL, run=1, child=7, exit_code=-9, since=25),
        model.ProcessGone(at=140, cell=CELL, run=1, child=7, exit_code=None, since=125),
    ]
    taken = [model.ProcessExit(at=60, child=7, exit_code=-9, pid=KERNEL, cell=CELL, run=1)]
    workers = evidence(begin(), first, taken, second, late).workers
    assert [(one.ended, one.exit_code) for one in workers] == [(60, -9), (140, None)]


def test_who_had_the_pid_of_a_child_of_os_fork_before_does_not_end_it() -> None:
    seen = model.Sighting(7, first=20, since=20, ended=40), model.Sighting(7, first=50, since=49, ended=61)
    told = evidence(
        begin(),
        life(7, 20, 25, 39),
        [model.ProcessBorn(at=50, pid=7, ppid=KERNEL, method="os.fork", cell=CELL, run=1)],
        [model.ForkMade(at=52, child=7, seen=True, **at_work())],  # type: ignore[arg-type]
        [model.ProcessEnd(at=60, pid=7, cell=CELL, run=1, exit_code=5)],
        end(),
        sightings=seen,
    )
    assert [(one.began, one.ended, one.since, one.exit_code) for one in told.forks] == [(50, 60, 49, 5)]
    assert [(one.began, one.ended, one.since) for one in told.workers] == [(20, 39, 20)]


def test_children_of_os_fork_are_told_by_parent_child_and_system() -> None:
    told = evidence(
        begin(),
        [model.ProcessBorn(at=20, pid=7, ppid=KERNEL, method="os.fork", cell=CELL, run=1)],
        [model.ForkMade(at=22, child=7, seen=True, **at_work())],  # type: ignore[arg-type]
        [model.ForkMade(at=24, child=8, seen=True, **at_work())],  # type: ignore[arg-type]
        [model.ProcessEnd(at=30, pid=7, cell=CELL, run=1, exit_code=3)],
        [model.ProcessGone(at=31, cell=CELL, run=1, child=7, exit_code=3, since=22)],
        [model.ProcessGone(at=32, cell=CELL, run=1, child=8, exit_code=-15, since=24)],
    )
    assert [(one.pid, one.parent, one.began, one.ended, one.exit_code, one.confirmed) for one in told.forks] == [
        (7, KERNEL, 20, 30, 3, True),
        (8, KERNEL, 24, 32, -15, True),
    ]
    assert told.workers == ()


def test_other_programs_are_no_workers() -> None:
    told = evidence(
        begin(),
        [model.ProgramStart(at=22, began=20, child=7, program="sh", seen=True, **at_work())],  # type: ignore[arg-type]
        [model.ProcessBorn(at=21, pid=7, ppid=KERNEL, method="os.fork", cell=CELL, run=1)],
        [model.ProcessGone(at=30, cell=CELL, run=1, child=7, exit_code=4, since=22)],
        [model.ProcessExit(at=40, child=7, exit_code=4, **at_work())],  # type: ignore[arg-type]
        [model.ProgramStart(at=52, began=50, program="nowhere", error=model.Failure("FileNotFoundError"), **at_work())],  # type: ignore[arg-type]
    )
    ran, failed = told.programs
    assert (ran.pid, ran.program, ran.parent, ran.began, ran.ended, ran.exit_code) == (7, "sh", KERNEL, 20, 30, 4)
    assert (failed.pid, failed.error and failed.error.type) == (0, "FileNotFoundError")
    assert (told.workers, told.forks, told.failed_starts) == ((), (), ())


def test_shared_memory_from_its_making_to_its_unlinking() -> None:
    inode = model.Inode(1, 5)
    uses = [
        model.SegmentUse(at=20, segment="psm_a", act="create", size=64, inode=inode, **at_work()),  # type: ignore[arg-type]
        model.SegmentUse(at=22, segment="psm_a", act="attach", size=64, inode=inode, cell=CELL, run=1, pid=7),
        model.SegmentUse(at=23, segment="psm_a", act="close", cell=CELL, run=1, pid=7),
        model.SegmentUse(at=24, segment="others", act="attach", **at_work()),  # type: ignore[arg-type]
    ]
    shown = model.ShmLife("psm_a", pid=KERNEL, created=19, deleted=30, seen=True, inode=inode)
    one, others = evidence(begin(), uses, shm=(shown,)).segments
    assert (one.name, one.size, one.made_by, one.created, one.unlinked) == ("psm_a", 64, KERNEL, 20, 30)
    assert (one.did("attach"), one.did("close"), one.confirmed) == ((7,), (7,), True)
    assert (others.name, others.made_by, others.confirmed) == ("others", 0, False)


def test_who_cannot_look_concludes_nothing() -> None:
    blind = "The Jupyter server has too many files open to look at your processes."
    with pytest.raises(CannotTell, match="too many files open"):
        _ = evidence(begin(), life(7, 20, 25, 40), blind=blind).workers


def test_what_a_kernel_died_of_is_told() -> None:
    with pytest.raises(CannotTell, match=r"^Your kernel died: it was killed \(SIGKILL\)"):
        _ = evidence(begin(), dead=True, death=-9).notebook
