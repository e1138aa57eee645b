"""What Python's stacks say of waits between threads: the library's calls, and locks by their source."""

from __future__ import annotations

import ast

import pytest

from core import test_waits as by_hand
from parallab import waits
from parallab.model import Snapshot, Stack
from parallab.waits import python
from parallab_probe import holding

LIB = "/usr/lib/python3.12/"
COND = f"{LIB}threading.py:355 wait"
RUN = (f"{LIB}threading.py:1010 run", f"{LIB}threading.py:1073 _bootstrap_inner", f"{LIB}threading.py:1030 _bootstrap")


@pytest.mark.parametrize(
    ("frames", "call", "thing"),
    [
        ((f"{LIB}threading.py:1167 _wait_for_tstate_lock", f"{LIB}threading.py:1147 join"), "join", 2),
        ((f"{LIB}threading.py:1092 Thread.join",), "join", 1),
        ((COND, f"{LIB}queue.py:171 Queue.get"), "get", 2),
        ((COND, f"{LIB}queue.py:140 put"), "put", 2),
        ((COND, f"{LIB}queue.py:90 join"), "tasks", 2),
        ((COND, f"{LIB}threading.py:655 wait"), "event", 2),
        ((COND, f"{LIB}threading.py:655 wait", f"{LIB}multiprocessing/pool.py:765 wait"), "pool", 2),
        ((COND, f"{LIB}concurrent/futures/_base.py:451 result"), "future", 2),
        (
            (COND, f"{LIB}threading.py:390 wait_for", f"{LIB}threading.py:758 _wait", f"{LIB}threading.py:723 wait"),
            "barrier",
            4,
        ),
        ((COND, "/home/me/own.py:7 work"), "condition", 1),
        ((f"{LIB}concurrent/futures/thread.py:89 _worker",), "idle", 1),
        (("/home/me/own.py:7 work",), "lock", 1),
        (("/home/me/queue.py:171 get",), "lock", 1),
        ((f"{LIB}threading.py:1590 _shutdown",), "exit", 1),
    ],
)
def test_the_library_s_calls(frames, call, thing):
    found = python.doing(Stack(7, frames=frames, owners=tuple(range(1, len(frames) + 1))))

    assert found is not None
    assert (found.call, found.thing) == (call, thing)


def test_a_joined_thread_s_own_hope_counts_and_no_other_s():
    sleeper, other = by_hand.SLEEP, by_hand.INSIDE
    join = Stack(10, frames=(f"{LIB}threading.py:1092 join", "/x.py:3 <module>"), owners=(77, 0))

    def joins(thing, who):
        seen = by_hand.snapshot(by_hand.process(10, by_hand.INSIDE, who, sleeper))
        run = Stack(11, frames=("/x.py:1 work", *RUN), owners=(0, thing, thing, thing))
        return by_hand.msgspec.structs.replace(seen, stacks=(join, run))

    assert by_hand.stuck(joins(77, sleeper)) is False
    assert by_hand.stuck(joins(77, other)) is None  # the third thread may help the second
    assert by_hand.stuck(joins(78, sleeper)) is None  # whom it joins is not among them


def test_who_is_about_to_exit_waits_for_some_of_its_threads_and_not_for_which():
    leaving = Stack(10, frames=(f"{LIB}threading.py:1590 _shutdown",))

    def leaves(*threads):
        seen = by_hand.snapshot(by_hand.process(10, by_hand.INSIDE, *threads))
        return by_hand.stuck(by_hand.msgspec.structs.replace(seen, stacks=(leaving,)))

    assert leaves(by_hand.SLEEP) is False
    assert leaves(by_hand.SLEEP, by_hand.RUNNING) is False
    assert leaves(by_hand.SLEEP, by_hand.INSIDE) is None  # one of them may be a daemon
    assert leaves(by_hand.INSIDE) is True


def test_a_notebook_s_own_threads_are_told_by_what_they_were_started_with():
    site = "/usr/lib/python3.12/site-packages/"
    own = by_hand.process(10, by_hand.INSIDE, by_hand.SLEEP)
    kernel = by_hand.msgspec.structs.replace(own, cmdline=("python", "-m", "ipykernel_launcher"))
    main = Stack(10, frames=(COND, f"{LIB}threading.py:655 wait", "/tmp/ipykernel_10/1.py:5 <module>"))

    def beside(*frames, started=110):
        threads = (kernel.threads[0], by_hand.msgspec.structs.replace(kernel.threads[1], started=started))
        seen = by_hand.snapshot(by_hand.msgspec.structs.replace(kernel, threads=threads))
        return by_hand.stuck(by_hand.msgspec.structs.replace(seen, stacks=(main, Stack(11, frames=(*frames, *RUN)))))

    assert beside(f"{site}ipykernel/parentpoller.py:62 run") is True
    assert beside(f"{site}ipykernel/parentpoller.py:62 run", started=100_000) is True  # on a busy machine
    assert beside("/tmp/ipykernel_10/1.py:4 work") is None
    assert beside(f"{site}ipykernel/iostream.py:700 flush", "/tmp/ipykernel_10/1.py:4 work") is None
    assert beside() is None  # a call of C, as sleep is


def test_two_threads_that_hold_each_other_s_lock_are_named_though_a_third_goes_on():
    seen = by_hand.snapshot(by_hand.process(10, by_hand.INSIDE, by_hand.INSIDE, by_hand.INSIDE, by_hand.SLEEP))
    stacks = (
        Stack(10, frames=(f"{LIB}threading.py:1092 join",), owners=(77,)),
        Stack(11, frames=("/x.py:1 work", *RUN), owners=(0, 77, 77, 77), wants=1, holds=(2,)),
        Stack(12, frames=("/x.py:1 work", *RUN), owners=(0, 78, 78, 78), wants=2, holds=(1,)),
    )
    seen = by_hand.msgspec.structs.replace(seen, stacks=stacks)

    assert by_hand.stuck(seen) is True
    (found,) = waits.diagnose(seen, by_hand.later(seen))
    assert (found.kind, found.mistake) == ("lock-cycle", "M43")


SOURCE = """
def work(a, b):
    with a:
        ready.wait()
        with b:
            pass

def by_hand(a, b):
    a.acquire()
    b.acquire()
    b.release()
    a.acquire()

def timed(a, b):
    a.acquire(timeout=1)
    b.acquire()

class Account:
    def pay(self, other):
        with self.lock:
            with other.lock: pass

def either(a, b):
    if a.locked():
        a.release()
    with a, b:
        pass

def in_one_line(a, b):
    with a: b.wait()
    with a: count = 1
    with a, b: count = 1
    with a: b.acquire()

def signals(done, a):
    def work():
        done.release()
    done.acquire()
    a.acquire()
    done.acquire()

class Registry:
    def look(self):
        with self.lock: return self.items
    def add(self):
        self.lock.acquire()
        self.look()

def takes(q):
    while not q.empty():
        q.get()
    q.get()
"""


@pytest.mark.parametrize(
    ("function", "line", "held", "wanted"),
    [
        ("work", 3, [], ("a",)),
        ("work", 4, [("a",)], None),
        ("work", 5, [("a",)], ("b",)),
        ("by_hand", 10, [("a",)], ("b",)),
        ("by_hand", 12, [("a",)], ("a",)),
        ("timed", 16, [], ("b",)),
        ("pay", 21, [("self", "lock")], ("other", "lock")),
        ("either", 26, [], None),
        ("no_such", 26, [], None),
        # Which of the two that may wait in a line does, is not to be told; where only one may, it does.
        ("in_one_line", 30, [], None),
        ("in_one_line", 31, [], ("a",)),
        ("in_one_line", 32, [], None),
        ("in_one_line", 33, [], None),
        # A lock that another function lets go is nobody's.
        ("signals", 39, [], ("a",)),
        ("signals", 40, [("a",)], ("done",)),
        ("look", 44, [], ("self", "lock")),
        ("add", 47, [("self", "lock")], None),
    ],
)
def test_locks_by_source(function, line, held, wanted):
    assert holding.at(ast.parse(SOURCE), function, line, True) == (held, wanted)
    assert holding.at(ast.parse(SOURCE), function, line, False) == (held, None)


def test_who_looked_whether_it_is_empty():
    tree = ast.parse(SOURCE)
    assert [holding.looks_first(tree, "takes", line) for line in (51, 52)] == [True, False]


POOL = "/usr/lib/python3.11/multiprocessing/pool.py"


@pytest.mark.parametrize(
    ("frames", "serves"),
    [
        ((f"{POOL}:114 worker", "/usr/lib/python3.11/threading.py:982 Thread.run"), False),
        (("/home/me/work.py:3 job", f"{POOL}:48 mapstar", f"{POOL}:125 worker"), True),
        ((f"{POOL}:579 Pool._handle_results",), True),
    ],
)
def test_a_thread_of_a_pool_brings_a_result_while_it_has_a_job(frames, serves):
    stacks = (Stack(tid=7, ident=1, name="", frames=frames),)
    snapshot = Snapshot(0, 0.0, 1, (), stacks=stacks)

    assert python.handles_results(1, snapshot) == ({(1, 7)} if serves else set())
    assert python.works_in_threads(1, snapshot) is ("worker" in frames[-1] or "worker" in frames[0])


LOOPS = """
import threading
named = threading.Lock()

def works(jobs, stop):
    while (job := jobs.get()) is not None:
        pass
    for job in iter(jobs.get, None):
        pass
    for _ in range(3):
        jobs.get()
    while not stop.is_set():
        jobs.get()
    while True:
        job = jobs.get()
    jobs.get()

def looks(gone, came):
    while not gone.empty():
        came.get()
    while not gone.empty():
        gone.get()

def keeps(kept):
    kept.acquire()

def gives_back(given):
    given.acquire()
    given.release()
"""


@pytest.mark.parametrize(
    ("line", "again"), [(6, True), (8, True), (11, False), (13, False), (15, True), (16, False)], ids=str
)
def test_whether_a_line_waits_again_until_it_is_told(line, again):
    assert holding.repeats(ast.parse(LOOPS), "works", line) is again


@pytest.mark.parametrize(
    ("line", "again"),
    [
        ("list(iter(jobs.get, None))", True),
        ("total = sum(x for x in iter(jobs.get, None))", True),
        ("[abs(x) for x in iter(jobs.get, None)]", True),
        ("next(iter(jobs.get, None))", False),
        ("list(iter(jobs.get()))", False),
        ("print(jobs.get(), list(jobs))", False),
    ],
)
def test_whether_a_line_takes_all_that_comes(line, again):
    assert holding.repeats(ast.parse(f"def works(jobs):\n    {line}\n"), "works", 2) is again


@pytest.mark.parametrize(("line", "looked"), [(20, False), (22, True)])
def test_empty_counts_where_the_same_queue_was_asked(line, looked):
    assert holding.looks_first(ast.parse(LOOPS), "looks", line) is looked


def test_which_names_mean_the_same_in_all_functions_of_a_file():
    tree = ast.parse(LOOPS)

    assert [holding.is_global(tree, name) for name in ("named", "threading", "works", "job")] == [True] * 3 + [False]


def test_who_takes_by_a_call_may_have_kept_it():
    tree = ast.parse(LOOPS)

    assert [holding.taken_by_call(tree, (name,)) for name in ("kept", "given", "named")] == [True, False, False]


NAMES = """
class Chain:
    def walk(self):
        node = self.head
        node.lock.acquire()
        while node.next is not None:
            before = node
            node = node.next
            node.lock.acquire()
            before.lock.release()
        node.lock.release()

def one_after_the_other(a, b):
    lock = a
    lock.acquire()
    lock = b
    lock.acquire()

def eats(forks, n):
    with forks[n]:
        with forks[(n + 1) % len(forks)]:
            pass

def counts(forks, n):
    forks[n].acquire()
    forks["spoon"].acquire()
    n += 1
    forks[n].acquire()

def swaps(forks, other):
    forks[0].acquire()
    forks[0] = other
    forks[0].acquire()

def rounds(lock, job):
    lock.acquire()
    while job():
        lock.release()
        lock.acquire()

def finds(forks, find):
    with forks[find()]:
        pass
"""


@pytest.mark.parametrize(
    ("function", "line", "held", "wanted"),
    [
        # A name that was given something else since says nothing of what was taken by it.
        ("walk", 9, [], ("node", "lock")),
        ("one_after_the_other", 17, [], ("lock",)),
        ("eats", 21, [("forks", "[n]")], ("forks", "[(n + 1) % len(forks)]")),
        ("counts", 26, [("forks", "[n]")], ("forks", "['spoon']")),
        ("counts", 28, [("forks", "['spoon']")], ("forks", "[n]")),
        ("swaps", 33, [], ("forks", "[0]")),
        # An earlier round may have let it go.
        ("rounds", 39, [], ("lock",)),
        ("finds", 42, [], None),
    ],
)
def test_locks_whose_names_change_and_locks_in_containers(function, line, held, wanted):
    assert holding.at(ast.parse(NAMES), function, line, True) == (held, wanted)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ("[0]", 0),
        ("['spoon']", "spoon"),
        ("[(n + 1) % len(forks)]", 0),
        ("[n - 1]", 1),
        ("[-n]", -2),
        ("[self.n * 2 // 3]", 2),
        ("[n % 0]", None),
        ("[other]", None),
        ("[other + 1]", None),
    ],
)
def test_which_item_is_meant(part, told):
    known = {("n",): 2, ("forks", "len()"): 3, ("self", "n"): 3}

    assert holding.item(part, known.get) == told
