"""The budgets, measured: ``python tests/bench [PART]…``, of :data:`PARTS`.

Prints a row as soon as it is measured, and the whole table at the end. Ends with 1 if a budget is
missed by more than the noise that was measured, or if something could not be measured at all.
docs/performance.md says how.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from ratios import Row, surroundings, table

PARTS = ("front", "picture", "click", "snapshot", "diagnosis", "probe", "server", "grading", "batch", "mixed", "class")


def main(wanted: list[str]) -> int:
    """Measures these parts, all of them without any."""
    if unknown := set(wanted) - set(PARTS):
        print(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    before = surroundings()
    found: list[Row] = []
    broken: list[str] = []
    for part in wanted or PARTS:
        try:
            for row in importlib.import_module(f"bench_{part}").rows():
                print(" · ".join(filter(None, row.cells())), file=sys.stderr, flush=True)
                found.append(row)
        except Exception:
            traceback.print_exc()
            broken.append(part)
    print(f"{table(found)}\n\nbefore: {before}\nafter:  {surroundings()}")
    missed = [row.what for row in found if row.verdict == "missed"]
    for what in missed:
        print(f"missed: {what}", file=sys.stderr)
    for part in broken:
        print(f"could not be measured: {part}", file=sys.stderr)
    return 1 if missed or broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
