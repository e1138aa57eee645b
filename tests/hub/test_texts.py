"""The class page in the reader's language: every text of every page is looked up in the catalogue."""

from __future__ import annotations

import asyncio
import gettext
import json
import re
import secrets
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import msgspec
from tornado.httpclient import AsyncHTTPClient, HTTPRequest, HTTPResponse

from corpus import films
from hub.stage import PREFIX, staged
from parallab import clips
from parallab.hub import security
from parallab.hub.board import Run
from parallab.hub.course import LabName, LabWords, StepName
from parallab.hub.lti import Sent
from parallab.hub.service import Service
from parallab.hub.settings import Lti
from parallab.hub.texts import ENGLISH, Texts, spoken
from parallab.phrases import Phrase, Tongue

pytestmark = pytest.mark.asyncio


class MarkedTongue(Tongue):
    """As :class:`Marked`, of finished sentences."""

    def text(self, english: str) -> str:
        return f"⟦{english}⟧" if english else ""


class Marked(gettext.NullTranslations):
    """A language in which every text that was looked up shows that it was."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


GERMAN = "de-AT, de;q=0.9, en;q=0.5"
GERMAN_OF_THE_LAB = (
    *(("Four at once", "Vier gleichzeitig"), ("one after the other", "nacheinander")),
    ("You wait for each before hiring the next.", "Du wartest auf jeden, bevor du den nächsten einstellst."),
)
TONGUE = Tongue("de", [Phrase(*one) for one in GERMAN_OF_THE_LAB])
LAB = LabName(
    "L04",
    "Own processes",
    (StepName("four", "Four", core=True), StepName("life", "Life", core=True)),
    {
        "de": LabWords("Eigene Prozesse", {"four": "Vier"}, TONGUE),
        "xx": LabWords("Own processes", {}, MarkedTongue("xx", [])),
    },
)
OTHER = LabName("L05", "Memory", (StepName("copy", "Copy", core=True),))
#: What in a page is nobody's text: names, what learners and instructors wrote, and what is the same in every language.
DATA = ("ada", "bob", "cy", "dan", "teach", "Why?", "was ill", "Because.", "Everybody", "Parallab", "JSON", "UTC")
NAMES = (LAB.title, OTHER.title, *(step.title for lab in (LAB, OTHER) for step in lab.steps), LAB.id, OTHER.id)
CLIP = clips.pack(films.made("deadlock"))
assert CLIP is not None


class Seen(HTMLParser):
    """The texts of a page that somebody sees or hears."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        self.language = self.language or told.get("lang") or ""
        said = ("aria-label", "title", "data-logged-out", "data-gone", "data-silent", "data-found")
        self.texts += [told[name] or "" for name in said if name in told]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is None:
            self.texts.append(data)


async def send(service: Service, learner: str, *reports: dict[str, Any]) -> None:
    """What a learner's server reports, the oldest first."""
    made = [
        {"id": secrets.token_hex(16), "age": 90.0 + 10 * left, "lab": "L04", "step": "four", "version": 1, **one}
        for left, one in enumerate(reversed(reports))
    ]
    reply = await service.intake.report(learner, msgspec.json.encode({"schema": 1, "reports": made[::-1]}))
    assert not reply.refused


async def lesson(service: Service) -> None:
    """Something of everything that a page can show."""
    mistakes = [{"id": "M13", "sentence": "You wait for each before hiring the next."}]
    wrong = {
        "kind": "judged",
        "verdict": "failed",
        "mistakes": mistakes,
        "message": "Four at once: one after the other",
    }
    done: list[dict[str, Any]] = [
        *({"kind": kind} for kind in ("opened", "predicted", "solution", "reset", "break-met", "handed-in")),
        {"kind": "hint", "level": 1},
        *([wrong] * 3),
        {"kind": "filmed", "clip": CLIP.name},
        {"kind": "answers", "step": "life", "verdict": "passed"},
        {"kind": "help", "message": "Why?"},
        wrong,
    ]
    await send(service, "ada", *done)
    for verdict in ("undecided", "broken", "not-attempted", "passed"):
        await send(service, "bob", {"kind": "judged", "verdict": verdict, "age": 9e5})
    await service.intake.keep_clip("ada", CLIP.name, CLIP.data)
    await service.rule("cy", "L04", "teach", excused=True, score=None, reason="was ill")
    await service.rule("bob", "L04", "teach", excused=False, score=0.5, reason="was ill")
    await service.set_deadline("*", "L04", 1.0, "teach")
    cells = json.dumps({"cells": [], "metadata": {"parallab": {"lab": "L04"}}}).encode()
    await service.intake.hand_in("ada", "L04", cells)


async def get(port: int, path: str, language: str = "", body: str | None = None) -> HTTPResponse:
    """A page, or with a body what becomes of a form."""
    headers = {"Accept-Language": language} if language else {}
    address = f"http://127.0.0.1:{port}{PREFIX}{path}"
    method = "GET" if body is None else "POST"
    return await AsyncHTTPClient().fetch(address, method=method, headers=headers, body=body, raise_error=False)


PAGES = (
    "class/~everybody",
    "class/~everybody/L04",
    "class/~everybody/L04?names=off",
    "class/~everybody/learner/ada",
    "class/~everybody/learner/bob",
    "class/~everybody/learner/cy",
    "class/~everybody/learner/dan",
    f"class/~everybody/replay/ada/{CLIP.name}",
)
#: As *Check all* may stand.
RUNS = (None, Run("teach", waits="it waits"), Run("teach", 3, 1), Run("teach", trouble="it went wrong"))


async def test_every_text_of_every_page_is_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = Texts("xx", Marked(), MarkedTongue("xx", []), [LAB])
    monkeypatch.setattr(security, "spoken", lambda accepted, labs: marked)
    async with staged(tmp_path, (LAB, OTHER), "ada", "bob", "cy", "dan") as (service, port):
        await lesson(service)
        lti = Lti("https://lms", "client", "1", "https://lms/token", "key.pem", {"*": "https://lms/items"})
        service.settings = msgspec.structs.replace(service.settings, lti=lti)

        async def sent(class_name: str, lab: LabName) -> Sent:
            return Sent(2, 1, ("dan",))

        monkeypatch.setattr(service, "send_grades", sent)
        for run in RUNS:
            service.board.runs = {("*", "L04"): run} if run is not None else {}
            for path in PAGES:
                assert foreign(await get(port, path)) == [], path
        reply = await get(port, "class/~everybody/lti", body="lab=L04")
        assert "⟦The LMS took 2 scores.⟧" in reply.body.decode()
        assert foreign(reply) == []
        # What did not work is told as well, also where nothing is there yet.
        assert foreign(await get(port, "class/~everybody/answer", body="question=7"), 404) == []
        assert foreign(await get(port, "class/~everybody/L99"), 404) == []
    (tmp_path / "class.sqlite").unlink()
    async with staged(tmp_path, (LAB, OTHER)) as (_, port):
        assert foreign(await get(port, "class/~everybody/L04")) == []


def foreign(reply: HTTPResponse, status: int = 200) -> list[str]:
    """The texts of a page that were not looked up."""
    assert reply.code == status
    seen = Seen(reply.body.decode())
    assert seen.language == "xx"
    return [text for text in seen.texts if unmarked(text)]


def unmarked(text: str) -> str:
    """The letters of a text that are of no catalogue."""
    while (less := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = less
    for known in sorted((*NAMES, *DATA), key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(known)}(?!\w)", "", text)
    return "".join(letter for letter in re.sub(r"\(M\d\d\)", "", text) if letter.isalpha())


async def test_a_german_browser_is_told_in_german_and_any_other_in_english(tmp_path: Path) -> None:
    async with staged(tmp_path, (LAB, OTHER), "ada", "bob", "cy", "dan") as (service, port):
        await lesson(service)
        german = (await get(port, "class/~everybody/L04", GERMAN)).body.decode()
        told = " ".join(" ".join(Seen(german).texts).split())
        assert Seen(german).language == "de"
        for text in ("L04 Eigene Prozesse", "4 Personen lernen hier", "Namen verbergen", "noch nicht, 4 Versuche"):
            assert text in told
        # A mistake is told by our catalogue's words, and a step that is not translated by its own.
        assert "Du wartest auf jeden, bevor du den nächsten einstellst." in told
        assert "Life" in told
        history = (await get(port, "class/~everybody/learner/ada", GERMAN)).body.decode()
        assert "hat um Hilfe gebeten" in history
        english = (await get(port, "class/~everybody/L04", "fr, en;q=0.5")).body.decode()
        assert Seen(english).language == "en"
        assert "Hide names" in english
        # Files are for machines and other people: they are the same for all.
        files = [(await get(port, "class/~everybody/export/csv", one)).body for one in (GERMAN, "en")]
        assert files[0] == files[1]
        refused = await get(port, "class/~everybody/learner/nobody", GERMAN)
        assert "In diesem Kurs gibt es niemanden mit diesem Namen." in refused.body.decode()


async def test_what_changes_is_sent_in_the_language_of_the_page(tmp_path: Path) -> None:
    async with staged(tmp_path, (LAB,), "ada") as (service, port):
        came: asyncio.Queue[bytes] = asyncio.Queue()
        request = HTTPRequest(
            f"http://127.0.0.1:{port}{PREFIX}class/~everybody/live/L04",
            headers={"Accept-Language": GERMAN},
            streaming_callback=came.put_nowait,
            request_timeout=60,
        )
        client = AsyncHTTPClient(force_instance=True)
        reading = asyncio.ensure_future(client.fetch(request, raise_error=False))
        text = b""
        while "Niemand bittet um Hilfe." not in text.decode(errors="replace"):
            text += await came.get()  # a part of the stream may end anywhere
        await lesson(service)
        while not re.search("(?<!Niemand )bittet um Hilfe", text.decode(errors="replace")):
            text += await came.get()
        client.close()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def test_what_is_not_translated_is_in_english_with_its_fields() -> None:
    assert ENGLISH("{name} answered:", name="Ada") == "Ada answered:"
    assert ENGLISH.count("{n} try", "{n} tries", 1) == "1 try"
    german = spoken(GERMAN, [])
    assert (german.language, german.count("{n} try", "{n} tries", 2)) == ("de", "2 Versuche")
    assert german("No such {text}", text="thing") == "No such thing"
    assert spoken("", []) is ENGLISH
    # Of a lab without a translation nothing is told in German.
    known = spoken(GERMAN, [LAB])
    assert known.sentence("Four at once: one after the other", "L04") == "Vier gleichzeitig: nacheinander"
    assert known.sentence("You wait for each before hiring the next.", "L05").startswith("You wait")
