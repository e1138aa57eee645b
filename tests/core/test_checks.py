"""Matchers: what fits, what does not, and the exact words for what was seen instead."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest

from parallab import verdict_text
from parallab.checks import (
    Matcher,
    all_of,
    at_least,
    at_most,
    between,
    contains,
    each,
    equals,
    expect,
    has,
    is_false,
    is_true,
    less_than,
    none,
    one,
    unordered,
)
from parallab.checks.common import at_once, ended, ended_well, hired, nothing_left, written_by_workers
from parallab.checks.expect import NotMet
from parallab.shelf import Shelf
from parallab.story import Number
from parallab.story.processes import Worker
from parallab.story.segments import SharedSegment
from parallab.wire import GoalResult, MistakeView, StepResult
from tales import begin, end, evidence, join, life


@pytest.mark.parametrize(
    ("matcher", "expected", "fits", "misfit", "observed"),
    [
        (equals(800), "800", 800, 799, "799"),
        (equals([1, 2]), "1 and 2", [1, 2], [], "none"),
        (equals(True), "yes", True, False, "no"),
        (one(), "one", ["a"], ["a", "b"], "2: a and b"),
        (one(), "one", ["a"], [], "none"),
        (none(), "none", [], ["a", "b", "c"], "a, b and c"),
        (none(), "none", None, 3, "3"),
        (has(2), "2", ["a", "b"], ["a"], "1: a"),
        (at_least(2), "at least 2", [1, 2, 3], [], "none"),
        (at_least(2), "at least 2", 2, 1, "1"),
        (at_most(1), "at most 1", [1], list("abcdefghijk"), "11: a, b, c, d, e, f, g, h and 3 more"),
        (less_than(3), "less than 3", 2, 3, "3"),
        (between(1, 3), "1 to 3", 3, 4, "4"),
        (contains("a"), "with a", ["a"], ["b"], "b"),
        (unordered([1, 2]), "1 and 2", [2, 1], [1, 1], "1 and 1"),
        (each(at_least(1)), "each at least 1", [1, 2], [1, 0], "0"),
        (each(at_least(1)), "each at least 1", [1], [], "none"),
        (all_of(at_least(1), at_most(3)), "at least 1 and at most 3", 2, 4, "4"),
        (is_true("alive", "dead"), "alive", True, False, "dead"),
        (is_false(), "no", False, True, "yes"),
    ],
)
def test_matchers(matcher: Matcher, expected: str, fits: Any, misfit: Any, observed: str) -> None:
    assert str(matcher) == expected
    assert matcher.match(fits) is None
    mismatch = matcher.match(misfit)
    assert mismatch is not None
    assert mismatch.observed == observed


@pytest.mark.parametrize(
    "matcher", [one(), has(1), at_least(1), between(1, 2), contains(1), each(one()), unordered([1])]
)
@pytest.mark.parametrize("value", [None, object, 3.5, {}, ""])
def test_a_matcher_never_raises(matcher: Matcher, value: Any) -> None:
    matcher.match(value)


def told(function: Any, *arguments: Any, **options: Any) -> str:
    """Expected and observed of a goal that is not met."""
    with pytest.raises(NotMet) as caught:
        function(*arguments, **options)
    return f"{caught.value.expected} | {caught.value.observed}"


def test_expect_answers_what_it_found() -> None:
    assert expect("x", ["a"], one()) == "a"
    assert expect("x", ["a"], at_least(1)) == ["a"]
    assert told(expect, "children", [], one()) == "children: one | none"
    assert told(expect, "children", [1], none(), observed="a child") == "children: none | a child"


FOUR = [life(pid, 20 + 10 * pid, 25 + 10 * pid, 900) for pid in (1, 2, 3, 4)]


def test_who_was_hired() -> None:
    run = evidence(begin(), *FOUR, end())
    assert len(hired(run, has(4))) == 4
    assert told(hired, run, has(2)) == "child processes: 2 | 4: “w-1”, “w-2”, “w-3” and “w-4”"
    assert told(hired, evidence(begin(), end()), at_least(1)) == "child processes: at least 1 | none"


def test_one_after_the_other() -> None:
    run = evidence(begin(), life(1, 20, 25, 40), join(1, 30, 41), life(2, 50, 55, 70), join(2, 60, 71), end())
    assert told(at_once, run, run.workers) == (
        "all 2 started before you wait for the first"
        " | you waited for worker 1 of 2 (join()) before you started worker 2 of 2"
    )


def test_who_was_waited_for() -> None:
    run = evidence(begin(), life(1, 20, 25, 40), life(2, 26, 28, 40), join(1, 30, 41), end())
    assert told(ended, run, run.workers) == "workers that nobody waited for: none | worker 2 of 2"


def test_how_they_ended() -> None:
    run = evidence(begin(), life(1, 20, 25, 40, code=1), join(1, 30, 41, code=1), end())
    assert told(ended_well, run.workers) == "workers that did not end with exit code 0: none | your worker: exit code 1"


def test_what_is_left() -> None:
    run = evidence(begin(), life(1, 20, 25, 0), end())
    assert told(nothing_left, run) == "processes still alive: none | “w-1”"


@pytest.mark.parametrize("slow", [1, 2])
def test_who_told_of_its_end_last_may_have_read_first(slow: int) -> None:
    """Each reads the shared number at its end, and tells of it afterwards: another may overtake it."""
    workers = [Worker(pid=2, told=20, saw=(2,)), Worker(pid=3, told=10 * slow + 5, saw=(1,))]

    written_by_workers(workers, [Number(1, value=2)], "the number")
    assert told(written_by_workers, workers, [Number(1, value=3)], "the number").endswith(
        f"| 3, but {slow % 2 + 1} when the last of your workers was done"
    )


def test_who_closed_the_block_last_may_have_read_it_first() -> None:
    """Painters overtake one another between reading the block and telling that they close it."""
    (signed,) = (check for check in Shelf().lab("L06").checks["named-segment"] if check.name == "signed")
    workers = [Worker(pid=pid) for pid in range(1, 5)]

    def block(*signatures: int) -> SharedSegment:
        """Painter n left so many signatures in it."""
        return SharedSegment(
            "psm_1", packed=left_with(4), left_by={pid: left_with(signs) for pid, signs in enumerate(signatures, 1)}
        )

    for fair in ((1, 2, 3, 4), (4, 2, 3, 1), (4, 4, 4, 4), (3, 3, 4, 4)):
        signed.function(None, workers, block(*fair))
    for empty in ((0, 0, 0, 0), (0, 4, 4, 4), (1, 1, 4, 4), (4, 3, 2, 0)):
        assert "had closed the block: at least" in told(signed.function, None, workers, block(*empty))


def left_with(signatures: int) -> str:
    """A block of 128 × 128 bytes, its first tiles signed, packed as the probe reports it."""
    content = bytearray(128 * 128)
    for place in range(signatures):
        content[place * 32 * 128] = 255
    return base64.b64encode(zlib.compress(content)).decode()


def test_the_text_of_a_verdict() -> None:
    goals = (
        GoalResult("a", "Your notebook starts one child", None, "passed", note="Well done."),
        GoalResult(
            "b",
            "It is waited for",
            None,
            "failed",
            expected="one",
            observed="none",
            reason="It matters.",
            hint="Look.",
            mistake=MistakeView("M56", "It is waiting for itself."),
        ),
        GoalResult("c", "It ends", None, "undecided", reason="Nobody saw it."),
        GoalResult("d", "It is", None, "broken", reason="Not your mistake."),
        GoalResult("e", "It was", None, "not-attempted", reason="First: It is"),
    )
    assert (
        verdict_text.text(StepResult("s", "code", "failed", True, None, goals=goals))
        == """\
✓ Your notebook starts one child
    Note      Well done.
✗ It is waited for
    Mistake   It is waiting for itself. (M56)
    Expected  one
    Observed  none
    Because   It matters.
    Hint      Look.
? It ends
    Because   Nobody saw it.
! It is
    Because   Not your mistake.
· It was
    Because   First: It is"""
    )
