"""Many short lives in a real kernel under the recorder, and how many of them it has; for tests and a benchmark.

A cell starts N processes or threads that live 0–50 ms and end in every way there is, and writes
down itself what became of each: that is what the recording is held against.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernels import RecordedKernel
from parallab import model, story

WORK = '''
import json, multiprocessing as mp, os, signal, subprocess, sys, threading, time

ENDS = {3: "raise", 7: "exit", 11: "text", 13: "_exit", 17: "kill"}

def pause(k):
    time.sleep(k % 11 * 0.005)

def life(k, *_):
    pause(k)
    how = ENDS.get(k % 20)
    if how == "raise":
        raise ValueError(f"no {k}")
    if how == "exit":
        sys.exit(3)
    if how == "text":
        sys.exit("why")
    if how == "_exit":
        os._exit(5)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)

def error_of(k):
    return {3: "ValueError", 7: "SystemExit", 11: "SystemExit"}.get(k % 20, "")

def write(lines, name="truth"):
    with open(name, "a") as file:
        file.write("".join(json.dumps(line) + "\\n" for line in lines))

def processes(numbers):
    """Eight at a time; the last of each twenty is terminated as soon as it was started."""
    numbers = list(numbers)
    for at in range(0, len(numbers), 8):
        some = [(k, mp.Process(target=life, args=(k,))) for k in numbers[at : at + 8]]
        for k, p in some:
            p.start()
            if k % 20 == 19:
                p.terminate()
        for _, p in some:
            p.join()
        write([p.pid, os.getpid(), p.exitcode, error_of(k)] for k, p in some)

def forks(n):
    for at in range(0, n, 8):
        some = []
        for k in range(at, min(n, at + 8)):
            pid = os.fork()
            if pid == 0:
                try:
                    pause(k)
                    if k % 20 == 17:
                        os.kill(os.getpid(), signal.SIGKILL)
                    os._exit(k % 7)
                finally:
                    os._exit(99)
            if k % 20 == 19:
                os.kill(pid, signal.SIGTERM)
            some.append(pid)
        write([pid, os.getpid(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), ""] for pid in some)

def programs(n):
    for at in range(0, n, 8):
        some = [subprocess.Popen(["sh", "-c", COMMANDS[k % 4]]) for k in range(at, min(n, at + 8))]
        write([p.pid, os.getpid(), p.wait(), ""] for p in some)

COMMANDS = ["exit 0", "exit 3", "kill -9 $$", "sleep 0.02; exit 1"]

def outer(first, n):
    processes(range(first, first + n))

def nested(n):
    outers = []
    for at in range(0, n, 20):
        p = mp.Process(target=outer, args=(at, min(19, n - at - 1)))
        p.start()
        p.join()
        outers.append(p)
    write([p.pid, os.getpid(), p.exitcode, ""] for p in outers)

def task(k):
    pause(k)
    return os.getpid()

def pool(n):
    with mp.Pool(4, maxtasksperchild=1) as pool:
        pids = pool.map(task, range(n), chunksize=1)
        pool.close()  # leaving the block would terminate whoever has not come to its own end yet
        pool.join()
    write([pid, os.getpid(), 0, ""] for pid in pids)

def executor(n):
    from concurrent.futures import ProcessPoolExecutor
    for at in range(0, n, 8):
        with ProcessPoolExecutor(8) as ex:
            list(ex.map(task, range(at, min(n, at + 8))))
            some = list(ex._processes.values())[: n - at]
        write([p.pid, os.getpid(), p.exitcode, ""] for p in some)

def quiet(*_):
    pass

def thread_life(k, lines):
    pause(k)
    lines[k] = [threading.get_native_id(), os.getpid(), None, error_of(k) if k % 20 == 3 else ""]
    if k % 20 == 3:
        raise ValueError(f"no {k}")

def threads(n, made=None):
    threading.excepthook = quiet
    lines = {}
    made = made or (lambda k: threading.Thread(target=thread_life, args=(k, lines)))
    for at in range(0, n, 8):
        some = [made(k) if made.__code__.co_argcount == 1 else made(k, lines) for k in range(at, min(n, at + 8))]
        for t in some:
            t.start()
        for t in some:
            t.join()
    write(lines.values())

def timers(n):
    threads(n, lambda k, lines: threading.Timer(0.001, thread_life, (k, lines)))

def thread_executor(n):
    from concurrent.futures import ThreadPoolExecutor
    for at in range(0, n, 8):
        lines, gate = {}, threading.Barrier(min(n, at + 8) - at)
        def do(k):
            gate.wait()
            lines[k] = [threading.get_native_id(), os.getpid(), None, ""]
        with ThreadPoolExecutor(8) as ex:
            list(ex.map(do, range(at, min(n, at + 8))))
        write(lines.values())

def shared(n):
    from multiprocessing.shared_memory import SharedMemory
    for k in range(n):
        memory = SharedMemory(create=True, size=64 + k)
        memory.close()
        memory.unlink()
        write([[memory._name.lstrip("/"), os.getpid(), None, ""]])

def sharing_child(n):
    p = mp.Process(target=shared, args=(n,))
    p.start()
    p.join()

def locks(n):
    names = []
    for k in range(n):
        lock = mp.get_context("spawn").Lock()
        names.append("sem." + lock._semlock.name.lstrip("/"))
        del lock
    write([name, os.getpid(), None, ""] for name in names)
'''


@dataclass(frozen=True)
class Way:
    """A way to start something; ``kind`` says by which of the recording's lives it is known."""

    name: str
    call: str
    method: str = "fork"
    kind: str = "process"
    share: float = 1.0
    """Of the number that is asked for: new interpreters take a tenth of a second each."""


WAYS = (
    Way("Process, fork", "processes(range({n}))"),
    Way("Process, spawn", "processes(range({n}))", "spawn", share=0.2),
    Way("Process, forkserver", "processes(range({n}))", "forkserver"),
    Way("os.fork", "forks({n})", kind="fork"),
    Way("Pool, maxtasksperchild=1", "pool({n})"),
    Way("Pool, forkserver", "pool({n})", "forkserver"),
    Way("ProcessPoolExecutor", "executor({n})"),
    Way("Process in a Process, fork", "nested({n})"),
    Way("Process in a Process, forkserver", "nested({n})", "forkserver"),
    Way("subprocess.Popen", "programs({n})", kind="program"),
    Way("Thread", "threads({n})", kind="thread"),
    Way("Timer", "timers({n})", kind="thread"),
    Way("ThreadPoolExecutor", "thread_executor({n})", kind="thread"),
    Way("SharedMemory", "shared({n})", kind="shm"),
    Way("SharedMemory in a child", "sharing_child({n})", kind="shm"),
    Way("Lock with a name (spawn's)", "locks({n})", kind="shm"),
)


@dataclass(frozen=True)
class Missed:
    """Of ``n`` that there were, how many the recording has not, or has otherwise."""

    way: str
    n: int
    unseen: int
    parent: int
    times: int
    exit_code: int
    error: int
    lost: int
    not_recorded: tuple[str, ...]
    examples: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether nothing was missed."""
        return not (self.unseen or self.parent or self.times or self.exit_code or self.error or self.lost)


@dataclass(frozen=True)
class Life:
    """What a recording says of one process or thread."""

    parent: int
    began: int
    ended: int
    exit_code: int | None
    error: str


async def measure(way: Way, n: int, python: str = "") -> Missed:
    """Starts so many in a kernel of their own."""
    kernel = await kernel_for(way.method, python)
    try:
        return await measure_in(kernel, way, max(1, round(n * way.share)))
    finally:
        await kernel.end()


async def kernel_for(method: str, python: str = "") -> RecordedKernel:
    """A kernel with the start method and the code of all ways."""
    kernel = RecordedKernel(Path(), python)
    kernel.runtime = kernel.folder / "runtime"  # goes with it
    await kernel.start(method)
    (kernel.folder / "work.py").write_text(WORK)
    await kernel.run("import work")
    return kernel


async def measure_in(kernel: RecordedKernel, way: Way, n: int) -> Missed:
    """Starts exactly so many in a kernel."""
    truth = kernel.folder / "truth"
    truth.unlink(missing_ok=True)
    await kernel.run(f"work.{way.call.format(n=n)}", limit=600)
    recording = await kernel.recorder.cut()
    return compare(way, [json.loads(line) for line in truth.read_text().splitlines()], recording)


def lives(kind: str, recording: model.Recording) -> dict[int | str, Life]:
    """By pid, by native id of threads, by name in /dev/shm."""
    told = story.tell(recording)
    if kind == "shm":
        return {one.name: Life(one.pid, one.created, one.deleted, None, "") for one in recording.shm if one.seen}
    if kind == "thread":
        return {
            one.tid: Life(one.pid, one.began, one.ended, None, one.error.type if one.error else "")
            for one in told.threads
        }
    workers: Any = {"process": told.workers, "fork": told.forks, "program": told.programs}[kind]
    return {
        one.pid: Life(one.parent, one.began, one.ended, one.exit_code, one.error.type if one.error else "")
        for one in workers
    }


def compare(way: Way, truth: list[list[Any]], recording: model.Recording) -> Missed:
    """What the recording says of each, against what became of it."""
    found = lives(way.kind, recording)
    wrong: dict[str, list[str]] = {name: [] for name in ("unseen", "parent", "times", "exit_code", "error")}
    tests: dict[str, Callable[[Life, int, int | None, str], bool]] = {
        "parent": lambda life, parent, code, error: life.parent == parent,
        "times": lambda life, parent, code, error: 0 < life.began <= life.ended,
        "exit_code": lambda life, parent, code, error: life.exit_code == code,
        "error": lambda life, parent, code, error: life.error == error,
    }
    for number, parent, code, error in truth:
        life = found.get(number)
        if life is None:
            wrong["unseen"].append(f"unseen: {number} {code} {error}")
            continue
        for name, test in tests.items():
            if not test(life, parent, code, error):
                wrong[name].append(f"{name}: {life} but {parent} {code} {error}")
    counts = {name: len(lines) for name, lines in wrong.items()}
    examples = tuple(line for lines in wrong.values() for line in lines[:3])
    return Missed(
        way.name, len(truth), **counts, lost=recording.lost, not_recorded=recording.not_recorded, examples=examples
    )
