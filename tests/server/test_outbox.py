"""The outbox against a service that is down, slow, forgetful of its answer, or refuses: all arrives, in order, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest

from parallab import reports
from parallab.outbox import Outbox, Unreachable
from parallab.progress import Filmed, HelpAsked, HintShown
from parallab.store import Keeper

SERVICE = "http://class/"


class FakeService:
    """Keeps what it was sent by id, as the real one does. ``behave`` may raise before or after that."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.batches = 0
        self.before: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        self.refuse: set[int] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.replays: bool | None = True

    async def post(self, body: bytes) -> bytes:
        self.batches += 1
        await self.gate.wait()
        self.before()
        sent = msgspec.json.decode(body)["reports"]
        for one in sent:
            self.kept.setdefault(one["id"], one)
        self.after()
        refused = [{"place": place, "why": "not well-formed"} for place in self.refuse]
        said = {} if self.replays is None else {"replays": self.replays}
        return msgspec.json.encode({"schema": 1, "new": len(sent), "refused": refused, **said})

    @property
    def levels(self) -> list[int]:
        return [one["level"] for one in self.kept.values()]


class World:
    def __init__(self, path: Path) -> None:
        self.keeper = Keeper(path)
        self.service = FakeService()
        self.pauses: list[float] = []
        self.outbox = self.another()

    def another(self) -> Outbox:
        """As a new server of the same learner's has it."""

        def pause(seconds: float) -> float:
            self.pauses.append(seconds)
            return 0.0

        outbox = Outbox(SERVICE, self.keeper, self.service.post, pause=pause)
        self.keeper.appended = outbox.kick
        return outbox

    async def hint(self, *levels: int) -> None:
        for level in levels:
            await self.keeper.append("L04", "one", 1, HintShown(level))

    async def until(self, done: Callable[[], bool]) -> None:
        async def wait() -> None:
            while not done():
                await asyncio.sleep(0)
                await self.keeper.memories()

        await asyncio.wait_for(wait(), 60)

    async def quiet(self) -> None:
        """Until nothing is sent any more."""
        await self.until(lambda: self.outbox._task is not None and self.outbox._task.done())


def run(path: Path, story: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    async def all_of_it() -> None:
        world = World(path / "progress.sqlite")
        try:
            await story(world)
        finally:
            await world.outbox.close()
            await world.keeper.close()

    asyncio.run(all_of_it())


def test_what_is_done_is_sent_at_once_and_then_nothing_runs(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.hint(1, 2)
        await world.quiet()
        assert world.service.levels == [1, 2]
        assert world.outbox.standing.waiting == 0
        batches = world.service.batches
        await world.keeper.memories()
        assert world.service.batches == batches

    run(tmp_path, story)


def test_nothing_is_lost_while_the_service_is_down_and_tries_come_further_apart(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        failures = iter(range(9))

        def down() -> None:
            if next(failures, None) is not None:
                raise Unreachable("it cannot be reached")

        world.service.before = down
        await world.hint(1, 2, 3)
        await world.quiet()
        assert world.service.levels == [1, 2, 3]
        assert world.pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
        assert world.outbox.standing == type(world.outbox.standing)()

    run(tmp_path, story)


def test_an_answer_that_is_lost_makes_nothing_count_twice(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        failures = iter(range(3))

        def cut() -> None:
            if next(failures, None) is not None:
                raise Unreachable("it did not answer in time")

        world.service.after = cut
        await world.hint(1, 2)
        await world.quiet()
        assert world.service.levels == [1, 2]
        assert world.service.batches >= 4

    run(tmp_path, story)


def test_what_a_killed_server_had_not_sent_the_next_one_sends(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.service.gate.clear()
        await world.hint(1, 2)
        await world.outbox.close()
        assert world.service.kept == {}
        world.service.gate.set()
        world.outbox = world.another()
        world.outbox.begin()
        await world.quiet()
        assert world.service.levels == [1, 2]

    run(tmp_path, story)


def test_two_servers_of_one_learner_send_everything_once(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.hint(1)
        await world.quiet()
        second = world.another()
        await world.hint(2, 3)
        world.outbox.kick()
        await world.until(lambda: len(world.service.kept) == 3)
        await second.close()
        assert sorted(world.service.levels) == [1, 2, 3]

    run(tmp_path, story)


def test_another_service_gets_the_whole_log(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.hint(1, 2)
        await world.quiet()
        other = FakeService()
        outbox = Outbox("http://other/", world.keeper, other.post, pause=lambda seconds: 0.0)
        outbox.kick()
        await world.until(lambda: other.levels == [1, 2])
        await outbox.close()

    run(tmp_path, story)


def test_more_than_a_batch_goes_in_several_in_order(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.service.gate.clear()
        many = reports.BATCH + 30
        await world.hint(*range(1, many + 1))
        world.service.gate.set()
        await world.quiet()
        assert world.service.levels == list(range(1, many + 1))

    run(tmp_path, story)


def test_a_refused_line_is_told_once_and_does_not_hold_up_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        world.service.refuse = {0}
        await world.hint(1)
        await world.quiet()
        world.service.refuse = set()
        await world.hint(2)
        await world.quiet()
        assert world.service.levels == [1, 2]

    run(tmp_path, story)
    assert [record.message for record in caplog.records] == ["class service: line 1 was refused: not well-formed"]


def test_a_service_that_says_no_is_asked_rarely_and_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(world: World) -> None:
        failures = iter(range(3))

        def forbidden() -> None:
            if next(failures, None) is not None:
                raise Unreachable("it answered 403", lasting=True)

        world.service.before = forbidden
        await world.hint(1)
        await world.quiet()
        assert world.pauses == [300, 300, 300]

    run(tmp_path, story)
    assert [record.levelno for record in caplog.records if "403" in record.message] == [logging.WARNING]


def test_what_a_learner_wrote_goes_into_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def story(world: World) -> None:
        world.service.before = _fail_once()
        await world.keeper.append("L04", "one", 1, HelpAsked("my secret"))
        await world.quiet()
        assert [one["message"] for one in world.service.kept.values()] == ["my secret"]

    run(tmp_path, story)
    assert "my secret" not in caplog.text


def _fail_once() -> Callable[[], None]:
    failures = iter([1])

    def fail() -> None:
        if next(failures, None) is not None:
            raise Unreachable("it cannot be reached")

    return fail


@pytest.mark.parametrize(("says", "wanted"), [(True, True), (False, False), (None, False)])
def test_a_clip_is_sent_after_its_line_and_only_to_a_class_that_wants_any(
    tmp_path: Path, says: bool | None, wanted: bool
) -> None:
    async def story(world: World) -> None:
        told: list[tuple[str, bool, int]] = []
        failures = iter([1])

        async def clip(name: str, wanted: bool) -> None:
            if next(failures, None) is not None:
                raise Unreachable("it cannot be reached")
            told.append((name, wanted, len(world.service.kept)))

        world.service.replays = says
        world.outbox = Outbox(SERVICE, world.keeper, world.service.post, clip=clip, pause=lambda seconds: 0.0)
        world.keeper.appended = world.outbox.kick
        await world.hint(1)
        await world.keeper.append("L04", "one", 1, Filmed("a" * 32))
        await world.quiet()
        # The first try failed: line and clip were sent again, and the line counts once.
        assert set(told) == {("a" * 32, wanted, 2)}
        assert world.outbox.replays is wanted
        assert [one.get("clip") for one in world.service.kept.values()] == ["", "a" * 32]

    run(tmp_path, story)
