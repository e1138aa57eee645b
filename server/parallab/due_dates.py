"""When the class's labs are due, as its service said last; asked when somebody looks, and seldom.

Who looks does not wait for a service that is slow: what it says later is told by ``changed``. An older service does
not know of this, and then nothing is due.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from parallab import reports, wire
from parallab.outbox import Unreachable

_log = logging.getLogger(__name__)

#: Seconds for which an answer is good; for which one that will last is not asked for again; that whoever looks waits.
FRESH = 60.0
LASTING = 300.0
PATIENCE = 1.0

Ask = Callable[[], Awaitable[bytes]]


class DueDates:
    """One learner's. Used on the event loop."""

    def __init__(self, ask: Ask, *, patience: float = PATIENCE, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._patience = patience
        self._clock = clock
        self._due: Mapping[str, wire.Due] = {}
        self._at = 0.0
        self._again = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called when another answer came than before."""

    async def told(self) -> dict[str, wire.Due]:
        """By lab, with what is left of the time now."""
        if self._clock() >= self._again:
            self._ask_anew()
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=self._patience)
        return self._now()

    def reported(self) -> None:
        """The service has heard of something more: where a lab's time is over, it may be late since then."""
        if any(one.left <= 0 for one in self._now().values()):
            self._ask_anew()

    async def close(self) -> None:
        """Asks no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    def _now(self) -> dict[str, wire.Due]:
        since = self._clock() - self._at
        return {lab: msgspec.structs.replace(one, left=one.left - since) for lab, one in self._due.items()}

    def _ask_anew(self) -> None:
        if self._asking is None:
            self._asking = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        # Counted from before the question: what is left is told rather too short than too long.
        at, again = self._clock(), FRESH
        before = {lab: (one.at, one.late) for lab, one in self._due.items()}
        try:
            self._due, self._at = msgspec.json.decode(await self._ask(), type=reports.DueReply).due, at
        except Unreachable as error:
            again = LASTING if error.lasting else FRESH
            _log.debug("class service: it does not say what is due: %s", error)
        except msgspec.DecodeError as error:
            again = LASTING
            _log.debug("class service: what it says of what is due cannot be read: %s", error)
        finally:
            self._again, self._asking = at + again, None
        if {lab: (one.at, one.late) for lab, one in self._due.items()} != before:
            self.changed()
