"""How much time a judging process used up by its own doing: what a busy machine costs is no check's mistake.

A check that computes for ever uses up its time, and so does one that waits for ever. A process that
has no core, is stopped, or waits for a disk uses up none; for it there is a patience, in real time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, NamedTuple

from parallab.procfs import parse

#: Seconds that a process gets in all, however little of them it could use.
PATIENCE = 120.0
#: Seconds between two looks at it.
STEP = 0.1
#: Clock ticks a second, USER_HZ, which Linux has as 100 on every machine that Python runs on (time(7)).
TICKS = 100


class StarvedError(Exception):
    """The machine did not let the process work."""


async def in_time(work: Coroutine[Any, Any, None], pid: int, limit: float, patience: float = PATIENCE) -> None:
    """Awaits what this process does for us, as long as it uses up no more than ``limit`` seconds.

    :raises TimeoutError: it used up more.
    :raises StarvedError: ``patience`` seconds went by, most of them without its doing.
    """
    task = asyncio.ensure_future(work)
    end = time.monotonic() + patience
    clock: Clock | None = None
    try:
        while not (await asyncio.wait({task}, timeout=STEP))[0]:
            # Nearly all work is done by then, and need not be looked at: the first step is a present.
            clock = clock or Clock(pid)
            over = clock.look() >= limit
            if over or time.monotonic() >= end:
                # What came while this loop itself had no core is heard first.
                await asyncio.wait({task}, timeout=STEP)
                if not task.done():
                    raise TimeoutError if over else StarvedError
        await task
    finally:
        task.cancel()


class _Times(NamedTuple):
    at: float
    cpu: float
    queued: float
    waits: bool


class Clock:
    """Seconds that a process used up since this was made, at the looks that were taken at it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        self._spent = 0.0
        self._last = self._read()

    def look(self) -> float:
        """What it has used up by now: time on a core, and time in which it waited for something of its own.

        Between two looks it has waited for a ``STEP`` at the most: what is more, we had no core ourselves.
        """
        last, now = self._last, self._read()
        cpu = max(0.0, now.cpu - last.cpu)
        self._spent += cpu
        if now.waits:
            waited = now.at - last.at - cpu - (now.queued - last.queued)
            self._spent += min(max(0.0, waited), STEP)
        self._last = now
        return self._spent

    def _read(self) -> _Times:
        """One that cannot be looked at is taken for one that waits."""
        at = time.monotonic()
        try:
            seen = parse.stat((self._folder / "stat").read_bytes())
            queued = parse.schedstat((self._folder / "schedstat").read_bytes()).queued_ns / 1e9
        except (OSError, parse.ParseError):
            return _Times(at, 0.0, 0.0, True)
        return _Times(at, seen.cpu_ticks / TICKS, queued, seen.state == "S")
