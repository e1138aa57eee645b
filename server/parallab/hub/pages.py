"""The pages of a class, rendered here; ``live`` sends the parts of them that change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from parallab.hub import exports, views
from parallab.hub.course import LabName
from parallab.hub.recheck import Rechecks
from parallab.hub.record import LearnerRecord, Received
from parallab.hub.results import rechecked
from parallab.hub.rights import EVERYBODY
from parallab.hub.security import StaffHandler
from parallab.hub.service import Service
from parallab.problems import Problem

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
        names = views.Names(enrolled.learners, shown=shown, secret=self.service.board.life)
        named = self.service.lab(lab) if lab else None
        teaches = class_name in self.teachable
        return Sight(class_name, named, names, enrolled.learners, enrolled.trouble, teaches)

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
        return {**super().get_template_namespace(), "url": self.url, "escape_path": escape_path, "date": date}


def date(at: float | None) -> str:
    """A moment for people, in UTC: whoever reads it may be anywhere."""
    return "" if at is None else datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def fragments(service: Service, sight: Sight, learners: list[str] | None, render: Any) -> dict[str, dict[str, str]]:
    """The changing parts of a page as HTML: the rows of these learners (None: of all), and everything around them."""
    now = time.time()
    board = service.board
    rows = _rows(service, sight, sight.names.order if learners is None else learners, now, render)
    # Of equal tries the order is by name: the same part twice would be told as a change.
    stuck = views.stuck(board, sight.names, sight.names.order, service.labs, now)
    asks = views.asks(board.questions.values(), sight.names, sight.learners, now)
    records = [board.records.get(learner) for learner in sight.learners]
    parts = {
        "stuck": render("stuck.html", stuck=stuck, sight=sight),
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
        heat = views.heat(board, sight.learners, sight.lab)
        parts["heat"] = render("heat.html", heat=heat, lab=sight.lab)
        again = views.again(board, sight.names, sight.names.order, sight.lab)
        run = board.runs.get((sight.class_name, sight.lab.id))
        parts["recheck"] = render("recheck.html", again=again, run=run, sight=sight)
    return {"rows": rows, "parts": parts}


def _rows(service: Service, sight: Sight, learners: Iterable[str], now: float, render: Any) -> dict[str, str]:
    """The rows of these learners, in the class's order. One template for all: to begin one costs as much as a row."""
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
                yield views.line(service.board, sight.names, service.labs, sight.lab, learner, now, result)

    render("rows.html", lines=lines(), keep=keep, sight=sight)
    return made


class HomeHandler(ClassHandler):
    """GET the service's root: the classes that are this person's, or the class if it is one."""

    async def get(self) -> None:
        """Shows them."""
        if len(self.readable) == 1:
            self.redirect(self.url("class", path_of(self.readable[0])))
            return
        titles = self.service.roster.classes
        self.render("home.html", classes=[(path_of(name), titles[name]) for name in self.readable])


class ClassPage(ClassHandler):
    """GET class/{class}[/{lab}]: who is where."""

    async def get(self, path: str, lab: str | None = None) -> None:
        """Shows it."""
        sight = await self.sight(path, lab)
        board = self.service.board
        # Before what is shown is read: a change in between is then sent, not lost.
        version = board.version
        made = fragments(self.service, sight, None, self.part)
        deadline = board.deadlines.get((sight.class_name, sight.lab.id)) if sight.lab else None
        self.render(
            "class.html",
            sight=sight,
            title=self.service.roster.classes[sight.class_name],
            labs=self.service.labs,
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


class LearnerPage(ClassHandler):
    """GET class/{class}/learner/{name}: what one learner did."""

    async def get(self, path: str, learner: str) -> None:
        """Shows it."""
        class_name = class_of(path)
        name = await self.may_see(class_name, learner)
        board = self.service.board
        record = board.records.get(name) or LearnerRecord()
        self.render(
            "learner.html",
            path=path,
            learner=name,
            record=record,
            labs=[
                (
                    lab,
                    self.service.result(class_name, lab, name),
                    board.handins.get((name, lab.id)),
                    rechecked(board, lab, name),
                )
                for lab in self.service.labs
            ],
            cell=views.step_cell,
            history=_history(await self.service.history(name), await self.service.clips(name)),
            teaches=class_name in self.teachable,
        )


#: What each kind of report means, for people.
_KINDS = {
    "opened": "opened the lab",
    "judged": "checked",
    "break-met": "broke it as asked",
    "predicted": "predicted",
    "answers": "answered",
    "hint": "looked at a hint",
    "solution": "looked at the solution",
    "reset": "began the step anew",
    "help": "asked for help",
    "help-answered": "got an answer",
    "help-over": "needs no help any more",
    "handed-in": "handed the notebook in",
}


def _history(received: Sequence[Received], clips: frozenset[str]) -> list[dict[str, Any]]:
    """The lines of a history, the newest first. A clip is told with the check before it, if it is still kept."""
    lines = []
    clip: dict[tuple[str, str], str] = {}
    for one in received:
        where = (one.report.lab, one.report.step)
        if one.report.kind == "filmed":
            clip[where] = one.report.clip if one.report.clip in clips else ""
        else:
            lines.append(_told(one, clip.pop(where, "") if one.report.kind == "judged" else ""))
    return lines


def _told(one: Received, clip: str) -> dict[str, Any]:
    report = one.report
    mistake = report.mistakes[-1] if report.mistakes else None
    delay = one.received - one.happened
    return {
        "at": date(one.happened),
        "delay": views.ago(delay) if delay >= 60 else "",
        "where": f"{report.lab} {report.step}".strip(),
        "what": _KINDS.get(report.kind, report.kind),
        "verdict": report.verdict or "",
        "mistake": f"{mistake.sentence} ({mistake.id})" if mistake else "",
        "message": report.message,
        "clip": clip,
    }


class NotebookDownload(ClassHandler):
    """GET class/{class}/notebook/{learner}/{lab}: what was handed in, as a file, never as a page."""

    async def get(self, path: str, learner: str, lab: str) -> None:
        """Sends it."""
        name = await self.may_see(class_of(path), learner)
        found = await self.service.notebook(name, lab)
        self.download(f"{name}-{lab}.ipynb", "application/x-ipynb+json", found)


class ExportDownload(ClassHandler):
    """GET class/{class}/export/{format}."""

    async def get(self, path: str, form: str) -> None:
        """Sends the file."""
        class_name = self.may_read(class_of(path))
        labs, results = self.service.labs, await self.service.results(class_name)
        title = self.service.roster.classes[class_name]
        home = f"{self.request.protocol}://{self.request.host}/"
        if form == "json":
            self.download("parallab.json", "application/json", exports.as_json(title, labs, results, time.time()))
        elif form == "xapi":
            self.download("parallab-xapi.json", "application/json", exports.xapi(labs, results, home))
        else:
            text = {
                "csv": lambda: exports.plain_csv(labs, results),
                "canvas": lambda: exports.canvas_csv(labs, results, title),
                "moodle": lambda: exports.moodle_csv(labs, results),
            }.get(form)
            if text is None:
                raise Problem(404, "There are exports csv, canvas, moodle, json and xapi.")
            self.download(f"parallab-{form}.csv", "text/csv; charset=UTF-8", text().encode())


class AnswerForm(ClassHandler):
    """POST class/{class}/answer: an answer to a learner's question."""

    async def post(self, path: str) -> None:
        """Sends it to the learner."""
        class_name = self.may_read(class_of(path))
        question = self.service.question(_number(self.get_body_argument("question", "")))
        await self.may_see(class_name, question.learner)
        await self.service.answer(question.number, self.get_body_argument("text", ""), self.name)
        self.back(path)


class DeadlineForm(ClassHandler):
    """POST class/{class}/deadline."""

    async def post(self, path: str) -> None:
        """Sets or clears it."""
        class_name = self.may_teach(class_of(path))
        lab, due = self.get_body_argument("lab", ""), self.get_body_argument("due", "")
        await self.service.set_deadline(class_name, lab, _moment(due) if due else None, self.name)
        self.back(path)


class RulingForm(ClassHandler):
    """POST class/{class}/ruling: excuse, override, or take either back."""

    async def post(self, path: str) -> None:
        """Keeps it."""
        class_name = self.may_teach(class_of(path))
        learner = await self.may_see(class_name, self.get_body_argument("learner", ""))
        lab, what = self.get_body_argument("lab", ""), self.get_body_argument("what", "")
        if what == "clear":
            await self.service.unrule(learner, lab)
        elif what in ("excuse", "override"):
            score = _percent(self.get_body_argument("score", "")) if what == "override" else None
            reason = self.get_body_argument("reason", "")
            await self.service.rule(learner, lab, self.name, excused=what == "excuse", score=score, reason=reason)
        else:
            raise Problem(400, "Choose to excuse, to override, or to take it back.")
        self.redirect(self.url("class", path, "learner", escape_path(learner)), status=303)


class RecheckForm(ClassHandler):
    """POST class/{class}/recheck: runs what was handed in for a lab again, or ends that."""

    async def post(self, path: str) -> None:
        """Begins it; the page shows how far it is."""
        class_name = self.may_teach(class_of(path))
        rechecks: Rechecks = self.settings["parallab_rechecks"]
        lab, what = self.get_body_argument("lab", ""), self.get_body_argument("what", "")
        if what == "start":
            await rechecks.start(class_name, lab, self.name)
        elif what == "cancel":
            await rechecks.cancel(class_name, lab)
        else:
            raise Problem(400, "Choose to start, or to cancel.")
        self.back(path)


class LtiForm(ClassHandler):
    """POST class/{class}/lti: sends a lab's results to the LMS."""

    async def post(self, path: str) -> None:
        """Sends them, and says what became of it."""
        class_name = self.may_teach(class_of(path))
        lab = self.service.lab(self.get_body_argument("lab", ""))
        sent = await self.service.send_grades(class_name, lab)
        self.render("sent.html", path=path, lab=lab, sent=sent)


class ForgetForm(ClassHandler):
    """POST class/{class}/forget: deletes a learner's records. The name is typed once more, so that it is meant."""

    async def post(self, path: str) -> None:
        """Deletes them."""
        class_name = self.may_teach(class_of(path))
        learner = await self.may_see(class_name, self.get_body_argument("learner", ""))
        if self.get_body_argument("again", "") != learner:
            raise Problem(400, "Type the learner's name to delete their records. Nothing was deleted.")
        await self.service.forget(learner)
        self.redirect(self.url("class", path), status=303)


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Problem(400, "This is no question's number.") from None


def _moment(text: str) -> float:
    """Of ``datetime-local``; in UTC, as the page says."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp()
    except (ValueError, OverflowError):
        raise Problem(400, "A deadline is a date and a time, as 2026-11-30T18:00.") from None


def _percent(text: str) -> float | None:
    try:
        return float(text) / 100
    except ValueError:
        return None
