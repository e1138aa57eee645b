"""Judging in a warm process with a deadline: a check that never returns is ended, and told so.

The process is started with the first request, ended after a minute of idleness, and replaced
when a check overruns; the caller's event loop never waits on a check.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from parallab import judging, model
from parallab.checks import Check
from parallab.judge_worker import LENGTH, READY, Request
from parallab.procfs import parse
from parallab.wire import GoalResult

DEADLINE = 2.0
#: Seconds that starting the process, sending it the recording and loading the lab may take.
GRACE = 20.0
IDLE = 60.0
#: A judge that waits for a core gets so many times its limit, at the most.
MOST = 10
LARGEST = 8 * 1024 * 1024

_goals = msgspec.json.Decoder(GoalResult)


class JudgePool:
    """One warm judging process; use :meth:`judge` from one event loop, :meth:`close` at the end."""

    def __init__(self, deadline: float = DEADLINE, idle: float = IDLE) -> None:
        self._deadline = deadline
        self._idle = idle
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._sleep: asyncio.TimerHandle | None = None

    async def judge(
        self,
        folder: Path,
        checks: Sequence[Check],
        step: str,
        recording: model.Recording,
        steps: Mapping[str, str],
        *,
        since: int = 0,
        met: Mapping[str, int] | None = None,
        phases: Sequence[str] = (),
    ) -> tuple[GoalResult, ...]:
        """The goals' verdicts. ``checks`` are only named when the process could not judge them."""
        wanted = [check for check in checks if not phases or check.phase in phases]
        text = model.dumps(recording)
        if len(text) > LARGEST:
            return tuple(
                GoalResult(check.name, check.text, check.phase, "undecided", reason=TOO_LARGE) for check in wanted
            )
        frame = msgspec.json.encode(
            Request(str(folder), step, msgspec.Raw(text), dict(steps), since, dict(met or {}), tuple(phases))
        )
        try:
            async with self._turn:
                goals, problem = await self._ask(frame)
        except _NoRoomError:
            return tuple(
                GoalResult(check.name, check.text, check.phase, "undecided", reason=NO_ROOM) for check in wanted
            )
        return (*goals, *_unjudged(wanted[len(goals) :], problem))

    async def _ask(self, frame: bytes) -> tuple[list[GoalResult], str]:
        goals: list[GoalResult] = []
        try:
            process = await self._warm_or_no_room()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(LENGTH.pack(len(frame)) + frame)
            await asyncio.wait_for(_ready(process.stdout), GRACE)
            await _in_time(_collect(process.stdout, goals), process.pid, self._deadline)
            return goals, ""
        except (TimeoutError, asyncio.TimeoutError):
            await self._end()
            return goals, f"the check did not come to an end within {self._deadline:g} s"
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            await self._end()
            return goals, "the process that judges ended"
        finally:
            self._rest()

    async def _warm_or_no_room(self) -> asyncio.subprocess.Process:
        try:
            return await self._warm()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN):
                raise _NoRoomError from error
            raise

    async def _warm(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "parallab.judge_worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LARGEST,
        )
        return self._process

    def _rest(self) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
        loop = asyncio.get_running_loop()
        self._sleep = loop.call_later(self._idle, lambda: asyncio.ensure_future(self._doze()))

    async def _doze(self) -> None:
        async with self._turn:
            await self._end()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    @property
    def process(self) -> asyncio.subprocess.Process | None:
        """The warm process, None while there is none."""
        return self._process

    async def close(self) -> None:
        """Ends the process."""
        if self._sleep is not None:
            self._sleep.cancel()
        await self._end()


class _NoRoomError(Exception):
    """This server has no descriptors or memory for a process more."""


NO_ROOM = (
    "The Jupyter server has too many files open, or no memory left, to judge this. Shut down kernels that you do "
    "not need, then check again."
)
TOO_LARGE = "More was recorded than can be judged. Restart the kernel and run only this step's cells."


async def _in_time(work: Coroutine[Any, Any, None], pid: int, limit: float) -> None:
    """Awaits the work for ``limit`` seconds, not counting those in which the process waited for a core.

    A loaded server must not make an author's check look endless; nor may it wait for ever.

    :raises TimeoutError: it took longer.
    """
    task = asyncio.ensure_future(work)
    began, before, left = time.monotonic(), _queued(pid), limit
    while not task.done():
        await asyncio.wait({task}, timeout=left)
        spent = time.monotonic() - began
        left = min(limit + _queued(pid) - before, MOST * limit) - spent
        if left <= 0 and not task.done():
            # What came while this loop itself had no core is heard first.
            await asyncio.wait({task}, timeout=0.1)
        if left <= 0 and not task.done():
            task.cancel()
            raise TimeoutError
    await task


def _queued(pid: int) -> float:
    """Seconds that a process was runnable and had no core (proc(5), schedstat); 0 where it cannot be told."""
    try:
        return parse.schedstat(Path(f"/proc/{pid}/schedstat").read_bytes()).queued_ns / 1e9
    except (OSError, parse.ParseError):
        return 0.0


async def _ready(source: asyncio.StreamReader) -> None:
    while await _frame(source) != READY:
        pass


async def _collect(source: asyncio.StreamReader, goals: list[GoalResult]) -> None:
    while answer := await _frame(source):
        goals.append(_goals.decode(answer))


async def _frame(source: asyncio.StreamReader) -> bytes:
    size = LENGTH.unpack(await source.readexactly(LENGTH.size))[0]
    return await source.readexactly(size) if size else b""


def _unjudged(checks: Sequence[Check], problem: str) -> list[GoalResult]:
    """The goals without an answer: the first is the one that went wrong."""
    if not problem:
        return []
    blame = f"This is not your mistake: {problem}. Tell the lab's author."
    return [
        judging.broken(check, blame)
        if place == 0
        else GoalResult(check.name, check.text, check.phase, "not-attempted", reason="an earlier check broke")
        for place, check in enumerate(checks)
    ]
