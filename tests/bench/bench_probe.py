"""What the probe costs the learner: kernels with and without it, in turns.

Budgets: start and end of one process +5 % with each start method, 100,000 put and get of a
queue.Queue +60 %, a CPU-bound cell with four workers under the whole recorder +2 %.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from ratios import Row, compare, milliseconds, paired, table

from kernels import RecordedKernel
from listening import Listened

WORK = """
def nothing():
    pass

def burn(n=2_000_000):
    total = 0
    for i in range(n):
        total += i * i
"""
SETUP = """
import multiprocessing as mp, os, py_compile, queue, resource, time, work
py_compile.compile(work.__file__)  # else each child would, where bytecode is not written, and that would be measured

def spent():
    "CPU seconds of this process, of its children, and of those of its forkserver."
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    import multiprocessing.forkserver as forkserver
    server = forkserver._forkserver._forkserver_pid
    if server:
        with open(f"/proc/{server}/stat") as file:
            numbers = file.read().rsplit(")", 1)[1].split()
        seconds += sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK")
    return seconds

def processes(n):
    cpu, wall = spent(), time.perf_counter()
    for _ in range(n):
        p = mp.Process(target=work.nothing); p.start(); p.join()
    return (time.perf_counter() - wall) / n, (spent() - cpu) / n

def putting(n):
    q = queue.Queue()
    cpu, wall = time.thread_time(), time.perf_counter()
    for i in range(n):
        q.put(i); q.get()
    return time.perf_counter() - wall, time.thread_time() - cpu

def locking(n):
    lock = mp.Lock()
    cpu, wall = time.thread_time(), time.perf_counter()
    for _ in range(n):
        with lock: pass
    return (time.perf_counter() - wall) / n, (time.thread_time() - cpu) / n
"""
CASES = (
    ("start and end of a process, fork", "fork", "processes(20)", 25, 1.05),
    ("start and end of a process, spawn", "spawn", "processes(2)", 25, 1.05),
    ("start and end of a process, forkserver", "forkserver", "processes(10)", 25, 1.05),
    ("100,000 queue.Queue put and get", "fork", "putting(100_000)", 15, 1.60),
    ("one `with lock:`, of 10,000", "fork", "locking(10_000)", 9, None),
)
BURNING = """
began = time.perf_counter()
ps = [mp.Process(target=work.burn, args=({n},)) for _ in range(4)]
for p in ps: p.start()
work.burn({n})
for p in ps: p.join()
print(time.perf_counter() - began)
"""
#: Turns of each of its five loops, how often it is run with and without, and what it may cost. What starting four
#: workers costs is the same for both: a short cell shows it, and a long one what is added as long as it goes on.
CELLS = ((1_500_000, 11, None), (12_000_000, 7, 1.02))


def probed(what: str, method: str, expression: str, rounds: int, most: float | None) -> tuple[Row, Row]:
    """The rows of an expression that gives wall and CPU seconds."""
    kernels = [Listened(method, probe=probe) for probe in (True, False)]
    processor: list[list[float]] = [[], []]

    def measured(place: int) -> float:
        wall, cpu = map(float, kernels[place].value(expression).strip("()").split(","))
        processor[place].append(cpu)
        return wall

    try:
        for kernel in kernels:
            kernel.module("work", WORK)
            kernel.run(SETUP)
            kernel.value(expression)
        pairs = paired(lambda: measured(0), lambda: measured(1), rounds)
    finally:
        for kernel in kernels:
            kernel.end()
    on, off = (sum(figures) for figures in processor)
    cpu = Row(f"{what}: CPU", milliseconds(on / rounds), milliseconds(off / rounds), on / off, on / off, on / off, None)
    return compare(what, pairs, most, milliseconds), cpu


class BareKernel(RecordedKernel):
    """The same kernel as jupyter_client itself starts it."""

    def __init__(self, runtime: Path) -> None:
        super().__init__(runtime)
        self.manager._kernel_spec.metadata = {}

    @property
    def recorder(self) -> SimpleNamespace:
        """None; it need not be waited for."""
        return SimpleNamespace(hello=True)


async def recorded(turns: int, rounds: int, most: float | None) -> Row:
    """A CPU-bound cell under provisioner, recorder, ear and probe, and in a bare kernel."""
    with tempfile.TemporaryDirectory(prefix="bench-") as runtime:
        kernels = [RecordedKernel(Path(runtime)), BareKernel(Path(runtime))]
        pairs: list[tuple[float, float]] = []
        burning = BURNING.format(n=turns)
        try:
            for kernel in kernels:
                await kernel.start()
                (kernel.folder / "work.py").write_text(WORK)
                await kernel.run(SETUP)
                await kernel.run(burning)
            for number in range(rounds):
                found = {
                    place: float(await kernels[place].run(burning)) for place in ((0, 1) if number % 2 else (1, 0))
                }
                pairs.append((found[0], found[1]))
        finally:
            for kernel in kernels:
                await kernel.end()
    length = f"{sum(other for _, other in pairs) / len(pairs):.1f} s"
    return compare(f"CPU-bound cell of {length}, four workers, recorder on against off", pairs, most, milliseconds)


def rows() -> Iterator[Row]:
    """All of them, as they come."""
    for case in CASES:
        yield from probed(*case)
    for cell in CELLS:
        yield asyncio.run(recorded(*cell))


if __name__ == "__main__":
    wanted = sys.argv[1:]
    found = [row for case in CASES if not wanted or any(word in case[0] for word in wanted) for row in probed(*case)]
    if not wanted or "recorder" in wanted:
        found += [asyncio.run(recorded(*cell)) for cell in CELLS]
    print(table(found))
