"""When labs are due, from the class to the learner's server: for its own learners, and as the class counts late."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import msgspec

from hub.stage import PREFIX, staged
from hub.test_service import LAB, OTHER, FakeHub, running
from parallab.classroom import Access, Classroom
from parallab.hub.service import Service
from parallab.hub.settings import Group
from parallab.progress import Judged
from parallab.reports import HelpAnswer
from parallab.store import Keeper
from parallab.wire import StepResult

pytestmark = pytest.mark.asyncio

PASSED = Judged(StepResult("one", "code", "passed", counts=True, assisted=False, goals=()))


class Groups(FakeHub):
    """A Hub with groups."""

    def __init__(self, **groups: frozenset[str]) -> None:
        super().__init__(*frozenset().union(*groups.values()))
        self.groups = groups

    async def members(self, group: str) -> frozenset[str]:
        return self.groups.get(group, frozenset())


async def due(service: Service, learner: str) -> dict[str, tuple[float, bool]]:
    """What this learner is told: until when, and whether that is late."""
    return {lab: (one.at, one.late) for lab, one in (await service.intake.due(learner)).due.items()}


async def passes(service: Service, learner: str, lab: str, age: float) -> None:
    """A learner's server tells of a pass so long ago."""
    one: dict[str, Any] = {"id": secrets.token_hex(16), "age": age, "lab": lab, "step": "one", "version": 1}
    body = {"schema": 1, "reports": [{**one, "kind": "judged", "verdict": "passed"}]}
    await service.intake.report(learner, msgspec.json.encode(body))


async def test_each_is_told_of_their_own_classes_and_the_first_of_two_counts(tmp_path: Path) -> None:
    now = time.time()
    hub = Groups(a=frozenset({"ada", "both"}), b=frozenset({"both"}), teachers=frozenset({"teach"}))
    classes = {"a": Group(), "b": Group()}
    async with running(tmp_path, hub, classes=classes, instructors=("teachers",)) as service:
        assert await due(service, "ada") == {}
        await service.set_deadline("a", "L04", now + 100, "teach")
        await service.set_deadline("b", "L04", now + 50, "teach")
        await service.set_deadline("b", "L05", now + 70, "teach")
        assert await due(service, "ada") == {"L04": (now + 100, False)}
        assert await due(service, "both") == {"L04": (now + 50, False), "L05": (now + 70, False)}
        assert await due(service, "teach") == await due(service, "nobody") == {}
        left = (await service.intake.due("ada")).due["L04"].left
        assert left == pytest.approx(now + 100 - time.time(), abs=60)
        await service.set_deadline("a", "L04", None, "teach")
        assert await due(service, "ada") == {}
    async with running(tmp_path, hub) as service:
        # Deadlines of classes that are no more mean nothing.
        assert await due(service, "both") == {}


async def test_late_is_what_passed_after_it_and_who_is_excused_has_no_deadline(tmp_path: Path) -> None:
    now = time.time()
    async with running(tmp_path, FakeHub("early", "late", "never", "ill")) as service:
        await service.set_deadline("*", "L04", now - 100, "teach")
        await passes(service, "early", "L04", age=1000)
        await passes(service, "late", "L04", age=10)
        await service.rule("ill", "L04", "teach", excused=True, score=None, reason="was ill")
        told = {name: await due(service, name) for name in ("early", "late", "never", "ill")}
        missed = (now - 100, False)
        assert told == {
            "early": {"L04": missed},
            "late": {"L04": (now - 100, True)},
            "never": {"L04": missed},
            "ill": {},
        }
        assert (await service.intake.due("never")).due["L04"].left < 0


async def test_the_learners_server_hears_of_it_and_of_being_late(tmp_path: Path) -> None:
    async def deliver(answer: HelpAnswer) -> None:
        raise AssertionError(f"nobody asked: {answer}")

    async with staged(tmp_path, (LAB, OTHER), "ada") as (service, port):
        keeper = Keeper(tmp_path / "home" / "progress.sqlite")
        classroom = Classroom(Access(f"http://127.0.0.1:{port}{PREFIX}", "ada"), keeper)
        changed = asyncio.Event()
        classroom.begin(deliver, changed.set)
        try:
            at = time.time() - 100
            await service.set_deadline("*", "L04", at, "teach")
            # Nobody waits long for a busy service: what it says later is told as a change.
            await classroom.view({})
            await changed.wait()
            told = (await classroom.view({})).due["L04"]
            assert (told.at, told.late) == (at, False)
            assert told.left < 0
            changed.clear()
            await keeper.append("L04", "one", 1, PASSED)
            await changed.wait()
            assert (await classroom.view({})).due["L04"].late
        finally:
            await classroom.close()
            await keeper.close()
