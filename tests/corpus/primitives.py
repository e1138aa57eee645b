"""One small program for each primitive: ``python -m corpus.primitives NAME METHOD``. Standard library only, 3.10+.

Each makes one thing, shares it with a worker where it can be shared, and comes to rest. Whoever is
where it should be writes a mark to standard output; ``record.py`` waits for all of them, and then
until nothing moves. What is true of a program stands above it.
"""

# mypy: ignore-errors
# ruff: noqa: PTH100, PTH110, PTH118, PTH120, PTH123, SIM115
import fcntl
import mmap
import multiprocessing as mp
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import shared_memory
from multiprocessing.connection import Client, Listener

from corpus.truth import JOINS, PAUSES, SUBJECTS, Truth, subject

FOLDER = os.path.dirname(os.path.abspath(__file__))


def here():
    """Says that this process or thread is where it should be."""
    os.write(1, b".")


def rest(*_):
    """Says so, and rests for ever."""
    here()
    signal.pause()


def _with_worker(c, target, *args):
    child = c.Process(target=target, args=args)
    child.start()
    return child


# -- processes and threads ------------------------------------------------------------------------


@subject(Truth(marks=2, calls=PAUSES))
def process(c):
    """A worker at rest."""
    child = _with_worker(c, rest)
    rest(child)


@subject(Truth(marks=2, calls=PAUSES))
def daemon(c):
    """A daemonic worker at rest: nothing outside tells it from another."""
    child = c.Process(target=rest, daemon=True)
    child.start()
    rest(child)


@subject(Truth(roles=("worker", "worker"), marks=3, calls=PAUSES, nested=True))
def grandchild(c):
    """A worker that has a worker."""
    child = _with_worker(c, _parent, c.get_start_method())
    rest(child)


def _parent(method):
    child = _with_worker(mp.get_context(method), rest)
    rest(child)


@subject(Truth(roles=("fork",), marks=2, calls=PAUSES, methods=("fork",), helpers=False))
def os_fork(c):
    """A bare fork."""
    os.fork()
    rest()


@subject(Truth(roles=("program",), marks=1, calls=PAUSES, methods=("fork",), helpers=False))
def popen(c):
    """Another program."""
    child = subprocess.Popen(["sleep", "600"])
    rest(child)


@subject(Truth(roles=("program", "program"), marks=1, calls=PAUSES, methods=("fork",), helpers=False))
def popen_shell(c):
    """Another program, with a shell between."""
    child = subprocess.Popen("sleep 600; true", shell=True)
    rest(child)


@subject(Truth(roles=("worker",), marks=1, calls=PAUSES, methods=("fork", "spawn")))
def zombie(c):
    """A worker that ended with 7 and was not joined."""
    child = _with_worker(c, sys.exit, 7)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    rest(child)


@subject(Truth(roles=("worker",), marks=3, calls=PAUSES, pushed=True, nested=True, stuck=False))
def orphan(c):
    """A worker whose own worker outlives it: its father is killed between the looks."""
    child = _with_worker(c, _parent, c.get_start_method())

    def end(*_):
        os.kill(child.pid, signal.SIGKILL)
        child.join()

    signal.signal(signal.SIGUSR1, end)
    here()
    while True:
        signal.pause()


@subject(Truth(roles=(), marks=2, calls=PAUSES, methods=("fork",), helpers=False))
def thread(c):
    """A thread at rest, in a lock of threading's."""
    threading.Thread(target=_idle, daemon=True).start()
    rest()


def _idle():
    here()
    threading.Event().wait()


@subject(Truth(roles=(), marks=3, calls=PAUSES, methods=("fork",), helpers=False))
def thread_pool(c):
    """Two threads of a ThreadPoolExecutor, each with a task that waits."""
    pool = ThreadPoolExecutor(2)
    pool.submit(_idle)
    pool.submit(_idle)
    rest()


# -- pools and managers ---------------------------------------------------------------------------


@subject(Truth(("worker", "worker"), "LLLLLL", ("simple-queue",) * 3, marks=3, calls=PAUSES, stuck=None))
def pool(c):
    """A Pool of two, each with a task that rests."""
    with c.Pool(2) as workers:
        workers.map_async(rest, [1, 2], 1)
        rest()


@subject(Truth(("worker", "worker"), "LLBLL", ("queue", "simple-queue"), marks=3, calls=PAUSES))
def executor(c):
    """A ProcessPoolExecutor of two, each with a task that rests."""
    workers = ProcessPoolExecutor(2, mp_context=c)
    workers.submit(rest)
    workers.submit(rest)
    rest()


@subject(Truth(("manager", "worker"), marks=2, calls=PAUSES))
def manager(c):
    """A manager, and a worker that has used its dictionary."""
    server = c.Manager()
    shared = server.dict()
    child = _with_worker(c, _count, shared)
    rest(child)


def _count(shared):
    shared["x"] = 1
    rest()


# -- memory ---------------------------------------------------------------------------------------


@subject(Truth(memory=(("shared-memory", 5000, True),), marks=2, calls=PAUSES, tracker=True))
def segment(c):
    """A SharedMemory of 5,000 bytes."""
    made = shared_memory.SharedMemory(create=True, size=5000)
    child = _with_worker(c, _attach, made.name)
    rest(child)


def _attach(name):
    rest(shared_memory.SharedMemory(name))


@subject(Truth(memory=(("shared-memory", 0, True),), marks=2, calls=PAUSES, tracker=True))
def shareable_list(c):
    """A ShareableList: not to be told from a SharedMemory."""
    made = shared_memory.ShareableList([1, 2, 3])
    child = _with_worker(c, _attach, made.shm.name)
    rest(child)


@subject(Truth(letters="R", memory=(("arena", 0, False),), marks=2, calls=PAUSES))
def value(c):
    """A Value with its lock."""
    made = c.Value("i", 7)
    child = _with_worker(c, rest, made)
    rest(made, child)


@subject(Truth(memory=(("arena", 0, False),), marks=2, calls=PAUSES))
def raw_array(c):
    """An Array without a lock."""
    made = c.Array("d", 10, lock=False)
    child = _with_worker(c, rest, made)
    rest(made, child)


@subject(Truth(memory=(("mapping", 8192, False),), marks=2, calls=PAUSES, methods=("fork",)))
def anonymous_mmap(c):
    """Anonymous shared memory of two pages."""
    made = mmap.mmap(-1, 8192)
    child = _with_worker(c, rest, made)
    rest(made, child)


@subject(Truth(memory=(("memfd", 4096, False),), marks=2, calls=PAUSES, methods=("fork",)))
def memfd(c):
    """A file in memory, mapped."""
    fd = os.memfd_create("table")
    os.ftruncate(fd, 4096)
    made = mmap.mmap(fd, 4096)
    child = _with_worker(c, rest, made)
    rest(made, child)


# -- locks and their like -------------------------------------------------------------------------


@subject(Truth(letters="L", holds=("root",), waiting=1, marks=2, calls=PAUSES))
def lock(c):
    """A Lock that the program holds and the worker wants."""
    made = c.Lock()
    made.acquire()
    child = _with_worker(c, _take, made)
    rest(child)


def _take(made):
    here()
    made.acquire()


@subject(Truth(letters="R", holds=("worker",), marks=2, calls=PAUSES))
def rlock(c):
    """An RLock that the worker holds twice."""
    made = c.RLock()
    child = _with_worker(c, _take_twice, made)
    rest(made, child)


def _take_twice(made):
    made.acquire()
    made.acquire()
    rest()


@subject(Truth(letters="S", marks=2, waiting=1, calls=PAUSES))
def semaphore(c):
    """A Semaphore of 1, at which the worker waits for its second turn."""
    made = c.Semaphore(1)
    child = _with_worker(c, _take_and_wait, made)
    rest(made, child)


def _take_and_wait(made):
    made.acquire()
    here()
    made.acquire()


@subject(Truth(letters="B", marks=2, calls=PAUSES))
def bounded_semaphore(c):
    """A BoundedSemaphore of 3, taken once by each."""
    made = c.BoundedSemaphore(3)
    made.acquire()
    child = _with_worker(c, _take_and_rest, made)
    rest(made, child)


def _take_and_rest(made):
    made.acquire()
    rest()


@subject(Truth(letters="RSSS", composites=("condition",), waiting=1, marks=2, calls=PAUSES))
def condition(c):
    """A Condition that the worker waits for."""
    made = c.Condition()
    child = _with_worker(c, _wait_condition, made)
    rest(made, child)


def _wait_condition(made):
    with made:
        here()
        made.wait()


@subject(Truth(letters="LSSSS", composites=("event",), waiting=1, marks=2, calls=PAUSES))
def event(c):
    """An Event that the worker waits for."""
    made = c.Event()
    child = _with_worker(c, _wait_event, made)
    rest(made, child)


def _wait_event(made):
    here()
    made.wait()


@subject(
    Truth(
        ("worker", "worker"),
        "RSSS",
        ("barrier",),
        waiting=2,
        memory=(("arena", 0, False),),
        marks=3,
        calls=PAUSES,
    )
)
def barrier(c):
    """A Barrier of three at which two have arrived."""
    made = c.Barrier(3)
    children = [_with_worker(c, _wait_event, made) for _ in range(2)]
    rest(made, children)


# -- queues and pipes: items of one small number are 5 bytes pickled, and a header of 4 -----------


@subject(Truth(letters="LLS", composites=("queue",), queued=(9,), marks=2, calls=PAUSES))
def queue(c):
    """A Queue with one item in it, put by the worker."""
    _queue(c, c.Queue())


@subject(Truth(letters="LLB", composites=("queue",), queued=(9,), marks=2, calls=PAUSES))
def bounded_queue(c):
    """A Queue of at most 5."""
    _queue(c, c.Queue(5))


@subject(Truth(letters="LLSSRSSS", composites=("joinable-queue",), queued=(9,), marks=2, calls=PAUSES))
def joinable_queue(c):
    """A JoinableQueue."""
    _queue(c, c.JoinableQueue())


@subject(Truth(letters="LLBSRSSS", composites=("joinable-queue",), queued=(9,), marks=2, calls=PAUSES))
def bounded_joinable_queue(c):
    """A JoinableQueue of at most 5."""
    _queue(c, c.JoinableQueue(5))


@subject(Truth(letters="LL", composites=("simple-queue",), queued=(9,), marks=2, calls=PAUSES))
def simple_queue(c):
    """A SimpleQueue."""
    _queue(c, c.SimpleQueue())


def _queue(c, made):
    child = _with_worker(c, _put, made)
    rest(made, child)


def _put(made):
    made.put(7)
    rest()


@subject(Truth(letters="LLSLLS", composites=("queue", "queue"), holds=("worker",), marks=2, calls=PAUSES))
def two_queues(c):
    """A Queue for work and one for results; the worker waits for work."""
    work, done = c.Queue(), c.Queue()
    child = _with_worker(c, _work, work, done)
    rest(work, done, child)


def _work(work, done):
    here()
    done.put(work.get())


@subject(Truth(pairs=1, marks=2, calls=PAUSES))
def pipe(c):
    """A Pipe, whose worker waits for what the program says."""
    one, two = c.Pipe()
    child = _with_worker(c, _receive, two)
    two.close()
    rest(one, child)


def _receive(connection):
    here()
    connection.recv()


@subject(Truth(queued=(12,), marks=2, calls=PAUSES))
def one_way_pipe(c):
    """A Pipe(duplex=False) with 8 bytes and their header in it."""
    one, two = c.Pipe(duplex=False)
    child = _with_worker(c, _send, two)
    two.close()
    rest(one, child)


def _send(connection):
    connection.send_bytes(b"12345678")
    rest()


@subject(Truth(queued=(3,), marks=2, calls=PAUSES))
def fifo(c):
    """A named pipe with 3 bytes in it."""
    path = os.path.join(FOLDER, "letterbox")
    os.mkfifo(path)
    made = os.open(path, os.O_RDWR)
    os.write(made, b"abc")
    child = _with_worker(c, _open, path)
    rest(child)


def _open(path):
    os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    rest()


@subject(Truth(pairs=1, marks=2, calls=PAUSES))
def listener(c):
    """A worker that listens, and waits for what the program, its client, says."""
    path = os.path.join(FOLDER, "counter")
    child = _with_worker(c, _listen, path)
    while not os.path.exists(path):
        os.sched_yield()
    client = None
    while client is None:
        try:
            client = Client(path)
        except ConnectionRefusedError:
            os.sched_yield()  # bound, and not yet listening
    rest(client, child)


def _listen(path):
    with Listener(path) as made, made.accept() as connection:
        here()
        connection.recv()


@subject(Truth(marks=2, calls=PAUSES))
def tcp_listener(c):
    """A worker that listens on TCP: who calls, comes from outside."""
    child = _with_worker(c, _listen_tcp)
    rest(child)


def _listen_tcp():
    with socket.create_server(("127.0.0.1", 0)) as made:
        here()
        made.accept()


# -- locks of files -------------------------------------------------------------------------------


@subject(Truth(marks=2, calls=PAUSES))
def flock(c):
    """A file that the program has locked and the worker wants, flock(2)."""
    _locked_file(c, fcntl.flock)


@subject(Truth(marks=2, calls=PAUSES))
def fcntl_lock(c):
    """The same with a record lock, fcntl(2)."""
    _locked_file(c, fcntl.lockf)


def _locked_file(c, lock_it):
    path = os.path.join(FOLDER, "ledger")
    made = open(path, "w")
    lock_it(made, fcntl.LOCK_EX)
    child = _with_worker(c, _want_file, path, lock_it.__name__)
    rest(made, child)


def _want_file(path, name):
    made = open(path, "r+")
    here()
    getattr(fcntl, name)(made, fcntl.LOCK_EX)


# -- hangs that are about one primitive -----------------------------------------------------------


@subject(Truth(marks=2, stuck=True, diagnoses=(("nobody-writes", None),), calls=JOINS))
def eof_never(c):
    """The worker reads a pipe to its end, and the program, which joins it, has the writing end still open."""
    one, two = c.Pipe(duplex=False)
    child = _with_worker(c, _read_all, one)
    one.close()
    here()
    child.join()
    two.close()


def _read_all(connection):
    here()
    while True:
        connection.recv()


@subject(
    Truth(
        ("worker", "worker"),
        "LLS",
        ("queue",),
        holds=("worker",),
        marks=3,
        stuck=True,
        diagnoses=(("nobody-writes", None),),
        calls=JOINS,
        methods=("fork", "spawn"),
    )
)
def one_end_mark_for_two(c):
    """Two workers read a queue up to a mark of its end; there was one mark, the first took it and ended."""
    made = c.Queue()
    made.put(None)
    children = [_with_worker(c, _until_mark, made) for _ in range(2)]
    ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT).si_pid
    here()
    for child in children:
        if child.pid != ended:
            child.join()


def _until_mark(made):
    here()
    while made.get() is not None:
        pass


if __name__ == "__main__":
    signal.alarm(300)  # nothing of this outlives a recording for long
    SUBJECTS[sys.argv[1]][0](mp.get_context(sys.argv[2]))
