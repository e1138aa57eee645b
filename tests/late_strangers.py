"""Programs of strangers who came last, see ``strangers``: ``python late_strangers.py NAME METHOD``.

Written in the many styles in which people write: bare forks and posix_spawn, listeners and proxies, asyncio with
executors, locks of their own making, signals, sessions and daemons, and what only newer Pythons have.
"""

# mypy: ignore-errors
import asyncio
import atexit
import concurrent.futures as futures
import contextlib
import fcntl
import heapq
import logging.handlers
import multiprocessing as mp
import multiprocessing.managers
import multiprocessing.pool
import os
import queue
import select
import selectors
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from multiprocessing import connection, shared_memory

from strangers import goes_on, hire, main, sleep_long, stuck, until_held

# -- pools and executors that need themselves ---------------------------------------------------


class Crawler:
    """Each page is a task, and its links are tasks of the same executor."""

    def __init__(self, workers):
        self.pool = futures.ThreadPoolExecutor(workers, thread_name_prefix="crawl")

    def visit(self, depth):
        if not depth:
            return 1
        return 1 + sum(one.result() for one in [self.pool.submit(self.visit, depth - 1) for _ in range(2)])


@stuck(None, objects=["executor: 2 threads"])
def a_crawler_with_too_few_threads(c):
    Crawler(2).visit(1)
    crawler = Crawler(2)
    crawler.pool.submit(crawler.visit, 4).result()


@goes_on(None, objects=["executor: 1 thread"])
def a_pool_of_interpreters(c):
    """Where there is one (3.14+) each of its threads has an interpreter of its own; no stack is told of the first."""
    over = threading.Event()
    with getattr(futures, "InterpreterPoolExecutor", futures.ThreadPoolExecutor)(1) as pool:
        pool.submit(time.sleep, 600)
        over.wait()


def _map_with_threads(n):
    with multiprocessing.pool.ThreadPool(1) as inner:
        return inner.apply(time.sleep, (600 * n,))


@goes_on(roles="root worker worker", objects=["pool: 2 workers, 1 job not finished", "pool: 1 thread"])
def a_pool_of_threads_in_a_pool_of_processes(c):
    with c.Pool(2) as pool:
        pool.apply(_map_with_threads, (1,))


@goes_on(roles="root worker", objects=["executor: 1 worker, 1 task not finished"])
def an_executor_that_hires_anew_for_each_task(c):
    """Where it may (3.11+), and by no fork then; its third worker sleeps."""
    more = {"max_tasks_per_child": 1} if sys.version_info >= (3, 11) and c.get_start_method() != "fork" else {}
    with futures.ProcessPoolExecutor(1, mp_context=c, **more) as pool:
        for seconds in (0, 0, 600):
            pool.submit(time.sleep, seconds).result()


@goes_on(roles="root worker worker", objects=None)
def a_pool_that_hires_anew_for_each_task(c):
    """Forked, a worker may have the last ends of pipes to one that went before: whose they were is not to be seen."""
    with c.Pool(2, maxtasksperchild=1) as pool:
        pool.map(abs, range(4), chunksize=1)
        pool.map(time.sleep, [600, 600], chunksize=1)


def _stage(n):
    time.sleep(600 if n == 3 else 0)
    return n


@goes_on(roles="root worker worker", objects=["executor: 1 thread", "executor: 2 workers, 1 task not finished"])
def two_stages_by_callbacks(c):
    """What one executor has done, its callback hands to the next."""
    with futures.ProcessPoolExecutor(2, mp_context=c) as first, futures.ThreadPoolExecutor(1) as second:
        came = []
        handed = [first.submit(_stage, n) for n in range(4)]
        for one in handed:
            one.add_done_callback(lambda done: came.append(second.submit(abs, done.result())))
        futures.wait(handed)


@stuck(None, objects=["executor: 1 thread"])
def a_callback_that_waits_for_its_own_executor(c):
    pool = futures.ThreadPoolExecutor(1)
    first = pool.submit(time.sleep, 0.3)
    over = threading.Event()
    first.add_done_callback(lambda _: (pool.submit(int).result(), over.set()))
    over.wait()


# -- locks, forks of every kind ------------------------------------------------------------------


def _eat(left, right, sat):
    with left:
        sat.wait()
        right.acquire()
        right.release()


@stuck(
    "M43",
    "root worker worker worker",
    ["barrier: 0 of 3 waiting at it", "lock: held, 1 waiting", "rlock: held, 1 waiting", "lock: held, 1 waiting"],
    ["one: rlock of two", "two: lock of three", "three: lock of one"],
)
def philosophers_with_forks_of_two_kinds(c):
    forks, sat = [c.Lock(), c.RLock(), c.Lock()], c.Barrier(3)
    table = [
        c.Process(target=_eat, args=(forks[n], forks[(n + 1) % 3], sat), name=("one", "two", "three")[n])
        for n in range(3)
    ]
    [one.start() for one in table]
    [one.join() for one in table]


class ReadersAndWriter:
    """The lecture's: a counter under a lock, and a semaphore that the first reader takes and the last gives."""

    def __init__(self, c):
        self.mutex, self.room, self.readers = c.Lock(), c.Semaphore(1), c.Value("i", 0, lock=False)

    def enter(self):
        with self.mutex:
            self.readers.value += 1
            if self.readers.value == 1:
                self.room.acquire()

    def leave(self):
        with self.mutex:
            self.readers.value -= 1
            if not self.readers.value:
                self.room.release()


def _read_long(book):
    book.enter()
    time.sleep(600)
    book.leave()


def _write(book):
    with book.room:
        time.sleep(600)


@goes_on(
    roles="root worker worker worker",
    objects=["arena: 4096 bytes", "lock: free", "semaphore: value 0, 1 waiting"],
    waits=["writer: semaphore"],
)
def a_writer_behind_two_slow_readers(c):
    book = ReadersAndWriter(c)
    for _ in range(2):
        hire(c, _read_long, book)
    while book.readers.value < 2:
        time.sleep(0.01)
    hire(c, _write, book, name="writer").join()


def _write_and_read(book):
    with book.room:
        book.enter()


@stuck(
    None,
    "root worker",
    ["arena: 4096 bytes", "lock: held", "semaphore: value 0, 1 waiting"],
    None,
)
def a_writer_who_reads_what_it_writes(c):
    book = ReadersAndWriter(c)
    one = c.Process(target=_write_and_read, args=(book,), name="author")
    one.start()
    one.join()


@stuck(
    "M43",
    "fork fork root",
    ["file-lock: locked, 1 waiting"] * 2 + ["pipe: empty"] * 2,
    ["fork: file-lock of fork"] * 2,
    fork=True,
)
def two_forks_lock_two_files_crosswise(c):
    """flock, since the system itself refuses such a circle of fcntl's."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/a", f"{folder}/b"]
        for path in paths:
            os.close(os.open(path, os.O_CREAT))
        pipes = [os.pipe(), os.pipe()]
        for n in range(2):
            if os.fork() == 0:
                one, two = (os.open(path, os.O_RDONLY) for path in (paths[n], paths[1 - n]))
                fcntl.flock(one, fcntl.LOCK_EX)
                os.write(pipes[1 - n][1], b"x")
                os.read(pipes[n][0], 1)
                fcntl.flock(two, fcntl.LOCK_EX)
                os._exit(0)
        for _ in range(2):
            os.wait()


@goes_on(
    roles="fork fork root",
    objects=["file-lock: locked for reading, 1 waiting", "pipe: empty"],
    waits=["fork: file-lock of fork"],
    fork=True,
)
def a_writer_of_a_file_behind_a_slow_reader(c):
    with tempfile.NamedTemporaryFile() as file:
        hears, tells = os.pipe()
        if os.fork() == 0:
            one = os.open(file.name, os.O_RDONLY)
            fcntl.flock(one, fcntl.LOCK_SH)
            os.write(tells, b"x")
            time.sleep(600)
        os.read(hears, 1)
        if os.fork() == 0:
            one = os.open(file.name, os.O_RDONLY)
            fcntl.flock(one, fcntl.LOCK_EX)
        os.wait()


class TicketLock:
    """Made of a condition of threads and two numbers."""

    def __init__(self):
        self.turn, self.next, self.changed = 0, 0, threading.Condition()

    def __enter__(self):
        with self.changed:
            mine, self.next = self.next, self.next + 1
            self.changed.wait_for(lambda: self.turn == mine)

    def __exit__(self, *_):
        with self.changed:
            self.turn += 1
            self.changed.notify_all()


@stuck(None)
def a_ticket_lock_taken_twice(c):
    lock = TicketLock()
    with lock, lock:
        pass


@stuck("M46", "root", stacks=True)
def a_barrier_of_threads_two_of_whom_are_late_for_ever(c):
    """Two of four came; the others have ended by an exception of their own."""
    threading.excepthook = lambda _: None
    gate = threading.Barrier(4)

    def run(n):
        if n % 2:
            raise KeyError(n)
        gate.wait()

    runners = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    [one.start() for one in runners]
    [one.join() for one in runners]


def _arrive_patiently(gate):
    with contextlib.suppress(threading.BrokenBarrierError):
        gate.wait(600)


@goes_on(roles="root worker worker", objects=["barrier: 2 of 3 waiting at it"], waits=["a: barrier", "b: barrier"])
def a_barrier_with_a_time_out(c):
    gate = c.Barrier(3)
    both = [hire(c, _arrive_patiently, gate, name=name) for name in "ab"]
    [one.join() for one in both]


@stuck(None, stacks=True)
def a_wake_up_that_was_lost(c):
    """Notified before anybody waited, and no predicate says so."""
    changed, went = threading.Condition(), threading.Event()

    def notify():
        with changed:
            changed.notify_all()
        went.set()

    threading.Thread(target=notify).start()
    went.wait()
    with changed:
        changed.wait()


# -- rings and chains -----------------------------------------------------------------------------


def _pass_on(mine, theirs):
    while True:
        theirs.put(mine.get())


def _flood(mine, theirs):
    for n in range(3):
        theirs.put(n)
    _pass_on(mine, theirs)


@stuck(
    "M28",
    "root worker worker worker",
    ["queue: 1 item of 1, 9 bytes in its pipe, 1 waiting writer"] * 3,
    [f"{name}: queue" for name in "abc"],
)
def a_ring_of_three_full_trays(c):
    trays = [c.Queue(1) for _ in range(3)]
    ring = [c.Process(target=_flood, args=(trays[n], trays[(n + 1) % 3]), name="abc"[n]) for n in range(3)]
    [one.start() for one in ring]
    [one.join() for one in ring]


@stuck(
    None,
    "root worker worker worker",
    ["simple-queue: empty, 1 waiting reader"] * 3,
    [f"{name}: simple-queue" for name in "abc"],
)
def a_token_ring_without_a_token(c):
    trays = [c.SimpleQueue() for _ in range(3)]
    ring = [c.Process(target=_pass_on, args=(trays[n], trays[(n + 1) % 3]), name="abc"[n]) for n in range(3)]
    [one.start() for one in ring]
    [one.join() for one in ring]


def _pass_slowly(mine, theirs):
    while True:
        token = mine.get()
        time.sleep(600)
        theirs.put(token)


def _count(came, sums):
    for n in iter(came.get, None):
        sums.put(n)


def _print_all(sums):
    while (n := sums.get()) is not None:
        abs(n)


@stuck(
    "M22",
    "root worker worker",
    ["simple-queue: empty, 1 waiting reader"] * 2,
    ["counter: simple-queue", "printer: simple-queue"],
)
def a_line_of_two_that_is_not_told_of_its_end(c):
    """Forked, the second has the first one's queue, too, but does not know of it."""
    came, sums = c.SimpleQueue(), c.SimpleQueue()
    line = [
        c.Process(target=_count, args=(came, sums), name="counter"),
        c.Process(target=_print_all, args=(sums,), name="printer"),
    ]
    [one.start() for one in line]
    came.put(1)
    [one.join() for one in line]


@goes_on(roles="root worker worker worker", objects=None, waits=None)
def a_token_ring_with_a_slow_token(c):
    trays = [c.SimpleQueue() for _ in range(3)]
    ring = [c.Process(target=_pass_slowly, args=(trays[n], trays[(n + 1) % 3]), name="abc"[n]) for n in range(3)]
    trays[0].put("token")
    [one.start() for one in ring]
    [one.join() for one in ring]


@stuck(None, "root worker", ["pipe: empty", "pipe: empty"], ["echo: pipe of root", "root: pipe of echo"])
def an_echo_whose_question_was_never_sent(c):
    """Two one-way pipes; each closed what it does not need. Both listen."""
    (hears, answers), (asked, asks) = c.Pipe(False), c.Pipe(False)
    echo = c.Process(target=_echo, args=(asked, answers), name="echo")
    echo.start()
    asked.close()
    answers.close()
    hears.recv()
    asks.send(1)


def _echo(asked, answers):
    while True:
        answers.send(asked.recv())


# -- siblings, listeners, proxies -----------------------------------------------------------------


def _listen(address, ready):
    with connection.Listener(address, "AF_UNIX", authkey=b"k") as listener:
        ready.set()
        with listener.accept() as line:
            while True:
                line.send(line.recv() + 1)


def _call(address):
    with connection.Client(address, "AF_UNIX", authkey=b"k") as line:
        line.send(1)
        line.recv()
        line.recv()  # once more than it asked


@stuck(
    "M55",
    "root worker worker",
    ["event: set", "listener: ", "socket: nothing to be read", "socket: nothing to be read"],
    ["client: socket of server", "server: socket of client"],
)
def siblings_over_a_listener(c):
    with tempfile.TemporaryDirectory() as folder:
        ready = c.Event()
        hire(c, _listen, f"{folder}/s", ready, name="server")
        ready.wait()
        hire(c, _call, f"{folder}/s", name="client").join()


def _work_for(manager_dict, lock):
    with lock:
        manager_dict["rows"].append(1)
        time.sleep(600)


@goes_on(
    roles="manager root worker worker",
    objects=None,
    waits=["b: socket of SyncManager-1"],
)
def a_nested_proxy_under_a_managers_lock(c):
    """Whether the first of them is still a client: by inherited proxies alone it keeps no connection."""
    with c.Manager() as manager:
        shared, lock = manager.dict(), manager.Lock()
        shared["rows"] = manager.list()
        hire(c, _work_for, shared, lock, name="a")
        while not len(shared["rows"]):
            time.sleep(0.01)
        hire(c, _work_for, shared, lock, name="b").join()


@stuck("M46", "manager root", ["manager: 1 client"], ["root: socket of SyncManager-1"], stacks=True)
def a_managers_barrier_for_one_more(c):
    with c.Manager() as manager:
        gate = manager.Barrier(2)
        gate.wait()


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)


@goes_on(None, objects=["listener: of the network"], waits=None)
def a_server_of_threads_from_the_library(c):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.serve_forever(poll_interval=None)


@stuck(
    "M55",
    objects=["listener: of the network", "socket: nothing to be read", "socket: nothing to be read"],
    waits=["root: socket"],
)
def a_client_that_forgets_the_end_of_its_line(c):
    """Its own server's thread reads until a line ends; the program waits for the answer."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.handle_request, daemon=True).start()
        with socket.create_connection(server.server_address) as line:
            line.sendall(b"no end")
            line.recv(10)


# -- asyncio --------------------------------------------------------------------------------------


@goes_on(roles="root worker worker", objects=["executor: 2 workers, 2 tasks not finished"], waits=["root: socket"])
def a_loop_with_an_executor_of_processes(c):
    async def everything():
        loop = asyncio.get_running_loop()
        with futures.ProcessPoolExecutor(2, mp_context=c) as pool:
            await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 600) for _ in range(2)))

    asyncio.run(everything())


@goes_on(roles="program program root", objects=["pipe: empty"] * 2, waits=None, fork=True)
def a_loop_with_two_programs_at_once(c):
    async def run(*command):
        child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        return await child.communicate()

    async def everything():
        await asyncio.gather(run("sleep", "600"), run("sleep", "600"))

    asyncio.run(everything())


@stuck(None, waits=["root: socket"])
def two_tasks_that_wait_for_each_other(c):
    async def everything():
        first = asyncio.get_running_loop().create_future()
        second = asyncio.get_running_loop().create_future()

        async def pass_on(one, other):
            other.set_result(await one)

        await asyncio.gather(pass_on(first, second), pass_on(second, first))

    asyncio.run(everything())


@goes_on(waits=["root: socket"])
def a_loop_that_beats(c):
    def beat(loop):
        loop.call_later(30, beat, loop)

    async def everything():
        beat(asyncio.get_running_loop())
        await asyncio.Event().wait()

    asyncio.run(everything())


@goes_on(objects=["listener: of the network"], waits=None)
def a_loop_that_serves(c):
    async def everything():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        async with server:
            await server.serve_forever()

    asyncio.run(everything())


# -- bare forks, programs, sessions ----------------------------------------------------------------


@stuck("M56", "fork fork root", ["pipe: empty"], None, fork=True)
def two_forks_read_one_pipe_to_its_end(c):
    """Each has kept the end by which the other would hear of it."""
    reads, writes = os.pipe()
    for _ in range(2):
        if os.fork() == 0:
            while os.read(reads, 1):
                pass
            os._exit(0)
    os.close(reads)
    os.write(writes, b"ab")
    os.close(writes)
    for _ in range(2):
        os.wait()


@goes_on(roles="program root", fork=True)
def a_program_by_posix_spawn(c):
    child = os.posix_spawn("/bin/sleep", ["sleep", "600"], os.environ)
    os.waitpid(child, 0)


@goes_on(roles="program root", objects=["pipe: empty"], waits=["root: pipe of program"], fork=True)
def reads_from_a_program_by_posix_spawn(c):
    reads, writes = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, writes, 1), (os.POSIX_SPAWN_CLOSE, reads)]
    os.posix_spawn("/bin/sleep", ["sleep", "600"], os.environ, file_actions=actions)
    os.close(writes)
    os.read(reads, 1)


@goes_on(
    roles="program program program root", fork=True, objects=["pipe: empty"] * 2, waits=["program: pipe of program"] * 2
)
def a_pipeline_put_together_by_hand(c):
    first = subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE)
    second = subprocess.Popen(["cat"], stdin=first.stdout, stdout=subprocess.PIPE)
    third = subprocess.Popen(["wc"], stdin=second.stdout, stdout=subprocess.DEVNULL)
    first.stdout.close()
    second.stdout.close()
    third.wait()


@stuck(
    None,
    "program program root",
    ["pipe: empty"] * 2,
    ["program: pipe of program", "program: pipe of root"],
    fork=True,
)
def a_pipeline_whose_input_stays_open(c):
    first = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    second = subprocess.Popen(["wc"], stdin=first.stdout, stdout=subprocess.DEVNULL)
    first.stdout.close()
    second.wait()


@goes_on(roles="program root", fork=True, objects=[])
def a_program_in_a_session_of_its_own(c):
    with subprocess.Popen(["sleep", "600"], start_new_session=True, stdout=subprocess.DEVNULL) as child:
        child.wait()


def _settle(writes):
    """As daemons do: a fork whose parent leaves, a session, and another fork."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.write(writes, b"x")
    time.sleep(600)


@goes_on(roles="fork root", objects=["pipe: empty"], fork=True, waits=[])
def a_daemon_that_left_its_session(c):
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        _settle(writes)
    os.waitpid(child, 0)
    os.read(reads, 1)
    time.sleep(600)


@stuck("M21", "fork root", ["pipe: many bytes in it"], ["fork: pipe of root"], fork=True)
def gives_up_reading_and_waits(c):
    """It reads ten bytes of what its fork has to say, and then waits for its end."""
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        os.close(reads)
        while True:
            os.write(writes, bytes(10_000))
    os.close(writes)
    os.read(reads, 10)
    os.waitpid(child, 0)


@goes_on(roles="fork root", fork=True)
def looks_now_and_then_whether_its_fork_has_ended(c):
    if (child := os.fork()) == 0:
        time.sleep(600)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.05)


# -- endings ---------------------------------------------------------------------------------------


@stuck(None)
def an_exit_handler_that_joins(c):
    """The thread waits for what comes after it."""
    over = threading.Event()
    worker = threading.Thread(target=over.wait, daemon=True)
    worker.start()
    atexit.register(over.set)
    atexit.register(worker.join)


@goes_on()
def an_exit_handler_that_takes_long(c):
    atexit.register(time.sleep, 600)


@goes_on(stacks=True)
def leaves_while_a_thread_is_still_at_work(c):
    """Its last line is done, and Python waits for a thread that sleeps."""
    threading.Thread(target=time.sleep, args=(600,)).start()


@goes_on(roles="root worker", objects=[])
def leaves_while_a_worker_is_still_at_work(c):
    hire(c, sleep_long, daemon=False)


@stuck(None, "root worker", ["event: not set, 1 waiting"], ["w: event"])
def leaves_while_a_worker_waits_for_it(c):
    global leaving
    leaving = c.Event()
    hire(c, leaving.wait, name="w", daemon=False)
    while leaving._cond._sleeping_count._semlock._is_zero():
        time.sleep(0.01)  # on the way out names are unlinked before workers are joined


# -- polls of every sort -----------------------------------------------------------------------------


@goes_on(roles="root worker", objects=["pipe: empty"], waits=["root: pipe of w"])
def polls_one_pipe(c):
    hears, tells = c.Pipe(False)
    hire(c, sleep_long, tells, name="w")
    tells.close()
    poll = select.poll()
    poll.register(hears, select.POLLIN)
    poll.poll()


@goes_on(roles="root worker worker", objects=["pipe: empty", "pipe: empty"], waits=None)
def watches_two_workers_by_epoll(c):
    watch = select.epoll()
    for _ in range(2):
        hears, tells = c.Pipe(False)
        hire(c, sleep_long, tells)
        tells.close()
        watch.register(os.dup(hears.fileno()), select.EPOLLIN)
    watch.poll()


@stuck(None, "root worker", ["pipe: empty", "pipe: empty"], None)
def an_epoll_and_a_reader_wait_for_each_other(c):
    (hears, answers), (asked, asks) = c.Pipe(False), c.Pipe(False)
    hire(c, _echo, asked, answers, name="echo")
    answers.close()
    asked.close()
    with selectors.EpollSelector() as watch:
        watch.register(hears, selectors.EVENT_READ)
        watch.select()
    asks.send(1)


@goes_on(None)
def reads_an_eventfd_of_its_own(c):
    """Whoever has it may write to it; what a thread that sleeps will do is not to be seen."""
    counter = os.eventfd(0)
    threading.Thread(target=_write_late, args=(counter,), daemon=True).start()
    os.read(counter, 8)


def _write_late(counter):
    time.sleep(600)
    os.eventfd_write(counter, 1)


@goes_on(roles="fork root", fork=True)
def waits_for_a_pidfd(c):
    if (child := os.fork()) == 0:
        time.sleep(600)
    select.select([os.pidfd_open(child)], [], [])


@goes_on(None)
def waits_for_a_signal_with_handlers(c):
    for number in (signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    while True:
        signal.pause()


# -- threads ----------------------------------------------------------------------------------------


class Local(threading.local):
    def __init__(self):
        self.box = queue.SimpleQueue()


@stuck(None)
def a_queue_that_each_thread_has_for_itself(c):
    """What was put into one's own is not in the other's."""
    local, ready = Local(), threading.Event()

    def take():
        ready.wait()
        local.box.get()

    worker = threading.Thread(target=take)
    worker.start()
    local.box.put(1)
    ready.set()
    worker.join()


@goes_on(stacks=True)
def forty_idle_threads_and_one_that_works(c):
    """All are joined in turn, and the first is the one that sleeps."""
    over = threading.Event()

    def work():
        time.sleep(600)
        over.set()

    crowd = [threading.Thread(target=work), *(threading.Thread(target=over.wait) for _ in range(40))]
    [one.start() for one in crowd]
    [one.join() for one in crowd]


@stuck(None)
def forty_idle_threads_and_none_that_works(c):
    over = threading.Event()
    crowd = [threading.Thread(target=over.wait) for _ in range(40)]
    [one.start() for one in crowd]
    [one.join() for one in crowd]


class Scheduler(threading.Thread):
    """A heap of deadlines under a condition."""

    def __init__(self):
        super().__init__(daemon=True)
        self.plan, self.changed = [], threading.Condition()

    def run(self):
        with self.changed:
            while True:
                left = self.plan[0][0] - time.monotonic() if self.plan else None
                if left is not None and left <= 0:
                    heapq.heappop(self.plan)[1]()
                else:
                    self.changed.wait(left)

    def at(self, when, act):
        with self.changed:
            heapq.heappush(self.plan, (when, act))
            self.changed.notify()


@goes_on(None)
def a_scheduler_of_ones_own(c):
    """Which thread will set it, no stack tells."""
    done, plan = threading.Event(), Scheduler()
    plan.start()
    plan.at(time.monotonic() + 600, done.set)
    done.wait()


@goes_on(objects=[])
def a_log_through_a_queue(c):
    """The library's listener waits for the next line, as it should."""
    lines = queue.Queue()
    listener = logging.handlers.QueueListener(lines, logging.NullHandler())
    listener.start()
    logger = logging.getLogger("late")
    logger.addHandler(logging.handlers.QueueHandler(lines))
    logger.warning("one")
    time.sleep(600)


@stuck("M24", stacks=True)
def a_stack_of_plates_never_all_washed(c):
    """One washer breaks a plate, and with it the loop that says done."""
    threading.excepthook = lambda _: None
    plates = queue.LifoQueue()
    [plates.put(n) for n in (0, 1, 2)]

    def wash():
        while True:
            1 / plates.get()
            plates.task_done()

    threading.Thread(target=wash).start()
    plates.join()


@stuck(None)
def a_deque_under_two_semaphores(c):
    """The lecture's bounded buffer, its permits taken in the wrong order."""
    items, mutex, filled = deque(), threading.Semaphore(1), threading.Semaphore(0)

    def consume():
        with mutex:
            filled.acquire()
            items.popleft()

    def produce():
        with mutex:
            items.append(1)
        filled.release()

    consumer = threading.Thread(target=consume)
    consumer.start()
    while mutex._value:
        time.sleep(0.01)
    producer = threading.Thread(target=produce)
    producer.start()
    consumer.join()


def _consume(items, mutex, filled):
    with mutex:
        filled.acquire()
        items.value -= 1


def _produce(items, mutex, filled):
    with mutex:
        items.value += 1
    filled.release()


@stuck(
    None,
    "root worker worker",
    ["arena: 4096 bytes", "semaphore: value 0, 1 waiting", "semaphore: value 0, 1 waiting"],
    ["consumer: semaphore", "producer: semaphore"],
)
def a_bounded_buffer_of_processes_in_the_wrong_order(c):
    parts = c.Value("i", 0, lock=False), c.Semaphore(1), c.Semaphore(0)
    consumer = c.Process(target=_consume, args=parts, name="consumer")
    consumer.start()
    while not parts[1]._semlock._is_zero():
        time.sleep(0.01)
    c.Process(target=_produce, args=parts, name="producer").start()
    consumer.join()


# -- what is waited for in ways that look alike ---------------------------------------------------------


def _talk(asked, answers):
    asked.recv()
    answers.send(1)


@goes_on(roles="root worker worker", objects=["pipe: empty"] * 4, waits=None)
def joins_a_sleeper_beside_one_that_listens(c):
    """With a time-out, which polls what tells of its end. The pipes of the other look like those that tell."""
    (hears, answers), (asked, asks) = c.Pipe(False), c.Pipe(False)
    hire(c, _talk, asked, answers, name="idle")
    answers.close()
    asked.close()
    (other, told), (wanted, wants) = c.Pipe(False), c.Pipe(False)
    sleeper = hire(c, sleep_long, told, wanted, name="sleeper")
    told.close()
    wanted.close()
    sleeper.join(600)
    sleep_long(hears, asks, other, wants)


def _until_told(asked, _):
    asked.recv()


@stuck(None, "root worker worker", ["pipe: empty"] * 2, ["idle: pipe of root"])
def waits_by_sentinel_for_one_that_listens(c):
    """The other worker sleeps, and is not waited for."""
    hire(c, sleep_long, name="sleeper")
    (hears, answers), (asked, asks) = c.Pipe(False), c.Pipe(False)
    idle = hire(c, _until_told, asked, answers, name="idle")
    answers.close()
    asked.close()
    connection.wait([idle.sentinel])
    sleep_long(hears, asks)


def _keep_and_get(lock, box):
    with lock:
        box.get()


def _put_under(lock, box):
    box.put(0)  # its feeder lives from here on
    until_held(lock)
    with lock:
        box.put(1)


@stuck(
    None,
    "root worker worker",
    ["lock: held, 1 waiting", "queue: 0 items, 1 waiting reader"],
    ["getter: queue", "putter: lock of getter"],
)
def a_feeder_that_idles_beside_who_wants_the_lock(c):
    lock, box = c.Lock(), c.Queue()
    putter = c.Process(target=_put_under, args=(lock, box), name="putter")
    putter.start()
    box.get()
    c.Process(target=_keep_and_get, args=(lock, box), name="getter").start()
    putter.join()


def _deadlock_within():
    one, two, both = threading.Lock(), threading.Lock(), threading.Barrier(2)

    def nest(first, second):
        with first:
            both.wait()
            with second:
                pass

    pair = [threading.Thread(target=nest, args=args) for args in ((one, two), (two, one))]
    [thread.start() for thread in pair]
    [thread.join() for thread in pair]


@stuck("M43", "root worker worker", stacks=True)
def a_circle_of_threads_in_a_worker(c):
    """Beside one that computes, for whom nobody waits."""
    hire(c, _compute)
    worker = hire(c, _deadlock_within)
    worker.join()


def _compute():
    while True:
        sum(range(1000))


@stuck("M46", "root worker worker", ["barrier: 1 of 2 waiting at it"], ["slow: barrier"], fork=True)
def one_goes_round_less_often_than_the_other(c):
    """Three rounds and two: the last time nobody comes."""
    c = mp.get_context("fork")
    gate = c.Barrier(2)
    slow = hire(c, _go_round, gate, 3, name="slow")
    hire(c, _go_round, gate, 2, name="quick")
    slow.join()


def _go_round(gate, times):
    for _ in range(times):
        gate.wait()


@goes_on()
def a_condition_with_a_time_out_in_a_loop(c):
    changed = threading.Condition()
    with changed:
        while not changed.wait(5):
            pass


@goes_on(roles="program root", objects=None, waits=None, fork=True)
def communicates_with_a_slow_program(c):
    with subprocess.Popen(["sleep", "600"], stdin=-1, stdout=-1, stderr=-1) as child:
        child.communicate(b"word")


def _want_twice(lock, ready):
    with lock:
        ready.set()
        with lock:
            pass


@stuck("M44", "root worker worker worker", ["event: set", "lock: held, 3 waiting"], None)
def many_behind_one_that_wants_it_twice(c):
    """Those behind it have no mistake of their own."""
    lock, ready = c.Lock(), c.Event()
    first = hire(c, _want_twice, lock, ready, name="first")
    ready.wait()
    for _ in range(2):
        hire(c, _take, lock)
    first.join()


def _take(lock):
    with lock:
        pass


@stuck(None, "root worker worker", None, stacks=True)
def leaves_an_executor_whose_tasks_want_its_lock(c):
    """They are given a lock that the program lets go of behind the executor's ``with``."""
    lock = c.Lock()
    lock.acquire()
    with futures.ProcessPoolExecutor(2, c, _give, (lock,)) as pool:
        for _ in range(2):
            pool.submit(_take_given)
    lock.release()


def _give(lock):
    global given
    given = lock


def _take_given():
    with given:
        return 1


# -- memory -------------------------------------------------------------------------------------------


def _attach_and_wait(name, gone):
    segment = shared_memory.SharedMemory(name)
    segment.buf[0] = 1
    gone.wait()


@goes_on(roles="root worker", objects=["event: not set, 1 waiting", "shared-memory: 4096 bytes"], waits=["w: event"])
def a_segment_unlinked_under_its_user(c):
    segment, gone = shared_memory.SharedMemory(create=True, size=4096), c.Event()
    hire(c, _attach_and_wait, segment.name, gone, name="w")
    while not segment.buf[0]:
        time.sleep(0.01)
    segment.unlink()
    time.sleep(600)


def _spin_until(flag):
    while not flag.value:
        time.sleep(0.002)


@goes_on(roles="root worker", objects=["arena: 4096 bytes"])
def a_spin_on_a_value(c):
    """It would go on so for ever, but it does go on: whether somebody sets it, nobody knows."""
    flag = c.Value("b", 0, lock=False)
    hire(c, _spin_until, flag).join()


class Cache:
    """Calls its own lock again when garbage is collected, or so one thinks: a finalizer that takes it."""

    def __init__(self):
        self.lock = threading.Lock()

    def forget(self):
        with self.lock:
            return


class Entry:
    pass


@stuck("M44", stacks=True)
def a_finalizer_wants_the_lock_that_is_held(c):
    cache, entry = Cache(), Entry()
    weakref.finalize(entry, cache.forget)
    with cache.lock:
        del entry


# -- the ends of children ---------------------------------------------------------------


def _forks(what, group=None):
    """A child that does this, in a process group of its own where ``group`` is 0."""
    child = os.fork()
    if child == 0:
        if group is not None:
            os.setpgid(0, group)
        what()
        os._exit(0)
    if group == 0:
        while os.getpgid(child) != child:
            time.sleep(0.01)
    return child


def _twice():
    lock = mp.get_context("fork").Lock()
    lock.acquire()
    lock.acquire()


def _sleeps():
    time.sleep(600)


@stuck("M44", "fork fork root", ["lock: held, 1 waiting"], ["fork: lock"], fork=True)
def waits_for_a_group_that_hangs(c):
    _forks(_sleeps)
    os.waitpid(-_forks(_twice, 0), 0)


@stuck("M44", "fork fork root", ["lock: held, 1 waiting"], ["fork: lock"], fork=True)
def waits_for_a_group_by_another_call(c):
    _forks(_sleeps)
    os.waitid(os.P_PGID, _forks(_twice, 0), os.WEXITED)


@stuck("M44", "fork fork root", ["lock: held, 1 waiting"], ["fork: lock"], fork=True)
def waits_for_its_own_group(c):
    _forks(_sleeps, 0)
    _forks(_twice)
    os.waitpid(0, 0)


@stuck("M44", "fork fork root", ["lock: held, 1 waiting"], ["fork: lock"], fork=True)
def waits_for_a_group_while_another_has_ended(c):
    _forks(int)
    os.waitpid(-_forks(_twice, 0), 0)


@goes_on(False, "fork fork root", fork=True)
def waits_for_a_group_that_sleeps(c):
    _forks(int)
    os.waitpid(-_forks(_sleeps, 0), 0)


@stuck("M44", "fork root", ["lock: held, 1 waiting"], ["fork: lock"], fork=True)
def a_thread_waits_for_any_child(c):
    _forks(_twice)
    waiting = threading.Thread(target=os.wait)
    waiting.start()
    waiting.join()


@goes_on(None, "fork root", fork=True)
def waits_until_a_child_is_stopped(c):
    os.waitid(os.P_PID, _forks(_sleeps), os.WSTOPPED)


if __name__ == "__main__":
    main(globals())
