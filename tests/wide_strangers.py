"""Programs of sorts that no other list has, see ``strangers``: ``python wide_strangers.py NAME METHOD`` runs one.

Crowds and several standstills at once; parts of files, lines that were called and not answered, descriptors on their
way; what is below Python, as a mutex of C and semaphores of System V; pools, executors and loops between each other.
"""

# mypy: ignore-errors
import asyncio
import atexit
import builtins
import concurrent.futures as futures
import contextlib
import ctypes
import fcntl
import importlib
import multiprocessing as mp
import multiprocessing.dummy
import multiprocessing.managers
import multiprocessing.pool
import os
import queue
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import connection
from pathlib import Path

from strangers import goes_on, hire, main, sleep_long, stuck, until_held


def _cross(first, second, meet):
    with first:
        meet.wait()
        with second:
            pass


def _take(lock):
    with lock:
        pass


def _hold(lock):
    with lock:
        time.sleep(600)


# -- crowds, and several standstills at once ----------------------------------------------------


@stuck("M43", " ".join(["root", *["worker"] * 60]), ["barrier: 0 of 60 waiting at it"] + ["lock: held, 1 waiting"] * 60,
    [f"k{n}: lock of k{(n + 1) % 60}" for n in range(60)], fork=True)  # fmt: skip
def sixty_in_a_ring(c):
    c = mp.get_context("fork")
    locks, meet = [c.Lock() for _ in range(60)], c.Barrier(60)
    knights = [hire(c, _cross, locks[n], locks[(n + 1) % 60], meet, name=f"k{n}") for n in range(60)]
    [one.join() for one in knights]


@stuck(
    "M43 M43",
    "root worker worker worker worker worker",
    ["barrier: 0 of 2 waiting at it"] * 2 + ["lock: held, 1 waiting"] * 4,
    ["a: lock of b", "b: lock of a", "x: lock of y", "y: lock of x"],
)
def two_pairs_that_know_nothing_of_each_other(c):
    """And a fifth that only sleeps."""
    things = []
    crew = [hire(c, sleep_long)]
    for names in ("ab", "xy"):
        things.append((c.Lock(), c.Lock(), c.Barrier(2)))  # a barrier's memory would be used again
        one, other, meet = things[-1]
        crew += [hire(c, _cross, one, other, meet, name=names[0]), hire(c, _cross, other, one, meet, name=names[1])]
    [one.join() for one in crew[::-1]]


def _twice(lock):
    with lock, lock:
        pass


@stuck(
    "M43 M44",
    "root worker worker worker worker",
    ["barrier: 0 of 2 waiting at it"] + ["lock: held, 1 waiting"] * 3,
    ["a: lock of b", "b: lock of a", "self: lock"],
)
def a_pair_and_one_alone(c):
    """The fourth, which sleeps, was there before the locks."""
    hire(c, sleep_long, name="idle")
    one, other, meet, own = c.Lock(), c.Lock(), c.Barrier(2), c.Lock()
    crew = [
        hire(c, _twice, own, name="self"),
        hire(c, _cross, one, other, meet, name="a"),
        hire(c, _cross, other, one, meet, name="b"),
    ]
    [one.join() for one in crew]


@goes_on(
    roles="root worker worker worker",
    objects=["barrier: 0 of 2 waiting at it"] + ["lock: held, 1 waiting"] * 2,
    waits=["a: lock of b", "b: lock of a"],
    mistake="M43",
)
def a_pair_that_nobody_waits_for(c):
    """They are daemons: the program is at work on something else, and will end them."""
    one, other, meet = c.Lock(), c.Lock(), c.Barrier(2)
    hire(c, _cross, one, other, meet, name="a")
    hire(c, _cross, other, one, meet, name="b")
    hire(c, sleep_long).join()


# -- parts of files ---------------------------------------------------------------------------


@stuck(None, "root worker worker worker", ["file-lock: locked, 1 waiting", "pipe: empty"], ["w: file-lock of root"])
def a_part_of_a_file_that_the_program_has(c):
    """The others have other parts: they cannot help."""
    path = tempfile.mktemp()
    Path(path).write_bytes(bytes(100))
    file = os.open(path, os.O_RDWR)
    fcntl.lockf(file, fcntl.LOCK_EX, 10, 0)
    come, tells = c.Pipe(duplex=False)
    hire(c, _lock_part_and_sleep, path, 50, tells)
    hire(c, _lock_part_and_sleep, path, 80, tells)
    come.recv(), come.recv()
    hire(c, _lock_part_and_sleep, path, 5, tells, name="w").join()


def _lock_part_and_sleep(path, start, tells):
    with Path(path).open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, 10, start)
        tells.send(1)
        time.sleep(600)


@goes_on(roles="root worker worker", objects=None, waits=["w: file-lock of slow"])
def a_part_of_a_file_that_a_sleeper_has(c):
    path = tempfile.mktemp()
    Path(path).write_bytes(bytes(100))
    file = os.open(path, os.O_RDWR)
    fcntl.lockf(file, fcntl.LOCK_EX, 10, 0)
    come, tells = c.Pipe(duplex=False)
    hire(c, _lock_part_and_sleep, path, 50, tells, name="slow")
    come.recv()
    hire(c, _lock_part_and_sleep, path, 55, tells, name="w").join()


# -- lines that were called and not answered ----------------------------------------------------


def _call(address):
    with connection.Client(address) as line:
        line.recv()


@stuck(None, "root worker", None, ["caller: socket of root"])
def a_caller_who_is_never_answered(c):
    with tempfile.TemporaryDirectory() as folder, connection.Listener(f"{folder}/s", "AF_UNIX"):
        hire(c, _call, f"{folder}/s", name="caller").join()


@stuck(None, "root worker", None, ["caller: socket of root"])
def a_caller_who_is_never_answered_over_the_network(c):
    with connection.Listener(("127.0.0.1", 0)) as door:
        hire(c, _call, door.address, name="caller").join()


def _answer(path, ready):
    with connection.Listener(path, "AF_UNIX", backlog=5) as door:
        ready.set()
        time.sleep(600)
        door.accept().send(1)


@goes_on(roles="root worker", objects=None, waits=["root: socket of office"])
def a_caller_who_is_answered_late(c):
    path, ready = tempfile.mktemp(), c.Event()
    hire(c, _answer, path, ready, name="office")
    ready.wait()
    _call(path)


def _send_packets(line):
    for _ in range(100_000):
        line.send(bytes(1000))


@stuck("M21", "root worker", None, ["w: socket of root"], fork=True)
def packets_that_are_read_too_late(c):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = hire(mp.get_context("fork"), _send_packets, theirs, name="w")
    theirs.close()
    worker.join()
    ours.recv(1000)


@stuck("M21", "root worker", None, ["w: socket of root"], fork=True)
def letters_that_are_read_too_late(c):
    """Datagrams: a few fill the tray."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    worker = hire(mp.get_context("fork"), _send_packets, theirs, name="w")
    theirs.close()
    worker.join()
    ours.recv(1000)


def _ask_patiently(line):
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 600, 0))
    with contextlib.suppress(BlockingIOError):
        line.recv(1)


@goes_on(roles="root worker", objects=["socket: nothing to be read"] * 2, waits=["w: socket of root"], fork=True)
def a_socket_with_a_time_out_of_its_own(c):
    """The system keeps it: the call itself has none."""
    ours, theirs = socket.socketpair()
    worker = hire(mp.get_context("fork"), _ask_patiently, theirs, name="w")
    theirs.close()
    worker.join()
    ours.send(b"x")


@goes_on(roles="root worker", objects=["socket: nothing to be read"] * 2, waits=["w: socket of root"], fork=True)
def a_socket_with_pythons_time_out(c):
    ours, theirs = socket.socketpair()
    theirs.settimeout(600)
    worker = hire(mp.get_context("fork"), _recv_one, theirs, name="w")
    theirs.close()
    worker.join()


def _recv_one(line):
    line.recv(1)


# -- descriptors on their way ---------------------------------------------------------------------


@goes_on(roles="fork fork root", objects=None, waits=["fork: pipe of root", "root: pipe of fork"], fork=True)
def an_end_that_is_on_its_way(c):
    """The second has not unpacked yet what will let it write; the first has the same end, and waits for us."""
    reads, writes = os.pipe()
    go, gone = os.pipe()
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        os.close(gone)
        ours.close()
        theirs.close()
        os.read(go, 1)
        os._exit(0)
    os.close(go)
    socket.send_fds(ours, [b"x"], [writes])
    if os.fork() == 0:
        os.close(writes)
        os.close(gone)
        ours.close()
        time.sleep(600)
        os.write(socket.recv_fds(theirs, 1, 1)[1][0], b"x")
        os._exit(0)
    os.close(writes)
    theirs.close()
    os.read(reads, 1)
    os.write(gone, b"x")


# -- below Python -------------------------------------------------------------------------------


@stuck(None)
def a_mutex_of_c_twice(c):
    mutex, libc = ctypes.create_string_buffer(64), ctypes.CDLL(None)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)


@goes_on(None, objects=[])
def a_semaphore_of_system_v(c):
    """Anybody may give it by its number."""
    libc = ctypes.CDLL(None)
    one = libc.semget(0, 1, 0o1600)
    atexit.register(libc.semctl, one, 0, 0)
    libc.semop(one, struct.pack("Hhh", 0, -1, 0), 1)


@stuck(None, "root worker", ["pipe: empty", "pipe: empty"], ["w: pipe of root"], fork=True)
def splices_what_never_comes(c):
    c = mp.get_context("fork")
    (hears, tells), (out, into) = c.Pipe(duplex=False), c.Pipe(duplex=False)
    worker = hire(c, _splice, hears, into, tells, out, name="w")
    hears.close()
    into.close()
    worker.join()
    tells.send(1)
    out.recv()


def _splice(hears, into, *others):
    [one.close() for one in others]
    if hasattr(os, "splice"):
        os.splice(hears.fileno(), into.fileno(), 100)
    else:
        hears.recv()


@goes_on(None, "root worker")
def two_fifos_opened_crosswise(c):
    """Anybody may open them."""
    folder = tempfile.mkdtemp()
    for name in "ab":
        os.mkfifo(f"{folder}/{name}")
    hire(c, _open_both, folder, "b", "a", name="w")
    _open_both(folder, "a", "b")


@goes_on(None)
def a_clock_that_will_ring(c):
    """A timerfd: when, is not asked of it."""
    libc = ctypes.CDLL(None)
    clock = libc.timerfd_create(1, 0)
    libc.timerfd_settime(clock, 0, struct.pack("qqqq", 0, 0, 600, 0), None)
    os.read(clock, 8)


# -- libraries and the ways they start programs -----------------------------------------------------


@stuck(
    None,
    "program root",
    ["lock: held, 1 waiting", "pipe: empty"],
    ["program: lock of root", "root: pipe of program"],
    fork=True,
)
def a_preparation_that_wants_the_lock(c):
    lock = c.Lock()
    with lock:
        subprocess.Popen(["true"], preexec_fn=lock.acquire).wait()


PAIR = """
import multiprocessing as mp, sys
def cross(first, second, meet):
    with first:
        meet.wait()
        with second:
            pass
if __name__ == "__main__":
    c = mp.get_context(sys.argv[1])
    a, b, meet = c.Lock(), c.Lock(), c.Barrier(2)
    crew = [c.Process(target=cross, args=args, name=n) for n, args in (("a", (a, b, meet)), ("b", (b, a, meet)))]
    [one.start() for one in crew]
    [one.join() for one in crew]
"""


@stuck(
    "M43",
    "program root worker worker",
    ["barrier: 0 of 2 waiting at it"] + ["lock: held, 1 waiting"] * 2,
    ["a: lock of b", "b: lock of a"],
)
def a_program_whose_workers_go_round(c):
    path = tempfile.mktemp(suffix=".py")
    Path(path).write_text(PAIR, encoding="utf-8")
    subprocess.run([sys.executable, path, c.get_start_method()], stdout=subprocess.DEVNULL)


@stuck(None, "program root", ["pipe: empty"], ["program: pipe of root"])
def a_thread_waits_for_a_program_that_asks(c):
    it = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    waiter = threading.Thread(target=it.wait)
    waiter.start()
    waiter.join()
    it.communicate(b"x\n")


@stuck(
    None,
    "program root worker",
    ["event: not set, 1 waiting", "pipe: empty"],
    ["program: pipe of w", "w: event"],
    fork=True,
)
def a_worker_keeps_the_input_of_a_program_open(c):
    c = mp.get_context("fork")
    it = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    over = c.Event()
    hire(c, over.wait, name="w")
    it.stdin.close()
    it.wait()
    over.set()


SLOW_MODULE = "import threading\nbegun.set()\nthreading.Event().wait(600)\n"


@stuck("M19", "fork root", fork=True, stacks=True)
def forked_while_a_module_is_imported(c):
    """A thread is at it, slowly; the child wants the module, too."""
    folder = tempfile.mkdtemp()
    begun = threading.Event()
    builtins.begun = begun
    Path(folder, "slow_module.py").write_text(SLOW_MODULE, encoding="utf-8")
    sys.path.insert(0, folder)
    threading.Thread(target=importlib.import_module, args=("slow_module",), daemon=True).start()
    begun.wait()
    if (child := os.fork()) == 0:
        importlib.import_module("slow_module")
        os._exit(0)
    os.waitpid(child, 0)


# -- pools, executors and loops -----------------------------------------------------------------


def _meet_all():
    meeting.wait()


def _give(one):
    global meeting
    meeting = one


@stuck(
    "M46",
    "root worker worker",
    ["barrier: 2 of 3 waiting at it", "executor: 2 workers, 3 tasks not finished"],
)
def a_barrier_for_more_than_there_are_workers(c):
    with futures.ProcessPoolExecutor(2, c, _give, (c.Barrier(3),)) as pool:
        [pool.submit(_meet_all) for _ in range(3)]


@stuck(None, objects=["semaphore: value 0, 1 waiting"], waits=["root: semaphore"])
def a_semaphore_taken_once_too_often(c):
    """No lock that somebody takes again: there were two, and both are gone."""
    seats = c.BoundedSemaphore(2)
    seats.acquire()
    seats.acquire()
    seats.acquire()


def _hear(*_):
    os.read(meeting[0], 1)


@stuck(None, "root worker worker", ["pipe: empty", "pool: 2 workers, 1 job not finished"], stacks=True, fork=True)
def a_job_that_reads_a_pipe_of_its_own(c):
    """No task is lost: the worker that has it reads, and all of them have the writing end."""
    with mp.get_context("fork").Pool(2, _give, (os.pipe(),)) as pool:
        pool.apply_async(_hear).get()


@stuck("M46", objects=["executor: 2 threads"], stacks=True)
def a_barrier_for_more_than_the_pool_has_threads(c):
    meet = threading.Barrier(3)
    pool = futures.ThreadPoolExecutor(2)
    [one.result() for one in [pool.submit(meet.wait) for _ in range(3)]]


@stuck(None, stacks=True)
def a_thread_waits_for_the_main_threads_end(c):
    main = threading.current_thread()
    last = threading.Thread(target=main.join)
    last.start()
    last.join()


@goes_on(objects=["executor: 2 threads"])
def a_job_that_is_next_after_two_sleepers(c):
    pool = futures.ThreadPoolExecutor(2)
    first = [pool.submit(time.sleep, 600) for _ in range(2)]
    pool.submit(int).result()
    [one.result() for one in first]


@stuck(None, objects=["executor: 2 threads"], stacks=True)
def a_job_that_is_next_after_two_that_never_end(c):
    never = threading.Event()
    pool = futures.ThreadPoolExecutor(2)
    [pool.submit(never.wait) for _ in range(2)]
    pool.submit(int).result()


@stuck(None, objects=["executor: 1 thread", "executor: 1 thread"], stacks=True)
def two_counters_that_send_their_customers_to_each_other(c):
    here, there = futures.ThreadPoolExecutor(1), futures.ThreadPoolExecutor(1)
    both = threading.Barrier(2)

    def ask(other):
        both.wait()
        return other.submit(int).result()

    answers = [here.submit(ask, there), there.submit(ask, here)]
    [one.result() for one in answers]


@stuck(None, "root worker worker", ["event: not set, 1 waiting", "pool: 2 workers, 1 job not finished, closed"])
def a_pool_is_joined_while_a_job_waits(c):
    pool = c.Pool(2, _give, (c.Event(),))
    pool.apply_async(_meet_all)
    pool.close()
    pool.join()


def _end_hard(n):
    if n == 1:
        os._exit(3)
    return n


@goes_on(objects=None)
def an_executor_whose_worker_is_gone(c):
    """It notices, and the program goes on."""
    with futures.ProcessPoolExecutor(2, c) as pool, contextlib.suppress(futures.process.BrokenProcessPool):
        list(pool.map(_end_hard, range(4)))
    sleep_long(pool)


@stuck("M61", "root worker worker", None, stacks=True)
def answers_in_any_order_of_which_one_is_lost(c):
    with c.Pool(2) as pool:
        for _ in pool.imap_unordered(_end_hard, range(4)):
            pass


@stuck(
    None,
    "root",
    ["lock: held by nobody who is alive, 1 waiting", "pool: no workers, 1 job not finished, closed"],
    ["root: lock"],
)
def a_pool_that_was_ended_with_the_lock(c):
    lock = c.Lock()
    pool = c.Pool(1, _give, (lock,))
    pool.apply_async(_hold_given)
    until_held(lock)
    pool.terminate()
    pool.join()
    lock.acquire()


def _hold_given():
    meeting.acquire()
    time.sleep(600)


@stuck(None, stacks=True)
def an_executor_that_is_left_at_the_end(c):
    """Nobody waits for it but Python, on the way out."""
    futures.ThreadPoolExecutor(1).submit(threading.Event().wait)


@stuck(None, stacks=True)
def two_loops_that_ask_each_other(c):
    loops, both = [asyncio.new_event_loop() for _ in range(2)], threading.Barrier(2)

    async def nothing():
        return 1

    async def ask(other):
        both.wait()
        return asyncio.run_coroutine_threadsafe(nothing(), other).result()

    threads = [
        threading.Thread(target=one.run_until_complete, args=(ask(other),)) for one, other in (loops, loops[::-1])
    ]
    [one.start() for one in threads]
    [one.join() for one in threads]


@stuck(None, waits=["root: socket"])
def a_queue_of_asyncio_that_is_never_done(c):
    async def main():
        jobs = asyncio.Queue()
        await jobs.put(1)
        worker = asyncio.create_task(jobs.get())
        await jobs.join()
        await worker

    asyncio.run(main())


@goes_on(waits=["root: socket"])
def a_loop_with_a_time_out(c):
    async def main():
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 600)

    asyncio.run(main())


# -- queues and bridges -------------------------------------------------------------------------


@stuck("M28", stacks=True)
def a_heap_that_is_full(c):
    heap = queue.PriorityQueue(2)
    for n in (3, 1, 2):
        heap.put(n)


def _eat_all(plates):
    while True:
        plates.get()


@stuck("M22", stacks=True)
def plates_from_the_top_without_farewell(c):
    plates = queue.LifoQueue()
    crew = [threading.Thread(target=_eat_all, args=(plates,)) for _ in range(2)]
    [one.start() for one in crew]
    plates.put(1)
    [one.join() for one in crew]


@stuck("M24", stacks=True)
def a_queue_that_was_shut_down_with_work_in_hand(c):
    jobs = queue.Queue()
    jobs.put(1)
    taker = threading.Thread(target=jobs.get)
    taker.start()
    taker.join()
    getattr(jobs, "shutdown", int)()
    jobs.join()


def _put_many(tray):
    for n in range(50):
        tray.put(n)


@stuck("M28", "root worker", ["queue: 2 items of 2, 18 bytes in its pipe, 1 waiting writer"], ["w: queue"], stacks=True)
def a_bridge_whose_far_side_is_full(c):
    """From a queue of processes to one of threads; the program joins before it takes."""
    near, far = c.Queue(2), queue.Queue(1)
    threading.Thread(target=_carry, args=(near, far), daemon=True).start()
    hire(c, _put_many, near, name="w").join()
    far.get()


def _carry(near, far):
    while True:
        far.put(near.get())


@goes_on(
    roles="root worker",
    objects=["queue: 2 items of 2, 18 bytes in its pipe, 1 waiting writer"],
    waits=["w: queue"],
    stacks=True,
)
def a_bridge_with_a_slow_reader(c):
    near, far = c.Queue(2), queue.Queue(1)
    threading.Thread(target=_carry, args=(near, far), daemon=True).start()
    hire(c, _put_many, near, name="w")
    while True:
        time.sleep(60)
        far.get()


@stuck(None, stacks=True)
def a_timer_that_was_called_off(c):
    rung = threading.Event()
    timer = threading.Timer(600, rung.set)
    timer.start()
    timer.cancel()
    rung.wait()


# -- conditions, barriers and locks in unusual use ------------------------------------------------


def _rounds(meet, n):
    for _ in range(n):
        meet.wait()


@stuck("M46", "root worker worker", ["barrier: 2 of 3 waiting at it"], ["b: barrier", "c: barrier"])
def a_barrier_in_its_second_round(c):
    """One thought that there is only one."""
    meet = c.Barrier(3)
    crew = [hire(c, _rounds, meet, n, name=name) for name, n in (("a", 1), ("b", 2), ("c", 2))]
    [one.join() for one in crew]


def _be_told(changed, came):
    with changed:
        came.release()
        changed.wait()


@stuck(
    None,
    "root worker",
    ["condition: its lock is free, 1 waiting to be notified", "semaphore: value 0"],
    None,
)
def two_notifications_for_three(c):
    changed, came = c.Condition(), c.Semaphore(0)
    crew = [hire(c, _be_told, changed, came) for _ in range(3)]
    [came.acquire() for _ in crew]
    with changed:
        changed.notify(2)
    while crew:
        ended = connection.wait([one.sentinel for one in crew])
        [one.join() for one in crew if one.sentinel in ended]
        crew = [one for one in crew if one.sentinel not in ended]


class Buffer:
    """Two conditions over one lock, as books have it."""

    def __init__(self, c):
        self.lock, self.other = c.Lock(), c.Semaphore(7)
        self.not_full, self.not_empty = c.Condition(self.lock), c.Condition(self.lock)

    def put(self):
        with self.not_full:
            self.not_full.wait()

    def get(self):
        with self.not_empty:
            self.not_empty.wait()


@stuck(
    None,
    "root worker worker",
    ["condition: its lock is free, 1 waiting to be notified"] * 2 + ["semaphore: value 7"],
    ["getter: condition", "putter: condition"],
)
def two_conditions_over_one_lock(c):
    buffer = Buffer(c)
    crew = [hire(c, buffer.put, name="putter"), hire(c, buffer.get, name="getter")]
    [one.join() for one in crew]


@stuck("M44", "root worker", None, ["w: lock"])
def two_arrays_with_one_lock(c):
    lock = c.Lock()
    worker = hire(c, _copy, c.Array("i", 3, lock=lock), c.Array("d", 3, lock=lock), name="w")
    worker.join()


def _copy(one, other):
    with one.get_lock():
        other[0] = one[0]


def _thrice_and_once_back(lock, hears):
    lock.acquire()
    lock.acquire()
    lock.release()
    hears.recv()
    lock.release()


def _tell(lock, tells):
    with lock:
        tells.send(1)


@stuck(
    None,
    "root worker worker",
    ["pipe: empty", "rlock: held, 1 waiting"],
    ["forgets: pipe of tells", "tells: rlock of forgets"],
)
def an_rlock_given_back_once_too_few(c):
    lock, (hears, tells) = c.RLock(), c.Pipe(duplex=False)
    first = hire(c, _thrice_and_once_back, lock, hears, name="forgets")
    until_held(lock)
    second = hire(c, _tell, lock, tells, name="tells")
    tells.close()
    hears.close()
    first.join()
    second.join()


def _give_back_later(lock):
    time.sleep(600)
    lock.release()


@goes_on(None, roles="root worker", objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_lock_as_a_gate(c):
    """Taken here, given back there: that it will be is not to be seen."""
    lock = c.Lock()
    lock.acquire()
    hire(c, _give_back_later, lock)
    lock.acquire()


@stuck("M44", objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_generator_keeps_the_lock(c):
    lock = c.Lock()

    def lines():
        with lock:
            yield 1
            yield 2

    for _ in lines():
        lock.acquire()


@stuck(None, stacks=True)
def a_generator_keeps_a_lock_of_threads(c):
    """It is between two of its lines: no stack has it."""
    lock = threading.Lock()

    def lines():
        with lock:
            yield 1
            yield 2

    for _ in lines():
        lock.acquire()


def _die_in_set(event):
    with event._cond:
        os.kill(os.getpid(), signal.SIGKILL)


@stuck("M45", "root worker", None, ["root: event"], fork=True)
def killed_while_it_set_the_event(c):
    c = mp.get_context("fork")
    event = c.Event()
    one = hire(c, _die_in_set, event)
    connection.wait([one.sentinel])
    event.wait()


@stuck(None, "root worker", ["event: set", "lock: held, 1 waiting", "pipe: empty"], ["w: pipe of root"], stacks=True)
def a_circle_through_a_thread_and_a_worker(c):
    """The program wants a lock of its thread, which wants one of the worker, which waits for word from the program."""
    inner, outer, ready, (hears, tells) = threading.Lock(), c.Lock(), c.Event(), c.Pipe(duplex=False)
    hire(c, _hold_until_told, outer, ready, hears, name="w")
    ready.wait()
    hears.close()
    begun = threading.Event()

    def both():
        with inner:
            begun.set()
            with outer:
                pass

    threading.Thread(target=both).start()
    begun.wait()
    with inner:
        tells.send(1)


def _hold_until_told(lock, ready, hears):
    with lock:
        ready.set()
        hears.recv()


@stuck(
    "M43",
    "root worker worker",
    ["barrier: 0 of 2 waiting at it", "lock: held, 1 waiting", "lock: held, 1 waiting", "pipe: empty", "pipe: empty"],
    ["a: lock of b", "b: lock of a", "root: ?"],
    fork=True,
)
def selects_between_two_who_wait_for_each_other(c):
    c = mp.get_context("fork")
    one, other, meet = c.Lock(), c.Lock(), c.Barrier(2)
    ends = [c.Pipe(duplex=False) for _ in range(2)]
    hire(c, _cross_and_tell, one, other, meet, ends[0][1], name="a")
    ends[0][1].close()
    hire(c, _cross_and_tell, other, one, meet, ends[1][1], name="b")
    ends[1][1].close()
    select.select([hears for hears, _ in ends], [], [])


def _cross_and_tell(first, second, meet, tells):
    _cross(first, second, meet)
    tells.send(1)


# -- managers --------------------------------------------------------------------------------------


@stuck(
    None,
    "manager manager root worker worker",
    None,
    ["a: socket of SyncManager-2", "b: socket of SyncManager-1"],
)
def locks_of_two_managers_crosswise(c):
    with c.Manager() as one, c.Manager() as other:
        a, b, meet = one.Lock(), other.Lock(), c.Barrier(2)
        crew = [hire(c, _cross, a, b, meet, name="a"), hire(c, _cross, b, a, meet, name="b")]
        [worker.join() for worker in crew]


_orders = queue.Queue()


def _get_orders():
    return _orders


class Shop(mp.managers.BaseManager):
    pass


Shop.register("orders", _get_orders)


def _order(address):
    shop = Shop(address, b"k")
    shop.connect()
    shop.orders().get()


@goes_on(roles="root worker", objects=None, waits=["w: socket of root"], stacks=True)
def a_manager_served_by_a_thread(c):
    """Who else may call it is not to be seen, and its first thread looks each second whether it should stop."""
    server = Shop(tempfile.mktemp(), b"k").get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hire(c, _order, server.address, name="w").join()


@goes_on(None, waits=None)
def prints_more_than_anybody_reads(c):
    while True:
        os.write(1, bytes(10_000))


@goes_on(roles="root worker worker", objects=None, waits=None)
def two_who_give_way_again_and_again(c):
    """They never get on, and never stand still."""
    one, other, meet = c.Lock(), c.Lock(), c.Barrier(2)
    crew = [hire(c, _give_way, *pair, meet) for pair in ((one, other), (other, one))]
    [worker.join() for worker in crew]


def _give_way(first, second, meet):
    meet.wait()
    while True:
        with first:
            if second.acquire(timeout=1):
                second.release()


def _open_both(folder, first, second):
    for name, mode in ((first, "rb"), (second, "wb")):
        Path(folder, name).open(mode).close()


# -- what looks like a mistake, and is another -------------------------------------------------


@stuck(None, "root worker worker", None, stacks=True)
def a_pool_that_is_fed_with_its_own_answers(c):
    """No worker lost a task: the one that hands them out waits for the answer to the last."""
    numbers = queue.Queue()
    numbers.put(1)
    with c.Pool(2) as pool:
        for answer in pool.imap(abs, iter(numbers.get, None)):
            if answer > 1:
                numbers.put(answer - 1)


@stuck(None, "root worker", None, stacks=True)
def a_callback_of_a_pool_that_wants_the_lock(c):
    """The answer is there: who should bring it home waits."""
    with c.Pool(1) as pool:
        pool.apply(int)
        with _noting:
            pool.apply_async(int, callback=_note_down)
            pool.apply_async(int).get()


_noting = threading.Lock()


def _note_down(_):
    with _noting:
        pass


@stuck("M61", "root worker", None, stacks=True)
def a_task_that_says_exit(c):
    with c.Pool(1) as pool:
        pool.map(sys.exit, [0])


@stuck(None, objects=["pool: 1 thread"], stacks=True)
def a_pool_of_threads_that_asks_itself(c):
    pool = multiprocessing.pool.ThreadPool(1)
    pool.apply(pool.apply, (int,))


def _keep(lock):
    lock.acquire()


@stuck(None, stacks=True)
def gave_it_back_because_it_was_asked_to(c):
    """It waits for the second lock and has the first no more: who has that waits for word."""
    first, second, given, word = threading.Lock(), threading.Lock(), threading.Event(), threading.Event()

    def one(polite):
        first.acquire()
        if polite:
            first.release()
        given.set()
        second.acquire()

    def other():
        given.wait()
        with first:
            pass

    def keeper():
        _keep(second)
        ready.set()
        given.wait()
        _keep(first)
        kept.set()
        word.wait()

    ready, kept = threading.Event(), threading.Event()
    crew = [threading.Thread(target=keeper)]
    crew[0].start()
    ready.wait()
    crew.append(threading.Thread(target=one, args=(True,)))
    crew[1].start()
    kept.wait()
    crew.append(threading.Thread(target=other))
    crew[2].start()
    [one.join() for one in crew[1:]]


def _all_of(plates):
    while True:
        plate = plates.get()
        if plate is None:
            return
        yield plate


def _wash_all(plates):
    for plate in _all_of(plates):
        abs(plate)


@stuck("M22", stacks=True)
def threads_that_iterate_over_a_queue(c):
    plates = queue.Queue()
    crew = [threading.Thread(target=_wash_all, args=(plates,)) for _ in range(2)]
    [one.start() for one in crew]
    plates.put(1)
    [one.join() for one in crew]


@stuck("M22", "root worker worker", ["queue: 0 items, 2 waiting readers"], ["a: queue", "b: queue"], stacks=True)
def workers_that_iterate_over_a_queue(c):
    plates = c.Queue()
    crew = [hire(c, _wash_all, plates, name=name) for name in "ab"]
    plates.put(1)
    [one.join() for one in crew]


def _collect(plates):
    return list(iter(plates.get, None))


def _feed(numbers):
    while True:
        yield numbers.get()


@stuck(None, "root worker", None, stacks=True)
def a_pool_fed_by_a_generator_that_waits_for_its_answers(c):
    numbers = queue.Queue()
    numbers.put(2)
    with c.Pool(1) as pool:
        for answer in pool.imap(abs, _feed(numbers)):
            if answer == 2:
                numbers.put(1)


def _feed_slowly():
    yield 1
    time.sleep(600)
    yield 2


@goes_on(roles="root worker", objects=None, stacks=True)
def a_pool_fed_by_a_slow_generator(c):
    with c.Pool(1) as pool:
        for _ in pool.imap(abs, _feed_slowly()):
            pass


@stuck("M22", stacks=True)
def threads_that_make_lists_of_all_that_comes(c):
    plates = queue.Queue()
    crew = [threading.Thread(target=_collect, args=(plates,)) for _ in range(2)]
    [one.start() for one in crew]
    plates.put(1)
    [one.join() for one in crew]


def _fetch_end(box, lock):
    with lock:
        box.get().send(1)


@goes_on(None, "root worker", objects=None, waits=None)
def an_end_in_the_post(c):
    """The library keeps it open until it is fetched, and who will call for that is not to be seen."""
    box, lock, (hears, tells) = c.Queue(), c.Lock(), c.Pipe(duplex=False)
    with lock:
        hire(c, _fetch_end, box, lock, name="w")
        box.put(tells)
        while box.empty():
            time.sleep(0.01)
        tells.close()
        hears.recv()


@goes_on(
    roles="root worker worker",
    objects=["barrier: 0 of 2 waiting at it"] + ["lock: held, 1 waiting"] * 2,
    waits=["a: lock of b", "b: lock of a"],
    mistake="M43",
)
def a_joiner_that_looks_each_second(c):
    one, other, meet = c.Lock(), c.Lock(), c.Barrier(2)
    crew = [hire(c, _cross, one, other, meet, name="a"), hire(c, _cross, other, one, meet, name="b")]
    while any(one.is_alive() for one in crew):
        crew[0].join(1)


if __name__ == "__main__":
    main(globals())
