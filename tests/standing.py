"""Runs the programs of ``proc/standstills.py`` and asks the doctor about them until he has nothing new to say."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from parallab import inspecting
from parallab.procfs.read import Reader
from parallab.wire import DoctorReport

PROGRAMS = Path(__file__).parent / "proc" / "standstills.py"
DEADLINE = 40.0
CALM = 1.0
"""Seconds that a program which goes on is asked about after it came to where its docstring says."""


@dataclass
class Seen:
    """What was said of one program, in order."""

    name: str
    said: list[bool | None] = field(default_factory=list)
    report: DoctorReport | None = None
    diagnosed: set[str] = field(default_factory=set)
    """Every sentence that was ever said of it."""

    @property
    def mistakes(self) -> list[str | None]:
        """The catalogue's ids in the last report."""
        return [one.mistake.id if one.mistake else None for one in (self.report.diagnoses if self.report else ())]


@contextlib.contextmanager
def running(name: str, method: str, python: str = sys.executable) -> Iterator[subprocess.Popen[bytes]]:
    """The program, in a session of its own; it and all that it started end with this."""
    program = subprocess.Popen(
        [python, str(PROGRAMS), name, method],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert program.stdout is not None
    program.stdout.readline()
    try:
        yield program
    finally:
        if program.poll() is None:
            program.send_signal(signal.SIGSTOP)  # a pool would hire new workers meanwhile
        for one in Reader().tree(program.pid):
            if not any("resource_tracker" in argument for argument in one.cmdline):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
        program.communicate()


def until_stuck(name: str, method: str, python: str = sys.executable) -> Seen:
    """Asks until the program is called stuck."""
    seen = Seen(name)
    with running(name, method, python) as program:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and (not seen.said or seen.said[-1] is not True):
            seen.report = inspecting.doctor(program.pid)
            seen.said.append(seen.report.stuck)
    return seen


def while_it_goes_on(name: str, method: str, python: str = sys.executable) -> Seen:
    """Asks from its start until it has stood where it stands for some time."""
    seen = Seen(name)
    with running(name, method, python) as program:
        reader = Reader()
        before = reader.snapshot(program.pid)
        calm = time.monotonic()
        end = calm + DEADLINE
        while time.monotonic() < min(calm + CALM, end):
            seen.report = inspecting.doctor(program.pid)
            seen.said.append(seen.report.stuck)
            seen.diagnosed.update(one.sentence for one in seen.report.diagnoses)
            now = reader.snapshot(program.pid)
            if [one.pid for one in now.processes] != [one.pid for one in before.processes]:
                calm = time.monotonic()  # still hiring
            before = now
    return seen


def each(names: Iterable[str], ask: Callable[[str], Seen], at_once: int = 4) -> list[Seen]:
    """Several programs at a time: they wait, and so does the doctor."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(ask, names))
