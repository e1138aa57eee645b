"""The log folded: nothing that was reached is ever taken back."""

from __future__ import annotations

from parallab import progress, wire
from parallab.lab import Lab, Step
from parallab.progress import (
    Answers,
    BreakMet,
    Entry,
    HintShown,
    Judged,
    Memory,
    Moment,
    Opened,
    Predicted,
    Reset,
    SolutionShown,
    fold,
)

STEP = Step("one-lock", "One lock", hints=("*first*", "second"), serves=("O8",))
LAB = Lab("L08", "The bank", 3, 12, ("O8",), (), "", "", (), (STEP, Step("extra", "Extra", stretch=True)))


def result(verdict: wire.Verdict, *goals: wire.GoalResult) -> wire.StepResult:
    return wire.StepResult("one-lock", "code", verdict, counts=True, assisted=False, goals=goals)


def told(*facts: progress.AnyFact, version: int = 3) -> Memory:
    entries = [
        Entry(Moment(100.0 + place, place, "boot"), "L08", "one-lock", version, fact)
        for place, fact in enumerate(facts)
    ]
    return fold(entries)["L08"]["one-lock"]


def shown(memory: Memory) -> wire.StepProgress:
    return progress.view(STEP, memory, lambda text: f"<{text}>")


def test_nothing_happened() -> None:
    assert wire.StepProgress("one-lock", "not-attempted") == shown(Memory())


def test_a_pass_never_reverts_and_the_last_verdict_is_kept() -> None:
    seen = shown(told(Judged(result("failed")), Judged(result("passed")), Judged(result("failed"))))
    assert (seen.verdict, seen.tries, seen.passed_at, seen.passed_version) == ("passed", 3, 101.0, 3)
    assert result("failed") == seen.last


def test_the_first_pass_counts() -> None:
    memory = told(Judged(result("passed")), Judged(result("passed")))
    assert memory.passed_at == 100.0


def test_break_goals_stay_met_from_the_first_time() -> None:
    goal = wire.GoalResult("stuck", "It is stuck", "break", "passed")
    memory = told(BreakMet(result("not-attempted", goal), ("stuck",)), Judged(result("failed"), ("stuck",)))
    assert memory.met == {"stuck": Moment(100.0, 0, "boot")}
    assert memory.tries == 1


def test_a_break_without_a_click_is_no_try() -> None:
    memory = told(BreakMet(result("not-attempted"), ("stuck",)))
    assert (memory.tries, memory.verdict) == (0, "not-attempted")


def test_the_first_prediction_stands() -> None:
    memory = told(Predicted({"left": "800"}, False, passes=True), Predicted({"left": "5"}, True, passes=True))
    assert wire.PredictionView({"left": "800"}, 100.0, late=False) == memory.prediction
    assert memory.verdict == "passed"


def test_a_prediction_beside_code_passes_nothing() -> None:
    assert told(Predicted({"left": "800"}, False, passes=False)).verdict == "not-attempted"


def test_a_goal_with_a_prompts_id_tells_what_was_observed() -> None:
    goal = wire.GoalResult("left", "Money is lost", None, "passed", note="312 of 800")
    seen = shown(told(Predicted({"left": "800"}, False, passes=False), Judged(result("passed", goal))))
    assert seen.prediction is not None
    assert seen.prediction.observed == {"left": "312 of 800"}


def test_answers_are_merged_by_question_and_those_of_another_version_not_shown() -> None:
    quiz = Step("quiz", "Quiz", "quiz")
    first = wire.Answered("q1", ("a",), False, "no")
    again = wire.Answered("q1", ("b",), True, "yes")
    memory = told(Answers((first,), "failed"), Answers((again,), "passed"))
    assert memory.answers == {"q1": again}
    assert (memory.verdict, memory.tries) == ("passed", 2)
    assert progress.view(quiz, memory, str).answers == ()


def test_hints_are_shown_again_as_far_as_the_lab_still_has_them() -> None:
    assert shown(told(HintShown(1))).hints_shown == ("<*first*>",)
    assert shown(told(HintShown(5), HintShown(1))).hints_shown == ("<*first*>", "<second>")


def test_assisted_and_reset_are_facts_of_their_own() -> None:
    memory = told(Judged(result("passed")), SolutionShown(), Reset())
    assert (memory.assisted, memory.verdict) == (True, "passed")
    assert memory.reset == Moment(102.0, 2, "boot")


def test_a_tick_of_another_boot_lies_before_everything() -> None:
    assert Moment(1.0, 77, "here").ticks("here") == 77
    assert Moment(1.0, 77, "before").ticks("here") == 0


def test_every_digest_of_a_file_is_remembered() -> None:
    memory = told(Opened({"a.py": "1"}), Opened({"a.py": "2", "b.py": "3"}))
    assert memory.files == {"a.py": {"1", "2"}, "b.py": {"3"}}


def test_folding_on_is_folding_all() -> None:
    entries = [
        Entry(Moment(float(place)), "L08", step, 1, fact)
        for place, (step, fact) in enumerate(
            [("a", HintShown(1)), ("b", Reset()), ("a", SolutionShown()), ("a", Judged(result("passed")))]
        )
    ]
    for cut in range(len(entries) + 1):
        assert fold(entries) == fold(entries[cut:], fold(entries[:cut]))


def test_summary_counts_what_counts() -> None:
    memories = fold([Entry(Moment(1.0), "L08", step, 3, Judged(result("passed"))) for step in ("one-lock", "extra")])
    line = progress.summary(LAB, memories["L08"])
    assert (line.steps, line.passed, line.started) == (1, 1, True)
    assert progress.reached("O8", [LAB], memories)
    assert not progress.reached("O8", [LAB], {})
    assert not progress.reached("O1", [LAB], memories)
