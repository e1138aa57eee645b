"""What is read of a re-check's result: which steps passed, and what stood in the way. Pure.

The result itself is what ``parallab.grading`` wrote, as JSON; all of it is kept for whoever runs the notebook again.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from parallab import wire

#: Of the cells that hung, so many are told, each by so many characters.
HUNG = 3
TEXT = 300


class Checked(msgspec.Struct, frozen=True):
    """A notebook that was run again, or was to be."""

    digest: str
    """SHA-256 of the notebook."""
    checked: float
    """Unix time."""
    outcome: str
    """As ``parallab grade`` names it. ``error``: the check went wrong, which is not the learner's doing."""
    reason: str = ""
    """Why it was stopped, could not be read, or the check went wrong."""
    steps: Mapping[str, bool] | None = None
    """Which of the steps whose work is in the notebook passed; None when none of them got so far as to be judged."""
    hung: tuple[str, ...] = ()
    """The cells that did not come to an end, and who waited for whom."""


class _Stuck(msgspec.Struct, frozen=True):
    step: str
    cell: int
    why: str
    waits: tuple[str, ...] = ()


class _Graded(msgspec.Struct, frozen=True):
    outcome: str
    reason: str = ""
    hangs: tuple[_Stuck, ...] = ()
    report: wire.CheckReport | None = None


_decoder = msgspec.json.Decoder(_Graded)


def of(digest: str, checked: float, data: str) -> Checked:
    """What a result says; one that cannot be read is an error."""
    try:
        graded = _decoder.decode(data)
    except msgspec.DecodeError:
        return Checked(digest, checked, "error", "the result was written by another version of Parallab")
    steps = None
    if graded.report is not None:
        # What is answered in the sidebar is not in the notebook, so running it again says nothing of it.
        steps = {step.step: step.verdict == "passed" for step in graded.report.steps if step.counts}
    hung = tuple(_told(one) for one in graded.hangs[:HUNG])
    return Checked(digest, checked, graded.outcome, graded.reason, steps, hung)


def _told(one: _Stuck) -> str:
    waits = f" ({' '.join(one.waits)})" if one.waits else ""
    return f"{one.step or 'set-up'}, cell {one.cell}: {one.why}{waits}"[:TEXT]
