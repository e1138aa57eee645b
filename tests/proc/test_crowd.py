"""More processes than anybody needs: the server stays responsive, says so, and its memory stays bounded."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from kernels import RecordedKernel, until
from parallab import live, model, story, wire
from parallab.checks.expect import CannotTell
from parallab.evidence import Evidence
from parallab.feed import Feed, Outbox
from parallab.log import GROUPS
from parallab.recorder import TOO_MANY

LATE = 0.25
"""Seconds by which the event loop may be late, at the most."""


CONTROL = """if True:
    import select, sys, time
    latest = 0.0
    while True:
        began = time.monotonic()
        if select.select([sys.stdin], [], [], 0.01)[0]: break
        latest = max(latest, time.monotonic() - began - 0.01)
    print(latest)
"""


class Watched:
    """A kernel whose picture is drawn as a server draws it; and how late the event loop is meanwhile.

    A crowd makes everybody late, on a machine of few cores: how late a program is that does nothing
    but look at the clock, tells what is the machine's doing.
    """

    def __init__(self, kernel: RecordedKernel) -> None:
        self.kernel = kernel
        self.pictures: list[wire.KernelState] = []
        self.feed = Feed("state", kernel.recorder, lambda told: wire.LiveMessage(1, live.picture(told, "k")))
        self.feed.join(Outbox(self._take, lambda: None))
        self.latest = 0.0
        self.control = subprocess.Popen(
            [sys.executable, "-S", "-c", CONTROL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    async def _take(self, message: bytes) -> None:
        state = msgspec.json.decode(message, type=wire.LiveMessage).state
        assert state is not None
        self.pictures.append(state)

    async def while_(self, work: Awaitable[object]) -> None:
        """Runs it, and looks at the clock each 10 ms."""
        task = asyncio.ensure_future(work)
        while not task.done():
            began = time.monotonic()
            await asyncio.wait({task}, timeout=0.01)
            if not task.done():
                self.latest = max(self.latest, time.monotonic() - began - 0.01)
        await task

    def end(self) -> None:
        self.feed.close()
        out, _ = self.control.communicate("")
        theirs = float(out or 0)
        print(f"event loop at most {self.latest * 1000:.0f} ms late, a program beside it {theirs * 1000:.0f} ms")
        assert self.latest < LATE + theirs

    def said(self, sentence: str) -> bool:
        """Whether the newest picture says it."""
        return bool(self.pictures) and sentence in self.pictures[-1].cannot_tell


@pytest_asyncio.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    kernel = RecordedKernel(tmp_path)
    await kernel.start()
    watched = Watched(kernel)
    try:
        yield watched
    finally:
        await kernel.end()
        watched.end()


CHILDREN = '''
import subprocess, sys
crowd = subprocess.Popen([sys.executable, "-S", "-c", """if True:
    import os, signal, sys
    found = []
    for _ in range(5000):
        pid = os.fork()
        if pid == 0: signal.pause()
        found.append(pid)
    print(len(found), flush=True)
    sys.stdin.read()
    for pid in found: os.kill(pid, signal.SIGKILL)
    for pid in found: os.waitpid(pid, 0)
"""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(crowd.stdout.readline().decode())
'''


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.asyncio
async def test_five_thousand_children(watched: Watched) -> None:
    kernel, recorder = watched.kernel, watched.kernel.recorder
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        await watched.while_(kernel.run(CHILDREN, limit=200))
        recording: model.Recording | None = None

        async def cut() -> None:
            nonlocal recording
            recording = await recorder.cut()

        await watched.while_(cut())
        assert recording is not None
        assert recording.blind == TOO_MANY
        with pytest.raises(CannotTell, match="Too many processes"):
            _ = Evidence(recording, "step").workers
        await watched.while_(until(lambda: watched.said(TOO_MANY), "the sentence"))
    finally:
        await watched.while_(kernel.run("crowd.communicate()", limit=200))
    recording = await recorder.cut()
    assert not recording.blind
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"grown by {grown:.0f} MiB")
    assert grown < 200


BOMB = """
import os, signal, sys, time
def bomb(rounds):
    "Each process doubles: 2 ** rounds of them, which live until the notebook lets them go."
    read, write = os.pipe()
    notebook = os.getpid()
    for _ in range(rounds):
        if os.fork() == 0:
            os.close(write) if write >= 0 else None
            write = -1
    if os.getpid() != notebook:
        os.read(read, 1)  # until the notebook closes its end
        os._exit(0)
    os.close(read)
    return write
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.asyncio
async def test_a_fork_bomb(watched: Watched) -> None:
    kernel, recorder = watched.kernel, watched.kernel.recorder
    await kernel.run(BOMB)
    await watched.while_(kernel.run("write = bomb(11)", limit=200))
    await watched.while_(recorder.cut())
    await watched.while_(until(lambda: watched.said(TOO_MANY), "the sentence"))
    await watched.while_(kernel.run("os.close(write)"))
    forks = await until(lambda: all_ended(recorder.glance()), "their ends")
    recording = await recorder.cut()
    assert not recording.blind
    assert recording.lost or len(forks) == GROUPS
    assert {one.exit_code for one in forks} == {0}


def all_ended(recording: model.Recording) -> tuple[story.Worker, ...]:
    forks = story.tell(recording).forks
    return forks if all(one.ended for one in forks) else ()
