"""Right answers on a busy machine: who acts first may tell of it last, and who is late need not have waited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from parallab import model
from parallab.checks.common import at_once, ended
from parallab.checks.expect import CannotTell, NotMet
from parallab.evidence import Evidence
from parallab.shelf import Shelf
from parallab.story.processes import Worker
from parallab.story.threads import Thread
from parallab.story.together import together
from tales import CELL, KERNEL, begin, end, evidence, join, life

SECOND = 1_000_000_000
LIFE: dict[str, Any] = {"pid": KERNEL, "cell": CELL, "run": 1}


def goal(lab: str, step: str, name: str) -> Any:
    """A goal's own function."""
    return next(check.function for check in Shelf().lab(lab).checks[step] if check.name == name)


def outcome(function: Any, *arguments: Any) -> str:
    """Of a goal: passed, failed or undecided."""
    try:
        function(*arguments)
    except NotMet:
        return "failed"
    except CannotTell:
        return "undecided"
    return "passed"


# -- together ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("queued", "yes"), [(0, False), (SECOND // 2, False), (2 * SECOND, True)])
def test_a_starter_that_gets_no_core_has_not_waited(queued: int, yes: bool) -> None:
    one = Worker(1, began=10, started=20, ran=21, ended=30)
    two = Worker(2, began=20 + 2 * SECOND, started=30 + 2 * SECOND, ran=40 + 2 * SECOND, queued_ns=queued)
    assert together([one, two], ()).yes is yes
    seen = [replace(one, since=10, gone=31), replace(two, since=20 + 2 * SECOND)]
    found = together(seen, ())
    assert not found.yes, "the system saw that they never met"
    assert bool(found.doubt) is yes, "but who only says that it got no core is not said to have waited"


def in_threads(second: int) -> Evidence:
    """Two threads: each starts a process, and joins it. The second thread was started at that moment."""
    told: list[Any] = [begin()]
    for pid, tid, at in ((1, 71, 20), (2, 72, 60)):
        thread = {**LIFE, "ident": tid}
        born = 15 if pid == 1 else second
        told += [
            model.ThreadStart(at=born + 1, began=born, tid=KERNEL, **thread),
            model.ThreadRun(at=born + 2, tid=tid, **thread),
            *(
                msgspec.structs.replace(event, tid=tid) if isinstance(event, model.ProcessStart) else event
                for event in life(pid, at, at + 5, at + 10)
            ),
            msgspec.structs.replace(join(pid, at + 6, at + 11), tid=tid),
            model.ThreadEnd(at=at + 12, tid=tid, **thread),
        ]
    return evidence(*told, end())


def test_threads_that_start_and_join_one_each_need_not_hold_each_other_up() -> None:
    free, in_turn = in_threads(16), in_threads(50)
    assert outcome(at_once, free, free.workers) == "undecided", "short lives: they may never have met"
    assert outcome(at_once, in_turn, in_turn.workers) == "failed", "the second thread began when the first was joined"


@pytest.mark.parametrize(("asked", "yes"), [(27, False), (45, True)])
def test_a_thread_that_is_looked_at_once_was_not_waited_for(asked: int, yes: bool) -> None:
    first = Thread(KERNEL, 1, began=20, started=25, ran=26, ended=40)
    second = Thread(KERNEL, 2, began=50, started=55, ran=56)
    look = model.Wait(at=45, call="is_alive", began=asked, thread=1, alive=False, **LIFE)
    assert together([first, second], [look]).yes is yes


def test_who_gave_up_waiting_has_not_waited_though_it_was_at_its_end() -> None:
    """It says that it is at its end, and then still is there for a moment."""
    gave_up = model.Wait(at=45, call="join", began=30, child=1, timed=True, alive=True, **LIFE)
    run = evidence(begin(), life(1, 20, 25, 40), gave_up, end())
    assert outcome(ended, run, run.workers) == "failed"
    waited = evidence(begin(), life(1, 20, 25, 40), gave_up, join(1, 50, 51), end())
    assert outcome(ended, waited, waited.workers) == "passed"


# -- shared memory ----------------------------------------------------------------------------


def test_what_a_block_held_at_last_was_read_by_who_began_to_read_last() -> None:
    """Each close is told with the moment before it was read."""
    made = model.SegmentUse(at=20, segment="psm_1", act="create", size=9, **LIFE)
    early = model.SegmentUse(at=30, pid=1, cell=CELL, run=1, segment="psm_1", act="close", content="early")
    late = model.SegmentUse(at=31, pid=2, cell=CELL, run=1, segment="psm_1", act="close", content="late")
    (block,) = evidence(begin(), made, early, late, end()).segments
    assert block.packed == "late"


# -- labs -------------------------------------------------------------------------------------


def reader(puts: int, before: int, maxsize: int = 10) -> Evidence:
    """A reader that has told of so many lines before the notebook took out the first."""
    line: dict[str, Any] = {"cell": CELL, "run": 1, "queue": "/mp-q", "cls": "Queue", "maxsize": maxsize}
    item = {"item": '"\\"GET / HTTP\\""', "item_type": "str"}
    put = [
        model.QueueUse(at=(30 if n <= before else 60) + n, pid=1, act="put", n=n, **item, **line)  # type: ignore[arg-type]
        for n in range(1, puts + 1)
    ]
    got = [model.QueueUse(at=50 + n, pid=KERNEL, act="get", n=n, **item, **line) for n in range(1, puts + 1)]  # type: ignore[arg-type]
    return evidence(begin(), life(1, 20, 25, 900), *put, *got, end())


@pytest.mark.parametrize(
    ("before", "maxsize", "verdict"),
    [
        (10, 10, "passed"),
        (11, 10, "passed"),  # the first was taken out, and that was told late
        (9, 10, "passed"),  # the tenth was put in, and that was told late
        (8, 10, "failed"),
        (12, 10, "failed"),
        (9, 9, "failed"),
        (10, 0, "passed"),
        (30, 0, "failed"),
    ],
)
def test_the_tenth_line_may_be_told_of_when_the_first_is_out(before: int, maxsize: int, verdict: str) -> None:
    assert outcome(goal("L12", "predict-window", "waits"), reader(30, before, maxsize)) == verdict


def desk(server_ended: int, trader_ended: int, told: int, code: int = 0) -> Evidence:
    """A trader that dies of a server which is gone, or not; when the server was told to end."""
    served = model.ServiceUse(at=28, service="manager", ident=1, child=9, **LIFE)
    told_to_end = model.ServiceUse(at=told, service="manager", ident=1, act="shutdown", child=9, **LIFE)
    dead = model.ProcessEnd(
        at=trader_ended, pid=1, cell=CELL, run=1, exit_code=1, error=model.Failure("FileNotFoundError", "gone")
    )
    return evidence(
        begin(),
        life(9, 20, 25, server_ended, code, role="manager"),
        *([served, told_to_end] if told else [served]),
        life(1, 30, 35),
        dead,
        join(1, 36, trader_ended + 9, code=1),
        end(at=9 * SECOND),
    )


@pytest.mark.parametrize(
    ("server", "told", "verdict"),
    [(60, 50, "passed"), (80, 50, "passed"), (80, 75, "failed"), (60, 0, "passed"), (80, 0, "failed")],
)
def test_a_server_closes_its_door_before_it_tells_of_its_end(server: int, told: int, verdict: str) -> None:
    """The trader finds it closed, and tells of its own end at 70."""
    run = desk(server, 70, told)
    assert outcome(goal("L07", "break-leave", "closed_early"), run) == verdict
    assert run.ended_before(run.managers[0], run.workers[0]) is (verdict == "passed")


@pytest.mark.parametrize(
    ("code", "after", "verdict"),
    [(0, 5, "passed"), (-15, SECOND, "passed"), (-15, 5, "failed"), (-9, SECOND, "failed")],
)
def test_a_server_that_does_not_end_in_time_is_terminated_by_python(code: int, after: int, verdict: str) -> None:
    run = desk(80 + after, 70, 80, code)
    assert outcome(goal("L07", "shared-dict", "dismissed"), run, run.workers, run.managers) == verdict


def proxied(at: int, pid: int, method: str, args: str = "", result: str = "") -> model.ProxyUse:
    return model.ProxyUse(
        at=at, began=at - 1, pid=pid, cell=CELL, run=1, server="s", object="d", type="dict", method=method,
        args=args, result=result, result_type="int" if result else "",
    )  # fmt: skip


def test_who_reads_the_count_at_its_end_may_tell_of_it_when_others_have_gone_on() -> None:
    counts = goal("L07", "not-atomic", "lost").__globals__["counts"]
    run = evidence(
        begin(),
        life(1, 20, 25, 900),
        life(2, 26, 28, 900),
        proxied(40, 1, "__setitem__", '["n",1]'),
        proxied(50, 2, "__setitem__", '["n",2]'),
        proxied(51, 1, "__getitem__", '["n"]', "1"),
        end(),
    )
    assert list(counts(run, run.workers).values()) == [2]


def clients(*holds: tuple[int, int], keys: int = 2, waited: bool = False, beside: bool = False) -> Evidence:
    """Clients that were inside of a semaphore in these seconds."""
    made = model.LockMade(at=12, lock="/mp-s", cls="Semaphore", created=True, maxvalue=keys, **LIFE)
    lock = model.LockMade(at=13, lock="/mp-l", cls="Lock", created=True, maxvalue=1, **LIFE)
    told: list[Any] = [begin(), made, *([lock] if beside else [])]
    for pid, (took, gave) in enumerate(holds, 1):
        use: dict[str, Any] = {"pid": pid, "cell": CELL, "run": 1}
        told += life(pid, 20 + pid, 25 + pid, 90 * SECOND)
        told += [model.LockUse(at=took * SECOND - 2, lock="/mp-s", act="want", n=1, **use)] if waited else []
        for name in ("/mp-l", "/mp-s") if beside else ("/mp-s",):
            told.append(model.LockUse(at=took * SECOND, lock=name, act="take", depth=1, n=1 + waited, **use))
            told.append(model.LockUse(at=gave * SECOND, lock=name, act="give", depth=0, n=2 + waited, **use))
        told.append(join(pid, 30 + pid, 95 * SECOND))
    return evidence(*told, end(at=99 * SECOND))


@pytest.mark.parametrize(
    ("run", "verdict"),
    [
        (clients((1, 3), (2, 4), (4, 6), (5, 7), (8, 9)), "passed"),
        (clients((1, 2), (3, 4), (5, 6), (7, 8), (9, 10)), "undecided"),  # each came when another had gone
        (clients((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), waited=True), "failed"),  # one key
        (clients((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), beside=True), "failed"),  # one lock for all beside it
        (clients((1, 4), (2, 4), (3, 5), (5, 7), (8, 9)), "failed"),
    ],
)
def test_clients_that_come_one_by_one_say_nothing_about_the_keys(run: Evidence, verdict: str) -> None:
    assert outcome(goal("L08", "stretch-semaphore", "two_inside"), run, run.workers) == verdict
