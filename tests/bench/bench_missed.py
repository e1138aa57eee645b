"""Lives that the recorder misses: ``python tests/bench/bench_missed.py [N] [NAME…]``, of 1,000 each unless told.

A line for each way to start processes and threads: how many lived, and how many of them the
recording has not, or with another parent, without times, with another exit code or exception.
All must be 0. New interpreters (spawn) are a fifth as many: each takes a tenth of a second.
LISTENED_PYTHON names another interpreter with ipykernel for the kernels.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from missed import WAYS, Missed, measure

HEAD = ("way", "lived", "unseen", "parent", "times", "exit code", "exception", "lost", "seconds")


def line(missed: Missed, seconds: float) -> str:
    """One row of the table."""
    counts = (missed.n, missed.unseen, missed.parent, missed.times, missed.exit_code, missed.error, missed.lost)
    return f"{missed.way:34}" + "".join(f"{count:>11,}" for count in counts) + f"{seconds:>9.1f}"


def main() -> int:
    """Prints the table; 1 when anything was missed."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    failed = False
    print(f"{HEAD[0]:34}" + "".join(f"{name:>11}" for name in HEAD[1:-1]) + f"{HEAD[-1]:>9}", flush=True)
    for way in WAYS:
        if len(sys.argv) > 2 and not any(name in way.name for name in sys.argv[2:]):
            continue
        began = time.monotonic()
        missed = asyncio.run(measure(way, n))
        print(line(missed, time.monotonic() - began), flush=True)
        for example in (*missed.examples, *missed.not_recorded):
            print(f"    {example}")
        failed = failed or not missed.nothing
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
