"""Snapshots against the same facts by psutil: ``python tests/bench/bench_snapshot.py [CHILDREN…]``.

Prints one line per number of forked children: CPU milliseconds (median) of a first and a repeated
snapshot and of a look at the tree, and their ratio to psutil reading the same facts (tree,
status, threads, descriptors, mappings). Budgets: 1/10 first, 1/100 repeated.
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
from collections.abc import Callable

import psutil

from parallab.procfs.read import Reader


def program(children: int) -> None:
    """A program with a queue, a lock, a shared number and idle workers, made by fork."""
    context = mp.get_context("fork")
    shared = (context.Queue(), context.Lock(), context.Value("i"))
    workers = [context.Process(target=time.sleep, args=(600,)) for _ in range(children)]
    for worker in workers:
        worker.start()
    print(len(shared), flush=True)
    signal.pause()


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


def milliseconds(act: Callable[[], object], times: int) -> float:
    """The median of so many runs."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        act()
        taken.append((time.process_time() - begin) * 1e3)
    return statistics.median(taken)


def measure(children: int) -> None:
    """One line of the table."""
    child = subprocess.Popen(
        [sys.executable, __file__, "program", str(children)], stdout=subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    try:
        child.stdout.readline()
        reader = Reader()
        while len(reader.snapshot(child.pid).processes) != children + 1 or not _rests(reader, child.pid):
            time.sleep(0.05)
        first = milliseconds(lambda: Reader().snapshot(child.pid), 5)
        reader.snapshot(child.pid)
        repeated = milliseconds(lambda: reader.snapshot(child.pid), 30)
        tree = milliseconds(lambda: reader.tree(child.pid), 30)
        other = milliseconds(lambda: by_psutil(child.pid), 3)
        ratios = f"{first:>8.2f} {other / first:>7.0f}x {repeated:>9.3f} {other / repeated:>7.0f}x"
        print(f"{children:>8} {other:>9.1f} {ratios} {tree:>8.3f}")
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _rests(reader: Reader, pid: int) -> bool:
    return all(thread.state == "S" for one in reader.snapshot(pid).processes for thread in one.threads)


if __name__ == "__main__":
    if sys.argv[1:2] == ["program"]:
        program(int(sys.argv[2]))
    else:
        print(
            f"{'children':>8} {'psutil':>9} {'first':>8} {'ratio':>8} {'repeated':>9} {'ratio':>8} {'tree':>8} (CPU ms)"
        )
        for number in sys.argv[1:] or ("4", "16", "64"):
            measure(int(number))
