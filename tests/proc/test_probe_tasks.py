"""The probe in real kernels: what is handed to pools and executors, who takes it, what comes back, and who asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listening import Listened
from parallab import model

WORK = """
import os, signal, time

def double(n):
    return 2 * n

def first_late(n):
    time.sleep(1.0 if n == 0 else 0.0)
    return n

def refuse(n):
    raise ValueError(f"not {n}")

def die(n):
    os.kill(os.getpid(), signal.SIGKILL)

def remember(*args):
    pass
"""


@pytest.fixture(scope="module", params=["fork", "spawn", "forkserver"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listened]:
    kernel = Listened(request.param, cache=str(tmp_path_factory.getbasetemp() / "cache"))
    kernel.module("work", WORK)
    kernel.run(
        "import multiprocessing as mp, os, time, work\n"
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed"
    )
    yield kernel
    kernel.end()


@pytest.fixture(autouse=True)
def _fresh(kernel: Listened) -> None:
    kernel.heard.clear()


def uses(kernel: Listened, act: str) -> list[model.TaskUse]:
    return list(kernel.heard.all(model.TaskUse, act=act))


def test_a_map_in_parts(kernel: Listened) -> None:
    kernel.ended(
        "with mp.Pool(2, work.remember, (1,)) as pool:\n    got = pool.map(work.double, range(7), chunksize=2)"
    )
    (begin,) = kernel.heard.all(model.ServiceUse, act="begin")
    assert (begin.service, begin.size, begin.initializer) == ("pool", 2, "work.remember")
    (submit,) = uses(kernel, "submit")
    assert (submit.call, submit.target, submit.parts, submit.size) == ("map", "work.double", 4, 7)
    assert submit.queue == begin.queue
    takes, arrivals = uses(kernel, "take"), uses(kernel, "arrive")
    assert sorted(take.part for take in takes) == sorted(one.part for one in arrivals) == [0, 1, 2, 3]
    assert {(take.queue, take.task) for take in takes} == {(submit.queue, submit.task)}
    workers = {start.child for start in kernel.heard.all(model.ProcessStart)}
    assert {take.pid for take in takes} <= workers
    assert begin.queue in {arg.name for start in kernel.heard.all(model.ProcessStart) for arg in start.args}
    (got,) = uses(kernel, "got")
    assert got.error is None


def test_results_in_the_order_in_which_they_come(kernel: Listened) -> None:
    kernel.ended(
        "with mp.Pool(2) as pool:\n"
        "    got = list(pool.imap_unordered(work.first_late, range(3)))\n"
        "    ordered = list(pool.imap(work.double, range(3)))\n"
    )
    unordered, ordered = uses(kernel, "submit")
    assert [unordered.call, ordered.call] == ["imap_unordered", "imap"]
    arrivals = uses(kernel, "arrive")
    assert [one.part for one in arrivals if one.task == unordered.task] == [1, 2, 0]
    assert len([one for one in uses(kernel, "got") if one.task == ordered.task]) == 3


def test_an_error_that_nobody_asks_for_and_one_that_somebody_does(kernel: Listened) -> None:
    end = kernel.ended(
        "with mp.Pool(1) as pool:\n"
        "    lost = pool.apply_async(work.refuse, (1,))\n"
        "    heard = pool.apply_async(work.refuse, (2,), error_callback=print)\n"
        "    asked = pool.apply_async(work.refuse, (3,))\n"
        "    try:\n        asked.get()\n    except ValueError:\n        pass\n"
    )
    assert end.error is None
    lost, heard, asked = uses(kernel, "submit")
    assert (lost.listens, heard.listens) == ((), ("error",))
    assert [one.error.message for one in uses(kernel, "arrive") if one.error] == ["not 1", "not 2", "not 3"]
    (got,) = uses(kernel, "got")
    assert got.task == asked.task
    assert got.error is not None
    assert got.error.type == "ValueError"


def test_a_lock_as_an_argument(kernel: Listened) -> None:
    end = kernel.ended("with mp.Pool(1) as pool:\n    pool.map(work.double, [mp.Lock()])")
    assert end.error is not None
    (arrival,) = uses(kernel, "arrive")
    assert arrival.error is not None
    assert "inheritance" in arrival.error.message


def test_an_executors_futures(kernel: Listened) -> None:
    kernel.ended(
        "with ProcessPoolExecutor(2) as ex:\n"
        "    fs = [ex.submit(work.first_late, n) for n in range(3)] + [ex.submit(work.refuse, 9)]\n"
        "    order = [f.exception() is None and f.result() for f in as_completed(fs)]\n"
        "fs[0].add_done_callback(print)\n"
    )
    (begin,) = kernel.heard.all(model.ServiceUse, act="begin")
    assert (begin.service, begin.size) == ("executor", 2)
    submits = uses(kernel, "submit")
    assert [(one.queue, one.task, one.call) for one in submits] == [(begin.queue, n, "submit") for n in range(4)]
    assert {take.task for take in uses(kernel, "take")} == {0, 1, 2, 3}
    assert {one.task: one.error and one.error.type for one in uses(kernel, "arrive")} == {
        0: None,
        1: None,
        2: None,
        3: "ValueError",
    }
    asked = [one.task for one in uses(kernel, "got")]
    assert asked[-1] == 0
    assert sorted(asked) == [0, 0, 1, 1, 2, 2, 3]
    (listen,) = uses(kernel, "listen")
    assert listen.task == 0


def test_an_executor_whose_worker_is_killed(kernel: Listened) -> None:
    end = kernel.ended("with ProcessPoolExecutor(1) as ex:\n    ex.submit(work.die, 1).result()")
    assert end.error is not None
    assert end.error.type == "BrokenProcessPool"
    (arrival,) = uses(kernel, "arrive")
    assert arrival.error is not None
    assert arrival.error.type == "BrokenProcessPool"


def test_an_executor_of_threads(kernel: Listened) -> None:
    kernel.ended("with ThreadPoolExecutor(2) as ex:\n    got = list(ex.map(work.double, [1, 2]))")
    (begin,) = kernel.heard.all(model.ServiceUse, act="begin")
    assert (begin.service, begin.cls) == ("thread-executor", "concurrent.futures.thread.ThreadPoolExecutor")
    submits, arrivals = uses(kernel, "submit"), uses(kernel, "arrive")
    assert {one.queue for one in submits} == {begin.queue}
    assert sorted(one.task for one in submits) == sorted(one.task for one in arrivals)
    assert [one.task for one in uses(kernel, "got")] == [one.task for one in submits]


@pytest.mark.parametrize(
    ("made", "works"),
    [
        ("import asyncio", "await asyncio.to_thread(q.put, 1)"),
        ("ex = ThreadPoolExecutor(1)", "ex.submit(q.put, 1).result()"),
        ("from multiprocessing.pool import ThreadPool; ex = ThreadPool(1)", "ex.apply(q.put, (1,))"),
    ],
    ids=["asyncio", "executor", "pool"],
)
def test_a_thread_of_an_older_cell_works_for_the_cell_that_hands_in(kernel: Listened, made: str, works: str) -> None:
    kernel.ended("q = mp.SimpleQueue()\n" + made)
    kernel.ended(works)
    kernel.heard.clear()
    end = kernel.ended(works)
    (put,) = (one for one in kernel.heard.all(model.QueueUse, act="put") if one.item == "1")
    assert put.tid != kernel.pid
    assert (put.cell, put.run) == (end.cell, end.run)


def test_a_future_of_nobodys_executor_is_none_of_ours(kernel: Listened) -> None:
    kernel.ended("from concurrent.futures import Future\nf = Future()\nf.set_result(1)\nf.result()")
    assert not list(kernel.heard.all(model.TaskUse))


def test_very_many_are_bounded(kernel: Listened) -> None:
    kernel.ended("with mp.Pool(2) as pool:\n    got = list(pool.imap(work.double, range(2000)))")
    lines = [one for one in kernel.heard.all(model.TaskUse) if one.pid == kernel.pid]
    assert len(lines) <= 2600
    left_out = sum(one.count for one in kernel.heard.all(model.Omitted, what="task") if one.pid == kernel.pid)
    assert left_out + len(lines) >= 1 + 2000 + 2000
    assert "got" in {one.act for one in lines[-3:]}  # the iterator asks once more to hear that there is no more
