"""Every text that a wrong answer of a translated lab gets is told in German, whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parallab.shelf import ShelvedLab, load

LABS = [
    lab
    for folder in sorted((Path(__file__).parents[2] / "labs").iterdir())
    if (lab := load(folder)).translations.get("de") is not None
]
#: A line of a golden text, without its sign, the name of its row, and the mistake's number.
ROW = re.compile(r"(?:[✓✗?!·] |\s+(?:Mistake|Expected|Observed|Because|Hint|Note)\s+)(.*?)(?: \(M\d\d\))?\s*\Z")
#: What is no sentence of ours: names, code, and what Python says of an error.
FOREIGN = re.compile(
    r"„[^“]*“|“[^”]*”|`[^`]*`|\bfor (?:\w+ in\b|…)|\w+(?:Error|Interrupt|ProcessPool(?=:))\b[^;]*?(?=;| aus\b|\)$|$)"
)
ENGLISH = re.compile(r"\b(the|of|waits?|you|your|not|is|are|that|which|no|none|nothing|nobody|for|to)\b")


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.lab.id)
def test_no_row_keeps_english_words(lab: ShelvedLab) -> None:
    tongue = lab.translations["de"].tongue
    rows = {
        found[1]
        for wrong in lab.mistakes
        for golden in wrong.texts
        for line in golden.text.splitlines()
        if (found := ROW.match(line)) and found[1]
    }
    assert rows
    told = {row: tongue.text(row) for row in sorted(rows)}
    assert {row: text for row, text in told.items() if ENGLISH.search(FOREIGN.sub("", text))} == {}


def test_the_whole_course_is_translated() -> None:
    assert {lab.lab.id for lab in LABS} == {f"L{number:02}" for number in range(1, 13)}
