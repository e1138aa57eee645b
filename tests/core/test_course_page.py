"""docs/course.md says what the labs say, and a sentence that names what no lab has is told."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from parallab import progress, shelf
from parallab.progress import Memory
from parallab.shelf import Shelf

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "course_page.py"


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location("course_page", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["course_page"] = module
    spec.loader.exec_module(module)
    return module


LABS = Shelf([shelf.own_course()]).labs()


def test_the_committed_page_is_what_the_labs_say(pages: ModuleType) -> None:
    assert pages.TARGET.read_text(encoding="utf-8") == pages.page(LABS), "run `make course`"


def test_each_sentence_and_each_objective_is_served_by_a_lab_that_is_there(pages: ModuleType) -> None:
    text = pages.page(LABS)
    here = {lab.lab.id for lab in LABS}
    reachable = [one.id for one in shelf.OBJECTIVES if here.intersection(one.labs)]
    assert reachable
    for name in (*(f"S{number}" for number in range(1, 10)), *reachable):
        part = text.partition(f"### {name} ")[2].partition("\n### ")[0]
        assert re.search(r"^- L\d\d \[", part, re.MULTILINE), name


def test_a_step_that_has_gone_is_told(pages: ModuleType) -> None:
    sentence = pages.Sentence("S1", "x", {"L04": ("four-at-once", "gone")})
    with pytest.raises(pages.Stale, match="lab L04 has no step 'gone' any more"):
        pages.page(LABS, [sentence])


def test_the_page_and_the_sidebar_tick_by_the_same_rule(pages: ModuleType) -> None:
    text = pages.page(LABS)
    for objective in shelf.OBJECTIVES:
        labs = [one.lab for one in LABS]
        needed = {
            (lab.id, step.id): step.title
            for lab in labs
            for step in lab.steps
            if progress.serves(lab, step, objective.id)
        }
        part = text.partition(f"### {objective.id} ")[2].partition("\n### ")[0]
        assert all(f"  - {title}\n" in part for title in needed.values())
        passed = {lab.id: {} for lab in labs}
        for lab, step in needed:
            passed[lab][step] = Memory(verdict="passed")
        assert progress.reached(objective.id, labs, passed) is bool(needed)
