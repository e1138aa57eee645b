"""The probe in real kernels: cells, locks, numbers, barriers, queues, and questions while a cell hangs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from listening import Listened
from parallab import model

WORK = """
import multiprocessing, time

def add(lock, number, times):
    for _ in range(times):
        with lock:
            number.value += 1

def take(lock, ready, go):
    lock.acquire()
    ready.set()
    go.wait()
    lock.release()

def ab(mine, other, barrier):
    with mine:
        barrier.wait()
        with other:
            pass

def meet(barrier):
    barrier.wait()

def put(queue, items):
    for item in items:
        queue.put(item)

def nothing(*args):
    pass
"""


@pytest.fixture(scope="module", params=["fork", "spawn", "forkserver"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listened]:
    kernel = Listened(request.param, cache=str(tmp_path_factory.getbasetemp() / "cache"))
    kernel.module("work", WORK)
    kernel.run("import multiprocessing as mp, threading, os, time, queue, work")
    yield kernel
    kernel.end()


@pytest.fixture(autouse=True)
def _fresh(kernel: Listened) -> None:
    kernel.heard.clear()


def test_a_cell(kernel: Listened) -> None:
    end = kernel.ended("a = 1\nb, *c = [2.5, 'x', None]\nraise ValueError('bad')", "cell-7", lab="L04", step="one")
    (begin,) = kernel.heard.all(model.CellBegin)
    assert (begin.cell, begin.lab, begin.step) == (end.cell, "L04", "one") == ("cell-7", "L04", "one")
    assert begin.run == end.run > 0
    assert begin.number > 0
    assert end.error is not None
    assert (end.error.type, end.error.message, end.error.where.rpartition(":")[2]) == ("ValueError", "bad", "3")
    assert end.error.where == f"In[{begin.number}]:3"
    assert {value.name: json.loads(value.json) for value in end.values} == {"a": 1, "b": 2.5, "c": ["x", None]}


def test_a_cell_with_a_syntax_error(kernel: Listened) -> None:
    end = kernel.ended("def f(:")
    assert end.error is not None
    assert end.error.type == "SyntaxError"


def test_values_call_no_code_of_the_learners(kernel: Listened) -> None:
    end = kernel.ended(
        "class Loud(dict):\n"
        "    def _shout(self, *a): raise SystemExit('called')\n"
        "    __repr__ = __str__ = __eq__ = __len__ = __iter__ = __getattr__ = items = _shout\n"
        "    __reduce_ex__ = __bool__ = _shout\n"
        "    __hash__ = None\n"
        "loud = Loud()\nnested = {'k': [loud, (1, {2: 3})]}\nbig = list(range(100_000))\n"
        "inf = float('inf')\nhuge = 10 ** 100\nself_ref = []\nself_ref.append(self_ref)\ns = {1}\nby = b'\\x00a'\n"
        "text = 'é\"\\\\\\n\\ud800' * 3\n_hidden = 1\nfor i in range(3): pass\n"
        "def g():\n    global made\n    made = 1\ng()"
    )
    found = {value.name: (value.type, value.json and json.loads(value.json)) for value in end.values}
    assert found["loud"] == ("__main__.Loud", "")
    assert found["nested"] == ("dict", {"k": [{"$type": "__main__.Loud"}, [1, {"$items": [[2, 3]]}]]})
    assert found["big"] == ("list", "")
    assert found["inf"] == ("float", {"$float": "inf"})
    assert found["huge"][0] == "int"
    assert found["self_ref"][0] == "list"
    assert found["s"] == ("set", [1])
    assert found["by"] == ("bytes", {"$bytes": "0061"})
    assert found["text"] == ("str", 'é"\\\n?' * 3)
    assert found["i"] == ("int", 2)
    assert found["made"] == ("int", 1)
    assert "_hidden" not in found
    assert end.error is None
    assert kernel.ear.malformed == 0


def test_an_error_with_a_text_of_the_learners_making(kernel: Listened) -> None:
    end = kernel.ended(
        "calls = []\nclass E(Exception):\n    def __str__(self):\n"
        "        import traceback\n"
        "        calls.extend('_probe/' in f.filename for f in traceback.extract_stack())\n        return 'mine'\n"
        "raise E('x')\n"
    )
    assert end.error is not None
    assert (end.error.type, end.error.message) == ("E", "")
    assert kernel.value("any(calls)") == "False"


def test_locks_under_contention(kernel: Listened) -> None:
    end = kernel.ended(
        "lock = mp.Lock(); n = mp.Value('i', 0)\n"
        "ps = [mp.Process(target=work.add, args=(lock, n, 50)) for _ in range(2)]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()\n"
    )
    made = {event.owner: event for event in kernel.heard.all(model.LockMade, created=True)}
    lock, inner = made[""], made["number"]
    assert (lock.cls, lock.recursive, lock.maxvalue) == ("Lock", False, 1)
    assert (inner.cls, inner.recursive) == ("RLock", True)
    starts = kernel.heard.until(
        lambda: kernel.heard.all(model.ProcessStart) if len(kernel.heard.all(model.ProcessEnd)) == 2 else None
    )
    for start in starts:
        uses = [use for use in kernel.heard.all(model.LockUse, pid=start.child, lock=lock.lock) if use.act != "want"]
        assert [use.act for use in uses] == ["take", "give"] * 50
        assert [use.depth for use in uses] == [1, 0] * 50
        assert [use.at for use in uses] == sorted(use.at for use in uses)
        assert {arg.kind: arg.name for arg in start.args if arg.kind != "plain"} == {
            "lock": lock.lock,
            "number": inner.lock,
        }
    holds = sorted((use.at, use.act) for use in kernel.heard.all(model.LockUse, lock=lock.lock) if use.act != "want")
    assert [act for _, act in holds] == ["take", "give"] * 100  # never two holders, in the order of time
    assert [(r.value, r.names, r.lock, r.locked) for r in end.readings] == [(100, ("n",), inner.lock, True)]


def test_thousands_of_takes_are_counted(kernel: Listened) -> None:
    kernel.run("lock = mp.Lock()\nfor _ in range(3000):\n    lock.acquire(); lock.release()")
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    said = len(kernel.heard.all(model.LockUse))
    assert 1900 <= said <= 2000
    assert said + sum(event.count for event in kernel.heard.all(model.Omitted, what="lock")) == 6000


def test_want_miss_and_depth(kernel: Listened) -> None:
    kernel.run(
        "lock = mp.Lock(); r = mp.RLock(); s = mp.Semaphore(3)\n"
        "lock.acquire(); lock.acquire(False); lock.acquire(timeout=0.01); lock.release()\n"
        "r.acquire(); r.acquire(); r.release(); r.release()\n"
        "s.acquire(); s.acquire()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    names = [event.lock for event in kernel.heard.all(model.LockMade)]
    acts = [[(use.act, use.depth, use.timed) for use in kernel.heard.all(model.LockUse, lock=name)] for name in names]
    assert acts == [
        [("take", 1, False), ("miss", 1, False), ("want", 1, True), ("miss", 1, False), ("give", 0, False)],
        [("take", 1, False), ("take", 2, False), ("give", 1, False), ("give", 0, False)],
        [("take", 1, False), ("take", 2, False)],
    ]


def test_locks_of_the_library_are_told_by_their_owner(kernel: Listened) -> None:
    kernel.run(
        "c = mp.Condition(); e = mp.Event(); b = mp.Barrier(1); q = mp.Queue(); sq = mp.SimpleQueue()\n"
        "jq = mp.JoinableQueue()\nwith mp.Pool(1) as pool: pool.map(abs, [1])\n"
        "e.set(); q.put(1); q.get(); b.wait()\nwith c: c.notify()\n"
        "p = mp.Process(target=work.nothing, args=(c, e, b, q, sq, jq)); p.start(); p.join()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    owners = {event.owner for event in kernel.heard.all(model.LockMade, created=True)}
    assert owners == {"condition", "event", "barrier", "queue", "pool"}
    assert not kernel.heard.all(model.LockUse)


def test_numbers_are_read_when_their_names_are_gone(kernel: Listened) -> None:
    end = kernel.ended(
        "def go():\n"
        "    hidden = mp.Value('d', 1.5, lock=False)\n"
        "    p = mp.Process(target=work.nothing, args=(hidden,)); p.start(); p.join()\n"
        "go()\nboth = [mp.Array('i', [1, 2, 3]), mp.RawValue('q', 7)]"
    )
    found = {(r.names, r.code, r.value, r.items, r.locked) for r in end.readings}
    assert ((), "c_double", 1.5, (), False) in found
    assert (("both[0]",), "c_int", None, (1, 2, 3), True) in found
    assert (("both[1]",), "c_long", 7, (), False) in found
    made = [(event.code, event.length, bool(event.lock)) for event in kernel.heard.all(model.NumberMade)]
    assert made == [("c_double", 1, False), ("c_int", 3, True), ("c_long", 1, False)]
    (start,) = kernel.heard.all(model.ProcessStart)
    assert start.args[0].address == next(r.address for r in end.readings if r.code == "c_double")


def test_barriers(kernel: Listened) -> None:
    kernel.run(
        "b = mp.Barrier(2)\nps = [mp.Process(target=work.meet, args=(b,)) for _ in range(2)]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()\n"
        "t = threading.Barrier(2)\n"
        "try: t.wait(0.01)\nexcept threading.BrokenBarrierError: pass"
    )
    uses = kernel.heard.until(lambda: len(u := kernel.heard.all(model.BarrierUse)) >= 6 and u)
    uses.sort(key=lambda use: use.at)
    assert [use.act for use in uses] == ["wait", "wait", "pass", "pass", "wait", "broken"]
    assert {use.parties for use in uses} == {2}
    assert len({use.barrier for use in uses[:4]}) == 1
    assert len({use.pid for use in uses[:4]}) == 2


def test_a_queue_of_threads(kernel: Listened) -> None:
    kernel.run(
        "q = queue.PriorityQueue(2)\nq.put((2, 'b')); q.put((1, 'a'))\n"
        "try: q.put(3, block=False)\nexcept queue.Full: pass\n"
        "q.get(); q.task_done(); q.get(); q.task_done(); q.join()\n"
        "try: q.get(timeout=0.01)\nexcept queue.Empty: pass\n"
        "q.empty()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    lines = kernel.heard.all(model.QueueUse)
    assert [(line.act, line.n, line.item) for line in lines] == [
        ("made", 0, ""),
        ("put", 1, '[2,"b"]'),
        ("put", 2, '[1,"a"]'),
        ("full", 3, ""),
        ("get", 4, '[1,"a"]'),
        ("done", 5, ""),
        ("get", 6, '[2,"b"]'),
        ("done", 7, ""),
        ("join", 8, ""),
        ("joined", 9, ""),
        ("wait-get", 10, ""),
        ("empty", 11, ""),
        ("look", 12, ""),
    ]
    assert {(line.cls, line.maxsize, line.item_type) for line in lines if line.item} == {("PriorityQueue", 2, "tuple")}
    assert [line.size for line in lines if line.act == "done"] == [1, 0]


def test_who_waits_for_room_and_who_put_what(kernel: Listened) -> None:
    kernel.run(
        "import collections, dataclasses\n"
        "@dataclasses.dataclass\nclass Card:\n    n: int\n    what: object\n"
        "Pair = collections.namedtuple('Pair', 'a b')\n"
        "q = queue.Queue(1)\n"
        "t = threading.Thread(target=work.put, args=(q, [Card(1, q), Pair(2, 'x'), *range(600)]))\n"
        "t.start()\n"
        "while not q.full(): time.sleep(0.01)\n"
        "time.sleep(0.1)\n"
        "for _ in range(602): q.get()\n"
        "t.join()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    (run,) = kernel.heard.all(model.ThreadRun)
    lines = sorted(kernel.heard.all(model.QueueUse), key=lambda line: line.n)
    assert [line.act for line in lines[:4]] == ["made", "put", "wait-put", "get"]
    assert lines[2].size == 1
    assert json.loads(lines[1].item) == {"$type": "__main__.Card", "n": 1, "what": {"$type": "queue.Queue"}}
    assert next(line.item for line in lines if line.item.startswith("[")) == '[2,"x"]'
    # Also of lines that were kept back, and sent by another thread.
    assert {line.tid for line in lines if line.act in ("put", "wait-put")} == {run.tid}
    assert run.tid not in {line.tid for line in lines if line.act in ("get", "wait-get")}


def test_a_thread_that_was_made(kernel: Listened) -> None:
    kernel.run(
        "class T(threading.Thread):\n    def run(self): pass\n"
        "a, b = T(name='a'), threading.Thread(target=work.nothing, name='b')\na.run(); b.start(); b.join()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    one, two = kernel.heard.all(model.ThreadMade)
    assert (one.name, one.cls, one.target, one.overrides_run) == ("a", "T", "", True)
    assert (two.name, two.cls, two.target, two.overrides_run) == ("b", "Thread", "work.nothing", False)
    (start,) = kernel.heard.all(model.ThreadStart)
    assert start.ident == two.ident != one.ident


def test_a_long_ledger_keeps_its_first_and_last_lines(kernel: Listened) -> None:
    kernel.run("q = queue.Queue()\nfor i in range(5000): q.put(i); q.get()")
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    numbers = [line.n for line in kernel.heard.all(model.QueueUse) if line.n]
    assert numbers == [*range(1, 501), *range(9501, 10001)]
    assert [line.item for line in kernel.heard.all(model.QueueUse)][-1] == "4999"
    assert sum(event.count for event in kernel.heard.all(model.Omitted, what="queue")) == 9000


def test_queues_of_processes(kernel: Listened) -> None:
    kernel.run(
        "qs = [mp.Queue(), mp.JoinableQueue(), mp.SimpleQueue()]\n"
        "ps = [mp.Process(target=work.put, args=(q, ['x', 2])) for q in qs]\n"
        "for p in ps: p.start()\n"
        "for q in qs: q.get(); q.get()\n"
        "qs[1].task_done(); qs[1].task_done(); qs[1].join()\nfor p in ps: p.join()\n"
        "try: qs[0].get(timeout=0.01)\nexcept queue.Empty: pass"
    )
    kernel.heard.until(lambda: len(kernel.heard.all(model.ProcessEnd)) == 3 and kernel.heard.all(model.CellEnd))
    made = {line.cls: line.queue for line in kernel.heard.all(model.QueueUse, act="made")}
    assert set(made) == {"Queue", "JoinableQueue", "SimpleQueue"}
    for cls, name in made.items():
        lines = kernel.heard.all(model.QueueUse, queue=name)
        puts = [line for line in lines if line.act == "put"]
        gets = [line for line in lines if line.act == "get"]
        assert [line.item for line in puts] == ['"x"', "2"], cls
        assert [line.item for line in gets] == ['"x"', "2"], cls
        assert {line.pid for line in gets} == {kernel.pid}
        assert kernel.pid not in {line.pid for line in puts}
    acts = [line.act for line in kernel.heard.all(model.QueueUse, queue=made["JoinableQueue"], pid=kernel.pid)]
    assert acts == ["made", "get", "get", "done", "done", "join", "joined"]
    assert kernel.heard.all(model.QueueUse, act="empty")
    assert len(kernel.heard.all(model.ThreadStart)) == 0  # feeders are the library's own


def test_lines_that_a_child_kept_back_are_its_own(kernel: Listened) -> None:
    kernel.run(
        "q = mp.Queue()\np = mp.Process(target=work.put, args=(q, range(600)))\np.start()\n"
        "for _ in range(600): q.get()\np.join()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd) and kernel.heard.all(model.CellEnd))
    (end,) = kernel.heard.all(model.ProcessEnd)
    puts = kernel.heard.all(model.QueueUse, act="put")
    assert sorted(line.n for line in puts) == [*range(1, 601)]
    # The first were sent as they happened, the others later; all by its main thread, and none by its parent's.
    assert {(line.pid, line.tid) for line in puts} == {(end.pid, end.pid)}


def test_asking_while_a_cell_hangs(kernel: Listened) -> None:
    sent = kernel.start(
        "found = ['so far']\ntotal = mp.Value('i', 41)\na, b = mp.Lock(), mp.Lock(); bar = mp.Barrier(2)\n"
        "ps = [mp.Process(target=work.ab, args=x) for x in ((a, b, bar), (b, a, bar))]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()",
        "hangs",
    )
    kernel.heard.until(lambda: len(kernel.heard.all(model.LockUse, act="want")) == 2)
    wants = kernel.heard.all(model.LockUse, act="want")
    kernel.heard.until(lambda: kernel.heard.all(model.Wait, call="join"))
    answer = kernel.ear.ask("all", names=["found", "no_such_name"], timeout=10).result(20)
    assert answer is not None
    assert [(value.name, value.json) for value in answer.values] == [("found", '["so far"]')]
    assert [(reading.value, reading.names) for reading in answer.readings] == [(41, ("total",))]
    main = next(stack for stack in answer.stacks if stack.tid == kernel.pid)
    assert any("process.py" in frame and frame.endswith("join") for frame in main.frames)
    held = {use.pid: use.lock for use in kernel.heard.all(model.LockUse, act="take")}
    assert {(use.pid, use.lock) for use in wants} == {
        (pid, next(lock for other, lock in held.items() if other != pid)) for pid in held
    }
    kernel.manager.interrupt_kernel()
    kernel.finish(sent)
    kernel.run("for p in ps: p.kill(); p.join()")
    end = kernel.heard.until(lambda: kernel.heard.all(model.CellEnd, cell="hangs"))[0]
    assert end.error is not None
    assert end.error.type == "KeyboardInterrupt"


def test_asking_while_a_cell_burns_cpu(kernel: Listened) -> None:
    sent = kernel.start("x = 1\nuntil = time.monotonic() + 1.5\nwhile time.monotonic() < until: x += 1")
    kernel.heard.until(lambda: kernel.heard.all(model.CellBegin))
    began = time.monotonic()
    answer = kernel.ear.ask(names=["x"], timeout=10).result(20)
    assert answer is not None
    assert time.monotonic() - began < 1.4
    kernel.finish(sent)


def test_nothing_was_misunderstood(kernel: Listened) -> None:
    assert kernel.ear.malformed == 0
    assert not kernel.heard.all(model.Lost)
