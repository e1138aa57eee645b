"""The page of one learner: results, what was done and when, and the notebooks that were handed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parallab.hub import views
from parallab.hub.checked import Checked
from parallab.hub.course import LabName
from parallab.hub.pages import ClassHandler, class_of, date
from parallab.hub.record import LearnerRecord, Received
from parallab.hub.results import rechecked
from parallab.hub.texts import Texts


class LearnerPage(ClassHandler):
    """GET class/{class}/learner/{name}: what one learner did."""

    async def get(self, path: str, learner: str) -> None:
        """Shows it."""
        class_name = class_of(path)
        name = await self.may_see(class_name, learner)
        board, texts = self.service.board, self.texts
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
                for lab in self.labs
            ],
            source=views.source,
            outcome=_outcome,
            history=_history(await self.service.history(name), await self.service.clips(name), self.labs, texts),
            teaches=class_name in self.teachable,
        )


def _outcome(again: Checked, texts: Texts) -> str:
    """What came of running a notebook again."""
    match again.outcome:
        case "passed":
            return texts("passed")
        case "not-passed":
            return texts("not passed")
        case "stopped":
            return texts("stopped before its end")
        case "unreadable":
            return texts("cannot be read")
    return texts("the check itself went wrong")


#: The colour of a verdict, as in the grid.
_MARKS = {"passed": "passed", "failed": "failed", "undecided": "tried", "broken": "tried"}


def _what(kind: str, texts: Texts) -> str:
    """What a kind of report means, for people; one of a newer Parallab as it is."""
    match kind:
        case "opened":
            return texts("opened the lab")
        case "judged":
            return texts("checked")
        case "break-met":
            return texts("broke it as asked")
        case "predicted":
            return texts("predicted")
        case "answers":
            return texts("answered")
        case "hint":
            return texts("looked at a hint")
        case "solution":
            return texts("looked at the solution")
        case "reset":
            return texts("began the step anew")
        case "help":
            return texts("asked for help")
        case "help-answered":
            return texts("got an answer")
        case "help-over":
            return texts("needs no help any more")
        case "handed-in":
            return texts("handed the notebook in")
    return kind


def _verdict(verdict: str | None, texts: Texts) -> str:
    match verdict:
        case "passed":
            return texts("passed")
        case "failed":
            return texts("not yet")
        case "undecided":
            return texts("could not tell")
        case "broken":
            return texts("the check itself went wrong")
        case "not-attempted":
            return texts("not tried")
    return ""


def _history(
    received: Sequence[Received], clips: frozenset[str], labs: Sequence[LabName], texts: Texts
) -> list[dict[str, Any]]:
    """The lines of a history, the newest first. A clip is told with the check before it, if it is still kept."""
    lines = []
    clip: dict[tuple[str, str], str] = {}
    for one in received:
        where = (one.report.lab, one.report.step)
        if one.report.kind == "filmed":
            clip[where] = one.report.clip if one.report.clip in clips else ""
        else:
            lines.append(_told(one, clip.pop(where, "") if one.report.kind == "judged" else "", labs, texts))
    return lines


def _told(one: Received, clip: str, labs: Sequence[LabName], texts: Texts) -> dict[str, Any]:
    report = one.report
    mistake = report.mistakes[-1] if report.mistakes else None
    delay = one.received - one.happened
    return {
        "at": date(one.happened),
        "delay": views.ago(delay, texts) if delay >= 60 else "",
        "where": views.where(labs, report.lab, report.step),
        "what": _what(report.kind, texts),
        "verdict": _verdict(report.verdict, texts),
        "mark": _MARKS.get(report.verdict or "", ""),
        "mistake": f"{texts.sentence(mistake.sentence, report.lab)} ({mistake.id})" if mistake else "",
        # A question is the learner's own words; what stood in the way of a goal is ours.
        "message": texts.sentence(report.message, report.lab) if report.verdict else report.message,
        "clip": clip,
    }


class NotebookDownload(ClassHandler):
    """GET class/{class}/notebook/{learner}/{lab}: what was handed in, as a file, never as a page."""

    async def get(self, path: str, learner: str, lab: str) -> None:
        """Sends it."""
        name = await self.may_see(class_of(path), learner)
        found = await self.service.notebook(name, lab)
        self.download(f"{name}-{lab}.ipynb", "application/x-ipynb+json", found)
