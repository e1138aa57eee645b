"""English sentences told in another language: whole, by their pattern, in their parts, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallab.phrases import Phrase, Tongue, chosen, wanted

PHRASES = (
    Phrase("none", "keine"),
    Phrase("threads", "Threads"),
    Phrase("worker {ordinal} of {of}", "Worker {ordinal} von {of}"),
    Phrase("First: {texts}", "Zuerst: {texts}"),
    Phrase("Your notebook waits", "Dein Notebook wartet"),
    Phrase("{who} waits for {what}", "{who} wartet auf {what}"),
    Phrase("start() raised {error}", "start() löste {error} aus"),
    Phrase("{items} and {items2}", "{items} und {items2}"),
    Phrase("at least {count}", "mindestens {count}"),
    Phrase("ends in use: one each", "Enden, die benutzt werden: je eines"),
    Phrase("{error}. The letters were taken for arguments.", "{error}. Die Buchstaben galten als Argumente."),
    Phrase("“{name}” was given a target", "„{name}“ bekam ein target"),
    Phrase("Run it again.", "Führe es noch einmal aus."),
    Phrase("{pid} waits, and nobody is left.", "{pid} wartet, und niemand ist mehr da."),
    Phrase("{who} {wait} to get, and nobody puts.", "{who} {wait} auf etwas, und niemand legt etwas ab."),
    Phrase("your notebook", "dein Notebook"),
    Phrase("waits", "wartet"),
    Phrase("not translated yet", ""),
)
GERMAN = Tongue("de", PHRASES)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("none", "keine"),
        ("worker 2 of 4", "Worker 2 von 4"),
        ("threads: at least 1", "Threads: mindestens 1"),
        ("worker 1 of 2 and worker 2 of 2", "Worker 1 von 2 und Worker 2 von 2"),
        ("2: worker 1 of 2, worker 2 of 2 and none", "2: Worker 1 von 2, Worker 2 von 2 und keine"),
        ("First: Your notebook waits", "Zuerst: Dein Notebook wartet"),
        ("none; “ticker”", "keine; „ticker“"),
        ("“a and b” was given a target", "„a and b“ bekam ein target"),
        ("3 threads", "3 Threads"),
        ("ends in use: one each: at least 1", "Enden, die benutzt werden: je eines: mindestens 1"),
        ("Worker 1 of 2 waits for threads", "Worker 1 von 2 wartet auf Threads"),
        ("Your notebook waits, and nobody is left.", "Dein Notebook wartet, und niemand ist mehr da."),
        ("none (worker 1 of 2)", "keine (Worker 1 von 2)"),
        ("“ticker”: TypeError: none: no", "„ticker“: TypeError: none: no"),
        ("none; start() raised RuntimeError: a: b", "keine; start() löste RuntimeError: a: b aus"),
        ("TypeError: no. The letters were taken for arguments.", "TypeError: no. Die Buchstaben galten als Argumente."),
        ("none; worker 1 of 2 waits, and nobody is left", "keine; Worker 1 von 2 wartet, und niemand ist mehr da"),
        (
            "your notebook waits to get, and nobody puts.",
            "dein Notebook wartet auf etwas, und niemand legt etwas ab.",
        ),
        ("A waits for none", "A wartet auf keine"),
        ("threads: Ann and Bob", "Threads: „Ann“ und „Bob“"),
        ("none; Run it again", "keine; Führe es noch einmal aus"),
        ("Run it again. Run it again.", "Führe es noch einmal aus. Führe es noch einmal aus."),
        ("none (TypeError: a), none (TypeError: f())", "keine (TypeError: a), keine (TypeError: f())"),
        ("First: fork, spawn", "Zuerst: fork, spawn"),
    ],
)
def test_what_is_known_is_told_whole(english: str, german: str) -> None:
    assert GERMAN.text(english) == german


@pytest.mark.parametrize("english", ["", "not translated yet", "What nobody knows.", "x" * 5000, "me = os.getpid()"])
def test_what_is_not_known_stays_as_it_is(english: str) -> None:
    assert GERMAN.text(english) == english


def test_of_several_sentences_those_that_are_known_are_told() -> None:
    assert GERMAN.text("Nobody knows this. Run it again.") == "Nobody knows this. Führe es noch einmal aus."


def test_a_lab_may_tell_a_text_otherwise_than_the_server() -> None:
    assert Tongue("de", [*GERMAN.phrases, Phrase("none", "keiner")]).text("none") == "keiner"


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(GERMAN.text(text), str)


def test_the_readers_languages_in_their_order() -> None:
    assert wanted("en;q=0.5, de-DE, fr;q=0.8, xx;q=0") == ("de-de", "fr", "en")
    assert wanted("de_DE") == ("de-de",)
    assert wanted("*;q=1, <script>, de;q=oops") == ("de",)
    assert wanted("") == ()


def test_english_is_always_there() -> None:
    assert chosen(("fr", "de-de", "en"), {"de"}.__contains__) == "de"
    assert chosen(("en-us", "de"), {"de"}.__contains__) == "en"
    assert chosen(("fr",), {"de"}.__contains__) == "en"
