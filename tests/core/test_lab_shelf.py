"""Labs on disk: one that is broken keeps its place and hides no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parallab import notebook, shelf
from parallab.shelf import Shelf, ShelvedLab, load
from small_lab import small_lab

CHECKS = '''
@check("work")
def done(run):
    """It is done"""
'''


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return small_lab(tmp_path, CHECKS).folder


def problem(folder: Path) -> str:
    return str(load(folder).problem)


def test_a_lab_with_all_its_parts(home: Path) -> None:
    (home / "numbers.py").write_text("ONE = 1\n")
    lab = load(home)
    assert lab.problem is None
    assert [check.text for check in lab.checks["work"]] == ["It is done"]
    assert [cell.source for cell in lab.solution["work"]] == ["print('done')"]
    assert [file.name for file in lab.files] == ["numbers.py"]
    assert lab.slug == "99-small"


@pytest.mark.parametrize(
    ("checks", "said"),
    [
        ("def broken(:\n", "99-small/checks.py:1: is no Python: "),
        (
            "def one(run): ...\n\ndef one(run): ...\n",
            "99-small/checks.py:3: 'one' is defined a second time, which replaces the one of line 1: rename one",
        ),
        ("1\n1 / 0\n", "99-small/checks.py:2: raised ZeroDivisionError when it was loaded: division by zero"),
        (
            "from parallab.checks import check\n\n@check('work')\ndef done(run):\n    pass\n",
            "99-small/checks.py:3: check 'done' has no docstring: it is the goal that the learner reads",
        ),
        (
            "from parallab.checks import check\n\n@check('wrok')\ndef done(run):\n    '''Done'''\n",
            "99-small/checks.py:3: there is no step 'wrok' in lab.md: choose one of work",
        ),
    ],
)
def test_broken_checks_name_file_and_line(home: Path, checks: str, said: str) -> None:
    (home / "checks.py").write_text(checks)
    assert problem(home).startswith(said)


def test_what_else_can_be_broken(home: Path) -> None:
    (home / "solution.md").write_text("```{code-cell}\n:tags: [other]\n1\n```\n")
    assert problem(home) == "99-small/solution.md:1: there is no step 'other' in lab.md"
    (home / "solution.md").unlink()
    assert load(home).solution == {}
    (home / "mistakes").mkdir()
    (home / "mistakes" / "a.md").write_text("---\nstep: other\nverdict: failed\n---\n```{code-cell}\n1\n```\n")
    assert problem(home) == "99-small/mistakes/a.md:2: there is no step 'other' in lab.md"
    (home / "checks.py").unlink()
    assert problem(home) == "99-small/checks.py:1: cannot be read: No such file or directory"
    (home / "lab.md").write_bytes(b"\xff\xfe")
    assert problem(home) == "99-small/lab.md:1: this is not UTF-8 text: save it as UTF-8"


def test_a_broken_lab_hides_no_other(home: Path) -> None:
    worse = home.parent / "01-worse"
    worse.mkdir()
    (worse / "lab.md").write_text("---\nparallab: {id: L01}\n---\n")
    found = Shelf([home.parent]).labs()
    assert [(lab.lab.id, bool(lab.problem)) for lab in found] == [("L01", True), ("L99", False)]
    assert str(found[0].problem) == "01-worse/lab.md:1: front matter: Object missing required field `title`"


def test_two_labs_of_one_id_are_told_apart(home: Path) -> None:
    twin = home.parent / "99-twin"
    twin.mkdir()
    for file in home.iterdir():
        (twin / file.name).write_text(file.read_text())
    found = Shelf([home.parent]).labs()
    assert [(lab.lab.id, lab.slug) for lab in found] == [("L99", "99-small"), ("99-twin", "99-twin")]
    assert str(found[1].problem) == "99-twin/lab.md:2: there are two labs L99; 99-small has the id already"


@pytest.mark.parametrize("name", ["L98", "../../etc", "", "L99/../L99", "a\nb", "x" * 500])
def test_unknown_labs_are_a_sentence(home: Path, name: str) -> None:
    with pytest.raises(LookupError) as caught:
        Shelf([home.parent]).lab(name)
    text = str(caught.value.args[0])
    assert text.startswith("There is no lab ")
    assert text.endswith("The labs are: L99.")
    assert "\n" not in text
    assert len(text) < 120


def test_steps(home: Path) -> None:
    labs = Shelf([home.parent])
    assert labs.step("L99", "work")[1].title == "Work"
    assert labs.lab("course:L99").lab.id == "L99"
    with pytest.raises(LookupError, match="Lab L99 has no step 'play'"):
        labs.step("L99", "play")


def test_a_changed_file_is_read_again(home: Path) -> None:
    labs = Shelf([home.parent])
    before = labs.lab("L99")
    assert labs.lab("L99") is before
    text = (home / "lab.md").read_text().replace("A small lab", "A changed lab")
    (home / "lab.md").write_text(text)
    os.utime(home / "lab.md", ns=(1, 1))
    assert labs.lab("L99").lab.title == "A changed lab"


def test_our_own_course_is_there_and_whole() -> None:
    labs = {lab.lab.id: lab for lab in Shelf().labs()}
    assert {"L04", "L08"} <= set(labs)
    assert [str(lab.problem) for lab in labs.values() if lab.problem] == []
    assert shelf.own_course().name == "labs"


def test_the_course_card() -> None:
    card = shelf.course()
    assert (card.title, card.level, card.hours) == (
        "Python Concurrent Programming: Multiprocessing in Python",
        "Beginner",
        1.3,
    )
    assert [objective.id for objective in card.objectives] == [f"O{number}" for number in range(1, 11)]


def test_the_notebook_has_texts_and_starters_and_nothing_else(home: Path) -> None:
    lab = load(home)
    built = notebook.build(lab.lab)
    assert built == notebook.build(lab.lab)
    assert built["metadata"]["parallab"].items() >= {"lab": "L99", "version": 1}.items()
    assert built["metadata"]["kernelspec"]["name"] == "parallab"
    tagged = [cell for cell in built["cells"] if cell["metadata"]]
    assert {cell["metadata"]["parallab"]["step"] for cell in tagged} == {"work"}
    assert [cell["source"] for cell in tagged if cell["cell_type"] == "code"] == ['print("hello")']
    assert len({cell["id"] for cell in built["cells"]}) == len(built["cells"])


def own_labs() -> list[ShelvedLab]:
    return list(Shelf().labs())


@pytest.mark.parametrize("lab", own_labs(), ids=lambda lab: str(lab.lab.id))
def test_our_notebooks_are_valid_and_give_nothing_away(lab: ShelvedLab) -> None:
    nbformat = pytest.importorskip("nbformat")
    built = notebook.build(lab.lab)
    nbformat.validate(nbformat.from_dict(built))
    text = str(built)
    for step in lab.lab.steps:
        assert all(hint not in text for hint in step.hints)
        for question in step.questions:
            assert all(option.reason not in text for option in question.options if option.reason)
