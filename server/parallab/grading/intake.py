"""What was handed in: notebooks in files and folders, or texts that a caller has; and what is to be asked of each.

Names are the learners' to choose: they are shown and compared, never taken for a path.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec

from parallab import submission
from parallab.grading.blank import blank
from parallab.grading.facts import Graded, Limits, Order
from parallab.shelf import Shelf, ShelvedLab

NO_LAB = "it does not say which lab it belongs to: its metadata must have parallab.lab, as the lab's own notebook has"


@dataclass(frozen=True)
class Handed:
    """One submission, not read yet. ``name`` says whose and which; no two of one run have the same."""

    name: str
    text: Callable[[], str]
    """Reads the notebook. :raises SubmissionError: it cannot."""


class IntakeError(Exception):
    """What was named cannot be graded; the text says why and what to do."""


def of_text(name: str, text: str) -> Handed:
    """A submission whose text the caller has."""
    return Handed(label(name), lambda: text)


def collect(paths: Iterable[Path]) -> tuple[Handed, ...]:
    """The notebooks that are these files, or lie in these folders; each once.

    A link that is named is followed, one in a folder is not: whoever handed it in may not read where it leads.

    :raises IntakeError: one is not there, or there is no notebook at all.
    """
    found: dict[Path, Handed] = {}
    for path in paths:
        if path.is_dir():
            inside = list(_notebooks(path))
            if not inside:
                raise IntakeError(f"there is no notebook in {label(str(path))}: name a folder with .ipynb files")
        elif os.path.lexists(path):
            inside = [path]
        else:
            raise IntakeError(f"there is no {label(str(path))}: name notebooks, or folders that hold some")
        for one in inside:
            # Two links to one file are two submissions: only the same name twice is the same.
            read = partial(submission.text_of, one, links=one is path)
            found.setdefault(one.absolute(), Handed(label(str(one)), read))
    return tuple(found.values())


def _notebooks(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.endswith(".ipynb") and not name.startswith("."):
                yield Path(parent, name)


def label(name: str) -> str:
    """A name as text that JSON, a terminal and a table can hold; other bytes and control characters as escapes."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


class Desk:
    """Makes an order of each submission, or says at once what is wrong with it."""

    def __init__(self, limits: Limits, sandbox: bool) -> None:
        self._limits = limits
        self._sandbox = sandbox
        self._shelf = Shelf(whole=False)
        self._labs: dict[str, tuple[str, str]] = {}

    def order(self, handed: Handed) -> Order | Graded:
        """Reads it."""
        digest = ""
        try:
            text = handed.text()
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            lab = submission.lab_of(text, "it")
        except submission.SubmissionError as error:
            return blank(self._make(handed, "", digest, "", ""), "unreadable", str(error))
        except OSError as error:
            why = f"it cannot be read: {error.strerror or error}"
            return blank(self._make(handed, "", digest, "", ""), "unreadable", why)
        asked, problem = self._asked(lab) if lab else ("", NO_LAB)
        order = self._make(handed, text, digest, lab, asked)
        return blank(order, "unreadable", problem) if problem else order

    def _make(self, handed: Handed, text: str, digest: str, lab: str, asked: str) -> Order:
        return Order(handed.name, text, digest, lab, asked or self._mark(""), self._limits, self._sandbox)

    def _asked(self, lab: str) -> tuple[str, str]:
        """What else decides on a result of this lab, as a short mark; and why there can be none."""
        if lab not in self._labs:
            try:
                found = self._shelf.lab(lab)
            except LookupError as error:
                self._labs[lab] = "", f"its lab is not installed here: {error.args[0] if error.args else error}"
            else:
                self._labs[lab] = self._mark(_content(found)), ""
        return self._labs[lab]

    def _mark(self, lab: str) -> str:
        facts = (version("parallab"), platform.python_version(), self._sandbox, self._limits, lab)
        return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:16]


def _content(lab: ShelvedLab) -> str:
    """A digest of all that a lab's verdicts depend on."""
    digest = hashlib.sha256(str(lab.lab.version).encode())
    for path in sorted({lab.folder / "lab.md", *lab.folder.glob("*.py"), *lab.files}):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
