"""More programs in the manner of strangers, by somebody who wanted them to be misread: see ``strangers``.

``python more_strangers.py NAME METHOD`` runs one. What most of them have in common: two things that look alike, one
of them stuck and one of them only slow, or a part of the library inside another.
"""

# mypy: ignore-errors
import asyncio
import concurrent.futures as futures
import mmap
import multiprocessing as mp
import multiprocessing.managers
import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import connection, shared_memory

from strangers import goes_on, main, stuck

# -- queues, conditions and events ----------------------------------------------------------


class Office:
    """Three trays of one kind; the clerk has two of them."""

    def __init__(self, c):
        self.came, self.done, self.lost = c.Queue(), c.Queue(), c.Queue()

    def work(self):
        for paper in iter(self.came.get, None):
            self.done.put(paper)


@stuck(
    None,
    "root worker",
    ["queue: 0 items", "queue: 0 items, 1 waiting reader", "queue: 0 items, 1 waiting reader"],
    ["clerk: queue", "root: queue"],
)
def waits_at_the_wrong_tray(c):
    office = Office(c)
    clerk = c.Process(target=office.work, name="clerk")
    clerk.start()
    office.came.put("a")
    office.done.get()
    office.done.get()


@goes_on(
    roles="root worker worker",
    objects=["joinable-queue: 0 items, 0 not done, 2 waiting readers"],
    waits=["a: joinable-queue", "b: joinable-queue"],
)
def consumers_with_nothing_to_do(c):
    jobs = c.JoinableQueue()
    for name in "ab":
        c.Process(target=_consume, args=(jobs,), name=name, daemon=True).start()
    jobs.join()
    time.sleep(600)


def _consume(jobs):
    while True:
        jobs.get()
        jobs.task_done()


@stuck(None, objects=["queue: 1 item, many bytes in its pipe, 1 not sent yet"])
def closes_a_queue_nobody_reads(c):
    box = c.Queue()
    box.put(bytes(300_000))
    box.close()
    box.join_thread()


@stuck(None, objects=["queue: 1 item, many bytes in its pipe, 1 not sent yet"])
def cannot_exit_before_its_feeder(c):
    """Its last line is done; the library waits on the way out."""
    global box
    box = c.Queue()
    box.put(bytes(300_000))


@stuck(
    None,
    "root worker worker",
    ["event: not set, 1 waiting", "event: not set, 1 waiting"],
    ["a: event", "b: event"],
)
def each_waits_for_the_others_signal(c):
    left, right = c.Event(), c.Event()
    pair = [c.Process(target=_after, args=args, name=n) for n, args in (("a", (left, right)), ("b", (right, left)))]
    [one.start() for one in pair]
    [one.join() for one in pair]


def _after(first, then):
    first.wait()
    then.set()


class Shelf:
    """Many may read, one may write: made of a condition and a number."""

    def __init__(self, c):
        self.changed, self.readers = c.Condition(), c.Value("i", 0, lock=False)

    def read_and_die(self):
        with self.changed:
            self.readers.value += 1
        os._exit(1)

    def write(self):
        with self.changed:
            self.changed.wait_for(lambda: not self.readers.value)


@stuck(
    None,
    "root worker",
    ["arena: 4096 bytes", "condition: its lock is free, 1 waiting to be notified"],
    ["writer: condition"],
)
def a_reader_who_never_left(c):
    shelf = Shelf(c)
    reader = c.Process(target=shelf.read_and_die)
    reader.start()
    reader.join()
    writer = c.Process(target=shelf.write, name="writer")
    writer.start()
    writer.join()


class Heavy:
    """Takes long to be made anew where it is sent."""

    def __reduce__(self):
        return time.sleep, (600,)


@goes_on(roles="root worker", objects=["event: not set, 1 waiting"], waits=["root: event"])
def an_assistant_who_takes_long_to_start(c):
    """Not forked, it has not got so far as to know the event."""
    ready = c.Event()
    c.Process(target=_set_late, args=(Heavy(), ready), daemon=True).start()
    ready.wait()


def _set_late(_, ready):
    time.sleep(600)
    ready.set()


@stuck("M28", stacks=True)
def threads_with_one_full_tray_between_them(c):
    """Who should take is the one that puts: two threads pass papers on, and nobody files them."""
    tray = queue.Queue(2)

    def pass_on():
        while True:
            tray.put(1)

    clerks = [threading.Thread(target=pass_on) for _ in range(2)]
    [one.start() for one in clerks]
    [one.join() for one in clerks]


# -- locks and semaphores -----------------------------------------------------------------


@goes_on(None, objects=["lock: held, 1 waiting"], waits=["root: lock"])
def a_timer_gives_the_lock_back(c):
    """It looks like the same lock twice; but a lock may be let go by anybody."""
    lock = c.Lock()
    lock.acquire()
    timer = threading.Timer(600, lock.release)
    timer.daemon = True
    timer.start()
    lock.acquire()


@goes_on(None, "root worker", ["event: set", "lock: held, 1 waiting"], ["root: lock of w"])
def a_holder_that_was_stopped(c):
    """Who stopped it may let it go on."""
    lock, ready = c.Lock(), c.Event()
    worker = c.Process(target=_hold_and_stop, args=(lock, ready), name="w", daemon=True)
    worker.start()
    ready.wait()
    lock.acquire()


def _hold_and_stop(lock, ready):
    with lock:
        ready.set()
        os.kill(os.getpid(), signal.SIGSTOP)


@goes_on(
    roles="root worker worker worker",
    objects=["semaphore: value 0, 1 waiting"],
    waits=["third: semaphore"],
)
def both_places_are_taken(c):
    places = c.BoundedSemaphore(2)
    diners = [c.Process(target=_dine, args=(places,), name=name) for name in ("first", "second", "third")]
    for diner in diners[:2]:
        diner.start()
    while not places._semlock._is_zero():
        time.sleep(0.01)
    diners[2].start()
    diners[2].join()


def _dine(places):
    with places:
        time.sleep(600)


@goes_on(None)
def a_handler_wants_the_lock_it_interrupted(c):
    """Stuck, as a person sees who reads it; but another signal has a handler, too, and might do anything."""
    lock = threading.Lock()

    def report(*_):
        with lock:
            pass

    signal.signal(signal.SIGUSR1, report)
    with lock:
        signal.raise_signal(signal.SIGUSR1)
        sum(range(1000))


# -- pools, executors, managers -------------------------------------------------------------


def _give(lock):
    global given
    given = lock


def _take_given(_):
    with given:
        pass


def _map_under(method, lock):
    with mp.get_context(method).Pool(2, _give, (lock,)) as pool:
        pool.map(_take_given, range(2), chunksize=1)


@stuck(
    None,
    "root worker worker worker",
    ["lock: held, 2 waiting", "pool: 2 workers, 1 job not finished"],
)
def a_pool_within_a_worker_wants_the_programs_lock(c):
    lock = c.Lock()
    with lock:
        middle = c.Process(target=_map_under, args=(c.get_start_method(), lock), name="middle")
        middle.start()
        middle.join()


@goes_on(roles="root worker", objects=["executor: 1 worker, 1 task not finished"])
def an_executor_in_a_thread(c):
    def work():
        with futures.ProcessPoolExecutor(1, mp_context=c) as pool:
            pool.submit(time.sleep, 600).result()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join()


def _takes_twice(lock):
    lock.acquire()
    lock.acquire()


@goes_on(None, objects=["executor: 1 thread"])
def a_future_of_a_threads_beside_a_job_that_hangs(c):
    """Who will fulfil it no stack tells: the job, which alone brings results, is not the one."""
    told = futures.Future()
    pool = futures.ThreadPoolExecutor(1)
    pool.submit(_takes_twice, threading.Lock())
    threading.Thread(target=lambda: (time.sleep(600), told.set_result(1)), daemon=True).start()
    told.result()


@stuck("M44", objects=["executor: 2 threads"], stacks=True)
def a_job_that_hangs_beside_one_that_does_not(c):
    pool = futures.ThreadPoolExecutor(2)
    hanging = pool.submit(_takes_twice, threading.Lock())
    pool.submit(time.sleep, 600)
    hanging.result()


@stuck(None, objects=["executor: 1 thread", "executor: 1 thread"])
def an_executor_in_an_executor(c):
    """The inner job waits for what the program does after the outer one."""
    outer, inner, over = futures.ThreadPoolExecutor(1), futures.ThreadPoolExecutor(1), threading.Event()
    outer.submit(lambda: inner.submit(over.wait).result()).result()
    over.set()


@stuck(None, "root worker", ["event: not set, 1 waiting", "executor: 1 worker, 1 task not finished"])
def an_initializer_that_waits(c):
    ready = c.Event()
    pool = futures.ProcessPoolExecutor(1, mp_context=c, initializer=ready.wait)
    pool.submit(int).result()
    ready.set()


@goes_on(None, "root worker", ["pool: 1 worker, 1 job not finished"])
def a_pool_fed_from_the_keyboard(c):
    with c.Pool(1) as pool:
        for _ in pool.imap(int, sys.stdin):
            pass


@stuck(None, "root manager worker", ["manager: 1 client"], ["w: socket of SyncManager-1"])
def a_managers_condition_nobody_notifies(c):
    with c.Manager() as manager:
        changed = manager.Condition()
        worker = c.Process(target=_wait_for, args=(changed,), name="w")
        worker.start()
        worker.join()


def _wait_for(condition):
    with condition:
        condition.wait()


class Bell:
    def __init__(self):
        self._rung = threading.Event()

    def ring(self):
        self._rung.set()

    def hear(self):
        self._rung.wait()


class Tower(multiprocessing.managers.BaseManager):
    pass


Tower.register("Bell", Bell)


@stuck(None, "root manager", ["manager: 1 client"], ["root: socket of Tower-1"])
def a_method_of_a_managers_object_never_returns(c):
    with Tower(ctx=c) as tower:
        tower.Bell().hear()


# -- asyncio ------------------------------------------------------------------------------


@stuck(None)
def a_loop_that_waits_for_itself(c):
    async def answer():
        return 42

    async def main():
        return asyncio.run_coroutine_threadsafe(answer(), asyncio.get_running_loop()).result()

    asyncio.run(main())


@stuck("M21", "program root", ["pipe: many bytes in it"], None)
def a_loop_waits_for_a_program_that_prints_much(c):
    """As its documentation warns: with a pipe, wait() does not read."""

    async def main():
        child = await asyncio.create_subprocess_exec("seq", "1", "99999", stdout=subprocess.PIPE)
        await child.wait()

    asyncio.run(main())


@goes_on(roles="program root", objects=["pipe: empty"], waits=["root: ? of program"])
def a_loop_reads_a_slow_program(c):
    async def main():
        child = await asyncio.create_subprocess_exec("sleep", "600", stdout=subprocess.PIPE)
        await child.communicate()

    asyncio.run(main())


# -- pipes, sockets, programs --------------------------------------------------------------


@stuck(None, "fork root", ["socket: nothing to be read"] * 2, ["fork: socket"], fork=True)
def a_fork_with_both_ends_of_a_socketpair(c):
    here, there = socket.socketpair()
    if (child := os.fork()) == 0:
        while there.recv(10):
            pass
        os._exit(0)
    here.close()
    there.close()
    os.waitpid(child, 0)


@stuck(
    "M55",
    "root worker",
    ["simple-queue: empty", *["socket: nothing to be read"] * 2],
    ["root: socket of w", "w: socket of root"],
)
def both_are_polite_over_the_network(c):
    """But within this host."""
    addresses = c.SimpleQueue()
    worker = c.Process(target=_call_and_hear, args=(addresses,), name="w", daemon=True)
    worker.start()
    with connection.Listener(("127.0.0.1", 0), "AF_INET") as listener:
        addresses.put(listener.address)
        line = listener.accept()
    line.recv()


def _call_and_hear(addresses):
    connection.Client(addresses.get(), "AF_INET").recv()


@stuck(None, "program root", ["pipe: empty"], ["program: pipe of root"])
def a_filter_whose_input_is_never_closed(c):
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    child.stdin.write(b"x")
    child.stdin.flush()
    child.wait()


@goes_on(None)
def writes_to_a_fifo_nobody_opens(c):
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/fifo")
        with open(f"{folder}/fifo", "w") as file:
            file.write("x")


@goes_on(None, objects=["pipe: empty"], waits=["root: pipe"])
def reads_its_own_pipe_while_a_thread_goes_on(c):
    """The thread has the writing end as well, and might use it."""
    reads, writes = os.pipe()
    threading.Thread(target=_beat, args=(writes,), daemon=True).start()
    os.read(reads, 1)


def _beat(_):
    while True:
        time.sleep(0.05)


@goes_on(roles="root worker", objects=["pipe: empty"], waits=["root: ? of w"])
def whichever_comes_first(c):
    hears, tells = c.Pipe(duplex=False)
    worker = c.Process(target=_sleep_with, args=(tells,), name="w", daemon=True)
    worker.start()
    tells.close()
    connection.wait([worker.sentinel, hears])


def _sleep_with(*_):
    time.sleep(600)


# -- what is left lying about, and what is only there ----------------------------------------


@goes_on(roles="fork fork root", fork=True)
def any_child_will_do(c):
    for _ in range(2):
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
    os.waitpid(-1, 0)


@goes_on(roles="fork fork fork root", fork=True)
def children_nobody_collects(c):
    for code in range(3):
        if os.fork() == 0:
            os._exit(code)
    time.sleep(600)


@goes_on(roles="fork root", objects=["pipe: empty"], waits=["root: pipe of fork"], fork=True)
def a_daemon_of_the_old_school(c):
    """Twice forked, in a session of its own; it keeps the pipe by which it said that it is there."""
    reads, writes = os.pipe()
    if (child := os.fork()) == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(reads)
            os.write(writes, b"x")
            time.sleep(600)
        os._exit(0)
    os.close(writes)
    os.waitpid(child, 0)
    while os.read(reads, 1):
        pass


@goes_on(roles="fork root", objects=["memfd: 4096 bytes"], fork=True)
def a_memfd_between_two(c):
    fd = os.memfd_create("between")
    os.truncate(fd, 4096)
    page = mmap.mmap(fd, 4096)
    if (child := os.fork()) == 0:
        page[0] = 1
        time.sleep(600)
    os.waitpid(child, 0)


@goes_on(objects=["shared-memory: 64 bytes"])
def a_segment_nobody_unlinks(c):
    segment = shared_memory.SharedMemory(create=True, size=64)
    segment.buf[0] = 1
    segment.close()
    again = shared_memory.SharedMemory(segment.name)
    time.sleep(600)
    again.close()


if __name__ == "__main__":
    main(globals())
