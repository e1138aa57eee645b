"""What staff do by a class's pages: the files and forms that lead back to a page."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from parallab.hub import exports
from parallab.hub.pages import ClassHandler, class_of, escape_path
from parallab.hub.recheck import Rechecks
from parallab.problems import Problem


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
        self.render("sent.html", path=path, lab=lab.told_in(self.texts.language), sent=sent)


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
