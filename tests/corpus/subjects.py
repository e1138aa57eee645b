"""All subjects of the corpus, with what is true of each."""

from __future__ import annotations

from corpus import primitives as _primitives  # noqa: F401 - fills SUBJECTS
from corpus.hangs import HANGS
from corpus.truth import SUBJECTS, Truth


def primitives() -> dict[str, Truth]:
    """The programs of primitives.py."""
    return {name: truth for name, (_, truth) in SUBJECTS.items()}


def every() -> dict[str, Truth]:
    """These, and the programs of tests/proc/subjects.py that are recorded."""
    return {**primitives(), **HANGS}
