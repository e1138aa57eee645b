"""A step's verdict as text: what the command line prints and what golden texts hold."""

from __future__ import annotations

from collections.abc import Iterator

from parallab.wire import GoalResult, StepResult

SIGNS = {"passed": "✓", "failed": "✗", "undecided": "?", "broken": "!", "not-attempted": "·"}


def text(result: StepResult) -> str:
    """The goals, one after the other, each with its rows."""
    return "\n".join(line for goal in result.goals for line in goal_lines(goal))


def goal_lines(goal: GoalResult) -> Iterator[str]:
    """``✗ the goal`` and below it what was expected and seen, why it matters, and a hint."""
    yield f"{SIGNS[goal.verdict]} {goal.text}"
    mistake = f"{goal.mistake.sentence} ({goal.mistake.id})" if goal.mistake else ""
    rows = {
        "Mistake": mistake,
        "Expected": goal.expected,
        "Observed": goal.observed,
        "Because": goal.reason,
        "Hint": goal.hint,
        "Note": goal.note,
    }
    for name, value in rows.items():
        if value:
            yield f"    {name:<10}{value}"
