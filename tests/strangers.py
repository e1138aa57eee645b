"""Programs in the manner of strangers, each with its truth by hand: ``python strangers.py NAME METHOD`` runs one.

They are to the eye what learners' unforeseen answers are to the labs: written to hang, or to look as if, in ways and
styles that nobody had in mind. ``@stuck(mistake, …)`` and ``@goes_on(answer, …)`` say what must be told when a program
has come to where its docstring says: the answer, the catalogue's mistake or None, roles, objects and waits of main
threads, each in the words of ``inspected``. Standard library only, 3.10+; run from the command line, as strangers do.
"""

# mypy: ignore-errors
import _multiprocessing
import _thread
import asyncio
import concurrent.futures as futures
import contextlib
import fcntl
import functools
import hashlib
import itertools
import mmap
import multiprocessing as mp
import multiprocessing.pool
import os
import queue
import sched
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing import connection, shared_memory

TRUTH = {}


@dataclass(frozen=True)
class Truth:
    """What must be told. ``stacks``: the mistake, or the answer, is known by Python's stacks only."""

    stuck: bool | None
    mistake: str | None
    """Where there are several standstills at once, the mistake of each, with spaces between."""
    roles: list
    objects: list
    waits: list
    stacks: bool
    fork: bool
    file: str = __file__
    """Where the program is."""
    right: tuple = ()
    """Where several answers are right: all of them."""
    fits: tuple | None = None
    """Where it is not one mistake that must be named: those that may be."""
    stands: bool = False
    """With ``fits``: whether anybody stands still, and a diagnosis may be given."""

    inside: list | None = None
    """What threads other than the main ones wait for, where that is compared."""

    @property
    def answers(self):
        return self.right or (self.stuck,)


def _note(stuck_, mistake, roles, objects, waits, stacks, fork):
    def note(program):
        TRUTH[program.__name__] = Truth(
            stuck_,
            mistake,
            sorted(roles.split()),
            None if objects is None else sorted(objects),
            None if waits is None else sorted(waits),
            stacks,
            fork,
            program.__code__.co_filename,
        )
        return program

    return note


def stuck(mistake=None, roles="root", objects=(), waits=(), stacks=False, fork=False):
    """It stands for ever. ``fork``: it makes its processes by fork, whatever it is told."""
    return _note(True, mistake, roles, objects, waits, stacks, fork)


def goes_on(answer=False, roles="root", objects=(), waits=(), stacks=False, fork=False, mistake=None):
    """It does not. ``answer`` is None where only what lies outside of the program could tell.

    ``mistake`` is that of others than the program itself, who stand still.
    """
    return _note(answer, mistake, roles, objects, waits, stacks, fork)


# -- locks ----------------------------------------------------------------------------


class Account:
    def __init__(self, c):
        self.guard = c.RLock()
        self.balance = 100


class Transfer:
    """Callable, so that it is a target of its own."""

    def __init__(self, source, target, meet):
        self.source, self.target, self.meet = source, target, meet

    def __call__(self):
        with self.source.guard, self.meeting(), self.target.guard: self.source.balance -= 1  # fmt: skip

    @contextlib.contextmanager
    def meeting(self):
        self.meet.wait()
        yield


@stuck(
    "M43",
    "root worker worker",
    ["barrier: 0 of 2 waiting at it", "rlock: held, 1 waiting", "rlock: held, 1 waiting"],
    ["a: rlock of b", "b: rlock of a"],
)
def transfers_in_one_line(c):
    x, y, meet = Account(c), Account(c), c.Barrier(2)
    tellers = [c.Process(target=Transfer(*pair, meet), name=n) for n, pair in (("a", (x, y)), ("b", (y, x)))]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()


class Philosopher(mp.Process):
    """By the context that is the default: a subclass of Process knows no other."""

    def __init__(self, seat, forks, hungry):
        super().__init__(name=f"p{seat}")
        self.own = [forks[seat], forks[(seat + 1) % len(forks)]]
        self.hungry = hungry

    def run(self):
        with contextlib.ExitStack() as hands:
            for fork in self.own:
                hands.enter_context(fork)
                self.hungry.wait()


@stuck(
    "M43",
    "root worker worker worker worker",
    ["barrier: 0 of 4 waiting at it", *["lock: held, 1 waiting"] * 4],
    ["p0: lock of p1", "p1: lock of p2", "p2: lock of p3", "p3: lock of p0"],
)
def four_philosophers(c):
    mp.set_start_method(c.get_start_method(), force=True)
    forks, hungry = [mp.Lock() for _ in range(4)], mp.Barrier(4)
    table = [Philosopher(seat, forks, hungry) for seat in range(4)]
    [one.start() for one in table]
    [one.join() for one in table]


def guarded(method):
    @functools.wraps(method)
    def inner(self, *args):
        with self._lock:
            return method(self, *args)

    return inner


class Ledger:
    """Each method takes the lock, and one calls another."""

    def __init__(self, lock):
        self._lock = lock
        self.lines = []

    @guarded
    def add(self, line):
        self.lines.append(line)

    @guarded
    def add_all(self, lines):
        for line in lines:
            self.add(line)


@stuck("M44", "root worker", ["lock: held, 1 waiting"], ["clerk: lock"])
def a_decorated_method_calls_another(c):
    ledger = Ledger(c.Lock())
    clerk = c.Process(target=ledger.add_all, args=("ab",), name="clerk")
    clerk.start()
    clerk.join()


@stuck(None, stacks=True)
def a_thread_lock_twice_in_one_line(c):
    """M44, and which of the two takings the line waits in, no stack says: somebody else could have the lock."""
    lock = threading.Lock()
    with lock: lock.acquire()  # fmt: skip


class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.items = {}

    def __getitem__(self, key):
        with self.lock: return self.items[key]  # fmt: skip

    def update(self, key):
        self.lock.acquire()
        try:
            self.items[key] = self[key] + 1
        finally:
            self.lock.release()


@stuck("M44", stacks=True)
def a_registry_looks_into_itself(c):
    registry = Registry()
    registry.items["x"] = 1
    worker = threading.Thread(target=registry.update, args=("x",))
    worker.start()
    worker.join()


@stuck("M43", "root", ["pool: 2 threads"], stacks=True)
def a_pool_of_threads_goes_round(c):
    left, right, both = threading.Lock(), threading.Lock(), threading.Barrier(2)

    def job(first, second):
        with first:
            both.wait()
            with second:
                return 1

    with multiprocessing.pool.ThreadPool(2) as pool:
        pool.starmap(job, [(left, right), (right, left)])


def _leave_locked(lock):
    lock.acquire()
    os._exit(1)


@stuck(None, "root worker", ["lock: held by nobody who is alive, 1 waiting"], ["next: lock"])
def a_grandchild_took_the_lock_with_it(c):
    """Who left it locked was collected by its own parent."""
    lock = c.Lock()
    _run_in_turn(c, functools.partial(_hire_and_join, c.get_start_method(), _leave_locked, lock))
    after = c.Process(target=_borrow, args=(lock,), name="next")
    after.start()
    after.join()


def _hire_and_join(method, target, *args):
    child = mp.get_context(method).Process(target=target, args=args)
    child.start()
    child.join()


def _run_in_turn(c, *targets):
    for target in targets:
        one = c.Process(target=target)
        one.start()
        one.join()


@stuck("M44", objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_named_semaphore_of_ones_own(c):
    """As multiprocessing makes them, by the class below its Lock, with a name that stays until it is unlinked."""
    name = f"/stranger-{os.getpid()}"
    lock = _multiprocessing.SemLock(1, 1, 1, name, False)
    _multiprocessing.sem_unlink(name)
    lock.acquire()
    lock.acquire()


@stuck(
    None,
    "root fork",
    ["file-lock: locked, 1 waiting", "pipe: empty", "pipe: empty"],
    ["fork: pipe of root", "root: file-lock of fork"],
    fork=True,
)
def a_file_lock_whose_holder_is_joined_by_pipe(c):
    """The child keeps the lock until it is told to go; the program wants the lock before it says so."""
    with tempfile.TemporaryFile() as file:
        hears, tells = os.pipe()
        back, there = os.pipe()
        if os.fork() == 0:
            own = open(f"/proc/self/fd/{file.fileno()}", "rb+")  # noqa: SIM115
            fcntl.lockf(own, fcntl.LOCK_EX)
            os.write(there, b"held")
            os.close(tells)
            os.read(hears, 1)
            os._exit(0)
        os.close(hears)
        os.read(back, 4)
        os.close(back)
        os.close(there)
        fcntl.lockf(file, fcntl.LOCK_EX)
        os.write(tells, b"x")


@stuck(None, objects=["file-lock: locked, 1 waiting"], waits=["root: file-lock"])
def a_file_locked_by_two_openings(c):
    """flock belongs to what was opened, not to the process."""
    with tempfile.NamedTemporaryFile() as one, open(one.name, "rb") as other:
        fcntl.flock(one, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_EX)


@stuck(None, stacks=True)
def threads_join_each_other(c):
    ready = threading.Event()
    pair = []

    def join(other):
        ready.wait()
        pair[other].join()

    pair += [threading.Thread(target=join, args=(other,)) for other in (1, 0)]
    [one.start() for one in pair]
    ready.set()
    pair[0].join()


def _keep_in_thread(lock, taken):
    lock.acquire()
    taken.set()
    threading.Event().wait()


@stuck(None, objects=["rlock: held, 1 waiting"], waits=["root: rlock"])
def an_rlock_between_threads_of_one_process(c):
    lock, taken = c.RLock(), threading.Event()
    threading.Thread(target=_keep_in_thread, args=(lock, taken), daemon=True).start()
    taken.wait()
    lock.acquire()


@stuck(None)
def a_bare_lock_as_a_signal(c):
    """``_thread``: who should let it go failed before."""
    done, over = _thread.allocate_lock(), threading.Event()
    done.acquire()

    def work():
        try:
            raise ValueError
        except ValueError:
            over.set()
            return
        done.release()

    _thread.start_new_thread(work, ())
    over.wait()
    done.acquire()


class Logger:
    def __init__(self):
        self.writing = threading.Lock()

    def emit(self):
        with self.writing:
            return 1


@stuck("M19", "root worker", fork=True)
def forked_while_a_thread_logs(c):
    logger, inside, out = Logger(), threading.Event(), threading.Event()

    def log():
        with logger.writing:
            inside.set()
            out.wait()

    writer = threading.Thread(target=log)
    writer.start()
    inside.wait()
    child = mp.get_context("fork").Process(target=logger.emit)
    child.start()
    out.set()
    writer.join()
    child.join()


# -- conditions, barriers, events, semaphores --------------------------------------------


class Letterbox:
    def __init__(self, c):
        self.changed, self.full = c.Condition(), c.Value("b", 0, lock=False)

    def take(self):
        with self.changed:
            self.changed.wait_for(lambda: self.full.value)

    def drop(self):
        with self.changed: self.full.value = 1  # fmt: skip


@stuck(
    None,
    "root worker",
    ["arena: 4096 bytes", "condition: its lock is free, 1 waiting to be notified"],
    ["reader: condition"],
)
def changed_and_never_notified(c):
    box = Letterbox(c)
    reader = c.Process(target=box.take, name="reader")
    reader.start()
    while not _waiters(box.changed):
        time.sleep(0.01)
    box.drop()
    reader.join()


def _waiters(condition):
    return not condition._sleeping_count._semlock._is_zero()


@stuck(None, "root worker", ["condition: its lock is held, 1 waiting for it"], ["late: condition"])
def a_condition_whose_lock_the_joiner_keeps(c):
    changed = c.Condition()
    late = c.Process(target=_notify, args=(changed,), name="late")
    with changed:
        late.start()
        late.join()


def _notify(condition):
    with condition:
        condition.notify()


@stuck("M46", "root worker worker worker", ["barrier: 2 of 3 waiting at it"], ["a: barrier", "b: barrier"], fork=True)
def a_party_fails_before_the_barrier(c):
    c = mp.get_context("fork")
    start = c.Barrier(3)
    runners = [c.Process(target=_run_from, args=(start, name), name=name) for name in "abc"]
    [one.start() for one in runners]
    [one.join() for one in runners]


def _run_from(start, name):
    if name == "c":
        raise RuntimeError(name)
    start.wait()


@stuck("M46", "root", stacks=True)
def threads_at_a_barrier_one_of_which_failed(c):
    start = threading.Barrier(3)

    def run(n):
        with contextlib.suppress(ZeroDivisionError):
            1 / n
            start.wait()

    runners = [threading.Thread(target=run, args=(n,)) for n in range(3)]
    [one.start() for one in runners]
    [one.join() for one in runners]


def _wait_in_a_thread(event):
    inner = threading.Thread(target=event.wait)
    inner.start()
    inner.join()


@stuck(None, "root worker", ["event: not set, 1 waiting"])
def an_event_is_waited_for_in_a_workers_thread(c):
    event = c.Event()
    worker = c.Process(target=_wait_in_a_thread, args=(event,))
    worker.start()
    worker.join()


@stuck(None, "root worker", ["semaphore: value 0, 1 waiting"], ["w: semaphore of root"])
def a_semaphore_of_none(c):
    gate = c.Semaphore(0)
    worker = c.Process(target=_borrow, args=(gate,), name="w")
    worker.start()
    worker.join()


def _borrow(permits):
    permits.acquire()


@stuck(None, "root worker", ["semaphore: value 0, 1 waiting"], ["third: semaphore of root"])
def permits_that_are_never_given_back(c):
    permits = c.BoundedSemaphore(2)
    _run_in_turn(c, functools.partial(_borrow, permits), functools.partial(_borrow, permits))
    third = c.Process(target=_borrow, args=(permits,), name="third")
    third.start()
    third.join()


@stuck(None, stacks=True)
def a_thread_semaphore_of_none(c):
    class Gate(threading.Semaphore):
        pass

    threading.Thread(target=Gate(0).acquire).start()


@stuck(None, waits=["root: socket"])
def an_event_of_asyncio_nobody_sets(c):
    async def main():
        await asyncio.gather(asyncio.Event().wait(), asyncio.Queue().get())

    asyncio.run(main())


# -- queues ------------------------------------------------------------------------------


class Washer(threading.Thread):
    def __init__(self, dishes):
        super().__init__()
        self.dishes = dishes

    def run(self):
        while (dish := self.dishes.get()) is not None:
            dish.clear()


@stuck("M22", stacks=True)
def washers_who_are_not_sent_home(c):
    sink = queue.PriorityQueue()
    washers = [Washer(sink) for _ in range(3)]
    for washer in washers:
        washer.start()
    for washer in washers:
        washer.join()


class Cook:
    """Says done only when nothing was wrong."""

    def __init__(self, orders):
        self.orders = orders

    def work(self):
        for order in iter(self.orders.get, None):
            with contextlib.suppress(ValueError):
                int(order)
                self.orders.task_done()


@stuck(
    "M24",
    "root worker",
    ["joinable-queue: 0 items, 1 not done, 1 waiting reader, 1 waiting until all is done"],
    ["cook: joinable-queue", "root: joinable-queue"],
)
def an_order_that_could_not_be_read(c):
    orders = c.JoinableQueue()
    cook = c.Process(target=Cook(orders).work, name="cook", daemon=True)
    cook.start()
    for order in ("1", "two", "3"):
        orders.put(order)
    orders.join()


@stuck("M24", stacks=True)
def a_thread_queue_is_joined_before_anybody_reads(c):
    jobs = queue.Queue()
    jobs.put(1)
    jobs.join()


def _cross(mine, theirs):
    theirs.put(1)
    theirs.put(2)
    mine.get()


@stuck(
    "M28",
    "root worker worker",
    ["queue: 1 item of 1, 9 bytes in its pipe, 1 waiting writer"] * 2,
    ["x: queue", "y: queue"],
)
def two_who_fill_each_others_tray(c):
    a, b = c.Queue(1), c.Queue(1)
    pair = [c.Process(target=_cross, args=args, name=name) for name, args in (("x", (a, b)), ("y", (b, a)))]
    [one.start() for one in pair]
    [one.join() for one in pair]


class Report:
    def __init__(self, out):
        self.out = out

    def __call__(self, rows):
        for row in rows:
            self.out.put(bytes(row))


@stuck("M21", "root worker", ["queue: 1 item, many bytes in its pipe, 1 not sent yet"])
def a_report_that_is_read_too_late(c):
    out = c.Queue()
    with contextlib.ExitStack() as stack:
        clerk = c.Process(target=Report(out), args=([300_000],))
        clerk.start()
        stack.callback(out.get)
        stack.callback(clerk.join)


@stuck(None, objects=["simple-queue: many bytes in its pipe, 1 waiting writer"], waits=["root: simple-queue"])
def a_simple_queue_is_filled_by_who_should_read(c):
    box = c.SimpleQueue()
    for _ in itertools.count():
        box.put(b"x" * 50_000)


@stuck(None, "root worker", ["simple-queue: empty, 1 waiting reader"], ["root: simple-queue"])
def the_only_sender_sleeps_on_another_simple_queue(c):
    asks, answers = c.SimpleQueue(), c.SimpleQueue()
    worker = c.Process(target=_answer_all, args=(asks, answers), name="w")
    worker.start()
    answers.get()


def _answer_all(asks, answers):
    for ask in iter(asks.get, None):
        answers.put(ask)


TRUTH["the_only_sender_sleeps_on_another_simple_queue"] = Truth(
    True,
    None,
    ["root", "worker"],
    ["simple-queue: empty, 1 waiting reader", "simple-queue: empty, 1 waiting reader"],
    ["root: simple-queue", "w: simple-queue"],
    False,
    False,
)


@stuck(None, objects=["queue: 0 items, 1 waiting reader"], waits=["root: queue"])
def the_only_producer_failed(c):
    results = c.Queue()
    worker = c.Process(target=_fail, args=(results,))
    worker.start()
    worker.join()
    print(results.get())


def _fail(results):
    raise SystemExit("nothing to tell")


@stuck(None)
def a_future_nobody_fulfils(c):
    class Promise(futures.Future):
        pass

    Promise().result()


@stuck(None, "root", ["executor: 2 threads"], stacks=True)
def jobs_that_wait_for_jobs_behind_them(c):
    pool = futures.ThreadPoolExecutor(2)
    begun = threading.Barrier(2)

    def outer():
        begun.wait()
        return list(futures.as_completed([pool.submit(int)]))

    futures.wait([pool.submit(outer), pool.submit(outer)])


def _give(event):
    global given
    given = event


def _wait_given(_):
    given.wait()


@stuck(None, "root worker worker", ["event: not set, 2 waiting", "pool: 2 workers, 1 job not finished"], stacks=True)
def a_pools_jobs_wait_for_an_event(c):
    with c.Pool(2, _give, (c.Event(),)) as pool:
        for _ in pool.imap_unordered(_wait_given, range(2)):
            pass


def _submit_again(_):
    return inherited.submit(int).result()


def _apply_again(_):
    return inherited.apply_async(int).get()


@stuck("M19", "root worker", ["executor: 1 worker, 1 task not finished"], stacks=True, fork=True)
def a_job_that_hires_from_the_executor_it_inherited(c):
    """Its first job was handed in, and its worker forked, with the executor's own lock held."""
    global inherited
    inherited = futures.ProcessPoolExecutor(1, mp_context=mp.get_context("fork"))
    inherited.submit(_submit_again, 0).result()


class Server:
    def __init__(self, pool):
        self.pool = pool

    def ask(self):
        return self.pool.apply_async(_double, (21,)).get()


def _double(n):
    return 2 * n


@stuck(None, "root worker worker", ["pool: 1 worker"], stacks=True, fork=True)
def a_worker_asks_the_pool_it_inherited(c):
    c = mp.get_context("fork")
    pool = c.Pool(1)
    pool.apply(_double, (1,))
    asker = c.Process(target=Server(pool).ask, name="asker")
    asker.start()
    asker.join()


# -- pipes, sockets, programs --------------------------------------------------------------


class Listener(mp.Process):
    """Keeps both ends as attributes, and so both come with it."""

    def __init__(self, context):
        super().__init__(name="ear")
        self.hears, self.tells = context.Pipe(duplex=False)

    def run(self):
        with contextlib.suppress(EOFError):
            while True:
                self.hears.recv()


@stuck("M56", "root worker", ["pipe: empty"], ["ear: pipe"])
def a_listener_with_both_ends(c):
    mp.set_start_method(c.get_start_method(), force=True)
    ear = Listener(c)
    ear.start()
    ear.tells.send(1)
    ear.hears.close()
    ear.tells.close()
    ear.join()


@stuck("M56", "root fork", ["pipe: empty"], ["fork: pipe"], fork=True)
def a_bare_fork_that_reads_to_the_end(c):
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        with open(reads, "rb") as file:
            os._exit(len(file.read()))
    os.close(reads)
    os.write(writes, b"x")
    os.close(writes)
    os.waitpid(child, 0)


@stuck("M55", "root worker", ["socket: nothing to be read"] * 2, ["root: socket of w", "w: socket of root"])
def both_are_polite(c):
    """Over a socket with a name, whose listener is gone by now."""
    with tempfile.TemporaryDirectory() as folder:
        worker = c.Process(target=_accept_and_hear, args=(f"{folder}/s",), name="w", daemon=True)
        worker.start()
        while not os.path.exists(f"{folder}/s"):
            time.sleep(0.01)
        line = connection.Client(f"{folder}/s", "AF_UNIX")
        line.recv()


def _accept_and_hear(address):
    with connection.Listener(address, "AF_UNIX") as listener:
        line = listener.accept()
    line.recv()


def _hear(line):
    line.recv()


@stuck(None, "root worker", ["pipe: empty"], ["w: pipe of root"])
def told_to_go_after_it_has_gone(c):
    hears, tells = c.Pipe(duplex=False)
    worker = c.Process(target=_hear, args=(hears,), name="w")
    worker.start()
    hears.close()
    worker.join()
    tells.send("go")


@stuck(None, "root program", ["pipe: many bytes in it"] * 2, ["program: pipe of root", "root: pipe of program"])
def feeds_a_filter_and_does_not_read(c):
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
        cat.stdin.write(b"x" * 1_000_000)


@stuck(
    None, "root program", ["pipe: empty", "pipe: many bytes in it"], ["program: pipe of root", "root: pipe of program"]
)
def reads_one_pipe_while_the_other_is_full(c):
    talk = "import sys; sys.stderr.write('x' * 300_000); print('done')"
    child = subprocess.Popen([sys.executable, "-c", talk], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child.stdout.read()


@stuck("M21", "root program", ["pipe: many bytes in it"], ["program: pipe of root"])
def checks_a_program_that_prints_much(c):
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(["seq", "1", "99999"], stdout=subprocess.PIPE, stderr=errors)
        while child.wait():
            pass


@stuck(
    None,
    "root manager worker worker",
    ["manager: 2 clients"],
    ["a: socket of SyncManager-1", "b: socket of SyncManager-1"],
    stacks=True,
)
def locks_of_a_manager_in_a_circle(c):
    """Which client has which, the manager does not note down."""
    with c.Manager() as manager:
        a, b, meet = manager.Lock(), manager.Lock(), manager.Barrier(2)
        pair = [c.Process(target=_nest, args=(*args, meet), name=n) for n, args in (("a", (a, b)), ("b", (b, a)))]
        [one.start() for one in pair]
        [one.join() for one in pair]


def _nest(first, second, meet):
    with first:
        meet.wait()
        with second:
            pass


# -- slow, idle, or waiting for what lies outside ----------------------------------------


@goes_on(objects=["listener: "])
def a_server_with_a_client_to_come(c):
    """The client sleeps first."""
    server = socket.create_server(("127.0.0.1", 0))
    client = threading.Thread(target=_call_late, args=(server.getsockname(),), daemon=True)
    client.start()
    server.accept()


def _call_late(address):
    time.sleep(600)
    socket.create_connection(address)


TRUTH["a_server_with_a_client_to_come"] = Truth(
    None, None, ["root"], ["listener: of the network"], ["root: listener"], False, False
)


@goes_on(None, "root worker", ["socket: nothing to be read"] * 2, ["root: socket of w", "w: socket of root"][:1])
def a_selector_with_a_slow_partner(c):
    here, there = socket.socketpair()
    worker = c.Process(target=_nap, args=(there,), name="w", daemon=True)
    worker.start()
    there.close()
    with selectors.DefaultSelector() as watch:
        watch.register(here, selectors.EVENT_READ)
        watch.select()


TRUTH["a_selector_with_a_slow_partner"] = Truth(
    False, None, ["root", "worker"], ["socket: nothing to be read"] * 2, ["root: socket of w"], False, False
)


def _nap(*_kept):
    time.sleep(600)


@goes_on(roles="root worker worker", objects=["pool: 2 workers"])
def a_pool_between_two_tasks(c):
    with c.Pool(2) as pool:
        pool.apply_async(_double, (1,)).get()
        time.sleep(600)


@goes_on()
def a_long_computation_in_c(c):
    hashlib.pbkdf2_hmac("sha256", b"x", b"y", 1_000_000_000)


@goes_on(None, "root worker", ["lock: held, 1 waiting"], ["w: lock of root"])
def holds_a_lock_until_it_is_told(c):
    lock = c.Lock()
    with lock:
        worker = c.Process(target=_borrow, args=(lock,), name="w", daemon=True)
        worker.start()
        sys.stdin.readline()


TRUTH["holds_a_lock_until_it_is_told"] = Truth(
    None, None, ["root", "worker"], ["lock: held, 1 waiting"], ["root: pipe", "w: lock of root"], False, False
)


@goes_on(roles="root worker worker", objects=["barrier: 1 of 2 waiting at it"], waits=["early: barrier"])
def a_barrier_with_a_late_party(c):
    gate = c.Barrier(2)
    both = [c.Process(target=_arrive, args=(gate, s), name=n) for n, s in (("early", 0), ("late", 600))]
    [one.start() for one in both]
    [one.join() for one in both]


def _arrive(gate, seconds):
    time.sleep(seconds)
    gate.wait()


@goes_on(stacks=True)
def a_condition_that_is_notified_late(c):
    """Which thread will notify, no stack tells."""
    changed = threading.Condition()

    def late():
        time.sleep(600)
        with changed:
            changed.notify()

    threading.Thread(target=late, daemon=True).start()
    with changed:
        changed.wait()


TRUTH["a_condition_that_is_notified_late"] = Truth(None, None, ["root"], [], [], False, False)


@goes_on(roles="root manager worker", objects=["manager: 1 client"], waits=["r: socket of SyncManager-1"])
def a_managers_queue_with_a_slow_producer(c):
    with c.Manager() as manager:
        box = manager.Queue()
        reader = c.Process(target=box.get, name="r")
        reader.start()
        time.sleep(600)
        box.put(1)


@goes_on(roles="root worker worker worker", objects=["pipe: empty"], waits=["third: pipe of fourth"])
def a_chain_of_joins_that_ends_in_a_sleeper(c):
    """The program waits for the second, that for the third, which reads what the fourth will send."""
    second = c.Process(target=_second, args=(c.get_start_method(),), name="second")
    second.start()
    second.join()


TRUTH["a_chain_of_joins_that_ends_in_a_sleeper"] = Truth(
    False, None, ["root", "worker", "worker", "worker"], ["pipe: empty"], ["third: pipe of fourth"], False, False
)


def _second(method):
    c = mp.get_context(method)
    hears, tells = c.Pipe(duplex=False)
    c.Process(target=_nap, args=(tells,), name="fourth").start()
    tells.close()
    third = c.Process(target=_hear, args=(hears,), name="third")
    third.start()
    hears.close()
    third.join()


@goes_on(
    roles="root program program",
    objects=["pipe: empty", "pipe: empty"],
    waits=["program: pipe of program", "root: pipe of program"],
)
def a_slow_pipeline(c):
    with subprocess.Popen("sleep 600 | cat", shell=True, stdout=subprocess.PIPE) as shell:
        shell.stdout.read()


TRUTH["a_slow_pipeline"] = Truth(
    False,
    None,
    ["program", "program", "program", "root"],
    ["pipe: empty", "pipe: empty"],
    ["program: pipe of program", "root: pipe"],
    False,
    True,
)


@goes_on(None)
def reads_lines_in_a_thread(c):
    lines = queue.Queue()
    threading.Thread(target=lambda: [lines.put(line) for line in sys.stdin], daemon=True).start()
    for _ in iter(lines.get, None):
        pass


@goes_on()
def a_schedule(c):
    plan = sched.scheduler()
    plan.enter(600, 1, print)
    plan.run()


@goes_on()
def a_timer_that_makes_the_next(c):
    def tick():
        timer = threading.Timer(0.05, tick)
        timer.start()

    tick()
    while True:
        time.sleep(0.2)


@goes_on(roles="root worker", objects=["shared-memory: 8 bytes"])
def waits_for_a_flag_in_shared_memory(c):
    segment = shared_memory.SharedMemory(create=True, size=8)
    worker = c.Process(target=_until_set, args=(segment.name,))
    try:
        worker.start()
        worker.join(600)
    finally:
        segment.unlink()


def _until_set(name):
    segment = shared_memory.SharedMemory(name)
    while not segment.buf[0]:
        time.sleep(0.001)


@goes_on(roles="root worker worker", objects=["lock: held, 1 waiting"], waits=["w: lock of keeper"])
def the_lock_of_an_orphan(c):
    """Who holds it has lost its parent, and sleeps."""
    lock, ready = c.Lock(), c.SimpleQueue()
    middle = c.Process(target=_hire_keeper, args=(c.get_start_method(), lock, ready))
    middle.start()
    ready.get()
    middle.join()
    worker = c.Process(target=_borrow, args=(lock,), name="w")
    worker.start()
    worker.join()


def until_held(lock):
    """Ends when somebody else has the lock."""
    while lock.acquire(block=False):
        lock.release()
        time.sleep(0.01)


def _hire_keeper(method, lock, ready):
    keeper = mp.get_context(method).Process(target=_keep_long, args=(lock, ready), name="keeper")
    keeper.start()
    ready.put(None) if keeper.pid < 0 else None
    until_held(lock)
    os._exit(0)


def _keep_long(lock, ready):
    with lock:
        ready.put(1)
        time.sleep(600)


TRUTH["the_lock_of_an_orphan"] = Truth(
    False,
    None,
    ["root", "worker", "worker"],
    ["lock: held, 1 waiting", "simple-queue: empty"],
    ["w: lock of worker"],
    False,
    False,
)


@goes_on(stacks=True, objects=["executor: 1 thread"], waits=["root: socket"])
def asyncio_beside_threads(c):
    async def main():
        box = asyncio.Queue()
        await asyncio.gather(asyncio.to_thread(time.sleep, 600), box.get())

    asyncio.run(main())


@goes_on(roles="root worker", objects=["queue: 0 items"])
def asks_again_and_again(c):
    box = c.Queue()
    c.Process(target=_nap, args=(box,), daemon=True).start()
    while True:
        with contextlib.suppress(queue.Empty):
            box.get(timeout=0.02)


@goes_on(roles="root worker worker", objects=["lock: held"])
def workers_take_turns(c):
    lock = c.Lock()
    turns = [c.Process(target=_take_turns, args=(lock,)) for _ in range(2)]
    [one.start() for one in turns]
    [one.join() for one in turns]


TRUTH["workers_take_turns"] = Truth(False, None, ["root", "worker", "worker"], None, None, False, False)
TRUTH["asks_again_and_again"] = Truth(False, None, ["root", "worker"], None, None, False, False)


def _take_turns(lock):
    while True:
        with lock:
            time.sleep(0.01)


@goes_on(None)
def a_signal_wakes_it(c):
    """Its own handler writes to a pipe of its own: the wake-up of many a server."""
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes)
    signal.signal(signal.SIGHUP, lambda *_: None)
    os.read(reads, 1)


TRUTH["a_signal_wakes_it"] = Truth(None, None, ["root"], ["pipe: empty"], ["root: pipe"], False, False)


@goes_on(roles="root fork", fork=True)
def a_futex_of_ones_own_in_shared_memory(c):
    """A spin on a shared map: no primitive at all."""
    flag = mmap.mmap(-1, 4096)
    if os.fork() == 0:
        time.sleep(600)
        flag[:4] = struct.pack("i", 1)
    while struct.unpack("i", flag[:4]) == (0,):
        time.sleep(0.005)


TRUTH["a_futex_of_ones_own_in_shared_memory"] = Truth(
    False, None, ["fork", "root"], ["shared-memory: 4096 bytes"], [], False, True
)


def hire(c, target, *args, name=None, daemon=True):
    """A process of that context, started; for programs in other files."""
    one = c.Process(target=target, args=args, name=name, daemon=daemon)
    one.start()
    return one


def sleep_long(*_):
    """Longer than any test; for programs in other files."""
    time.sleep(600)


def main(programs):
    """Runs one of these by its name."""
    signal.alarm(300)  # nothing of this outlives its test for long; on record as SIGALRM's default, no handler
    print(os.getpid(), flush=True)
    programs[sys.argv[1]](mp.get_context(sys.argv[2]))


if __name__ == "__main__":
    main(globals())
