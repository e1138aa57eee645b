"""The class's database for the event loop: one thread does its work, and brings reports in together.

Group commit: while one transaction is on its way to the disk, all reports that come meanwhile wait
for the next, which takes them all. Nobody is answered before their reports are on the disk.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.exc import DatabaseError, OperationalError

from parallab.hub.record import Received
from parallab.hub.store import ClassStore

_log = logging.getLogger(__name__)

#: Reports in one transaction, at the most, and in all that wait.
GROUP = 2_000
WAITING = 20_000

Result = TypeVar("Result")
Batch = Sequence[Received]


class Full(Exception):
    """More waits than can be taken: come back later."""


class Inbox:
    """Owns the store. ``taken`` is called on the loop with what was new, before those who sent it are answered."""

    def __init__(self, store: ClassStore, taken: Callable[[Sequence[Received]], None]) -> None:
        self._store = store
        self._taken = taken
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="parallab-class")
        self._waiting: list[tuple[Batch, asyncio.Future[int]]] = []
        self._size = 0
        self._task: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[ClassStore], Result]) -> Result:
        """Anything else that the store does, in its turn."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, self._store)

    async def put(self, reports: Batch) -> int:
        """How many of them were new, once all are on the disk.

        :raises Full: too much waits.
        :raises DatabaseError: nothing of these reports was written.
        """
        if self._size + len(reports) > WAITING:
            raise Full
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()
        self._waiting.append((reports, done))
        self._size += len(reports)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._work())
        return await done

    async def close(self) -> None:
        """Ends what was begun, then the thread."""
        if self._task is not None:
            await self._task
        await self.run(ClassStore.close)
        self._thread.shutdown()

    async def _work(self) -> None:
        while self._waiting:
            group = self._next()
            try:
                await self._write(group)
            except OperationalError as error:
                # The database is not there: nobody's reports are to blame.
                _fail(group, error)
            except DatabaseError as error:
                if len(group) == 1:
                    _fail(group, error)
                    continue
                _log.warning("a group of reports was not taken together: %s", type(error).__name__)
                for one in group:
                    try:
                        await self._write([one])
                    except DatabaseError as own:
                        _fail([one], own)
            except Exception as error:  # whoever waits must be answered, whatever went wrong
                _log.exception("reports could not be written")
                _fail(group, error)

    def _next(self) -> list[tuple[Batch, asyncio.Future[int]]]:
        group: list[tuple[Batch, asyncio.Future[int]]] = []
        size = 0
        while self._waiting and (not group or size + len(self._waiting[0][0]) <= GROUP):
            one = self._waiting.pop(0)
            group.append(one)
            size += len(one[0])
        self._size -= size
        return group

    async def _write(self, group: Sequence[tuple[Batch, asyncio.Future[int]]]) -> None:
        together = [report for batch, _ in group for report in batch]
        new = await self.run(lambda store: store.add(together))
        self._taken(new)
        # Each new one is answered to whoever sent it first.
        fresh = {(one.learner, one.report.id) for one in new}
        for batch, done in group:
            mine = {(one.learner, one.report.id) for one in batch} & fresh
            fresh -= mine
            if not done.done():
                done.set_result(len(mine))


def _fail(group: Sequence[tuple[Batch, asyncio.Future[int]]], error: Exception) -> None:
    for _, done in group:
        if not done.done():
            done.set_exception(error)
