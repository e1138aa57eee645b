"""Judging in a warm process with a deadline: a check that never returns is ended, and told so.

The process is started with the first request, ended after a minute of idleness, and replaced
when a check overruns; the caller's event loop never waits on a check.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from parallab import judging, model
from parallab.checks import Check
from parallab.frames import LENGTH
from parallab.judge_clock import PATIENCE, StarvedError, in_time
from parallab.judge_worker import READY, Request
from parallab.wire import GoalResult

#: Seconds that a step's checks may use up, as ``judge_clock`` counts them.
DEADLINE = 2.0
#: The same for starting the process, sending it the recording and loading the lab.
GRACE = 20.0
IDLE = 60.0
LARGEST = 8 * 1024 * 1024

_goals = msgspec.json.Decoder(GoalResult)


class JudgePool:
    """One warm judging process; use :meth:`judge` from one event loop, :meth:`close` at the end."""

    def __init__(self, deadline: float = DEADLINE, idle: float = IDLE, patience: float = PATIENCE) -> None:
        self._deadline = deadline
        self._idle = idle
        self._patience = patience
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
        everywhere: bool = False,
    ) -> tuple[GoalResult, ...]:
        """The goals' verdicts. ``checks`` are only named when the process could not judge them.

        ``everywhere``: what cells of other steps did counts, too (:attr:`parallab.lab.Step.everywhere`).
        """
        wanted = [check for check in checks if not phases or check.phase in phases]
        text = model.dumps(recording)
        if len(text) > LARGEST:
            return _undecided(wanted, TOO_LARGE)
        frame = msgspec.json.encode(
            Request(
                str(folder), step, msgspec.Raw(text), dict(steps), since, dict(met or {}), tuple(phases), everywhere
            )
        )
        goals: list[GoalResult] = []
        problem = ""
        async with self._turn:
            try:
                problem = await self._ask(frame, goals)
            except _NoRoomError:
                return _undecided(wanted, NO_ROOM)
            except StarvedError:
                return (*goals, *_undecided(wanted[len(goals) :], TOO_BUSY))
        return (*goals, *_unjudged(wanted[len(goals) :], problem))

    async def _ask(self, frame: bytes, goals: list[GoalResult]) -> str:
        """Adds the goals as they are judged; answers what was wrong with the checks, "" if nothing."""
        problem = f"the lab's checks could not be loaded within {GRACE:g} s"
        done = False
        try:
            process = await self._warm_or_no_room()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(LENGTH.pack(len(frame)) + frame)
            await in_time(_ready(process.stdout), process.pid, GRACE, self._patience)
            problem = f"the check did not come to an end within {self._deadline:g} s"
            await in_time(_collect(process.stdout, goals), process.pid, self._deadline, self._patience)
            done = True
            return ""
        except TimeoutError:
            return problem
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            return "the process that judges ended"
        finally:
            if not done:
                await self._end()
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
TOO_BUSY = "The machine is too busy to judge this. Wait until it has less to do, then check again."
TOO_LARGE = "More was recorded than can be judged. Restart the kernel and run only this step's cells."


async def _ready(source: asyncio.StreamReader) -> None:
    while await _frame(source) != READY:
        pass


async def _collect(source: asyncio.StreamReader, goals: list[GoalResult]) -> None:
    while answer := await _frame(source):
        goals.append(_goals.decode(answer))


async def _frame(source: asyncio.StreamReader) -> bytes:
    size = LENGTH.unpack(await source.readexactly(LENGTH.size))[0]
    return await source.readexactly(size) if size else b""


def _undecided(checks: Sequence[Check], why: str) -> tuple[GoalResult, ...]:
    return tuple(GoalResult(check.name, check.text, check.phase, "undecided", reason=why) for check in checks)


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
