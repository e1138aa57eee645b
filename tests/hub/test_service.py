"""The class service without a Hub around it: keeping and deleting, re-checks, and who a learner is to the LMS."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import msgspec

from corpus import films
from parallab import clips
from parallab.hub.course import LabName, StepName
from parallab.hub.keeping import DAY
from parallab.hub.kept import Recheck
from parallab.hub.recheck import BatchError, Rechecks, Text, Told
from parallab.hub.record import Received
from parallab.hub.roster import HubError, Roster
from parallab.hub.service import Service
from parallab.hub.settings import Settings
from parallab.hub.store import ClassStore
from parallab.problems import Problem
from parallab.reports import Report
from parallab.submission import SubmissionError

pytestmark = pytest.mark.asyncio

LAB = LabName("L04", "Your own processes", (StepName("one", "First", core=True),))
OTHER = LabName("L05", "Memory", (StepName("one", "First", core=True),))


CLIP = clips.pack(films.made("deadlock"))
assert CLIP is not None


class FakeHub:
    """A Hub of these users, without groups; ``trouble`` is what it says instead of an answer."""

    def __init__(self, *users: str) -> None:
        self.names = frozenset(users)
        self.states: dict[str, Any] = {}
        self.trouble = ""
        self.gate = asyncio.Event()
        self.gate.set()

    async def get(self, path: str) -> Any:
        name = path.removeprefix("users/")
        if self.trouble:
            raise HubError(self.trouble)
        return {"name": name, "auth_state": self.states.get(name)} if name in self.names else None

    async def members(self, group: str) -> frozenset[str]:
        return frozenset()

    async def users(self) -> frozenset[str]:
        await self.gate.wait()
        if self.trouble:
            raise HubError(self.trouble)
        return self.names


@asynccontextmanager
async def running(folder: Path, hub: FakeHub, **settings: Any) -> AsyncIterator[Service]:
    """A service with its records in this folder, as a restart finds them."""
    told = Settings(database=f"sqlite:///{folder}/class.sqlite", **settings)
    service = Service(told, ClassStore(told.database), Roster(hub, told), (LAB, OTHER))  # type: ignore[arg-type]
    await service.open()
    try:
        yield service
    finally:
        await service.close()


def notebook(lab: str = "L04", text: str = "") -> bytes:
    cells = [{"cell_type": "code", "metadata": {}, "source": text}]
    return json.dumps({"cells": cells, "metadata": {"parallab": {"lab": lab}}}).encode()


def report(kind: str = "hint", **more: Any) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(16), "age": 0.0, "lab": "L04", "step": "one", "version": 1, "kind": kind, **more
    }  # fmt: skip


async def until(done: Callable[[], bool]) -> None:
    """Lets others go on until it is so."""
    while not done():  # noqa: ASYNC110 - of states that nobody tells of
        await asyncio.sleep(0)


# -- keeping -------------------------------------------------------------------------------


async def test_what_is_older_than_the_days_that_were_told_goes_and_the_rest_stays(tmp_path: Path) -> None:
    old, new = time.time() - 8 * DAY, time.time() - 6 * DAY
    store = ClassStore(f"sqlite:///{tmp_path}/class.sqlite")
    store.open()
    for learner, at in (("ada", old), ("bob", new)):
        one = msgspec.convert(report("help", message="?"), Report)
        store.add([Received(learner, one, at, at)])
        store.hand_in(learner, "L04", "d", notebook(), at)
        store.keep_recheck(Recheck(learner, "L04", "d", at, "{}"))
        store.keep_clip(learner, "0" * 32, b"", at, 20)
    store.close()
    async with running(tmp_path, FakeHub("ada", "bob"), retention=7) as service:
        board = service.board
        assert board.records.keys() == {"ada", "bob"}
        seen = board.version
        retaining = asyncio.create_task(service.retain())
        with board.watching() as woken:
            await woken.wait()
        await until(lambda: "ada" in board.changed_since(seen) and "ada" not in board.records)
        assert "ada" not in board.records
        assert board.records.keys() == {"bob"}
        assert [one.learner for one in board.questions.values()] == ["bob"]
        assert board.handins.keys() == board.rechecks.keys() == {("bob", "L04")}
        assert (await service.clips("ada"), len(await service.clips("bob"))) == (frozenset(), 1)
        assert not retaining.done(), "it looks again tomorrow"
        retaining.cancel()
        await asyncio.gather(retaining, return_exceptions=True)
    async with running(tmp_path, FakeHub("ada", "bob")) as service:
        assert service.board.records.keys() == {"bob"}
        with pytest.raises(Problem, match="has handed in no notebook"):
            await service.notebook("ada", "L04")


async def test_without_a_number_of_days_nothing_goes(tmp_path: Path) -> None:
    store = ClassStore(f"sqlite:///{tmp_path}/class.sqlite")
    store.open()
    store.add([Received("ada", msgspec.convert(report(), Report), 1.0, 1.0)])
    store.close()
    async with running(tmp_path, FakeHub("ada")) as service:
        await service.retain()  # and is done with that
        assert service.board.records.keys() == {"ada"}


async def test_of_a_learner_who_is_deleted_nothing_is_left(tmp_path: Path) -> None:
    async with running(tmp_path, FakeHub("zoe-9", "bob")) as service:
        for learner in ("zoe-9", "bob"):
            await service.intake.report(
                learner, msgspec.json.encode({"schema": 1, "reports": [report("help", message="?")]})
            )
            digest = (await service.intake.hand_in(learner, "L04", notebook())).digest
            await service.keep_recheck(Recheck(learner, "L04", digest, 1.0, "{}"))
            await service.rule(learner, "L04", "teach", excused=True, score=None, reason="ill")
            await service.intake.keep_clip(learner, CLIP.name, CLIP.data)
        await service.forget("zoe-9")
        assert (await service.clips("zoe-9"), await service.clips("bob")) == (frozenset(), {CLIP.name})
        # One that was being run meanwhile.
        await service.keep_recheck(Recheck("zoe-9", "L04", "d", 1.0, "{}"))
        board = service.board
        for kept in (board.handins, board.rechecks, board.rulings):
            assert kept.keys() == {("bob", "L04")}
        assert board.records.keys() == {"bob"}
    assert b"zoe-9" not in (tmp_path / "class.sqlite").read_bytes(), "deleted is overwritten, not only unlinked"


async def test_a_replay_is_kept_as_it_came_and_one_that_is_none_is_not(tmp_path: Path) -> None:
    async with running(tmp_path, FakeHub("ada")) as service:
        assert (await service.intake.report("ada", msgspec.json.encode({"schema": 1, "reports": []}))).replays
        await service.intake.keep_clip("ada", CLIP.name, CLIP.data)
        await service.intake.keep_clip("ada", CLIP.name, CLIP.data)
        assert await service.clip("ada", CLIP.name) == films.made("deadlock")
        for name, data, status in (
            ("0" * 32, CLIP.data, 400),
            (clips.name_of(b"{}"), b"{}", 400),
            (CLIP.name, b"x" * (clips.PACKED + 1), 413),
        ):
            with pytest.raises(Problem) as caught:
                await service.intake.keep_clip("ada", name, data)
            assert caught.value.status == status
        assert await service.clips("ada") == {CLIP.name}
        with pytest.raises(Problem, match="is not kept"):
            await service.clip("bob", CLIP.name)


async def test_a_class_without_replays_says_so_and_takes_none(tmp_path: Path) -> None:
    async with running(tmp_path, FakeHub("ada"), replays=False) as service:
        assert not (await service.intake.report("ada", msgspec.json.encode({"schema": 1, "reports": []}))).replays
        with pytest.raises(Problem, match="keeps no replays"):
            await service.intake.keep_clip("ada", CLIP.name, CLIP.data)


# -- the roster ----------------------------------------------------------------------------


async def test_who_would_not_wait_for_a_slow_hub_sees_who_was_there_and_is_told_when_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallab.hub.roster.FRESH", -1)
    hub = FakeHub("ada")
    async with running(tmp_path, hub) as service:
        hub.gate.clear()
        first = await service.learners("*", patience=0)
        assert (first.learners, first.trouble) == (frozenset(), "it has not answered yet")
        waiting = asyncio.create_task(service.learners("*"))
        with service.board.watching() as woken:
            hub.gate.set()
            await woken.wait()
        assert (await waiting).learners == {"ada"}

        # From now on an answer is there, and is shown while the Hub thinks.
        hub.gate.clear()
        hub.names |= {"bob"}
        old = await service.learners("*", patience=0)
        assert (old.learners, old.trouble) == ({"ada"}, "")
        monkeypatch.setattr("parallab.hub.roster.OLD", -1)
        assert (await service.learners("*", patience=0)).trouble == "it has not answered yet"
        hub.gate.set()
        assert (await service.learners("*")).learners == {"ada", "bob"}

        hub.trouble = "the Hub answered 500"
        kept = await service.learners("*")
        assert (kept.learners, kept.trouble) == ({"ada", "bob"}, "the Hub answered 500")


async def test_an_answer_that_cannot_be_understood_is_trouble_and_the_last_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parallab.hub.roster.FRESH", -1)
    hub = FakeHub("ada")
    async with running(tmp_path, hub) as service:
        await service.learners("*")

        async def odd() -> frozenset[str]:
            raise KeyError("items")

        monkeypatch.setattr(hub, "users", odd)
        kept = await service.learners("*")
        assert (kept.learners, kept.trouble) == ({"ada"}, "its answer cannot be understood")


# -- the LMS -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ({"sub": "u1"}, "u1"),
        ({"id_token": {"sub": "u1"}}, "u1"),
        ({"id_token": "eyJ…", "sub": "u1"}, "u1"),
        ({"sub": 7}, ""),
        ({}, ""),
        (None, ""),
    ],
)
async def test_the_lms_id_is_found_where_authenticators_keep_it(tmp_path: Path, state: Any, found: str) -> None:
    hub = FakeHub("ada")
    hub.states["ada"] = state
    async with running(tmp_path, hub) as service:
        assert await service.roster.lms_id("ada") == found
        assert await service.roster.lms_id("nobody") == ""
        hub.trouble = "the Hub answered 403"
        assert await service.roster.lms_id("ada") == ""


# -- re-checks -----------------------------------------------------------------------------


class FakeBatch:
    """Runs nothing: says of each that it passed, when it is let."""

    def __init__(self) -> None:
        self.asked: list[set[str]] = []
        self.known: list[set[str]] = []
        self.unreadable: dict[str, str] = {}
        self.let = asyncio.Semaphore(0)
        self.error: Exception | None = None

    async def __call__(self, notebooks: Mapping[str, Text], known: Mapping[str, str], told: Told) -> None:
        self.asked.append(set(notebooks))
        self.known.append(set(known))
        for learner, text in notebooks.items():
            await self.let.acquire()
            if self.error is not None:
                raise self.error
            try:
                await asyncio.to_thread(text)
            except SubmissionError as error:
                self.unreadable[learner] = str(error)
            told(learner, "digest", '{"outcome": "passed"}')


@asynccontextmanager
async def rechecking(service: Service, batch: FakeBatch) -> AsyncIterator[Rechecks]:
    made = Rechecks(service, batch)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


async def test_pressed_twice_at_once_it_runs_once_and_one_lab_after_the_other(tmp_path: Path) -> None:
    batch = FakeBatch()
    async with running(tmp_path, FakeHub("ada", "bob", "never")) as service, rechecking(service, batch) as rechecks:
        for learner in ("ada", "bob"):
            await service.intake.hand_in(learner, "L04", notebook())
        await service.intake.hand_in("ada", "L05", notebook("L05"))
        runs = service.board.runs
        await asyncio.gather(*(rechecks.start("*", lab, "teach") for lab in ("L04", "L04", "L05", "L04")))
        await until(lambda: bool(batch.asked))
        assert (runs[("*", "L04")].total, runs[("*", "L04")].done, runs[("*", "L04")].waits) == (2, 0, "")
        assert runs[("*", "L05")].waits == "another lab's notebooks are being run"
        batch.let.release()
        await until(lambda: runs[("*", "L04")].done == 1)
        for _ in range(2):
            batch.let.release()
        await until(lambda: not runs)
        assert batch.asked == [{"ada", "bob"}, {"ada"}]
        assert batch.unreadable == {}
        assert await service.wanted_rechecks() == []
        with pytest.raises(Problem, match="no lab"):
            await rechecks.start("*", "L99", "teach")


async def test_after_a_restart_in_the_middle_it_goes_on_and_knows_what_was_done(tmp_path: Path) -> None:
    hub, batch = FakeHub("ada", "bob"), FakeBatch()
    async with running(tmp_path, hub) as service, rechecking(service, batch) as rechecks:
        for learner in ("ada", "bob"):
            await service.intake.hand_in(learner, "L04", notebook())
        await rechecks.start("*", "L04", "teach")
        batch.let.release()
        await until(lambda: ("ada", "L04") in service.board.rechecks)
    async with running(tmp_path, hub) as service, rechecking(service, batch):
        for _ in range(2):
            batch.let.release()
        await until(lambda: bool(service.board.rechecks) and not service.board.runs)
        assert batch.known == [set(), {"ada"}]
        assert service.board.rechecks.keys() == {("ada", "L04"), ("bob", "L04")}
        assert await service.wanted_rechecks() == []


async def test_cancelled_it_ends_and_does_not_come_back(tmp_path: Path) -> None:
    hub, batch = FakeHub("ada", "bob"), FakeBatch()
    async with running(tmp_path, hub) as service, rechecking(service, batch) as rechecks:
        for learner in ("ada", "bob"):
            await service.intake.hand_in(learner, "L04", notebook())
        await rechecks.start("*", "L04", "teach")
        await rechecks.start("*", "L05", "teach")
        batch.let.release()
        await until(lambda: ("ada", "L04") in service.board.rechecks)
        for lab in ("L05", "L04"):  # one that waits, and one that runs
            await rechecks.cancel("*", lab)
        assert service.board.runs == {}
        assert service.board.rechecks.keys() == {("ada", "L04")}
    async with running(tmp_path, hub) as service, rechecking(service, batch):
        assert service.board.runs == {}


@pytest.mark.parametrize(
    ("error", "said"),
    [(BatchError("bubblewrap is not there: install it"), "bubblewrap is not there"), (ValueError("x"), "try again")],
)
async def test_what_went_wrong_is_said_until_it_is_tried_again(tmp_path: Path, error: Exception, said: str) -> None:
    batch = FakeBatch()
    batch.error = error
    batch.let.release()
    async with running(tmp_path, FakeHub("ada")) as service, rechecking(service, batch) as rechecks:
        await service.intake.hand_in("ada", "L04", notebook())
        await rechecks.start("*", "L04", "teach")
        runs = service.board.runs
        await until(lambda: said in runs[("*", "L04")].trouble)
        assert await service.wanted_rechecks() == []
        batch.error = None
        batch.let.release()
        await until(lambda: ("*", "L04") not in rechecks._tasks)
        await rechecks.start("*", "L04", "teach")
        await until(lambda: not runs)


async def test_it_waits_for_a_hub_that_does_not_say_who_is_in_the_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, batch = FakeHub("ada"), FakeBatch()
    hub.trouble = "the Hub cannot be reached"
    monkeypatch.setattr("parallab.hub.recheck.AGAIN", 0)
    monkeypatch.setattr("parallab.hub.roster.FRESH", -1)
    async with running(tmp_path, hub) as service, rechecking(service, batch) as rechecks:
        await service.intake.hand_in("ada", "L04", notebook())
        await rechecks.start("*", "L04", "teach")
        await until(lambda: "the Hub cannot be reached" in service.board.runs[("*", "L04")].waits)
        hub.trouble = ""
        batch.let.release()
        await until(lambda: not service.board.runs)
        assert batch.asked == [{"ada"}]


async def test_a_notebook_of_another_lab_is_not_taken_and_would_not_be_run(tmp_path: Path) -> None:
    batch = FakeBatch()
    async with running(tmp_path, FakeHub("ada")) as service, rechecking(service, batch) as rechecks:
        for bad in (notebook("L05"), b'{"cells": []}'):
            with pytest.raises(Problem, match="not of L04"):
                await service.intake.hand_in("ada", "L04", bad)
        # As one that an earlier Parallab took.
        await service.inbox.run(lambda store: store.hand_in("ada", "L04", "d", notebook("L05"), 1.0))
        await service._reload()
        await rechecks.start("*", "L04", "teach")
        batch.let.release()
        await until(lambda: bool(batch.unreadable) and not service.board.runs)
        assert batch.unreadable == {"ada": "it is a notebook of “L05”, not of L04"}
