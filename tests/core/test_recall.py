"""Questions come back: after 1, 3 and 7 days or labs, sooner when they were missed, and missed ones first."""

from __future__ import annotations

from parallab import recall
from parallab.boxes import DAY, Card, answered, is_due
from parallab.lab import Lab, Option, QuizQuestion, Step
from parallab.progress import Answers, Drawn, Entry, Memories, Moment, Opened, fold
from parallab.wire import Answered


def question(name: str) -> QuizQuestion:
    return QuizQuestion(name, f"What is {name}?", (Option("a", "this", True, ""), Option("b", "that", False, "No.")))


def lab(name: str, *questions: str) -> Lab:
    steps = (
        Step("recall", "Do you remember?", "recall", questions=(question("own"),), draw=2),
        Step("quiz", "Questions", "quiz", questions=tuple(map(question, questions))),
    )
    return Lab(name, f"Lab {name}", 1, 1, (), (), "", "", (), steps)


LABS = (lab("L01", "a", "b"), lab("L02", "c"), lab("L03"), lab("L04"))


class Diary:
    """What a learner did, day by day."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.day = 0.0

    def did(self, name: str, step: str, fact: Answers | Drawn | Opened) -> None:
        self.entries.append(Entry(Moment(self.day * DAY), name, step, 1, fact))

    def answers(self, name: str, step: str, **right: bool) -> None:
        given = tuple(Answered(one.replace("__", "/"), ("a",), good, "") for one, good in right.items())
        self.did(name, step, Answers(given, "passed" if all(right.values()) else "failed"))

    @property
    def memories(self) -> Memories:
        return fold(self.entries)

    def card(self, name: str) -> Card:
        where, step, one = name.split("/")
        return self.memories[where][step].cards[one]

    def drawn(self, name: str, most: int = 9) -> tuple[str, ...]:
        return recall.draw(recall.earlier(name, LABS), self.memories, most, self.day * DAY)


def test_a_box_comes_due_by_days_or_by_labs() -> None:
    for box, wait in enumerate((1, 3, 7)):
        card = Card(box, 100.0, 2)
        assert not is_due(card, 100.0 + wait * DAY - 1, 2 + wait - 1)
        assert is_due(card, 100.0 + wait * DAY, 2)
        assert is_due(card, 100.0, 2 + wait)


def test_known_after_a_while_goes_on_a_box_and_missed_goes_back() -> None:
    first = answered(None, True, 0.0, 1)
    assert first == Card(0, 0.0, 1)
    assert answered(first, True, 10.0, 1) == first  # at once again: it says nothing
    second = answered(first, True, DAY, 1)
    assert second == Card(1, DAY, 1)
    third = answered(second, True, 4 * DAY, 1)
    assert (third.box, answered(third, True, 11 * DAY, 1).box) == (2, 2)
    assert answered(third, False, 5 * DAY, 3) == Card(0, 5 * DAY, 3, missed=True)


def test_to_try_until_it_is_right_does_not_make_it_known() -> None:
    diary = Diary()
    diary.answers("L01", "quiz", a=False, b=True)
    diary.answers("L01", "quiz", a=True, b=True)
    assert diary.card("L01/quiz/a") == Card(0, 0.0, 1, missed=True)
    assert diary.drawn("L02") == ("L01/quiz/a",)


def test_missed_ones_come_first_then_the_longest_due() -> None:
    diary = Diary()
    diary.answers("L01", "quiz", a=True)
    diary.day = 0.5
    diary.answers("L01", "quiz", b=True)
    diary.answers("L02", "quiz", c=False)
    diary.day = 2
    assert diary.drawn("L03") == ("L02/quiz/c", "L01/quiz/a", "L01/quiz/b")
    assert diary.drawn("L03", most=2) == ("L02/quiz/c", "L01/quiz/a")
    assert diary.drawn("L02") == ("L01/quiz/a", "L01/quiz/b")  # of earlier labs only
    assert diary.drawn("L01") == ()


def test_by_labs_it_comes_back_on_the_same_day() -> None:
    diary = Diary()
    diary.answers("L01", "quiz", a=True)
    assert diary.drawn("L02") == ()
    diary.did("L02", "", Opened())
    assert diary.drawn("L02") == ("L01/quiz/a",)


def test_an_answer_in_another_lab_moves_the_question_of_its_own() -> None:
    diary = Diary()
    diary.answers("L01", "quiz", a=False)
    diary.did("L02", "", Opened())
    diary.did("L02", "recall", Drawn(("L01/quiz/a",)))
    diary.answers("L02", "recall", L01__quiz__a=True, own=True)
    assert diary.card("L01/quiz/a") == Card(1, 0.0, 2)
    assert diary.card("L02/recall/own") == Card(0, 0.0, 2)
    diary.did("L03", "", Opened())
    assert diary.drawn("L03") == ("L02/recall/own",)
    diary.answers("L02", "recall", L01__quiz__a=False)
    assert diary.drawn("L03")[0] == "L01/quiz/a"


def test_what_was_not_drawn_moves_nothing() -> None:
    diary = Diary()
    diary.answers("L01", "quiz", a=True)
    diary.answers("L02", "recall", L01__quiz__a=False)
    assert diary.card("L01/quiz/a") == Card(0, 0.0, 1)


def test_the_step_asks_what_was_drawn_before_its_own() -> None:
    step = recall.with_drawn(LABS[1].steps[0], ("L01/quiz/b", "L01/quiz/gone", "L77/quiz/a"), LABS)
    assert [(one.id, one.text) for one in step.questions] == [
        ("L01/quiz/b", "Once more, from “Lab L01”: What is b?"),
        ("own", "What is own?"),
    ]


def test_courses_do_not_mix() -> None:
    labs = (lab("L01", "a"), lab("x:L01", "a"), lab("x:L02", "a"))
    assert [one.id for one in recall.earlier("x:L02", labs)] == ["x:L01"]
