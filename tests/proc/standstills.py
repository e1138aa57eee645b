"""Programs that hang or only seem to, each with its truth: ``python standstills.py NAME METHOD`` runs one.

``@hangs(mistake)`` stands for ever, by that mistake of the catalogue, and its processes show it. ``@threads_hang``
stands for ever within one process: that it does can be told from outside, by which mistake only from Python's stacks.
``@goes_on`` is slow, idle, or waits for something outside: it must never be called stuck. Standard library only, 3.10+.
"""

# mypy: ignore-errors
import asyncio
import concurrent.futures as futures
import multiprocessing as mp
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from multiprocessing.connection import wait

BIG = "x" * 300_000
HANGS = {}
WHOLE = set()
"""Those named by a queue, event, condition or barrier: known by neighbouring semaphores, so they run alone."""
UNCOLLECTED = {}
"""Those named by how a child ended, which the system shows of zombies alone: what is left where there are none."""
THREADS_HANG = {}
GO_ON = {}


def hangs(mistake=None, whole=False, without_zombies=""):
    """``whole`` and ``without_zombies`` (the mistake told under forkserver, None for none) as WHOLE and UNCOLLECTED."""

    def note(program):
        HANGS[program.__name__] = mistake
        if whole:
            WHOLE.add(program.__name__)
        if without_zombies != "":
            UNCOLLECTED[program.__name__] = without_zombies
        return program

    return note


def threads_hang(mistake=None):
    def note(program):
        THREADS_HANG[program.__name__] = mistake
        return program

    return note


def goes_on(program):
    GO_ON[program.__name__] = program.__doc__
    return program


def _start(c, target, *every, daemon=False):
    found = [c.Process(target=target, args=args, daemon=daemon) for args in every]
    for one in found:
        one.start()
    return found


def _run(c, target, *every):
    for one in _start(c, target, *every):
        one.join()


def _threads(*targets, daemon=False):
    found = [threading.Thread(target=target, args=args, daemon=daemon) for target, *args in targets]
    for one in found:
        one.start()
    return found


def _join(found):
    for one in found:
        one.join()


# -- processes that hang -----------------------------------------------------------


def _nested(first, second, both):
    with first:
        both.wait()
        with second:
            pass


@hangs("M43")
def locks_in_a_circle_of_three(c):
    a, b, d = c.Lock(), c.Lock(), c.Lock()
    all_ = c.Barrier(3)
    _run(c, _nested, (a, b, all_), (b, d, all_), (d, a, all_))


@hangs("M43")
def rlocks_in_a_circle(c):
    a, b, both = c.RLock(), c.RLock(), c.Barrier(2)
    _run(c, _nested, (a, b, both), (b, a, both))


def _transfer(first, second, both):
    with first.get_lock():
        both.wait()
        with second.get_lock():
            second.value += 1


@hangs("M43")
def values_in_a_circle(c):
    a, b, both = c.Value("i", 1), c.Value("i", 2), c.Barrier(2)
    _run(c, _transfer, (a, b, both), (b, a, both))


@hangs("M43")
def program_and_worker_in_a_circle(c):
    a, b, both = c.Lock(), c.Lock(), c.Barrier(2)
    _start(c, _nested, (a, b, both))
    _nested(b, a, both)


def _circle_within(c_name):
    locks_in_a_circle_of_three(mp.get_context(c_name))


@hangs("M43")
def a_circle_among_grandchildren(c):
    _run(c, _circle_within, (c.get_start_method(),))


def _beat():
    while True:
        time.sleep(0.05)


def _nested_with_beat(first, second, both):
    _threads((_beat,), daemon=True)
    _nested(first, second, both)


@hangs("M43")
def a_circle_with_heartbeats(c):
    """Each worker has a thread that goes on, and does not matter."""
    a, b, both = c.Lock(), c.Lock(), c.Barrier(2)
    _run(c, _nested_with_beat, (a, b, both), (b, a, both))


@hangs("M43")
def a_circle_beside_idlers(c):
    """A third worker sleeps and has both locks, but neither in its hands."""
    a, b, both = c.Lock(), c.Lock(), c.Barrier(2)
    _start(c, _idle, (a, b), daemon=True)
    _run(c, _nested, (a, b, both), (b, a, both))


def _idle(*_):
    time.sleep(600)


def _twice(lock):
    with lock:
        lock.acquire()


@hangs("M44")
def a_lock_again_in_a_function(c):
    _run(c, _twice, (c.Lock(),))


@hangs("M44")
def a_lock_again_in_the_program(c):
    _twice(c.Lock())


def _value_twice(value):
    with value.get_lock():
        value.get_lock().acquire()


@hangs("M44")
def a_bounded_semaphore_again(c):
    _run(c, _twice, (c.BoundedSemaphore(1),))


def _raise_holding(lock):
    lock.acquire()
    raise SystemExit(1)


def _take(lock):
    with lock:
        pass


@hangs(None)
def a_lock_kept_by_an_error(c):
    """How its holder ended was collected: the system does not show it any more."""
    lock = c.Lock()
    _run(c, _raise_holding, (lock,))
    _run(c, _take, (lock,), (lock,))


@hangs("M42", without_zombies=None)
def a_lock_kept_by_an_error_wanted_by_the_program(c):
    lock = c.Lock()
    keeper = _start(c, _raise_holding, (lock,))[0]
    wait([keeper.sentinel])
    lock.acquire()


def _hold(lock, told):
    with lock:
        told.send_bytes(b"held")
        time.sleep(600)


def _held(c, lock):
    hears, tells = c.Pipe(duplex=False)
    holder = _start(c, _hold, (lock, tells))[0]
    hears.recv_bytes()
    return holder


@hangs(None)
def a_lock_of_a_terminated_holder(c):
    """Its end was collected, too."""
    lock = c.Lock()
    holder = _held(c, lock)
    holder.terminate()
    holder.join()
    _run(c, _take, (lock,))


@hangs("M45", without_zombies=None)
def a_lock_of_a_killed_holder(c):
    lock = c.Lock()
    holder = _held(c, lock)
    holder.kill()
    wait([holder.sentinel])
    lock.acquire()


def _get_all(queue_):
    for _ in iter(queue_.get, None):
        pass


@hangs("M22", whole=True)
def nobody_says_farewell(c):
    queue_ = c.Queue()
    workers = _start(c, _get_all, (queue_,), (queue_,), (queue_,))
    for item in range(5):
        queue_.put(item)
    _join(workers)


@hangs("M22", whole=True)
def nobody_says_farewell_to_one(c):
    queue_ = c.Queue()
    worker = _start(c, _get_all, (queue_,))[0]
    queue_.put(1)
    worker.join()


@hangs("M22", whole=True)
def a_simple_queue_without_farewell(c):
    queue_ = c.SimpleQueue()
    workers = _start(c, _get_all, (queue_,), (queue_,))
    queue_.put(1)
    _join(workers)


@hangs(None, whole=True)
def one_farewell_for_three(c):
    """Who went home could as well have been a producer, which has no name of its own."""
    queue_ = c.Queue()
    workers = _start(c, _get_all, (queue_,), (queue_,), (queue_,))
    queue_.put(None)
    ended = wait([one.sentinel for one in workers])
    _join(one for one in workers if one.sentinel not in ended)


def _get_done(queue_, all_):
    while True:
        queue_.get()
        if all_:
            queue_.task_done()


@hangs("M24", whole=True)
def taken_and_never_done(c):
    queue_ = c.JoinableQueue()
    _start(c, _get_done, (queue_, False), (queue_, False), daemon=True)
    for item in range(4):
        queue_.put(item)
    queue_.join()


def _put_big(queue_):
    queue_.put(BIG)


@hangs("M21")
def joins_before_it_takes(c):
    queue_ = c.Queue()
    workers = _start(c, _put_big, (queue_,), (queue_,))
    _join(workers)
    queue_.get()


def _send_big(sender):
    sender.send(BIG)


@hangs("M21")
def joins_before_it_receives(c):
    receiver, sender = c.Pipe(duplex=False)
    _run(c, _send_big, (sender,))
    receiver.recv()


@hangs("M21")
def joins_before_it_receives_on_a_socket(c):
    here, there = c.Pipe()
    _run(c, _send_big, (there,))
    here.recv()


@hangs("M28", whole=True)
def puts_into_a_full_queue(c):
    queue_ = c.Queue(3)
    for item in range(10):
        queue_.put(item)


def _put_ten(queue_):
    for item in range(10):
        queue_.put(item)


@hangs("M28", whole=True)
def a_worker_puts_into_a_full_queue(c):
    _run(c, _put_ten, (c.Queue(3),))


@hangs("M36", whole=True)
def a_reader_killed_in_its_get(c):
    queue_ = c.Queue()
    first = _start(c, _get_all, (queue_,))[0]
    time.sleep(0.1)
    _until_reading(first.pid)
    first.kill()
    first.join()
    _run(c, _get_all, (queue_,), (queue_,))


def _until_reading(pid):
    """Until its main thread reads from a pipe or waits for a lock, twice in a row."""
    seen = ""
    while True:
        now = open(f"/proc/{pid}/syscall").read()  # noqa: PTH123, SIM115
        if now == seen and not now.startswith("running"):
            return
        seen = now
        time.sleep(0.05)


@hangs("M46", whole=True)
def a_barrier_for_one_more(c):
    barrier = c.Barrier(3)
    _run(c, barrier.wait, (), ())


@hangs("M46", whole=True)
def a_barrier_that_the_program_is_missing_at(c):
    barrier = c.Barrier(2)
    worker = _start(c, barrier.wait, ())[0]
    worker.join()


def _send_three(sender):
    for item in range(3):
        sender.send(item)


@hangs("M56")
def an_end_never_closed(c):
    receiver, sender = c.Pipe(duplex=False)
    worker = _start(c, _send_three, (sender,))[0]
    try:
        while True:
            receiver.recv()
    except EOFError:
        worker.join()


def _receive_all(receiver, _sender):
    try:
        while True:
            receiver.recv()
    except EOFError:
        pass


@hangs("M56")
def a_worker_keeps_the_end_it_was_given(c):
    receiver, sender = c.Pipe(duplex=False)
    worker = _start(c, _receive_all, (receiver, sender))[0]
    receiver.close()
    sender.send(1)
    sender.close()
    worker.join()


def _receive(connection):
    connection.recv()


@hangs("M55")
def both_listen(c):
    here, there = c.Pipe()
    _start(c, _receive, (there,))
    here.recv()


@hangs("M55")
def both_listen_and_join(c):
    here, there = c.Pipe()
    worker = _start(c, _receive, (there,))[0]
    threading.Thread(target=here.recv, daemon=True).start()
    worker.join()


@hangs(None, whole=True)
def an_event_nobody_sets(c):
    event = c.Event()
    _run(c, event.wait, (), ())


def _wait_for(condition):
    with condition:
        condition.wait()


@hangs(None, whole=True)
def a_condition_nobody_notifies(c):
    condition = c.Condition()
    _run(c, _wait_for, (condition,), (condition,))


@hangs(None, whole=True)
def a_condition_notified_too_early(c):
    condition = c.Condition()
    with condition:
        condition.notify_all()
    _wait_for(condition)


@hangs(None)
def a_semaphore_short_of_one(c):
    semaphore = c.Semaphore(2)
    for _ in range(3):
        semaphore.acquire()


@hangs(None)
def joins_a_worker_that_wants_its_lock(c):
    lock = c.Lock()
    with lock:
        _run(c, _take, (lock,))


@hangs(None)
def forked_with_a_lock_held(c):
    """Fork only: the child's thread lock is held by a thread that stayed behind.

    By a call that has returned, which from outside could have been the child's own.
    """
    lock = threading.Lock()
    lock.acquire()
    _run(mp.get_context("fork"), _take, (lock,))


def _get_of_threads(queue_):
    queue_.get()


@threads_hang("M31")
def a_thread_queue_given_to_a_process(c):
    """Fork only."""
    queue_ = queue.Queue()
    workers = _start(mp.get_context("fork"), _get_of_threads, (queue_,))
    queue_.put(1)
    _join(workers)


@hangs(None)
def waits_for_a_pipe_in_a_circle(c):
    one, two = c.Pipe(duplex=False), c.Pipe(duplex=False)
    worker = _start(c, _answer, (one[0], two[1]))[0]
    two[1].close()
    two[0].recv()
    worker.join()


def _answer(reads, writes):
    reads.recv()
    writes.send(1)


@hangs("M21")
def a_program_that_prints_much(c):
    """subprocess: its output is not read before its end is waited for."""
    child = subprocess.Popen([sys.executable, "-c", "print('x' * 300_000)"], stdout=subprocess.PIPE)
    child.wait()


def _waitpid(c, act):
    queue_ = c.Queue()
    worker = _start(c, _put_big, (queue_,))[0]
    act(worker.pid)


@hangs("M21")
def waitpid_before_it_takes(c):
    _waitpid(mp.get_context("fork"), lambda pid: os.waitpid(pid, 0))


@hangs("M21")
def waitid_before_it_takes(c):
    _waitpid(mp.get_context("fork"), lambda pid: os.waitid(os.P_PID, pid, os.WEXITED))


@hangs("M21")
def waits_for_sentinels_before_it_takes(c):
    queue_ = c.Queue()
    workers = _start(c, _put_big, (queue_,), (queue_,))
    wait([one.sentinel for one in workers])


@hangs("M21")
def joins_in_a_thread_before_it_takes(c):
    queue_ = c.Queue()
    worker = _start(c, _put_big, (queue_,))[0]
    _join(_threads((worker.join,)))


@hangs(None)
def a_manager_queue_nobody_fills(c):
    with c.Manager() as manager:
        queue_ = manager.Queue()
        _run(c, queue_.get, ())


class Unsendable:
    def __reduce__(self):
        raise TypeError("not to be sent")


@hangs(None)
def gets_what_could_not_be_sent(c):
    """M29: the feeder dropped it. That somebody put it, the system does not show."""
    queue_ = c.Queue()
    queue_.put(Unsendable())
    queue_.get()


@hangs(None)
def gets_from_one_that_left_too_early(c):
    """M35: it ended before its feeder had sent anything."""
    queue_ = c.Queue()
    worker = _start(c, _put_big_and_leave, (queue_,))[0]
    worker.join()
    queue_.get()


def _put_big_and_leave(queue_):
    queue_.put(BIG)
    os._exit(3)


# -- one cause, and others whom it holds up ------------------------------------------


def _nested_put(queue_, first, second, both):
    with first:
        both.wait()
        with second:
            queue_.put(1)


@hangs("M43")
def a_consumer_of_producers_in_a_circle(c):
    """That nobody said farewell is not why the consumer waits."""
    queue_, a, b, both = c.Queue(), c.Lock(), c.Lock(), c.Barrier(2)
    consumer = _start(c, _get_all, (queue_,))
    producers = _start(c, _nested_put, (queue_, a, b, both), (queue_, b, a, both))
    _join([*producers, *consumer])


def _nested_meet(barrier, first, second, both):
    with first:
        both.wait()
        with second:
            barrier.wait()


@hangs("M43")
def a_barrier_of_whom_two_are_in_a_circle(c):
    barrier, a, b, both = c.Barrier(3), c.Lock(), c.Lock(), c.Barrier(2)
    first = _start(c, barrier.wait, ())
    _join([*first, *_start(c, _nested_meet, (barrier, a, b, both), (barrier, b, a, both))])


def _get_then_twice(queue_, lock):
    queue_.get()
    _twice(lock)


@hangs("M44")
def a_full_queue_whose_consumer_waits_for_itself(c):
    queue_, lock = c.Queue(2), c.Lock()
    _join([*_start(c, _put_ten, (queue_,)), *_start(c, _get_then_twice, (queue_, lock))])


def _keep_locks(*locks):
    global kept
    kept = locks


def _nested_kept(place):
    first, second, both = kept[place], kept[1 - place], kept[2]
    _nested(first, second, both)


@hangs("M43")
def an_executor_whose_jobs_go_round_in_a_circle(c):
    given = (c.Lock(), c.Lock(), c.Barrier(2))
    with futures.ProcessPoolExecutor(2, mp_context=c, initializer=_keep_locks, initargs=given) as pool:
        for one in futures.as_completed([pool.submit(_nested_kept, place) for place in (0, 1)]):
            one.result()


@hangs("M28", whole=True)
def a_queue_of_one_is_no_lock(c):
    queue_ = c.Queue(1)
    queue_.put(1)
    queue_.put(2)


def _flock_both(first, second, both):
    kept = [_flock(first)]
    both.wait()
    kept.append(_flock(second))


@hangs("M43")
def file_locks_in_a_circle(c):
    import tempfile

    with tempfile.NamedTemporaryFile() as a, tempfile.NamedTemporaryFile() as b:
        both = c.Barrier(2)
        _run(c, _flock_both, (a.name, b.name, both), (b.name, a.name, both))


def _flock_then_lock(path, lock, both):
    with _flock(path):
        both.wait()
        _take(lock)


def _lock_then_flock(path, lock, both):
    with lock:
        both.wait()
        _flock(path)


@hangs("M43")
def a_file_and_a_lock_in_a_circle(c):
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        lock, both = c.Lock(), c.Barrier(2)
        first = _start(c, _flock_then_lock, (file.name, lock, both))
        _join([*first, *_start(c, _lock_then_flock, (file.name, lock, both))])


def _get_under(lock, queue_, both):
    with lock:
        both.wait()
        queue_.get()


def _put_under(lock, queue_, both):
    both.wait()
    with lock:
        queue_.put(1)


@hangs(None)
def a_get_under_a_lock_that_the_putter_wants(c):
    lock, queue_, both = c.Lock(), c.Queue(), c.Barrier(2)
    _join([*_start(c, _get_under, (lock, queue_, both)), *_start(c, _put_under, (lock, queue_, both))])


@hangs("M56")
def two_keep_each_others_end(c):
    """Fork only: each child has a writing end of the pipe that it reads, and the second that of the first, too."""
    c = mp.get_context("fork")
    workers, senders = [], []
    for _ in range(2):
        receiver, sender = c.Pipe(duplex=False)
        workers += _start(c, _receive_all, (receiver, None))
        receiver.close()
        senders.append(sender)
    for sender in senders:
        sender.close()
    _join(workers)


@hangs("M55")
def both_listen_at_the_same_end(c):
    here, there = c.Pipe()
    _start(mp.get_context("fork"), _receive, (there,))
    there.recv()
    here.close()


def _send_big_and_receive(connection):
    connection.send(BIG * 10)
    connection.recv()


@hangs(None)
def both_send_too_much(c):
    here, there = c.Pipe()
    _start(c, _send_big_and_receive, (there,))
    _send_big_and_receive(here)


@hangs("M21")
def a_shell_whose_program_prints_much(c):
    """The program is the child of a child."""
    child = subprocess.Popen("seq 1 200000; true", shell=True, stdout=subprocess.PIPE)
    child.wait()


@hangs("M21")
def joined_by_an_executor_before_it_takes(c):
    queue_ = c.Queue()
    workers = _start(c, _put_big, (queue_,), (queue_,))
    with futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda worker: worker.join(), workers))


def _join_parent():
    mp.parent_process().join()


@hangs(None)
def parent_and_child_join_each_other(c):
    _run(c, _join_parent, ())


# -- one process, whose threads hang -----------------------------------------------


class Shelf:
    def __init__(self):
        self.lock = threading.Lock()

    def give(self, other, both):
        with self.lock:
            both.wait()
            other.take()

    def take(self):
        with self.lock:
            pass

    def twice(self):
        with self.lock:
            self.take()


@threads_hang("M43")
def shelves_in_a_circle_of_three(c):
    """Each in a class, by a method of the next one's."""
    shelves, both = [Shelf() for _ in range(3)], threading.Barrier(3)
    _join(_threads(*[(shelves[k].give, shelves[(k + 1) % 3], both) for k in range(3)]))


@threads_hang("M44")
def a_shelf_in_an_executor(c):
    """Whoever waits for the result is held up by the same."""
    with futures.ThreadPoolExecutor(2) as pool:
        pool.submit(Shelf().twice).result()


@threads_hang(None)
def a_thread_gets_under_a_lock_that_the_putter_wants(c):
    lock, queue_, both = threading.Lock(), queue.Queue(), threading.Barrier(2)
    _join(_threads((_get_under, lock, queue_, both), (_put_under, lock, queue_, both)))


@threads_hang("M24")
def a_managers_queue_never_done(c):
    """Another's threads wait for what the program asked: the manager's."""
    with c.Manager() as manager:
        queue_ = manager.JoinableQueue()
        queue_.put(1)
        queue_.join()


@threads_hang("M43")
def thread_locks_in_a_circle(c):
    a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
    _join(_threads((_nested, a, b, both), (_nested, b, a, both)))


@threads_hang("M43")
def thread_rlocks_in_a_circle(c):
    a, b, both = threading.RLock(), threading.RLock(), threading.Barrier(2)
    _join(_threads((_nested, a, b, both), (_nested, b, a, both)))


@threads_hang("M44")
def a_thread_lock_again(c):
    _twice(threading.Lock())


@threads_hang("M44")
def a_thread_lock_again_in_a_thread(c):
    _join(_threads((_twice, threading.Lock())))


def _keep(lock):
    lock.acquire()


@threads_hang(None)
def a_thread_lock_kept(c):
    """Who took a lock of threads, no record says."""
    lock = threading.Lock()
    _join(_threads((_keep, lock)))
    lock.acquire()


@threads_hang(None)
def a_thread_rlock_kept(c):
    lock = threading.RLock()
    _join(_threads((_keep, lock)))
    lock.acquire()


@threads_hang("M22")
def threads_without_farewell(c):
    queue_ = queue.Queue()
    found = _threads((_get_all, queue_), (_get_all, queue_))
    queue_.put(1)
    _join(found)


@threads_hang(None)
def one_farewell_for_three_threads(c):
    """Who went home, and is called alike, could as well have failed."""
    queue_ = queue.Queue()
    found = _threads(*[(_get_all, queue_)] * 3)
    queue_.put(None)
    _join(found)


@threads_hang(None)
def the_program_gets_what_nobody_puts(c):
    queue.LifoQueue().get()


@threads_hang(None)
def a_c_queue_nobody_fills(c):
    queue.SimpleQueue().get()


def _get_while_not_empty(queue_, both):
    while not queue_.empty():
        both.wait()
        queue_.get()


@threads_hang("M27")
def threads_look_whether_it_is_empty(c):
    queue_, both = queue.Queue(), threading.Barrier(2)
    queue_.put(1)
    _join(_threads(*[(_get_while_not_empty, queue_, both)] * 2))


@threads_hang("M24")
def threads_never_say_done(c):
    queue_ = queue.Queue()
    _threads((_get_done, queue_, False), daemon=True)
    queue_.put(1)
    queue_.join()


@threads_hang("M28")
def the_program_puts_into_a_full_thread_queue(c):
    _put_ten(queue.Queue(3))


@threads_hang("M46")
def a_thread_barrier_for_one_more(c):
    barrier = threading.Barrier(3)
    _join(_threads((barrier.wait,), (barrier.wait,)))


@threads_hang(None)
def a_thread_event_nobody_sets(c):
    threading.Event().wait()


@threads_hang(None)
def a_thread_condition_nobody_notifies(c):
    _wait_for(threading.Condition())


@threads_hang(None)
def a_future_that_waits_for_its_own_pool(c):
    """Fluent deadlock of the docs of concurrent.futures: the one worker waits for another job of the same pool."""
    with futures.ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: pool.submit(pow, 5, 2).result()).result()


@threads_hang("M65")
def leaves_an_executor_whose_work_hangs(c):
    with futures.ThreadPoolExecutor(2) as pool:
        pool.submit(threading.Event().wait)


@threads_hang(None)
def an_event_loop_whose_executor_hangs(c):
    """asyncio waits for a thread that takes a lock that the program holds."""
    lock = threading.Lock()
    lock.acquire()

    async def work():
        await asyncio.get_running_loop().run_in_executor(None, lock.acquire)

    asyncio.run(work())


@threads_hang("M61")
def a_pool_whose_worker_was_killed(c):
    with c.Pool(2) as pool:
        pool.map(_kill_once, [0])


def _kill_once(_):
    os.kill(os.getpid(), signal.SIGKILL)


# -- what goes on ------------------------------------------------------------------


@goes_on
def main_sleeps(c):
    time.sleep(600)


@goes_on
def main_computes(c):
    while True:
        pass


@goes_on
def threads_compute(c):
    def burn():
        while True:
            pass

    _join(_threads((burn,), (burn,), daemon=True))


@goes_on
def joins_a_sleeping_thread(c):
    _join(_threads((time.sleep, 600), daemon=True))


@goes_on
def joins_a_sleeping_worker(c):
    _run(c, time.sleep, (600,))


@goes_on
def executor_of_sleepers(c):
    with futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(time.sleep, [600, 600]))


@goes_on
def process_executor_of_sleepers(c):
    with futures.ProcessPoolExecutor(2, mp_context=c) as pool:
        list(pool.map(time.sleep, [600, 600]))


@goes_on
def idle_process_executor(c):
    with futures.ProcessPoolExecutor(2, mp_context=c) as pool:
        pool.submit(pow, 2, 2).result()
        time.sleep(600)


@goes_on
def idle_pool_and_input(c):
    with c.Pool(2) as pool:
        pool.map(abs, [1, 2])
        input()


@goes_on
def idle_manager_and_select(c):
    import select

    with c.Manager() as manager:
        manager.list()
        select.select([sys.stdin], [], [])


@goes_on
def reads_its_input(c):
    sys.stdin.read()


@goes_on
def a_server(c):
    import socketserver

    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        server.serve_forever()


@goes_on
def a_server_of_threads(c):
    """Its main thread joins one that accepts."""

    def accept():
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.accept()

    _join(_threads((accept,)))


@goes_on
def a_client_of_the_network(c):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        client.recv(1)


@goes_on
def an_unix_server(c):
    import tempfile

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/listener")
        server.listen()
        server.accept()


@goes_on
def an_asyncio_server(c):
    async def serve():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        async with server:
            await server.serve_forever()

    asyncio.run(serve())


@goes_on
def asyncio_sleeps(c):
    asyncio.run(asyncio.sleep(600))


@goes_on
def asyncio_waits_for_a_program(c):
    async def work():
        child = await asyncio.create_subprocess_exec("sleep", "600")
        await child.wait()

    asyncio.run(work())


@goes_on
def asyncio_waits_for_a_slow_thread(c):
    asyncio.run(asyncio.to_thread(time.sleep, 600))


@goes_on
def asyncio_waits_for_a_signal(c):
    async def work():
        done = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, done.set)
        await done.wait()

    asyncio.run(work())


@goes_on
def a_service_that_waits_for_its_end(c):
    """The usual main thread of a daemon: an event that the handler of SIGTERM sets."""
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    over.wait()


@goes_on
def pauses(c):
    signal.pause()


@goes_on
def sigwaits(c):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.sigwait([signal.SIGUSR1])


@goes_on
def a_lock_with_an_alarm(c):
    """A time-out made of SIGALRM: the old way."""

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(100)
    lock = c.Lock()
    lock.acquire()
    lock.acquire()


@goes_on
def a_timer_sets_an_event(c):
    event = threading.Event()
    timer = threading.Timer(600, event.set)
    timer.daemon = True
    timer.start()
    event.wait()


@goes_on
def a_slow_producer_of_threads(c):
    queue_ = queue.Queue()
    _threads((_put_late, queue_), daemon=True)
    queue_.get()


def _put_late(queue_):
    time.sleep(600)
    queue_.put(1)


@goes_on
def a_slow_producer(c):
    queue_ = c.Queue()
    _start(c, _put_late, (queue_,))
    queue_.get()


@goes_on
def a_slow_producer_for_three(c):
    queue_ = c.Queue()
    workers = _start(c, _get_all, (queue_,), (queue_,), (queue_,))
    _start(c, _put_late, (queue_,))
    _join(workers)


@goes_on
def a_slow_setter(c):
    event = c.Event()
    workers = _start(c, event.wait, (), ())
    _start(c, _set_late, (event,))
    _join(workers)


def _set_late(event):
    time.sleep(600)
    event.set()


@goes_on
def a_slow_holder(c):
    lock = c.Lock()
    _held(c, lock)
    _run(c, _take, (lock,), (lock,))


@goes_on
def a_patient_lock(c):
    lock = c.Lock()
    lock.acquire()
    lock.acquire(timeout=600)


@goes_on
def a_patient_get(c):
    c.Queue().get(timeout=600)


@goes_on
def a_patient_thread_get(c):
    queue.Queue().get(timeout=600)


@goes_on
def polls_a_flag(c):
    while True:
        time.sleep(0.01)


@goes_on
def a_slow_program(c):
    subprocess.run(["sleep", "600"], check=False)


@goes_on
def reads_a_slow_program(c):
    with subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE) as child:
        child.stdout.read()


@goes_on
def a_task_computes_in_a_pool(c):
    with c.Pool(2) as pool:
        pool.map(_burn_for, [600])


def _burn_for(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


@goes_on
def a_fifo_from_elsewhere(c):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/fifo")
        open(f"{folder}/fifo").read()  # noqa: PTH123, SIM115


@goes_on
def a_fifo_that_it_opened_itself(c):
    """Opened to read and write, as daemons do, so that it never ends: anyone may write to it by its name."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/fifo")
        fd = os.open(f"{folder}/fifo", os.O_RDWR)
        os.read(fd, 1)


@goes_on
def a_file_lock_of_a_sleeper(c):
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        hears, tells = c.Pipe(duplex=False)
        _start(c, _flock_and_sleep, (file.name, tells))
        hears.recv_bytes()
        _flock(file.name)


def _flock(path):
    import fcntl

    file = open(path)  # noqa: PTH123, SIM115
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _flock_and_sleep(path, tells):
    file = _flock(path)
    tells.send_bytes(b"held")
    time.sleep(600)
    file.close()


if __name__ == "__main__":
    signal.alarm(300)  # nothing of this outlives its test for long
    print(os.getpid(), flush=True)
    globals()[sys.argv[1]](mp.get_context(sys.argv[2]))
