"""Pools and executors retold: whose workers they are, what became of each task, and in which order results came."""

from __future__ import annotations

from parallab import model
from tales import CELL, KERNEL, begin, end, evidence, hired, service, task

BAD = model.Failure("ValueError", "bad")


def test_a_pool_with_its_workers_and_tasks() -> None:
    run = evidence(
        begin(),
        hired(1, 20, 90),
        hired(2, 21, 91),
        service(30, initializer="m.setup"),
        task(40, call="map", parts=2, size=5, target="m.f"),
        task(39, "take", pid=1, part=0),
        task(41, "take", pid=2, part=1),
        task(50, "arrive", part=1),
        task(55, "ask"),
        task(60, "arrive", part=0),
        task(61, "got"),
        service(70, "close"),
        service(92, "joined"),
        end(),
    )
    (pool,) = run.pools
    assert (pool.kind, pool.size, pool.initializer, pool.of_processes) == ("pool", 2, "m.setup", True)
    assert [worker.pid for worker in pool.workers] == [1, 2]
    assert (pool.closed, pool.terminated, pool.ended, pool.dismissed) == (70, 0, 92, True)
    assert pool.left == ()
    assert run.pools_left == ()
    (one,) = run.tasks
    # A worker may say that it has taken a part before its starter says that it was handed in.
    assert one.pids == {1, 2}
    assert one.done
    assert not one.waits
    assert one.errors == ()


def test_the_kinds_of_executors() -> None:
    cls = "concurrent.futures.interpreter.InterpreterPoolExecutor"
    run = evidence(
        begin(),
        service(30, kind="thread-executor", cls="concurrent.futures.thread.ThreadPoolExecutor"),
        service(31, kind="thread-executor", ident=2, cls=cls, queue="others"),
        service(32, kind="manager", ident=3),
        end(),
    )
    assert [(pool.kind, pool.of_processes) for pool in run.pools] == [
        ("thread-executor", False),
        ("interpreters", False),
    ]


def test_who_asks_and_has_no_answer_waits() -> None:
    (one,) = evidence(begin(), service(30), task(40), task(50, "ask")).tasks
    assert one.waits
    assert not one.done


def test_a_killed_worker_and_what_it_had() -> None:
    run = evidence(
        begin(),
        hired(1, 20, 60, -9),
        hired(2, 21),
        hired(3, 65),
        service(30),
        task(40, call="map", parts=3, size=3),
        task(41, "take", pid=1, part=0),
        task(42, "arrive", part=0),
        task(43, "take", pid=1, part=1),
        task(44, "take", pid=2, part=2),
        task(45, "arrive", part=2),
    )
    (pool,) = run.pools
    assert [worker.pid for worker in pool.killed] == [1]
    assert pool.lost == ((0, 1),)
    assert [worker.pid for worker in pool.left] == [2, 3]


def test_the_order_in_which_results_came() -> None:
    handed = [task(40, number=0), task(41, number=1)]
    late = [task(50, "arrive", 1), task(51, "arrive", 0)]
    asked = [task(60, "got", 1), task(61, "got", 0)]
    in_order = [task(60, "got", 0), task(61, "got", 1)]

    def order(*events: model.AnyEvent) -> list[tuple[int, int]]:
        run = evidence(begin(), service(30), *events, end())
        return list(run.delivered(run.tasks))

    assert order(*handed, *late, *asked) == [(1, 0), (0, 0)]
    assert order(*handed, *late, *in_order) == [(0, 0), (1, 0)]
    assert order(*handed, *late, *asked[:1]) == [(1, 0)]
    called = [task(40, number=0, listens=("result",)), task(41, number=1, listens=("result",))]
    assert order(*called, *late) == [(1, 0), (0, 0)]
    come = [task(50, "arrive", part=2), task(51, "arrive", part=0), task(52, "arrive", part=1)]
    taken = [task(60 + n, "got") for n in range(3)]
    assert order(task(40, call="imap_unordered", parts=None), *come, *taken) == [(0, 2), (0, 0), (0, 1)]
    assert order(task(40, call="imap", parts=None), *come, *taken) == [(0, 0), (0, 1), (0, 2)]
    assert order(task(40, call="map", parts=3, size=3), *come, taken[0]) == [(0, 0), (0, 1), (0, 2)]


def test_of_how_many_errors_somebody_was_told() -> None:
    def told(*events: model.AnyEvent) -> tuple[int, int]:
        (one,) = evidence(begin(), service(30), *events, end()).tasks
        return len(one.errors), one.told

    bad = task(50, "arrive", error=BAD)
    assert told(task(40), bad) == (1, 0)
    assert told(task(40), bad, task(60, "got", error=BAD)) == (1, 1)
    assert told(task(40), bad, task(60, "got", error=model.Failure("TimeoutError"))) == (1, 0)
    assert told(task(40, listens=("error",)), bad) == (1, 1)
    assert told(task(40), task(45, "listen", listens=("result", "error")), bad) == (1, 1)
    both = [task(50 + part, "arrive", part=part, error=BAD) for part in range(2)]
    asked = [task(60 + n, "got", error=BAD) for n in range(2)]
    assert told(task(40, call="map", parts=2, size=2), *both, *asked) == (2, 1)
    assert told(task(40, call="imap", parts=None), *both, *asked) == (2, 2)


def test_a_pool_of_an_earlier_cell_that_gets_something_to_do_is_the_steps() -> None:
    early = model.ServiceUse(at=5, pid=KERNEL, cell="earlier", run=1, service="pool", ident=1, queue="tasks", size=2)
    idle = evidence(early, begin(), end())
    used = evidence(early, begin(), task(40), end())
    assert idle.pools == ()
    assert [len(pool.tasks) for pool in used.pools] == [1]
    assert used.pools[0].cell != CELL
