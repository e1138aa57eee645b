"""What a lab's translator works on: ``lab.de.md``, at first a copy of lab.md, and ``checks.de.po`` for its checks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from parallab import languages
from parallab.author.catalogue import Entry, Wanted, entries, po
from parallab.author.extraction import texts


def checks(folder: Path, language: str) -> tuple[Path, str, tuple[Entry, ...]]:
    """The catalogue of a lab's checks: its file, its text as it should be, and its entries.

    What the server says in this language anyhow is not in it.
    """
    path = folder / f"checks.{language}.po"
    place = languages.places().get(language)
    locale = place.parent.name if place is not None else language
    found = entries(path, _wanted(folder, language), locale)
    return path, po(found, locale, f"What the checks of {folder.name} say"), found


def translate(folder: Path, language: str) -> tuple[Path, Path, int]:
    """Writes both files, keeping what is translated; answers them, and how many texts of the checks are open."""
    document = folder / f"lab.{language}.md"
    if not document.exists():
        shutil.copyfile(folder / "lab.md", document)
    path, text, found = checks(folder, language)
    path.write_text(text, encoding="utf-8")
    return document, path, sum(entry.missing for entry in found)


def _wanted(folder: Path, language: str) -> Iterator[Wanted]:
    tongue = languages.ours(language)
    ours = {phrase.text for phrase in tongue.phrases} if tongue is not None else set()
    for found in texts((folder / "checks.py").read_text(encoding="utf-8")):
        if found.text not in ours:
            yield Wanted(found.text, files=("checks.py",))
