"""Learners' servers that lie, flood and break rules, by real HTTP: the class's pages and files stand all the same."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

from hub.rig import Reply, ask
from hub.stage import PREFIX, staged
from hub.test_service import LAB, OTHER, notebook, report
from parallab.classroom import Access, Classroom
from parallab.hub import database, intake, record
from parallab.problems import Problem
from parallab.store import Keeper

pytestmark = pytest.mark.asyncio

DEEP = "[" * 50_000 + "]" * 50_000
#: A page and every file of the class.
SEEN = (
    "class/~everybody",
    "class/~everybody/L04",
    "class/~everybody/learner/mallory",
    *(f"class/~everybody/export/{kind}" for kind in ("csv", "canvas", "moodle", "json", "xapi")),
)


class Mallory:
    """A learner's server that sends what it likes."""

    def __init__(self, port: int, name: str = "mallory") -> None:
        self._base = f"http://127.0.0.1:{port}{PREFIX}"
        self._name = name

    async def __call__(self, method: str, path: str, body: Any = None) -> Reply:
        return await asyncio.to_thread(ask, method, self._base + path, token=self._name, body=body)

    async def report(self, *reports: Any) -> Reply:
        return await self("POST", "api/reports", {"schema": 1, "reports": list(reports)})


@pytest.mark.parametrize("age", [0.0, 1e11, 1e18, 1e308])
async def test_whatever_a_clock_says_the_class_can_be_seen_and_taken_out(tmp_path: Path, age: float) -> None:
    async with staged(tmp_path, (LAB, OTHER), "mallory") as (_, port):
        mallory = Mallory(port)
        sent = [report(kind, age=age, verdict="passed") for kind in ("judged", "predicted", "answers")]
        reply = await mallory.report(*sent, report("help", age=age, message="?"))
        assert (reply.status, reply.json["new"], reply.json["refused"]) == (200, 4, [])
        for path in SEEN:
            assert (await mallory("GET", path)).status == 200, path
        assert "passed" in (await mallory("GET", "class/~everybody/learner/mallory")).text


@pytest.mark.parametrize(
    "body",
    [
        DEEP,
        f'{{"schema": 1, "reports": {DEEP}}}',
        '{"schema": 1, "reports": NaN}',
        '{"schema": 1e400, "reports": []}',
        '{"\ud800": 1}',
        "null",
        "\0",
        '"' + "x" * 900_000 + '"',
    ],
    ids=["deep", "deep reports", "NaN", "infinite", "half a character", "null", "zero byte", "long"],
)
async def test_what_is_no_batch_is_refused_in_words(tmp_path: Path, body: str) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (_, port):
        reply = await Mallory(port)("POST", "api/reports", body.encode("utf-8", "surrogatepass"))
        assert reply.status == 400
        assert reply.json["message"] == "These are no reports as a learner's Parallab sends them."


async def test_a_bad_report_among_good_ones_is_refused_alone(tmp_path: Path) -> None:
    good = report(message="fine")
    bad = [
        {**report(), "version": 2**70},
        {**report(), "level": 10**40},
        {**report(), "age": "soon"},
        {**report(), "lab": "x" * 121},
        {**report(), "step": "\u2028"},
        {**report(), "mistakes": [{"id": "M01", "sentence": "?"}] * 41},
        {**report(), "clip": "../../etc/passwd"},
        {**report(), "verdict": "superb"},
        None,
        [],
    ]
    async with staged(tmp_path, (LAB,), "mallory") as (seen, port):
        reply = await Mallory(port).report(*bad, good)
        assert (reply.status, reply.json["new"]) == (200, 1)
        assert [one["place"] for one in reply.json["refused"]] == list(range(len(bad)))
        assert all(one["why"] for one in reply.json["refused"])
        assert seen.board.reports["mallory"] == 1


async def test_of_two_fields_of_one_name_one_counts_and_what_came_first_stays(tmp_path: Path) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (seen, port):
        mallory = Mallory(port)
        one = report("judged", verdict="failed")
        twice = json.dumps(one)[:-1] + ', "verdict": "passed"}'
        reply = await mallory("POST", "api/reports", f'{{"schema": 1, "reports": [{twice}]}}'.encode())
        assert reply.json["new"] == 1
        kept = seen.board.records["mallory"].step("L04", "one")
        for changed in ({**one, "verdict": "failed"}, {**one, "step": "two"}, {**one, "age": 1e9}):
            assert (await mallory.report(changed)).json["new"] == 0, "replayed with other content it is still the same"
        assert seen.board.records["mallory"].step("L04", "one") == kept
        assert seen.board.records["mallory"].labs["L04"].keys() == {"one"}


async def test_names_without_end_cost_a_bounded_record_and_honest_work_is_still_seen(tmp_path: Path) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (seen, port):
        mallory = Mallory(port)
        await mallory.report(report("judged", verdict="failed"))
        for batch in range(3):
            names = [f"{batch}-{number}" for number in range(150)]
            await mallory.report(*(report("hint", lab=name) for name in names))
            await mallory.report(*(report("hint", step=name) for name in names))
            mistakes = [[{"id": f"{name}-{n}", "sentence": "?"} for n in range(30)] for name in names]
            await mallory.report(*(report("judged", verdict="failed", mistakes=made) for made in mistakes))
        await mallory.report(report("judged", verdict="passed"))
        mine = seen.board.records["mallory"]
        assert len(mine.labs) == record.LABS
        assert len(mine.labs["L04"]) == record.STEPS
        assert len(mine.step("L04", "one").mistakes) == record.MISTAKES
        assert mine.step("L04", "one").verdict == "passed"


async def test_who_sends_without_end_is_told_that_it_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "REPORTS", 5)
    async with staged(tmp_path, (LAB,), "mallory", "ada") as (seen, port):
        mallory, ada = Mallory(port), Mallory(port, "ada")
        assert (await mallory.report(*(report() for _ in range(3)))).json["new"] == 3
        more = (await mallory.report(*(report() for _ in range(4)))).json
        assert (more["new"], [one["place"] for one in more["refused"]]) == (2, [2, 3])
        assert "5 reports are kept" in more["refused"][0]["why"]
        assert (await ada.report(*(report() for _ in range(5)))).json["new"] == 5
        await seen.forget("mallory")
        assert (await mallory.report(report())).json["new"] == 1


async def test_only_so_many_wait_for_an_answer_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "WAITING", 2)
    async with staged(tmp_path, (LAB,), "mallory", "ada") as (seen, port):
        mallory, ada = Mallory(port), Mallory(port, "ada")
        await asyncio.gather(mallory.report(report("help", message="?")), ada.report(report("help", message="why?")))
        waiting = [asyncio.create_task(mallory("GET", "api/help")) for _ in range(3)]
        first, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [one.result().status for one in first] == [429]
        other = asyncio.create_task(ada("GET", "api/help"))
        for question in list(seen.board.questions):
            await seen.answer(question, "Like this.", "teach")
        answered = [one.json["answers"] for one in await asyncio.gather(other, *(set(waiting) - first))]
        assert [[one["text"] for one in mine] for mine in answered] == [["Like this."]] * 3
        assert not seen.intake._waiting, "nobody waits any more"


async def test_a_database_that_is_away_is_told_in_a_line_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(database, "BUSY", 50)
    async with staged(tmp_path, (LAB,), "ada") as (seen, port):
        ada = Mallory(port, "ada")
        one = report("help", message="why?")
        with closing(sqlite3.connect(tmp_path / "class.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            away = [await ada.report(one), await ada("GET", "class/~everybody/learner/ada")]
        assert [reply.status for reply in away] == [503, 503]
        assert all("Nothing is lost; try again in a moment." in reply.text for reply in away)
        assert [record for record in caplog.records if record.exc_info] == [], "no traceback for each request"
        assert "the class's database does not answer: OperationalError /services/parallab/api/reports" in caplog.text
        assert (await ada.report(one)).json["new"] == 1
        assert seen.board.reports["ada"] == 1


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_no_errors_of_ours(tmp_path: Path, method: str) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (_, port):
        for path in ("", "health", "api/reports", "api/me", "api/handins/L04", "class/~everybody", "class/x/forget"):
            assert (await Mallory(port)(method, path)).status == 405, path


@pytest.mark.parametrize(
    "path",
    [
        "api/handins/..%2F..%2Fetc%2Fpasswd",
        "api/handins/%00",
        f"api/handins/{'x' * 5000}",
        f"api/clips/{'0' * 32}",
    ],
)
@pytest.mark.parametrize("body", [b"", b"\xff\xfe", DEEP.encode(), b'{"cells": ' + b"9" * 5000 + b"}"])
async def test_what_is_no_notebook_and_no_replay_is_refused(tmp_path: Path, path: str, body: bytes) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (seen, port):
        reply = await Mallory(port)("POST", path, body)
        assert reply.status in (400, 404)
        assert reply.json["message"]
        assert "Traceback" not in reply.text
        assert not seen.board.handins


@pytest.mark.parametrize(
    "fields",
    [
        "lab=L04&due=9999-99-99T00:00",
        "lab=L04&due=9999-12-31T23:59&due=x",
        "lab=%00&due=",
        "lab=L04&due=" + "9" * 5000,
        "lab=L04&due=-0001-01-01T00:00",
        "%ff=%fe&lab=%ff",
        "",
    ],
)
async def test_a_deadline_that_is_none_is_refused_on_a_page(tmp_path: Path, fields: str) -> None:
    async with staged(tmp_path, (LAB,), "ada") as (seen, port):
        reply = await Mallory(port)("POST", "class/~everybody/deadline", fields.encode())
        assert reply.status in (400, 404, 303)
        assert "Traceback" not in reply.text
        for path in SEEN[:2]:
            assert (await Mallory(port)("GET", path)).status == 200


@pytest.mark.parametrize("due", ["0001-01-01T00:00", "9999-12-31T23:59"])
async def test_any_deadline_that_a_browser_can_send_can_be_shown(tmp_path: Path, due: str) -> None:
    async with staged(tmp_path, (LAB,), "ada") as (seen, port):
        teacher = Mallory(port)
        assert (await teacher("POST", "class/~everybody/deadline", f"lab=L04&due={due}".encode())).status == 303
        assert due[:10] in (await teacher("GET", "class/~everybody/L04")).text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "This is no notebook. Save it in JupyterLab, then hand it in again."),
        (notebook("L05"), "This is a notebook of L05, not of L04. Open L04 from the sidebar, then hand in."),
        (b'{"cells": []}', "This is no lab's notebook, not of L04. Open L04 from the sidebar, then hand in."),
    ],
)
async def test_what_is_wrong_with_a_notebook_reaches_who_handed_it_in(tmp_path: Path, text: bytes, said: str) -> None:
    async with staged(tmp_path, (LAB, OTHER), "ada") as (seen, port):
        keeper = Keeper(tmp_path / "home" / "progress.sqlite")
        classroom = Classroom(Access(f"http://127.0.0.1:{port}{PREFIX}", "ada"), keeper)
        try:
            with pytest.raises(Problem) as refused:
                await classroom.hand_in("L04", text)
            assert (refused.value.status, refused.value.message) == (409, f"Your notebook was not handed in. {said}")
            assert not seen.board.handins
            assert (await classroom.hand_in("L04", notebook())).at > 0
        finally:
            await classroom.close()
            await keeper.close()


#: Fields of reports that no Parallab sends, and whether such a report is taken (without harm) or refused.
DISGUISED: dict[str, tuple[dict[str, Any], bool]] = {
    "a step of a path": ({"step": "../../../etc/passwd"}, True),
    "a lab of another course": ({"lab": "../L04:one"}, True),
    "a version yet to come": ({"version": 2**31 - 1, "kind": "judged-by-oracle"}, True),
    "a version below all": ({"version": -(2**31)}, True),
    "a kind that says all": ({"kind": "override", "score": 1, "by": "teach", "excused": True}, True),
    "a field of ours": ({"happened": 0, "received": 9e18, "learner": "ada"}, True),
    "a level below all": ({"kind": "hint", "level": -(2**31)}, True),
    "a verdict that is said of a hint": ({"kind": "hint", "verdict": "passed"}, True),
    "a pass of no verdict": ({"kind": "judged", "verdict": None}, True),
    "letters that turn the line": ({"step": "one\u202eenO"}, False),
    "letters of no width": ({"lab": "L04\u200b"}, False),
    "a flood of accents": ({"step": "o" + "\u0301" * 200}, False),
    "a time to come": ({"age": -1e-9}, False),
    "a time that is true": ({"age": True}, False),
    "a time of ten thousand digits": ({"age": 10**4000}, False),
    "a version with a comma": ({"version": 1.5}, False),
    "an id in capitals": ({"id": "A" * 32}, False),
    "an id with a line after it": ({"id": "a" * 32 + "\n"}, False),
    "a clip of another's": ({"kind": "filmed", "clip": "0" * 31 + "/"}, False),
    "a mistake that is a number": ({"mistakes": [7]}, False),
    "a list that is one": ({"lab": ["L04"]}, False),
}


@pytest.mark.parametrize("name", DISGUISED)
async def test_no_report_in_disguise_passes_a_step_or_harms_the_class(tmp_path: Path, name: str) -> None:
    fields, taken = DISGUISED[name]
    async with staged(tmp_path, (LAB, OTHER), "mallory", "ada") as (seen, port):
        mallory = Mallory(port)
        reply = await mallory.report({**report(), **fields}, report("judged", verdict="failed"))
        assert (reply.status, reply.json["new"]) == (200, 1 + taken), reply.text
        assert [one["place"] for one in reply.json["refused"]] == [0] * (not taken)
        assert set(seen.board.records) == {"mallory"}, "nobody writes for another"
        assert all(not one.passed for one in (await seen.results("*"))["mallory"].values())
        for path in SEEN:
            assert (await mallory("GET", path)).status == 200, path


@pytest.mark.parametrize("fields", [{"age": float("nan")}, {"age": float("inf")}, {"message": "\ud83d"}])
async def test_a_batch_that_is_not_json_is_refused_as_a_whole(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (seen, port):
        reply = await Mallory(port).report({**report(), **fields}, report("judged", verdict="failed"))
        assert (reply.status, seen.board.records) == (400, {})
        assert reply.json["message"] == "These are no reports as a learner's Parallab sends them."


async def test_reports_in_the_wrong_order_and_from_another_time_zone_take_nothing_back(tmp_path: Path) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (seen, port):
        mallory = Mallory(port)
        passed, failed = (
            report("judged", verdict=verdict, age=age) for verdict, age in (("passed", 60), ("failed", 90))
        )
        for batch in ([passed], [failed], [failed, passed, failed], [report("reset", age=14 * 3600.0)]):
            assert (await mallory.report(*batch)).status == 200
        mine = seen.board.records["mallory"].step("L04", "one")
        assert (mine.verdict, mine.tries) == ("passed", 2)


async def test_what_turns_a_line_around_turns_only_its_own(tmp_path: Path) -> None:
    async with staged(tmp_path, (LAB,), "mallory") as (_, port):
        mallory = Mallory(port)
        turned = "please\u202e\u2066<script>alert(1)</script>\x1b[31m{{ 7*7 }}\x07"
        await mallory.report(report("help", message=turned), report("judged", verdict="failed", message=turned))
        for path in SEEN[:3]:
            page = (await mallory("GET", path)).text
            assert "<script>alert" not in page
            assert ">please" not in page or "7*7" in page, "it is no template"
        history = (await mallory("GET", SEEN[2])).text
        assert "&lt;script&gt;alert(1)" in history
