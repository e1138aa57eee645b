"""Check my work with real kernels, a real recorder and a real judge behind a real server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.session import Session

from parallab import wire

STEP = "labs/L90/steps"
STARTS = "import multiprocessing as mp\np = mp.get_context('fork').Process(target=print)\np.start()\np.join()"
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


class Kernel:
    """A kernel of the server, with a client that sends cells as JupyterLab does."""

    def __init__(self, manager: Any, kernel_id: str) -> None:
        self.id = kernel_id
        self.manager = manager.get_kernel(kernel_id)
        self.client = self.manager.client(session=Session(key=self.manager.session.key))
        self.client.start_channels()

    @property
    def recorder(self) -> Any:
        return self.manager.provisioner.recorder

    def send(self, code: str, cell: str, step: str | None = None, lab: str = "L90") -> str:
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        metadata: dict[str, Any] = {"cellId": cell}
        if step:
            metadata["parallab"] = {"lab": lab, "step": step}
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    async def run(self, code: str, cell: str, step: str | None = None, lab: str = "L90") -> None:
        sent = self.send(code, cell, step, lab)
        while True:
            reply = await self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == sent:
                break
        await until(lambda: self.recorder is None or self.recorder.last_end[0] == cell)

    async def check(self, call: Any, step: str, *cells: tuple[str, str | None]) -> Any:
        return await call(
            f"{STEP}/{step}/check", {"kernel_id": self.id, "cells": [{"id": cell, "step": of} for cell, of in cells]}
        )


async def until(true: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def jp_kernelspec_dir(jp_data_dir: Path) -> Path:
    """The kernelspecs that the package installs, in the test's own data folder."""
    source = Path(__file__).parents[2] / "jupyter-config" / "kernels" / "parallab" / "kernel.json"
    for name, spec in (("parallab", json.loads(source.read_text())), ("plain", json.loads(source.read_text()))):
        if name == "plain":
            del spec["metadata"]["kernel_provisioner"]
        folder = jp_data_dir / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps(spec))
    return jp_data_dir / "kernels"


@pytest.fixture
def start(jp_kernelspec_dir, jp_serverapp, jp_asyncio_loop):
    """Starts kernels, and ends them."""
    manager = jp_serverapp.kernel_manager
    made: list[Kernel] = []

    async def go(name: str = "parallab", recorded: bool = True) -> Kernel:
        kernel = Kernel(manager, await manager.start_kernel(kernel_name=name))
        made.append(kernel)
        await kernel.client.wait_for_ready(timeout=60)
        if name == "parallab" and recorded:
            await until(lambda: kernel.recorder.hello is not None)
        return kernel

    async def end() -> None:
        for kernel in made:
            kernel.client.stop_channels()
            if kernel.id in manager:
                # jupyter_client cannot shut down one that was killed and is just being started again.
                kernel.manager.stop_restarter()
                await until(kernel.manager.ready.done)
                await manager.shutdown_kernel(kernel.id, now=True)

    yield go
    jp_asyncio_loop.run_until_complete(end())


async def test_from_starter_to_passed(call, start, jp_serverapp) -> None:
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: Any) -> None:
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=wire.CHECK_EVENT, listener=listen)
    kernel = await start()
    cell = ("c1", "start")

    first = (await kernel.check(call, "start", cell)).json
    assert first["result"]["verdict"] == "not-attempted"
    assert first["result"]["goals"][0]["reason"] == "Run this step's cell first."

    await kernel.run("...", *cell)
    failed = (await kernel.check(call, "start", cell)).json
    assert failed["result"]["verdict"] == "failed"
    goal = failed["result"]["goals"][0]
    assert (goal["expected"], goal["observed"], goal["hint"]) == ("children: 1", "none", "Call start().")
    assert failed["python"].startswith("3.")
    assert failed["start_method"] in ("fork", "forkserver")

    await kernel.run(STARTS, *cell)
    passed = (await kernel.check(call, "start", cell)).json
    assert passed["result"]["verdict"] == "passed", passed
    assert (passed["progress"]["verdict"], passed["progress"]["tries"]) == ("passed", 3)

    await kernel.run("...", *cell)
    again = (await kernel.check(call, "start", cell)).json
    assert (again["result"]["verdict"], again["progress"]["verdict"]) == ("failed", "passed")
    assert [event["verdict"] for event in heard] == ["not-attempted", "failed", "passed", "failed"]
    assert (await call("labs")).json["labs"][0]["passed"] == 1


async def test_cells_without_metadata_belong_to_the_step_above(call, start) -> None:
    kernel = await start()
    await kernel.run(STARTS, "untagged")
    seen = await kernel.check(call, "start", ("tagged", "start"), ("untagged", None))
    assert seen.json["result"]["verdict"] == "passed"


async def test_after_a_reset_what_ran_before_does_not_count(call, start) -> None:
    kernel = await start()
    await kernel.run(STARTS, "c1", "start")
    await call(f"{STEP}/start/reset", {})
    assert (await kernel.check(call, "start", ("c1", "start"))).json["result"]["verdict"] == "not-attempted"
    await kernel.run(STARTS, "c1", "start")
    assert (await kernel.check(call, "start", ("c1", "start"))).json["result"]["verdict"] == "passed"


async def test_on_a_system_without_processes_to_see_the_kernel_runs_and_nothing_is_failed(
    call, start, monkeypatch
) -> None:
    """As on macOS: what Linux alone has is really missing."""
    monkeypatch.setattr("parallab.capabilities.sys.platform", "darwin")
    monkeypatch.setattr("parallab.capabilities.platform.system", lambda: "Darwin")
    monkeypatch.delattr(socket, "SO_PASSCRED")
    monkeypatch.delattr(os, "pidfd_open")
    kernel = await start("parallab", recorded=False)
    kernel.send(STARTS, "c1", "start")
    assert (await kernel.client.get_shell_msg(timeout=60))["content"]["status"] == "ok"
    state = (await call(f"kernels/{kernel.id}/state")).json
    assert (state["kind"], state["stuck"]) == ("elsewhere", None)
    assert state["message"].startswith("Processes cannot be seen from outside on Darwin.")
    (goal,) = (await kernel.check(call, "start", ("c1", "start"))).json["result"]["goals"]
    assert (goal["verdict"], goal["reason"]) == ("undecided", state["message"])
    assert (await call(f"kernels/{kernel.id}/rescue", {"action": "interrupt"})).status == 409
    assert not any(one["can"] for one in (await call("capabilities")).json["capabilities"])


async def test_a_prediction_after_the_cell_is_late(call, start) -> None:
    kernel = await start()
    cells = [{"id": "c1", "step": "start"}]
    await kernel.run("...", "other", "break-it")
    body = {"answers": {"children": "1"}, "kernel_id": kernel.id, "cells": cells}
    await kernel.run("...", "c1", "start")
    assert (await call(f"{STEP}/start/predict", body)).json["prediction"]["late"] is True


async def test_a_prediction_before_the_cell_is_not_late_and_stands_beside_what_was_seen(call, start) -> None:
    kernel = await start()
    await kernel.run("...", "other", "break-it")
    body = {"answers": {"children": "3"}, "kernel_id": kernel.id, "cells": [{"id": "c1", "step": "start"}]}
    assert (await call(f"{STEP}/start/predict", body)).json["prediction"]["late"] is False
    await kernel.run(STARTS, "c1", "start")
    seen = (await kernel.check(call, "start", ("c1", "start"))).json["progress"]["prediction"]
    assert (seen["answers"], seen["observed"]) == ({"children": "3"}, {"children": "1"})


async def test_break_goals_are_met_without_a_click_and_stay_met(call, start, desk) -> None:
    kernel = await start()
    cell = ("c2", "break-it")
    await kernel.run("pass", *cell)
    before = (await kernel.check(call, "break-it", cell)).json["result"]
    assert [goal["verdict"] for goal in before["goals"]] == ["failed", "not-attempted"]

    await kernel.run("1 / 0", *cell)
    await met(call)
    unclicked = (await call("labs/L90")).json["progress"][1]
    assert unclicked["tries"] == 1
    assert [goal["verdict"] for goal in unclicked["last"]["goals"]] == ["passed", "not-attempted"]

    await kernel.run("pass", *cell)
    repaired = (await kernel.check(call, "break-it", cell)).json
    assert [goal["verdict"] for goal in repaired["result"]["goals"]] == ["passed", "passed"], repaired
    assert repaired["progress"]["verdict"] == "passed"


async def met(call: Any, place: int = 1) -> None:
    """Waits until the break goal is stored."""
    for _ in range(500):
        last = (await call("labs/L90")).json["progress"][place]["last"]
        if last is not None and last["goals"][0]["verdict"] == "passed":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the break goal was not met")


async def test_broken_and_repaired_in_one_go_with_one_click(call, start) -> None:
    """The repair may follow at once: what counts is which run began later."""
    kernel = await start()
    cell = ("c2", "break-it")
    await kernel.check(call, "start", cell)
    await kernel.run("1 / 0", *cell)
    await kernel.run("pass", "c2", "break-it")
    await met(call)
    seen = (await kernel.check(call, "break-it", cell)).json
    assert [goal["verdict"] for goal in seen["result"]["goals"]] == ["passed", "passed"], seen


async def test_the_posted_mapping_serves_cells_without_metadata(call, start) -> None:
    kernel = await start()
    await kernel.check(call, "break-it", ("tagged", "break-it"), ("c2", None))
    await kernel.run("1 / 0", "c2")
    await met(call)


async def test_what_was_broken_in_another_kernel_is_repaired_in_this_one(call, start, jp_serverapp) -> None:
    kernel = await start()
    cell = ("c2", "break-it")
    await kernel.run("1 / 0", *cell)
    await met(call)
    await jp_serverapp.kernel_manager.restart_kernel(kernel.id)
    await kernel.client.wait_for_ready(timeout=60)
    await until(lambda: kernel.recorder.hello is not None)
    unrun = (await kernel.check(call, "break-it", cell)).json["result"]
    assert [goal["verdict"] for goal in unrun["goals"]] == ["passed", "not-attempted"]
    await kernel.run("pass", *cell)
    assert (await kernel.check(call, "break-it", cell)).json["result"]["verdict"] == "passed"


async def test_a_cell_that_hangs_can_be_checked_and_seen(call, start) -> None:
    kernel = await start()
    kernel.send("import multiprocessing as mp\nlock = mp.Lock()\nlock.acquire()\nlock.acquire()", "c1", "start")
    await until(lambda: kernel.recorder.stuck is True)
    seen = (await kernel.check(call, "start", ("c1", "start"))).json
    assert seen["result"]["verdict"] in ("failed", "undecided")
    # That the kernel answers questions beside the cell, and uses its CPU for it, moves nothing.
    for _ in range(20):
        await kernel.recorder.cut()
        state = (await call(f"kernels/{kernel.id}/state")).json
        assert (state["kind"], state["busy"], state["running_cell"], state["stuck"]) == ("recorded", True, "c1", True)
    recording = (await call(f"kernels/{kernel.id}/recording")).json
    assert (recording["kernel"], recording["busy_cell"]) == (kernel.id, "c1")
    await kernel.manager.interrupt_kernel()


async def test_a_break_goal_is_met_by_a_cell_that_hangs_without_a_click(call, start) -> None:
    kernel = await start()
    kernel.send("import multiprocessing as mp\nlock = mp.Lock()\nlock.acquire()\nlock.acquire()", "c1", "stick")
    await met(call, place=8)
    await kernel.manager.interrupt_kernel()
    await until(lambda: kernel.recorder.last_end[0] == "c1")
    assert (await kernel.check(call, "stick", ("c1", "stick"))).json["result"]["verdict"] == "passed"


async def test_a_foreign_kernel_is_undecided_and_told_what_to_do(call, start) -> None:
    kernel = await start("plain")
    seen = (await kernel.check(call, "start", ("c1", "start"))).json
    assert seen["result"]["verdict"] == "undecided"
    assert "Choose the kernel “Python 3 (Parallab)”" in seen["result"]["goals"][0]["reason"]
    state = (await call(f"kernels/{kernel.id}/state")).json
    assert (state["kind"], state["stuck"]) == ("foreign", None)
    assert (await call(f"kernels/{kernel.id}/recording")).status == 409


async def test_a_step_of_another_python_is_not_attempted_and_says_why(call, start) -> None:
    kernel = await start()
    goal = (await kernel.check(call, "newer", ("c1", "newer"))).json["result"]["goals"][0]
    assert goal["verdict"] == "not-attempted"
    assert goal["reason"].startswith("This step needs Python >=4; this kernel runs 3.")


async def test_a_check_that_raises_or_never_returns_is_broken_and_the_server_goes_on(call, start) -> None:
    kernel = await start()
    await kernel.run("...", "c1", "broken")
    raised = (await kernel.check(call, "broken", ("c1", "broken"))).json["result"]
    assert raised["verdict"] == "broken"
    assert "This is not your mistake" in raised["goals"][0]["reason"]
    await kernel.run("...", "c2", "hang")
    hangs = asyncio.ensure_future(kernel.check(call, "hang", ("c2", "hang")))
    await asyncio.sleep(0.2)
    assert (await call("labs")).status == 200
    assert not hangs.done()
    assert (await hangs).json["result"]["verdict"] == "broken"
    assert (await kernel.check(call, "start", ("c1", "start"))).status == 200


async def test_a_kernel_killed_before_a_check(call, start) -> None:
    kernel = await start()
    kernel.manager.stop_restarter()
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
    await until(lambda: kernel.recorder.dead)
    status, told = await kernel.check(call, "start", ("c1", "start"))
    assert status == 409
    assert told["message"] == "The kernel died. Restart it, then run the step's cells again."
    state = (await call(f"kernels/{kernel.id}/state")).json
    assert (state["kind"], state["message"][:40]) == ("dead", "The kernel died: it was killed (SIGKILL)")
    assert (await call("labs")).status == 200


async def test_a_kernel_killed_in_mid_check(call, start) -> None:
    for delay in (0.0, 0.002, 0.005, 0.01, 0.02):
        kernel = await start()
        await kernel.run("...", "c1", "start")
        asked = asyncio.ensure_future(kernel.check(call, "start", ("c1", "start")))
        await asyncio.sleep(delay)
        os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
        status, told = await asked
        assert status in (200, 409), told
        if status == 409:
            assert told["message"].endswith("Restart it, then run the step's cells again.")
        assert (await call("labs")).status == 200


async def test_a_kernel_shut_down_in_mid_check(call, start, jp_serverapp) -> None:
    for delay in (0.0, 0.004, 0.01):
        kernel = await start()
        asked = asyncio.ensure_future(kernel.check(call, "start", ("c1", "start")))
        await asyncio.sleep(delay)
        await jp_serverapp.kernel_manager.shutdown_kernel(kernel.id, now=True)
        status, told = await asked
        assert status in (200, 404, 409), told
        assert (await kernel.check(call, "start", ("c1", "start"))).status == 404


async def test_many_clicks_at_once(call, start) -> None:
    kernel = await start()
    await kernel.run(STARTS, "c1", "start")
    replies = await asyncio.gather(*(kernel.check(call, "start", ("c1", "start")) for _ in range(8)))
    assert {reply.json["result"]["verdict"] for reply in replies} == {"passed"}
    assert (await call("labs/L90")).json["progress"][0]["tries"] == 8
