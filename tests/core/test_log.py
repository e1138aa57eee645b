"""The log is bounded, keeps whole lives, and says what it left out."""

from __future__ import annotations

from parallab import model
from parallab.log import GROUPS, HALF, RUN, TOTAL, Log
from tales import CELL, KERNEL, begin, end, life


def filled(*events: model.AnyEvent) -> Log:
    log = Log()
    log.kernel = KERNEL
    for event in events:
        log.add(event)
    return log


def test_fifty_thousand_processes_are_kept_in_part_and_counted() -> None:
    log = filled(begin())
    for pid in range(1000, 51_000):
        for event in life(pid, pid, pid + 1, pid + 2):
            log.add(event)
    log.add(end(at=10**6))
    kept = {event.child for event in log.events() if isinstance(event, model.ProcessStart)}
    assert len(kept) <= GROUPS
    assert {1000, 50_999} <= kept
    assert len(log.events()) <= TOTAL
    whole = [event for event in log.events() if isinstance(event, model.ProcessEnd) and event.pid in kept]
    assert len(whole) == len(kept)
    assert log.not_recorded()[0].startswith(f"{50_000 - len(kept):,} processes of one cell were counted")


def test_the_end_of_a_life_that_was_left_out_is_left_out_too() -> None:
    log = filled(begin())
    lives = [life(pid, pid, pid + 1, 10**5 + pid) for pid in range(1000, 4000)]
    for born in lives:
        for event in born[:-1]:
            log.add(event)
    for born in lives:
        log.add(born[-1])
    starts = {event.child for event in log.events() if isinstance(event, model.ProcessStart)}
    ends = {event.pid for event in log.events() if isinstance(event, model.ProcessEnd)}
    assert starts == ends == {*range(1000, 1000 + GROUPS // 2), *range(4000 - GROUPS // 2, 4000)}


def test_a_thousand_processes_threads_and_locks_of_one_cell_are_all_kept() -> None:
    log = filled(begin())
    for pid in range(1000, 2000):
        log.add(model.ProcessMade(at=pid, pid=KERNEL, cell=CELL, run=1, ident=pid))
        log.add(model.LockMade(at=pid, pid=KERNEL, cell=CELL, run=1, lock=f"/{pid}"))
        log.add(model.ThreadStart(at=pid, began=pid, pid=KERNEL, cell=CELL, run=1, ident=pid))
        for event in life(pid, pid, pid + 1, pid + 2):
            log.add(event)
    assert len(log.events()) == 1 + 7 * 1000
    assert log.not_recorded() == ()


def test_a_million_queue_reports_are_kept_at_both_ends() -> None:
    log = filled(begin())
    for n in range(100_000):
        log.add(model.QueueUse(at=n, pid=KERNEL, cell=CELL, run=1, queue="q", act="put", n=n))
    kept = [event.n for event in log.events() if isinstance(event, model.QueueUse)]
    assert kept == [*range(HALF), *range(100_000 - HALF, 100_000)]
    assert log.not_recorded() == (f"{100_000 - 2 * HALF:,} reports of one cell were counted but not kept",)
    assert len(log.events()) < RUN


def test_a_cells_new_run_replaces_the_old_one() -> None:
    log = filled(begin(), *life(1, 20, 25, 40), end(), begin(at=2000, run=2))
    assert [event.run for event in log.events()] == [2]


def test_a_late_report_of_an_old_run_is_dropped() -> None:
    log = filled(begin(at=2000, run=2), *life(1, 20, 25, 40, run=1))
    assert [type(event) for event in log.events()] == [model.CellBegin]


def test_a_thread_that_outlives_its_cells_run_is_remembered() -> None:
    facts = {"pid": KERNEL, "cell": CELL, "run": 1, "ident": 3}
    start = [model.ThreadStart(at=20, began=19, **facts), model.ThreadRun(at=21, **facts)]
    ended = [
        model.ThreadStart(at=20, began=19, **{**facts, "ident": 4}),
        model.ThreadEnd(at=22, **{**facts, "ident": 4}),
    ]
    log = filled(begin(), *start, *ended, end(), begin(at=2000, run=2))
    assert [event for event in log.events() if event.run == 1] == start
    log.add(model.ThreadEnd(at=2100, **facts))
    assert [event.run for event in log.events()] == [2]


def test_what_the_probe_left_out_is_told() -> None:
    log = filled(begin(), model.Omitted(at=20, cell=CELL, run=1, what="lock reports", count=1500))
    assert log.not_recorded() == ("1,500 lock reports were counted but not kept",)


def test_losses_are_summed() -> None:
    log = filled(model.Lost(at=1, count=2), model.Lost(at=2, count=3))
    assert log.lost == 5
    assert log.events() == ()


def test_events_up_to_a_moment() -> None:
    log = filled(begin(), *life(1, 20, 25, 40), end())
    assert max(event.at for event in log.events(until=25)) == 25


def test_of_answers_that_say_the_same_the_first_and_the_last_are_kept() -> None:
    def answer(number: int, named: str) -> model.Answer:
        known = (model.Named(named, "lock-1"),)
        return model.Answer(at=number, pid=KERNEL, cell=CELL, run=1, number=number, named=known)

    asked = [answer(1, "one"), *(answer(number, "two") for number in range(2, 50)), answer(50, "one")]
    log = filled(begin(), *asked, end(at=60))
    kept = [event for event in log.events() if isinstance(event, model.Answer)]
    assert [(one.number, one.named[0].name) for one in kept] == [(1, "one"), (2, "two"), (49, "two"), (50, "one")]
    assert [type(event) for event in log.events()][-1] is model.CellEnd
    assert log.not_recorded() == ()
