"""Snapshots beside psutil reading the same facts, in CPU time.

Budgets: a first snapshot 1/10 and a repeated one 1/100 of psutil, for 4, 16 and 64 forked
children; no growth with 2,000 unrelated processes; a repeated look at 256 children with all the
descriptors they inherit under 100 ms.
"""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parent))

from ratios import Row, compare, limit, milliseconds, paired, table

from parallab.procfs.read import Reader

UNRELATED = 2000
CROWD = 256
CROWD_FILES = 68_000


def program(children: int, files: int) -> None:
    """A program with a queue, a lock, a shared number and idle workers, made by fork."""
    context = mp.get_context("fork")
    shared = (context.Queue(), context.Lock(), context.Value("i"))
    pipes = [os.pipe() for _ in range(files // 2)]
    workers = [context.Process(target=time.sleep, args=(600,)) for _ in range(children)]
    for worker in workers:
        worker.start()
    print(len(shared), len(pipes), flush=True)
    signal.pause()


def crowd(number: int) -> None:
    """So many processes that are nobody's business; ended by the death of their pipe's writer."""
    for _ in range(number):
        if os.fork() == 0:
            os.read(0, 1)
            os._exit(0)
    print("ready", flush=True)
    os.read(0, 1)


@contextlib.contextmanager
def started(*arguments: object) -> Iterator[int]:
    """This file as a program of its own; its pid."""
    child = subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    try:
        child.stdout.readline()
        yield child.pid
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def by_psutil(pid: int) -> int:
    """The same facts, as psutil reads them."""
    root = psutil.Process(pid)
    read = 0
    for process in (root, *root.children(recursive=True)):
        with contextlib.suppress(psutil.Error), process.oneshot():
            process.ppid(), process.status(), process.create_time(), process.cmdline(), process.cpu_times()
            read += len(process.threads()) + process.num_fds()
            read += len(process.open_files()) + len(process.net_connections("unix"))
            read += len(process.memory_maps(grouped=False))
    return read


def cpu(act: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    begin = time.process_time()
    act()
    return time.process_time() - begin


def settled(pid: int, children: int) -> Reader:
    """A reader that has seen them all, at rest."""
    reader = Reader()
    while True:
        seen = reader.snapshot(pid)
        if len(seen.processes) == children + 1 and all(
            thread.state == "S" for one in seen.processes for thread in one.threads
        ):
            reader.snapshot(pid)
            return reader
        time.sleep(0.05)


def beside_psutil(children: int) -> Iterator[Row]:
    """First and repeated."""
    with started("program", children, 0) as pid:
        reader = settled(pid, children)
        psutil_once = lambda: cpu(lambda: by_psutil(pid))  # noqa: E731
        pairs = paired(lambda: cpu(lambda: Reader().snapshot(pid)), psutil_once, 9)
        yield compare(f"first snapshot, {children} children, beside psutil", pairs, 1 / 10, milliseconds)
        pairs = paired(lambda: cpu(lambda: reader.snapshot(pid)), psutil_once, 5)
        yield compare(f"repeated snapshot, {children} children, beside psutil", pairs, 1 / 100, milliseconds)


def beside_a_crowd() -> Row:
    """A repeated snapshot with and without 2,000 unrelated processes on the machine."""
    quiet: list[float] = []
    with started("program", 16, 0) as pid:
        reader = settled(pid, 16)
        quiet = [cpu(lambda: reader.snapshot(pid)) for _ in range(40)]
        with started("crowd", UNRELATED):
            loud = [cpu(lambda: reader.snapshot(pid)) for _ in range(40)]
        quiet += [cpu(lambda: reader.snapshot(pid)) for _ in range(40)]
    return compare(
        f"repeated snapshot, 16 children, {UNRELATED} unrelated processes beside none",
        list(zip(loud, [statistics.median(quiet)] * len(loud), strict=True)),
        1.1,
        milliseconds,
    )


def of_many() -> Row:
    """256 children that hold 68,000 descriptors together: one of them runs between the looks."""
    each = CROWD_FILES // (CROWD + 1) - CROWD - 12
    with started("program", CROWD, each) as pid:
        reader = settled(pid, CROWD)
        seen = reader.snapshot(pid)
        held = sum(len(one.files) for one in seen.processes)
        changing = seen.processes[-1].pid
        taken = []
        for _ in range(15):
            os.kill(changing, signal.SIGSTOP)
            os.kill(changing, signal.SIGCONT)
            taken.append(cpu(lambda: reader.snapshot(pid)))
    return limit(f"snapshot of what changed, {CROWD} children with {held:,} descriptors", taken, 0.1, milliseconds)


def rows() -> Iterator[Row]:
    """All of them, as they come."""
    for children in (4, 16, 64):
        yield from beside_psutil(children)
    yield beside_a_crowd()
    yield of_many()


if __name__ == "__main__":
    if sys.argv[1:2] == ["program"]:
        program(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["crowd"]:
        crowd(int(sys.argv[2]))
    else:
        print(table(rows()))
