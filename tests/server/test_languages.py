"""The server answers in the reader's language, and keeps and judges in English."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs import LAB

STEP = "labs/L90/steps"
GERMAN = {
    "title: Of all kinds": "title: Von allem etwas",
    "A *story*.": "Eine *Geschichte*.",
    "Look at `start`.": "Sieh dir `start` an.",
    "Which one starts a child?": "Was startet ein Kind?",
    "It runs here.": "Es läuft hier.",
}
CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Your notebook starts one child"
msgstr "Dein Notebook startet ein Kind"
"""


@pytest.fixture
def german(labs: Path) -> Path:
    """L90 in German, too."""
    text = LAB
    for english, told in GERMAN.items():
        assert english in text
        text = text.replace(english, told)
    folder = next(labs.glob("90-*"))
    (folder / "lab.de.md").write_text(text, encoding="utf-8")
    (folder / "checks.de.po").write_text(CATALOGUE, encoding="utf-8")
    return folder


@pytest.fixture
def ask(german: Path, call, jp_auth_header):
    """Asks as a reader of this language."""

    async def send(language: str, path: str, body=None):
        return await call(path, body, headers={**jp_auth_header, "Accept-Language": language})

    return send


async def test_a_lab_is_told_in_the_readers_language(ask) -> None:
    lab = (await ask("de-DE", "labs/L90")).json
    assert (lab["language"], lab["title"]) == ("de", "Von allem etwas")
    assert lab["html"] == "<p>Eine <em>Geschichte</em>.</p>\n"
    assert lab["steps"][0]["goals"][0]["text"] == "Dein Notebook startet ein Kind"
    english = (await ask("en-GB, de;q=0.5", "labs/L90")).json
    assert (english["language"], english["title"]) == ("en", "Of all kinds")
    assert english["steps"][0]["goals"][0]["text"] == "Your notebook starts one child"
    # What is keyed by ids is the same in both.
    assert [step["id"] for step in lab["steps"]] == [step["id"] for step in english["steps"]]


async def test_the_course_names_each_lab_as_it_is(ask) -> None:
    course = (await ask("de", "labs")).json
    assert course["labs"][0]["title"] == "Von allem etwas"
    assert course["level"] == "Anfänger"


async def test_hints_answers_and_problems_are_told_in_it_and_kept_in_english(ask) -> None:
    hint = (await ask("de", f"{STEP}/start/hint", {"level": 1})).json
    assert hint["html"] == "<p>Sieh dir <code>start</code> an.</p>\n"
    status, told = await ask("de", f"{STEP}/start/hint", {"level": 3})
    assert (status, told["message"]) == (
        404,
        "Der Schritt „Start one“ hat die Tipps 1 bis 2; gefragt war nach Nummer 3.",
    )
    answer = (await ask("de", f"{STEP}/quiz/answer", {"answers": {"which": ["b"]}})).json
    assert answer["answered"][0]["reason"] == "Es läuft hier."
    # The same hint is shown to whoever reads English now.
    lab = (await ask("en", "labs/L90")).json
    assert lab["progress"][0]["hints_shown"] == ["<p>Look at <code>start</code>.</p>\n"]


async def test_the_notebook_is_given_in_the_readers_words(ask, jp_root_dir: Path) -> None:
    opened = (await ask("de", "labs/L90/open", {})).json
    assert "Eine *Geschichte*." in (jp_root_dir / opened["path"]).read_text(encoding="utf-8")


async def test_a_translation_that_cannot_be_read_leaves_the_lab_in_english(ask, german: Path) -> None:
    (german / "lab.de.md").write_text("---\nparallab: {}\n---\n", encoding="utf-8")
    lab = (await ask("de", "labs/L90")).json
    assert (lab["language"], lab["title"]) == ("en", "Of all kinds")


async def test_a_language_that_nobody_translated_is_english(ask) -> None:
    lab = (await ask("pl", "labs/L90")).json
    assert (lab["language"], lab["title"]) == ("en", "Of all kinds")


async def test_a_notebook_follows_the_readers_language_when_it_is_opened_again(ask, jp_root_dir: Path) -> None:
    opened = (await ask("en", "labs/L90/open", {})).json
    path = jp_root_dir / opened["path"]
    assert "A *story*." in path.read_text(encoding="utf-8")
    again = (await ask("de", "labs/L90/open", {})).json
    assert (again["created"], again["news"]["language"], again["news"]["old"]) == (False, "de", "")
    assert "Eine *Geschichte*." in path.read_text(encoding="utf-8")
    assert sorted(one.name for one in path.parent.glob("*.ipynb")) == [path.name]
    assert (await ask("de", "labs/L90/open", {})).json["news"] is None
