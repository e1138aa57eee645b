"""What a system does to processes and names: pids used again, no room in /dev/shm, bytes that are no text, clocks."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import msgspec
import pytest

import apart
from kernels import RecordedKernel, until
from parallab import live, model, story
from parallab.checks.expect import CannotTell
from parallab.evidence import Evidence
from parallab.procfs import opened, parse
from parallab.procfs.read import Reader

PIDS = ("--pid", "--fork", "--mount", "--mount-proc")

REUSED = """
CELL = '''
import multiprocessing as mp, os, sys, time
def ends(code): time.sleep(0.05); os._exit(code) if code == 4 else sys.exit(code)
first = mp.Process(target=ends, args=(3,)); first.start(); first.join()
def again():
    open("/proc/sys/kernel/ns_last_pid", "w").write(str(first.pid - 1))
again(); second = mp.Process(target=ends, args=(4,)); second.start(); second.join()
again(); pid = os.fork()
if pid == 0: os._exit(5)
os.waitpid(pid, 0)
print(first.pid, second.pid, pid)
'''
async def work(kernel):
    pids = (await kernel.run(CELL)).split()
    recording = await kernel.recorder.cut()
    told = story.tell(recording)
    print(len(set(pids)), [(one.exit_code, one.confirmed, one.ended > one.began) for one in told.workers])
    print([(one.exit_code, one.ended > one.began, str(one.pid) == pids[0]) for one in told.forks])
    print(recording.lost, recording.not_recorded)
run(work)
"""


def test_a_pid_that_is_used_again_is_another_process() -> None:
    told = apart.run(REUSED, *PIDS).splitlines()
    assert told == ["1 [(3, True, True), (4, True, True)]", "[(5, True, True)]", "0 ()"]


SEEN_AGAIN = """
import time
from parallab.procfs import opened, parse
from parallab.procfs.read import Reader
def child(last=0):
    if last:
        open("/proc/sys/kernel/ns_last_pid", "w").write(str(last - 1))
    pid = os.fork()
    if pid == 0:
        signal.pause()
    return pid
reader = Reader()
pid = child()
def look():
    return [one.started for one in reader.tree(os.getpid()) if one.pid == pid]
before = look()
os.kill(pid, 9); os.waitpid(pid, 0)
assert look() == []
pid = child(pid)
while look() == before:  # a start time is in hundredths of a second
    os.kill(pid, 9); os.waitpid(pid, 0); pid = child(pid)
print(len(before), len(look()), before != look())
os.kill(pid, 9)
"""


def test_a_reader_tells_two_processes_of_one_pid_apart() -> None:
    assert apart.run(SEEN_AGAIN, *PIDS).split() == ["1", "1", "True"]


SMALL = """
FULL = '''
import multiprocessing as mp
from multiprocessing.shared_memory import SharedMemory
big = mp.Array("d", 16_000_000, lock=False)   # 128 MB: not in a /dev/shm of 64 MiB
def fill(numbers): numbers[0] = 7.0
child = mp.Process(target=fill, args=(big,)); child.start(); child.join()
print(big[0])
memory = SharedMemory(create=True, size=1000)
fd = os.open("/dev/shm/rest", os.O_CREAT | os.O_RDWR)
status = os.statvfs("/dev/shm")
os.posix_fallocate(fd, 0, status.f_bavail * status.f_frsize)
'''
async def work(kernel):
    print(await kernel.run("import os\\n" + FULL))
    try:
        await kernel.run("lock = mp.Lock()")
    except AssertionError as error:
        print("No space left on device" in str(error))
    recording = await kernel.recorder.cut()
    told = story.tell(recording)
    print([one.exit_code for one in told.workers], [one.size for one in told.segments], recording.blind)
    errors = [one.error for one in recording.events if isinstance(one, model.CellEnd) and one.error]
    print([(one.type, "No space left" in one.message) for one in errors])
    kernel.send("more = SharedMemory(create=True, size=1 << 20); more.buf[:] = bytes(1 << 20)")
    await until(lambda: kernel.recorder.dead, "its end")
    recording = await kernel.recorder.cut()
    print(live.picture(recording, "k").message)
run(work)
"""


def test_a_small_dev_shm_that_is_full() -> None:
    told = apart.run(SMALL, "--mount", before="mount -t tmpfs -o size=64m tmpfs /dev/shm").splitlines()
    assert told[:4] == ["7.0", "True", "[0] [1000] ", "[('OSError', True)]"]
    assert told[4].startswith("The kernel died: it used memory that is not there (SIGBUS)")


BYTES = r"""
import ctypes, multiprocessing as mp, os, subprocess, threading, time
here = os.fsdecode(b"\xff\xfe-folder")
os.makedirs(here, exist_ok=True)
program = os.path.join(here, os.fsdecode(b"\xfd-program"))
os.symlink("/bin/sleep", program)
sleeper = subprocess.Popen([program, "600"])
def named():
    ctypes.CDLL(None).prctl(15, b"\xff\xfe)( \n", 0, 0, 0)
    raise ValueError("no text: \udcff")
child = mp.Process(target=named, name="child \udcff\u2603"); child.start(); child.join()
def thread():
    ctypes.CDLL(None).prctl(15, b"\xfe) R", 0, 0, 0)
    started.set(); go.wait()
started, go = threading.Event(), threading.Event()
t = threading.Thread(target=thread, name="thread \udcfe"); t.start(); started.wait()
def lost(): raise KeyError('\udcfd')
other = mp.Process(target=lost); other.start(); other.join()
"""


@pytest.mark.asyncio
async def test_names_that_are_no_text_do_no_harm(kernel: RecordedKernel) -> None:
    await kernel.run(BYTES)
    recording = await kernel.recorder.cut()
    await kernel.run("go.set(); t.join(); sleeper.kill(); sleeper.wait()")
    assert model.loads(model.dumps(recording)) == recording
    msgspec.json.encode(live.picture(recording, "k"))
    told = story.tell(recording)
    first, second = told.workers
    assert (first.name, first.exit_code, first.error and first.error.message) == ("child ?\u2603", 1, "no text: ?")
    assert (second.error and second.error.type) == "KeyError"
    assert [one.name for one in told.threads] == ["thread ?"]
    (program,) = told.programs
    assert program.program.endswith("?-program")
    (sleeper,) = [one for one in recording.snapshots[-1].processes if one.pid == program.pid]
    assert sleeper.cmdline[0].endswith("\ufffd-program")
    comms = {thread.name for one in recording.snapshots[-1].processes for thread in one.threads}
    assert "\ufffd) R" in comms
    assert recording.lost == 0


@pytest.mark.asyncio
async def test_a_kernel_that_is_killed(kernel: RecordedKernel) -> None:
    await kernel.run("import multiprocessing as mp, time\np = mp.Process(target=time.sleep, args=(600,))\np.start()")
    kernel.send("while True: pass")
    await until(lambda: kernel.recorder.busy, "the cell")
    orphan = (await kernel.recorder.cut()).snapshots[-1].processes[-1].pid
    await kernel.kill()
    recording = await kernel.recorder.cut()
    os.kill(orphan, signal.SIGKILL)
    assert live.picture(recording, "k").message.startswith("The kernel died: it was killed (SIGKILL)")
    with pytest.raises(CannotTell, match=r"^Your kernel died: it was killed"):
        _ = Evidence(recording, "step").notebook
    assert len(story.tell(recording).workers) == 1


def is_there(pid: str) -> bool:
    """Alive: whoever became its parent may not have collected it yet."""
    try:
        return parse.stat(opened.read(f"/proc/{pid}/stat")).state not in "ZX"
    except OSError:
        return False


@pytest.mark.asyncio
async def test_a_restart_ends_daemons_and_begins_a_new_story(kernel: RecordedKernel) -> None:
    shown = await kernel.run(
        "import multiprocessing as mp, time\np = mp.Process(target=time.sleep, args=(600,), daemon=True)\n"
        "p.start()\nprint(p.pid)"
    )
    await kernel.manager.restart_kernel(now=False)
    await kernel.client.wait_for_ready(timeout=60)
    await until(lambda: kernel.recorder.hello is not None, "its probe's greeting")
    assert not is_there(shown)
    recording = await kernel.recorder.cut()
    assert story.tell(recording).workers == ()
    assert (recording.lost, recording.dead) == (0, False)


@pytest.mark.asyncio
async def test_clock_steps_change_neither_order_nor_ends(
    kernel: RecordedKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wall clock of server and kernel jumps between the looks; what is judged is told by the monotonic one."""
    real, real_ns = time.time, time.time_ns
    step = [0]
    monkeypatch.setattr(time, "time", lambda: real() + step[0])
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + step[0] * 10**9)
    sent = kernel.send(
        "import multiprocessing as mp, os, time\n_time = time.time\nworkers = []\n"
        "for jump in (0, -86_400, 86_400):\n"
        "    time.time = lambda jump=jump: _time() + jump\n"
        "    workers.append(mp.Process(target=str)); workers[-1].start()\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "for w in workers: w.join()\ntime.time = _time"
    )
    await until(lambda: len(story.tell(kernel.recorder.glance()).workers) == 3, "the workers")
    for step[0] in (86_400, -86_400):
        await kernel.recorder.cut()
    (kernel.folder / "go").touch()
    await kernel.idle(sent)
    recording = await kernel.recorder.cut()
    evidence = Evidence(recording, "step", everywhere=True)
    assert [worker.ordinal for worker in evidence.workers] == [1, 2, 3]
    assert all(0 < one.began <= one.started and one.began < one.ended for one in evidence.workers)
    assert evidence.together(evidence.workers).yes
    assert all(evidence.joined(worker) for worker in evidence.workers)


def vanishing(reads: int) -> tuple[bool, model.Snapshot, int]:
    """A snapshot of us and a child that is gone before its so many-th file is read; and whether it came to that."""
    child = os.fork()
    if child == 0:
        signal.pause()
    real, asked = opened.read, 0

    def read(path: str, directory: int | None = None) -> bytes:
        nonlocal asked
        folder = Path("/") if directory is None else Path(f"/proc/self/fd/{directory}").readlink()
        if str(folder / path).startswith(f"/proc/{child}/"):
            if asked == reads:
                _end(child)
            asked += 1
        return real(path, directory)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened, "read", read)
        snapshot = Reader().snapshot(os.getpid())
    if asked <= reads:
        _end(child)
    return asked > reads, snapshot, child


def _end(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_what_vanishes_while_it_is_read_is_left_out() -> None:
    """At each single file that is read of it in turn, a process has just gone."""
    reads = 0
    # Other tests may have left us the library's resource tracker.
    others = {one.pid for one in Reader().tree(os.getpid())}
    while (found := vanishing(reads))[0]:
        assert {one.pid for one in found[1].processes} <= {*others, found[2]}
        assert {one.pid for one in Reader().tree(os.getpid())} == others
        reads += 1
    assert found[2] in [one.pid for one in found[1].processes]
    assert reads > 3
