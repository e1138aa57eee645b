"""Which texts of a Python module are found for translation, and which are left alone."""

from __future__ import annotations

import pytest

from parallab.author.extraction import texts


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('expect("rows in the book", n, at_least(1), hint="Look again.")', ["rows in the book", "Look again."]),
        ('note(f"{len(rows)} rows of {run.total}")', ["{rows} rows of {total}"]),
        ('fail(f"{a} and {a}", "none")', ["{a} and {a2}", "none"]),
        ('x = f"{count}{unit} in all"', ["{count} in all"]),
        ("x = f\"{n} {'row' if n == 1 else 'rows'} are missing\"", ["row", "rows", "{n} {what} are missing"]),
        (
            'def f(a):\n    kind = "one-way" if a else "two-way"\n    fail(f"a {kind} pipe", g(kind))',
            ["one-way", "two-way", "a {kind} pipe"],
        ),
        (
            'def f():\n    for kind, name in (("dict", "array"), ("list", "row")):\n        note(f"the {name}", kind)',
            ["array", "row", "the {name}"],
        ),
        ('def f(a):\n    for name in ("stretch", "kind"):\n        note(f"{name}:{a}")', []),
        ('_count(n, "thread")', ["thread", "threads"]),
        ('started(run, threads, what="children")', ["children"]),
        ('"{} waits for {}".format(a, b)', ["{what} waits for {what2}"]),
        ('@check("one")\ndef goal(run):\n    """It is\n    met"""', ["It is met"]),
        ('def helper():\n    """Says nothing to a learner."""', []),
        ('raise LabError(file, 1, "this is not UTF-8 text")', []),
        ('run.values.get("book")\nopen("/dev/shm")\nx = "kill-worker"', []),
        ('re.compile(r"worker \\d+ of \\d+")\ntext("SELECT line FROM sent")', []),
        ('a = "The same twice."\nb = "The same twice."', ["The same twice."]),
    ],
)
def test_texts(source: str, found: list[str]) -> None:
    assert [one.text for one in texts(source)] == found
