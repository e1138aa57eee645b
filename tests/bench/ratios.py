"""Measuring two things side by side, and telling whether a budget is met.

Other work on the machine slows both down alike, so pairs are measured in turns (A B, B A, …) and
only their ratios count. A budget is missed only if the whole interval of the ratio's median lies
above it; what cannot be told from the noise is said to be so.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["met", "missed", "missed, within noise", "no budget"]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, beside what, and the ratio that its budget limits."""

    what: str
    ours: str
    """Ours, in words; the figures are medians unless they say otherwise."""
    beside: str
    """What it is compared with, or the limit itself."""
    ratio: float
    low: float
    high: float
    """The interval that holds the ratio's median with 95 % confidence; all three alike for one figure."""
    most: float | None
    """The budget: the ratio at most. None if there is none."""

    @property
    def verdict(self) -> Verdict:
        """Whether the budget is met."""
        if self.most is None:
            return "no budget"
        if self.ratio <= self.most:
            return "met"
        return "missed" if self.low > self.most else "missed, within noise"

    def cells(self) -> tuple[str, ...]:
        """As a line of a table."""
        budget = "" if self.most is None else f"≤ {_number(self.most)}"
        spread = "" if self.low == self.high else f"{_number(self.low)} – {_number(self.high)}"
        return self.what, self.ours, self.beside, _number(self.ratio), spread, budget, self.verdict


HEADINGS = ("what", "ours", "beside", "ratio", "95 %", "budget", "")


def table(rows: Iterable[Row]) -> str:
    """A Markdown table."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def paired(ours: Callable[[], float], beside: Callable[[], float], rounds: int) -> list[tuple[float, float]]:
    """Measures both, in turns and in alternating order."""
    pairs = []
    for number in range(rounds):
        if number % 2:
            mine = ours()
            pairs.append((mine, beside()))
        else:
            other = beside()
            pairs.append((ours(), other))
    return pairs


def compare(what: str, pairs: Sequence[tuple[float, float]], most: float | None, say: Callable[[float], str]) -> Row:
    """The row of such pairs."""
    low, ratio, high = middle([mine / other for mine, other in pairs])
    mine, other = (statistics.median(pair[place] for pair in pairs) for place in (0, 1))
    return Row(what, say(mine), say(other), ratio, low, high, most)


def limit(what: str, figures: Sequence[float], most: float, say: Callable[[float], str]) -> Row:
    """The row of a figure with an absolute limit: its ratio is to that limit."""
    low, value, high = middle(figures)
    return Row(what, say(value), f"limit {say(most)}", value / most, low / most, high / most, 1.0)


def middle(figures: Sequence[float]) -> tuple[float, float, float]:
    """The median with the order statistics that enclose it with 95 % confidence (the sign test's interval)."""
    ordered = sorted(figures)
    reach = int(len(ordered) / 2 - 0.98 * len(ordered) ** 0.5)
    low, high = ordered[max(0, reach)], ordered[min(len(ordered) - 1, len(ordered) - 1 - reach)]
    return low, statistics.median(ordered), high


def milliseconds(seconds: float) -> str:
    """For people."""
    return f"{seconds * 1e3:.3g} ms"


def surroundings() -> str:
    """The machine and what else it does, to be read beside the figures."""
    system = os.uname()
    return (
        f"Python {sys.version.split()[0]}, {system.sysname} {system.release} {system.machine}, "
        f"{os.cpu_count()} cores, load {' '.join(f'{one:.1f}' for one in os.getloadavg())}"
    )


def _number(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"
