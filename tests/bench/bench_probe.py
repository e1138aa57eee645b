"""The probe's cost: ``python tests/bench/bench_probe.py [ROUNDS]``. Two kernels, with and without it, in turns.

Budgets: start and end of one process +5 %, a CPU-bound cell with four workers +2 %, 100,000 put
and get of a queue.Queue +60 %. Ratios of the fastest rounds, since other work on the machine
only ever adds; medians beside them.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from listening import Listened

WORK = """
def nothing():
    pass

def burn():
    total = 0
    for i in range(400_000):
        total += i * i
"""
SETUP = """
import multiprocessing as mp, queue, time, work
def processes(n):
    began = time.perf_counter()
    for _ in range(n):
        p = mp.Process(target=work.nothing); p.start(); p.join()
    return (time.perf_counter() - began) / n
def faults(n):
    import resource
    def look():
        a, b = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return (a.ru_minflt, b.ru_minflt, a.ru_utime, a.ru_stime, b.ru_utime, b.ru_stime)
    processes(5)
    before = look(); processes(n)
    return [round((y - x) / n * (1 if k < 2 else 1e6)) for k, (x, y) in enumerate(zip(before, look()))]
def burning(n):
    began = time.perf_counter()
    ps = [mp.Process(target=work.burn) for _ in range(4)]
    for p in ps: p.start()
    work.burn()
    for p in ps: p.join()
    return time.perf_counter() - began
def putting(n):
    q = queue.Queue()
    began = time.perf_counter()
    for i in range(n):
        q.put(i); q.get()
    return time.perf_counter() - began
def locking(n):
    lock = mp.Lock()
    began = time.perf_counter()
    for _ in range(n):
        with lock: pass
    return (time.perf_counter() - began) / n
"""
CASES = (
    ("start and end of a process, fork", "fork", "processes(40)", 1.05),
    ("start and end of a process, spawn", "spawn", "processes(4)", 1.05),
    ("start and end of a process, forkserver", "forkserver", "processes(20)", 1.05),
    ("CPU-bound cell, four workers, fork", "fork", "burning(1)", 1.02),
    ("100,000 queue.Queue put and get", "fork", "putting(100_000)", 1.60),
    ("one with lock:, of 10,000", "fork", "locking(10_000)", None),
)


def measure(method: str, expression: str, rounds: int) -> tuple[float, float, float, float]:
    """Fastest and median seconds, with and without the probe."""
    kernels = [Listened(method, probe=probe) for probe in (True, False)]
    times: tuple[list[float], list[float]] = ([], [])
    try:
        for kernel in kernels:
            kernel.module("work", WORK)
            kernel.run(SETUP)
            kernel.value(expression)
        for number in range(rounds):
            for place in (0, 1) if number % 2 else (1, 0):
                times[place].append(float(kernels[place].value(expression)))
    finally:
        for kernel in kernels:
            kernel.end()
    return min(times[0]), min(times[1]), statistics.median(times[0]), statistics.median(times[1])


def line(name: str, figures: tuple[float, float, float, float], budget: float | None) -> str:
    """One case's result."""
    on, off, on_median, off_median = figures
    allowed = f"budget {budget:.2f}" if budget else "no budget"
    return (
        f"{name:42} {off * 1e3:9.3f} ms off {on * 1e3:9.3f} ms on, ratio {on / off:.3f} "
        f"(medians {on_median / off_median:.3f}; {allowed})"
    )


@pytest.mark.bench
@pytest.mark.parametrize(("name", "method", "expression", "budget"), CASES)
def test_budget(name: str, method: str, expression: str, budget: float | None) -> None:
    figures = measure(method, expression, 15)
    print(line(name, figures, budget))
    assert budget is None or figures[0] / figures[1] <= budget


if __name__ == "__main__":
    for name, method, expression, budget in CASES:
        if len(sys.argv) < 3 or sys.argv[2] in name:
            rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
            print(line(name, measure(method, expression, rounds), budget), flush=True)
