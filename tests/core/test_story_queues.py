"""Ledgers retold: what was in a queue, who waits at it, and whose work came before its done."""

from __future__ import annotations

from typing import Any

import pytest

from parallab import model, story
from parallab.checks.expect import CannotTell
from tales import CELL, KERNEL, begin, end, evidence, recording

RUNS = [(CELL, 1)]


def use(at: int, act: Any, n: int = 0, tid: int = KERNEL, **facts: Any) -> model.QueueUse:
    """A line of the ledger of the queue ``q``."""
    given = {"pid": KERNEL, "cell": CELL, "run": 1, "queue": "q", "cls": "Queue", **facts}
    return model.QueueUse(at=at, act=act, n=n, tid=tid, **given)


def test_what_is_in_it_and_who_waits() -> None:
    lines = [
        use(11, "made"),
        use(12, "put", 1, item='["a",1]', item_type="tuple", maxsize=2),
        use(13, "put", 2, item="null", item_type="NoneType", maxsize=2),
        use(14, "wait-put", 3, maxsize=2, size=2),
        use(15, "get", 4, tid=7, item='["a",1]', item_type="tuple", maxsize=2),
        use(16, "wait-get", 5, tid=8, maxsize=2),
    ]
    (queue,) = story.all_queues(recording(begin(), *lines), RUNS)
    assert (queue.cls, queue.maxsize, queue.made_in, queue.whole) == ("Queue", 2, (CELL, 1), True)
    assert [line.item for line in queue.puts] == [["a", 1], None]
    assert [line.mark for line in queue.puts] == [False, True]
    assert (queue.size, queue.most, queue.unfinished) == (1, 2, 2)
    assert queue.waiting("put") == (KERNEL,)
    assert queue.waiting("get") == (8,)
    assert queue.waiting("join") == ()


def test_a_class_of_the_learners_own_counts_for_the_queue_that_it_is() -> None:
    own = use(11, "made", cls="Inbox", base="LifoQueue")
    (queue,) = story.all_queues(recording(begin(), own), RUNS)
    assert queue.cls == "LifoQueue"
    notes = evidence(begin(), use(11, "put", 1, cls="Journal", base="Queue"), end())
    assert (notes.queues, len(notes.journal)) == ((), 1)


def test_a_missing_line_is_noticed() -> None:
    (queue,) = story.all_queues(recording(begin(), use(11, "made"), use(12, "put", 1), use(14, "put", 3)), RUNS)
    assert not queue.whole


def test_two_queues_that_lay_at_one_place_are_two() -> None:
    first = [use(11, "made"), use(12, "put", 1)]
    second = [use(21, "made"), use(22, "put", 1), use(23, "put", 2)]
    found = story.all_queues(recording(begin(), *first, *second), RUNS)
    assert [len(queue.puts) for queue in found] == [1, 2]


def test_only_the_steps_lines_and_no_queues_between_processes() -> None:
    others = [use(11, "put", 1, cell="other"), use(12, "put", 1, queue="/mp-x"), use(13, "put", 1, pid=5)]
    run = evidence(begin(), *others, end())
    assert run.queues == ()
    assert run.process_queues == ("Queue",)


def test_done_ahead_of_the_work() -> None:
    def story_of(*acts: tuple[str, str]) -> int:
        lines: list[model.AnyEvent] = [use(11, "made")]
        numbers = {"q": 0, "j": 0}
        for at, (act, item) in enumerate(acts, 20):
            name = "j" if act == "work" else "q"
            numbers[name] += 1
            facts = {"item": item, "item_type": "NoneType" if item == "null" else "str"} if item else {}
            extra = {"queue": "j", "cls": "Journal"} if act == "work" else {}
            lines.append(use(at, "put" if act == "work" else act, numbers[name], **facts, **extra))
        run = evidence(begin(), *lines, end())
        return len(run.queues[0].done_ahead(run.journal))

    assert story_of(("get", '"a"'), ("work", '"a"'), ("done", "")) == 0
    assert story_of(("get", '"a"'), ("done", ""), ("work", '"a"')) == 1
    # An end mark needs no work; two consumers may finish in any order.
    assert story_of(("get", "null"), ("done", ""), ("get", '"a"'), ("work", '"a"'), ("done", "")) == 0
    assert story_of(("get", '"a"'), ("get", '"b"'), ("work", '"b"'), ("done", ""), ("work", '"a"'), ("done", "")) == 0
    assert story_of(("get", '"a"'), ("done", "")) == 0


def test_the_notebooks_main_thread_and_a_threads_own() -> None:
    facts = {"pid": KERNEL, "cell": CELL, "run": 1, "ident": 3}
    run = evidence(
        begin(),
        model.ThreadStart(at=20, began=19, name="t", **facts),
        model.ThreadRun(at=21, tid=7, **facts),
        model.ThreadEnd(at=40, tid=7, **facts),
        end(),
    )
    assert run.is_main(KERNEL)
    assert not run.is_main(7)
    thread = run.thread(7, 30)
    assert thread is not None
    assert str(thread) == "“t”"
    assert run.thread(7, 50) is None


LIFE: dict[str, Any] = {"pid": KERNEL, "cell": CELL, "run": 1}
"""Of whatever the step's cell does."""


@pytest.mark.parametrize(
    ("waited", "how"),
    [
        (False, []),  # whoever only sleeps
        (True, [model.Wait(at=41, call="join", began=30, thread=3, **LIFE)]),
        (False, [model.Wait(at=35, call="join", began=30, thread=3, timed=True, alive=True, **LIFE)]),
        (True, [model.Wait(at=45, call="is_alive", began=45, thread=3, alive=False, **LIFE)]),
        (False, [model.Wait(at=45, call="is_alive", began=45, thread=4, alive=False, **LIFE)]),
        (True, [model.Wait(at=45, call="enumerate", began=45, alive=False, **LIFE)]),
        (False, [model.Wait(at=20, call="enumerate", began=20, alive=False, **LIFE)]),
        (True, [model.Wait(at=39, call="told", began=30, tid=KERNEL, **LIFE)]),
        (False, [model.Wait(at=39, call="told", began=30, tid=8, **LIFE)]),  # a gate at which others wait
        (True, [model.BarrierUse(at=39, barrier="b", act="pass", tid=7, **LIFE)]),
        (True, [use(38, "put", 1, tid=7, item="null"), use(39, "get", 2, item="null")]),
        (False, [use(38, "put", 1, tid=7, item="null")]),
        (False, [use(37, "put", 1, tid=7), use(38, "put", 2, tid=7, item="1"), use(39, "get", 3, item="1")]),
        (True, [use(37, "put", 1, tid=7), use(38, "join", 2), use(39, "joined", 3)]),
    ],
)
def test_who_waited_for_a_thread(waited: bool, how: list[model.AnyEvent]) -> None:
    said = [
        model.ThreadStart(at=20, began=19, ident=3, **LIFE),
        model.ThreadRun(at=21, tid=7, ident=3, **LIFE),
        *how,
        model.ThreadEnd(at=40, tid=7, ident=3, **LIFE),
    ]
    run = evidence(begin(), *sorted(said, key=lambda event: event.at), end())
    assert run.waited_for(run.threads[0]) is waited


@pytest.mark.parametrize(
    ("late", "told", "lacked", "waited"),
    [
        (5, True, 0, True),
        (5, False, 0, False),
        (1_000_000_000, True, 0, False),
        (1_000_000_000, True, 900_000_000, True),  # a busy machine: it would have returned, had it got a core
        (1_000_000_000, False, 900_000_000, False),
    ],
)
def test_who_tells_that_it_is_through_may_return_when_the_cell_has_ended(
    late: int, told: bool, lacked: int, waited: bool
) -> None:
    letter = [use(38, "put", 1, tid=7, item="null"), use(39, "get", 2, item="null")] if told else []
    run = evidence(
        begin(),
        model.ThreadStart(at=20, began=19, ident=3, **LIFE),
        model.ThreadRun(at=21, tid=7, ident=3, **LIFE),
        *letter,
        end(at=50),
        model.ThreadEnd(
            at=50 + late, tid=7, ident=3, cpu_ns=7, watched_ns=late, runnable_ns=7 + lacked if lacked else 0, **LIFE
        ),
    )
    assert run.waited_for(run.threads[0]) is waited


@pytest.mark.parametrize(
    ("looked", "queued", "told", "verdict"),
    [(0.1, 0, True, None), (2, 0, True, False), (2, 1.8, True, None), (0.1, 0, False, False)],
)
def test_who_told_that_it_is_through_and_is_still_there_may_be_returning(
    looked: float, queued: float, told: bool, verdict: bool | None
) -> None:
    """Seconds: the look that showed it came so long after the cell's end, and it has lacked a core for so long."""
    letter = [use(38, "put", 1, tid=7, item="null"), use(39, "get", 2, item="null")] if told else []
    there = model.Thread(7, "t", "S", queued_ns=int(queued * 1e9))
    kernel = model.Process(KERNEL, 1, 1, "S", "python", ("python",), threads=(there,))
    look = model.Snapshot(int(looked * 1e9), 0.0, KERNEL, (kernel,))
    run = evidence(
        begin(),
        model.ThreadStart(at=20, began=19, ident=3, **LIFE),
        model.ThreadRun(at=21, tid=7, ident=3, **LIFE),
        *letter,
        end(at=50),
        snapshots=(look,),
    )
    if verdict is None:
        with pytest.raises(CannotTell, match="has told that it is through"):
            run.waited_for(run.threads[0])
    else:
        assert run.waited_for(run.threads[0]) is verdict


def test_a_failed_start_makes_no_second_thread() -> None:
    facts = {"pid": KERNEL, "cell": CELL, "run": 1, "ident": 3}
    run = evidence(
        begin(),
        model.ThreadStart(at=20, began=19, **facts),
        model.ThreadRun(at=21, tid=7, **facts),
        model.ThreadEnd(at=40, tid=7, **facts),
        model.ThreadStart(
            at=50, began=49, error=model.Failure("RuntimeError", "threads can only be started once"), **facts
        ),
        end(),
    )
    assert len(run.threads) == 1
    assert run.threads_alive == ()
    assert len(run.failed_thread_starts) == 1


def test_an_executors_thread_is_waited_for_when_all_that_was_handed_in_came_back() -> None:
    facts: dict[str, Any] = {"pid": KERNEL, "cell": CELL, "run": 1}
    job: dict[str, Any] = {**facts, "queue": "jobs", "task": 1}
    said = [
        model.ServiceUse(at=18, service="thread-executor", ident=4, queue="jobs", size=2, **facts),
        model.TaskUse(at=19, act="submit", call="submit", parts=1, **job),
        model.ThreadStart(at=20, began=19, name="asyncio_0", role="executor", ident=3, **facts),
        model.ThreadRun(at=21, tid=7, ident=3, **facts),
    ]
    back = [model.TaskUse(at=30, act="arrive", **job), model.TaskUse(at=31, act="got", **job)]
    asked = evidence(begin(), *said, *back, end())
    assert asked.waited_for(asked.threads[0])
    assert asked.threads_alive == ()  # asyncio keeps it, idle
    nobody_asked = evidence(begin(), *said, back[0], end())
    assert not nobody_asked.waited_for(nobody_asked.threads[0])
    at_work = evidence(begin(), *said, end())
    assert not at_work.waited_for(at_work.threads[0])
    assert at_work.threads_alive == at_work.threads


def served(pid: int, at: int, method: str, args: str = "", result: str = "", kind: str = "") -> model.ProxyUse:
    """A call of the Manager's queue ``q``."""
    return model.ProxyUse(
        at=at, began=at - 1, pid=pid, cell=CELL, run=1, server="s", object="q", type="Queue", method=method,
        args=args, given=(kind,) if args else (), result=result, result_type="" if args else kind,
    )  # fmt: skip


def test_a_managers_queue_is_a_queue_between_processes() -> None:
    calls = [
        served(5, 20, "put", '["a"]', kind="str"),
        served(5, 21, "put", "[null]", kind="NoneType"),
        served(KERNEL, 22, "get", result='"a"', kind="str"),
        served(KERNEL, 23, "empty", result="false", kind="bool"),
        served(KERNEL, 24, "get", result="null", kind="NoneType"),
    ]
    (box,) = evidence(begin(), *calls, end()).mailboxes
    assert (box.served, box.whole, box.most) == (True, True, 2)
    assert [(line.pid, line.item, line.mark) for line in box.puts] == [(5, "a", False), (5, None, True)]
    assert [line.item for line in box.gets] == ["a", None]
    assert [line.size for line in box.looks] == [1]
    many = [served(5, 20 + n, "put", "[1]", kind="int") for n in range(1000)]
    (full,) = story.all_mailboxes(recording(begin(), *many), (), RUNS)
    assert not full.whole  # more may have been said than was kept
