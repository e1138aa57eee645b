"""What follows from reports: records, the lists of the class page, results and their files."""

from __future__ import annotations

import csv
import io
import itertools
import json
from typing import Any

import pytest

pytest.importorskip("jupyterhub", reason="the extra `hub` is not installed: run `make setup`")

import msgspec

from parallab import wire
from parallab.grading.facts import Graded, Outcome, Stuck
from parallab.hub import checked, exports, views
from parallab.hub.board import Board
from parallab.hub.course import LabName, StepName
from parallab.hub.kept import Deadline, HandIn, Question, Ruling
from parallab.hub.record import LearnerRecord, Received, fold
from parallab.hub.results import result
from parallab.reports import Report, ReportedMistake

LAB = LabName(
    "L04",
    "Your own processes",
    (StepName("one", "First", core=True), StepName("two", "Second", core=True), StepName("more", "Extra", core=False)),
)
M11 = ReportedMistake("M11", "wait for each before hiring the next")
_ids = itertools.count()


def said(learner: str, kind: str, at: float, step: str = "one", heard: float | None = None, **more: Any) -> Received:
    report = Report(id=f"{next(_ids):032x}", age=0.0, lab="L04", step=step, version=1, kind=kind, **more)
    return Received(learner, report, at, at if heard is None else heard)


def failed(learner: str, at: float, step: str = "one", mistake: ReportedMistake = M11) -> Received:
    return said(learner, "judged", at, step, verdict="failed", mistakes=(mistake,), message="All at once: no")


def passed(learner: str, at: float, step: str = "one", **more: Any) -> Received:
    return said(learner, "judged", at, step, verdict="passed", **more)


def board(*received: Received) -> Board:
    made = Board()
    made.take(received)
    return made


def names(*learners: str, shown: bool = True) -> views.Names:
    return views.Names(learners, shown=shown, secret="s")


def test_a_pass_never_reverts_and_tries_are_counted() -> None:
    record = fold([failed("ada", 10), passed("ada", 20), failed("ada", 30)])
    step = record.step("L04", "one")
    assert (step.verdict, step.tries, step.failures, step.passed) == ("passed", 3, 1, 20)


def test_work_on_a_step_begins_with_what_was_done_before_it() -> None:
    record = fold([said("ada", "opened", 100, ""), failed("ada", 160), passed("ada", 220), passed("ada", 280, "two")])
    assert record.step("L04", "one").seconds == 120
    assert record.step("L04", "two").seconds == 60


def test_but_not_with_something_of_yesterday() -> None:
    record = fold([said("ada", "opened", 0, ""), failed("ada", 90_000), passed("ada", 90_060)])
    assert record.step("L04", "one").seconds == 60


def test_in_whatever_order_reports_of_several_servers_come_what_happened_first_counts() -> None:
    told = [
        failed("ada", 1000),
        failed("ada", 1030),
        said("ada", "hint", 1040, level=2),
        passed("ada", 1060),
        failed("ada", 1070),
        passed("ada", 5000),
    ]
    for order in itertools.permutations(told):
        step = fold(order).step("L04", "one")
        assert (step.verdict, step.passed, step.tries, step.hints) == ("passed", 1060, 5, 2)
        assert (step.begun, step.last, step.mistakes) == (1000, 5000, (M11,))
    board_of = board(*reversed(told))
    board_of.deadlines[("class", "L04")] = Deadline("class", "L04", 2000.0, "teach")
    assert not result(board_of, "class", LAB, "ada").late


def test_what_comes_late_does_not_say_where_a_learner_is_now() -> None:
    late = [said("ada", "hint", 5000, "two"), failed("ada", 1000, "one")]
    assert fold(late).now == ("L04", "two")
    # Of one server the order holds, however long something was on its way.
    assert fold([said("ada", "hint", 5000, "two"), failed("ada", 4990, "one")]).now == ("L04", "one")


def test_a_solution_shown_marks_the_step_and_answers_pass_it() -> None:
    record = fold([said("ada", "solution", 1), said("ada", "answers", 2, verdict="passed")])
    assert views.mark(record.step("L04", "one")) == "assisted"


def test_a_kind_of_a_newer_parallab_means_nothing_and_harms_nothing() -> None:
    record = fold([failed("ada", 1), said("ada", "danced", 2)])
    assert record.step("L04", "one").verdict == "failed"
    assert record.now == ("L04", "one")


def test_who_is_stuck_with_the_worst_first_and_who_is_not() -> None:
    hour = 10_000.0
    made = board(
        *(failed("ada", hour + at) for at in range(3)),
        *(failed("bob", hour + at) for at in range(5)),
        failed("cy", hour - 700),
        failed("cy", hour),
        failed("dee", hour),
        *(failed("eve", hour + at) for at in range(4)),
        passed("eve", hour + 5),
        *(failed("gone", hour - 9000 + at) for at in range(9)),
    )
    everybody = names("ada", "bob", "cy", "dee", "eve", "gone", "never")
    found = views.stuck(made, everybody, everybody.order, [LAB], hour + 60)
    assert [(one.name, one.tries, one.minutes) for one in found] == [("bob", 5, 1), ("ada", 3, 1), ("cy", 2, 12)]
    assert (found[0].step, found[0].mistake) == ("First", M11.sentence)


def test_all_who_are_stuck_are_counted_however_many_lines_the_list_has() -> None:
    crowd = [f"learner{number}" for number in range(views.MOST + 5)]
    made = board(*(failed(one, at) for one in crowd for at in range(views.TRIES)))
    everybody = names(*crowd)
    assert len(views.stuck(made, everybody, everybody.order, [LAB], 3.0)) == len(crowd)


def test_the_heat_map_counts_learners_not_tries() -> None:
    made = board(
        *(failed("ada", at) for at in range(9)),
        said("bob", "opened", 0, ""),
        failed("bob", 60),
        passed("bob", 120),
        passed("cy", 300),
    )
    first, second, _ = views.heat(made, ["ada", "bob", "cy", "never"], LAB)
    assert (first.tried, first.passed, first.struggling, first.share) == (3, 2, 1, 3)
    assert first.mistakes == ((f"{M11.sentence} (M11)", 2),)
    assert first.median_minutes == 1.0
    assert (second.tried, second.mistakes, second.median_minutes) == (0, (), None)


def test_without_names_neither_name_nor_order_nor_words_tell_who_it_is() -> None:
    question = Question(1, "ada", "L04", "one", "I am Ada", 0.0, "", "", None, over=False)
    off = names("ada", "bob", "cy", shown=False)
    made = board(*(failed("ada", at) for at in range(3)))
    told = (
        views.asks([question], off, frozenset({"ada"}), [LAB], 0.0),
        views.stuck(made, off, off.order, [LAB], 3.0),
        [views.line(made, off, [LAB], LAB, one, 3.0, None) for one in off.order],
    )
    text = msgspec.json.encode(told).decode().lower()
    assert "ada" not in text
    assert {off.of(one) for one in ("ada", "bob", "cy")} == {"Learner 1", "Learner 2", "Learner 3"}


def test_questions_are_those_of_the_class() -> None:
    asked = [Question(n, who, "L04", "one", "?", 0.0, "", "", None, over=False) for n, who in enumerate(["ada", "zoe"])]
    assert [one.name for one in views.asks(asked, names("ada"), frozenset({"ada"}), [LAB], 60.0)] == ["ada"]


def test_a_result_is_live_and_only_what_counts_counts() -> None:
    made = board(passed("ada", 10), passed("ada", 20, "more"))
    one = result(made, "a", LAB, "ada")
    assert (one.passed, one.of, one.score, one.source, one.finished) == (1, 2, 0.5, "live", None)
    nobody = result(made, "a", LAB, "never")
    assert (nobody.score, nobody.passed) == (None, 0)


def test_late_is_what_happened_late_not_what_was_heard_late() -> None:
    made = board(passed("ada", 10, heard=500), passed("ada", 20, "two", heard=500), passed("bob", 150))
    made.deadlines[("a", "L04")] = Deadline("a", "L04", 100.0, "teach")
    ada, bob = (result(made, "a", LAB, who) for who in ("ada", "bob"))
    assert (ada.late, ada.finished, ada.received) == (False, 20, 500)
    assert bob.late
    assert not result(made, "another class", LAB, "bob").late


def recheck(outcome: Outcome = "not-passed", *hangs: Stuck, **steps: wire.Verdict) -> checked.Checked:
    """As it is read of what ``parallab.grading`` wrote, of a notebook with the digest "d"."""
    made = tuple(wire.StepResult(name, "code", verdict, True, None) for name, verdict in steps.items())
    report = wire.CheckReport(1, "L04", 1, "3.11", "fork", (), made) if made else None
    more: Any = {"at": 1.0, "sandbox": "bubblewrap", "parallab": "1", "python": "3.11", "reason": "why"}
    graded = Graded(name="", digest="d", asked="", lab="L04", outcome=outcome, report=report, hangs=hangs, **more)
    return checked.of("d", 1.0, msgspec.json.encode(graded).decode())


def test_a_re_check_takes_the_place_of_what_was_reported() -> None:
    made = board(passed("ada", 10), passed("ada", 20, "two"))
    made.rechecks[("ada", "L04")] = recheck(one="failed")
    one = result(made, "a", LAB, "ada")
    assert (one.source, one.passed, one.score) == ("re-checked", 1, 0.5)


@pytest.mark.parametrize("outcome", ["stopped", "unreadable"])
def test_a_notebook_that_does_not_run_again_has_done_nothing(outcome: Outcome) -> None:
    in_sidebar = LabName("L04", "Four", (*LAB.steps, StepName("quiz", "Quiz", core=True, code=False)))
    made = board(passed("ada", 10), passed("ada", 20, "two"), passed("ada", 30, "quiz"))
    made.rechecks[("ada", "L04")] = recheck(outcome)
    one = result(made, "a", in_sidebar, "ada")
    assert (one.source, one.passed, one.of) == ("re-checked", 1, 3), "what is answered in the sidebar stands"


def test_a_check_that_went_wrong_leaves_the_live_result() -> None:
    made = board(passed("ada", 10))
    for again in (recheck("error"), checked.of("d", 1.0, "not JSON")):
        made.rechecks[("ada", "L04")] = again
        assert result(made, "a", LAB, "ada").source == "live"
        assert views.again(made, names("ada"), ["ada"], LAB).handed_in == 0


def test_another_notebook_since_makes_the_result_live_again() -> None:
    made = board(passed("ada", 10))
    made.rechecks[("ada", "L04")] = recheck(one="failed")
    made.handins[("ada", "L04")] = HandIn(1, "ada", "L04", 5.0, "another digest", 7)
    assert result(made, "a", LAB, "ada").source == "live"
    seen = views.again(made, names("ada"), ["ada"], LAB)
    assert (seen.handed_in, seen.checked) == (1, 0)


def test_what_a_re_check_found_is_counted_and_told_by_name_only_where_names_are_shown() -> None:
    made = board()
    for learner, again in (
        ("ada", recheck("passed", one="passed")),
        ("bob", recheck("stopped")),
        ("cy", recheck("error")),
    ):
        made.rechecks[(learner, "L04")] = again
        made.handins[(learner, "L04")] = HandIn(1, learner, "L04", 5.0, "d", 7)
    seen = views.again(made, names("ada", "bob", "cy"), ["ada", "bob", "cy"], LAB)
    assert (seen.handed_in, seen.checked, seen.passed) == (3, 3, 1)
    assert [(one.learner, one.reason) for one in seen.doubts] == [("bob", "why"), ("cy", "why")]
    off = views.again(made, names("ada", "bob", "cy", shown=False), ["ada", "bob", "cy"], LAB)
    assert all(one.name.startswith("Learner ") and not one.learner + one.reason for one in off.doubts)


def test_a_cell_that_hung_is_told_with_who_waits_for_whom() -> None:
    hung = recheck(
        "not-passed", Stuck("one", 3, "stuck", ("A waits for B",)), Stuck("", 1, "x" * 999), one="failed"
    ).hung
    assert hung[0] == "one, cell 3: stuck (A waits for B)"
    assert len(hung[1]) == checked.TEXT


def ruled(**values: Any) -> Ruling:
    usual = {"learner": "ada", "lab": "L04", "excused": False, "score": None, "reason": "ill"}
    return Ruling(**usual | values, ruled_by="teach", ruled=1.0)


def test_an_instructors_word_stands_above_all_and_is_named() -> None:
    made = board(passed("ada", 10))
    made.rulings[("ada", "L04")] = ruled(score=0.9)
    one = result(made, "a", LAB, "ada")
    assert (one.score, one.source, one.reason, one.by) == (0.9, "override", "ill", "teach")
    made.rulings[("ada", "L04")] = ruled(excused=True)
    one = result(made, "a", LAB, "ada")
    assert (one.score, one.excused, one.source) == (None, True, "live")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def results(made: Board, *learners: str) -> dict[str, dict[str, Any]]:
    return {who: {"L04": result(made, "a", LAB, who)} for who in learners}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_spreadsheet_runs_a_learners_name(name: str) -> None:
    made = board(passed(name, 10))
    given = results(made, name)
    for text in (
        exports.plain_csv([LAB], given),
        exports.canvas_csv([LAB], given, name),
        exports.moodle_csv([LAB], given),
    ):
        cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line]
        assert f"'{name}" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_every_file_says_where_a_result_comes_from() -> None:
    made = board(passed("ada", 10), passed("bob", 10), passed("cy", 10), passed("cy", 20, "two"))
    made.rulings[("ada", "L04")] = ruled(score=0.75)
    made.rulings[("bob", "L04")] = ruled(learner="bob", excused=True)
    given = results(made, "ada", "bob", "cy", "never")
    plain = rows(exports.plain_csv([LAB], given))
    assert [(one["percent"], one["source"], one["excused"]) for one in plain] == [
        ("75.0", "override", "no"),
        ("", "live", "yes"),
        ("100.0", "live", "no"),
        ("", "live", "no"),
    ]
    canvas = rows(exports.canvas_csv([LAB], given, "Class A"))
    assert canvas[0]["Student"].strip() == "Points Possible"
    assert [one["Parallab L04"] for one in canvas] == ["100", "75.0", "EX", "100.0", ""]
    assert [one["Parallab L04 source"] for one in canvas[1:]] == ["override", "live", "live", "live"]
    assert list(canvas[0])[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    moodle = rows(exports.moodle_csv([LAB], given))
    assert [one["Parallab L04 feedback"] for one in moodle] == ["override: ill", "excused: ill", "live", ""]
    told = json.loads(exports.as_json("Class A", [LAB], given, 1.0))
    assert [one["source"] for one in told["results"]] == ["override", "live", "live", "live"]


def test_xapi_statements_name_the_account_and_keep_their_id() -> None:
    made = board(passed("ada", 10), passed("ada", 20, "two"), passed("bob", 10))
    given = results(made, "ada", "bob", "never")
    first = json.loads(exports.xapi([LAB], given, "https://hub.example/"))
    assert first == json.loads(exports.xapi([LAB], given, "https://hub.example/"))
    assert [one["actor"]["account"]["name"] for one in first] == ["ada", "bob"]
    assert [one["verb"]["display"]["en"] for one in first] == ["passed", "attempted"]
    assert first[0]["result"]["score"] == {"scaled": 1.0}
    assert first[0]["timestamp"] == "1970-01-01T00:00:20+00:00"
    assert first[0]["result"]["extensions"]["https://parallab.dev/xapi/source"] == "live"


def test_a_watcher_is_told_what_changed_and_no_more() -> None:
    made = board(failed("ada", 1))
    seen = made.version
    with made.watching() as woken:
        assert made.changed_since(seen) == set()
        made.take([failed("bob", 2)])
        assert woken.is_set()
        assert made.changed_since(seen) == {"bob"}
        made.forget("ada")
        assert made.changed_since(seen) == {"ada", "bob"}
    assert made.records.keys() == {"bob"}
    assert LearnerRecord() == fold([])
