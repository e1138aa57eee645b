"""A process's reports of one kind: the first are sent as they happen, the last are kept back, the others counted.

The first are worth waiting for. The last are sent when the cell or the process ends, or the server asks.
"""

from __future__ import annotations

from collections import deque
from itertools import count

from parallab_probe import report

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

FIRST = 600
LAST = 200


class Lines:
    """Reports of one kind in this process."""

    def __init__(self, kind: str, last: int = LAST, first: int = FIRST) -> None:
        self.kind = kind
        self.first = first
        self.last: deque[tuple[int, str]] = deque(maxlen=last)
        self.forget()
        report.at_fork.append(self.forget)
        report.finals.append(self.flush)

    def forget(self) -> None:
        """In a forked child: its parent says its own lines."""
        self.count = count(1)
        self.said = 0
        self.last.clear()

    def add(self, facts: dict[str, Any]) -> None:
        """One more."""
        n = next(self.count)
        if n <= self.first:
            report.tell(self.kind, facts)
            self.said = n
        else:
            self.last.append((n, report.packet(self.kind, facts)))

    def flush(self) -> None:
        """Sends what was kept back; what lies before it and was not sent is counted."""
        if not self.last:
            return
        lines = list(self.last)
        self.last.clear()
        left_out = lines[-1][0] - self.said - len(lines)
        self.said = lines[-1][0]
        if left_out > 0:
            report.omit(self.kind, left_out)
        report.bundle([text for _, text in lines], self.kind)
