"""From checks and evidence to verdicts: pure, and the same for browser, CLI and author's proof.

Nothing a check does can raise out of here, except by not returning: ``judge_pool`` sees to that.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from parallab import film, mistakes, model
from parallab.checks import Check
from parallab.checks.expect import (
    CannotTell,
    NotMet,
    NotTried,
    collecting_notes,
    stop_notes,
)
from parallab.evidence import Evidence
from parallab.wire import GoalMoment, GoalResult, MistakeView, StepKind, StepResult, Verdict

#: Told when no cell of the step has run since the kernel started or the step was reset.
NOT_RUN = "Run this step's cell first."
NO_CELL = "There is no cell of this step in your notebook. “Reset this step” puts it back."
#: Told where something ran that is in no cell of the notebook.
ELSEWHERE = (
    "Something ran in this kernel that is in no cell of the notebook, as in a console or in a cell that was deleted. "
    "Only what this step's cells do counts. "
    "If this notebook is open in another window, too, save it there, then reload it here."
)

#: Told of what is missing while a cell still goes on.
UNFINISHED = "Your cell is still running. Check again when it has ended."

#: The worst verdict of a step's goals is the step's own, in this order.
_GRAVITY: tuple[Verdict, ...] = ("broken", "failed", "undecided", "not-attempted", "passed")


def judge(checks: Sequence[Check], evidence: Evidence, met: Mapping[str, int] | None = None) -> tuple[GoalResult, ...]:
    """The verdicts of a step's goals, in order.

    ``met`` are break goals met earlier and when (monotonic ns): they stay met, and repair goals
    look only at cell runs begun later.
    """
    return tuple(judging(checks, evidence, met))


def judging(checks: Sequence[Check], evidence: Evidence, met: Mapping[str, int] | None = None) -> Iterator[GoalResult]:
    """As :func:`judge`, one goal after the other, so that a slow one does not hide the others."""
    met = dict(met or {})
    findings: dict[str, Any] = {}
    texts = {check.name: check.text for check in checks}
    broken_at = _broken_at(checks, met)
    # One for all goals: to retell a long recording for each of them takes its time.
    seen, repaired = _Seen(evidence), None
    for check in checks:
        missing = next((need for need in check.needs if need not in findings), None)
        if missing is not None:
            if check.phase == "break" and check.name in met:
                yield GoalResult(check.name, check.text, check.phase, "passed")
            else:
                yield _untried(check, f"First: {texts[missing]}")
            continue
        looking = seen
        if check.phase == "repair":
            if broken_at is None:
                yield _untried(check, "First make it fail, as the step asks.")
                continue
            repaired = repaired or _Seen(replace(evidence, since=max(evidence.since, broken_at)))
            looking = repaired
        result, finding = _one(check, looking, findings)
        if result.verdict == "passed":
            findings[check.name] = finding
        elif check.phase == "break" and check.name in met:
            # Seen before, not now; what can be seen now is told again, by its note.
            result = GoalResult(check.name, check.text, check.phase, "passed")
        yield result


def _broken_at(checks: Sequence[Check], met: Mapping[str, int]) -> int | None:
    """When the last break goal was met, None while one is not."""
    breaks = [check.name for check in checks if check.phase == "break"]
    if any(name not in met for name in breaks):
        return None
    return max((met[name] for name in breaks), default=0)


def met_at(evidence: Evidence) -> int:
    """The moment to remember a break goal by: only cell runs that begin later can repair it."""
    return max((run.began for run in evidence.cells), default=0) + 1


def _untried(check: Check, reason: str) -> GoalResult:
    return GoalResult(check.name, check.text, check.phase, "not-attempted", reason=reason)


@dataclass
class _Seen:
    """What goals are judged by, and where it is shown, which is asked only of what is not met."""

    evidence: Evidence

    @cached_property
    def _pointer(self) -> film.Pointer:
        return film.Pointer(self.evidence.recording, self.evidence.lives)

    def moment(self, about: Any, findings: Sequence[Any]) -> GoalMoment | None:
        """Where it can be seen: at what the check looked at, or else at what it built on, or at all that was started.

        A picture is no part of the verdict: what cannot be pointed at is not.
        """
        try:
            hired = (self.evidence.processes, self.evidence.threads)
            return self._pointer.moment((about, *reversed(findings), *hired))
        except (CannotTell, TypeError, ValueError, AttributeError, LookupError):
            return None


def _one(check: Check, seen: _Seen, findings: Mapping[str, Any]) -> tuple[GoalResult, Any]:
    evidence = seen.evidence

    def goal(verdict: Verdict, **details: Any) -> GoalResult:
        return GoalResult(check.name, check.text, check.phase, verdict, **details)

    if not evidence.tried:
        reason = _why_untried(evidence) if check.phase != "repair" else "Repair it, and run the step's cell again."
        return goal("not-attempted", reason=reason), None
    notes: list[str] = []
    token = collecting_notes(notes)
    try:
        finding = check.function(evidence, **{need: findings[need] for need in check.needs})
    except NotMet as failure:
        mistake = _told(failure.mistakes, evidence)
        # What is missing may still come; a mistake that was made was made, and who is stuck goes on no more.
        if mistake is None and evidence.running is not None and not evidence.stuck and not evidence.recording.dead:
            return goal("undecided", reason=UNFINISHED), None
        return (
            goal(
                "failed",
                expected=failure.expected,
                observed=failure.observed,
                reason=failure.because,
                hint=" ".join(filter(None, (_slip(evidence), failure.hint, _ran_elsewhere(evidence)))),
                mistake=mistake,
                moment=seen.moment(failure.about, [findings[need] for need in check.needs]),
            ),
            None,
        )
    except CannotTell as why:
        return goal("undecided", reason=str(why)), None
    except NotTried as first:
        return goal("not-attempted", reason=f"First: {first}"), None
    except (Exception, SystemExit) as error:  # whatever the author's check raised is told as theirs
        return goal("broken", reason=_blame(check.function, error)), None
    finally:
        stop_notes(token)
    return goal("passed", note=" ".join(notes)), finding


def _why_untried(evidence: Evidence) -> str:
    """What is missing of a step of which nothing has run; cells that were reset or restarted away have not."""
    if evidence.steps and evidence.step not in evidence.steps.values():
        return NO_CELL
    elsewhere = any(one.cell not in evidence.steps and one.at >= evidence.since for one in _begun(evidence))
    return f"{NOT_RUN} {ELSEWHERE}" if evidence.steps and elsewhere else NOT_RUN


def _ran_elsewhere(evidence: Evidence) -> str:
    """Told of what is missing when the last that ran is in no cell of the notebook; "" when it is in one."""
    begun = _begun(evidence)
    return ELSEWHERE if evidence.steps and begun and begun[-1].cell not in evidence.steps else ""


def _begun(evidence: Evidence) -> list[model.CellBegin]:
    return [one for one in evidence.recording.events if isinstance(one, model.CellBegin)]


_NO_MODULE = re.compile(r"No module named '([^'.]+)'")
_JOIN_OF_NONE = re.compile(r"'NoneType' object has no attribute 'join'")
_NOT_A_GROUP = re.compile(r"group argument must be None")
_UNKNOWN = re.compile(r"name '(\w+)' is not defined")


def _slip(evidence: Evidence) -> str:
    """What to do about the error with which a cell ended, where Python's words for it tell a beginner nothing."""
    for error in evidence.errors:
        if error.type == "AttributeError" and _JOIN_OF_NONE.match(error.message):
            return "start() gives nothing back: first keep the object itself under a name, then call its start()."
        if error.type == "AssertionError" and _NOT_A_GROUP.match(error.message):
            return (
                "Give the work by its name: target=…. In a class of your own, look at how __init__ is written: with "
                "two underscores before it, and two behind it."
            )
    return _unknown_name(evidence)


def _unknown_name(evidence: Evidence) -> str:
    """What to do about a cell that ended because a name, or a module, was not there; "" when none did."""
    error = next((one for one in evidence.errors if one.type in ("NameError", "ModuleNotFoundError")), None)
    if error is None:
        return ""
    if error.type == "ModuleNotFoundError":
        module = _NO_MODULE.match(error.message)
        name = f" `{module[1]}`" if module else ""
        return f"The module{name} is not there. If a cell with %%writefile makes it, run that cell first."
    found = _UNKNOWN.match(error.message)
    name = f"`{found[1]}`" if found else "A name"
    own = {run.cell for run in evidence.cells}
    others = any(isinstance(one, model.CellBegin) and one.cell not in own for one in evidence.recording.events)
    typo = " If that does not help, look for a typing error." if others else ""
    return f"{name} is not known yet. Run the cells above first: after a restart, what they defined is gone.{typo}"


def _told(candidates: tuple[str, ...], evidence: Evidence) -> MistakeView | None:
    """The deepest candidate whose recogniser agrees; one that cannot tell does not agree."""
    found = mistakes.tell(candidates, evidence)
    return MistakeView(found.id, found.sentence) if found is not None else None


def _blame(function: Callable[..., Any], error: BaseException) -> str:
    own = function.__code__.co_filename
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == own), 0)
    return (
        f"This is not your mistake: the check itself failed with {type(error).__name__}: {error} "
        f"(line {line} of the lab's checks). Tell the lab's author."
    )


def verdict_of(goals: Sequence[GoalResult]) -> Verdict:
    """A step's verdict: the gravest of its goals'; none at all means not attempted."""
    found = {goal.verdict for goal in goals}
    return next((verdict for verdict in _GRAVITY if verdict in found), "not-attempted")


def step_result(
    step: str,
    kind: StepKind,
    goals: Sequence[GoalResult],
    *,
    counts: bool,
    assisted: bool | None,
    not_recorded: Sequence[str] = (),
) -> StepResult:
    """The goals put together to the step's verdict."""
    return StepResult(step, kind, verdict_of(goals), counts, assisted, tuple(not_recorded), tuple(goals))


def broken(check: Check, reason: str) -> GoalResult:
    """A goal whose check could not be brought to an end."""
    return GoalResult(check.name, check.text, check.phase, "broken", reason=reason)
