"""A lab in another language has the words of its translation, and all else of lab.md; what does not fit is told."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from parallab.lab_parse import parse_lab
from parallab.notebook import build
from parallab.translated import captions, misfits, translated

LAB = """\
---
parallab: {id: L99, title: A lab, minutes: 5, version: 2, summary: Short.}
---
# A lab

A story.

```{code-cell}
import time
```

:::{step} one
title: Step one
:::
Do it.

```{code-cell}
:tags: [one]
x = 1  # one

# wait for it
print("done", x)
```

:::{hint}
Look.
:::

:::{step} sorted
title: Sort
kind: order
:::

:::{order} life
In which order?

- Born
  > Nobody works before.
- Works
- Ends
:::

:::{step} lines
title: Lines
kind: parsons
:::

:::{parsons}
Order these.
```python
a = 1
b = 2
```
```python
c = 3
```
> Nobody needs it.
:::

:::{step} quiz
title: Quiz
kind: quiz
:::

:::{quiz} true
What is true?

- [ ] This
  > It is not.
- [x] That
  > It is.
:::

:::{watch} one
- begin: It begins.
- end: It is over.
:::
"""
GERMAN = {
    "title: A lab": "title: Eine Übung",
    "summary: Short.": "summary: Kurz.",
    "A story.": "Eine Geschichte.",
    "title: Step one": "title: Schritt eins",
    "Do it.": "Tu es.",
    "# one": "# eins",
    "# wait for it": "# warte darauf",
    '"done"': '"fertig"',
    "Look.": "Sieh hin.",
    "- Born": "- Geboren",
    "- Works": "- Arbeitet",
    "- Ends": "- Endet",
    "Nobody works before.": "Vorher arbeitet niemand.",
    "Nobody needs it.": "Niemand braucht das.",
    "- [x] That": "- [x] Das",
    "It is not.": "Ist es nicht.",
    "begin: It begins.": "begin: Es beginnt.",
}


def german() -> str:
    text = LAB
    for english, told in GERMAN.items():
        assert english in text
        text = text.replace(english, told)
    return text


def swapped(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


def test_the_words_are_the_translations_and_everything_else_is_the_labs() -> None:
    lab, words = parse_lab(LAB, "lab.md"), parse_lab(german(), "lab.de.md")
    assert list(misfits(lab, words)) == []
    told = translated(lab, words)
    assert (told.title, told.summary, told.body) == ("Eine Übung", "Kurz.", words.body)
    assert [step.title for step in told.steps] == ["Schritt eins", "Sort", "Lines", "Quiz"]
    assert told.steps[0].hints == ("Sieh hin.",)
    # The ids of what is put in order follow from its text; a translation has those of the original.
    for ours, theirs in zip(lab.steps, told.steps, strict=True):
        assert [option.id for question in ours.questions for option in question.options] == [
            option.id for question in theirs.questions for option in question.options
        ]
        assert (ours.order, ours.blocks) == (theirs.order, theirs.blocks)
    assert [option.text for option in told.steps[1].questions[0].options] == ["Geboren", "Arbeitet", "Endet"]
    assert list(told.steps[2].block_reasons.values()) == ["Niemand braucht das."]
    # So is a notebook: other words in the same cells.
    cells = build(told)["cells"]
    assert [cell["id"] for cell in cells] == [cell["id"] for cell in build(lab)["cells"]]
    assert 'x = 1  # eins\n\n# warte darauf\nprint("fertig", x)' in [cell["source"] for cell in cells]
    assert list(captions(lab, words)) == [("It begins.", "Es beginnt."), ("It is over.", "It is over.")]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("x = 1  # eins", "x = 2  # eins", "step one: code cell 1 must be that of lab.md"),
        (":::{hint}\nSieh hin.\n:::\n", "", "step one: hints: 0, and lab.md has 1"),
        ("- [x] Das", "- [ ] Das", "step quiz: choice 2 of true must be right"),
        ("  > It is.\n", "", "step quiz: choice 2 of true: its reason is missing"),
        (":::{quiz} true", ":::{quiz} wahr", "step quiz: questions are wahr; in lab.md true"),
        ("version: 2", "version: 1", "it translates version 1; the lab is at version 2"),
        ("kind: order", "kind: order\nstretch: true", "step sorted: “stretch:” must be as in lab.md: False"),
        ("- end: It is over.\n", "", "{watch} must have the step and the moments of lab.md"),
        ("import time", "import os", "before the first step: code cell 1 must be that of lab.md"),
    ],
)
def test_a_misfit_is_told(old: str, new: str, told: str) -> None:
    lab = parse_lab(LAB, "lab.md")
    text = swapped(german(), old, new)
    if old == "- [x] Das":
        text = text.replace("- [ ] This", "- [x] This")
    assert any(one.startswith(told) for one in misfits(lab, parse_lab(text, "lab.de.md")))


def test_a_step_that_does_not_fit_is_shown_in_english_and_the_others_are_not() -> None:
    lab = parse_lab(LAB, "lab.md")
    words = parse_lab(swapped(german(), ":::{hint}\nSieh hin.\n:::\n", ""), "lab.de.md")
    told = translated(lab, words)
    assert told.steps[0] == lab.steps[0]
    assert told.steps[1].questions[0].options[0].text == "Geboren"
    sources = [cell["source"] for cell in build(told)["cells"]]
    assert any("# wait for it" in source for source in sources)


def test_a_missing_step_is_told() -> None:
    lab = parse_lab(LAB, "lab.md")
    text = re.sub(r":::\{step\} quiz.*?(?=:::\{watch\})", "", german(), flags=re.DOTALL)
    words = parse_lab(text, "lab.de.md")
    assert "step quiz is missing" in list(misfits(lab, words))
    assert [step.id for step in translated(lab, words).steps] == [step.id for step in lab.steps]
    assert replace(translated(lab, words).steps[3], line=0) == replace(lab.steps[3], line=0)
