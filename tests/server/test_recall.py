"""A recall step asks again what was missed in an earlier lab; it is judged by that lab's key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

LAB = """\
---
parallab: {id: L92, title: The next one, minutes: 3, objectives: [O4], needs: [L90], version: 1, summary: Short.}
---
# The next one

:::{step} recall
title: Do you remember?
kind: recall
:::

:::{recall} own
Is this its own?
- [x] yes
- [ ] no
  > It is.
:::
"""
AGAIN = "L90/quiz/which"


@pytest.fixture
def labs(labs: Path) -> Path:
    folder = labs / "92-next"
    folder.mkdir()
    (folder / "lab.md").write_text(LAB)
    (folder / "checks.py").write_text("")
    return labs


async def questions(call: Any) -> list[str]:
    return [one["id"] for one in (await call("labs/L92")).json["steps"][0]["questions"]]


async def test_what_was_missed_is_asked_again_and_counts(call) -> None:
    await call("labs/L90/open", {})
    await call("labs/L90/steps/quiz/answer", {"answers": {"which": ["b"]}})
    await call("labs/L90/steps/quiz/answer", {"answers": {"which": ["a"]}})
    assert await questions(call) == ["own"]
    await call("labs/L92/open", {})
    assert await questions(call) == [AGAIN, "own"]
    asked = (await call("labs/L92")).json["steps"][0]["questions"][0]
    assert asked["text"] == "Once more, from “Of all kinds”: Which one starts a child?"

    wrong = (await call("labs/L92/steps/recall/answer", {"answers": {AGAIN: ["b"], "own": ["a"]}})).json
    assert [(one["question"], one["right"]) for one in wrong["answered"]] == [(AGAIN, False), ("own", True)]
    assert wrong["progress"]["verdict"] == "failed"
    right = (await call("labs/L92/steps/recall/answer", {"answers": {AGAIN: ["a"]}})).json
    assert right["progress"]["verdict"] == "passed"
    assert [one["question"] for one in (await call("progress")).json["labs"]["L92"][0]["answers"]] == [AGAIN, "own"]
    await call("labs/L92/open", {})
    assert await questions(call) == [AGAIN, "own"]


async def test_where_nothing_was_answered_nothing_is_asked_again(call) -> None:
    await call("labs/L92/open", {})
    assert await questions(call) == ["own"]
    told = await call("labs/L92/steps/recall/answer", {"answers": {AGAIN: ["a"]}})
    assert told.status == 400


async def test_a_question_whose_lab_has_gone_is_left_out(call, labs: Path) -> None:
    await call("labs/L90/steps/quiz/answer", {"answers": {"which": ["b"]}})
    await call("labs/L92/open", {})
    assert await questions(call) == [AGAIN, "own"]
    (labs / "90-of-all-kinds" / "lab.md").unlink()
    assert await questions(call) == ["own"]
    done = (await call("labs/L92/steps/recall/answer", {"answers": {"own": ["a"]}})).json
    assert done["progress"]["verdict"] == "passed"


async def test_a_step_that_is_passed_is_left_as_it_is(call) -> None:
    await call("labs/L92/steps/recall/answer", {"answers": {"own": ["a"]}})
    await call("labs/L90/steps/quiz/answer", {"answers": {"which": ["b"]}})
    await call("labs/L92/open", {})
    assert await questions(call) == ["own"]
