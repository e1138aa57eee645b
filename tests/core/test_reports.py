"""Lines of the log as reports: what is said, what is not, and how old."""

from __future__ import annotations

import msgspec
import pytest

from parallab import reports, wire
from parallab.progress import Answers, Entry, Filmed, HintShown, Judged, Moment, Predicted

AT = Moment(1000.0, 5_000_000_000, "boot")


def entry(fact: object, at: Moment = AT) -> Entry:
    return Entry(at, "L04", "one", 2, fact)


def judged(*goals: wire.GoalResult) -> Judged:
    return Judged(wire.StepResult("one", "code", "failed", counts=True, assisted=True, goals=goals))


@pytest.mark.parametrize(
    ("now", "age"),
    [
        pytest.param(Moment(1000.0, 8_000_000_000, "boot"), 3.0, id="the wall clock stands still"),
        pytest.param(Moment(99999.0, 8_000_000_000, "boot"), 3.0, id="the wall clock jumped ahead"),
        pytest.param(Moment(1.0, 8_000_000_000, "boot"), 3.0, id="the wall clock went back"),
        pytest.param(Moment(1060.0, 1, "another"), 60.0, id="after a reboot the wall clock must do"),
        pytest.param(Moment(900.0, 1, "another"), 0.0, id="nothing happens in the future"),
    ],
)
def test_the_age_survives_wrong_clocks(now: Moment, age: float) -> None:
    assert age == reports.age(AT, now)


def test_a_line_has_one_id_whenever_it_is_sent_and_no_other_line_has_it() -> None:
    line = entry(HintShown(1))
    first = reports.report(7, line, AT)
    assert first.id == reports.report(7, line, Moment(5000.0)).id
    others = [
        reports.report(8, line, AT),
        reports.report(7, entry(HintShown(2)), AT),
        reports.report(7, entry(HintShown(1), Moment(1000.0, 6, "boot")), AT),
    ]
    assert len({first.id, *(one.id for one in others)}) == 4


def test_the_first_goal_in_the_way_and_every_mistake_once_are_told() -> None:
    mistake = wire.MistakeView("M11", "11 wait for each before hiring the next")
    goals = (
        wire.GoalResult("a", "Four children", None, "passed"),
        wire.GoalResult("b", "All at once", None, "failed", observed="one after the other", mistake=mistake),
        wire.GoalResult("c", "All joined", None, "failed", mistake=mistake),
    )
    told = reports.report(1, entry(judged(*goals)), AT)
    assert told.message == "All at once: one after the other"
    assert told.mistakes == (reports.ReportedMistake("M11", mistake.sentence),)
    assert (told.verdict, told.assisted, told.kind, told.version) == ("failed", True, "judged", 2)


def test_answers_and_predictions_themselves_are_not_sent() -> None:
    answered = wire.Answered("which", ("my own words",), right=True, reason="")
    for fact in (Answers((answered,), "passed"), Predicted({"left": "my own words"}, late=True, passes=True)):
        assert b"my own words" not in msgspec.json.encode(reports.report(1, entry(fact), AT))


def test_what_is_sent_is_what_the_service_takes_however_long_it_was() -> None:
    goal = wire.GoalResult("a", "x" * 1000, None, "failed", mistake=wire.MistakeView("M1" * 200, "y" * 1000))
    long = Entry(AT, "L" * 500, "s" * 500, 1, judged(goal))
    sent = msgspec.json.encode(reports.report(1, long, AT))
    taken = msgspec.json.decode(sent, type=reports.Report)
    assert len(taken.message) == reports.MESSAGE


def test_a_clip_is_named_and_no_name_of_another_kind_is_taken() -> None:
    told = reports.report(1, entry(Filmed("0" * 32)), AT)
    assert (told.kind, told.clip) == ("filmed", "0" * 32)
    sent = msgspec.json.decode(msgspec.json.encode(told))
    for bad in ("../../etc", "0" * 31, "0" * 32 + "\n", "G" * 32):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**sent, "clip": bad}, reports.Report)
