"""Results as a table for a spreadsheet: CSV, one row a submission. No cell can be taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime, timezone

from parallab.grading.facts import Graded

COLUMNS = (
    "submission",
    "lab",
    "outcome",
    "passed steps",
    "counted steps",
    "reason",
    "steps",
    "mistakes",
    "hung",
    "evidence",
    "checked at",
    "seconds",
    "parallab",
    "lab version",
    "python",
    "start method",
    "sandbox",
    "memory limit",
    "sha256",
)


def text(results: Iterable[Graded]) -> str:
    """The whole table."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in _row(one)] for one in results)
    return target.getvalue()


def cell(value: object) -> str:
    """A value as a cell. A spreadsheet calculates what begins with one of these signs: an apostrophe goes before it."""
    shown = "".join(one if one.isprintable() else " " for one in str(value))
    return f"'{shown}" if shown.lstrip()[:1] in ("=", "+", "-", "@") or shown[:1] == "'" else shown


def _row(one: Graded) -> tuple[object, ...]:
    report = one.report
    steps = report.steps if report is not None else ()
    found = dict.fromkeys(goal.mistake.id for step in steps for goal in step.goals if goal.mistake is not None)
    found |= dict.fromkeys(hang.mistake.id for hang in one.hangs if hang.mistake is not None)
    return (
        one.name,
        one.lab,
        one.outcome,
        one.passed,
        one.counted,
        one.reason,
        "; ".join(f"{step.step} {step.verdict}" for step in steps if step.kind == "code"),
        " ".join(found),
        "; ".join(_hung(hang.step, hang.cell, hang.why, hang.waits) for hang in one.hangs),
        "re-checked",
        datetime.fromtimestamp(one.at, timezone.utc).isoformat(timespec="seconds"),
        f"{one.seconds:.1f}",
        one.parallab,
        report.version if report is not None else "",
        one.python,
        report.start_method if report is not None else "",
        one.sandbox,
        one.memory_limit,
        one.digest,
    )


def _hung(step: str, number: int, why: str, waits: tuple[str, ...]) -> str:
    place = f"{step or 'set-up'}, cell {number}: {why}"
    return f"{place} ({' '.join(waits)})" if waits else place
