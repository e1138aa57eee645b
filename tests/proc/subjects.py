"""Programs to be looked at: ``python subjects.py NAME METHOD`` runs one. Standard library only, 3.10+.

Each ends up in one known situation, which its docstring tells; tests wait until they see it.
"""

# mypy: ignore-errors
import multiprocessing as mp
import os
import signal
import socket
import sys
import threading
import time
from multiprocessing import connection, shared_memory

BIG = "x" * 300_000


def _two(first, second, barrier):
    with first:
        barrier.wait()
        with second:
            pass


def lock_cycle(c):
    """Worker 1 holds A and wants B, worker 2 holds B and wants A; the program joins worker 1."""
    a, b, both = c.Lock(), c.Lock(), c.Barrier(2)
    _run(c, _two, (a, b, both), (b, a, both))


def _again(lock):
    lock.acquire()
    lock.acquire()


def same_lock_twice(c):
    """The worker holds the lock that it wants."""
    _run(c, _again, (c.Lock(),))


def _die_holding(lock):
    lock.acquire()
    os._exit(3)


def _take(lock):
    with lock:
        pass


def holder_gone(c):
    """The holder has ended; two others want its lock."""
    lock = c.Lock()
    holder = c.Process(target=_die_holding, args=(lock,))
    holder.start()
    holder.join()
    _run(c, _take, (lock,), (lock,))


def _meet(barrier):
    barrier.wait()


def barrier_short(c):
    """Two wait at a barrier of three."""
    barrier = c.Barrier(3)
    _run(c, _meet, (barrier,), (barrier,))


def _put_much(queue):
    queue.put(BIG)


def join_before_drain(c):
    """The worker's feeder writes to a full pipe, and its reader joins the worker."""
    _run(c, _put_much, (c.Queue(),))


def _get(queue):
    while queue.get() is not None:
        pass


def get_for_ever(c):
    """Two workers get from a queue that nobody will fill."""
    queue = c.Queue()
    _run(c, _get, (queue,), (queue,))


def _send_one(sender):
    sender.send(1)


def waits_for_itself(c):
    """The program reads a pipe whose only writing end is its own."""
    receiver, sender = c.Pipe(duplex=False)
    child = c.Process(target=_send_one, args=(sender,))
    child.start()
    child.join()
    receiver.recv()
    receiver.recv()


def _receive(connection):
    connection.recv()


def both_read(c):
    """The program and its worker read the two ends of one duplex pipe."""
    here, there = c.Pipe()
    child = c.Process(target=_receive, args=(there,))
    child.start()
    here.recv()


def queue_full(c):
    """The program puts into a full queue of two, and nobody takes."""
    queue = c.Queue(2)
    for item in range(3):
        queue.put(item)


def never_done(c):
    """The program joins a queue whose worker ended without task_done."""
    queue = c.JoinableQueue()
    queue.put(1)
    child = c.Process(target=_get_one, args=(queue,))
    child.start()
    child.join()
    queue.join()


def _get_one(queue):
    queue.get()


def _wait_event(event):
    event.wait()


def event_never(c):
    """A worker waits for an event that nobody sets."""
    _run(c, _wait_event, (c.Event(),))


def _take_and_end(lock):
    lock.acquire()


def join_holding_lock(c):
    """The program joins a worker that wants the lock which the program holds."""
    lock = c.Lock()
    lock.acquire()
    _run(c, _take, (lock,))


def manager_get(c):
    """The program gets from a manager's queue, and nobody is left to put."""
    with c.Manager() as manager:
        manager.Queue().get()


# -- and those that are not stuck --------------------------------------------------


def sleeping(c):
    """A worker sleeps and the program joins it."""
    _run(c, time.sleep, (60,))


def _burn():
    while True:
        pass


def burning(c):
    """A worker computes and the program joins it."""
    _run(c, _burn, ())


def _hold(lock, held):
    with lock:
        held.send_bytes(b"held")
        time.sleep(60)


def lock_held_by_sleeper(c):
    """One worker sleeps with the lock that another wants."""
    lock = c.Lock()
    told, tells = c.Pipe(duplex=False)
    first = c.Process(target=_hold, args=(lock, tells))
    first.start()
    told.recv_bytes()
    _run(c, _take, (lock,))


def _timed(lock):
    lock.acquire()
    lock.acquire(timeout=60)


def timed_wait(c):
    """The worker wants its own lock, but only for a minute."""
    _run(c, _timed, (c.Lock(),))


def _slow_put(queue):
    time.sleep(60)
    queue.put(1)


def get_slow(c):
    """The program gets from a queue that a sleeping worker will fill."""
    queue = c.Queue()
    child = c.Process(target=_slow_put, args=(queue,))
    child.start()
    queue.get()


def joins_with_timeout(c):
    """The program joins a stuck worker, but only for a minute."""
    lock = c.Lock()
    child = c.Process(target=_again, args=(lock,))
    child.start()
    child.join(60)


def event_loop(c):
    """An idle event loop."""
    import asyncio

    async def forever():
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        await server.serve_forever()

    asyncio.run(forever())


def reads_stdin(c):
    """The program waits for its terminal, or what stands for it."""
    os.read(0, 1)


def writes_to_itself_late(c):
    """The program reads a pipe into which a thread of its own would write, if that did not sleep."""
    out, into = os.pipe()
    threading.Thread(target=lambda: (time.sleep(600), os.write(into, b"x")), daemon=True).start()
    os.read(out, 1)


def waits_for_news_of_a_queue(c):
    """The program waits at a queue's pipe, without the lock that a reader takes; others may have that pipe."""
    queue = c.SimpleQueue()
    connection.wait([queue._reader])


def network(c):
    """A worker waits for the network and the program joins it."""
    _run(c, _accept, ())


def _accept():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.accept()


def threads_deadlock(c):
    """Two threads hold a lock each and want the other's; the program joins them."""
    a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
    threads = [threading.Thread(target=_two, args=args) for args in ((a, b, both), (b, a, both))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def thread_sleeps(c):
    """The program joins a sleeping thread."""
    thread = threading.Thread(target=time.sleep, args=(60,))
    thread.start()
    thread.join()


def manager_idle(c):
    """A manager and a worker that uses it, asleep."""
    with c.Manager() as manager:
        shared = manager.dict()
        _run(c, _use_and_sleep, (shared,))


def _use_and_sleep(shared):
    shared["x"] = 1
    time.sleep(60)


def pool_idle(c):
    """The program waits for a pool whose only task sleeps."""
    with c.Pool(2) as pool:
        pool.map(time.sleep, [60])


def one_of_each(c):
    """A queue, a pipe, a duplex pipe, an array, a segment, an event; workers asleep, one zombie."""
    queue, event = c.Queue(), c.Event()
    array = c.Array("i", 10)
    one, two = c.Pipe(duplex=False)
    here, there = c.Pipe()
    segment = shared_memory.SharedMemory(create=True, size=5000)
    worker = c.Process(target=_hold_all, args=(queue, event, array, two, there, segment.name))
    zombie = c.Process(target=sys.exit, args=(7,))
    try:
        worker.start()
        # Last: every start reaps the children that have ended.
        zombie.start()
        connection.wait([zombie.sentinel])
        here.send_bytes(b"all is there")
        worker.join()
    finally:
        segment.unlink()


def _hold_all(queue, event, array, two, there, name):
    segment = shared_memory.SharedMemory(name)
    two.send_bytes(b"12345678")
    there.recv_bytes()
    time.sleep(60)
    segment.close()


def grandchildren(c):
    """A worker that has a worker, both asleep."""
    _run(c, _have_child, (c.get_start_method(),))


def _have_child(method):
    _run(mp.get_context(method), time.sleep, (60,))


def forks(c):
    """A bare os.fork and a subprocess, asleep."""
    import subprocess

    if os.fork() == 0:
        time.sleep(60)
    subprocess.run(["sleep", "60"], check=False)


def _run(c, target, *every):
    workers = [c.Process(target=target, args=args) for args in every]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    signal.alarm(120)  # nothing of this outlives its test for long
    print(os.getpid(), flush=True)
    globals()[sys.argv[1]](mp.get_context(sys.argv[2]))
