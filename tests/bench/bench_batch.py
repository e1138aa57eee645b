"""``parallab grade`` of a class's notebooks beside ``nbgrader autograde`` and ``otter run`` of the same.

Time for one submission; the budget for twenty is 1/8 of nbgrader's wall time. Ours run in sandboxes, one on each core,
and are watched. nbgrader runs one after the other, as itself; so does otter without Docker (``otter run``), one a call.
Both belong into environments of their own: ``NBGRADER`` and ``OTTER`` name their commands, or PATH has them.

Whether the verdicts are right, for notebooks that cheat, hang and fork without end, is for ``tests/grade`` to say.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench_grading import ours, theirs, timed
from ratios import Row, compare, milliseconds, table

STUDENTS = int(os.environ.get("GRADING_STUDENTS", "20"))
#: Submissions that otter grades: each is a command of its own, and takes as long as the one before.
FEW = min(3, STUDENTS)
#: One test that passes, as nbgrader's has; the work is in running the cells.
OTTER_TEST = """
from otter.test_files import test_case
OK_FORMAT = False
name = "work"
points = 1

@test_case(points=1, hidden=False)
def test_work(env):
    assert True
"""

#: Wall and CPU seconds for one submission.
Cost = tuple[float, float]


def parallab(folder: Path, notebook: Path) -> Cost:
    """Ours; the work is seen to be done in each."""
    submitted, out = folder / "submitted", folder / "out.csv"
    for number in range(STUDENTS):
        place = submitted / f"student{number}" / notebook.name
        place.parent.mkdir(parents=True)
        shutil.copy(notebook, place)
    spent = timed([sys.executable, "-m", "parallab.cli", "grade", submitted, "--out", out], folder)
    passed = [json.loads(line)["passed"] for line in out.with_suffix(".jsonl").read_text().splitlines()]
    if len(passed) != STUDENTS or not all(passed):
        raise RuntimeError(f"parallab grade did not see the work done: {passed}")
    return spent[0] / STUDENTS, spent[1] / STUDENTS


def nbgrader(command: str, folder: Path, notebook: Path) -> Cost:
    """All in one call, as an instructor would."""
    theirs(command, folder, notebook, STUDENTS)
    spent = timed([command, "autograde", "ps1", "--force"], folder)
    return spent[0] / STUDENTS, spent[1] / STUDENTS


def otter(command: str, folder: Path, notebook: Path) -> Cost:
    """A call for each."""
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / "work.py").write_text(OTTER_TEST)
    for file in (notebook, *notebook.parent.glob("*.py")):
        shutil.copy(file, folder)
    generate = [
        command,
        "generate",
        "-t",
        "tests",
        "--no-requirements",
        "--no-environment",
        "--no-config",
        "-o",
        "a.zip",
    ]
    timed(generate, folder)
    for number in range(FEW):  # newer ones of it make no folder
        (folder / f"out{number}").mkdir()
    spent = [
        timed([command, "run", "--no-logo", "-a", "a.zip", "-o", f"out{number}", notebook.name], folder)
        for number in range(FEW)
    ]
    for number in range(FEW):
        told = json.loads((folder / f"out{number}" / "results.json").read_text())
        if any(test["status"] != "passed" for test in told["tests"] if "status" in test):
            raise RuntimeError(f"otter did not run the notebook to its end: {told}")
    return sum(wall for wall, _ in spent) / FEW, sum(cpu for _, cpu in spent) / FEW


def rows() -> Iterator[Row]:
    """Ours beside each that is there."""
    others = {"nbgrader autograde": ("nbgrader", nbgrader, 1 / 8), "otter run": ("otter", otter, None)}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        notebook = ours(folder)
        for number, (title, (program, run, most)) in enumerate(others.items()):
            command = os.environ.get(program.upper()) or shutil.which(program)
            if command is None:
                print(
                    f"left out: no {program}; {program.upper()}=… names one of an environment of its own",
                    file=sys.stderr,
                )
                continue
            place = folder / str(number)
            (place / "ours").mkdir(parents=True)
            mine = parallab(place / "ours", notebook)
            other = run(command, place / "theirs", notebook)
            what = f"parallab grade of {STUDENTS} notebooks in sandboxes beside {title}, a submission"
            yield compare(f"{what}, wall", [(mine[0], other[0])], most, milliseconds)
            yield compare(f"{what}, CPU", [(mine[1], other[1])], None, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
