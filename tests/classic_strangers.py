"""Programs as books and courses have them, see ``strangers``: ``python classic_strangers.py NAME METHOD`` runs one.

Each object in usages that are unusual and plausible; the classics, right and wrong; and what only looks as if it stood
still, beside a twin that does.
"""

# mypy: ignore-errors
import asyncio
import atexit
import collections
import concurrent.futures as futures
import contextlib
import contextvars
import fcntl
import http.server
import mmap
import multiprocessing as mp
import multiprocessing.managers
import multiprocessing.pool
import os
import pty
import queue
import sched
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from multiprocessing import connection, shared_memory

from strangers import goes_on, hire, main, sleep_long, stuck, until_held

# -- each object, as somebody else would use it ----------------------------------------------------


def _two_tokens(tokens, meet):
    with tokens:
        meet.wait()
        with tokens:
            pass


@stuck(
    None,
    "root worker worker worker",
    ["semaphore: value 0, 3 waiting", "barrier: 0 of 3 waiting at it"],
    ["a: semaphore", "b: semaphore", "c: semaphore"],
)
def a_pool_of_tokens_runs_dry(c):
    tokens, meet = c.BoundedSemaphore(3), c.Barrier(3)
    crew = [hire(c, _two_tokens, tokens, meet, name=name) for name in "abc"]
    [one.join() for one in crew]


def _after(go, tasks):
    go.wait()
    for _ in range(3):
        tasks.get()
        tasks.task_done()


@stuck(
    None,
    "root worker",
    [
        "joinable-queue: 3 items, many bytes in its pipe, 3 not sent yet, 3 not done, 1 waiting until all is done",
        "event: not set, 1 waiting",
    ],
    ["root: joinable-queue", "w: event"],
)
def all_is_to_be_done_before_the_start(c):
    """The feeder cannot send, either."""
    tasks, go = c.JoinableQueue(), c.Event()
    hire(c, _after, go, tasks, name="w")
    for _ in range(3):
        tasks.put(bytes(300_000))
    tasks.join()
    go.set()


def _until_three(changed, count):
    with changed:
        changed.wait_for(lambda: count.value >= 3)


def _one_more(changed, count):
    with changed:
        count.value += 1
        changed.notify_all()


@stuck(
    None,
    "root worker",
    ["arena: 4096 bytes", "condition: its lock is free, 1 waiting to be notified"],
    ["w: condition"],
)
def a_predicate_that_never_comes_true(c):
    changed, count = c.Condition(c.Lock()), c.RawValue("i")
    waiter = hire(c, _until_three, changed, count, name="w")
    for _ in range(2):
        hire(c, _one_more, changed, count).join()
    waiter.join()


def _meet(gate):
    gate.wait()


@stuck(
    None,
    "root worker worker",
    ["barrier: 1 of 2 waiting at it", "queue: 0 items, 1 waiting reader"],
    ["a: barrier", "b: queue"],
)
def the_action_of_a_barrier_waits(c):
    box = c.Queue()
    gate = c.Barrier(2, action=box.get)
    first = hire(c, _meet, gate, name="a")
    while not gate.n_waiting:
        time.sleep(0.01)
    second = hire(c, _meet, gate, name="b")
    first.join()
    second.join()


def _await(event):
    event.wait()


@stuck(None, "manager root worker", ["manager: 1 client"], ["w: socket of SyncManager-1"], stacks=True)
def an_event_of_a_manager(c):
    with c.Manager() as manager:
        news = manager.Event()
        hire(c, _await, news, name="w").join()


class Office(multiprocessing.managers.BaseManager):
    pass


Office.register("box", queue.Queue)


def _call_office(address):
    office = Office(address, authkey=b"books")
    office.connect()
    office.box().get()


@stuck(None, "manager root worker", ["manager: 1 client"], ["w: socket of Office-1"], stacks=True)
def an_office_over_tcp_with_a_key(c):
    office = Office(("127.0.0.1", 0), authkey=b"books", ctx=c)
    office.start()
    hire(c, _call_office, office.address, name="w").join()


def _attach(name, size):
    more = {"track": False} if sys.version_info >= (3, 13) else {}
    segment = shared_memory.SharedMemory(name, **more)
    rows = shared_memory.ShareableList(name=size)
    sleep_long(segment, rows)


@goes_on(roles="root worker", objects=["shared-memory: 100 bytes", "shared-memory: 66 bytes"])
def a_segment_and_a_list_in_two_processes(c):
    segment, rows = shared_memory.SharedMemory(create=True, size=100), shared_memory.ShareableList(["a", 1])
    signal.signal(signal.SIGTERM, lambda *_: (segment.unlink(), rows.shm.unlink(), os._exit(0)))
    hire(c, _attach, segment.name, rows.shm.name).join()


_kept = None


def _keep(thing):
    global _kept
    _kept = thing


def _await_kept(_):
    _kept.wait()


@stuck(None, "root worker worker", ["pool: 2 workers, 1 job not finished", "event: not set, 2 waiting"], stacks=True)
def the_first_of_any_order(c):
    with c.Pool(2, initializer=_keep, initargs=(c.Event(),)) as pool:
        next(pool.imap_unordered(_await_kept, range(3)))


@goes_on(roles="root worker", objects=["executor: 1 worker, 1 task not finished"])
def a_shutdown_that_cancels_what_is_not_begun(c):
    pool = futures.ProcessPoolExecutor(1, mp_context=c)
    running = pool.submit(time.sleep, 600)
    while not running.running():
        time.sleep(0.01)
    pool.shutdown(cancel_futures=True)


def _take_kept():
    with _kept:
        pass


def _nested(method, lock):
    with futures.ProcessPoolExecutor(1, mp.get_context(method), _keep, (lock,)) as pool:
        pool.submit(_take_kept).result()


@stuck(None, "root worker worker", ["lock: held, 1 waiting", "executor: 1 worker, 1 task not finished"], stacks=True)
def an_executor_in_a_worker_wants_our_lock(c):
    lock = c.Lock()
    with lock:
        hire(c, _nested, c.get_start_method(), lock, daemon=False).join()


def _within(pool):
    return pool.submit(int).result()


def _threads_within():
    pool = futures.ThreadPoolExecutor(1)
    return pool.submit(_within, pool).result()


@stuck(None, "root worker", ["executor: 1 worker, 1 task not finished", "executor: 1 thread"], stacks=True)
def a_pool_of_threads_in_a_pool_of_processes(c):
    with futures.ProcessPoolExecutor(1, mp_context=c) as pool:
        print(pool.submit(_threads_within).result())


_gate = threading.Lock()


def _log_in():
    with _gate:
        pass


@stuck("M44", stacks=True)
def a_lock_twice_through_a_context(c):
    with _gate:
        contextvars.copy_context().run(_log_in)


@goes_on(roles="program root", objects=["pipe: empty"], waits=None)
def a_loop_waits_for_the_output_of_a_program(c):
    async def work():
        program = await asyncio.create_subprocess_exec("sleep", "600", stdout=subprocess.PIPE)
        await program.communicate()

    asyncio.run(work())


@stuck(None, "program root", None, None, stacks=True)
def a_loop_waits_for_a_program_that_waits_for_input(c):
    async def work():
        program = await asyncio.create_subprocess_exec("cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        await program.wait()

    asyncio.run(work())


@stuck(None, objects=["executor: 1 thread"], waits=["root: socket"], stacks=True)
def a_loop_waits_for_a_queue_of_threads(c):
    async def work():
        await asyncio.get_running_loop().run_in_executor(None, queue.Queue().get)

    asyncio.run(work())


def _on_signal(*_):
    with _gate:
        pass


@stuck("M44", stacks=True)
def a_handler_takes_the_lock_of_whom_it_interrupts(c):
    signal.signal(signal.SIGUSR1, _on_signal)
    with _gate:
        signal.raise_signal(signal.SIGUSR1)


@stuck("M44", objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_handler_takes_the_lock_between_processes(c):
    lock = c.Lock()
    signal.signal(signal.SIGUSR2, lambda *_: lock.acquire())
    with lock:
        os.kill(os.getpid(), signal.SIGUSR2)


def _consume(box):
    for _ in iter(box.get, None):
        pass


@stuck("M22", "root worker", ["queue: 0 items, 1 waiting reader"], ["w: queue"])
def the_last_join_is_at_exit(c):
    global _kept
    _kept = box = c.Queue()
    worker = hire(c, _consume, box, name="w", daemon=False)
    for number in range(3):
        box.put(number)
    atexit.register(worker.join)


@stuck("M56", "fork root", ["pipe: empty"], ["fork: pipe"], fork=True)
def a_child_by_hand_keeps_the_end_it_reads_from(c):
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        while os.read(reads, 512):
            pass
        os._exit(0)
    os.write(writes, b"all there is")
    os.close(writes)
    os.waitpid(child, 0)


def _daemonise(work):
    """The grandchild does the work, in a session of its own."""
    child = os.fork()
    if not child:
        os.setsid()
        if not os.fork():
            work()
        os._exit(0)
    os.waitpid(child, 0)


def _lock_file(path, tells, then=sleep_long):
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(tells, b"1")
        then()


@goes_on(roles="fork root", objects=["file-lock: locked, 1 waiting"], waits=["root: file-lock of fork"], fork=True)
def a_daemon_has_the_file(c):
    path, (hears, tells) = tempfile.mkstemp()[1], os.pipe()
    _daemonise(lambda: (os.close(hears), _lock_file(path, tells, lambda: (os.close(tells), sleep_long()))))
    os.read(hears, 1)
    os.close(tells)
    os.close(hears)
    with open(path) as file:
        os.unlink(path)
        fcntl.flock(file, fcntl.LOCK_SH)


@stuck(
    None,
    "fork root",
    ["file-lock: locked, 1 waiting", "pipe: empty"],
    ["fork: pipe of root", "root: file-lock of fork"],
    fork=True,
)
def a_daemon_has_the_file_and_waits_for_us(c):
    path, (hears, tells), (orders, order) = tempfile.mkstemp()[1], os.pipe(), os.pipe()

    def work():
        os.close(order)
        os.close(hears)
        _lock_file(path, tells, lambda: (os.close(tells), os.read(orders, 1)))

    _daemonise(work)
    os.read(hears, 1)
    [os.close(one) for one in (tells, hears, orders)]
    with open(path) as file:
        os.unlink(path)
        fcntl.flock(file, fcntl.LOCK_SH)
        os.write(order, b"1")


@goes_on(roles="fork root", objects=["memfd: 8192 bytes"], fork=True)
def two_map_a_file_of_memory(c):
    fd = os.memfd_create("board")
    os.ftruncate(fd, 8192)
    board = mmap.mmap(fd, 8192)
    child = os.fork()
    if not child:
        sleep_long(board)
    os.waitpid(child, 0)


@goes_on(None, "root worker", objects=None, waits=None)
def nobody_opens_the_fifo_yet(c):
    hire(c, sleep_long)
    path = os.path.join(tempfile.mkdtemp(), "post")
    os.mkfifo(path)
    with open(path) as file:
        file.read()


def _two_files(first, second, meet):
    with open(first, "w") as one, open(second, "w") as two:
        fcntl.flock(one, fcntl.LOCK_EX)
        meet.wait()
        fcntl.flock(two, fcntl.LOCK_EX)


@stuck(
    "M43",
    "root worker worker",
    ["barrier: 0 of 2 waiting at it", "file-lock: locked, 1 waiting", "file-lock: locked, 1 waiting"],
    ["a: file-lock of b", "b: file-lock of a"],
)
def two_files_crosswise(c):
    folder, meet = tempfile.mkdtemp(), c.Barrier(2)
    paths = [os.path.join(folder, name) for name in ("debit", "credit")]
    crew = [hire(c, _two_files, *paths, meet, name="a"), hire(c, _two_files, *paths[::-1], meet, name="b")]
    [one.join() for one in crew]


@stuck("M21", "program root", ["pipe: many bytes in it"], ["program: pipe of root"])
def a_program_whose_output_nobody_reads(c):
    subprocess.Popen([sys.executable, "-c", "print('x' * 10**6)"], stdout=subprocess.PIPE).wait()


@stuck(
    None,
    "program root",
    ["pipe: empty", "pipe: many bytes in it"],
    ["program: pipe of root", "root: pipe of program"],
)
def all_output_first_and_then_the_errors(c):
    code = "import sys; sys.stderr.write('x' * 10**6); print('done')"
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    print(program.stdout.read(), program.stderr.read())


class Mailbox:
    """Looks like one queue; is two, by who asks."""

    def __init__(self, c):
        self.ours, self.theirs = c.Queue(), c.Queue()

    def __enter__(self):
        self.ours, self.theirs = self.theirs, self.ours
        return self

    def __exit__(self, *_):
        pass

    def get(self):
        return self.ours.get()

    def put(self, item):
        self.theirs.put(item)


def _answer(box):
    with box:
        box.put(box.get())


@stuck(None, "root worker", ["queue: 0 items, 1 waiting reader"] * 2, ["root: queue", "w: queue"])
def a_mailbox_of_two_queues_where_both_listen(c):
    box = Mailbox(c)
    hire(c, _answer, box, name="w")
    box.get()
    box.put("hello")


def _echo(own, other):
    other.close()
    own.send(own.recv())


@stuck("M55", "root worker", ["socket: nothing to be read"] * 2, ["root: socket of w", "w: socket of root"])
def both_let_the_other_speak_first(c):
    ours, theirs = c.Pipe()
    hire(c, _echo, theirs, ours, name="w")
    theirs.close()
    print(ours.recv())


def _fails_inside(lock, go, held):
    lock.acquire()
    held.set()
    go.wait()
    raise SystemExit(7)


def _take(lock):
    with lock:
        pass


@stuck(
    "M42",
    "root worker worker",
    ["event: set", "event: set", "lock: held by nobody who is alive, 1 waiting"],
    ["second: lock"],
    fork=True,
)
def the_first_left_by_an_error(c):
    c = mp.get_context("fork")
    lock, go, held = c.Lock(), c.Event(), c.Event()
    hire(c, _fails_inside, lock, go, held, name="first")
    held.wait()
    second = hire(c, _take, lock, name="second")
    go.set()
    second.join()


@stuck(None, "root worker", ["rlock: held, 1 waiting"], ["w: rlock of root"])
def taken_twice_and_given_once(c):
    lock = c.RLock()
    lock.acquire()
    lock.acquire()
    worker = hire(c, _take, lock, name="w")
    lock.release()
    worker.join()


# -- the classics -------------------------------------------------------------------------------


def _dine(first, second, waiter=None, meet=None):
    while True:
        with waiter or contextlib.nullcontext(), first:
            if meet:
                meet.wait()
            with second:
                time.sleep(0.02)
        time.sleep(0.01)


@goes_on(roles="root worker worker worker", objects=None, waits=None)
def philosophers_of_whom_one_is_left_handed(c):
    forks = [c.Lock() for _ in range(3)]
    hands = [(forks[0], forks[1]), (forks[1], forks[2]), (forks[0], forks[2])]
    [one.join() for one in [hire(c, _dine, *pair) for pair in hands]]


@stuck(
    "M43",
    "root worker worker worker",
    ["barrier: 0 of 3 waiting at it", "semaphore: value 0", *["lock: held, 1 waiting"] * 3],
    ["p0: lock of p1", "p1: lock of p2", "p2: lock of p0"],
)
def a_waiter_who_lets_one_too_many_sit_down(c):
    forks, waiter, meet = [c.Lock() for _ in range(3)], c.Semaphore(3), c.Barrier(3)
    table = [hire(c, _dine, forks[n], forks[(n + 1) % 3], waiter, meet, name=f"p{n}") for n in range(3)]
    [one.join() for one in table]


def _read(mutex, room, readers):
    with mutex:
        readers.value += 1
        if readers.value == 1:
            room.acquire()
    # and goes home without a word


@stuck(
    None,
    "root worker",
    ["arena: 4096 bytes", "lock: free", "semaphore: value 0, 1 waiting"],
    ["writer: semaphore of root"],
)
def a_reader_who_left_the_light_on(c):
    mutex, room, readers = c.Lock(), c.Semaphore(1), c.RawValue("i")
    hire(c, _read, mutex, room, readers, name="reader").join()
    hire(c, _take, room, name="writer").join()


def _barber(bell, done, asleep):
    asleep.set()
    bell.clear()  # one who has rung meanwhile is forgotten
    bell.wait()
    done.set()


@stuck(
    None,
    "root worker",
    ["event: not set, 1 waiting", "event: not set, 1 waiting", "event: set"],
    ["barber: event", "root: event"],
)
def a_barber_who_did_not_hear_the_bell(c):
    bell, done, asleep = c.Event(), c.Event(), c.Event()
    bell.set()
    hire(c, _barber, bell, done, asleep, name="barber")
    asleep.wait()
    done.wait()


def _produce(mutex, empty, full):
    while True:
        with mutex:  # one line too early
            empty.acquire()
            full.release()


def _take_out(mutex, empty, full):
    with mutex, full:
        empty.release()


@stuck(
    None,
    "root worker worker",
    ["lock: held, 1 waiting", "semaphore: value 0, 1 waiting", "semaphore: value 2"],
    ["consumer: lock of producer", "producer: semaphore"],
)
def a_bounded_buffer_with_the_mutex_first(c):
    mutex, empty, full = c.Lock(), c.Semaphore(2), c.Semaphore(0)
    crew = [hire(c, _produce, mutex, empty, full, name="producer")]
    while full.get_value() < 2:
        time.sleep(0.01)
    until_held(mutex)
    crew.append(hire(c, _take_out, mutex, empty, full, name="consumer"))
    [one.join() for one in crew]


def _smoke(first, second, again, taken):
    first.acquire()
    taken.release()
    second.acquire()
    again.release()


@stuck(
    None,
    "root worker worker worker",
    [
        "semaphore: value 0",
        "semaphore: value 0",
        "semaphore: value 0, 1 waiting",
        "semaphore: value 0, 1 waiting",
        "semaphore: value 0, 2 waiting",
    ],
    ["a: semaphore", "b: semaphore", "c: semaphore", "root: semaphore"],
)
def cigarette_smokers_without_pushers(c):
    tobacco, paper, matches, again, taken = (c.Semaphore(0) for _ in range(5))
    hire(c, _smoke, paper, matches, again, taken, name="b")
    hire(c, _smoke, matches, tobacco, again, taken, name="c")
    paper.release()
    taken.acquire()
    hire(c, _smoke, tobacco, paper, again, taken, name="a")
    tobacco.release()
    taken.acquire()
    again.acquire()


def _double(source, sink):
    for number in iter(source.get, None):
        sink.put(number * 2)
    # and the farewell is not passed on


@stuck("M22", "root worker", ["queue: 0 items", "queue: 0 items, 1 waiting reader"], ["show: queue"])
def a_stage_that_keeps_the_farewell_for_itself(c):
    source, sink = c.Queue(), c.Queue()
    doubles, shows = hire(c, _double, source, sink, name="double"), hire(c, _consume, sink, name="show")
    for number in (1, 2, 3, None):
        source.put(number)
    doubles.join()
    shows.join()


def _map(words, _):
    sleep_long(words)


@goes_on(roles="root worker worker worker", objects=["queue: 0 items, 1 waiting reader"], waits=["reduce: queue"])
def mappers_are_at_work(c):
    counts = c.Queue()
    reducer = hire(c, _consume, counts, name="reduce")
    [hire(c, _map, words, counts) for words in ("to be", "or not")]
    reducer.join()


class Thief(threading.Thread):
    def __init__(self, meet):
        super().__init__()
        self.guard, self.tasks, self.meet = threading.Lock(), collections.deque(), meet
        self.victim = None

    def run(self):
        with self.guard:
            self.meet.wait()
            with self.victim.guard:
                self.tasks.append(self.victim.tasks.pop())


@stuck("M43", stacks=True)
def two_thieves_steal_from_each_other(c):
    meet = threading.Barrier(2)
    one, other = Thief(meet), Thief(meet)
    one.victim, other.victim = other, one
    one.start()
    other.start()
    one.join()
    other.join()


def _lead(turn, server):
    with turn:
        server.accept()


@goes_on(None, objects=["listener: of the network"], stacks=True)
def a_leader_and_two_followers(c):
    turn, server = threading.Lock(), socket.create_server(("127.0.0.1", 0))
    crew = [threading.Thread(target=_lead, args=(turn, server)) for _ in range(3)]
    [one.start() for one in crew]
    [one.join() for one in crew]


def _pass_on(hears, tells):
    while True:
        tells.send(hears.recv())


@stuck(None, "root worker worker worker", ["pipe: empty"] * 3, None)
def a_ring_without_a_token(c):
    pipes = [c.Pipe(duplex=False) for _ in range(3)]
    ring = [hire(c, _pass_on, pipes[n][0], pipes[(n + 1) % 3][1], name=f"r{n}") for n in range(3)]
    [one.join() for one in ring]


def _vote(post, votes):
    if post.recv() == "prepare":
        votes.put("yes")
    return post.recv()


@stuck(None, "root worker worker", ["queue: 0 items, 1 waiting reader", *["socket: nothing to be read"] * 4], None)
def a_coordinator_forgot_to_ask_one(c):
    votes, posts = c.Queue(), [c.Pipe() for _ in range(2)]
    [hire(c, _vote, theirs, votes) for _, theirs in posts]
    [theirs.close() for _, theirs in posts]
    posts[0][0].send("prepare")
    if [votes.get() for _ in posts] == ["yes", "yes"]:
        [ours.send("commit") for ours, _ in posts]


def _slowly(lock):
    os.nice(19)
    with lock:
        sleep_long()


@goes_on(roles="root worker worker worker", objects=["lock: held, 1 waiting"], waits=["high: lock of low"])
def the_low_one_has_what_the_high_one_wants(c):
    lock = c.Lock()
    hire(c, _slowly, lock, name="low")
    until_held(lock)
    hire(c, sleep_long, name="middle")
    hire(c, _take, lock, name="high").join()


def _hear(changed):
    with changed:
        changed.wait()


@stuck(None, "root worker", ["condition: its lock is free, 1 waiting to be notified"], ["w: condition"])
def notified_before_anybody_waited(c):
    changed = c.Condition()
    with changed:
        changed.notify_all()
    hire(c, _hear, changed, name="w").join()


class Settings:
    _lock = threading.Lock()
    _only = None

    def __init__(self):
        self.parent = Settings.get()

    @classmethod
    def get(cls):
        if cls._only is None:
            with cls._lock:
                if cls._only is None:
                    cls._only = cls()
        return cls._only


@stuck("M44", stacks=True)
def checked_twice_and_made_by_itself(c):
    Settings.get()


# -- what looks as if it stood still, and its twin ---------------------------------------------------


class _LongPoll(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.news()
        self.send_response(204)
        self.end_headers()


def _serve(ports, news):
    server = http.server.HTTPServer(("127.0.0.1", 0), _LongPoll)
    server.news = news
    ports.put(server.server_port)
    server.handle_request()


def _poll(c, news, name):
    ports = c.SimpleQueue()
    hire(c, _serve, ports, news, name=name)
    with urllib.request.urlopen(f"http://127.0.0.1:{ports.get()}/", timeout=None) as answer:
        answer.read()


@goes_on(
    roles="root worker",
    objects=["listener: of the network", "simple-queue: empty", *["socket: nothing to be read"] * 2],
    waits=["root: socket of web"],
)
def news_will_come(c):
    _poll(c, sleep_long, "web")


@stuck(
    None,
    "root worker",
    [
        "event: not set, 1 waiting",
        "listener: of the network",
        "simple-queue: empty",
        *["socket: nothing to be read"] * 2,
    ],
    ["root: socket of web", "web: event"],
)
def news_would_come_after_the_answer(c):
    news = c.Event()
    _poll(c, news.wait, "web")
    news.set()


@goes_on(None, "root worker worker", objects=["pool: 2 workers"], waits=["root: pipe"])
def a_pool_at_rest_and_a_question(c):
    with c.Pool(2) as pool:
        pool.map(abs, range(4))
        sys.stdin.readline()


@goes_on()
def a_scheduler_has_time(c):
    plan = sched.scheduler()
    plan.enter(500, 1, print)
    plan.run()


@goes_on(roles="root worker", objects=["event: not set, 1 waiting"], waits=["w: event"])
def a_timer_will_set_it(c):
    done = c.Event()
    threading.Timer(500, done.set).start()
    hire(c, _await, done, name="w").join()


@stuck(None, "root worker", ["event: not set, 1 waiting"], ["w: event"])
def a_timer_was_cancelled(c):
    done = c.Event()
    timer = threading.Timer(500, done.set)
    timer.start()
    timer.cancel()
    hire(c, _await, done, name="w").join()


def _call_back(pid):
    sleep_long()
    os.kill(pid, signal.SIGUSR1)


@goes_on(roles="root worker")
def a_signal_will_come(c):
    signal.signal(signal.SIGUSR1, lambda *_: None)
    hire(c, _call_back, os.getpid())
    signal.pause()


def _keep_a_while(lock, ready):
    with lock:
        ready.set()
        time.sleep(500)


@goes_on(stacks=True)
def a_thread_will_let_go(c):
    lock, ready = threading.Lock(), threading.Event()
    threading.Thread(target=_keep_a_while, args=(lock, ready), daemon=True).start()
    ready.wait()
    with lock:
        pass


def _say_later(box):
    time.sleep(500)
    box.put("late")


@goes_on(None, objects=["simple-queue: empty, 1 waiting reader"], waits=["root: simple-queue"])
def a_thread_of_our_own_will_put(c):
    box = c.SimpleQueue()
    threading.Thread(target=_say_later, args=(box,), daemon=True).start()
    box.get()


def _say_after(box, go):
    go.wait()
    box.put("never")


@stuck(None, objects=["simple-queue: empty, 1 waiting reader"], waits=["root: simple-queue"], stacks=True)
def a_thread_of_our_own_would_put(c):
    box, go = c.SimpleQueue(), threading.Event()
    threading.Thread(target=_say_after, args=(box, go), daemon=True).start()
    box.get()
    go.set()


@goes_on(None, objects=["socket: of the network"], waits=["root: socket"])
def a_datagram_may_come(c):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as post:
        post.bind(("127.0.0.1", 0))
        post.recvfrom(512)


# -- the second half: written after all of the above was told as it is ---------------------------------


class Team:
    """Its tasks travel as a part of something else."""

    def __init__(self, c):
        self.kit = {"tasks": c.JoinableQueue(), "name": "team"}

    def __call__(self):
        for _ in range(3):
            self.kit["tasks"].get()  # and not one is called done


@stuck("M24", "root", ["joinable-queue: 0 items, 3 not done, 1 waiting until all is done"], ["root: joinable-queue"])
def a_team_that_goes_home_without_a_word(c):
    team = Team(c)
    member = hire(c, team)
    for number in range(3):
        team.kit["tasks"].put(number)
    member.join()
    team.kit["tasks"].join()


def _wait_at(changed, ready):
    with changed:
        ready.release()
        changed.wait()


@stuck(
    None,
    "root worker worker",
    ["condition: its lock is free, 1 waiting to be notified"] * 2 + ["semaphore: value 0"],
    ["consumer: condition", "producer: condition"],
)
def two_conditions_of_one_lock_and_neither_told(c):
    lock, ready = c.Lock(), c.Semaphore(0)
    not_full, not_empty = c.Condition(lock), c.Condition(lock)
    crew = [
        hire(c, _wait_at, not_full, ready, name="producer"),
        hire(c, _wait_at, not_empty, ready, name="consumer"),
    ]
    [ready.acquire() for _ in crew]
    [one.join() for one in crew]


def _party(gate, fails):
    if fails:
        raise SystemExit("no invitation")
    gate.wait()


@stuck("M46", "root worker worker", ["barrier: 2 of 3 waiting at it"], ["b: barrier", "c: barrier"])
def one_of_three_failed_on_the_way(c):
    gate = c.Barrier(3)
    crew = [hire(c, _party, gate, name == "a", name=name) for name in "abc"]
    [one.join() for one in crew]


@stuck(None, objects=["semaphore: value 0, 1 waiting"], waits=["root: semaphore"])
def a_semaphore_as_a_mutex_taken_in_a_recursion(c):
    mutex = c.Semaphore()

    def walk(depth):
        with mutex:
            if depth:
                walk(depth - 1)

    walk(2)


@stuck(
    None,
    "manager root worker worker",
    ["barrier: 0 of 2 waiting at it", "manager: 2 clients"],
    ["a: socket of SyncManager-1", "b: socket of SyncManager-1"],
    stacks=True,
)
def two_locks_of_a_manager_crosswise(c):
    with c.Manager() as manager:
        one, other, meet = manager.Lock(), manager.Lock(), c.Barrier(2)
        crew = [hire(c, _cross, one, other, meet, name="a"), hire(c, _cross, other, one, meet, name="b")]
        [worker.join() for worker in crew]


def _cross(first, second, meet):
    with first:
        meet.wait()
        with second:
            pass


@stuck(None, "manager root worker", ["manager: 2 clients"], ["w: socket of SyncManager-1"], stacks=True)
def one_farewell_over_a_manager(c):
    with c.Manager() as manager:
        box = manager.Queue()
        box.put(None)
        [hire(c, _consume, box, name="w").join() for _ in range(2)]


def _use(segment):
    sleep_long(segment)


@goes_on(roles="root worker", objects=["shared-memory: 4096 bytes"])
def a_segment_without_a_name_any_more(c):
    c = mp.get_context("fork")
    segment = shared_memory.SharedMemory(create=True, size=4096)
    worker = hire(c, _use, segment)
    segment.unlink()
    worker.join()


def _with_the_array(rows, ready, go):
    with rows.get_lock():
        ready.set()
        go.wait()


@stuck(
    None,
    "root worker",
    ["arena: 4096 bytes", "event: not set, 1 waiting", "event: set", "rlock: held, 1 waiting, the lock of an Array"],
    ["root: rlock of w", "w: event"],
)
def an_array_is_kept_until_we_say_so(c):
    rows, ready, go = c.Array("d", 8), c.Event(), c.Event()
    hire(c, _with_the_array, rows, ready, go, name="w")
    ready.wait()
    with rows:
        rows[0] = 1
        go.set()


@stuck(None, "root worker", ["pool: 1 worker, 2 jobs not finished"], stacks=True)
def a_callback_asks_the_pool_itself(c):
    with c.Pool(1) as pool:
        pool.apply_async(abs, (-1,), callback=lambda number: pool.apply(abs, (number,))).get()


@stuck(
    None,
    "root worker worker",
    ["event: not set, 1 waiting", "pool: 2 workers, 1 job not finished, closed"],
    stacks=True,
)
def a_closed_pool_is_not_done(c):
    pool = c.Pool(2, initializer=_keep, initargs=(c.Event(),))
    pool.apply_async(_await_kept, (0,))
    pool.close()
    pool.join()


@stuck(
    "M46",
    "root worker worker",
    ["barrier: 2 of 3 waiting at it", "executor: 2 workers, 3 tasks not finished"],
    stacks=True,
)
def three_tasks_meet_and_two_work(c):
    with futures.ProcessPoolExecutor(2, c, _keep, (c.Barrier(3),)) as pool:
        list(pool.map(_await_kept, range(3)))


@stuck("M65", objects=["executor: 1 thread"], stacks=True)
def a_with_that_waits_for_its_thread(c):
    box = queue.LifoQueue()
    with futures.ThreadPoolExecutor(2) as pool:
        pool.submit(box.get)


@stuck(None, waits=["root: socket"])
def a_coroutine_takes_its_own_lock(c):
    async def work():
        lock = asyncio.Lock()
        async with lock, lock:
            pass

    asyncio.run(work())


@goes_on(objects=["listener: of the network"], waits=None)
def a_server_of_asyncio_at_rest(c):
    async def work():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        await server.serve_forever()

    asyncio.run(work())


@goes_on(roles="fork root", fork=True)
def waits_for_the_signal_of_a_child(c):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    if not os.fork():
        sleep_long()
    signal.sigwait([signal.SIGCHLD])


@stuck("M22", stacks=True)
def a_thread_that_nobody_sends_home_at_the_end(c):
    box = queue.Queue()
    threading.Thread(target=_consume, args=(box,)).start()
    box.put("all there is")


def _busy(ready):
    with _gate:
        ready.set()
        sleep_long()


@stuck("M19", "fork root", stacks=True, fork=True)
def a_fork_while_the_gate_was_shut(c):
    ready = threading.Event()
    threading.Thread(target=_busy, args=(ready,), daemon=True).start()
    ready.wait()
    child = os.fork()
    if not child:
        _log_in()
        os._exit(0)
    os.waitpid(child, 0)


@goes_on(None, "program root", waits=None)
def a_terminal_of_its_own(c):
    pid, fd = pty.fork()
    if not pid:
        os.execvp("cat", ["cat"])
    os.read(fd, 100)


@stuck(
    None,
    "program program root",
    ["pipe: empty", "pipe: empty"],
    ["program: pipe of program", "program: pipe of root"],
)
def two_programs_in_a_line_and_the_tap_is_open(c):
    first = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    second = subprocess.Popen(["cat"], stdin=first.stdout, stdout=subprocess.DEVNULL)
    first.stdin.write(b"hello")
    first.stdout.close()
    second.wait()


@goes_on(roles="program program program root", objects=["pipe: empty"], waits=["program: pipe of program"])
def a_shell_with_two_programs(c):
    subprocess.run("sleep 600 | cat", shell=True)


@stuck(None, "fork root", ["file-lock: locked, 1 waiting"], ["fork: file-lock of root"], fork=True)
def a_child_wants_a_byte_that_we_have(c):
    with tempfile.TemporaryFile() as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 10)
        child = os.fork()
        if not child:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 5)
            os._exit(0)
        os.waitpid(child, 0)


def _send_much(conn, other):
    other.close()
    conn.send_bytes(bytes(10**6))
    conn.recv_bytes()


@stuck(None, "root worker", ["socket: many bytes to be read"] * 2, ["root: socket of w", "w: socket of root"])
def both_send_all_they_have_first(c):
    ours, theirs = c.Pipe()
    hire(c, _send_much, theirs, ours, name="w")
    theirs.close()
    ours.send_bytes(bytes(10**6))
    ours.recv_bytes()


def _listen(places):
    with connection.Listener(None, "AF_UNIX") as server:
        places.put(server.address)
        with server.accept() as call:
            call.recv()


@stuck(
    "M55",
    "root worker",
    ["listener: ", "simple-queue: empty", *["socket: nothing to be read"] * 2],
    ["root: socket of w", "w: socket of root"],
)
def a_caller_with_a_key_and_a_server_without(c):
    """It waits to be challenged: each listens."""
    places = c.SimpleQueue()
    hire(c, _listen, places, name="w")
    connection.Client(places.get(), authkey=b"books")


def _spin(flag):
    while not flag.value:
        pass


@goes_on(roles="root worker", objects=["arena: 4096 bytes"])
def a_worker_looks_again_and_again(c):
    hire(c, _spin, c.RawValue("b", 0)).join()


def _rendezvous(mine, yours):
    yours.acquire()
    mine.release()


@stuck(None, "root worker worker", ["semaphore: value 0, 1 waiting"] * 2, ["a: semaphore", "b: semaphore"])
def a_rendezvous_where_both_listen_first(c):
    one, other = c.Semaphore(0), c.Semaphore(0)
    crew = [hire(c, _rendezvous, one, other, name="a"), hire(c, _rendezvous, other, one, name="b")]
    [worker.join() for worker in crew]


def _gather(changed, count):
    with changed:
        count.value += 1
        if count.value == 3:
            changed.notify()  # and not all
        else:
            changed.wait()


@stuck(None, "root worker", ["arena: 4096 bytes", "condition: its lock is free, 1 waiting to be notified"], None)
def a_barrier_by_hand_that_tells_one(c):
    changed, count = c.Condition(), c.RawValue("i")
    crew = [hire(c, _gather, changed, count) for _ in range(3)]
    while sum(one.is_alive() for one in crew) > 1:
        time.sleep(0.02)
    [one.join() for one in crew]


def _drive(board, unload):
    for _ in range(4):
        board.acquire()
    unload.release(4)


def _ride(board, unload):
    board.release()
    unload.acquire()


@stuck(
    None,
    "root worker worker worker worker",
    ["semaphore: value 0, 1 waiting", "semaphore: value 0, 3 waiting"],
    ["car: semaphore", "p: semaphore", "p: semaphore", "p: semaphore"],
)
def a_roller_coaster_with_an_empty_seat(c):
    board, unload = c.Semaphore(0), c.Semaphore(0)
    crew = [hire(c, _drive, board, unload, name="car"), *(hire(c, _ride, board, unload, name="p") for _ in range(3))]
    [one.join() for one in crew]


class ReadWrite:
    def __init__(self):
        self.changed, self.readers = threading.Condition(), 0

    def read(self):
        with self.changed:
            self.readers += 1

    def upgrade(self):
        with self.changed:
            self.changed.wait_for(lambda: self.readers == 1)


def _read_and_write(page, meet):
    page.read()
    meet.wait()
    page.upgrade()


@stuck(None, stacks=True)
def two_readers_who_want_to_write(c):
    page, meet = ReadWrite(), threading.Barrier(2)
    crew = [threading.Thread(target=_read_and_write, args=(page, meet)) for _ in range(2)]
    [one.start() for one in crew]
    [one.join() for one in crew]


def _transfer(one, other):
    while True:
        first, second = sorted((one, other), key=id)
        with first:
            time.sleep(0.01)
            with second:
                time.sleep(0.01)


@goes_on(stacks=True)
def transfers_in_one_order(c):
    a, b = threading.Lock(), threading.Lock()
    crew = [threading.Thread(target=_transfer, args=pair) for pair in ((a, b), (b, a))]
    [one.start() for one in crew]
    [one.join() for one in crew]


def _square(jobs, results):
    for number in iter(jobs.get, None):
        results.put(number * number)


@stuck(
    "M28",
    "root worker",
    ["queue: 1 item of 1, 9 bytes in its pipe, 1 waiting writer"] * 2,
    ["root: queue", "w: queue"],
)
def all_jobs_before_the_first_result(c):
    jobs, results = c.Queue(1), c.Queue(1)
    hire(c, _square, jobs, results, name="w")
    for number in range(9):
        jobs.put(number)
    print([results.get() for _ in range(9)])


@stuck(None, objects=["executor: 2 threads"], stacks=True)
def results_are_awaited_under_the_lock_they_need(c):
    with futures.ThreadPoolExecutor(2) as pool, _gate:
        meet = threading.Barrier(2)
        for one in futures.as_completed([pool.submit(lambda: (meet.wait(), _log_in())) for _ in range(2)]):
            one.result()


def _sort(pool, numbers):
    if len(numbers) < 2:
        return numbers
    middle = len(numbers) // 2
    halves = pool.submit(_sort, pool, numbers[:middle]), pool.submit(_sort, pool, numbers[middle:])
    return sorted([*halves[0].result(), *halves[1].result()])


@stuck(None, objects=["executor: 2 threads"], stacks=True)
def a_merge_sort_in_two_threads(c):
    pool = futures.ThreadPoolExecutor(2)
    print(pool.submit(_sort, pool, [3, 1, 2, 5, 4, 7, 6, 8]).result())


def _round(mine, following):
    while True:
        token = mine.get()
        time.sleep(0.02)
        following.put(token + 1)


@goes_on(stacks=True)
def a_token_goes_round_in_threads(c):
    boxes = [queue.Queue() for _ in range(3)]
    ring = [threading.Thread(target=_round, args=(boxes[n], boxes[n - 1]), daemon=True) for n in range(3)]
    [one.start() for one in ring]
    boxes[0].put(0)
    [one.join() for one in ring]


def _gossip(mine, others):
    for word in iter(mine.get, None):
        [other.put(word) for other in others]


@stuck(
    None,
    "root worker worker worker",
    ["queue: 0 items, 1 waiting reader"] * 3,
    ["a: queue", "b: queue", "c: queue"],
)
def a_gossip_that_nobody_began(c):
    boxes = [c.Queue() for _ in range(3)]
    crew = [
        hire(c, _gossip, box, [other for other in boxes if other is not box], name=name)
        for name, box in zip("abc", boxes, strict=True)
    ]
    [one.join() for one in crew]


def _select_in_turns(server):
    while not select.select([server], [], [], 30)[0]:
        pass


@goes_on(roles="root worker", objects=["listener: of the network"], waits=None)
def a_worker_looks_each_half_minute(c):
    with socket.create_server(("127.0.0.1", 0)) as server:
        hire(c, _select_in_turns, server).join()


@goes_on(None, "program root", waits=["program: pipe"])
def a_program_reads_what_is_typed_to_us(c):
    subprocess.run(["cat"])


@goes_on()
def a_thread_is_asked_each_second(c):
    waiter = threading.Thread(target=threading.Event().wait)
    waiter.start()
    while waiter.is_alive():
        waiter.join(1)


def _begin(begun):
    begun.value = 1
    sleep_long()


@goes_on(None, "root worker", objects=["arena: 4096 bytes"])
def a_worker_is_stopped(c):
    begun = c.RawValue("b")
    worker = hire(c, _begin, begun)
    while not begun.value:
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGSTOP)
    worker.join()


def _with_it(changed, held):
    with changed:
        held.set()
        sleep_long()


@goes_on(
    roles="root worker worker",
    objects=["condition: its lock is held, 1 waiting for it", "event: set"],
    waits=["b: condition"],
)
def one_sleeps_with_the_lock_of_a_condition(c):
    changed, held = c.Condition(), c.Event()
    hire(c, _with_it, changed, held, name="a")
    held.wait()
    hire(c, _hear, changed, name="b").join()


@goes_on(None, objects=["event: not set, 1 waiting"], waits=["root: event"])
def an_interval_timer_will_ring(c):
    done = c.Event()
    signal.signal(signal.SIGALRM, lambda *_: done.set())
    signal.setitimer(signal.ITIMER_REAL, 250)
    done.wait()


def _children(lock, *works):
    with lock:
        for work in works:
            if not os.fork():
                work(lock)
                os._exit(0)
        os.waitpid(-1, 0)


@goes_on(roles="fork fork root", objects=["lock: held, 1 waiting"], waits=["fork: lock of root"], fork=True)
def any_child_will_do(c):
    _children(mp.get_context("fork").Lock(), _take, sleep_long)


@stuck(None, "fork fork root", ["lock: held, 2 waiting"], ["fork: lock of root"] * 2, fork=True)
def any_child_would_do(c):
    _children(mp.get_context("fork").Lock(), _take, _take)


def _ask(conn, other):
    other.close()
    while conn.poll(None):
        conn.send(conn.recv() + 1)


@stuck(
    None,
    "root worker",
    ["event: not set, 1 waiting", *["socket: nothing to be read"] * 2],
    ["root: event", "w: socket of root"],
)
def a_server_polls_and_the_client_waits_elsewhere(c):
    (ours, theirs), done = c.Pipe(), c.Event()
    hire(c, _ask, theirs, ours, name="w")
    theirs.close()
    ours.send(1)
    ours.recv()
    done.wait()


# -- a third part: what is like a mistake of the catalogue, and is another or none -----------------------


def _job_under_lock(jobs, lock):
    for _ in range(2):
        jobs.get()
        with lock:
            jobs.task_done()


@stuck(
    None,
    "root worker",
    ["joinable-queue: 0 items, 1 not done, 1 waiting until all is done", "lock: held, 1 waiting"],
    ["root: joinable-queue", "w: lock of root"],
)
def all_is_to_be_done_under_our_lock(c):
    """What was taken would be called done."""
    jobs, lock = c.JoinableQueue(), c.Lock()
    hire(c, _job_under_lock, jobs, lock, name="w")
    with lock:
        jobs.put(1)
        jobs.join()


def _fill(box):
    for number in range(5):
        box.put(number)


def _empty_after(box, go):
    go.wait()
    for _ in range(5):
        box.get()


@stuck(
    None,
    "root worker worker",
    ["event: not set, 1 waiting", "queue: 2 items of 2, 18 bytes in its pipe, 1 waiting writer"],
    ["consumer: event", "producer: queue"],
)
def a_full_queue_whose_consumer_may_not_begin(c):
    box, go = c.Queue(2), c.Event()
    producer = hire(c, _fill, box, name="producer")
    hire(c, _empty_after, box, go, name="consumer")
    producer.join()
    go.set()


def _enter(lock, gate):
    with lock:
        gate.wait()


@stuck(
    None,
    "root worker worker",
    ["barrier: 1 of 2 waiting at it", "lock: held, 1 waiting"],
    ["a: barrier", "b: lock of a"],
)
def a_barrier_behind_a_lock(c):
    """Enough were hired: the second may not in."""
    lock, gate = c.Lock(), c.Barrier(2)
    first = hire(c, _enter, lock, gate, name="a")
    while not gate.n_waiting:
        time.sleep(0.01)
    second = hire(c, _enter, lock, gate, name="b")
    first.join()
    second.join()


def _consume_under(lock, box):
    with lock:
        for _ in iter(box.get, None):
            pass


@stuck(
    None,
    "root worker worker",
    ["lock: held, 1 waiting", "queue: 0 items, 1 waiting reader"],
    ["consumer: queue", "producer: lock of consumer"],
)
def a_producer_behind_the_lock_of_the_consumer(c):
    lock, box = c.Lock(), c.Queue()
    consumer = hire(c, _consume_under, lock, box, name="consumer")
    until_held(lock)
    hire(c, _put_under, lock, box, name="producer").join()
    consumer.join()


def _put_under(lock, box):
    with lock:
        box.put(None)


@stuck(None, "fork root", ["pipe: empty", "pipe: empty"], None, fork=True)
def two_pipes_by_hand_and_both_listen(c):
    """Also with all unused ends closed."""
    (reads, writes), (hears, tells) = os.pipe(), os.pipe()
    if not os.fork():
        os.write(tells, os.read(reads, 1))
        os._exit(0)
    os.write(writes, os.read(hears, 1))


@stuck("M44", "fork root", stacks=True, fork=True)
def a_child_by_hand_locks_itself_out(c):
    if not os.fork():
        with _gate:
            _log_in()
        os._exit(0)
    os.wait()


@stuck("M44", "root worker", stacks=True)
def a_worker_locks_itself_out(c):
    hire(c, _locks_itself_out).join()


def _locks_itself_out():
    with _gate:
        _log_in()


@stuck("M65", "root worker", ["executor: 1 thread"], stacks=True)
def a_worker_leaves_its_with(c):
    hire(c, _leaves).join()


def _leaves():
    with futures.ThreadPoolExecutor(4) as pool:
        pool.submit(queue.SimpleQueue().get)


def _dies_with_it(lock, held):
    with lock:
        held.set()
        signal.pause()


@stuck(
    "M45",
    "root worker",
    ["event: set", "rlock: held by nobody who is alive, 1 waiting"],
    ["root: rlock"],
    fork=True,
)
def the_holder_was_terminated(c):
    c = mp.get_context("fork")
    lock, held = c.RLock(), c.Event()
    worker = hire(c, _dies_with_it, lock, held)
    held.wait()
    os.kill(worker.pid, signal.SIGTERM)
    connection.wait([worker.sentinel])
    lock.acquire()


_door = threading.Lock()
"""Of its own: a lock that some function keeps may have been kept by a call before a fork."""


def _fails():
    _door.acquire()
    raise SystemExit


@stuck(None, stacks=True)
def a_thread_failed_with_the_door(c):
    one = threading.Thread(target=_fails)
    one.start()
    one.join()
    _door.acquire()


@stuck("M43", "root worker", ["lock: held, 1 waiting"] * 2 + ["event: set"], ["root: lock of w", "w: lock of root"])
def we_ourselves_are_half_of_the_ring(c):
    one, other, held = c.Lock(), c.Lock(), c.Event()
    with one:
        hire(c, _second_first, other, one, held, name="w")
        held.wait()
        with other:
            pass


def _second_first(first, second, held):
    with first:
        held.set()
        with second:
            pass


@stuck("M43", objects=["lock: held, 1 waiting"] * 2, stacks=True)
def threads_with_locks_of_processes(c):
    one, other, meet = c.Lock(), c.Lock(), threading.Barrier(2)
    crew = [threading.Thread(target=_cross, args=(*pair, meet)) for pair in ((one, other), (other, one))]
    [thread.start() for thread in crew]
    [thread.join() for thread in crew]


@stuck(None, objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_thread_that_ended_with_a_lock_of_processes(c):
    lock = c.Lock()
    one = threading.Thread(target=lock.acquire)
    one.start()
    one.join()
    lock.acquire()


@stuck("M61", "root worker worker", ["pool: 2 workers, 1 job not finished"], stacks=True)
def a_task_that_ends_its_worker(c):
    with c.Pool(2) as pool:
        pool.map(os._exit, [0])


def _handle(box, done):
    for _ in iter(box.get, None):
        done.put(None)


@stuck(
    None,
    "root worker",
    ["queue: 0 items, 1 waiting reader", "queue: 3 items, 24 bytes in its pipe"],
    ["handler-2: queue"],
)
def one_farewell_and_two_handlers(c):
    """M23; but what the first did, which has the same name but for its number, is not to be seen any more."""
    box, done = c.Queue(), c.Queue()
    first = hire(c, _handle, box, done, name="handler-1")
    for item in (1, 2, 3, None):
        box.put(item)
    first.join()
    second = hire(c, _handle, box, done, name="handler-2")
    second.join()


@stuck("M22", "root worker worker", ["simple-queue: empty, 2 waiting readers"], None)
def two_readers_of_a_simple_queue(c):
    box = c.SimpleQueue()
    crew = [hire(c, _consume, box) for _ in range(2)]
    [box.put(word) for word in ("to", "be")]
    [one.join() for one in crew]


def _report(conn, rows):
    conn.send_bytes(rows)


@stuck("M21", "root worker", ["pipe: many bytes in it"], ["w: pipe of root"])
def a_report_over_a_pipe_is_read_after_the_join(c):
    hears, tells = c.Pipe(duplex=False)
    worker = hire(c, _report, tells, bytes(10**6), name="w")
    tells.close()
    worker.join()
    hears.recv_bytes()


# -- more of what is there, at rest ------------------------------------------------------------------------


@goes_on(roles="fork root", objects=["shared-memory: 8192 bytes"], fork=True)
def a_map_of_nothing_in_two(c):
    board = mmap.mmap(-1, 8192)
    if not os.fork():
        sleep_long(board)
    sleep_long()


@goes_on(roles="program root")
def a_program_that_nobody_collected(c):
    program = subprocess.Popen(["true"])
    sleep_long(program)


@goes_on(roles="fork fork root", fork=True)
def an_orphan_and_a_child_that_ended(c):
    if not os.fork():
        if not os.fork():
            sleep_long()
        os._exit(0)
    sleep_long()


@goes_on(
    roles="manager root worker worker",
    objects=["arena: 4096 bytes", "manager: 1 client", "rlock: free, the lock of a Value"],
)
def a_value_and_a_namespace(c):
    total = c.Value("q")
    with c.Manager() as manager:
        space = manager.Namespace()
        hire(c, _look_at, space)
        hire(c, sleep_long, total)
        sleep_long()


def _look_at(space):
    space.seen = True
    sleep_long()


@goes_on(roles="root worker", objects=["pool: 3 threads"])
def a_pool_of_threads_in_a_worker(c):
    hire(c, _pool_of_threads).join()


def _pool_of_threads():
    with multiprocessing.pool.ThreadPool(3) as pool:
        pool.map(sleep_long, range(3))


@goes_on(
    roles="root worker",
    objects=["joinable-queue: 2 items of 4, 18 bytes in its pipe, 2 not done, 1 waiting until all is done"],
    waits=["root: joinable-queue"],
)
def a_slow_one_takes_its_time(c):
    jobs = c.JoinableQueue(4)
    hire(c, sleep_long, jobs)
    jobs.put(1)
    jobs.put(2)
    jobs.join()


@goes_on(roles="root worker", objects=["socket: nothing to be read"] * 2, waits=["root: ?"])
def whichever_comes_first(c):
    ours, theirs = c.Pipe()
    worker = hire(c, sleep_long, theirs)
    theirs.close()
    connection.wait([worker.sentinel, ours])


@goes_on(objects=["socket: nothing to be read"] * 2, waits=["root: socket"])
def a_socket_that_loses_patience(c):
    ours, theirs = socket.socketpair()
    ours.settimeout(400)
    ours.recv(1)
    theirs.close()


@goes_on(roles="root worker", objects=["semaphore: value 0, 1 waiting"], waits=["root: semaphore of holder"])
def the_only_token_is_in_use(c):
    token = c.BoundedSemaphore(2)
    token.acquire()
    hire(c, _hold_token, token, name="holder")
    while token.get_value():
        time.sleep(0.01)
    token.acquire()


def _hold_token(token):
    with token:
        sleep_long()


@goes_on(roles="root worker", objects=["executor: 1 worker, 1 task not finished"], stacks=True)
def a_result_is_awaited_for_a_while(c):
    pool = futures.ProcessPoolExecutor(1, c)
    pool.submit(sleep_long).result(timeout=400)


@goes_on(stacks=True)
def two_threads_ask_with_patience(c):
    box, done = queue.Queue(), threading.Condition()
    crew = [threading.Thread(target=box.get, kwargs={"timeout": 400}), threading.Thread(target=_patient, args=(done,))]
    [one.start() for one in crew]
    [one.join() for one in crew]


def _patient(done):
    with done:
        done.wait(400)


@goes_on(None, "root worker", objects=["simple-queue: empty", "socket: of the network"], waits=["root: socket"])
def a_peer_on_the_network_is_silent(c):
    """The worker has nothing to do with it."""
    hire(c, sleep_long)
    box = c.SimpleQueue()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as post:
        post.bind(("127.0.0.1", 0))
        box.put(post.recv(10))


# -- a fourth part: as the third, after what that showed ----------------------------------------------------


def _get_one(box, ready):
    ready.set()
    box.get()


@goes_on(None, "root worker worker", objects=["event: set", "queue: 0 items, 1 waiting reader"], waits=["b: queue"])
def the_reader_is_stopped(c):
    """It lives: whoever stopped it may let it go on."""
    box, ready = c.Queue(), c.Event()
    first = hire(c, _get_one, box, ready, name="a")
    ready.wait()
    until_held(box._rlock)
    os.kill(first.pid, signal.SIGSTOP)
    hire(c, _get_one, box, ready, name="b").join()


def _leaves_with(lock, held):
    lock.acquire()
    held.set()
    os._exit(0)


@stuck(
    None,
    "root worker",
    ["event: set", "lock: held by nobody who is alive, 1 waiting"],
    ["root: lock"],
    fork=True,
)
def the_holder_went_home_well(c):
    c = mp.get_context("fork")
    lock, held = c.Lock(), c.Event()
    worker = hire(c, _leaves_with, lock, held)
    held.wait()
    connection.wait([worker.sentinel])
    lock.acquire()


def _chain(own, other):
    with own, other:
        pass


def _holds_until(lock, go):
    with lock:
        go.wait()


@stuck(
    None,
    "root worker worker",
    ["event: not set, 1 waiting", "lock: held", "lock: held, 1 waiting"],
    ["a: lock of b", "b: event"],
)
def a_chain_of_locks_that_ends_with_us(c):
    one, other, go = c.Lock(), c.Lock(), c.Event()
    hire(c, _holds_until, other, go, name="b")
    until_held(other)
    hire(c, _chain, one, other, name="a").join()
    go.set()


@stuck(None, stacks=True)
def joins_a_thread_under_its_lock(c):
    worker = threading.Thread(target=_log_in)
    with _gate:
        worker.start()
        worker.join()


def _work_off(jobs, done):
    for _ in iter(jobs.get, None):
        done.set()


@stuck(None, stacks=True)
def waits_for_work_that_was_never_given(c):
    """Nobody wants the thread to go home."""
    jobs, done = queue.Queue(), threading.Event()
    threading.Thread(target=_work_off, args=(jobs, done), daemon=True).start()
    done.wait()


@stuck(None, "root worker", ["queue: 0 items, 1 waiting reader"] * 2, ["root: queue", "w: queue"])
def awaits_a_result_and_gave_no_job(c):
    jobs, results = c.Queue(), c.Queue()
    hire(c, _square, jobs, results, name="w")
    print(results.get())


@goes_on(roles="root worker", objects=["executor: 1 thread", "lock: held, 1 waiting"], stacks=True)
def a_with_whose_thread_will_get_the_lock(c):
    lock = c.Lock()
    hire(c, _slowly, lock, name="w")
    until_held(lock)
    with futures.ThreadPoolExecutor() as pool:
        pool.submit(lock.acquire)


@stuck(None, "fork root", stacks=True, fork=True)
def a_child_by_hand_waits_for_its_own_event(c):
    if not os.fork():
        threading.Event().wait()
    os.wait()


@stuck(None, "root worker", stacks=True)
def a_worker_waits_at_a_queue_of_its_own(c):
    hire(c, _own_queue).join()


def _own_queue():
    queue.Queue().get()


@stuck("M46", stacks=True)
def three_are_expected_and_two_threads_come(c):
    gate = threading.Barrier(3)
    crew = [threading.Thread(target=gate.wait) for _ in range(2)]
    [one.start() for one in crew]
    [one.join() for one in crew]


@stuck(None, stacks=True)
def a_barrier_of_threads_behind_a_lock(c):
    lock, gate = threading.Lock(), threading.Barrier(2)
    crew = [threading.Thread(target=_enter, args=(lock, gate)) for _ in range(2)]
    [one.start() for one in crew]
    [one.join() for one in crew]


def _put_two(lock, box):
    with lock:
        box.put(1)
        box.put(2)


def _get_two(lock, box, full):
    full.wait()
    with lock:
        box.get()


@stuck(None, stacks=True)
def a_full_queue_of_threads_under_a_lock(c):
    lock, box, full = threading.Lock(), queue.Queue(1), threading.Event()
    crew = [
        threading.Thread(target=_put_two, args=(lock, box)),
        threading.Thread(target=_get_two, args=(lock, box, full)),
    ]
    [one.start() for one in crew]
    while not box.full():
        time.sleep(0.01)
    full.set()
    [one.join() for one in crew]


@stuck("M28", stacks=True)
def one_more_than_there_is_room_for(c):
    box = queue.PriorityQueue(2)
    for number in range(3):
        box.put(number)


def _done_under(lock, jobs):
    jobs.get()
    with lock:
        jobs.task_done()


@stuck(None, stacks=True)
def threads_are_to_be_done_under_our_lock(c):
    lock, jobs = threading.Lock(), queue.Queue()
    threading.Thread(target=_done_under, args=(lock, jobs), daemon=True).start()
    with lock:
        jobs.put(1)
        jobs.join()


@stuck("M24", stacks=True)
def a_thread_that_never_says_done(c):
    jobs = queue.Queue()
    threading.Thread(target=_consume, args=(jobs,), daemon=True).start()
    jobs.put(1)
    jobs.join()


def _pour(tells):
    tells.send_bytes(bytes(10**6))


def _drain_under(lock, hears):
    with lock:
        hears.recv_bytes()


@stuck(
    None,
    "root worker worker",
    ["lock: held, 1 waiting", "pipe: many bytes in it"],
    ["w1: pipe of w2", "w2: lock of root"],
)
def who_would_drain_wants_our_lock(c):
    lock, (hears, tells) = c.Lock(), c.Pipe(duplex=False)
    with lock:
        first = hire(c, _pour, tells, name="w1")
        hire(c, _drain_under, lock, hears, name="w2")
        hears.close()
        tells.close()
        first.join()


@stuck(None, objects=["pool: 2 threads"], stacks=True)
def a_task_of_a_pool_of_threads_waits(c):
    with multiprocessing.pool.ThreadPool(2) as pool:
        pool.apply(threading.Semaphore(0).acquire)


@stuck("M59", objects=["pool: no workers, 1 job not finished, closed"], stacks=True)
def the_result_is_asked_for_after_the_with(c):
    with c.Pool(2) as pool:
        result = pool.map_async(sleep_long, range(2))
    result.get()


@stuck(
    None,
    "root worker",
    ["executor: 1 worker, 1 task not finished", "lock: held, 1 waiting"],
    None,
    stacks=True,
)
def a_loop_awaits_a_worker_under_its_lock(c):
    lock = c.Lock()

    async def work():
        with lock, futures.ProcessPoolExecutor(1, c, _keep, (lock,)) as pool:
            await asyncio.get_running_loop().run_in_executor(pool, _take_kept)

    asyncio.run(work())


@goes_on(waits=["root: socket"])
def a_loop_with_time(c):
    async def work():
        await asyncio.gather(*(asyncio.sleep(500) for _ in range(3)))

    asyncio.run(work())


@goes_on(None, stacks=True)
def a_timer_will_wake_us(c):
    done = threading.Event()
    threading.Timer(500, done.set).start()
    done.wait()


@stuck(None, "program root", ["pipe: empty"], ["program: pipe of root"])
def a_shell_that_asks_us(c):
    subprocess.Popen(["sh", "-c", "read answer"], stdin=subprocess.PIPE).wait()


def _write_fifo(path):
    with open(path, "w") as file:
        sleep_long(file)


def _read_fifo(path):
    with open(path) as file:
        file.read()


@goes_on(roles="root worker worker", objects=["fifo: empty"], waits=["r: fifo of w"])
def two_workers_at_a_fifo(c):
    path = tempfile.mktemp()
    os.mkfifo(path)
    reader = hire(c, _read_fifo, path, name="r")
    hire(c, _write_fifo, path, name="w")
    reader.join()


if __name__ == "__main__":
    main(globals())
