"""The probe in real kernels: cells, locks, numbers, barriers, queues, and questions while a cell hangs."""

from __future__ import annotations

import base64
import json
import time
import zlib
from collections.abc import Iterator
from itertools import pairwise

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
    # That an earlier cell began may be heard late.
    (begin,) = [one for one in kernel.heard.all(model.CellBegin) if one.cell == end.cell]
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


def test_beyond_a_thousand_takes_each_that_was_waited_for_is_told_with_its_end(kernel: Listened) -> None:
    kernel.ended(
        "import threading\nlock = mp.Lock()\nfor _ in range(1500):\n    lock.acquire(); lock.release()\n"
        "lock.acquire()\nt = threading.Timer(0.1, lock.release); t.start()\n"
        "lock.acquire(); t.join(); lock.release()\n"
    )
    uses = kernel.heard.all(model.LockUse)
    missing = [use for before, use in pairwise(uses) if use.n != before.n + 1]
    # The notebook's unreported take is one, and the timer's giving it back another.
    assert [use.n for use in missing] == [3002, 3004]
    assert [use.act for use in uses if use.n >= 3002] == ["want", "take", "give"]


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


def test_who_asks_whether_a_thread_has_ended(kernel: Listened) -> None:
    kernel.run(
        "t = threading.Thread(target=work.nothing)\nt.is_alive()\nt.start()\n"
        "while t.is_alive(): pass\nt.is_alive()\nprint('seen', flush=True)"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    (start,) = kernel.heard.all(model.ThreadStart)
    (look,) = kernel.heard.all(model.Wait)
    assert (look.call, look.thread, look.alive) == ("is_alive", start.ident, False)


def test_who_counts_threads(kernel: Listened) -> None:
    kernel.ended(
        "before = threading.active_count()\nt = threading.Thread(target=work.nothing)\nt.start()\n"
        "while threading.active_count() > before: pass\nthreading.enumerate()"
    )
    # Other threads may have ended since somebody looked for the first time.
    assert {wait.call for wait in kernel.heard.all(model.Wait)} == {"enumerate"}


@pytest.mark.parametrize(
    ("make", "tell", "wait"),
    [
        ("Event()", "it.set()", "it.wait()"),
        ("Semaphore(0)", "it.release()", "it.acquire()"),
        ("BoundedSemaphore(1)", "it.release()", "it.__enter__()"),
        ("Condition()", "it.acquire(); it.notify(); it.release()", "it.wait()"),
        ("Condition()", "it.acquire(); it.notify(); it.release()", "it.wait_for(lambda: not t.is_alive() or True)"),
    ],
)
def test_who_is_told_by_a_thread(kernel: Listened, make: str, tell: str, wait: str) -> None:
    kernel.ended(
        f"def tell():\n    {tell}\n\nit = threading.{make}\n"
        "taken = hasattr(it, 'notify') or getattr(it, '_initial_value', 0)\n"
        "it.acquire() if taken else None\n"
    )
    kernel.ended(f"t = threading.Thread(target=tell)\nt.start()\n{wait}\nif hasattr(it, 'notify'): it.release()")
    calls = [event.call for event in kernel.heard.all(model.Wait)]
    assert calls[-1] == "told"
    kernel.heard.clear()
    # What did not come, and what a thread of the cell's waits for, is nothing that the notebook was told.
    kernel.ended("nothing = threading.Event()\nnothing.wait(0.01)")
    kernel.ended("nothing.set()\nt = threading.Thread(target=nothing.wait)\nt.start()\nt.join()")
    assert {event.call for event in kernel.heard.all(model.Wait)} == {"join"}


def test_of_waits_for_what_has_come_already_some_are_told(kernel: Listened) -> None:
    kernel.ended("it = threading.Event()\nit.set()\nfor _ in range(20_000): it.wait()")
    told = kernel.heard.all(model.Wait, call="told")
    assert 0 < len(told) < 2_000


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


SHELF = """
LEDGER = []
RATE = 1
_hidden = 2
def add(what):
    LEDGER.append(what)
def burn():
    end = __import__("time").process_time() + 0.3
    while __import__("time").process_time() < end:
        pass
"""


def test_each_process_has_its_own_copy_of_a_module(kernel: Listened) -> None:
    kernel.module("shelf", SHELF)
    kernel.module("helper", "import shelf\ndef work():\n    shelf.add('child')\n")
    kernel.run("import shelf, helper")
    kernel.heard.clear()
    end = kernel.ended(
        "shelf.RATE = 99\nshelf.add('home')\np = mp.Process(target=helper.work)\np.start()\np.join()", "cell-1"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd))
    forked = kernel.heard.all(model.ProcessBorn)[0].method == "fork"
    assert model.decoded(end.values) == {"shelf.LEDGER": ["home"], "shelf.RATE": 99}
    (left,) = kernel.heard.all(model.ProcessEnd)
    mine = (
        {"shelf.LEDGER": ["home", "child"], "shelf.RATE": 99}
        if forked
        else {"shelf.LEDGER": ["child"], "shelf.RATE": 1}
    )
    assert model.decoded(left.values) == mine


def test_nothing_is_said_of_modules_that_are_not_the_learners(kernel: Listened) -> None:
    end = kernel.ended("p = mp.Process(target=time.sleep, args=(0,))\np.start()\np.join()\nx = 1")
    kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd))
    assert model.decoded(end.values) == {"x": 1}
    (left,) = kernel.heard.all(model.ProcessEnd)
    assert left.values == ()


def test_how_much_of_its_life_a_thread_or_process_could_run(kernel: Listened) -> None:
    kernel.module("shelf", SHELF)
    kernel.run(
        "import shelf\nps = [mp.Process(target=shelf.burn), mp.Process(target=time.sleep, args=(0.3,)),"
        " mp.Process(target=time.sleep, args=(0,))]\n"
        "for p in ps: p.start()\nfor p in ps: p.join()\n"
        "t = threading.Thread(target=time.sleep, args=(0.2,))\nt.start(); t.join()"
    )
    kernel.heard.until(lambda: len(kernel.heard.all(model.ProcessEnd)) == 3 and kernel.heard.all(model.ThreadEnd))
    pids = [start.child for start in kernel.heard.all(model.ProcessStart)]
    busy, asleep, short = sorted(kernel.heard.all(model.ProcessEnd), key=lambda end: pids.index(end.pid))
    assert busy.runnable_ns / busy.watched_ns > 0.9
    assert asleep.runnable_ns / asleep.watched_ns < 0.5
    assert short.watched_ns == 0
    (thread,) = kernel.heard.all(model.ThreadEnd)
    assert thread.watched_ns >= 200_000_000
    assert thread.runnable_ns < thread.watched_ns / 2
    assert thread.pauses > 0


PAINT = """
from multiprocessing import shared_memory
def paint(name):
    memory = shared_memory.SharedMemory(name=name)
    memory.buf[1] = 7
    memory.close()
def given(memory):
    memory.buf[2] = 8
def lazy(name):
    shared_memory.SharedMemory(name=name)
"""


def test_a_segment_and_what_it_holds(kernel: Listened) -> None:
    kernel.module("painter", PAINT)
    kernel.ended("import painter\nfrom multiprocessing.shared_memory import SharedMemory, ShareableList")
    kernel.heard.clear()
    end = kernel.ended(
        "m = SharedMemory(create=True, size=300)\n"
        "for work, arg in [(painter.paint, m.name), (painter.given, m), (painter.lazy, m.name)]:\n"
        "    p = mp.Process(target=work, args=(arg,)); p.start(); p.join()\n"
    )
    (held,) = end.segments
    assert (held.size, held.inode is not None) == (300, True)
    kernel.run(
        "v = m.buf[:2]\ntry: m.close()\nexcept BufferError: pass\nv.release()\nm.close(); m.unlink(); m.unlink()"
    )
    kernel.heard.until(
        lambda: len(kernel.heard.all(model.ProcessEnd)) == 3 and len(kernel.heard.all(model.CellEnd)) == 2
    )
    uses = sorted(kernel.heard.all(model.SegmentUse), key=lambda use: use.at)
    mine = [(use.act, use.error.type if use.error else "") for use in uses if use.pid == kernel.pid]
    assert mine == [
        ("create", ""),
        ("close", "BufferError"),
        ("close", ""),
        ("unlink", ""),
        ("unlink", "FileNotFoundError"),
    ]
    assert {use.inode for use in uses if use.inode is not None} == {held.inode}
    theirs = [(use.act, use.owner) for use in uses if use.pid != kernel.pid]
    forked = kernel.heard.all(model.ProcessBorn)[0].method == "fork"
    given = [] if forked else [("attach", "")]
    assert theirs == [("attach", ""), ("close", ""), *given, ("attach", ""), ("close", "drop")]
    packed = next(use.content for use in uses if use.act == "close" and use.pid == kernel.pid)
    assert zlib.decompress(base64.b64decode(packed))[:4] == b"\0\7\10\0"


def test_a_cell_that_leaves_very_much_is_heard_to_end(kernel: Listened) -> None:
    kernel.module("attic", "LOG = ['x' * 900 for _ in range(16)]\n")
    kernel.run("import attic, os, random\nfrom multiprocessing.shared_memory import SharedMemory")
    end = kernel.ended(
        "attic\narrays = [mp.Array('d', [random.random() for _ in range(256)]) for _ in range(8)]\n"
        "blocks = [SharedMemory(create=True, size=8000) for _ in range(3)]\n"
        "for one in blocks: one.buf[:] = os.urandom(one.size)\n"
        "a = ['y' * 900 for _ in range(16)]\nb = list(a)\nc = list(a)\n"
    )
    kernel.run("for one in blocks: one.close(); one.unlink()")
    assert sum(len(reading.items) for reading in end.readings) == 2048
    assert len(end.segments) == 3
    assert {value.name for value in end.values} >= {"a", "b", "c"}


def test_a_shareable_list_is_a_segment(kernel: Listened) -> None:
    kernel.ended("from multiprocessing.shared_memory import ShareableList")
    kernel.heard.clear()
    kernel.run("l = ShareableList([1, 'x'])\nl.shm.close(); l.shm.unlink()")
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    create, *_ = kernel.heard.all(model.SegmentUse)
    assert (create.act, create.owner) == ("create", "list")


def test_an_array_that_locks_itself_is_told_from_a_lock_that_is_taken(kernel: Listened) -> None:
    kernel.run("a = mp.Array('i', 100)\na[0] += 1\nwith a:\n    a[1] = 2\nwith a.get_lock():\n    a[2] = 3")
    end = kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))[0]
    takes = [(use.depth, use.library) for use in kernel.heard.all(model.LockUse, act="take")]
    assert takes == [(1, True), (1, True), (1, False), (2, True), (1, False), (2, True)]
    (reading,) = end.readings
    assert reading.items == (1, 2, 3, *[0] * 97)


DESK = """
import os
from multiprocessing.managers import BaseManager
class Book:
    def __init__(self):
        self.orders = []
    def place(self, order):
        self.orders.append(order)
    def where(self):
        return os.getpid()
class Desk(BaseManager):
    pass
Desk.register("Book", Book)
def place(book, number):
    for n in range(number):
        book.place({"n": n})
"""


def test_what_is_asked_of_a_manager(kernel: Listened) -> None:
    kernel.module("desk", DESK)
    kernel.run("import desk")
    kernel.heard.clear()
    kernel.run(
        "with desk.Desk() as d:\n    book = d.Book()\n    home = book.where()\n"
        "    p = mp.Process(target=desk.place, args=(book, 1000)); p.start(); p.join()\n"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd) and len(kernel.heard.all(model.ProcessEnd)) == 2)
    (begin,) = kernel.heard.all(model.ServiceUse, act="begin")
    assert (begin.cls, begin.kinds) == ("desk.Desk", ("desk.Book",))
    where, *_ = [use for use in kernel.heard.all(model.ProxyUse) if use.pid == kernel.pid]
    assert (where.method, json.loads(where.result), where.server) == ("where", begin.child, begin.address)
    placed = sorted(kernel.heard.all(model.ProxyUse, method="place"), key=lambda use: use.at)
    assert {use.object for use in placed} == {where.object}
    assert [json.loads(use.args) for use in (placed[0], placed[99], placed[-1])] == [[{"n": n}] for n in (0, 99, 999)]
    assert {use.given for use in placed} == {("dict",)}


def test_a_managers_server_that_dies_at_once(kernel: Listened) -> None:
    kernel.run("class Here: pass\nclass Own(desk.BaseManager): pass\nOwn.register('Here', Here)\nm = Own(); m.start()")
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    forked = kernel.heard.all(model.ProcessBorn)[0].method == "fork"
    (use,) = kernel.heard.all(model.ServiceUse)
    assert (use.act, use.cls, use.kinds) == ("begin" if forked else "fail", "__main__.Own", ("__main__.Here",))
    if forked:
        kernel.run("m.shutdown()")


def test_an_item_is_told_two_containers_deep(kernel: Listened) -> None:
    kernel.ended('q = queue.Queue()\nq.put((1, {"text": "slow", "more": [[2]]}))\nq.put((("x" * 200,) * 16,) * 16)')
    first, second = [event.item for event in kernel.heard.all(model.QueueUse, act="put")]
    assert json.loads(first) == [1, {"text": "slow", "more": {"$type": "list"}}]
    assert json.loads(second) == [{"$type": "tuple"}] * 16  # all of it would be too much


def test_what_the_library_calls_for_a_learner_is_the_learners(kernel: Listened) -> None:
    kernel.ended(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "r, w = mp.Pipe(False)\np = mp.Process(target=w.send, args=('hello',))\np.start()\n"
        "with ThreadPoolExecutor(1) as pool: pool.submit(r.recv).result()\n"
        "t = threading.Thread(target=p.join, name='waits')\nt.start()\nt.join()"
    )
    assert sorted(event.act for event in kernel.heard.all(model.PipeUse)) == ["made", "recv", "send"]
    assert [event.name for event in kernel.heard.all(model.ThreadStart, role="")] == ["waits"]
    child = kernel.heard.all(model.ProcessStart)[0].child
    assert [event.tid != kernel.pid for event in kernel.heard.all(model.Wait, child=child, done=True)] == [True]


def test_the_numbers_of_a_pools_initargs_are_watched_by_its_locks(kernel: Listened) -> None:
    kernel.module("hired", "def setup(*given):\n    global lock, number\n    lock, number = given\n\n\n"
                  "def add(times):\n    with lock:\n        number.value += times\n")  # fmt: skip
    kernel.ended(
        "import hired\nlock, number = mp.Lock(), mp.Value('i', 0, lock=False)\n"
        "with mp.Pool(1, hired.setup, (lock, number)) as pool: pool.map(hired.add, [5])"
    )
    uses = [use for use in kernel.heard.all(model.LockUse) if use.pid != kernel.pid and use.saw]
    assert [use.saw for use in uses][:2] == [(0,), (5,)]


def test_a_named_argument_of_a_proxys_call_is_told(kernel: Listened) -> None:
    kernel.ended("with mp.Manager() as m:\n    d = m.dict()\n    d.update(n=5)")
    (call,) = kernel.heard.all(model.ProxyUse, method="update")
    assert json.loads(call.args) == [{"n": 5}]
