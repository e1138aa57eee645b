"""The live picture: who is there, what each waits for, and which mistake it is that a cell is stuck by."""

from __future__ import annotations

import pytest

from parallab import live, model, wire
from tales import CELL, KERNEL, begin, end, life, recording


def thread(ident: int, cell: str = CELL, run: int = 1) -> model.ThreadRun:
    return model.ThreadRun(at=20, pid=KERNEL, tid=KERNEL + ident, cell=cell, run=run, ident=ident, name=f"t{ident}")


def lock(at: int, pid: int, name: str, act: str, depth: int = 0) -> model.LockUse:
    return model.LockUse(at=at, pid=pid, tid=pid, cell=CELL, run=1, lock=name, act=act, depth=depth)  # type: ignore[arg-type]


def made(name: str) -> model.LockMade:
    return model.LockMade(at=20, pid=KERNEL, cell=CELL, run=1, lock=name, cls="Lock")


def named(**names: str) -> model.Answer:
    of = tuple(model.Named(name, of) for name, of in names.items())
    return model.Answer(at=900, pid=KERNEL, cell=CELL, run=1, number=1, named=of)


def by_name(state: wire.KernelState) -> dict[str, wire.LiveProcess]:
    return {one.name: one for one in state.processes}


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


def test_a_process_starts_runs_waits_and_ends() -> None:
    starting = model.ProcessStart(at=30, pid=KERNEL, cell=CELL, run=1, began=20, child=200, name="new")
    told = recording(begin(), made("/l"), life(201, 20, 30), life(202, 20, 30), life(203, 20, 30, 60, code=3), starting)
    told = recording(list(told.events[1:]), lock(70, 201, "/l", "take", 1), lock(80, 202, "/l", "want"), busy_cell=CELL)
    seen = by_name(live.picture(told, "k"))
    assert {name: one.state for name, one in seen.items()} == {
        "new": "starting",
        "w-201": "running",
        "w-202": "waiting",
        "w-203": "ended",
    }
    assert seen["w-202"].waits_for == "a lock, held by “w-201”"
    assert (seen["w-203"].exit_code, seen["w-201"].exit_code) == (3, None)


def test_an_exception_is_told_with_who_raised_it() -> None:
    failure = model.Failure("ValueError", "no such account", "mine.py:3")
    died = model.ProcessEnd(at=60, pid=201, cell=CELL, run=1, exit_code=1, error=failure)
    fell = [
        model.ThreadStart(at=30, pid=KERNEL, cell=CELL, run=1, began=29, ident=7, name="cook"),
        model.ThreadEnd(at=40, pid=KERNEL, tid=777, cell=CELL, run=1, ident=7, name="cook", error=failure),
    ]
    state = live.picture(recording(begin(), life(201, 20, 30), died, fell), "k")
    assert by_name(state)["w-201"].error == "ValueError: no such account"
    assert [(one.name, one.state, one.error) for one in state.threads] == [
        ("cook", "ended", "ValueError: no such account")
    ]
    # Whom an interrupt ended has a name for it, and no words.
    died = model.ProcessEnd(at=60, pid=201, cell=CELL, run=1, exit_code=1, error=model.Failure("KeyboardInterrupt"))
    assert by_name(live.picture(recording(begin(), life(201, 20, 30), died), "k"))["w-201"].error == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("uses", "text"),
    [
        ([("take", 1), ("want", 0)], "gate, which it holds itself"),
        ([("want", 0)], "gate"),
        ([("want", 0), ("take", 1)], ""),
        ([("want", 0), ("miss", 0)], ""),
        ([("want", 0), ("take", 1), ("give", 0), ("want", 0)], "gate"),
    ],
)
def test_a_lock_goes_by_the_learners_name(uses: list[tuple[str, int]], text: str) -> None:
    told = [lock(40 + at, 201, "/l", act, depth) for at, (act, depth) in enumerate(uses)]
    state = live.picture(recording(begin(), made("/l"), life(201, 20, 30), told, named(gate="/l"), busy_cell=CELL), "k")
    assert by_name(state)["w-201"].waits_for == text


def test_the_notebook_waits_for_the_end_of_its_worker_until_it_is_interrupted() -> None:
    join = model.Wait(at=50, pid=KERNEL, tid=KERNEL, cell=CELL, run=1, call="join", began=50, child=201, done=False)
    waits = live.picture(recording(begin(), life(201, 20, 30), join, busy_cell=CELL), "k")
    assert waits.waits_for == "“w-201” to end"
    over = live.picture(recording(begin(), life(201, 20, 30), join, end()), "k")
    assert over.waits_for == ""


def test_threads_wait_in_queues_and_at_barriers() -> None:
    def use(at: int, tid: int, act: str) -> model.QueueUse:
        return model.QueueUse(at=at, pid=KERNEL, tid=tid, cell=CELL, run=1, queue="q1", act=act)  # type: ignore[arg-type]

    barrier = model.BarrierUse(at=60, pid=KERNEL, tid=KERNEL + 3, cell=CELL, run=1, barrier="/b", parties=2)
    told = recording(
        begin(),
        [use(40, KERNEL + 1, "wait-get"), use(41, KERNEL + 2, "wait-get"), use(50, KERNEL + 2, "get"), barrier],
        named(work="q1"),
        busy_cell=CELL,
        living=(thread(1), thread(2), thread(3)),
    )
    assert [(one.state, one.waits_for) for one in live.picture(told, "k").threads] == [
        ("waiting", "an item from work"),
        ("running", ""),
        ("waiting", "the others at a barrier"),
    ]


def test_of_many_the_newest_are_shown_and_the_rest_counted() -> None:
    many = [life(1000 + n, 20 + n, 21 + n) for n in range(live.MOST + 10)]
    state = live.picture(recording(begin(), *many), "k")
    assert (len(state.processes), state.more) == (live.MOST, 10)
    assert state.processes[-1].name == f"w-{1000 + live.MOST + 9}"


def test_other_programs_and_forks_are_there_too() -> None:
    program = model.ProgramStart(at=30, pid=KERNEL, cell=CELL, run=1, began=20, child=300, program="/bin/sleep")
    fork = model.ForkMade(at=40, pid=KERNEL, cell=CELL, run=1, child=301)
    state = live.picture(recording(begin(), program, fork), "k")
    assert [(one.name, one.role, one.state) for one in state.processes] == [
        ("/bin/sleep", "program", "running"),
        ("", "fork", "running"),
    ]


@pytest.mark.parametrize("uses", range(12))
def test_what_is_left_out_for_speed_changes_nothing(uses: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a recursive lock is taken and given: the last reports and the outermost take tell who has it."""
    acts = ["take", "take", "give", "take", "take", "give", "give", "take", "give", "give", "want", "miss"][:uses]
    depth, told = 0, []
    for at, act in enumerate(acts):
        depth += (act == "take") - (act == "give")
        told.append(lock(40 + at, 201, "/l", act, depth))
    other = [lock(100, 202, "/l", "want")]
    whole = recording(begin(), made("/l"), life(201, 20, 30), life(202, 20, 30), told, other, busy_cell=CELL)
    fast = live.picture(whole, "k")
    monkeypatch.setattr(live, "lean", lambda recording, shown: recording)
    assert live.picture(whole, "k") == fast
