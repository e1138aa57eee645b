"""The probe leaves no trace: the same cells with and without it show, raise and leave the same."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from listening import Listened, text
from parallab import model

BAD = """
import multiprocessing, threading, time, sys

def wrong():
    raise ValueError("wrong")

def release_twice(lock):
    with lock:
        pass
    lock.release()

def unpicklable():
    multiprocessing.get_context("spawn").Process(target=lambda: None).start()

class Late:
    def __init__(self): self.x = 1
    def __setstate__(self, state): raise RuntimeError("late")
    def __getstate__(self): return {"x": 1}

def nothing(*args):
    pass
"""

CELLS = [
    "1/0",
    "def f(:",
    "import bad, multiprocessing as mp, queue, threading, sys, os, time",
    "p = mp.Process(target=bad.wrong, name='w'); p.start(); p.join()",
    "p.start()",
    "mp.Process(target=bad.nothing).join()",
    "bad.unpicklable()",
    "def local(): pass",
    "p = mp.Process(target=local, name='l'); p.start(); p.join(); p.exitcode",
    "p = mp.Process(target=bad.nothing, args=(bad.Late(),), name='late'); p.start(); p.join(); p.exitcode",
    "lock = mp.Lock()\nlock.acquire(timeout='x')",
    "lock.acquire(1, 2, 3)",
    "lock.release()",
    "lock.acquire(), lock.acquire(False), lock.acquire(block=False), lock.acquire(timeout=0.01), lock.release()",
    "bad.release_twice(lock)",
    "with lock: raise KeyError('in')",
    "p = mp.Process(target=bad.release_twice, args=(lock,), name='r'); p.start(); p.join()",
    "r = mp.RLock()\nr.release()",
    "with r, r: print(r.acquire())",
    "t = threading.Thread(target=bad.wrong, name='t'); t.start(); t.join()",
    "t.start()",
    "threading.Thread(target=bad.nothing).join()",
    "t.join('x')",
    "q = queue.Queue(1); q.put(1); q.put(2, block=False)",
    "q.get(); q.get(timeout=0.01)",
    "q.task_done(); q.task_done()",
    "m = mp.Queue(1); m.put(1); m.put(2, timeout=0.01)",
    "m.get(); m.get(timeout=0.01)",
    "m.close(); m.put(1)",
    "mp.Value('zz')",
    "v = mp.Value('i', 1); v.value = 'x'",
    "b = threading.Barrier(2); b.wait(0.01)",
    "b = mp.Barrier(2); b.wait(0.01)",
    "mp.Pool(0)",
    "pool = mp.Pool(1); pool.terminate(); pool.join(); pool.map(abs, [1])",
    "mp.Process.start(1)",
    "from multiprocessing.connection import wait; wait(['x'])",
    "import traceback\ntry:\n    p.start()\nexcept AssertionError: traceback.print_exc()",
    "import inspect; print(inspect.getsource(mp.Process.start)[:60], inspect.signature(mp.Process.join))",
    "print(mp.get_start_method(allow_none=True), sys.argv[1:2], os.environ.get('PYTHONPATH'))",
    "print([n for n in os.environ if 'PARALLAB' in n], [p for p in sys.path if 'probe' in p])",
]
INTERRUPTED = [
    "lock = mp.Lock(); lock.acquire(); print('ready', flush=True); lock.acquire()",
    "with lock: pass",
    "lock.acquire(timeout=50)",
    "q = queue.Queue(); q.get()",
    "p = mp.Process(target=time.sleep, args=(50,), name='s'); p.start(); p.join()",
    "t = threading.Thread(target=time.sleep, args=(3,), daemon=True); t.start(); t.join()",
]


def masked(shown: str) -> list[str]:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    shown = re.sub(r"0x[0-9a-f]+", "0x", shown)
    shown = re.sub(r"ipykernel_\d+/\d+", "ipykernel", shown)
    shown = re.sub(r"/tmp/listened-\w+", "/tmp/listened", shown)
    shown = re.sub(r"pid=\d+|parent=\d+", "pid", shown)
    return shown.splitlines()


@pytest.fixture(scope="module", params=["fork", "spawn", "forkserver"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Listened, Listened]]:
    cache = str(tmp_path_factory.getbasetemp() / "cache")
    kernels = [Listened(request.param, probe=probe, cache=cache) for probe in (True, False)]
    for kernel in kernels:
        kernel.module("bad", BAD)
    yield kernels[0], kernels[1]
    for kernel in kernels:
        kernel.end()


def test_the_same_outputs(pair: tuple[Listened, Listened]) -> None:
    wrong = []
    for cell in CELLS:
        with_probe, without = (masked(text(kernel.run(cell))) for kernel in pair)
        if "PARALLAB" in cell:
            assert with_probe == ["[] ['/tmp/listened/probe']"]  # last in the path, and nowhere else
            continue
        if "PYTHONPATH" in cell:
            assert with_probe[0].split()[1:] == without[0].split()[1:]
            continue
        if sorted(with_probe) != sorted(without):
            wrong.append((cell, with_probe, without))
    assert not _without_acquire_on_310(pair[0], wrong)


def _without_acquire_on_310(
    kernel: Listened, wrong: list[tuple[str, list[str], list[str]]]
) -> list[tuple[str, list[str], list[str]]]:
    """Python 3.10 keeps one entry of ours in tracebacks out of ``acquire()`` and ``release()``."""
    if kernel.value("__import__('sys').version_info < (3, 11)") == "False":
        return wrong
    return [case for case in wrong if "acquire" not in case[0] and "release" not in case[0]]


def test_the_same_after_an_interrupt(pair: tuple[Listened, Listened]) -> None:
    for kernel in pair:
        kernel.run("import bad, multiprocessing as mp, queue, threading, sys, os, time")
    wrong = []
    for cell in INTERRUPTED:
        shown = []
        for kernel in pair:
            sent = kernel.start(cell)
            _until_blocked(kernel.pid)
            kernel.manager.interrupt_kernel()
            shown.append(masked(text(kernel.finish(sent))))
        if sorted(shown[0]) != sorted(shown[1]):
            wrong.append((cell, *shown))
        assert any("KeyboardInterrupt" in line for line in shown[0]), shown
    assert not _without_acquire_on_310(pair[0], wrong)


def _until_blocked(pid: int) -> None:
    """Until the main thread has not run for a while: its cell hangs in a call."""
    import time

    seen, since = "", time.monotonic()
    end = since + 30
    while time.monotonic() < end:
        facts = Path(f"/proc/{pid}/schedstat").read_text().split()[2]
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        if facts != seen or state != "S":
            seen, since = facts, time.monotonic()
        elif time.monotonic() - since > 0.6:
            return
        time.sleep(0.05)


def test_names_history_and_count(pair: tuple[Listened, Listened]) -> None:
    ask = [
        "sorted(n for n in globals() if not n.startswith('_i') and n != '_' and not n.startswith('__'))",
        "get_ipython().execution_count",
        "len(list(get_ipython().history_manager.get_range()))",
        "sorted(get_ipython().user_ns_hidden) == sorted(set(get_ipython().user_ns_hidden))",
        "sorted(n for n in vars(__import__('multiprocessing').process) if 'parallab' in n.lower())",
        "sorted(vars(__import__('threading').Thread(target=print)))",
        "sorted(vars(__import__('multiprocessing').Process(target=print)))",
    ]
    for expression in ask:
        assert pair[0].value(expression) == pair[1].value(expression), expression


def test_reset_does_not_end_it(pair: tuple[Listened, Listened]) -> None:
    kernel = pair[0]
    kernel.run("%reset -f")
    end = kernel.ended("x = 5", "after-reset")
    assert (end.cell, [(value.name, value.json) for value in end.values]) == ("after-reset", [("x", "5")])


def test_a_kernel_whose_server_is_gone_goes_on(tmp_path: Path) -> None:
    kernel = Listened("fork", cache=str(tmp_path))
    try:
        kernel.module("bad", BAD)
        kernel.run("import bad, multiprocessing as mp")
        kernel.ear.close()
        shown = kernel.run("p = mp.Process(target=bad.nothing); p.start(); p.join(); print(p.exitcode)")
        assert text(shown).strip() == "0"
        assert kernel.value("sum(range(10))") == "45"
        busy = Path(f"/proc/{kernel.pid}/schedstat").read_text().split()[0]
        __import__("time").sleep(0.5)
        later = Path(f"/proc/{kernel.pid}/schedstat").read_text().split()[0]
        assert int(later) - int(busy) < 200_000_000  # it does not spin on the closed socket
    finally:
        kernel.end()


def test_no_ear_no_trace(tmp_path: Path) -> None:
    kernel = Listened("fork", cache=str(tmp_path), PARALLAB_PROBE="@nobody-listens-here")
    try:
        assert kernel.value("1 + 1") == "2"
    finally:
        kernel.end()


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kernel = Listened("spawn", cache=str(tmp_path / "file" / "cache"))
    try:
        kernel.module("bad", BAD)
        kernel.run("import bad, multiprocessing as mp\np = mp.Process(target=bad.nothing); p.start(); p.join()")
        kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd))
    finally:
        kernel.end()


@pytest.mark.skipif(os.environ.get("LISTENED_PYTHONS") is None, reason="needs other Pythons: LISTENED_PYTHONS=a:b")
def test_other_pythons(tmp_path: Path) -> None:
    for python in os.environ["LISTENED_PYTHONS"].split(":"):
        for method in ("fork", "spawn", "forkserver"):
            kernel = Listened(method, python=python, cache=str(tmp_path))
            try:
                kernel.module("bad", BAD)
                kernel.run(
                    "import bad, multiprocessing as mp, queue, threading\nlock = mp.Lock(); v = mp.Value('i', 3)\n"
                    "p = mp.Process(target=bad.nothing, args=(lock, v)); p.start(); p.join()\n"
                    "with lock: pass\nq = queue.Queue(); q.put(1); q.get()\n"
                    "m = mp.Queue(); m.put(1); m.get()\n"
                    "t = threading.Thread(target=bad.nothing); t.start(); t.join()\n"
                    "with mp.Pool(1) as pool: pool.map(abs, [1])\nmp.Manager().shutdown()"
                )
                kernel.heard.until(lambda kernel=kernel: kernel.heard.all(model.CellEnd))
                hello = kernel.heard.all(model.Hello)[0]
                assert hello.blind == ("queue.SimpleQueue: is written in C",), python
                for kind in (model.ProcessBorn, model.ProcessRun, model.ProcessEnd, model.LockUse, model.QueueUse):
                    kernel.heard.until(lambda kernel=kernel, kind=kind: kernel.heard.all(kind), f"{python} {kind}")
                assert kernel.heard.all(model.CellEnd)[0].readings[0].value == 3
                assert not [o for o in kernel.heard.all(model.Omitted) if o.what.startswith("blind")]
            finally:
                kernel.end()
