"""A class's page, and what all pages have in common; ``live`` sends the parts of it that change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from parallab.hub import views
from parallab.hub.course import LabName
from parallab.hub.rights import EVERYBODY
from parallab.hub.security import StaffHandler

#: Seconds that a page waits for a Hub that is slow to say who is in the class: what it says later is sent later.
PATIENCE = 0.5
#: The class of everybody, as it stands in addresses.
EVERYBODY_PATH = "~everybody"


@lru_cache(maxsize=64)
def _digest(trouble: str, learners: frozenset[str]) -> str:
    """Made once for all who look at a class, until other learners come."""
    told = "\0".join([trouble, *sorted(learners)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Sight:
    """What a page looks at: a class, one of its labs or all, with names or without."""

    class_name: str
    lab: LabName | None
    names: views.Names
    learners: frozenset[str]
    trouble: str
    teaches: bool
    """Whether whoever looks may grade."""

    @property
    def path(self) -> str:
        """The class, as it stands in addresses."""
        return path_of(self.class_name)

    @property
    def everybody(self) -> bool:
        """Whether it is the class of all users of the Hub."""
        return self.class_name == EVERYBODY

    @property
    def roster(self) -> str:
        """What tells whether a page of these learners is still one of the class."""
        return _digest(self.trouble, self.learners)


def path_of(class_name: str) -> str:
    """A class's name in an address."""
    return EVERYBODY_PATH if class_name == EVERYBODY else escape_path(class_name)


def escape_path(name: str) -> str:
    """A name as one part of an address."""
    return quote(name, safe="")


def class_of(path: str) -> str:
    """The class that an address names."""
    return EVERYBODY if path == EVERYBODY_PATH else unquote(path)


class ClassHandler(StaffHandler):
    """What the pages of a class have in common."""

    async def prepare(self) -> None:
        """Who it is, and the class as it stands in addresses: Tornado hands over what an address means."""
        await super().prepare()
        if self.path_args:
            self.path_args[0] = escape_path(self.path_args[0])

    async def sight(self, path: str, lab: str | None) -> Sight:
        """What this request looks at.

        :raises web.HTTPError: 403, not this person's class.
        """
        class_name = self.may_read(class_of(path))
        enrolled = await self.service.learners(class_name, PATIENCE)
        shown = self.get_query_argument("names", "on") != "off"
        names = views.Names(enrolled.learners, shown=shown, secret=self.service.board.life, texts=self.texts)
        named = self.service.lab(lab).told_in(self.texts.language) if lab else None
        teaches = class_name in self.teachable
        return Sight(class_name, named, names, enrolled.learners, enrolled.trouble, teaches)

    @property
    def labs(self) -> Sequence[LabName]:
        """The course, in the reader's language."""
        return [lab.told_in(self.texts.language) for lab in self.service.labs]

    def title(self, class_name: str) -> str:
        """What a class is called."""
        return self.texts("Everybody") if class_name == EVERYBODY else self.service.roster.classes[class_name]

    def url(self, *parts: str, **query: str) -> str:
        """An address below the service's own."""
        path = self.settings["parallab_prefix"] + "/".join(parts)
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items() if value)
        return f"{path}?{asked}" if asked else path

    def back(self, path: str) -> None:
        """To the page that a form was sent from, of this class only."""
        lab = self.get_body_argument("back", "")
        names = self.get_body_argument("names", "")
        known = any(one.id == lab for one in self.service.labs)
        self.redirect(self.url("class", path, *([escape_path(lab)] if known else []), names=names), status=303)

    def get_template_namespace(self) -> dict[str, Any]:
        """What every template may use."""
        return {
            **super().get_template_namespace(),
            "url": self.url,
            "escape_path": escape_path,
            "date": date,
            "local": local,
        }


def date(at: float | None) -> str:
    """A moment for people, in UTC: whoever reads it may be anywhere."""
    return "" if at is None else f"{_minute(at)} UTC"


def local(at: float) -> str:
    """As a form's field for date and time has it (datetime-local), in UTC."""
    return _minute(at).replace(" ", "T")


def _minute(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).replace(tzinfo=None).isoformat(" ", "minutes")


def fragments(page: ClassPage, sight: Sight, learners: list[str] | None) -> dict[str, dict[str, str]]:
    """The changing parts of a page as HTML: the rows of these learners (None: of all), and everything around them."""
    now = time.time()
    board, render, labs, texts = page.service.board, page.part, page.labs, page.texts
    rows = _rows(page, sight, sight.names.order if learners is None else learners, now)
    # Of equal tries the order is by name: the same part twice would be told as a change.
    stuck = views.stuck(board, sight.names, sight.names.order, labs, now, texts)
    asks = views.asks(board.questions.values(), sight.names, sight.learners, labs, now, texts)
    records = [board.records.get(learner) for learner in sight.learners]
    parts = {
        "stuck": render("stuck.html", stuck=stuck[: views.MOST], others=len(stuck[views.MOST :]), sight=sight),
        "questions": render("questions.html", asks=asks, sight=sight),
        "summary": render(
            "summary.html",
            enrolled=len(records),
            started=sum(record is not None for record in records),
            here=sum(record is not None and now - record.last < views.GONE for record in records),
            stuck=len(stuck),
            asking=sum(not ask.answered_by for ask in asks),
        ),
    }
    if sight.lab is not None:
        heat = views.heat(board, sight.learners, sight.lab, texts)
        parts["heat"] = render("heat.html", heat=heat, lab=sight.lab)
        again = views.again(board, sight.names, sight.names.order, sight.lab, texts)
        run = board.runs.get((sight.class_name, sight.lab.id))
        parts["recheck"] = render("recheck.html", again=again, run=run, sight=sight)
    return {"rows": rows, "parts": parts}


def _rows(page: ClassPage, sight: Sight, learners: Iterable[str], now: float) -> dict[str, str]:
    """The rows of these learners, in the class's order. One template for all: to begin one costs as much as a row."""
    service, labs = page.service, page.labs
    wanted = frozenset(learners)
    made: dict[str, str] = {}

    def keep(row: str) -> Callable[[bytes], str]:
        def kept(html: bytes) -> str:
            made[row] = html.decode()
            return ""

        return kept

    def lines() -> Iterator[views.Line]:
        for learner in sight.names.order:
            if learner in wanted:
                result = service.result(sight.class_name, sight.lab, learner) if sight.lab is not None else None
                yield views.line(service.board, sight.names, labs, sight.lab, learner, now, result, page.texts)

    page.part("rows.html", lines=lines(), keep=keep, sight=sight)
    return made


class HomeHandler(ClassHandler):
    """GET the service's root: the classes that are this person's, or the class if it is one."""

    async def get(self) -> None:
        """Shows them."""
        if len(self.readable) == 1:
            self.redirect(self.url("class", path_of(self.readable[0])))
            return
        self.render("home.html", classes=[(path_of(name), self.title(name)) for name in self.readable])


class ClassPage(ClassHandler):
    """GET class/{class}[/{lab}]: who is where."""

    async def get(self, path: str, lab: str | None = None) -> None:
        """Shows it."""
        sight = await self.sight(path, lab)
        board = self.service.board
        # Before what is shown is read: a change in between is then sent, not lost.
        version = board.version
        made = fragments(self, sight, None)
        deadline = board.deadlines.get((sight.class_name, sight.lab.id)) if sight.lab else None
        self.render(
            "class.html",
            sight=sight,
            title=self.title(sight.class_name),
            labs=self.labs,
            rows=made["rows"],
            parts=made["parts"],
            life=board.life,
            version=version,
            deadline=deadline,
            lti=self.service.settings.lti is not None,
        )

    def part(self, template: str, **values: Any) -> str:
        """A part of the page as text."""
        return self.render_string(template, **values).decode()
