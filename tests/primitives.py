"""Programs to be looked at, each with the truth of what it made: ``python primitives.py NAME METHOD`` runs one.

Standard library only, 3.10+. A program comes to rest in the situation that its entry in TRUTH tells: ``roles`` of all
its processes, ``objects`` as the learner made them, each with its state, and ``waits`` of main threads. What is a part
of something else, and the pipes that multiprocessing has for itself, is not listed.
"""

# mypy: ignore-errors
import fcntl
import mmap
import multiprocessing as mp
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import managers, queues, shared_memory
from pathlib import Path

TRUTH = {}
FORK_ONLY = set()


def truth(roles="", objects=(), waits=(), fork=False):
    """What is there when the program has come to rest."""

    def note(function):
        TRUTH[function.__name__] = (sorted(roles.split()), sorted(objects), sorted(waits))
        if fork:
            FORK_ONLY.add(function.__name__)
        return function

    return note


def rest():
    time.sleep(600)


def hire(c, name, target, *args):
    process = c.Process(target=target, args=args, name=name)
    process.start()
    return process


# -- what a child does -------------------------------------------------------------


def sleeper(*_things):
    rest()


def taker(lock):
    with lock:
        rest()


def getter(q):
    q.get()
    rest()


def getter_of_all(q, n):
    for _ in range(n):
        q.get()
    rest()


def putter(q, n):
    for item in range(n):
        q.put(item)
    rest()


def waiter(event):
    event.wait()
    rest()


def notified(condition):
    with condition:
        condition.wait()
    rest()


def receiver(connection):
    connection.recv()
    rest()


def reader(fd):
    os.read(fd, 1)
    rest()


def user(shared):
    shared["x"] = 1
    rest()


def die(*_things):
    os._exit(3)


def make_own(method):
    c = mp.get_context(method)
    q, lock = c.Queue(3), c.Lock()
    q.put("x")
    lock.acquire()
    hire(c, "inner", taker, lock)
    rest()


def attach(name):
    segment = shared_memory.SharedMemory(name)
    rest()
    segment.close()


# -- one of each --------------------------------------------------------------------


@truth("root worker worker", ["lock: held, 1 waiting"], ["second: lock of first"])
def lock(c):
    one = c.Lock()
    hire(c, "first", taker, one)
    while one.acquire(block=False):
        one.release()
        time.sleep(0.01)
    hire(c, "second", taker, one)
    rest()


@truth("root worker", ["rlock: held, 1 waiting"], ["second: rlock of root"])
def rlock(c):
    one = c.RLock()
    one.acquire()
    one.acquire()
    hire(c, "second", taker, one)
    rest()


@truth("root", ["semaphore: value 2", "semaphore: value 1", "semaphore: value 2"])
def semaphores(c):
    keep = [c.Semaphore(2), c.BoundedSemaphore(1), c.BoundedSemaphore(3)]
    keep[2].acquire()
    rest()


@truth("root worker worker", ["event: not set, 2 waiting"], ["a: event", "b: event"])
def event(c):
    one = c.Event()
    hire(c, "a", waiter, one)
    hire(c, "b", waiter, one)
    rest()


@truth("root", ["event: set"])
def event_set(c):
    one = c.Event()
    one.set()
    rest()


@truth("root worker", ["condition: its lock is free, 1 waiting to be notified"], ["a: condition"])
def condition(c):
    hire(c, "a", notified, one := c.Condition())
    keep(one)


@truth("root worker", ["barrier: 1 of 3 waiting at it"], ["a: barrier"])
def barrier(c):
    hire(c, "a", waiter, one := c.Barrier(3))
    keep(one)


@truth("root worker", ["queue: 0 items, 1 waiting reader"], ["a: queue"])
def queue_with_reader(c):
    hire(c, "a", getter, one := c.Queue())
    keep(one)


@truth("root worker", ["queue: 0 items, 2 waiting readers"], ["a: queue", "root: queue"])
def queue_with_two_readers(c):
    one = c.Queue()
    hire(c, "a", getter, one)
    one.get()


@truth("root", ["queue: 3 items, 27 bytes in its pipe"])
def queue_with_items(c):
    one = c.Queue()
    for item in range(3):
        one.put(item, False)
    keep(one)


@truth("root worker", ["queue: 2 items of 2, 18 bytes in its pipe, 1 waiting writer"], ["a: queue"])
def queue_full(c):
    hire(c, "a", putter, one := c.Queue(2), 5)
    keep(one)


@truth(
    "root worker",
    ["joinable-queue: 1 item, 9 bytes in its pipe, 2 not done, 1 waiting until all is done"],
    ["root: joinable-queue"],
)
def joinable(c):
    one = c.JoinableQueue()
    one.put(1)
    one.put(2)
    hire(c, "a", getter, one)
    one.join()


@truth("root worker", ["simple-queue: empty, 1 waiting reader"], ["a: simple-queue"])
def simple_queue(c):
    hire(c, "a", getter, one := c.SimpleQueue())
    keep(one)


@truth("root worker", ["simple-queue: 9 bytes in its pipe"])
def simple_queue_with_item(c):
    one = c.SimpleQueue()
    one.put(1)
    hire(c, "a", sleeper, one)
    rest()


@truth("root worker worker worker", ["pool: 3 workers"])
def pool(c):
    one = c.Pool(3)
    keep(one)


@truth("root worker worker", ["pool: 2 workers, 1 job not finished"])
def pool_at_work(c):
    one = c.Pool(2)
    one.apply_async(rest)
    keep(one)


@truth("root worker worker", ["executor: 2 workers, 2 tasks not finished"])
def executor(c):
    one = ProcessPoolExecutor(2, mp_context=c)
    one.submit(rest)
    one.submit(rest)
    keep(one)


@truth("root", ["executor: 2 threads"])
def threads_executor(c):
    one = ThreadPoolExecutor(4)
    one.submit(rest)
    one.submit(rest)
    keep(one)


@truth("root", ["pool: 2 threads"])
def threads_pool(c):
    from multiprocessing.pool import ThreadPool

    keep(ThreadPool(2))


@truth("root manager worker", ["manager: 1 client"])
def manager(c):
    m = c.Manager()
    d = m.dict()
    hire(c, "a", user, d)
    keep(m, d)


@truth("root manager", ["manager: 1 client"])
def manager_used_here(c):
    m = c.Manager()
    d = m.dict()
    d[1] = 2
    keep(m, d)


@truth("root worker", ["pipe: 5 bytes in it"])
def pipe(c):
    r, w = c.Pipe(duplex=False)
    w.send_bytes(b"x")
    hire(c, "a", sleeper, r, w)
    keep(r, w)


@truth("root worker", ["socket: nothing to be read", "socket: nothing to be read"], ["a: socket of root"])
def duplex(c):
    here, there = c.Pipe()
    hire(c, "a", receiver, there)
    there.close()
    keep(here)


@truth("root worker", ["shared-memory: 5000 bytes"])
def segment(c):
    one = shared_memory.SharedMemory(create=True, size=5000)
    hire(c, "a", attach, one.name)
    try:
        rest()
    finally:
        one.unlink()


@truth("root worker", ["arena: 4096 bytes", "rlock: free, the lock of a Value", "rlock: free, the lock of an Array"])
def numbers(c):
    one, two = c.Value("i", 3), c.Array("d", 5)
    hire(c, "a", sleeper, one, two)
    keep(one, two)


@truth("root", ["memfd: 8192 bytes", "shared-memory: 4096 bytes"])
def mappings(c):
    fd = os.memfd_create("mine")
    os.ftruncate(fd, 8192)
    one = mmap.mmap(fd, 8192)
    two = mmap.mmap(-1, 4096)
    keep(one, two)


@truth("root fork", ["shared-memory: 4096 bytes"], fork=True)
def shared_map(c):
    one = mmap.mmap(-1, 4096)
    if os.fork() == 0:
        rest()
    keep(one)


@truth("root fork", ["file-lock: locked, 1 waiting"], ["fork: file-lock of root"], fork=True)
def flock(c):
    with tempfile.NamedTemporaryFile() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fork() == 0:
            with Path(file.name).open("w") as again:
                fcntl.flock(again, fcntl.LOCK_EX)
        rest()


@truth("root fork", ["file-lock: locked, 1 waiting"], ["fork: file-lock of root"], fork=True)
def fcntl_lock(c):
    with tempfile.NamedTemporaryFile() as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        if os.fork() == 0:
            fcntl.lockf(file, fcntl.LOCK_EX)
        rest()


@truth("root fork", ["fifo: empty"], ["fork: fifo of root"], fork=True)
def fifo(c):
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/f")
        fd = os.open(f"{folder}/f", os.O_RDWR)
        if os.fork() == 0:
            mine = os.open(f"{folder}/f", os.O_RDONLY)
            os.close(fd)
            os.read(mine, 1)
        rest()


@truth("root program program program", fork=True)
def programs(c):
    subprocess.Popen(["sleep", "600"])
    one = subprocess.Popen("sleep 600; true", shell=True)
    keep(one)


@truth("root program worker fork", fork=True)
def zombies(c):
    one = subprocess.Popen([sys.executable, "-c", "pass"])
    two = hire(c, "dead", die)
    if os.fork() == 0:
        os._exit(4)
    keep(one, two)


@truth("root", ["listener: "])
def listener(c):
    from multiprocessing.connection import Listener

    keep(Listener(family="AF_UNIX"))


@truth("root")
def idle(c):
    rest()


@truth("root worker worker worker")
def idle_workers(c):
    keep([hire(c, f"w{k}", sleeper) for k in range(3)])


def have_children(method):
    c = mp.get_context(method)
    subprocess.Popen(["sleep", "600"])
    c.Process(target=sleeper, name="orphan").start()
    os._exit(0)


@truth("root worker program worker", ["lock: free"], fork=True)
def orphans(c):
    """A worker that ended and was not collected, and its two children, whom nobody has any more."""
    one, two = c.Lock(), hire(c, "dead", have_children, c.get_start_method())
    keep(one, two)


@truth("root fork", ["pipe: empty"], ["fork: pipe of root"], fork=True)
def forked_twice(c):
    """The first child is gone and collected; the second reads a pipe that the root writes."""
    r, w = os.pipe()
    if (child := os.fork()) == 0:
        if os.fork() == 0:
            os.close(w)
            os.read(r, 1)
        os._exit(0)
    os.waitpid(child, 0)
    rest()


class Thing:
    def name(self):
        return "thing"


class Remote(managers.BaseManager):
    pass


Remote.register("Thing", Thing)


def asker(thing):
    thing.name()
    rest()


@truth("root manager worker", ["manager: 1 client"])
def manager_over_the_network(c):
    m = Remote(("127.0.0.1", 0), b"key", ctx=c)
    m.start()
    thing = m.Thing()
    hire(c, "a", asker, thing)
    keep(m, thing)


@truth("root", ["memfd: "])
def memfd_of_unknown_size(c):
    """Nobody has it mapped."""
    fd = os.memfd_create("mine")
    os.ftruncate(fd, 100)
    rest()


class Till(queues.Queue):
    def __init__(self, c):
        super().__init__(4, ctx=c)
        self.name = "till"


class Drawer:
    __slots__ = ("event", "lock")

    def __init__(self, c):
        self.lock, self.event = c.RLock(), c.Event()


@truth("root", ["queue: 1 item of 4, 9 bytes in its pipe", "rlock: held", "event: set"])
def in_classes(c):
    till, drawer = Till(c), Drawer(c)
    till.put(1)
    drawer.lock.acquire()
    drawer.event.set()
    keep(till, drawer)


@truth(
    "root",
    ["queue: 1 item of 1, 9 bytes in its pipe", "queue: 0 items of 1, 1 waiting reader"],
    ["root: queue"],
)
def queues_of_one(c):
    full, empty = c.Queue(1), c.Queue(1)
    full.put(1)
    kept.append(full)
    empty.get()


def boss(method):
    hire(mp.get_context(method), "inner", sleeper)
    rest()


@truth("root worker worker")
def nested_without_objects(c):
    """Whom a child started, though it made nothing else."""
    keep(hire(c, "outer", boss, c.get_start_method()))


# -- several at once -------------------------------------------------------------------


@truth(
    "root manager worker worker worker",
    [
        "queue: 1 item of 5, 9 bytes in its pipe",
        "queue: 2 items, 18 bytes in its pipe",
        "queue: 0 items, 1 waiting reader",
        "lock: free",
        "lock: held",
        "pool: 2 workers",
        "manager: no clients",
    ],
    ["a: queue"],
)
def busy_bench(c):
    m = c.Manager()
    a, b, d = c.Queue(5), c.Queue(), c.Queue()
    one, two = c.Lock(), c.Lock()
    a.put(1)
    b.put(1)
    b.put(2)
    p = c.Pool(2)
    two.acquire()
    hire(c, "a", getter, d)
    keep(m, a, b, d, one, two, p)


@truth(
    "root worker worker",
    ["queue: 1 item of 3, 20 bytes in its pipe", "lock: held, 1 waiting"],
    ["inner: lock of outer"],
)
def nested(c):
    """Made by a child: the root has none of them."""
    keep(hire(c, "outer", make_own, c.get_start_method()))


@truth("root", ["lock: free", "lock: free", "semaphore: value 0", "pipe: empty"])
def made_by_hand(c):
    keep(c.Lock(), c.Lock(), c.Semaphore(0), c.Pipe(duplex=False))


@truth("root", ["lock: free", "semaphore: value 0", "semaphore: value 0", "semaphore: value 0", "semaphore: value 0"])
def event_by_hand(c):
    keep(c.Lock(), c.Semaphore(0), c.Semaphore(0), c.Semaphore(0), c.Semaphore(0))


@truth("root", ["lock: free", "condition: its lock is free", "condition: its lock is free"])
def shared_condition_lock(c):
    one = c.Lock()
    keep(one, c.Condition(one), c.Condition(one), c.Lock())


@truth("root worker", ["queue: 0 items", "lock: held, 1 waiting", "lock: held"], ["b: lock"])
def worker_died(c):
    """The holder is gone, and so is what only it had."""
    one, two, q = c.Lock(), c.Lock(), c.Queue()
    two.acquire()
    dead = hire(c, "dead", take_and_die, one, q)
    dead.join()
    hire(c, "b", taker, one)
    keep(one, two, q)


def take_and_die(lock, q):
    lock.acquire()
    mp.Queue()
    os._exit(1)


@truth("root worker worker worker", ["queue: 0 items, 3 waiting readers"], ["a: queue", "b: queue", "c: queue"])
def inherited_once(c):
    one = c.Queue()
    for name in "abc":
        hire(c, name, getter, one)
    keep(one)


@truth("root worker worker", ["executor: 1 worker", "executor: 1 thread", "pool: 1 worker"])
def three_pools(c):
    e, t, p = ProcessPoolExecutor(1, mp_context=c), ThreadPoolExecutor(1), c.Pool(1)
    e.submit(abs, 1).result()
    t.submit(rest)
    keep(e, t, p)


@truth("root", ["queue: 0 items"])
def gone(c):
    """What was deleted is not there any more."""
    for _ in range(20):
        c.Queue(), c.Event(), c.Condition()
    keep(c.Queue())


@truth("root", ["queue: 2 items, many bytes in its pipe, 2 not sent yet"])
def feeder_waits(c):
    one = c.Queue()
    one.put(b"x" * 300_000)
    while one.empty():
        time.sleep(0.01)
    one.put(1)
    keep(one)


kept = []


def keep(*things):
    kept.extend(things)
    rest()


if __name__ == "__main__":
    signal.alarm(180)  # nothing of this outlives its test for long
    print(os.getpid(), flush=True)
    globals()[sys.argv[1]](mp.get_context(sys.argv[2]))
