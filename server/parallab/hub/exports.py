"""Grades as files: CSV for Canvas, for Moodle and for anybody, JSON, and xAPI statements. Pure.

Every result says where it comes from (``live``, ``re-checked``, ``override``) and whether a learner was excused.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec

from parallab.hub.course import LabName
from parallab.hub.results import LabResult

SCHEMA = 1
#: A spreadsheet takes a cell that begins so for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
#: The namespace of our statements' ids: the same result has the same id whenever it is exported.
_STATEMENTS = uuid.UUID("6b8d5c0e-3c0a-5f53-9d39-6c1f0f6f2f1a")
_VERB = "http://adlnet.gov/expapi/verbs/"

#: By learner, then by lab.
Results = Mapping[str, Mapping[str, LabResult]]


def cell(value: object) -> str:
    """A cell that no spreadsheet will run. Numbers of ours stay numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(value)
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def plain_csv(labs: Sequence[LabName], results: Results) -> str:
    """One line a learner and lab, with all that is known."""
    head = ["learner", "lab", "title", "passed", "of", "percent", "source", "excused", "assisted", "late"]
    head += ["finished", "received", "reason", "by"]
    lines = [
        (
            learner,
            lab.id,
            lab.title,
            one.passed,
            one.of,
            _percent(one),
            one.source,
            one.excused,
            one.assisted,
            one.late,
            _time(one.finished),
            _time(one.received),
            one.reason,
            one.by,
        )
        for learner, by_lab in results.items()
        for lab in labs
        for one in [by_lab[lab.id]]
    ]
    return _csv(head, lines)


def canvas_csv(labs: Sequence[LabName], results: Results, section: str) -> str:
    """As Canvas's gradebook imports it: a learner's Hub name is the SIS Login ID. ``EX`` excuses.

    The columns beside the points are ours, and Canvas leaves them out: it takes no text for a score.
    """
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    head += [f"Parallab {lab.id}" for lab in labs] + [f"Parallab {lab.id} source" for lab in labs]
    possible = ("    Points Possible", "", "", "", "", *(100 for _ in labs), *("" for _ in labs))
    lines: list[tuple[object, ...]] = [possible]
    for learner, by_lab in results.items():
        points = ["EX" if by_lab[lab.id].excused else _percent(by_lab[lab.id]) for lab in labs]
        lines.append((learner, "", "", learner, section, *points, *(by_lab[lab.id].source for lab in labs)))
    return _csv(head, lines)


def moodle_csv(labs: Sequence[LabName], results: Results) -> str:
    """As Moodle's grade import takes it, mapped by the ID number, which is the Hub name here."""
    head = ["idnumber"]
    for lab in labs:
        head += [f"Parallab {lab.id}", f"Parallab {lab.id} feedback"]
    lines = []
    for learner, by_lab in results.items():
        line: list[object] = [learner]
        for lab in labs:
            one = by_lab[lab.id]
            line += ["" if one.excused else _percent(one), _feedback(one)]
        lines.append(tuple(line))
    return _csv(head, lines)


def as_json(class_name: str, labs: Sequence[LabName], results: Results, at: float) -> bytes:
    """Everything, for a program."""
    value = {
        "schema": SCHEMA,
        "class": class_name,
        "at": at,
        "labs": [{"id": lab.id, "title": lab.title, "steps": len(lab.core)} for lab in labs],
        "results": [by_lab[lab.id] for by_lab in results.values() for lab in labs],
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


def xapi(labs: Sequence[LabName], results: Results, home: str) -> bytes:
    """xAPI 1.0.3 statements, one a result; the actor is the account on the Hub ``home``."""
    made = [
        _statement(lab, by_lab[lab.id], home)
        for by_lab in results.values()
        for lab in labs
        if by_lab[lab.id].score is not None or by_lab[lab.id].excused
    ]
    return msgspec.json.format(msgspec.json.encode(made), indent=1)


def _statement(lab: LabName, one: LabResult, home: str) -> dict[str, Any]:
    done = one.score is not None and one.score >= 1
    verb = "waived" if one.excused else "passed" if done else "attempted"
    address = "https://w3id.org/xapi/adl/verbs/waived" if one.excused else f"{_VERB}{verb}"
    made: dict[str, Any] = {
        "actor": {"objectType": "Agent", "account": {"homePage": home, "name": one.learner}},
        "verb": {"id": address, "display": {"en": verb}},
        "object": {
            "objectType": "Activity",
            "id": f"https://parallab.dev/labs/{lab.id}",
            "definition": {
                "name": {"en": f"{lab.id} {lab.title}"},
                "type": "http://adlnet.gov/expapi/activities/lesson",
            },
        },
        "result": {
            "extensions": {
                "https://parallab.dev/xapi/source": one.source,
                "https://parallab.dev/xapi/passed": one.passed,
                "https://parallab.dev/xapi/of": one.of,
                "https://parallab.dev/xapi/late": one.late,
                "https://parallab.dev/xapi/reason": one.reason,
            }
        },
    }
    if one.finished is not None:
        made["timestamp"] = _time(one.finished)
    if one.score is not None:
        made["result"] |= {"score": {"scaled": one.score}, "success": done, "completion": done}
    said = msgspec.json.encode([one, home], order="deterministic")
    return {"id": str(uuid.uuid5(_STATEMENTS, said.decode())), **made}


def _percent(one: LabResult) -> float | str:
    return "" if one.score is None else round(one.score * 100, 2)


def _feedback(one: LabResult) -> str:
    if one.excused:
        return f"excused: {one.reason}"
    if one.source == "override":
        return f"override: {one.reason}"
    return "" if one.score is None else one.source + (", late" if one.late else "")


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="seconds")


def _csv(head: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([cell(value) for value in line] for line in lines)
    return text.getvalue()
