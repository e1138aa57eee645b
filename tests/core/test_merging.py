"""A new version of a lab comes into a learner's notebook: their work stays, whatever they did to the cells."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import nbformat
import pytest

from parallab.lab_parse import parse_lab
from parallab.merging import Merged, merge, source_of, step_of
from parallab.notebook import build

HEAD = """\
---
parallab: {{id: L99, title: A lab, minutes: 1, objectives: [], needs: [], version: {version}, summary: S.}}
---
# A lab

```{{code-cell}}
import os
```
"""


def lab(version: int, *steps: tuple[str, str, Sequence[str]]) -> Any:
    """A lab of these steps: id, text, cells."""
    parts = [HEAD.format(version=version)]
    for name, text, cells in steps:
        parts.append(f":::{{step}} {name}\ntitle: Step {name}\n:::\n{text}\n")
        parts += [f"```{{code-cell}}\n:tags: [{name}]\n{cell}\n```\n" for cell in cells]
    return parse_lab("\n".join(parts), "lab.md")


ONE = ("one", "Do one.", ["one = ..."])
TWO = ("two", "Do two.", ["two = ..."])
OLD = lab(1, ONE, TWO)


class Learner:
    """A notebook of the first version, and what somebody does to it."""

    def __init__(self) -> None:
        self.notebook = build(OLD)

    @property
    def cells(self) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = self.notebook["cells"]
        return cells

    def cell(self, source: str) -> dict[str, Any]:
        return next(cell for cell in self.cells if cell["source"] == source)

    def write(self, source: str, new: str) -> dict[str, Any]:
        cell = self.cell(source)
        cell |= {"source": new, "execution_count": 3, "outputs": [stream("seen")]}
        return cell

    def own(self, after: str, source: str, step: str | None = None) -> dict[str, Any]:
        made = {
            "id": f"own-{len(self.cells)}",
            "cell_type": "code",
            "source": source,
            "metadata": {"parallab": {"lab": "L99", "step": step}} if step else {},
            "outputs": [],
            "execution_count": None,
        }
        self.cells.insert(self.cells.index(self.cell(after)) + 1, made)
        return made

    def gets(self, new: Any) -> Merged:
        before = copy.deepcopy(self.notebook)
        merged = merge(self.notebook, new)
        assert merged is not None
        assert self.notebook == before, "the learner's own notebook was changed"
        nbformat.validate(nbformat.from_dict(merged.notebook))
        names = [cell["id"] for cell in merged.notebook["cells"]]
        assert len(set(names)) == len(names)
        assert merge(merged.notebook, new) is None, "brought to the new version twice"
        return merged


def stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def sources(merged: Merged) -> list[str]:
    return [source_of(cell) for cell in merged.notebook["cells"]]


def test_an_untouched_notebook_becomes_that_of_the_new_version() -> None:
    new = lab(2, ("zero", "Do zero.", ["zero = ..."]), ("two", "Do two better.", ["two = 2", "more = ..."]), ONE)
    merged = Learner().gets(lab(2, ONE, ("two", "Do two better.", ["two = 2", "more = ..."]), ("three", "Three.", [])))
    assert sources(merged) == [
        "# A lab",
        "import os",
        "## Step one\n\nDo one.",
        "one = ...",
        "## Step two\n\nDo two better.",
        "two = 2",
        "more = ...",
        "## Step three\n\nThree.",
    ]
    assert (merged.news.before, merged.news.version) == (1, 2)
    assert (merged.news.added, merged.news.removed) == (("Step three",), ())
    assert (merged.news.renewed, merged.news.kept) == (("Step two",), ())
    assert sources(Learner().gets(new)) == [
        "# A lab",
        "import os",
        "## Step zero\n\nDo zero.",
        "zero = ...",
        "## Step one\n\nDo one.",
        "one = ...",
        "## Step two\n\nDo two better.",
        "two = 2",
        "more = ...",
    ]


def test_work_stays_with_its_outputs_id_and_place() -> None:
    learner = Learner()
    mine = learner.write("one = ...", "one = 1")
    below = learner.own("one = 1", "print(one)")
    merged = learner.gets(lab(2, ("one", "Do one.", ["one = None"]), ("new", "New.", ["new = ..."]), TWO))
    assert sources(merged)[2:] == [
        "## Step one\n\nDo one.",
        "one = 1",
        "print(one)",
        "## Step new\n\nNew.",
        "new = ...",
        "## Step two\n\nDo two.",
        "two = ...",
    ]
    assert merged.notebook["cells"][3] == mine
    assert merged.notebook["cells"][4] == below
    assert (merged.news.added, merged.news.kept, merged.news.renewed) == (("Step new",), ("Step one",), ())


def test_an_output_under_renewed_code_goes_and_under_the_same_code_stays() -> None:
    learner = Learner()
    learner.write("one = ...", "one = ...")
    learner.write("two = ...", "two = ...")
    merged = learner.gets(lab(2, ONE, ("two", "Do two.", ["two = 2"])))
    one, two = (cell for cell in merged.notebook["cells"] if cell["cell_type"] == "code" and step_of(cell))
    assert (one["outputs"], one["execution_count"]) == ([stream("seen")], 3)
    assert (two["source"], two["outputs"], two["execution_count"]) == ("two = 2", [], None)


def test_a_cell_that_comes_before_another_takes_nobodys_place() -> None:
    """The learner's cell is the second now, as it is in the lab."""
    learner = Learner()
    learner.write("one = ...", "one = 1")
    merged = learner.gets(lab(2, ("one", "Do one.", ["first = ...", "one = ..."]), TWO))
    assert sources(merged)[2:5] == ["## Step one\n\nDo one.", "first = ...", "one = 1"]


def test_cells_of_a_removed_step_stay_and_count_for_no_other_step() -> None:
    learner = Learner()
    learner.write("two = ...", "two = 2")
    merged = learner.gets(lab(2, ONE))
    assert sources(merged)[-2:] == ["## Step two\n\nDo two.", "two = 2"]
    assert merged.news.removed == ("Step two",)
    # A cell without a tag would belong to the step above it.
    assert [step_of(cell) for cell in merged.notebook["cells"][-2:]] == ["two", "two"]


def test_what_nobody_touched_goes_with_the_new_version_of_its_step() -> None:
    old = Learner()
    old.notebook = build(lab(1, ("one", "Do one.", ["one = ...", "extra = ..."]), TWO))
    assert "extra = ..." not in sources(old.gets(lab(2, ONE, TWO)))
    touched = Learner()
    touched.notebook = build(lab(1, ("one", "Do one.", ["one = ...", "extra = ..."]), TWO))
    touched.write("extra = ...", "extra = 1")
    assert "extra = 1" in sources(touched.gets(lab(2, ONE, TWO)))


def test_notes_in_a_text_stay_below_the_new_text() -> None:
    learner = Learner()
    learner.cell("## Step two\n\nDo two.")["source"] = "## Step two\n\nDo two. I wonder why."
    merged = learner.gets(lab(2, ONE, ("two", "Do two well.", ["two = ..."])))
    assert sources(merged)[-3:] == ["## Step two\n\nDo two well.", "## Step two\n\nDo two. I wonder why.", "two = ..."]
    assert merged.news.kept == ("Step two",)


def test_a_deleted_cell_stays_deleted() -> None:
    learner = Learner()
    learner.cells.remove(learner.cell("one = ..."))
    assert sources(learner.gets(lab(2, ONE, TWO, ("three", "Three.", ["three = ..."])))) == [
        "# A lab",
        "import os",
        "## Step one\n\nDo one.",
        "## Step two\n\nDo two.",
        "two = ...",
        "## Step three\n\nThree.",
        "three = ...",
    ]


def test_copied_split_moved_and_renamed_cells_stay_as_they_are() -> None:
    learner = Learner()
    learner.own("one = ...", "one = 1  # a copy", "one")
    first = learner.write("two = ...", "two = 1")
    learner.own("two = 1", "two += 1", "two")
    learner.cells.remove(first)
    learner.cells.insert(2, first)  # moved above step one
    learner.cell("one = ...")["id"] = "another"
    was = sources(Merged(learner.notebook, None))  # type: ignore[arg-type]
    merged = learner.gets(lab(2, ONE, TWO, ("three", "Three.", ["three = ..."])))
    assert sources(merged) == [*was, "## Step three\n\nThree.", "three = ..."]
    # The renamed cell was as given, so it is known again.
    renewed = learner.gets(lab(2, ("one", "Do one.", ["one = None"]), TWO))
    assert next(cell for cell in renewed.notebook["cells"] if cell["id"] == "another")["source"] == "one = None"


def test_cells_without_ids_or_with_one_twice_and_sources_in_lines() -> None:
    learner = Learner()
    learner.notebook["nbformat_minor"] = 4
    for cell in learner.cells:
        del cell["id"]
        cell["source"] = cell["source"].splitlines(keepends=True)
    merged = merge(learner.notebook, lab(2, ONE, ("two", "Do two.", ["two = 2"])))
    assert merged is not None
    assert sources(merged)[-1] == "two = 2"
    nbformat.validate(nbformat.from_dict(merged.notebook))

    twice = Learner()
    twice.own("one = ...", "mine")["id"] = twice.cell("one = ...")["id"]
    assert sources(twice.gets(lab(2, ONE, TWO)))[4] == "mine"


def test_version_by_version_is_as_good_as_at_once() -> None:
    learner = Learner()
    learner.write("one = ...", "one = 1")
    second = lab(2, ("one", "Do one.", ["one = None"]), TWO)
    third = lab(3, ("one", "Do one now.", ["one = None"]), ("two", "Do two.", ["two = 2"]))
    by_steps = merge(learner.gets(second).notebook, third)
    at_once = learner.gets(third)
    assert by_steps is not None
    assert sources(by_steps) == sources(at_once)


@pytest.mark.parametrize(
    "ours",
    [
        {"lab": "L99", "version": 2},
        {"lab": "L99", "version": 3},
        {"lab": "L98", "version": 1},
        {"lab": "L99", "version": "1"},
        {"lab": "L99", "version": True},
        {"lab": "L99"},
        "L99",
        None,
    ],
)
def test_what_is_not_of_an_older_version_is_left_alone(ours: Any) -> None:
    learner = Learner()
    learner.notebook["metadata"]["parallab"] = ours
    assert merge(learner.notebook, lab(2, ONE)) is None


@pytest.mark.parametrize(
    "given", [None, "x", [1], [{"id": 1}], {"a": "b"}, [{"id": "x", "step": "one", "kind": "code", "digest": "y"}]]
)
def test_metadata_that_somebody_has_damaged_lose_nothing(given: Any) -> None:
    learner = Learner()
    learner.write("one = ...", "one = 1")
    learner.notebook["metadata"]["parallab"]["given"] = given
    merged = merge(learner.notebook, lab(2, ONE, TWO, ("three", "Three.", ["three = ..."])))
    assert merged is not None
    nbformat.validate(nbformat.from_dict(merged.notebook))
    assert {"one = 1", "three = ..."} <= set(sources(merged))


@pytest.mark.parametrize("cells", [None, 1, [1], ["x"], {}])
def test_what_has_no_cells_is_left_alone(cells: Any) -> None:
    learner = Learner()
    learner.notebook["cells"] = cells
    assert merge(learner.notebook, lab(2, ONE)) is None


def test_its_author_gets_what_changed_in_the_same_version() -> None:
    learner = Learner()
    learner.write("one = ...", "one = 1")
    new = lab(1, ONE, ("two", "Do two better.", ["two = 2"]))
    assert merge(learner.notebook, new) is None
    merged = merge(learner.notebook, new, always=True)
    assert merged is not None
    assert sources(merged)[-3:] == ["one = 1", "## Step two\n\nDo two better.", "two = 2"]
    assert merge(merged.notebook, new, always=True) is None


GERMAN = lab(1, ("one", "Mach eins.", ["one = ...  # eins"]), ("two", "Mach zwei.", ["two = ..."]))


def in_german(learner: Learner) -> Merged:
    """What becomes of a notebook whose reader has changed to German; back again, it is as it was."""
    before = copy.deepcopy(learner.notebook)
    merged = merge(learner.notebook, GERMAN, language="de")
    assert merged is not None
    assert learner.notebook == before
    assert merge(merged.notebook, GERMAN, language="de") is None
    back = merge(merged.notebook, OLD)
    assert back is not None
    assert back.notebook == before
    return merged


def test_a_notebook_follows_its_readers_language() -> None:
    merged = in_german(Learner())
    assert sources(merged)[2:] == [
        "## Step one\n\nMach eins.",
        "one = ...  # eins",
        "## Step two\n\nMach zwei.",
        "two = ...",
    ]
    assert merged.notebook["metadata"]["parallab"]["language"] == "de"
    assert (merged.news.before, merged.news.version, merged.news.language) == (1, 1, "de")
    assert (merged.news.renewed, merged.news.kept) == ((), ())


def test_what_was_written_or_ran_does_not_follow() -> None:
    learner = Learner()
    ran = learner.write("one = ...", "one = ...")
    mine = learner.write("two = ...", "two = 2")
    note = learner.cell("## Step two\n\nDo two.")
    note["source"] += " I wonder why."
    merged = in_german(learner)
    assert merged.notebook["cells"][2]["source"] == "## Step one\n\nMach eins."
    assert merged.notebook["cells"][3:] == [ran, note, mine]
    assert merged.news.kept == ("Step two",)


def test_a_new_version_in_another_language_is_a_new_version() -> None:
    new = lab(2, ("one", "Mach eins.", ["one = None"]), TWO)
    merged = merge(Learner().notebook, new, language="de")
    assert merged is not None
    assert sources(merged)[2:4] == ["## Step one\n\nMach eins.", "one = None"]
    assert (merged.news.version, merged.news.renewed, merged.news.language) == (2, ("Step one",), "")
    assert merged.notebook["metadata"]["parallab"]["language"] == "de"


@pytest.mark.parametrize("part", [{"language": None}, {"given": []}, {"given": "x"}])
def test_a_notebook_that_does_not_say_enough_stays_in_its_language(part: dict[str, Any]) -> None:
    learner = Learner()
    ours = learner.notebook["metadata"]["parallab"]
    learner.notebook["metadata"]["parallab"] = {name: part.get(name, value) for name, value in ours.items()}
    if part.get("language", "") is None:
        del learner.notebook["metadata"]["parallab"]["language"]
    assert merge(learner.notebook, GERMAN, language="de") is None
