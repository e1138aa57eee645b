"""Sends the learner's log to the class service: every line, in order, until the service has it on its disk.

The log itself is the outbox: what was sent is remembered beside it as the number of a line, so that
a service or a server may be killed at any moment. Lines that are sent twice have the same ids, and
count once. While there is nothing to send nothing runs; while the service cannot be reached, tries
come further and further apart, at random, so that a thousand learners do not come back as one.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from parallab import reports
from parallab.progress import Filmed
from parallab.store import StoreError, Unsent, now

_log = logging.getLogger(__name__)

#: Seconds: the first pause after a failure, the longest, and that after one which will last; how long what an earlier
#: server left waits at most.
FIRST = 1.0
LONGEST = 60.0
LASTING = 300.0
BEGIN = 5.0


class Unreachable(Exception):
    """The service did not take it; ``lasting``: to ask again soon will not help. ``said`` are its own words."""

    def __init__(self, reason: str, *, lasting: bool = False, said: str = "") -> None:
        super().__init__(reason)
        self.lasting = lasting
        self.said = said


class Lines(Protocol):
    """As :class:`parallab.store.Keeper` keeps the log."""

    async def unsent(self, service: str, most: int) -> Unsent: ...
    async def sent(self, service: str, line: int) -> None: ...


#: POSTs a batch; the reply is the service's.
Post = Callable[[bytes], Awaitable[bytes]]
#: Sends the clip of this name, or forgets it where the class wants none.
SendClip = Callable[[str, bool], Awaitable[None]]


async def _no_clips(name: str, wanted: bool) -> None:
    """Of a learner whose runs are not filmed."""


@dataclass(frozen=True)
class Standing:
    """How much waits to be sent, and why it does, "" when nothing is wrong."""

    waiting: int = 0
    trouble: str = ""


class Outbox:
    """One learner's to one service. Used on the event loop."""

    def __init__(
        self,
        service: str,
        lines: Lines,
        post: Post,
        *,
        clip: SendClip = _no_clips,
        pause: Callable[[float], float] | None = None,
    ) -> None:
        self._service = service
        self._lines = lines
        self._post = post
        self._clip = clip
        # Between half of it and all: full jitter would come back at once too often.
        self._pause = pause or (lambda seconds: seconds * random.uniform(0.5, 1.0))  # noqa: S311
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.standing = Standing()
        self.replays = True
        """Whether the class wants clips; taken for granted until its service says something else."""

    def begin(self) -> None:
        """Sends what an earlier life of the server left, after a moment: all servers may have started at once."""
        self._run(self._pause(BEGIN))

    def kick(self) -> None:
        """There is a new line."""
        self._wanted.set()
        if not self.standing.trouble:
            self._run(0.0)

    async def close(self) -> None:
        """Sends nothing more; what waits is sent by the next server."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _run(self, after: float) -> None:
        if self._task is None or self._task.done():
            self._wanted.set()
            self._task = asyncio.get_running_loop().create_task(self._send_all(after))

    async def _send_all(self, after: float) -> None:
        """Until nothing is left to be sent."""
        await asyncio.sleep(after)
        failures = 0
        while self._wanted.is_set():
            self._wanted.clear()
            try:
                more = await self._send_some()
            except (Unreachable, StoreError) as error:
                self._failed(error)
                lasting = isinstance(error, Unreachable) and error.lasting
                self._wanted.set()
                await asyncio.sleep(self._pause(LASTING if lasting else min(LONGEST, FIRST * 2**failures)))
                failures = min(failures + 1, 10)
            else:
                failures = 0
                if more:
                    self._wanted.set()

    async def _send_some(self) -> bool:
        """One batch; whether more waits."""
        unsent = await self._lines.unsent(self._service, reports.BATCH)
        if not unsent.waiting:
            self.standing = Standing()
            return False
        if unsent.lines:
            await self._send(unsent)
        await self._lines.sent(self._service, unsent.last)
        self._recovered()
        # The last line looked at was not the last one there is: unreadable ones are looked at, too.
        self.standing = Standing(max(0, unsent.waiting - reports.BATCH))
        return self.standing.waiting > 0

    async def _send(self, unsent: Unsent) -> None:
        self.standing = Standing(unsent.waiting, self.standing.trouble)
        moment = now()
        made = [reports.report(line, entry, moment) for line, entry in unsent.lines]
        body = msgspec.json.encode({"schema": reports.SCHEMA, "reports": made})
        try:
            reply = msgspec.json.decode(await self._post(body), type=reports.ReportsReply)
        except msgspec.DecodeError as error:
            raise Unreachable(f"the answer was not the service's: {error}", lasting=True) from None
        for refused in reply.refused:
            _log.warning("class service: line %s was refused: %s", unsent.lines[refused.place][0], refused.why)
        self.replays = reply.replays
        for _, entry in unsent.lines:
            if isinstance(entry.fact, Filmed):
                await self._clip(entry.fact.clip, reply.replays)

    def _failed(self, error: Exception) -> None:
        if not self.standing.trouble:
            _log.warning("class service: %s; what was done is kept here, and sent later", error)
        self.standing = Standing(max(1, self.standing.waiting), str(error))

    def _recovered(self) -> None:
        if self.standing.trouble:
            _log.info("class service: reached again")
