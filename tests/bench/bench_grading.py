"""``parallab check`` of a notebook beside ``nbgrader autograde`` of the same; ``bench_batch`` has a class's many.

Budgets: 1/3 of the wall time and 1/5 of the CPU time. nbgrader is looked for in ``NBGRADER`` and on the PATH; it
belongs into an environment of its own, since it wants other versions of Jupyter's parts.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from nbformat import v4, write
from ratios import Row, compare, milliseconds, table

from parallab.shelf import load, own_course

LAB, STEP = "04-your-own-processes", "four-at-once"
ROUNDS = int(os.environ.get("GRADING_ROUNDS", "5"))
PATIENCE = 3600


def spent() -> float:
    """CPU seconds of all that we started and waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command: Sequence[str | Path], folder: Path, codes: Sequence[int] = (0,)) -> tuple[float, float]:
    """Wall and CPU seconds of a command that ends with one of these codes."""
    cpu, wall = spent(), time.perf_counter()
    # nbgrader starts others of its environment by name.
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=PATIENCE
    )
    taken = time.perf_counter() - wall, spent() - cpu
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return taken


def ours(folder: Path) -> Path:
    """The solutions up to one step, after the lab's own cells, as a notebook."""
    lab = load(own_course() / LAB)
    needed = [cell for cell in lab.lab.cells if cell.cell_type == "code" and not cell.step]
    ids = [step.id for step in lab.lab.steps]
    solved = [cell for step in ids[: ids.index(STEP) + 1] for cell in lab.solution.get(step, ())]
    cells = [
        v4.new_code_cell(
            cell.source,
            metadata={"tags": list(cell.tags), **({"parallab": {"step": cell.step}} if cell.step else {})},
        )
        for cell in (*needed, *solved)
    ]
    path = folder / "solution.ipynb"
    write(v4.new_notebook(cells=cells, metadata={"parallab": {"lab": lab.lab.id}}), path)
    for file in lab.files:
        shutil.copy(file, folder)
    return path


def theirs(nbgrader: str, folder: Path, notebook: Path, students: int = 1) -> None:
    """A course of nbgrader's with the same cells as each student's submission, and one test cell."""
    from nbformat import read

    content = read(notebook, 4)
    test = {"grade": True, "grade_id": "test", "locked": True, "points": 1, "schema_version": 3, "solution": False}
    for cell in content.cells:
        cell.metadata = {}
    content.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    content.cells.append(v4.new_code_cell("assert True", metadata={"nbgrader": {**test, "task": False}}))
    source = folder / "source" / "ps1"
    source.mkdir(parents=True)
    write(content, source / "solution.ipynb")
    timed([nbgrader, "generate_assignment", "ps1", "--create"], folder)
    for number in range(students):
        place = folder / "submitted" / f"student{number}" / "ps1"
        shutil.copytree(folder / "release" / "ps1", place)
        for file in notebook.parent.glob("*.py"):
            shutil.copy(file, place)


def rows() -> Iterator[Row]:
    """Both, where there is an nbgrader."""
    nbgrader = os.environ.get("NBGRADER") or shutil.which("nbgrader")
    if nbgrader is None:
        print("left out: no nbgrader; NBGRADER=… names one in an environment of its own", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        notebook = ours(folder)
        course = folder / "course"
        theirs(nbgrader, course, notebook)
        check = [sys.executable, "-m", "parallab.cli", "check", "L04", notebook, "--step", STEP]
        grade = [nbgrader, "autograde", "ps1", "--force"]
        found: list[tuple[tuple[float, float], tuple[float, float]]] = []
        for number in range(ROUNDS):
            if number % 2:
                mine = timed(check, folder)
                found.append((mine, timed(grade, course)))
            else:
                other = timed(grade, course)
                found.append((timed(check, folder), other))
        wall = [(mine[0], other[0]) for mine, other in found]
        cpu = [(mine[1], other[1]) for mine, other in found]
        yield compare("parallab check beside nbgrader autograde, wall", wall, 1 / 3, milliseconds)
        yield compare("parallab check beside nbgrader autograde, CPU", cpu, 1 / 5, milliseconds)


if __name__ == "__main__":
    print(table(rows()))
