"""The replay of a run that a learner checked: its page, the film that the page's script asks for, and its language."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from parallab import languages, retelling, wire
from parallab.hub import views
from parallab.hub.course import LabName
from parallab.hub.pages import ClassHandler, class_of, date
from parallab.hub.record import Received
from parallab.hub.security import POLICY, StaffHandler
from parallab.hub.texts import Texts
from parallab.problems import Problem

#: The browser's texts in a language, made of parallab.po.
TEXTS = "parallab.json"


class ReplayPage(ClassHandler):
    """GET class/{class}/replay/{learner}/{clip}: a page for the film."""

    async def get(self, path: str, learner: str, clip: str) -> None:
        """Shows it; the script brings the rest."""
        name = await self.may_see(class_of(path), learner)
        if clip not in await self.service.clips(name):
            await self.service.clip(name, clip)
        language = self.texts.language
        # A picture of it is drawn from an image that is written into its own address.
        self.set_header("Content-Security-Policy", POLICY.replace("img-src 'self'", "img-src 'self' data:"))
        self.render(
            "replay.html",
            path=path,
            learner=name,
            clip=clip,
            run=run_of(await self.service.history(name), clip, self.labs, self.texts),
            browser_texts=self.url("texts", language) if language != "en" else "",
        )


def run_of(history: Sequence[Received], clip: str, labs: Sequence[LabName], texts: Texts) -> dict[str, Any]:
    """What the history says of a clip: where the run was, when it was checked, and what came of that."""
    run: Received | None = None
    checked: Received | None = None
    for one in history:  # the newest first
        report = one.report
        if report.clip == clip:
            run = one
        elif run is not None and report.kind == "judged" and _same_step(one, run):
            checked = one
            break
    return {
        "where": views.where(labs, run.report.lab, run.report.step) if run is not None else "",
        "at": date(checked.happened) if checked is not None else "",
        "message": texts.sentence(checked.report.message, checked.report.lab) if checked is not None else "",
    }


def _same_step(one: Received, other: Received) -> bool:
    return (one.report.lab, one.report.step) == (other.report.lab, other.report.step)


class ClipData(ClassHandler):
    """GET class/{class}/clip/{learner}/{clip}: the film, in the reader's language."""

    async def get(self, path: str, learner: str, clip: str) -> None:
        """Sends it."""
        name = await self.may_see(class_of(path), learner)
        found = await self.service.clip(name, clip)
        told = await asyncio.to_thread(_told, found, self.texts.language)
        self.set_header("Content-Type", "application/json")
        self.finish(told)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A problem as JSON: the script tells it."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        reason = error.reason if isinstance(error, Problem) else ""
        self.set_header("Content-Type", "application/json")
        sentence = self.texts.sentence(self.sentence(status_code, error))
        self.finish(msgspec.json.encode(wire.ProblemReply(sentence, reason)))


def _told(film: wire.Film, tongue: str) -> bytes:
    """The film as it is sent; it may be large, and a catalogue takes its time to be read."""
    ours = languages.ours(tongue)
    return msgspec.json.encode(film if ours is None else retelling.retold(film, ours))


class TextsHandler(StaffHandler):
    """GET texts/{language}: the browser's texts in a language."""

    async def get(self, name: str) -> None:
        """Sends them.

        :raises Problem: 404, there is no catalogue.
        """
        folder = languages.places().get(name)
        if folder is None or not (folder / TEXTS).is_file():
            raise Problem(404, "There is no catalogue of this language.")
        self.set_header("Content-Type", "application/json")
        self.finish((folder / TEXTS).read_bytes())
