"""A second course, shipped by another package through the entry point group: listed, opened, proved and checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from parallab import notebook
from parallab.shelf import load

#: The package as pip leaves it: a module, and what says which function names the course.
MODULE = """\
from pathlib import Path


def labs_folder():
    return Path(__file__).parent / "labs"
"""
POINTS = "[parallab.labs]\ntiny = tinycourse:labs_folder\nbroken = tinycourse:no_such_function\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder on the path with the package in it."""
    site = tmp_path / "site"
    (site / "tinycourse").mkdir(parents=True)
    (site / "tinycourse" / "__init__.py").write_text(MODULE)
    info = site / "tinycourse-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tinycourse\nVersion: 1\n")
    (info / "entry_points.txt").write_text(POINTS)
    from parallab import author

    author.new(site / "tinycourse" / "labs", 1, "first-steps", "First steps")
    return site


def parallab(site: Path, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    done = subprocess.run(
        [sys.executable, "-m", "parallab.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path},
        timeout=110,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_its_labs_are_listed_and_a_course_that_cannot_be_loaded_hides_none(site: Path) -> None:
    code, told, complained = parallab(site, "list", "--json")
    labs = {lab["id"]: lab for lab in json.loads(told)}
    assert code == 0
    assert labs["tiny:L01"]["title"] == "First steps"
    assert "L01" in labs
    assert "course 'broken' cannot be loaded" in complained


def test_a_notebook_of_it_is_checked(site: Path, tmp_path: Path) -> None:
    lab = load(site / "tinycourse" / "labs" / "01-first-steps")
    built = notebook.build(lab.lab)
    solution = {step: list(cells) for step, cells in lab.solution.items()}
    for cell in built["cells"]:
        step = cell["metadata"].get("parallab", {}).get("step", "")
        if cell["cell_type"] == "code" and solution.get(step):
            cell["source"] = solution[step].pop(0).source
    (tmp_path / "mine.ipynb").write_text(json.dumps(built))
    code, told, _ = parallab(site, "check", "tiny:L01", str(tmp_path / "mine.ipynb"))
    assert code == 0, told
    assert "✓ Your notebook starts a child process" in told


def test_it_is_proved_by_its_author(site: Path) -> None:
    code, told, _ = parallab(site, "author", "check", "tiny:L01", "--start-method", "fork")
    assert (code, told) == (0, "tiny:L01 First steps: 3 runs: all is well\n")


def test_the_server_lists_and_opens_them(site: Path, tmp_path: Path) -> None:
    """In a process of its own, which has the package on its path from the start."""
    script = dedent("""
        import asyncio, json, sys
        from pathlib import Path
        from parallab import merging
        from parallab.library import CourseLibrary
        from parallab.workplace import Workplace
        from jupyter_server.services.contents.filemanager import AsyncFileContentsManager

        async def main():
            library = CourseLibrary()
            lab = library.lab("tiny:L01")
            contents = AsyncFileContentsManager(root_dir=sys.argv[1])
            placed = await Workplace(contents, "parallab").put(
                lab.slug, library.notebook(lab), library.modules(lab), {}
            )
            print(json.dumps([placed.path, placed.created, [one.lab.id for one in library.labs()]]))

        asyncio.run(main())
    """)
    root = tmp_path / "root"
    root.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(site)},
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    path, created, labs = json.loads(done.stdout)
    assert (path, created) == ("parallab/01-first-steps/01-first-steps.ipynb", True)
    assert labs[-1] == "tiny:L01"
    made = json.loads((root / path).read_text())
    assert made["metadata"]["parallab"]["lab"] == "tiny:L01"
