"""How soon a cell that hangs is diagnosed: from when the last of all that take part began to wait to what is told.

One cell for each mistake of the catalogue that hangs, in a real kernel under the recorder. Budget: 1 s. When they came
to rest is seen from outside, every 5 ms, by the CPU time of each thread.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from ratios import Row, limit, milliseconds, table

import hanging

LIMIT = 1.0


class NotNamedError(Exception):
    """A cell that hangs was called by another mistake: its time says nothing."""


def seconds(mistake: str) -> float:
    """Of one cell."""
    _, method, code = hanging.an_example(mistake)
    with tempfile.TemporaryDirectory() as folder:
        told = hanging.told_of(Path(folder), method, code)
    if told.state.mistake is None or told.state.mistake.id != mistake:
        raise NotNamedError(f"{mistake} was not told of {code}: {told.state.mistake}")
    return told.seconds


def rows() -> Iterator[Row]:
    """All of them together, and the slowest."""
    taken = {mistake: seconds(mistake) for mistake in hanging.HANGING}
    yield limit(f"from a standstill to its diagnosis, {len(taken)} mistakes", list(taken.values()), LIMIT, milliseconds)
    slowest = max(taken, key=lambda mistake: taken[mistake])
    yield limit(f"the slowest of them, {slowest}", [taken[slowest]], LIMIT, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
