"""Predictions and answers against the key, and each refusal's sentence."""

from __future__ import annotations

import pytest

from parallab import answers
from parallab.answers import BadAnswer
from parallab.lab import Option, QuizQuestion, Step
from parallab.wire import Answered, Block, Choice, Prompt

CODES = Step(
    "codes",
    "Exit codes",
    "predict",
    prompts=(
        Prompt("left", "How much is left?", "number"),
        Prompt("who", "Who ends first?", "choice", (Choice("a", "A"), Choice("b", "B"))),
        Prompt("order", "In which order?", "order", (Choice("x", "X"), Choice("y", "Y"))),
        Prompt("why", "Why?", "text"),
    ),
)
GOOD = {"left": " 3.5 ", "who": "a", "order": "y,x", "why": "because"}
QUIZ = Step(
    "quiz",
    "Quiz",
    "quiz",
    questions=(
        QuizQuestion(
            "q1", "start or run?", (Option("s", "start", True, "Yes."), Option("r", "run", False, "No child."))
        ),
        QuizQuestion(
            "q2",
            "Which are true?",
            (Option("a", "A", True, "a!"), Option("b", "B", True, "b!"), Option("c", "C", False, "c?")),
            several=True,
        ),
    ),
)
PARSONS = Step(
    "close",
    "Close",
    "parsons",
    blocks=tuple(Block(name, name) for name in "dabc"),
    order=("a", "b", "c"),
    block_reasons={"d": "It would wait for itself."},
)


def test_a_prediction_is_trimmed_and_in_order() -> None:
    assert list(answers.prediction(CODES, GOOD).items()) == [
        ("left", "3.5"),
        ("who", "a"),
        ("order", "y,x"),
        ("why", "because"),
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"left": "many"}, "“How much is left?” asks for a number; “many” is none."),
        ({"left": ""}, "A prediction is missing: “How much is left?” Fill it in, then save."),
        ({"who": "z"}, "“Who ends first?” has no choice 'z'. Choose one of those shown."),
        ({"order": "x,x"}, "“In which order?” asks for each of its choices once, in order."),
        ({"why": "y" * 5000}, "An answer has at most 4000 characters; this one has 5000."),
        ({"nobody": "1"}, "This step has no prediction 'nobody'. Reload the page: the lab may have changed since."),
    ],
)
def test_a_prediction_that_does_not_fit(change: dict[str, str], sentence: str) -> None:
    with pytest.raises(BadAnswer) as refused:
        answers.prediction(CODES, GOOD | change)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"q1": ("s",)}, Answered("q1", ("s",), True, "Yes.")),
        ({"q1": ("r",)}, Answered("q1", ("r",), False, "No child.")),
        ({"q2": ("b", "a")}, Answered("q2", ("b", "a"), True, "b! a!")),
        ({"q2": ("a",)}, Answered("q2", ("a",), False, "a! One more of them is true.")),
        ({"q2": ("a", "c")}, Answered("q2", ("a", "c"), False, "c?")),
    ],
)
def test_questions(given: dict[str, tuple[str, ...]], expected: Answered) -> None:
    assert (expected,) == answers.grade(QUIZ, given)


@pytest.mark.parametrize(
    ("chosen", "right", "reason"),
    [
        (("a", "b", "c"), True, ""),
        (("a", "b"), False, "So far it is right, but lines are missing."),
        (("a", "c", "b"), False, "The first line is right; the next is not."),
        (("a", "b", "d", "c"), False, "It would wait for itself."),
        (("c", "a", "b"), False, "The first line is not right."),
    ],
)
def test_lines_in_order(chosen: tuple[str, ...], right: bool, reason: str) -> None:
    assert (Answered("close", chosen, right, reason),) == answers.grade(PARSONS, {"close": chosen})


def test_free_text_is_kept_and_not_judged() -> None:
    free = Step("why", "Why?", "free")
    assert (Answered("why", ("I think so",), None, ""),) == answers.grade(free, {"why": (" I think so ",)})
    assert answers.verdict(free, {}) == "passed"


@pytest.mark.parametrize(
    ("step", "given"),
    [
        (QUIZ, {}),
        (QUIZ, {"q9": ("s",)}),
        (QUIZ, {"q1": ("zzz",)}),
        (QUIZ, {"q1": ()}),
        (QUIZ, {"q1": ("s", "r")}),
        (PARSONS, {"close": ("a", "a")}),
        (PARSONS, {"close": ("nobody",)}),
        (PARSONS, {"close": ()}),
        (PARSONS, {"other": ("a",)}),
        (Step("why", "Why?", "free"), {"why": (" ",)}),
        (Step("code", "Code"), {"x": ("y",)}),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_with_a_sentence(step: Step, given: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(BadAnswer, match=r"\.$"):
        answers.grade(step, given)


def test_a_quiz_is_passed_when_every_question_is_right() -> None:
    right, wrong = Answered("q1", ("s",), True, ""), Answered("q1", ("r",), False, "")
    other = Answered("q2", ("a", "b"), True, "")
    assert answers.verdict(QUIZ, {"q1": right}) == "not-attempted"
    assert answers.verdict(QUIZ, {"q1": wrong}) == "failed"
    assert answers.verdict(QUIZ, {"q1": right, "q2": other}) == "passed"


ORDER = Step(
    "ways",
    "Ways",
    "order",
    questions=(
        QuizQuestion("memory", "Which?", (), form="text"),
        QuizQuestion(
            "cost",
            "The cheapest first.",
            (
                Option("b2", "a walk", True, "No ticket."),
                Option("b3", "a bus", True, ""),
                Option("b1", "a taxi", True, ""),
            ),
            form="order",
        ),
    ),
)


@pytest.mark.parametrize(
    ("given", "right", "reason"),
    [
        (("b2", "b3", "b1"), True, "No ticket."),
        (("b2", "b1", "b3"), False, "The first line is right; the next is not."),
        (("b3", "b2", "b1"), False, "The first line is not right."),
    ],
)
def test_an_order_tells_how_far_it_is_right(given: tuple[str, ...], right: bool, reason: str) -> None:
    assert answers.grade(ORDER, {"cost": given}) == (Answered("cost", given, right, reason),)


def test_an_order_needs_each_of_its_lines_once() -> None:
    with pytest.raises(BadAnswer, match="each of its lines once, in order"):
        answers.grade(ORDER, {"cost": ("b2", "b2", "b1")})


def test_a_written_answer_counts_as_given_and_is_not_graded() -> None:
    written = answers.grade(ORDER, {"memory": ("a queue",)})
    assert written == (Answered("memory", ("a queue",), None, ""),)
    given = {one.question: one for one in (*written, *answers.grade(ORDER, {"cost": ("b2", "b3", "b1")}))}
    assert answers.verdict(ORDER, given) == "passed"
    assert answers.verdict(ORDER, {"cost": given["cost"]}) == "not-attempted"
