"""Programs as an outsider would write them, of sorts that the others leave out, see ``strangers``.

Locks of threads by all the names that a lock may have; programs beside programs; servers and their clients; what a
library does behind its user's back. ``python foreign_strangers.py NAME METHOD``.
"""

# mypy: ignore-errors
import asyncio
import concurrent.futures as futures
import contextlib
import faulthandler
import fcntl
import http.server
import importlib
import logging
import multiprocessing as mp
import multiprocessing.dummy
import multiprocessing.managers
import multiprocessing.pool
import os
import queue
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from multiprocessing import connection, shared_memory
from pathlib import Path

from strangers import goes_on, hire, main, stuck


def _call_with_a_key(address):
    connection.Client(address, authkey=b"secret")


@stuck(
    "M55",
    "root worker",
    ["listener: of the network", "socket: nothing to be read", "socket: nothing to be read"],
    ["client: socket of root", "root: socket of client"],
)
def a_key_that_only_one_knows(c):
    with connection.Listener(("127.0.0.1", 0)) as listener:
        hire(c, _call_with_a_key, listener.address, name="client")
        with listener.accept() as line:
            line.recv()


def _ask(address):
    with connection.Client(address, authkey=b"k") as line:
        line.recv()


@stuck(None, "root worker worker worker", None, None)
def a_switchboard_of_three_silent_callers(c):
    with tempfile.TemporaryDirectory() as folder, connection.Listener(f"{folder}/s", "AF_UNIX", authkey=b"k") as door:
        box = c.SimpleQueue()
        callers = [hire(c, _ask, f"{folder}/s", name=f"caller{n}") for n in range(3)]
        lines = [door.accept() for _ in callers]
        door.close()
        connection.wait(lines)
        box.put(1)


SERVICE = """
from multiprocessing.managers import BaseManager
class Office(BaseManager): pass
Office.register("post")
import sys
office = Office(sys.argv[1], b"k")
office.connect()
office.post().get()
"""


_post = queue.Queue()


def _get_post():
    return _post


class Office(mp.managers.BaseManager):
    pass


Office.register("post", _get_post)


@stuck(None, "manager program root", None, ["program: socket of Office-1"])
def a_program_that_asks_an_office(c):
    folder = tempfile.mkdtemp()
    office = Office(f"{folder}/s", b"k", ctx=c)
    office.start()
    subprocess.run([sys.executable, "-c", SERVICE, f"{folder}/s"], stdout=subprocess.DEVNULL)


@stuck("M21", "program program root", ["pipe: many bytes in it"] * 2, ["program: pipe", "program: pipe of root"])
def a_pipeline_whose_end_nobody_reads(c):
    first = subprocess.Popen(["yes"], stdout=subprocess.PIPE)
    second = subprocess.Popen(["cat"], stdin=first.stdout, stdout=subprocess.PIPE)
    print(second.wait())


@goes_on(roles="program program root", objects=["pipe: empty"], waits=["program: pipe of program"], fork=True)
def a_sibling_that_keeps_the_pipe_open(c):
    reads, writes = os.pipe()
    os.set_inheritable(writes, True)
    subprocess.Popen(["sleep", "600"], close_fds=False, stdout=subprocess.DEVNULL)
    os.set_inheritable(writes, False)
    cat = subprocess.Popen(["cat"], stdin=reads, stdout=subprocess.DEVNULL)
    os.close(writes)
    os.close(reads)
    cat.wait()


@goes_on(roles="program program root", objects=["pipe: empty"], waits=["root: pipe of program"], fork=True)
def a_shell_that_left_a_program_behind(c):
    subprocess.run("sleep 600 &", shell=True, stdout=subprocess.PIPE)


@stuck(
    None, "program root", ["pipe: empty", "pipe: empty"], ["program: pipe of root", "root: pipe of program"], fork=True
)
def a_question_that_was_never_flushed(c):
    talk = "print(input())"
    with subprocess.Popen([sys.executable, "-c", talk], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        it.stdin.write("hello\n")
        it.stdout.readline()


@stuck(
    "M55", "fork root", ["socket: nothing to be read"] * 2, ["fork: socket of root", "root: socket of fork"], fork=True
)
def datagrams_that_nobody_sends_first(c):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    if os.fork() == 0:
        ours.close()
        theirs.recv(10)
        os._exit(0)
    theirs.close()
    ours.recv(10)


@goes_on(roles="fork root", objects=["file-lock: locked, 1 waiting"], waits=["root: file-lock of fork"], fork=True)
def a_lock_file_of_a_daemon(c):
    path = tempfile.mktemp()
    hears, tells = os.pipe()
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            own = os.open(path, os.O_RDWR | os.O_CREAT)
            fcntl.flock(own, fcntl.LOCK_EX)
            os.write(tells, b"x")
            os.close(tells)
            os.close(hears)
            time.sleep(600)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(tells)
    os.read(hears, 1)
    os.close(hears)
    with Path(path).open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def _write_row(path):
    with contextlib.closing(sqlite3.connect(path, timeout=600)) as base:
        base.execute("insert into t values (1)")


def _take_memfd(line):
    _, fds, _, _ = socket.recv_fds(line, 1, 1)
    line.send(b"k")
    time.sleep(600)
    os.close(fds[0])


@goes_on(roles="fork root", objects=["memfd: 100 bytes", *["socket: nothing to be read"] * 2], fork=True)
def a_memfd_that_was_sent(c):
    """Nobody has it mapped."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        _take_memfd(theirs)
    theirs.close()
    memfd = os.memfd_create("sent")
    os.truncate(memfd, 100)
    socket.send_fds(ours, [b"x"], [memfd])
    ours.recv(1)
    time.sleep(600)


@goes_on(roles="root worker", objects=["file-lock: locked"])
def a_database_that_is_locked(c):
    path = tempfile.mktemp()
    base = sqlite3.connect(path, isolation_level=None)
    base.execute("create table t (n)")
    base.execute("begin exclusive")
    hire(c, _write_row, path).join()


class Washer(threading.Thread):
    def __init__(self, dishes):
        super().__init__()
        self.dishes = dishes

    def run(self):
        while self.dishes.get() is not None:
            pass


@stuck("M22", stacks=True)
def washers_of_a_simple_queue(c):
    dishes = queue.SimpleQueue()
    crew = [Washer(dishes) for _ in range(2)]
    [one.start() for one in crew]
    dishes.put(1)
    [one.join() for one in crew]


@stuck(None, "root", ["executor: 1 thread"], stacks=True)
def a_callback_that_wants_the_lock_of_who_waits(c):
    lock, begun = threading.Lock(), threading.Event()

    def after(_):
        with lock:
            pass

    with futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(begun.wait)
        first.add_done_callback(after)
        with lock:
            begun.set()
            for done in futures.as_completed([pool.submit(int)]):
                done.result()


@stuck(None, stacks=True)
def a_module_that_joins_who_imports_it(c):
    folder = tempfile.mkdtemp()
    Path(folder, "eager.py").write_text(
        "import threading\n"
        "def load():\n    import eager\n    return eager.answer\n"
        "worker = threading.Thread(target=load)\nworker.start()\nworker.join()\nanswer = 42\n",
        encoding="utf-8",
    )
    sys.path.insert(0, folder)
    importlib.import_module("eager")


class Remote(logging.Handler):
    def emit(self, record):
        if record.getMessage() != "sent":
            sender = threading.Thread(target=logging.getLogger("remote").warning, args=("sent",))
            sender.start()
            sender.join()


@stuck(None, stacks=True)
def a_handler_that_logs_in_a_thread(c):
    log = logging.getLogger("remote")
    log.propagate = False
    log.addHandler(Remote())
    log.warning("first")


class Entry:
    lock = threading.Lock()

    def __del__(self):
        with self.lock:
            pass

    @classmethod
    def clear(cls, entries):
        with cls.lock:
            entries.clear()


@stuck("M44", stacks=True)
def a_finalizer_that_locks(c):
    Entry.clear([Entry()])


@stuck(None, "root", ["executor: 1 thread"], ["root: socket"], stacks=True)
def a_loop_that_waits_for_its_threads(c):
    async def main():
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, threading.Event().wait)
        await loop.shutdown_default_executor()

    asyncio.run(main())


def _keep(lock):
    global kept
    kept = lock


def _use_kept():
    with kept:
        return 1


@stuck(None, "root worker", ["executor: 1 worker, 1 task not finished", "lock: held, 1 waiting"], None)
def a_loop_whose_worker_wants_its_lock(c):
    async def main():
        lock = c.Lock()
        with futures.ProcessPoolExecutor(1, c, _keep, (lock,)) as pool:
            lock.acquire()
            await asyncio.get_running_loop().run_in_executor(pool, _use_kept)

    asyncio.run(main())


def _die(n):
    if n == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


@stuck("M61", "root worker worker", ["pool: 2 workers, 1 job not finished"], stacks=True)
def a_single_answer_that_died(c):
    pool = c.Pool(2)
    pool.apply_async(_die, (2,)).get()


def _want(lock):
    with lock:
        pass


def _put_and_go(tray):
    tray.cancel_join_thread()
    tray.put(b"x" * 1_000_000)
    while not tray._reader.poll():
        time.sleep(0.01)


@stuck(None, "root", ["queue: 1 item, 1 waiting reader"], ["root: queue"])
def a_putter_that_did_not_wait_for_its_feeder(c):
    tray = c.Queue()
    hire(c, _put_and_go, tray).join()
    tray.get()


@stuck(None, "root worker", ["event: not set, 1 waiting"], ["waiter: event"], fork=True)
def a_program_that_is_over_but_for_its_worker(c):
    c = mp.get_context("fork")
    hire(c, c.Event().wait, name="waiter", daemon=False)


LISTS = """
import sys, time
from multiprocessing.shared_memory import ShareableList
more = {"track": False} if False else {}
shared = ShareableList(name=sys.argv[1])
print(shared[0], flush=True)
time.sleep(600)
"""


@goes_on(roles="program root", objects=["pipe: empty", "shared-memory: 116 bytes"], waits=["root: pipe"])
def a_list_that_another_program_has(c):
    shared = shared_memory.ShareableList([1, 2.5, "three", None])
    it = subprocess.Popen([sys.executable, "-c", LISTS, shared.shm.name], stdout=subprocess.PIPE)
    it.stdout.readline()
    it.stdout.readline()
    shared.shm.unlink()


def _take_value(value, taken):
    value.get_lock().acquire()
    taken.set()
    time.sleep(600)


@stuck(
    "M45",
    "root worker",
    ["arena: 4096 bytes", "event: set", "rlock: held by nobody who is alive, 1 waiting, the lock of a Value"],
    ["root: rlock"],
)
def a_number_whose_keeper_was_killed(c):
    c = mp.get_context("spawn" if c.get_start_method() == "forkserver" else c.get_start_method())
    value, taken = c.Value("i", 0), c.Event()
    one = hire(c, _take_value, value, taken)
    taken.wait()
    os.kill(one.pid, signal.SIGKILL)
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
    with value.get_lock():
        value.value += 1


@stuck(None, "root worker", ["lock: held, 1 waiting"], ["w: lock of root"])
def watches_a_worker_by_pidfd(c):
    lock = c.Lock()
    with lock:
        one = hire(c, _want, lock, name="w")
        watch = select.epoll()
        watch.register(os.pidfd_open(one.pid), select.EPOLLIN)
        watch.poll()


@stuck(None, "fork root", ["pipe: empty"], ["fork: pipe of root"], fork=True)
def collects_by_pidfd(c):
    hears, tells = os.pipe()
    if (child := os.fork()) == 0:
        os.close(tells)
        os.read(hears, 1)
        os._exit(0)
    os.close(hears)
    os.waitid(os.P_PIDFD, os.pidfd_open(child), os.WEXITED)
    os.write(tells, b"x")


class Store:
    def __init__(self):
        self.lock = threading.Lock()

    def outer(self):
        with self.lock:
            self.inner()

    def inner(self):
        with self.lock:
            pass


@stuck("M44", stacks=True)
def a_watchdog_beside_a_lock_twice(c):
    faulthandler.dump_traceback_later(600)
    Store().outer()


@goes_on(roles="fork root", objects=["pipe: empty", "pipe: empty"], waits=["root: pipe of fork"], fork=True)
def asks_a_fork_that_takes_its_time(c):
    (asked, asks), (hears, answers) = os.pipe(), os.pipe()
    if os.fork() == 0:
        os.close(asks)
        os.close(hears)
        time.sleep(600)
    os.close(asked)
    os.close(answers)
    os.read(hears, 1)


def _put_much(box, ready):
    ready.release()
    box.put(b"x" * 300_000)


@stuck(
    "M21",
    "root worker worker",
    ["semaphore: value 0", "simple-queue: many bytes in its pipe, 2 waiting writers"],
    ["a: simple-queue", "b: simple-queue"],
)
def two_with_more_than_the_pipe_takes(c):
    box, ready = c.SimpleQueue(), c.Semaphore(0)
    pair = [hire(c, _put_much, box, ready, name=name) for name in "ab"]
    for _ in pair:
        ready.acquire()
    for one in pair:
        one.join()
    box.get()


@stuck("M24", stacks=True)
def a_dummy_that_says_not_done(c):
    jobs = multiprocessing.dummy.JoinableQueue()

    def work():
        while jobs.get():
            pass

    one = multiprocessing.dummy.Process(target=work)
    one.daemon = True
    one.start()
    jobs.put(1)
    jobs.join()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.line.recv()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def _serve(line, address):
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        server.line = line
        address.send(server.server_address)
        address.close()
        server.handle_request()


@stuck(None, "root worker", None, ["root: socket of web", "web: pipe of root"])
def a_web_server_that_asks_its_client(c):
    (hears, tells), (told, address) = c.Pipe(False), c.Pipe(False)
    hire(c, _serve, hears, address, name="web")
    hears.close()
    address.close()
    where = told.recv()
    told.close()
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://{where[0]}:{where[1]}/")
    tells.send(1)


def _take_two(tray):
    tray.get(), tray.get()


@stuck("M24", "manager root", ["manager: 1 client"], ["root: socket of SyncManager-1"], stacks=True)
def a_managers_queue_that_is_never_done(c):
    with c.Manager() as manager:
        tray = manager.JoinableQueue()
        tray.put(1)
        tray.put(2)
        hire(c, _take_two, tray).join()
        tray.join()


@stuck(None, "root", ["queue: 0 items, 2 waiting readers"], [], stacks=True)
def one_farewell_for_three_threads_of_ours(c):
    tray = c.Queue()

    def consume():
        while tray.get() is not None:
            pass

    crew = [threading.Thread(target=consume, name=f"consumer{n}") for n in range(3)]
    [one.start() for one in crew]
    tray.put(1)
    tray.put(None)
    [one.join() for one in crew]


@stuck(None, "root", ["executor: 1 thread"], stacks=True)
def a_job_that_waits_for_its_own_future(c):
    box = queue.Queue()
    with futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(lambda: box.get().result())
        box.put(future)
        future.result()


@stuck(None, "fork fork root", ["pipe: empty", "pipe: empty"], ["fork: pipe of root", "root: pipe"], fork=True)
def a_chain_of_forks_without_a_first_word(c):
    a, b = os.pipe(), os.pipe()
    if os.fork() == 0:
        if (inner := os.fork()) == 0:
            os.close(a[1])
            os.close(b[0])
            os.write(b[1], os.read(a[0], 1))
            os._exit(0)
        os.close(a[1]), os.close(a[0]), os.close(b[0])
        os.waitpid(inner, 0)
        os._exit(0)
    os.close(b[1])
    os.close(a[0])
    os.read(b[0], 1)
    os.write(a[1], b"x")


def _consume(tray):
    while tray.get() is not None:
        pass


@stuck("M36", "root worker", ["queue: 0 items, 1 waiting reader"], ["second: queue"])
def the_reader_was_killed_with_the_microphone(c):
    tray = c.Queue()
    first = hire(c, _consume, tray, name="first")
    while tray._rlock._semlock._get_value():
        time.sleep(0.01)
    second = hire(c, _consume, tray, name="second")
    os.kill(first.pid, signal.SIGKILL)
    first.join()
    second.join()


class Cached:
    def __init__(self):
        self._mutex = threading.Lock()

    @property
    def value(self):
        with self._mutex:
            return 1

    def __repr__(self):
        with self._mutex:
            return f"<{self.value}>"


@stuck("M44", "root", ["executor: 1 thread"], stacks=True)
def a_repr_that_asks_a_property(c):
    with futures.ThreadPoolExecutor(1, "shower") as pool:
        print(pool.submit(repr, Cached()).result())


# -- locks of threads -------------------------------------------------------------------------


class Sage(threading.Thread):
    def __init__(self, left, right, gate):
        super().__init__()
        self.left, self.right, self.gate = left, right, gate

    def run(self):
        while True:
            with self.left:
                self.gate.wait()
                with self.right:
                    pass


@stuck("M43", stacks=True)
def sages_with_attributes(c):
    forks, gate = [threading.Lock() for _ in range(3)], threading.Barrier(3)
    table = [Sage(forks[n], forks[(n + 1) % 3], gate) for n in range(3)]
    [one.start() for one in table]
    [one.join() for one in table]


class Eater:
    def __init__(self, n, forks, gate):
        self.n, self.forks, self.gate = n, forks, gate

    def dine(self):
        first, second = self.forks[self.n], self.forks[(self.n + 1) % len(self.forks)]
        first.acquire()
        self.gate.wait()
        second.acquire()
        print("eats")
        second.release()
        first.release()


@stuck("M43", stacks=True)
def eaters_with_locals(c):
    forks, gate = [threading.Lock() for _ in range(3)], threading.Barrier(3)
    table = [threading.Thread(target=Eater(n, forks, gate).dine) for n in range(3)]
    [one.start() for one in table]
    [one.join() for one in table]


FORKS = [threading.Lock() for _ in range(3)]


GATE = threading.Barrier(3)


def philosopher(i):
    with FORKS[i]:
        GATE.wait()
        with FORKS[(i + 1) % 3]:
            pass


@stuck("M43", stacks=True)
def forks_in_a_list(c):
    table = [threading.Thread(target=philosopher, args=(n,)) for n in range(3)]
    [one.start() for one in table]
    [one.join() for one in table]


class Account:
    def __init__(self, balance):
        self.balance = balance
        self.lock = threading.Lock()


def transfer(source, target, amount, gate):
    with source.lock:
        gate.wait()
        with target.lock:
            source.balance -= amount
            target.balance += amount


@stuck("M43", stacks=True)
def two_transfers(c):
    a, b, gate = Account(1), Account(2), threading.Barrier(2)
    pair = [
        threading.Thread(target=transfer, args=(a, b, 1, gate)),
        threading.Thread(target=transfer, args=(b, a, 1, gate)),
    ]
    [one.start() for one in pair]
    [one.join() for one in pair]


class Bank:
    lock = threading.Lock()

    def audit(self):
        with Bank.lock:
            return self.total()

    def total(self):
        with self.lock:
            return 0


@stuck("M44", stacks=True)
def a_lock_of_the_class(c):
    Bank().audit()


class Cache:
    def __init__(self):
        self._locks = {"a": threading.Lock(), "b": threading.Lock()}

    def put(self, key):
        with self._locks[key]:
            self.get(key)

    def get(self, name):
        with self._locks[name]:
            return 1


@stuck("M44", stacks=True)
def locks_in_a_dict(c):
    Cache().put("a")


class Shelf:
    def __init__(self, lock):
        self.lock = lock

    def size(self):
        with self.lock:
            return 1


class Library:
    def __init__(self):
        self.guard = threading.Lock()
        self.shelf = Shelf(self.guard)

    def count(self):
        with self.guard:
            return self.shelf.size()


@stuck("M44", stacks=True)
def a_lock_by_two_names(c):
    Library().count()


class Slotted:
    __slots__ = ("mutex", "other")

    def __init__(self, mutex, other):
        self.mutex, self.other = mutex, other

    def go(self, gate):
        with self.mutex:
            gate.wait()
            with self.other:
                pass


@stuck("M43", stacks=True)
def slots_with_locks(c):
    a, b, gate = threading.Lock(), threading.Lock(), threading.Barrier(2)
    pair = [threading.Thread(target=Slotted(*two).go, args=(gate,)) for two in ((a, b), (b, a))]
    [one.start() for one in pair]
    [one.join() for one in pair]


@stuck("M43", stacks=True)
def rlocks_in_a_circle(c):
    a, b, gate = threading.RLock(), threading.RLock(), threading.Barrier(2)

    def go(first, second):
        with first:
            gate.wait()
            with second:
                pass

    pair = [threading.Thread(target=go, args=two) for two in ((a, b), (b, a))]
    [one.start() for one in pair]
    [one.join() for one in pair]


class Counter:
    def __init__(self):
        self._lock = threading.Lock()
        self.changed = threading.Condition(self._lock)

    def add(self):
        with self._lock:
            self.told()

    def told(self):
        with self.changed:
            self.changed.notify_all()


@stuck("M44", stacks=True)
def a_condition_over_the_same_lock(c):
    Counter().add()


class Node:
    def __init__(self, behind):
        self.lock, self.next = threading.Lock(), behind


class Chain:
    def __init__(self):
        self.head = None
        for _ in range(3):
            self.head = Node(self.head)

    def walk(self):
        node = self.head
        node.lock.acquire()
        while node.next is not None:
            before = node
            node = node.next
            node.lock.acquire()
            before.lock.release()
        node.lock.release()


@stuck(None, stacks=True)
def hand_over_hand(c):
    """Somebody went home with the lock in the middle."""
    chain = Chain()
    one = threading.Thread(target=chain.head.next.lock.acquire)
    one.start()
    one.join()
    chain.walk()


@stuck(None, stacks=True)
def one_name_after_the_other(c):
    a, b = threading.Lock(), threading.Lock()
    one = threading.Thread(target=b.acquire)
    one.start()
    one.join()
    lock = a
    lock.acquire()
    lock = b
    lock.acquire()


LOCKS = [threading.Lock() for _ in range(3)]


@stuck(None, stacks=True)
def all_of_a_list(c):
    one = threading.Thread(target=LOCKS[1].acquire)
    one.start()
    one.join()
    i = 0
    LOCKS[i].acquire()
    i += 1
    LOCKS[i].acquire()


# -- functions within functions ---------------------------------------------------------------


@stuck("M43", stacks=True)
def two_closures_in_a_circle(c):
    a, b = threading.Lock(), threading.Lock()
    met = threading.Barrier(2)

    def first():
        with a:
            met.wait()
            with b:
                pass

    def second():
        with b:
            met.wait()
            with a:
                pass

    pair = [threading.Thread(target=first), threading.Thread(target=second)]
    [one.start() for one in pair]
    [one.join() for one in pair]


@stuck("M44", stacks=True)
def a_closure_that_calls_another(c):
    lock = threading.Lock()

    def inner():
        with lock:
            pass

    def outer():
        with lock:
            inner()

    one = threading.Thread(target=outer)
    one.start()
    one.join()


@stuck(None, stacks=True)
def the_main_program_calls_a_closure(c):
    """M44, and what a function has for those within it no stack shows."""
    lock = threading.Lock()

    def inner():
        with lock:
            pass

    with lock:
        inner()


@stuck("M22", "root", ["executor: 2 threads"], stacks=True)
def jobs_that_read_a_simple_queue(c):
    tray = queue.SimpleQueue()

    def work():
        while (item := tray.get()) is not None:
            print(item)

    pool = futures.ThreadPoolExecutor(2)
    jobs = [pool.submit(work) for _ in range(2)]
    [one.result() for one in jobs]


@stuck("M43", "root", ["executor: 2 threads"], stacks=True)
def jobs_of_closures(c):
    a, b, met = threading.Lock(), threading.Lock(), threading.Barrier(2)

    def job(first, second):
        def inside():
            with second:
                return 1

        with first:
            met.wait()
            return inside()

    with futures.ThreadPoolExecutor(2) as pool:
        [one.result() for one in [pool.submit(job, a, b), pool.submit(job, b, a)]]


@stuck("M44", stacks=True)
def two_calls_with_locks_of_their_own(c):
    """Each has another lock, by the same name."""

    def call(keeps):
        lock = threading.Lock()

        def keep():
            with lock:
                threading.Event().wait()

        def want():
            with lock:
                pass

        one = threading.Thread(target=keep if keeps else want, daemon=True)
        one.start()
        return one

    call(True)
    call(False).join()
    ONE.acquire()
    ONE.acquire()


ONE = threading.Lock()


if __name__ == "__main__":
    main(globals())
