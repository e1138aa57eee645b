"""Labs and steps over REST, on a real server and database, without a kernel."""

# ruff: noqa: ASYNC240 - a test may look at its files

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

STEP = "labs/L90/steps"


async def test_the_course_lists_labs_and_a_broken_one_with_its_problem(call) -> None:
    course = (await call("labs")).json
    assert [(lab["id"], lab["steps"], lab["passed"]) for lab in course["labs"]] == [("L90", 6, 0), ("L91", 0, 0)]
    assert course["labs"][0]["problem"] == ""
    assert course["labs"][1]["problem"].startswith("91-broken/lab.md:")
    assert course["level"] == "Beginner"
    assert len(course["objectives"]) == 10


async def test_a_broken_lab_is_told_and_the_others_work(call) -> None:
    status, told = await call("labs/L91")
    assert status == 500
    assert told["message"].startswith("Lab L91 cannot be read: 91-broken/lab.md:")
    assert "not your mistake" in told["message"]
    assert (await call("labs/L90")).status == 200


async def test_a_lab_has_no_keys(call) -> None:
    lab = (await call("labs/L90")).json
    text = json.dumps(lab)
    for secret in ("It runs here", "right", "order", "p.start()\\np.join()"):
        assert secret not in text.replace('"form": "order"', "")
    assert lab["steps"][0]["hints"] == 2
    assert [step["id"] for step in lab["steps"] if step["solution"]] == ["start"]
    assert "Call it" not in text
    assert [goal["phase"] for goal in lab["steps"][1]["goals"]] == ["break", "repair"]
    assert lab["html"] == "<p>A <em>story</em>.</p>\n"


async def test_our_own_labs_may_be_named_with_their_course(call) -> None:
    assert (await call("labs/course:L90")).json["id"] == "L90"


async def test_hints_come_in_order_and_are_remembered(call) -> None:
    status, told = await call(f"{STEP}/start/hint", {"level": 2})
    assert (status, told["message"]) == (409, "Hints come in order: look at number 1 first.")
    hint = (await call(f"{STEP}/start/hint", {"level": 1})).json
    assert (hint["level"], hint["of"], hint["html"]) == (1, 2, "<p>Look at <code>start</code>.</p>\n")
    assert (await call(f"{STEP}/start/hint", {"level": 2})).json["progress"]["hints_shown"] == [
        hint["html"],
        "<p>Call it.</p>\n",
    ]
    assert (await call(f"{STEP}/start/hint", {"level": 1})).status == 200
    status, told = await call(f"{STEP}/start/hint", {"level": 3})
    assert (status, told["message"]) == (404, "Step “Start one” has hints 1 to 2; number 3 was asked for.")
    assert (await call(f"{STEP}/quiz/hint", {"level": 1})).json["message"] == (
        "Step “Questions” has no hints; number 1 was asked for."
    )


async def test_a_quiz_is_judged_by_the_server_and_passes(call) -> None:
    wrong = (await call(f"{STEP}/quiz/answer", {"answers": {"which": ["b"]}})).json
    assert wrong["answered"] == [{"question": "which", "chosen": ["b"], "right": False, "reason": "It runs here."}]
    assert wrong["progress"]["verdict"] == "failed"
    right = (await call(f"{STEP}/quiz/answer", {"answers": {"which": ["a"]}})).json
    assert (right["progress"]["verdict"], right["progress"]["tries"]) == ("passed", 2)
    again = (await call(f"{STEP}/quiz/answer", {"answers": {"which": ["b"]}})).json
    assert again["progress"]["verdict"] == "passed"


async def test_lines_in_order(call) -> None:
    blocks = {block["text"]: block["id"] for step in (await call("labs/L90")).json["steps"] for block in step["blocks"]}
    order = [blocks["p.start()"], blocks["p.join()"]]
    stray = (await call(f"{STEP}/lines/answer", {"answers": {"lines": [*order, blocks["p.run()"]]}})).json
    assert stray["answered"][0]["reason"] == "It runs here."
    done = (await call(f"{STEP}/lines/answer", {"answers": {"lines": order}})).json
    assert done["progress"]["verdict"] == "passed"


async def test_a_prediction_is_locked(call) -> None:
    first = (await call(f"{STEP}/start/predict", {"answers": {"children": "4"}})).json
    assert first["prediction"]["answers"] == {"children": "4"}
    assert first["prediction"]["late"] is False
    assert first["verdict"] == "not-attempted"
    status, told = await call(f"{STEP}/start/predict", {"answers": {"children": "1"}})
    assert (status, told["message"]) == (
        409,
        "Your prediction is saved already, and stays as it is. Run the cell and see whether it holds.",
    )
    assert (await call("progress")).json["labs"]["L90"][0]["prediction"]["answers"] == {"children": "4"}


async def test_of_many_predictions_at_once_one_is_kept(call) -> None:
    replies = await asyncio.gather(
        *(call(f"{STEP}/guess/predict", {"answers": {"why": str(place)}}) for place in range(8))
    )
    kept = [reply.json for reply in replies if reply.status == 200]
    assert len(kept) == 1
    assert {reply.status for reply in replies} == {200, 409}
    assert (await call("progress")).json["labs"]["L90"][4] == kept[0]
    assert kept[0]["verdict"] == "passed"


async def test_the_solution_marks_the_step_assisted(call) -> None:
    shown = (await call(f"{STEP}/start/solution", {})).json
    assert shown["cells"] == [
        {"source": "p = mp.Process(target=print)\np.start()\np.join()", "cell_type": "code", "step": "start"}
    ]
    assert shown["progress"]["assisted"] is True
    assert (await call(f"{STEP}/start/solution", {})).json == shown
    status, told = await call(f"{STEP}/quiz/solution", {})
    assert (status, told["message"]) == (404, "Step “Questions” has no solution to show.")


async def test_reset_gives_the_starter(call) -> None:
    reset = (await call(f"{STEP}/start/reset", {})).json
    assert reset["cells"] == [{"source": "...", "cell_type": "code", "step": "start"}]


async def test_progress_outlives_the_server(call, desk, database: Path) -> None:
    await call(f"{STEP}/quiz/answer", {"answers": {"which": ["a"]}})
    before = (await call("progress")).json
    await desk._keeper._run(desk._keeper._store.close)
    assert (await call("progress")).json == before
    assert database.exists()
    assert (await call("labs")).json["labs"][0]["passed"] == 1


async def test_a_step_that_needs_another_python_says_so(call) -> None:
    newer = (await call("labs/L90")).json["steps"][5]
    assert newer["skipped"].startswith("This step needs Python >=4; this kernel runs 3.")


BAD: list[tuple[str, str, Any, int, str]] = [
    ("no such lab", "labs/L77", None, 404, "There is no lab “L77”. Choose one from the course's list."),
    ("a path", "labs/..%2F..%2Fetc%2Fpasswd", None, 404, "There is no lab “../../etc/passwd”."),
    ("a path to open", "labs/..%2F..%2Fetc/open", {}, 404, "There is no lab “../../etc”."),
    ("no such step", f"{STEP}/nothing/reset", {}, 404, "Lab L90 has no step “nothing”."),
    ("a path as step", f"{STEP}/..%2F..%2Fchecks.py/solution", {}, 404, "Lab L90 has no step “../../checks.py”."),
    ("letters of no kind", "labs/%00%01%0A", None, 404, "There is no lab “???”."),
    ("a long name", "labs/" + "x" * 3000, None, 404, "There is no lab “" + "x" * 60 + "…”."),
    ("no such kernel", "kernels/nobody/state", None, 404, "This kernel is not running any more."),
    ("no such kernel's recording", "kernels/..%2F../recording", None, 404, "This kernel is not running any more."),
    (
        "a check without such a kernel",
        f"{STEP}/start/check",
        {"kernel_id": "nobody", "cells": []},
        404,
        "This kernel is not running any more.",
    ),
    (
        "a check of questions",
        f"{STEP}/quiz/check",
        {"kernel_id": "nobody", "cells": []},
        409,
        "Step “Questions” is answered in the sidebar",
    ),
    ("no JSON", f"{STEP}/start/check", b"{", 400, "The request is not a CheckRequest in JSON."),
    ("no UTF-8", f"{STEP}/start/hint", b'{"level": "\xff"}', 400, "The request is not a HintRequest in JSON."),
    ("a list", f"{STEP}/start/check", [], 400, "The request is not a CheckRequest in JSON."),
    ("nothing", f"{STEP}/start/check", b"", 400, "The request is not a CheckRequest in JSON."),
    ("a field too many", f"{STEP}/start/hint", {"level": 1, "x": 1}, 400, "The request is not a HintRequest in JSON."),
    ("a word as number", f"{STEP}/start/hint", {"level": "1"}, 400, "The request is not a HintRequest in JSON."),
    ("a huge number", f"{STEP}/start/hint", b'{"level": 1e400}', 400, "The request is not a HintRequest in JSON."),
    ("a hint below the first", f"{STEP}/start/hint", {"level": -1}, 404, "Step “Start one” has hints 1 to 2"),
    ("deep nesting", f"{STEP}/start/hint", b"[" * 100_000, 400, "The request is not a HintRequest in JSON."),
    ("too large", f"{STEP}/start/check", b" " * 2_000_000, 400, "A request has at most 1024 KiB; this one has 1953."),
    ("an unknown prompt", f"{STEP}/start/predict", {"answers": {"x": "1"}}, 400, "This step has no prediction 'x'."),
    ("no number", f"{STEP}/start/predict", {"answers": {"children": "?"}}, 400, "“How many children will there be?”"),
    ("no prediction there", f"{STEP}/quiz/predict", {"answers": {}}, 400, "Step “Questions” asks for no prediction."),
    ("an unknown answer", f"{STEP}/quiz/answer", {"answers": {"which": ["z"]}}, 400, "“Which one starts a child?”"),
    (
        "an answer to a code step",
        f"{STEP}/start/answer",
        {"answers": {"a": ["b"]}},
        400,
        "Step “Start one” has no questions.",
    ),
]


@pytest.mark.parametrize(("path", "body", "status", "sentence"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
async def test_bad_input(call, path: str, body: Any, status: int, sentence: str) -> None:
    seen = await call(path, body)
    assert (seen.status, set(seen.json)) == (status, {"message", "reason"})
    assert seen.json["message"].startswith(sentence)
    assert "Traceback" not in json.dumps(seen.json)
    assert (await call("labs")).status == 200


async def test_the_wrong_method_is_told_in_json(call) -> None:
    status, told = await call("labs", {})
    assert (status, set(told)) == (405, {"message", "reason"})


async def test_an_error_of_ours_shows_no_traceback(call, desk, monkeypatch, caplog) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(desk._library, "labs", fail)
    status, told = await call("labs")
    assert status == 500
    assert told == {
        "message": "Parallab's server part failed. Try again; if it fails again, the server's log says why.",
        "reason": "ZeroDivisionError",
    }
    assert "secret" in caplog.text


@pytest.mark.parametrize("path", ["labs", "labs/L90", "progress", "capabilities", "kernels/x/state"])
async def test_nothing_without_a_login(call, path: str) -> None:
    status, told = await call(path, headers={"Authorization": "token wrong"})
    assert (status, set(told)) == (403, {"message", "reason"})


async def test_nothing_without_permission(call, jp_serverapp, monkeypatch) -> None:
    asked = []
    authorizer = jp_serverapp.web_app.settings["authorizer"]

    def refuse(handler: Any, user: Any, action: str, resource: str) -> bool:
        asked.append((action, resource))
        return False

    monkeypatch.setattr(authorizer, "is_authorized", refuse)
    assert (await call("labs")).status == 403
    status, told = await call(f"{STEP}/start/reset", {})
    assert (status, told["message"]) == (403, "User is not authorized to write on resource: parallab.")
    assert asked == [("read", "parallab"), ("write", "parallab")]


async def test_a_cookie_without_the_xsrf_token_changes_nothing(jp_serverapp, http_server_client, jp_base_url) -> None:
    from tornado.httpclient import HTTPClientError

    with pytest.raises(HTTPClientError) as refused:
        await http_server_client.fetch(f"{jp_base_url}parallab/{STEP}/start/solution", method="POST", body="{}")
    assert refused.value.code == 403
    assert "_xsrf" in json.loads(refused.value.response.body)["message"]


async def test_a_full_disk_is_507_and_the_server_goes_on(call, desk, database: Path) -> None:
    assert (await call(f"{STEP}/start/hint", {"level": 1})).status == 200

    def fill(pages: str) -> None:
        desk._keeper._store._open().execute(f"PRAGMA max_page_count = {pages}")

    await desk._keeper._run(lambda: fill("1"))
    status = 200
    for place in range(60):
        status, told = await call(f"{STEP}/quiz/answer", {"answers": {"which": ["b" if place % 2 else "a"]}})
        if status != 200:
            break
    assert status == 507
    assert told["message"].startswith("There is no space left to save your progress in")
    assert told["reason"] == "database or disk is full"
    assert (await call("labs/L90")).json["progress"][0]["hints_shown"] != []
    assert (await call(f"{STEP}/start/hint", {"level": 2})).status == 200


async def test_a_database_that_cannot_be_made_still_shows_the_course(call, database: Path) -> None:
    database.mkdir(parents=True)
    assert (await call("labs")).status == 200
    status, told = await call(f"{STEP}/start/hint", {"level": 1})
    assert status == 500
    assert told["message"].startswith("Your progress cannot be saved:")


async def test_of_two_answers_the_newer_one_can_be_told(call) -> None:
    told = [(await call(f"{STEP}/start/hint", {"level": level})).json["progress"] for level in (1, 2)]
    held = next(one for one in (await call("labs/L90")).json["progress"] if one["step"] == "start")
    assert told[0]["facts"] < told[1]["facts"] == held["facts"]


async def test_progress_is_told_by_an_event(call, jp_serverapp) -> None:
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: Any) -> None:
        heard.append(data)

    from parallab import wire

    jp_serverapp.event_logger.add_listener(schema_id=wire.PROGRESS_EVENT, listener=listen)
    progress = (await call(f"{STEP}/start/hint", {"level": 1})).json["progress"]
    await asyncio.sleep(0)
    assert heard == [{"lab": "L90", "progress": progress}]
