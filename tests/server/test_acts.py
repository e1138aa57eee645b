"""What a lab does for its learner, through the REST with a real kernel."""

from __future__ import annotations

from typing import Any

import pytest
from test_kernels import jp_kernelspec_dir, start, until  # noqa: F401 - fixtures

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

WAITS = """
import multiprocessing as mp
fork = mp.get_context("fork")
queue = fork.Queue()
child = fork.Process(target=queue.get, name="waiter")
child.start()
child.join()
"""


async def act(call: Any, kernel: Any, name: str = "strike") -> Any:
    body = {"act": name, "kernel_id": kernel.id, "cells": [{"id": "c1", "step": "stick"}]}
    return await call("labs/L90/steps/stick/act", body)


async def test_a_worker_is_killed_once_it_waits_and_the_recording_says_who_did_it(call, start) -> None:  # noqa: F811
    kernel = await start()
    kernel.send(WAITS, "c1", "stick")
    reply = await act(call, kernel)
    assert reply.status == 200, reply
    assert (reply.json["done"], reply.json["happened"]) == (
        True,
        ["Worker “waiter” was killed while it waited for something to read."],
    )
    await until(lambda: kernel.recorder.running_cell is None)
    recorded = (await call(f"kernels/{kernel.id}/recording")).json["events"]
    (told,) = [event for event in recorded if event["kind"] == "acted"]
    (ended,) = [event for event in recorded if event["kind"] == "process-gone" and event["child"] == told["child"]]
    assert (told["act"], told["step"], told["what"], ended["exit_code"]) == ("strike", "stick", "kill-worker", -9)


async def test_nobody_is_killed_where_nobody_waits(call, start, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setattr("parallab.acts.PATIENCE", 0.0)
    kernel = await start()
    reply = await act(call, kernel)
    assert (reply.status, reply.json["done"]) == (200, False)
    assert reply.json["happened"][0].startswith("No worker of this step waits for something to read")


async def test_an_act_that_the_step_does_not_offer_is_refused(call, start) -> None:  # noqa: F811
    kernel = await start()
    reply = await act(call, kernel, "sing")
    assert reply.status == 404
    assert "has no act “sing”" in reply.json["message"]
