"""When labs are due, from a service that is slow, silent, older than this, or of another mind a minute later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from parallab import wire
from parallab.due_dates import FRESH, LASTING, DueDates
from parallab.outbox import Unreachable


class World:
    """A service that says ``due``, or fails; a clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.due: dict[str, Any] = {}
        self.asked = 0
        self.changes = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.dates = DueDates(self.ask, patience=60, clock=lambda: self.now)
        self.dates.changed = self.change

    async def ask(self) -> bytes:
        self.asked += 1
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return msgspec.json.encode({"schema": 1, "due": self.due})

    def change(self) -> None:
        self.changes += 1


def run(story: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def all_of_it() -> None:
        world = World()
        try:
            await story(world)
        finally:
            await world.dates.close()

    asyncio.run(all_of_it())


def test_what_is_left_goes_on_between_two_questions() -> None:
    async def story(world: World) -> None:
        world.due = {"L04": {"at": 5.0, "left": 40.0}}
        assert await world.dates.told() == {"L04": wire.Due(5.0, 40.0)}
        world.now += FRESH - 1
        assert await world.dates.told() == {"L04": wire.Due(5.0, 41.0 - FRESH)}
        assert (world.asked, world.changes) == (1, 1)
        world.due = {"L04": {"at": 5.0, "left": 40.0 - FRESH, "late": True}}
        world.now += 1
        assert await world.dates.told() == {"L04": wire.Due(5.0, 40.0 - FRESH, late=True)}
        assert (world.asked, world.changes) == (2, 2)
        world.now += FRESH
        await world.dates.told()
        assert (world.asked, world.changes) == (3, 2), "the same again is no news"

    run(story)


def test_nobody_waits_long_for_a_service_that_is_slow_and_what_it_says_later_is_news() -> None:
    async def story(world: World) -> None:
        world.dates = DueDates(world.ask, patience=0, clock=lambda: world.now)
        told = asyncio.Event()
        world.dates.changed = told.set
        world.gate.clear()
        world.due = {"L04": {"at": 5.0, "left": 40.0}}
        assert await world.dates.told() == {}
        world.now += 10
        assert await world.dates.told() == {}
        assert world.asked == 1, "those who come meanwhile ask nothing more"
        world.gate.set()
        await told.wait()
        # The time that the answer took has passed, too.
        assert await world.dates.told() == {"L04": wire.Due(5.0, 30.0)}

    run(story)


def test_a_service_that_fails_leaves_what_was_known_and_an_older_one_is_asked_seldom() -> None:
    async def story(world: World) -> None:
        world.due = {"L04": {"at": 5.0, "left": 400.0}}
        await world.dates.told()
        world.error = Unreachable("it cannot be reached")
        world.now += FRESH
        assert (await world.dates.told()).keys() == {"L04"}
        world.error = Unreachable("it answered 404", lasting=True)
        world.now += FRESH
        assert (await world.dates.told()).keys() == {"L04"}
        assert world.asked == 3
        world.now += LASTING - 1
        await world.dates.told()
        assert world.asked == 3
        world.now += 1
        await world.dates.told()
        assert (world.asked, world.changes) == (4, 1)

    run(story)


def test_an_answer_that_makes_no_sense_is_none() -> None:
    async def story(world: World) -> None:
        world.due = {"L04": "soon"}
        assert await world.dates.told() == {}
        assert world.asked == 1

    run(story)


def test_once_a_time_is_over_each_report_may_make_it_late() -> None:
    async def story(world: World) -> None:
        world.dates.reported()
        assert world.asked == 0
        world.due = {"L04": {"at": 5.0, "left": 40.0}}
        await world.dates.told()
        world.dates.reported()
        await asyncio.sleep(0)
        assert world.asked == 1, "there is time left"
        world.now += 41
        world.due = {"L04": {"at": 5.0, "left": -1.0, "late": True}}
        late = asyncio.Event()
        world.dates.changed = late.set
        world.dates.reported()
        await late.wait()
        assert (await world.dates.told())["L04"].late
        assert world.asked == 2

    run(story)
