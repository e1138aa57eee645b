"""What runs out: descriptors of the server, the probe's socket, /dev/shm. Each is said, and nothing is concluded."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import unprivileged
from kernels import RecordedKernel, until
from listening import Heard
from parallab import live, model, story
from parallab.checks.expect import CannotTell
from parallab.ear import Ear
from parallab.evidence import Evidence
from parallab.judge_pool import NO_ROOM, JudgePool
from small_lab import small_lab
from tales import CELL, begin, end, life, recording


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """This process cannot open anything (setrlimit(2)): as a server with too many kernels."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (max(int(one.name) for one in Path("/proc/self/fd").iterdir()) + 8, hard)
    )
    taken = []
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in taken:
            os.close(fd)


FOUR = """
import multiprocessing as mp
def nothing(): pass
workers = [mp.Process(target=nothing) for _ in range(4)]
for w in workers: w.start()
for w in workers: w.join()
"""


@pytest.mark.asyncio
async def test_a_server_without_descriptors_says_so_and_judges_nothing(kernel: RecordedKernel) -> None:
    recorder = kernel.recorder
    with no_descriptors():
        await kernel.run(FOUR)
        told = await recorder.cut()
    assert told.blind.startswith("The Jupyter server has too many files open")
    assert told.blind in live.picture(told, "k").cannot_tell
    with pytest.raises(CannotTell, match="too many files open"):
        _ = Evidence(told, "step", everywhere=True).workers
    told = await recorder.cut()
    assert told.blind == ""
    assert [worker.exit_code for worker in story.tell(told).workers] == [0] * 4
    assert len(Evidence(told, "step", everywhere=True).workers) == 4


@pytest.mark.asyncio
async def test_a_cell_is_watched_again_when_there_are_descriptors(kernel: RecordedKernel) -> None:
    recorder = kernel.recorder
    with no_descriptors():
        kernel.send("import threading; gate = threading.Event(); _ = gate.wait(600)")
        await until(lambda: recorder._blind, "the sentence")
    await until(lambda: not recorder._blind, "a look that succeeds")
    await until(lambda: recorder.stuck is not False or recorder._looks, "a decision")


@pytest.mark.asyncio
async def test_a_judge_that_cannot_be_started_is_undecided_and_not_the_authors_fault(tmp_path: Path) -> None:
    lab = small_lab(tmp_path, GOOD)
    pool = JudgePool()
    told = recording(begin(), life(1, 20, 25, 40), end())
    with no_descriptors():
        (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
    assert (goal.verdict, goal.reason) == ("undecided", NO_ROOM)
    (goal,) = await pool.judge(lab.folder, lab.checks["work"], "work", told, {CELL: "work"})
    assert goal.verdict == "passed"
    await pool.close()


GOOD = '''
    @check("work")
    def child(run):
        """Your notebook starts one child"""
        return expect("children", run.workers, one())
'''
SPEAKER = """
import socket, sys
sys.stdin.readline()
connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
connection.connect(sys.argv[1])
try: connection.send(b'{"kind":"process-born","at":1,"ppid":2}')
except BrokenPipeError: pass
sys.stdin.readline()
"""


def test_an_ear_without_descriptors_counts_whom_it_turns_away_and_does_not_spin() -> None:
    heard = Heard()
    ear = Ear(heard.add)
    address = "\0" + ear.environment()["PARALLAB_PROBE"].removeprefix("@")
    source = SPEAKER.replace("sys.argv[1]", repr(address))
    speakers = [
        subprocess.Popen([sys.executable, "-S", "-c", source], stdin=subprocess.PIPE, text=True) for _ in range(3)
    ]
    try:
        with no_descriptors():
            for speaker in speakers:
                assert speaker.stdin is not None
                speaker.stdin.write("\n")
                speaker.stdin.flush()
            heard.until(lambda: len(heard.all(model.Lost)) == 3)
            began, spent = time.monotonic(), _spent(ear._thread)
            time.sleep(0.3)
            assert _spent(ear._thread) - spent < 0.5 * (time.monotonic() - began)
        assert ear.refused == 3
        # Who was turned away before it had said anything is only counted.
        assert {born.pid for born in heard.all(model.ProcessBorn)} <= {one.pid for one in speakers}
    finally:
        for speaker in speakers:
            speaker.communicate("\n")
        ear.close()


def _spent(thread: threading.Thread) -> float:
    """CPU seconds of a thread; asking opens nothing."""
    assert thread.ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


BURST = """
import sys
from parallab_probe import report
report.PATIENCE_S = 0.001
assert report.connect(sys.argv[1])
for number in range(int(sys.argv[2])):
    report.tell("process-exit", {"child": number + 1, "exit_code": 0})
print(report.line.lost, flush=True)
sys.stdin.readline()
report.tell("process-exit", {"child": 10**6, "exit_code": 0})
"""


@pytest.mark.parametrize(("count", "loses"), [(900, False), (4000, True)])
def test_a_socket_that_nobody_reads_loses_late_and_says_how_many(count: int, loses: bool) -> None:
    heard = Heard()
    gate = threading.Event()

    def deliver(events: list[model.AnyEvent]) -> None:
        heard.add(events)
        gate.wait(60)

    ear = Ear(deliver)
    address = ear.environment()["PARALLAB_PROBE"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as first:
        first.connect("\0" + address.removeprefix("@"))
        first.send(b'{"kind":"process-born","at":1,"ppid":2}')
        heard.until(lambda: heard.all(model.ProcessBorn))  # the ear is now held up at the gate
        source = [sys.executable, "-c", BURST, address, str(count)]
        with subprocess.Popen(source, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as speaker:
            assert speaker.stdout is not None
            lost = int(speaker.stdout.readline())
            gate.set()
            heard.until(lambda: len(heard.all(model.ProcessExit)) == count - lost)
            speaker.communicate("\n")
        heard.until(lambda: heard.all(model.ProcessExit, child=10**6))
    ear.close()
    assert bool(lost) == loses
    told = [event.count for event in heard.all(model.Lost) if event.pid]
    assert told == ([lost] if loses else [])
    assert len({event.child for event in heard.all(model.ProcessExit)}) == count - lost + 1


MANY_ON_THEIR_WAY = """
import os, resource, socket
from parallab_probe import report

listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind("\\0parallab-test-%d" % os.getpid())
listener.listen()
assert report.connect("@parallab-test-%d" % os.getpid())
reader, _ = listener.accept()
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
for number in range(60):
    report.tell("process-start", {"began": 1, "child": number}, handed=1)
with_one = told = 0
reader.setblocking(False)
try:
    while True:
        data, along, _, _ = reader.recvmsg(65536, 64)
        told += 1
        with_one += bool(along)
except BlockingIOError:
    pass
print(told, with_one < 60, report.line.lost)
"""


def test_where_no_more_descriptors_may_be_on_their_way_the_report_goes_without_one() -> None:
    """ETOOMANYREFS (unix(7)): a user who starts very many processes at once, while the server is busy."""
    told = subprocess.run(
        [*unprivileged.command(), sys.executable, "-c", MANY_ON_THEIR_WAY],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        timeout=60,
    )
    assert told.stdout.split() == ["60", "True", "0"]
