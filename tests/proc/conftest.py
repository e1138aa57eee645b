"""Starts subject programs and waits for the states that tests are about: never for a time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from kernels import RecordedKernel
from parallab.model import Snapshot
from parallab.procfs.read import Reader

SUBJECTS = Path(__file__).with_name("subjects.py")
DEADLINE = 40.0


class Subject:
    """A running subject program, in a session of its own, and a Reader that looks at it."""

    def __init__(self, name: str, method: str, python: str = sys.executable) -> None:
        self.process = subprocess.Popen(
            [python, str(SUBJECTS), name, method],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        self.pid = self.process.pid
        self.reader = Reader()

    def look(self, scan: bool = True) -> Snapshot:
        """One snapshot."""
        return self.reader.snapshot(self.pid, scan=scan)

    def until(self, wanted: Callable[[Snapshot], object], what: str = "the state") -> Snapshot:
        """Looks until ``wanted`` holds, and gives that look."""
        end = time.monotonic() + DEADLINE
        while True:
            seen = self.look()
            if wanted(seen):
                return seen
            if time.monotonic() > end:
                pytest.fail(f"{what} did not come; last seen: {seen.processes}")
            time.sleep(0.03)

    def two(self, wanted: Callable[[Snapshot, Snapshot], object]) -> tuple[Snapshot, Snapshot]:
        """Looks, 0.26 s apart, until ``wanted`` holds of two that follow each other."""
        end = time.monotonic() + DEADLINE
        previous = self.look()
        while True:
            time.sleep(0.26)
            current = self.look()
            if wanted(previous, current):
                return previous, current
            if time.monotonic() > end:
                return previous, current
            previous = current

    def end(self) -> None:
        """Ends it and all that it started, but resource trackers: those tidy up behind the others."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGSTOP)  # a pool would hire new workers meanwhile
        for one in self.reader.tree(self.pid):
            if not any("resource_tracker" in argument for argument in one.cmdline):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def subject() -> Iterator[Callable[..., Subject]]:
    """Starts subject programs by name and start method; they end with the test."""
    started: list[Subject] = []

    def start(name: str, method: str = "fork", python: str = sys.executable) -> Subject:
        started.append(Subject(name, method, python))
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest_asyncio.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[RecordedKernel]:
    """A kernel of this Python's, recorded."""
    kernel = RecordedKernel(tmp_path)
    await kernel.start()
    yield kernel
    await kernel.end()
