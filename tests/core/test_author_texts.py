"""Golden texts: their masks, their conditions, how they are merged and written."""

from __future__ import annotations

from parallab import author
from parallab.lab_parse import Golden, parse_mistake

FILE = """\
---
step: one
verdict: failed
---
Why.

```{code-cell}
1
```
"""


def test_masks_stand_for_numbers() -> None:
    assert author.matches("Observed  ‹n›", "Observed  257")
    assert author.matches("Observed  ‹n› (‹pid›)\n", "Observed  −3 (4)".replace("−", "-"))
    assert not author.matches("Observed  ‹n›", "Observed  many")
    assert not author.matches("a.c", "abc")


def test_numbers_that_differ_are_masked_and_others_stay() -> None:
    texts = {"fork": ["4 workers, 300 left", "4 workers, 257 left"], "spawn": ["4 workers, 301 left"]}
    assert author.goldens(texts) == (Golden("4 workers, ‹n› left"),)


def test_texts_that_differ_are_kept_apart() -> None:
    texts = {"fork": ["used fork"], "spawn": ["used another"], "forkserver": ["used another"]}
    assert author.goldens(texts) == (Golden("used fork", "fork"), Golden("used another", "spawn, forkserver"))


def test_what_is_written_is_read_again() -> None:
    for texts in ((Golden("✗ a\n    b: c"),), (Golden("x", "fork"), Golden("y\n\nz", "spawn, >=3.14"))):
        once = author.with_texts(FILE, texts)
        read = parse_mistake(once, "m.md", "m").texts
        assert [(golden.text.strip("\n"), golden.when) for golden in read] == [(one.text, one.when) for one in texts]
        assert author.with_texts(once, texts) == once


def test_the_first_text_whose_condition_holds() -> None:
    texts = (Golden("a", "fork"), Golden("b", "spawn, >=3.14"), Golden("c", "<3.12"), Golden("d"))
    wrong = parse_mistake(author.with_texts(FILE, texts), "m.md", "m")
    found = [
        author.golden_for(wrong, method, python)
        for method, python in [("fork", "3.13.0"), ("spawn", "3.14.1"), ("spawn", "3.11.7"), ("spawn", "3.13.0")]
    ]
    assert found == ["a", "b", "c", "d"]


def test_a_difference_is_shown_by_line() -> None:
    assert author.difference("a\nb", "a\nc") == "      a\n    - b\n    + c"
