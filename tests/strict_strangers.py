"""Programs as a strict examiner would write them, see ``strangers``: ``python strict_strangers.py NAME METHOD``.

Each is of a kind of its own, or looks like a mistake of the catalogue that it is not: where what can be seen fits two
causes alike, no mistake may be named.
"""

# mypy: ignore-errors
import asyncio
import concurrent.futures as futures
import contextlib
import ctypes
import multiprocessing as mp
import multiprocessing.managers
import multiprocessing.pool
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipapp
from multiprocessing import connection, shared_memory
from pathlib import Path

from strangers import goes_on, hire, main, sleep_long, stuck, until_held

# -- each primitive in unusual use ------------------------------------------------------------


def _thrice(lock):
    with lock, lock, lock:
        sleep_long()


def _take(lock):
    with lock:
        pass


@goes_on(roles="root worker worker", objects=["rlock: held, 1 waiting"], waits=["second: rlock of first"])
def an_rlock_three_deep(c):
    lock = c.RLock()
    hire(c, _thrice, lock, name="first")
    until_held(lock)
    hire(c, _take, lock, name="second")
    sleep_long()


def _be_told(changed):
    with changed:
        changed.wait()


@goes_on(
    roles="root worker worker worker worker",
    objects=["condition: its lock is free, 4 waiting to be notified"],
    waits=[f"{name}: condition" for name in "abcd"],
)
def four_wait_to_be_notified(c):
    changed = c.Condition()
    for name in "abcd":
        hire(c, _be_told, changed, name=name)
    sleep_long()


def _pass(gate):
    with contextlib.suppress(threading.BrokenBarrierError):
        gate.wait()
    sleep_long()


@goes_on(roles="root worker worker", objects=["barrier: 0 of 3 waiting at it"])
def a_barrier_that_was_broken(c):
    gate = c.Barrier(3)
    for _ in range(2):
        hire(c, _pass, gate)
    while gate.n_waiting < 2:
        time.sleep(0.01)
    gate.abort()
    sleep_long()


@goes_on(objects=["semaphore: value 0", "semaphore: value 3", "semaphore: value 1", "lock: free", "event: not set"])
def semaphores_at_their_limits(c):
    whole, none, one = c.BoundedSemaphore(3), c.Semaphore(0), c.BoundedSemaphore(1)
    with contextlib.suppress(ValueError):
        whole.release()
    none.acquire(block=False)
    nested = {"a": [(c.Lock(),)], "b": {"c": c.Event()}}
    nested["b"]["c"].set()
    nested["b"]["c"].clear()
    sleep_long(one, nested)


@goes_on(objects=["lock: free"] * 40 + ["queue: 0 items"] * 5 + ["queue: 1 item of 2, 9 bytes in its pipe"])
def forty_locks_and_six_queues(c):
    many = {n: c.Lock() for n in range(40)}, [c.Queue() for _ in range(5)], c.Queue(2)
    many[2].put(1)
    sleep_long(many)


def _put_three(tray):
    for n in range(3):
        tray.put(n)


@goes_on(
    roles="root worker", objects=["queue: 2 items of 2, 18 bytes in its pipe, 1 waiting writer"], waits=["w: queue"]
)
def a_full_queue_whose_reader_is_slow(c):
    tray = c.Queue(2)
    hire(c, _put_three, tray, name="w")
    time.sleep(600)
    tray.get()


@goes_on(roles="manager root worker worker", objects=None)
def a_manager_with_one_of_everything(c):
    """Its Pool's workers are the manager's children; forked, they keep what of the manager's they have no use for."""
    with c.Manager() as manager:
        things = (
            manager.list([1]),
            manager.dict(a=1),
            manager.Namespace(),
            manager.Value("i", 1),
            manager.Array("i", [1]),
            manager.Lock(),
            manager.RLock(),
            manager.Semaphore(2),
            manager.BoundedSemaphore(2),
            manager.Condition(),
            manager.Event(),
            manager.Barrier(2),
            manager.Queue(3),
            manager.JoinableQueue(),
            manager.Pool(2),
        )
        things[-1].apply(int)
        sleep_long(things)


def _manage(method):
    with mp.get_context(method).Manager() as manager:
        sleep_long(manager.dict())  # whose first use would connect


@goes_on(roles="manager manager root worker", objects=["manager: no clients", "manager: 2 clients"])
def a_manager_within_a_managers_client(c):
    with c.Manager() as manager:
        shared = manager.dict()
        shared["a"] = manager.list()
        worker = c.Process(target=_use_and_manage, args=(shared, c.get_start_method()))
        worker.start()
        worker.join()


def _use_and_manage(shared, method):
    shared["b"] = 1
    _manage(method)


@goes_on(roles="manager root", objects=["manager: no clients", "shared-memory: 4096 bytes"])
def a_manager_of_segments(c):
    """Made by the default way to start processes: it takes no other."""
    mp.set_start_method(c.get_start_method(), force=True)
    with multiprocessing.managers.SharedMemoryManager() as manager:
        sleep_long(manager.SharedMemory(4096))


@goes_on(objects=["arena: 4096 bytes"])
def numbers_without_locks(c):
    sleep_long(c.RawArray("d", 3), c.RawValue("i"), c.Value("i", lock=False))


@goes_on(objects=["shared-memory: 8192 bytes", "shared-memory: 4096 bytes", "memfd: 4096 bytes"])
def descriptors_of_every_sort(c):
    """What is no object of a program: timers, events, inotify, a pidfd, a folder, a file, a random device."""
    segments = [shared_memory.SharedMemory(create=True, size=size) for size in (4096, 8192)]
    memfd = os.memfd_create("m")
    os.truncate(memfd, 4096)
    kept = [os.eventfd(0), os.pidfd_open(os.getpid()), *(os.open(one, os.O_RDONLY) for one in ("/", "/dev/urandom"))]
    mapped = shared_memory.mmap.mmap(memfd, 4096)
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        time.sleep(600)
    finally:
        for one in segments:
            one.unlink()
    sleep_long(kept, mapped)


def _hold_first(first, second, ready):
    with first:
        ready.set()
        second.get()


@stuck(
    None,
    "root worker",
    ["event: set", "lock: held, 1 waiting", "queue: 0 items, 1 waiting reader"],
    ["root: lock of w", "w: queue"],
)
def wants_a_lock_before_it_puts(c):
    lock, box, ready = c.Lock(), c.Queue(), c.Event()
    hire(c, _hold_first, lock, box, ready, name="w")
    ready.wait()
    with lock:
        box.put(1)


class Alarm(mp.Process):
    def __init__(self, context):
        super().__init__(name="alarm")
        self.rings = context.Event()

    def run(self):
        self.rings.wait()


@stuck(None, "root worker", ["event: not set, 1 waiting"], ["alarm: event"])
def an_event_among_the_attributes_of_a_process(c):
    mp.set_start_method(c.get_start_method(), force=True)
    alarm = Alarm(c)
    alarm.start()
    alarm.join()


# -- names ----------------------------------------------------------------------------------


@goes_on(
    roles="root worker worker worker worker",
    objects=["lock: held, 3 waiting"],
    waits=["Žluťoučký kůň: lock of 司机 🚕", "two\nlines\x1b[2J: lock of 司机 🚕", f"{'long ' * 40}: lock of 司机 🚕"],
)
def names_of_every_sort(c):
    lock = c.Lock()
    hire(c, _hold, lock, name="司机 🚕")
    until_held(lock)
    for name in ("Žluťoučký kůň", "two\nlines\x1b[2J", "long " * 40):
        hire(c, _take, lock, name=name)
    sleep_long()


def _hold(lock):
    with lock:
        time.sleep(600)


def _retitle(title):
    """As setproctitle does: over the arguments that the program was started with, and PR_SET_NAME of prctl(2)."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    start, end = int(fields[45]), int(fields[46])
    with open("/proc/self/mem", "r+b") as memory:
        memory.seek(start)
        memory.write(title.encode().ljust(end - start, b"\0")[: end - start])
    ctypes.CDLL(None).prctl(15, title.encode()[:15], 0, 0, 0)


def _retitle_and_sleep(title):
    _retitle(title)
    time.sleep(600)


@goes_on(roles="fork fork root worker", fork=True)
def who_calls_itself_otherwise(c):
    """A worker, a fork that lives and one that has ended, each by a name of its own."""
    hire(mp.get_context("fork"), _retitle_and_sleep, "nginx: master")
    for seconds in (600, 0):
        if os.fork() == 0:
            _retitle("sshd")
            time.sleep(seconds)
            os._exit(0)
    sleep_long()


@goes_on(roles="program program root", fork=True)
def starts_its_like_again(c):
    """The same command line twice more, once without subprocess."""
    if os.environ.get("AGAIN"):
        sleep_long()
    again = {**os.environ, "AGAIN": "1"}
    line = [sys.executable, *sys.orig_argv[1:]]
    os.spawnve(os.P_NOWAIT, sys.executable, line, again)
    subprocess.Popen(line, env=again, stdout=subprocess.DEVNULL)
    sleep_long()


def _fork_and_sleep():
    os.fork()
    time.sleep(600)


@goes_on(roles="fork root worker")
def a_worker_that_forks(c):
    hire(c, _fork_and_sleep, daemon=False).join()


def _own_name(name):
    threading.current_thread().name = name
    if os.fork() == 0:
        os._exit(0)
    time.sleep(600)


@goes_on(roles="fork root", fork=True, stacks=True)
def forked_by_a_thread_with_a_name(c):
    """Where a thread's name is the system's, too, its child has it."""
    worker = threading.Thread(target=_own_name, args=("forker",), name="forker")
    worker.start()
    worker.join()


@goes_on(roles="fork root", fork=True)
def a_daemon_that_keeps_nothing(c):
    """Twice forked, in a session of its own, all descriptors closed, its standard ones at null(4)."""
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 256)
            os.open(os.devnull, os.O_RDWR)
            os.dup2(0, 1)
            os.dup2(0, 2)
            time.sleep(600)
        os._exit(0)
    os.waitpid(child, 0)
    sleep_long()


# -- started in other ways -----------------------------------------------------------------


TWICE = """
import multiprocessing as mp
lock = mp.Lock()
lock.acquire()
lock.acquire()
"""
AGAIN = """
import threading
lock = threading.Lock()
def work():
    with lock:
        more()
def more():
    with lock:
        pass
work()
"""


@stuck("M44", objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_program_in_the_command_line(c):
    os.execv(sys.executable, [sys.executable, "-c", TWICE])


@stuck("M44", objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_zipped_program(c):
    folder = tempfile.mkdtemp()
    os.mkdir(f"{folder}/app")
    Path(f"{folder}/app/__main__.py").write_text(TWICE, encoding="utf-8")
    zipapp.create_archive(f"{folder}/app", f"{folder}/a p p.pyz")
    os.execv(sys.executable, [sys.executable, f"{folder}/a p p.pyz"])


@stuck("M44", stacks=True)
def a_script_that_is_called_by_its_name(c):
    folder = tempfile.mkdtemp()
    script = Path(folder, "ein Skript\nmit ümlaut")
    script.write_text(f"#!{sys.executable}\n{AGAIN}", encoding="utf-8")
    script.chmod(0o755)
    os.execv(script, [str(script), "a\nb"])


@stuck("M44", stacks=True)
def a_module_of_a_package(c):
    folder = tempfile.mkdtemp()
    os.mkdir(f"{folder}/parcel")
    for name, text in (("__init__", ""), ("__main__", AGAIN)):
        Path(f"{folder}/parcel/{name}.py").write_text(text, encoding="utf-8")
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, "-m", "parcel"])


@stuck("M44", objects=["lock: held, 1 waiting", "event: not set"], waits=["root: lock"])
def a_python_by_another_name(c):
    folder = tempfile.mkdtemp()
    shutil.copy(os.path.realpath(sys.executable), f"{folder}/app")
    program = TWICE.replace("lock = ", "event = mp.Event(); lock = ")
    told = {"PYTHONHOME": sys.base_prefix, "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"}
    os.execve(f"{folder}/app", [f"{folder}/app", "-c", program], {**os.environ, **told})


# -- servers and the network -----------------------------------------------------------------


def _serve_in_a_thread(address):
    server = socket.create_server(("127.0.0.1", 0))
    address.put(server.getsockname())
    threading.Thread(target=server.accept, daemon=True).start()
    while not threading.Event().wait(1):
        pass


@goes_on(roles="root worker", objects=["listener: of the network", "simple-queue: empty"])
def a_server_that_is_no_manager(c):
    address = c.SimpleQueue()
    hire(c, _serve_in_a_thread, address)
    address.get()
    sleep_long()


def _answer_late(address):
    with socket.create_connection(address.get()):
        time.sleep(600)


@goes_on(
    roles="root worker",
    objects=["listener: of the network", "simple-queue: empty", *["socket: nothing to be read"] * 2],
    waits=["root: socket of w"],
)
def a_slow_partner_over_the_network(c):
    address = c.SimpleQueue()
    hire(c, _answer_late, address, name="w")
    server = socket.create_server(("127.0.0.1", 0))
    address.put(server.getsockname())
    server.accept()[0].recv(1)


def _send_much(address):
    with socket.create_connection(address) as line:
        line.sendall(bytes(100_000_000))


@stuck(
    "M21",
    "root worker",
    ["listener: of the network", "socket: many bytes to be read", "socket: nothing to be read"],
    ["w: socket of root"],
)
def joins_before_it_hears_over_the_network(c):
    server = socket.create_server(("127.0.0.1", 0))
    worker = hire(c, _send_much, server.getsockname(), name="w")
    line = server.accept()
    worker.join()
    line[0].recv(1)


@goes_on(None, objects=["listener: of the network", *["socket: nothing to be read"] * 2], waits=["root: socket"])
def a_client_of_its_own_thread(c):
    """Over IPv6, where there is one, to a thread that sleeps: whether that will answer is not to be seen."""
    with contextlib.suppress(OSError):
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
        server.getsockname()
    if "server" not in locals():
        server = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: sleep_long(server.accept()), daemon=True).start()
    socket.create_connection(server.getsockname()[:2]).recv(1)


# -- threads, loops and processes among each other -------------------------------------------


def _relay(hears, out):
    out.put(hears.recv())


@stuck(None, "root worker", ["pipe: empty", "queue: 0 items, 1 waiting reader"], ["w: pipe of root"])
def a_thread_waits_for_a_worker_that_waits_for_us(c):
    (hears, tells), out = c.Pipe(duplex=False), c.Queue()
    hire(c, _relay, hears, out, name="w")
    hears.close()
    reader = threading.Thread(target=out.get)
    reader.start()
    reader.join()
    tells.send(1)


def _give(event):
    global given
    given = event


def _wait_given():
    given.wait()


@stuck(
    None,
    "root worker",
    ["event: not set, 1 waiting", "executor: 1 thread", "executor: 1 worker, 1 task not finished"],
    stacks=True,
)
def a_thread_of_a_pool_waits_for_another_pool(c):
    event = c.Event()
    with futures.ProcessPoolExecutor(1, c, _give, (event,)) as workers, futures.ThreadPoolExecutor(1) as threads:
        threads.submit(lambda: workers.submit(_wait_given).result()).result()
        event.set()


@stuck(None, waits=["root: socket"])
def a_lock_of_asyncio_twice(c):
    async def main():
        lock = asyncio.Lock()
        async with lock:
            await lock.acquire()

    asyncio.run(main())


@stuck(None, objects=["executor: 1 thread"], waits=["root: socket"])
def a_loop_waits_for_a_thread_that_waits_for_it(c):
    lock = threading.Lock()

    async def main():
        with lock:
            await asyncio.get_running_loop().run_in_executor(None, lock.acquire)

    asyncio.run(main())


@goes_on(objects=["executor: 1 thread"], waits=["root: socket"])
def a_loop_waits_for_a_line(c):
    async def main():
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)

    asyncio.run(main())


@goes_on(stacks=True)
def threads_that_compute(c):
    def count():
        n = 0
        while True:
            n += 1

    counters = [threading.Thread(target=count, daemon=True) for _ in range(3)]
    [one.start() for one in counters]
    [one.join() for one in counters]


@goes_on(roles="root worker worker", objects=["pipe: empty", "pipe: empty"], waits=["root: ?"])
def selects_between_slow_workers(c):
    ends = [c.Pipe(duplex=False) for _ in range(2)]
    for _, tells in ends:
        hire(c, sleep_long, tells)
        tells.close()
    select.select([hears for hears, _ in ends], [], [])


@goes_on(None)
def waits_for_a_signal(c):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.sigwait([signal.SIGUSR1])


@goes_on(None, roles="fork root", fork=True)
def a_child_that_pauses(c):
    if (child := os.fork()) == 0:
        signal.pause()
    os.waitpid(child, 0)


# -- what looks like a mistake, and may be another -------------------------------------------


def _one_job(jobs):
    return jobs.get()


@stuck(None, "root worker", ["queue: 0 items, 1 waiting reader"], ["w: queue"])
def a_single_job_that_was_never_handed_out(c):
    """Nobody need send it home: it asks once."""
    jobs = c.Queue()
    worker = c.Process(target=_one_job, args=(jobs,), name="w")
    worker.start()
    worker.join()


def _make(jobs):
    jobs.put(1)


def _use(jobs):
    while (job := jobs.get()) is not None:
        abs(job)


@stuck(
    "M22",
    "root worker worker worker",
    ["queue: 0 items, 2 waiting readers"],
    ["consumer 1: queue", "consumer 2: queue"],
    fork=True,
)
def a_producer_that_says_no_farewell(c):
    """It ended well, and is called otherwise than those that wait."""
    c = mp.get_context("fork")
    jobs = c.Queue()
    consumers = [c.Process(target=_use, args=(jobs,), name=f"consumer {n}") for n in (1, 2)]
    producer = c.Process(target=_make, args=(jobs,), name="producer")
    [one.start() for one in (*consumers, producer)]
    [one.join() for one in consumers]


@stuck(None, "root worker worker", ["queue: 0 items, 1 waiting reader"], None, fork=True)
def who_went_home_may_have_been_either(c):
    """A producer, as its author knows; it could as well have been a consumer that got the only farewell."""
    c = mp.get_context("fork")
    jobs = c.Queue()
    consumer, producer = (c.Process(target=target, args=(jobs,)) for target in (_use, _make))
    consumer.start()
    producer.start()
    consumer.join()


class Asker(threading.Thread):
    def __init__(self, asks, answers):
        super().__init__()
        self.asks, self.answers = asks, answers

    def run(self):
        self.asks.put(1)
        self.answers.get()


@stuck(None, stacks=True)
def an_answer_that_never_comes(c):
    """Who should answer has failed: that is not a farewell that is missing."""
    asks, answers = queue.Queue(), queue.Queue()
    server = threading.Thread(target=lambda: answers.put(1 / (asks.get() - 1)))
    threading.excepthook = lambda _: None
    asker = Asker(asks, answers)
    [one.start() for one in (asker, server)]
    asker.join()


@stuck(None, stacks=True)
def one_farewell_for_two_threads(c):
    """Who went home with it is called like the one that waits: whether well, or by an error, is not to be seen."""
    jobs = queue.Queue()
    workers = [threading.Thread(target=_use, args=(jobs,)) for _ in range(2)]
    [one.start() for one in workers]
    jobs.put(None)
    [one.join() for one in workers]


def _keep_and_end(lock):
    lock.acquire()


def _fail_at_once():
    os._exit(3)


def _when_it_closes(gate, other_end, then, *args):
    os.close(other_end)
    os.read(gate, 1)
    then(*args)


@stuck(None, "program root worker worker", ["lock: held by nobody who is alive, 1 waiting"], ["root: lock"], fork=True)
def somebody_else_failed(c):
    """The lock was kept by one that ended well; another worker failed, and so did a program."""
    c = mp.get_context("fork")
    lock, gate = c.Lock(), os.pipe()
    keeper = c.Process(target=_when_it_closes, args=(*gate, _keep_and_end, lock))
    other = c.Process(target=_when_it_closes, args=(*gate, _fail_at_once))
    keeper.start()
    other.start()  # would collect one that has ended before
    for end in gate:
        os.close(end)
    program = subprocess.Popen(["false"])
    connection.wait([keeper.sentinel, other.sentinel])
    while lock.acquire(block=False):
        lock.release()
    lock.acquire()
    program.wait()


@stuck(None, objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_thread_kept_the_lock_and_ended(c):
    lock = c.Lock()
    keeper = threading.Thread(target=_keep_and_end, args=(lock,))
    keeper.start()
    keeper.join()
    lock.acquire()


def _fail(_):
    raise ValueError


@stuck(None, "root worker", ["pool: 1 worker, 1 job not finished"], stacks=True)
def a_callback_that_fails(c):
    """It takes with it the pool's thread that brings results: no worker lost a task."""
    threading.excepthook = lambda _: None
    with c.Pool(1) as pool:
        pool.apply_async(int, callback=_fail).get()


@stuck(None, "root worker", None, stacks=True)
def a_pool_that_was_ended_beside_one_that_lives(c):
    first, second = c.Pool(1), c.Pool(1)
    result = first.apply_async(time.sleep, (600,))
    second.apply(int)
    first.terminate()
    result.get()


@stuck(None, objects=["pipe: empty"], waits=["root: pipe"])
def the_thread_that_should_write_has_failed(c):
    """Both ends are its own by design: none was forgotten."""
    reads, writes = os.pipe()
    threading.excepthook = lambda _: None
    writer = threading.Thread(target=lambda: os.write(writes, 1 / 0))
    writer.start()
    writer.join()
    os.read(reads, 1)


def _account():
    lock = threading.Lock()

    def give(other, meet):
        with lock:
            meet.wait()
            other(None, None) if other is not None else None

    def take(*_):
        with lock:
            pass

    return give, take


@stuck(None, stacks=True)
def locks_of_two_closures(c):
    """A circle of two, whose locks have one name: none of them has the lock twice."""
    (give, take), (give_other, take_other), meet = _account(), _account(), threading.Barrier(2)
    pair = [
        threading.Thread(target=give, args=(take_other, meet)),
        threading.Thread(target=give_other, args=(take, meet)),
    ]
    [one.start() for one in pair]
    [one.join() for one in pair]


def _own_tray():
    tray = queue.Queue(1)
    tray.put(1)
    tray.put(2)


@stuck(None, "root worker")
def a_worker_with_a_tray_of_its_own(c):
    """A queue of threads, but nobody gave it to the worker."""
    worker = c.Process(target=_own_tray)
    worker.start()
    worker.join()


def _grab(gate):
    gate.acquire()


def _grab_twice():
    gate = threading.Lock()
    _grab(gate)
    _grab(gate)


@stuck(None, "root worker", fork=True)
def a_forked_worker_that_locks_itself_out(c):
    """The lock was made after the fork."""
    worker = mp.get_context("fork").Process(target=_grab_twice)
    worker.start()
    worker.join()


@stuck(
    None,
    objects=["joinable-queue: 1 item, 9 bytes in its pipe, 1 not done, 1 waiting until all is done"],
    waits=["root: joinable-queue"],
)
def work_that_nobody_was_hired_for(c):
    """It was never taken, let alone not said to be done."""
    jobs = c.JoinableQueue()
    jobs.put(1)
    jobs.join()


def _notice(gone, came):
    while not gone.empty():
        came.get()


@stuck(None, stacks=True)
def looks_at_one_queue_and_takes_from_another(c):
    """``empty()`` was asked, but not of the queue in which it waits."""
    gone, came = queue.Queue(), queue.Queue()
    gone.put(1)
    for worker in [threading.Thread(target=_notice, args=(gone, came)) for _ in range(2)]:
        worker.start()


if __name__ == "__main__":
    main(globals())
