"""`make flakes`: runs spread over Pythons and start methods, kept run by run, and told in a report."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import sys
from pathlib import Path
from types import ModuleType

import pytest

from parallab import shelf
from parallab.shelf import ShelvedLab
from small_lab import small_lab

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "flakes.py"
HERE = platform.python_version()
CHECKS = '''
@check("work")
def printed(run):
    """Your cell runs"""
    expect("errors", run.errors, none())
'''
WRONG = """\
---
step: work
verdict: failed
start_method: [fork, spawn]
text: |
  ✗ Your cell runs
---
```{code-cell}
1 / 0
```
"""


@pytest.fixture
def flakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("flakes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "flakes", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(module, "pythons", lambda: [module.Python(HERE, None)])
    return module


@pytest.fixture
def lab(tmp_path: Path) -> ShelvedLab:
    home = small_lab(tmp_path, CHECKS).folder
    (home / "mistakes").mkdir()
    (home / "mistakes" / "work-zero.md").write_text(WRONG)
    return shelf.load(home)


def test_runs_are_spread_over_all_pythons_and_start_methods_that_a_case_allows(
    flakes: ModuleType, lab: ShelvedLab
) -> None:
    pythons = [flakes.Python(version, None) for version in ("3.10.1", "3.11.1", "3.12.1", "3.13.1")]
    runs = [run for run, _, _ in flakes.plan(lab, pythons, 20)]
    solution = [run for run in runs if run.case == "solution"]
    wrong = [run for run in runs if run.case == "work-zero"]
    assert (len(solution), len(wrong)) == (20, 20)
    assert len({run.key for run in runs}) == 40
    assert len({(run.python, run.method) for run in solution[:12]}) == 12
    assert {(run.python, run.method) for run in wrong} == {
        (python.version, method) for python in pythons for method in ("fork", "spawn")
    }


def test_it_goes_on_where_it_was_stopped_and_runs_anew_what_changed(flakes: ModuleType, lab: ShelvedLab) -> None:
    runs = asyncio.run(flakes.go([lab], 2, 1, 2))
    assert len(runs) == 4
    assert all(run.fault == "" for run in runs if run.case == "solution")
    assert all("work-zero" in run.fault for run in runs if run.case == "work-zero")
    assert all(run.load is not None and run.load > 0 for run in runs)
    text = flakes.report(runs)
    assert "**2 of 4 runs failed.**" in text
    assert f"load average {min(run.load for run in runs):.0f} to " in text
    assert f"| {HERE} | " in text
    assert "the text differs" in text

    file = flakes.KEPT / "runs.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:3]) + lines[3][:20])  # killed while it wrote
    assert len(flakes.kept()) == 3
    again = asyncio.run(flakes.go([lab], 2, 0, 2))
    assert [run.key for run in again] == [run.key for run in runs]
    assert len(file.read_bytes().splitlines()) == 5  # three, the one that was cut, and the one run that was missing
    assert len(flakes.kept()) == 4

    state = {run.case: run.state for run in runs}
    wrong = lab.folder / "mistakes" / "work-zero.md"
    wrong.write_text(WRONG.replace("1 / 0", "2 / 0"))
    assert flakes.state_of(lab, "solution") == state["solution"]
    assert flakes.state_of(lab, "work-zero") != state["work-zero"]
    wrong.write_text(WRONG)
    assert flakes.state_of(lab, "work-zero") == state["work-zero"]
    (lab.folder / "checks.py").write_text((lab.folder / "checks.py").read_text() + "# mended\n")
    assert all(flakes.state_of(lab, kind) != state[kind] for kind in state)
