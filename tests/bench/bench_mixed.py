"""``parallab grade`` of 200 submissions as a class hands them in, honest and not: every verdict, and the time of one.

Honest ones, some that cheat in six ways, that wait for ever, that fork without end, that kill their kernel, and files
that are no notebook. Each verdict must be right, or nothing is measured. nbgrader and otter get a few honest ones only:
on notebooks that hang or fork they spend their time limits, or the machine. Takes some minutes.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_batch import otter
from bench_grading import theirs, timed
from nbformat import v4, write
from ratios import Row, compare, milliseconds, table

from handed import CHEATS, GOOD, make_course, notebook, refused

#: Of 200; the six ways to cheat share theirs.
MIXED = {"honest": 80, "cheats": 48, "hangs": 24, "forks": 16, "kills its kernel": 16, "is no notebook": 16}
#: Of the honest ones the others are given so many.
FEW = int(os.environ.get("GRADING_STUDENTS", "5"))
#: Seconds that a cell may take: only what loops or forks without end needs them.
CELL = 10
#: How often the command is given, at the most, until no check has gone wrong.
RUNS = 3
#: What may come of each kind. A bomb is stopped, or its cell is out of time.
RIGHT = {
    "honest": {"passed"},
    "cheats": {"not-passed"},
    "hangs": {"not-passed"},
    "forks": {"not-passed", "stopped"},
    "kills its kernel": {"not-passed"},
    "is no notebook": {"unreadable"},
}


def texts(kind: str) -> list[str]:
    """The notebooks of a kind, no two the same."""
    hang = "import multiprocessing as mp\nlock = mp.Lock()\nlock.acquire()\nlock.acquire()"
    bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    cells = {
        "honest": [GOOD],
        "cheats": list(CHEATS.values()),
        "hangs": [hang],
        "forks": [bomb],
        "kills its kernel": [kill],
        "is no notebook": ["{", "", "[]", '{"cells": 7}'],
    }[kind]
    made = [cells[number % len(cells)] for number in range(MIXED[kind])]
    if kind == "is no notebook":
        return made
    return [notebook(cell, f"# number {number}") for number, cell in enumerate(made)]


def hand_in(folder: Path) -> dict[str, str]:
    """All of them; the kind of each by its path."""
    kinds = {}
    for kind in MIXED:
        for number, text in enumerate(texts(kind)):
            path = folder / f"{kind.replace(' ', '-')}-{number:03d}" / "work.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(text)
            kinds[str(path)] = kind
    return kinds


def graded(folder: Path) -> float:
    """Seconds for one of all.

    :raises RuntimeError: a verdict is wrong.
    """
    kinds = hand_in(folder / "submitted")
    out = folder / "out.csv"
    command = [sys.executable, "-m", "parallab.cli", "grade", folder / "submitted", "--out", out, "--timeout", CELL]
    wall = 0.0
    told: dict[str, str] = {}
    lines: list[dict[str, str]] = []
    for _ in range(RUNS):
        # Some cannot be read, which the exit code says.
        wall += timed([str(part) for part in command], folder, codes=(1,))[0]
        lines = [json.loads(line) for line in out.with_suffix(".jsonl").read_text().splitlines()]
        told = {one["name"]: one["outcome"] for one in lines}
        # A check that went wrong, as on a machine that is too busy, is what the same command does again.
        again = sum(outcome == "error" for outcome in told.values())
        if not again:
            break
        print(f"{again} checks went wrong, and are done again", file=sys.stderr)
    if told.keys() != kinds.keys() or len(lines) != len(kinds):
        raise RuntimeError(f"{len(lines)} results of {len(kinds)} submissions")
    wrong = Counter((kind, told[name]) for name, kind in kinds.items() if told[name] not in RIGHT[kind])
    if wrong:
        raise RuntimeError(f"wrong verdicts: {dict(wrong)}")
    return wall / len(kinds)


def plain(folder: Path) -> Path:
    """An honest notebook for the others."""
    made = v4.new_notebook(cells=[v4.new_code_cell(cell["source"]) for cell in json.loads(notebook(GOOD))["cells"]])
    path = folder / "honest.ipynb"
    write(made, path)
    return path


def nbgrader(command: str, folder: Path, path: Path) -> tuple[float, float]:
    """Wall and CPU seconds for one."""
    theirs(command, folder, path, FEW)
    wall, cpu = timed([command, "autograde", "ps1", "--force"], folder)
    return wall / FEW, cpu / FEW


def rows() -> Iterator[Row]:
    """Ours beside each that is there."""
    if why := refused():
        raise RuntimeError(why)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "course").mkdir()
        make_course(folder / "course")
        os.environ["PYTHONPATH"] = str(folder / "course")
        try:
            mine = graded(folder)
        finally:
            del os.environ["PYTHONPATH"]
        count = sum(MIXED.values())
        yield Row(f"verdicts of {count} submissions that are wrong", "0", "none", 0.0, 0.0, 0.0, 0.0)
        for number, (title, program, run, most) in enumerate(
            (("nbgrader autograde", "nbgrader", nbgrader, 1 / 8), ("otter run", "otter", otter, None))
        ):
            command = os.environ.get(program.upper()) or shutil.which(program)
            if command is None:
                print(f"left out: no {program}; {program.upper()}=… names one", file=sys.stderr)
                continue
            (folder / str(number)).mkdir()
            other = run(command, folder / str(number) / "theirs", plain(folder / str(number)))
            what = f"parallab grade, one of {count} honest and hostile ones, beside {title} of an honest one"
            # Not CPU: what a sandbox used that was ended is told to nobody.
            yield compare(f"{what}, wall", [(mine, other[0])], most, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
