"""The probe in real kernels: the life of processes and threads under every start method."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from listening import Listened, text
from parallab import model

METHODS = ("fork", "spawn", "forkserver")

WORK = """
import multiprocessing, os, sys, threading, time

def fine(*args, **kwargs):
    pass

def wrong():
    inner()

def inner():
    raise ValueError("no such thing")

def leaves(code):
    sys.exit(code)

def dies():
    os.kill(os.getpid(), 9)

def hires(n):
    children = [multiprocessing.Process(target=fine, name=f"grandchild-{k}") for k in range(n)]
    for child in children:
        child.start()
    for child in children:
        child.join()

def threads():
    thread = threading.Thread(target=fine, name="of-child")
    thread.start()
    thread.join()

def until(event):
    event.wait()

def naps(n):
    for _ in range(n):
        time.sleep(0.001)

def has_others_nap(n):
    thread = threading.Thread(target=naps, args=(n,))
    thread.start()
    thread.join()

class Ring:
    def __init__(self, path, word):
        self.file, self.word, self.itself = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), word, self

    def __del__(self, write=os.write):  # names of modules are gone when an interpreter ends
        write(self.file, self.word + b" ")

def makes_garbage(path):
    import gc
    Ring(path, b"collected")
    gc.collect()
    globals()["kept"] = Ring(path, b"ended")

class Worker(multiprocessing.Process):
    def __init__(self, lock):
        super().__init__(name="worker")
        self.lock = lock

    def run(self):
        with self.lock:
            pass
"""


@pytest.fixture(scope="module", params=METHODS)
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listened]:
    kernel = Listened(request.param, cache=str(tmp_path_factory.getbasetemp() / "cache"))
    kernel.method = request.param  # type: ignore[attr-defined]
    kernel.module("work", WORK)
    kernel.ended("import multiprocessing as mp, threading, os, time, work")
    yield kernel
    kernel.end()


@pytest.fixture(autouse=True)
def _fresh(kernel: Listened) -> None:
    kernel.heard.clear()


def lives(kernel: Listened, count: int) -> dict[int, model.ProcessStart]:
    kernel.heard.until(lambda: len(kernel.heard.all(model.ProcessStart)) >= count, "the starts")
    starts = {start.child: start for start in kernel.heard.all(model.ProcessStart)}
    assert len(starts) == count
    for kind in (model.ProcessBorn, model.ProcessRun, model.ProcessEnd):
        kernel.heard.until(lambda kind=kind: len(kernel.heard.all(kind)) >= count, kind.__name__)
        assert sorted(event.pid for event in kernel.heard.all(kind)) == sorted(starts)
    return starts


def test_a_process_from_its_making_to_its_end(kernel: Listened) -> None:
    end = kernel.ended("p = mp.Process(target=work.fine, args=(1, 'a'), name='Ann')\np.start()\np.join()", "cell-a")
    ((pid, start),) = lives(kernel, 1).items()
    (made,) = kernel.heard.all(model.ProcessMade)
    (born,) = kernel.heard.all(model.ProcessBorn)
    (ran,) = kernel.heard.all(model.ProcessRun)
    (ended,) = kernel.heard.all(model.ProcessEnd)
    begin, done = kernel.heard.all(model.Wait, call="join")
    assert start.pid == made.pid == kernel.pid
    assert {event.cell for event in (start, made, born, ran, ended, begin, done)} == {"cell-a"}
    assert {event.run for event in (start, made, born, ran, ended, begin, done)} == {end.run}
    assert (start.name, start.target, start.method) == ("Ann", "work.fine", kernel.method)  # type: ignore[attr-defined]
    assert (start.cls, start.overrides_run, start.role, start.ident) == ("Process", False, "", made.ident)
    assert [(arg.kind, arg.text) for arg in start.args] == [("plain", "1"), ("plain", "a")]
    assert (born.method, born.name, ran.name) == (start.method, "Ann", "Ann")
    assert born.ppid == kernel.pid or start.method == "forkserver"
    assert (ended.exit_code, ended.error, ended.cpu_ns > 0) == (0, None, True)
    assert start.began < start.at <= begin.began
    assert born.at < ran.at < ended.at
    assert (begin.done, done.done, begin.began, done.began) == (False, True, begin.began, begin.began)
    assert (done.child, done.exit_code, done.alive, done.timed) == (pid, 0, False, False)


@pytest.mark.parametrize("target", ["naps", "has_others_nap"])
def test_how_often_it_paused(kernel: Listened, target: str) -> None:
    """Its threads count, too, those that have ended and those of a child that loads nothing to count them."""
    kernel.ended(f"p = mp.Process(target=work.{target}, args=(50,))\np.start()\np.join()")
    lives(kernel, 1)
    (ended,) = kernel.heard.all(model.ProcessEnd)
    assert 50 <= ended.pauses < 150


def test_its_garbage_is_collected_as_ever(kernel: Listened, tmp_path: Path) -> None:
    told = tmp_path / "told"
    kernel.ended(f"p = mp.Process(target=work.makes_garbage, args=({str(told)!r},))\np.start()\np.join()")
    lives(kernel, 1)
    # Only an interpreter of its own is taken down at its end; others leave by os._exit.
    spawned = kernel.method == "spawn"  # type: ignore[attr-defined]
    assert told.read_text() == ("collected ended " if spawned else "collected ")


@pytest.mark.parametrize(
    ("target", "args", "code", "failure", "line"),
    [
        ("wrong", (), 1, ("ValueError", "no such thing"), "raise ValueError"),
        ("leaves", (0,), 0, None, ""),
        ("leaves", (None,), 0, None, ""),
        ("leaves", (7,), 7, ("SystemExit", "7"), "sys.exit"),
        ("leaves", ("why",), 1, ("SystemExit", "why"), "sys.exit"),
    ],
)
def test_how_it_ended(
    kernel: Listened,
    target: str,
    args: tuple[object, ...],
    code: int,
    failure: tuple[str, str] | None,
    line: str,
) -> None:
    kernel.run(f"p = mp.Process(target=work.{target}, args={args!r})\np.start()\np.join()")
    lives(kernel, 1)
    (ended,) = kernel.heard.all(model.ProcessEnd)
    assert ended.exit_code == code
    assert (ended.error and (ended.error.type, ended.error.message)) == failure
    if ended.error:
        place, _, number = ended.error.where.rpartition(":")
        assert place.endswith("work.py")
        assert line in WORK.splitlines()[int(number) - 1]


def test_a_killed_process_has_no_end_of_its_own(kernel: Listened) -> None:
    kernel.run("p = mp.Process(target=work.dies)\np.start()\np.join()")
    child = kernel.heard.until(lambda: kernel.heard.all(model.ProcessStart))[-1].child
    (done,) = kernel.heard.until(lambda: kernel.heard.all(model.Wait, done=True, call="join", child=child))
    assert done.exit_code == (255 if kernel.method == "forkserver" and done.exit_code == 255 else -signal.SIGKILL)  # type: ignore[attr-defined]
    assert not kernel.heard.all(model.ProcessEnd, pid=child)


def test_many_short_processes(kernel: Listened) -> None:
    rounds = 3 if kernel.method == "spawn" else 10  # each of them starts a Python
    kernel.run(
        f"for _ in range({rounds}):\n"
        "    ps = [mp.Process(target=work.fine) for _ in range(20)]\n"
        "    for p in ps: p.start()\n"
        "    for p in ps: p.join()"
    )
    lives(kernel, rounds * 20)
    assert not kernel.heard.all(model.Lost)


def test_children_of_children(kernel: Listened) -> None:
    kernel.run("p = mp.Process(target=work.hires, args=(2,), name='child')\np.start()\np.join()")
    starts = lives(kernel, 3)
    (child,) = [start for start in starts.values() if start.name == "child"]
    for start in starts.values():
        assert start.pid == (kernel.pid if start is child else child.child)
        assert start.cell == child.cell


def test_a_subclass_and_what_it_holds(kernel: Listened) -> None:
    kernel.run("lock = mp.Lock()\nw = work.Worker(lock)\nw.start()\nw.join()")
    (start,) = lives(kernel, 1).values()
    (lock,) = kernel.heard.all(model.LockMade, created=True)
    assert (start.cls, start.overrides_run, start.target) == ("Worker", True, "")
    assert [(arg.kind, arg.name) for arg in start.args] == [("lock", lock.lock)]


def test_a_start_that_fails(kernel: Listened) -> None:
    kernel.run("p = mp.Process(target=work.fine)\np.start()\np.join()\np.start()")
    bad = kernel.heard.until(lambda: [s for s in kernel.heard.all(model.ProcessStart) if s.error])
    assert bad[0].error.type == "AssertionError"
    assert bad[0].error.message == "cannot start a process twice"


def test_a_function_of_the_notebook(kernel: Listened) -> None:
    kernel.run("def mine(): pass\np = mp.Process(target=mine)\np.start()\np.join()")
    (ended,) = kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd))
    (start,) = kernel.heard.all(model.ProcessStart)
    assert start.target == "__main__.mine"
    if kernel.method == "fork":  # type: ignore[attr-defined]
        assert ended.exit_code == 0
    else:
        assert ended.exit_code == 1
        assert ended.error.type == "AttributeError"
        # Before and from Python 3.14 on.
        told = ("Can't get attribute 'mine' on <module '__main__'", "module '__main__' has no attribute 'mine'")
        assert ended.error.message.startswith(told)
        assert not kernel.heard.all(model.ProcessRun)


def test_a_class_of_the_notebook(kernel: Listened) -> None:
    kernel.run("class Mine(mp.Process):\n    def run(self): pass\np = Mine()\np.start()\np.join()")
    (ended,) = kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd))
    (start,) = kernel.heard.all(model.ProcessStart)
    assert (start.cls, start.overrides_run, start.target) == ("__main__.Mine", True, "")
    assert ended.exit_code == (0 if kernel.method == "fork" else 1)  # type: ignore[attr-defined]


def test_looks_at_a_process(kernel: Listened) -> None:
    kernel.ended(
        "e = mp.Event()\np = mp.Process(target=work.until, args=(e,))\np.start()\n"
        "p.is_alive(), p.exitcode\np.join(0.01)\ne.set()\np.join()\np.is_alive(), p.exitcode"
    )
    looks = [(w.call, w.done, w.timed, w.alive, w.exit_code) for w in kernel.heard.all(model.Wait)]
    assert looks == [
        ("is_alive", True, False, True, None),
        ("exitcode", True, False, True, None),
        ("join", False, True, None, None),
        ("join", True, True, True, None),
        ("join", False, False, None, None),
        ("join", True, False, False, 0),
        ("is_alive", True, False, False, 0),
        ("exitcode", True, False, False, 0),
    ]


def test_terminate_and_wait_for_sentinels(kernel: Listened) -> None:
    kernel.run(
        "from multiprocessing.connection import wait\n"
        "e = mp.Event()\nps = [mp.Process(target=work.until, args=(e,)) for _ in range(2)]\n"
        "for p in ps: p.start()\n"
        "ps[0].terminate()\nwait([p.sentinel for p in ps])\nps[1].kill()\nwait([ps[1].sentinel])\n"
        "for p in ps: p.join()"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    calls = [w.call for w in kernel.heard.all(model.Wait) if w.done]
    assert calls == ["terminate", "wait", "wait", "kill", "wait", "join", "join"]
    done = kernel.heard.all(model.Wait, call="wait", done=True)
    assert [w.alive for w in done] == [False, True, False]


def test_a_polling_loop_is_thinned_out(kernel: Listened) -> None:
    kernel.run(
        "e = mp.Event()\np = mp.Process(target=work.until, args=(e,))\np.start()\n"
        "for _ in range(500): p.is_alive()\ne.set()\nwhile p.is_alive(): pass"
    )
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    looks = kernel.heard.all(model.Wait, call="is_alive")
    assert 20 < len(looks) < 200
    assert looks[-1].alive is False
    assert sum(event.count for event in kernel.heard.all(model.Omitted, what="look")) >= 300


def test_threads(kernel: Listened) -> None:
    end = kernel.ended(
        "class T(threading.Thread):\n    def run(self): raise KeyError('k')\n"
        "ts = [threading.Thread(target=work.fine, name='one', daemon=True), T(name='two')]\n"
        "for t in ts: t.start()\nfor t in ts: t.join()\nthreading.Thread(target=work.fine).run()",
        "cell-t",
    )
    one, two = kernel.heard.until(lambda: kernel.heard.all(model.ThreadStart))
    ran = {event.ident: event for event in kernel.heard.all(model.ThreadRun)}
    ended = {event.ident: event for event in kernel.heard.all(model.ThreadEnd)}
    assert (one.name, one.cls, one.target, one.overrides_run, one.daemon) == ("one", "Thread", "work.fine", False, True)
    assert (two.name, two.cls, two.target, two.overrides_run, two.daemon) == ("two", "T", "", True, False)
    assert set(ran) == set(ended) == {one.ident, two.ident}
    assert ended[one.ident].error is None
    assert (ended[two.ident].error.type, ended[two.ident].error.message) == ("KeyError", "'k'")
    assert ended[two.ident].error.where.startswith("In[")
    assert all(event.tid not in (0, kernel.pid) for event in ran.values())
    assert {event.cell for event in (*ran.values(), *ended.values())} == {"cell-t"}
    assert [w.thread for w in kernel.heard.all(model.Wait, done=True)] == [one.ident, two.ident]
    assert [event.of for event in kernel.heard.all(model.RunCalled)] == ["thread"]
    assert end.error is None


def test_a_late_thread_belongs_to_its_own_cell(kernel: Listened) -> None:
    kernel.run(
        "go = threading.Event()\n"
        "def late():\n    go.wait()\n    t = threading.Thread(target=work.fine, name='inner')\n"
        "    t.start()\n    t.join()\n"
        "t = threading.Thread(target=late, name='outer')\nt.start()",
        "cell-1",
    )
    kernel.run("go.set()\nt.join()", "cell-2")
    kernel.heard.until(lambda: len(kernel.heard.all(model.ThreadEnd)) == 2)
    for event in (*kernel.heard.all(model.ThreadStart), *kernel.heard.all(model.ThreadEnd)):
        assert event.cell == "cell-1"


def test_threads_of_a_child(kernel: Listened) -> None:
    kernel.run("p = mp.Process(target=work.threads)\np.start()\np.join()")
    (start,) = kernel.heard.until(lambda: kernel.heard.all(model.ProcessStart))
    (ended,) = kernel.heard.until(lambda: kernel.heard.all(model.ThreadEnd))
    assert (ended.pid, ended.name) == (start.child, "of-child")


def test_a_raw_fork(kernel: Listened) -> None:
    kernel.run("pid = os.fork()\nif pid == 0: os._exit(3)\nos.waitpid(pid, 0)")
    (born,) = kernel.heard.until(lambda: kernel.heard.all(model.ProcessBorn))
    assert (born.ppid, born.method) == (kernel.pid, "os.fork")


def test_run_called_directly(kernel: Listened) -> None:
    kernel.run("mp.Process(target=work.fine).run()")
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    (made,) = kernel.heard.all(model.ProcessMade)
    assert [(event.ident, event.of) for event in kernel.heard.all(model.RunCalled)] == [(made.ident, "process")]


def test_pools_executors_and_managers(kernel: Listened) -> None:
    shown = kernel.run(
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "with mp.Pool(2) as pool: print(pool.map(abs, [-1, -2]))\n"
        "pool.join()\n"
        "with ProcessPoolExecutor(1) as ex: print(list(ex.map(abs, [-3])))\n"
        "with mp.Manager() as m: d = m.dict(a=1); print(dict(d))\n"
        "with ThreadPoolExecutor(1) as ex: print(list(ex.map(abs, [-4])))\n"
    )
    assert text(shown).split() == ["[1,", "2]", "[3]", "{'a':", "1}", "[4]"]
    kernel.heard.until(lambda: kernel.heard.all(model.CellEnd))
    roles = [start.role for start in kernel.heard.all(model.ProcessStart)]
    assert roles == ["pool", "pool", "executor", "manager"]
    acts = [(use.service, use.act) for use in kernel.heard.all(model.ServiceUse)]
    assert acts == [
        ("pool", "begin"),
        ("pool", "terminate"),
        ("pool", "terminated"),
        ("pool", "join"),
        ("pool", "joined"),
        ("executor", "begin"),
        ("executor", "shutdown"),
        ("executor", "ended"),
        ("manager", "begin"),
        ("manager", "shutdown"),
        ("thread-executor", "begin"),
        ("thread-executor", "shutdown"),
        ("thread-executor", "ended"),
    ]
    assert [(t.role, t.target) for t in kernel.heard.all(model.ThreadStart, pid=kernel.pid)] == [
        ("executor", "concurrent.futures.thread._worker")
    ]


def test_a_broken_folder_does_not_break_children(kernel: Listened) -> None:
    """Spawned children go on when the bundle they would read is gone."""
    kernel.run(
        "import sys\n_install = sys.modules['parallab_probe'].install\n"
        "_path, _install.state.path = _install.state.path, '/nowhere/at/all'\n"
        "p = mp.Process(target=work.leaves, args=(5,))\np.start()\np.join()\n"
        "_install.state.path = _path"
    )
    (done,) = kernel.heard.until(lambda: kernel.heard.all(model.Wait, done=True, call="join"))
    assert done.exit_code == 5
