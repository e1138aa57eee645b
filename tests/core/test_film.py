"""Films of recordings: what real kernels did, and stories made by hand for what none of them shows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import pytest

import tales
from corpus import films
from parallab import model, wire
from parallab.film import NEWEST, bounds, film


@pytest.fixture(scope="module")
def told() -> dict[str, wire.Film]:
    return {name: films.made(name) for name in films.FROM}


def lane(told: wire.Film, name: str) -> wire.FilmLane:
    return next(one for one in told.lanes if one.name == name)


def thing(told: wire.Film, name: str) -> wire.FilmObject:
    return next(one for one in told.objects if one.name == name)


def states(told: wire.Film, name: str) -> list[wire.FilmState]:
    return [one for one in told.states if one.object == thing(told, name).id]


# -- real runs ---------------------------------------------------------------------


def test_two_who_took_two_locks_crosswise_are_a_circle_until_they_are_interrupted(told: dict[str, wire.Film]) -> None:
    film = told["deadlock"]
    first, second = lane(film, "A then B"), lane(film, "B then A")
    (deadlock,) = film.deadlocks

    assert deadlock.lanes == (first.id, second.id)
    assert deadlock.objects == (thing(film, "lock_b").id, thing(film, "lock_a").id)
    assert deadlock.end is not None
    holders = {state.object: state.holders for state in film.states if state.at <= deadlock.begin}
    assert holders[thing(film, "lock_a").id] == (first.id,)
    assert holders[thing(film, "lock_b").id] == (second.id,)
    both = [
        wait for wait in film.waits if wait.lane in deadlock.lanes and wait.begin <= deadlock.begin < (wait.end or 1e9)
    ]
    assert sorted(wait.object for wait in both) == sorted(deadlock.objects)
    assert (first.exit_code, first.error) == (1, "KeyboardInterrupt")


def test_a_circle_that_lasts_has_no_end_and_its_waits_are_for_ever(told: dict[str, wire.Film]) -> None:
    film = told["stuck"]
    (deadlock,) = film.deadlocks

    assert film.stuck is True
    assert deadlock.end is None
    assert {wait.lane for wait in film.waits if wait.forever} == {*deadlock.lanes, film.lanes[0].id}
    assert {one.name for one in film.objects if one.id in deadlock.objects} == {"ann", "bob"}


def alive(film: wire.Film, at: float) -> int:
    return sum(1 for one in film.lanes if one.kind == "process" and one.born <= at < (one.ended or film.end + 1))


def test_four_at_once_overlap_and_one_after_another_do_not(told: dict[str, wire.Film]) -> None:
    at_once, in_turn = told["four-at-once"], told["one-after-another"]

    assert max(alive(at_once, one.born) for one in at_once.lanes) == 4
    assert max(alive(in_turn, one.born) for one in in_turn.lanes) == 1
    for one_film in (at_once, in_turn):
        assert sum(1 for mark in one_film.marks if mark.act == "start") == 4
        assert [lane.exit_code for lane in one_film.lanes if lane.kind == "process"] == [0] * 4


def test_a_lock_that_is_given_to_four_and_taken_by_nobody_has_no_state(told: dict[str, wire.Film]) -> None:
    film = told["no-lock"]
    lock = next(one for one in film.objects if one.kind == "lock")

    assert [state for state in film.states if state.object == lock.id] == []
    assert [mark for mark in film.marks if mark.object == lock.id] == []
    assert [link.object for link in film.links].count(lock.id) == 4


def test_everything_shared_has_its_kind_and_the_learners_name(told: dict[str, wire.Film]) -> None:
    assert {one.name: one.kind for one in told["everything"].objects} == {
        "orders": "queue",
        "results": "queue",
        "tray": "queue",
        "total": "value",
        "row": "array",
        "lock": "lock",
        "two": "semaphore",
        "ready": "event",
        "bell": "barrier",
        "block": "segment",
        "names": "managed",
        "mine – yours": "pipe",
    }


def test_a_queue_is_never_fuller_than_it_can_be_and_ends_as_it_was_left(told: dict[str, wire.Film]) -> None:
    fills = [state.fill for state in states(told["everything"], "orders")]

    assert thing(told["everything"], "orders").capacity == 2
    assert max(fill for fill in fills if fill is not None) == 2
    assert fills[0] == fills[-1] == 0


def test_numbers_are_told_as_they_were_read(told: dict[str, wire.Film]) -> None:
    assert [state.value for state in states(told["everything"], "total")][-1] == "29"
    assert [state.value for state in states(told["everything"], "two")][-1] == "2"


def test_who_waits_for_a_message_that_nobody_sends_is_shown_at_the_pipe(told: dict[str, wire.Film]) -> None:
    film = told["everything"]
    cook = lane(film, "cook 0")
    (wait,) = [one for one in film.waits if one.lane == cook.id and one.end is None]

    assert (wait.object, wait.forever) == (thing(film, "mine – yours").id, True)
    (joining,) = [one for one in film.waits if one.lane == film.lanes[0].id and one.end is None]
    assert (joining.kind, joining.lanes) == ("end", (cook.id,))


def test_a_thread_is_a_lane_of_its_own(told: dict[str, wire.Film]) -> None:
    waiter = lane(told["everything"], "waiter")

    assert (waiter.kind, waiter.parent) == ("thread", told["everything"].lanes[0].id)
    assert [mark.text for mark in told["everything"].marks if mark.lane == waiter.id and mark.act == "get"] == [
        "'soup'",
        "'salad'",
        "'cake'",
        "None",
    ]


def test_a_pools_queues_say_whose_they_are(told: dict[str, wire.Film]) -> None:
    film = told["pool"]

    assert {(one.kind, one.owner) for one in film.objects} == {("queue", "pool")}
    assert {one.role for one in film.lanes} == {"notebook", "pool"}


@pytest.mark.parametrize("name", films.FROM)
def test_a_film_hangs_together(name: str, told: dict[str, wire.Film]) -> None:
    """Every id is known, every list in order, nothing outside of its time, no lane waits twice at once."""
    film = told[name]
    lanes = {one.id for one in film.lanes}
    objects = {one.id for one in film.objects}

    assert len(lanes) == len(film.lanes)
    assert len(objects) == len(film.objects)
    assert {one.parent for one in film.lanes} <= {*lanes, ""}
    assert {one.lane for one in (*film.links, *film.marks, *film.waits)} <= lanes
    assert {one.object for one in (*film.links, *film.states)} <= objects
    assert {one.object for one in (*film.marks, *film.waits)} <= {*objects, ""}
    assert {one for state in film.states for one in state.holders} <= lanes
    for times in ([one.at for one in film.marks], [one.at for one in film.states], [one.begin for one in film.waits]):
        assert times == sorted(times)
        assert all(time <= film.end for time in times)
    for lane in film.lanes:
        ends = [(one.begin, one.end or film.end) for one in film.waits if one.lane == lane.id]
        assert all(before[1] <= after[0] for before, after in pairwise(ends))
    assert msgspec.json.decode(msgspec.json.encode(film), type=wire.Film) == film


@pytest.mark.parametrize("name", films.FROM)
def test_the_front_ends_films_are_what_the_recordings_tell_today(name: str, told: dict[str, wire.Film]) -> None:
    kept = msgspec.json.decode((films.FILMS / f"{name}.json").read_bytes(), type=wire.Film)

    assert kept == told[name], "run `python tests/corpus/films.py --reread`"


# -- by hand ---------------------------------------------------------------------------


def use(act: Any, at: int, pid: int, lock: str = "/mp-a", **more: Any) -> model.LockUse:
    return model.LockUse(at=at, pid=pid, tid=pid, cell=tales.CELL, run=1, lock=lock, act=act, **more)


def made(lock: str = "/mp-a", at: int = 11, cls: str = "Lock") -> model.LockMade:
    return model.LockMade(at=at, pid=tales.KERNEL, tid=tales.KERNEL, cell=tales.CELL, run=1, lock=lock, cls=cls)


def test_a_time_out_breaks_a_circle_by_itself() -> None:
    crosswise = [
        *(made(), made("/mp-b", 12), *tales.life(7, 20, 21), *tales.life(8, 20, 22)),
        *(use("take", 30, 7, depth=1), use("take", 31, 8, "/mp-b", depth=1)),
        use("want", 40, 7, "/mp-b"),
    ]
    sure = film(tales.recording(tales.begin(), crosswise, use("want", 41, 8)))
    timed = film(tales.recording(tales.begin(), crosswise, use("want", 41, 8, timed=True)))

    assert [one.lanes for one in sure.deadlocks] == [("p7", "p8")]
    assert timed.deadlocks == ()


def test_who_takes_a_lock_again_waits_for_itself() -> None:
    again = [made(), *tales.life(7, 20, 21), use("take", 30, 7, depth=1), use("want", 40, 7, depth=1)]

    (deadlock,) = film(tales.recording(tales.begin(), again)).deadlocks
    assert (deadlock.lanes, deadlock.objects) == (("p7",), ("l/mp-a",))


def test_a_want_says_that_the_lock_was_given_back_though_no_report_did() -> None:
    busy = [made(), *tales.life(7, 20, 21), use("take", 30, 7, depth=1), use("want", 40, 7, depth=0)]

    told = film(tales.recording(tales.begin(), busy))
    assert told.deadlocks == ()
    assert told.states[-1].holders == ()


def test_who_gets_what_it_waited_for_was_in_no_circle() -> None:
    """Of many acts on a lock not all are reported: 8 gave /mp-b back, and nobody said so."""
    crosswise = [
        *(made(), made("/mp-b", 12), *tales.life(7, 20, 21), *tales.life(8, 20, 22)),
        *(use("take", 30, 7, depth=1), use("take", 31, 8, "/mp-b", depth=1)),
        *(use("want", 40, 7, "/mp-b"), use("want", 41, 8)),
    ]
    taken = film(tales.recording(tales.begin(), crosswise, use("take", 50, 7, "/mp-b", depth=1)))
    given = film(tales.recording(tales.begin(), crosswise, use("give", 50, 7, "/mp-b")))
    missed = film(tales.recording(tales.begin(), crosswise, use("miss", 50, 7, "/mp-b")))

    assert taken.deadlocks == ()
    assert given.deadlocks == ()
    assert [one.lanes for one in missed.deadlocks] == [("p7", "p8")]
    assert [state.holders for state in taken.states if state.object == "l/mp-b"][-1] == ("p7",)


def test_a_join_closes_a_circle_too() -> None:
    notebook = tales.KERNEL
    events = [
        *(made(), *tales.life(7, 20, 21), use("take", 15, notebook, depth=1), use("want", 30, 7)),
        model.Wait(
            at=40, pid=notebook, tid=notebook, cell=tales.CELL, run=1, call="join", began=40, child=7, done=False
        ),
    ]

    (deadlock,) = film(tales.recording(tales.begin(), events)).deadlocks
    assert set(deadlock.lanes) == {"p100", "p7"}
    assert set(deadlock.objects) == {"l/mp-a", ""}


def test_who_ended_with_a_lock_still_holds_it_and_waits_no_more() -> None:
    events = [
        *(made(), *tales.life(7, 20, 21, 50, -9), *tales.life(8, 20, 22)),
        *(use("take", 30, 7, depth=1), use("want", 40, 8)),
    ]

    told = film(tales.recording(tales.begin(), events))
    assert told.states[-1].holders == ("p7",)
    assert [(one.lane, one.end) for one in told.waits] == [("p8", None)]


def test_threads_that_hold_what_the_other_wants_are_a_circle_as_their_stacks_tell() -> None:
    def thread(ident: int, at: int) -> list[model.AnyEvent]:
        common = {"pid": 100, "cell": tales.CELL, "run": 1, "ident": ident, "name": f"t-{ident}"}
        return [
            model.ThreadRun(at=at, tid=100 + ident, **common),
            model.ThreadStart(at=at + 1, tid=100, began=at - 1, **common),
        ]

    stacks = (
        model.Stack(tid=101, wants=0xB, holds=(0xA,)),
        model.Stack(tid=102, wants=0xA, holds=(0xB,)),
    )
    snapshot = model.Snapshot(900, 1.0, 100, stacks=stacks)
    told = film(
        tales.recording(tales.begin(), thread(1, 20), thread(2, 30), snapshots=(snapshot,), busy_cell=tales.CELL)
    )

    assert {(one.id, one.kind) for one in told.objects} == {("k100:a", "thread-lock"), ("k100:b", "thread-lock")}
    (deadlock,) = told.deadlocks
    assert set(deadlock.lanes) == {"t100.1", "t100.2"}
    assert deadlock.end is None


def test_a_pid_that_is_used_again_is_another_lane() -> None:
    told = film(tales.recording(tales.begin(), tales.life(7, 20, 21, 30), tales.life(7, 40, 41, 50)))

    assert [(one.id, one.born) for one in told.lanes[1:]] == [("p7", 0.0), ("p7.2", 0.0)]


def test_a_fill_with_missing_lines_is_not_known() -> None:
    def line(act: Any, n: int, at: int) -> model.QueueUse:
        return model.QueueUse(at=at, pid=100, tid=100, cell=tales.CELL, run=1, queue="100:1", cls="Queue", act=act, n=n)

    told = film(tales.recording(tales.begin(), [line("made", 0, 20), line("put", 1, 21), line("put", 7, 30)]))
    assert [state.fill for state in told.states] == [0, 1, None]


# -- bounds -------------------------------------------------------------------------------


def crowd(count: int, run: int = 1) -> list[model.AnyEvent]:
    return [event for n in range(count) for event in tales.life(1000 * run + n, 20 * run + n, 21 * run + n, run=run)]


def test_of_too_many_lanes_the_newest_are_shown_and_the_rest_is_counted() -> None:
    told = film(tales.recording(tales.begin(), crowd(200)))

    assert len(told.lanes) == bounds.LANES
    assert told.lanes[-1].pid == 1199
    assert [(gap.what, gap.count) for gap in told.left_out if gap.what == "lanes"] == [("lanes", 137)]


def test_of_too_many_states_the_left_out_are_unknown_and_not_what_was_before() -> None:
    uses = [
        use("take" if n % 2 == 0 else "give", 1000 + n, 7 if n % 4 < 2 else 8, depth=1 - n % 2)
        for n in range(2 * bounds.STATES)
    ]
    told = film(tales.recording(tales.begin(), made(), tales.life(7, 20, 21), tales.life(8, 20, 21), uses))

    gap = next(gap for gap in told.left_out if gap.what == "states")
    lock = [state for state in told.states if state.object == told.objects[0].id]
    at = next(n for n, state in enumerate(lock) if state.left_out)
    assert [state.at for state in lock if state.left_out] == [gap.begin]
    assert lock[at].holders == ()
    assert (lock[at + 1].at, lock[at + 1].left_out) == (gap.end, False)
    assert [state.at for state in told.states] == sorted(state.at for state in told.states)


def test_of_too_many_waits_those_that_last_are_told_and_the_gap_ends_with_the_last_that_is_left_out() -> None:
    whole = film(tales.recording(tales.begin(), tales.life(7, 20, 21), tales.life(8, 20, 21)))
    one, other = (lane.id for lane in whole.lanes[1:])
    over = [wire.FilmWait(one, 30.0 + n, 30.5 + n, "unknown") for n in range(2 * bounds.WAITS)]
    # Both begin where the film leaves out: one of them is long, and one never ends.
    middle = over[bounds.WAITS].begin
    long = wire.FilmWait(one, middle, middle + 5000, "unknown")
    stuck = wire.FilmWait(other, middle, None, "unknown", forever=True)
    waits = sorted([*over, long, stuck], key=lambda wait: wait.begin)
    told = bounds.bounded(msgspec.structs.replace(whole, waits=tuple(waits), end=10_000.0))

    assert len(told.waits) == bounds.WAITS
    assert stuck in told.waits
    assert long not in told.waits
    assert [wait.begin for wait in told.waits] == sorted(wait.begin for wait in told.waits)
    gap = next(gap for gap in told.left_out if gap.what == "waits")
    assert (gap.count, gap.end) == (len(waits) - bounds.WAITS, long.end)


def test_of_too_many_marks_the_first_and_the_last_are_shown_and_all_starts() -> None:
    uses = [use("take" if n % 2 else "give", 1000 + n, 7, depth=n % 2) for n in range(5000)]
    told = film(tales.recording(tales.begin(), made(), tales.life(7, 20, 21), uses))

    assert len(told.marks) == bounds.MARKS
    assert [mark.act for mark in told.marks].count("start") == 1
    gap = next(gap for gap in told.left_out if gap.what == "marks")
    assert gap.count == 5001 - bounds.MARKS
    assert len(msgspec.json.encode(told)) < 1_000_000


def test_one_run_is_told_without_what_came_before() -> None:
    first = [tales.begin(10_000_000), *tales.life(7, 20_000_000, 21_000_000, 30_000_000), tales.end(40_000_000)]
    other = tales.begin(50_000_000, "cell-2", 2), tales.life(8, 60_000_000, 61_000_000, run=2)
    recording = tales.recording(first, *other)

    newest, earlier, whole = (film(recording, run=run) for run in (NEWEST, 1, 0))
    assert [lane.pid for lane in newest.lanes] == [100, 8]
    assert [lane.pid for lane in earlier.lanes] == [100, 7]
    assert [lane.pid for lane in whole.lanes] == [100, 7, 8]
    assert (newest.run, earlier.run, whole.run) == (2, 1, 0)
    assert [cell.run for cell in newest.cells] == [1, 2]


def test_nothing_at_all_is_a_film_too() -> None:
    told = film(model.Recording(1, "kernel", 100))

    assert [lane.kind for lane in told.lanes] == ["notebook"]
    assert (told.begin, told.end) == (0.0, 0.0)
