"""Rescue of hanging kernels, and leftovers, through the REST with real kernels."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from test_kernels import jp_kernelspec_dir, start, until  # noqa: F401 - fixtures

from parallab import wire
from parallab.procfs import everybody

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

HANGS = "import multiprocessing as mp\nlock = mp.Lock()\nlock.acquire()\nlock.acquire()"
EXECUTOR = """
import threading
from concurrent.futures import ThreadPoolExecutor
gates = [threading.Event() for _ in range(2)]
with ThreadPoolExecutor(2) as pool:
    list(pool.map(threading.Event.wait, gates))
"""
CHILD = """
import multiprocessing as mp, time
child = mp.get_context('fork').Process(target=time.sleep, args=(600,), name='sleeper')
child.start()
child.join()
"""


async def rescue(call: Any, kernel: Any, action: str, **which: int) -> Any:
    return await call(f"kernels/{kernel.id}/rescue", {"action": action, **which})


async def process(call: Any, kernel: Any) -> Any:
    """The one process beside the notebook, as the sidebar knows it."""
    while True:
        found = (await call(f"kernels/{kernel.id}/state")).json["processes"]
        if found and found[0]["started"]:
            return found[0]


async def test_one_interrupt_frees_a_deadlock(call, start) -> None:  # noqa: F811
    kernel = await start()
    kernel.send(HANGS, "c1")
    await until(lambda: kernel.recorder.stuck is True)
    told = (await rescue(call, kernel, "interrupt")).json
    assert (told["done"], told["happened"][0]) == (True, "The cell was interrupted once."), told
    assert (told["state"]["busy"], told["state"]["stuck"]) == (False, False)
    again = (await rescue(call, kernel, "interrupt")).json
    assert again["happened"] == ["No cell was running, so nothing was interrupted."]


async def test_an_executor_in_a_with_is_interrupted_twice(call, start) -> None:  # noqa: F811
    kernel = await start()
    kernel.send(EXECUTOR, "c1")
    await until(lambda: kernel.recorder.stuck is True)
    told = (await rescue(call, kernel, "interrupt")).json
    assert told["done"], told
    assert told["happened"][0].startswith("The cell was interrupted twice")
    assert told["state"]["busy"] is False


async def test_a_cell_that_is_slow_to_end_is_interrupted_once(call, start, monkeypatch, tmp_path) -> None:  # noqa: F811
    monkeypatch.setattr("parallab.rescue.GRACE", 0.3)
    kernel = await start()
    waits = tmp_path / "waits"
    slow = "end = time.process_time() + 1\n    while time.process_time() < end: pass"
    code = (
        f"import time\ntry:\n    open({str(waits)!r}, 'x')\n    time.sleep(600)\nexcept KeyboardInterrupt:\n    {slow}"
    )
    kernel.send(code, "c1")
    await until(waits.exists)
    told = (await rescue(call, kernel, "interrupt")).json
    assert (told["done"], told["happened"][0]) == (True, "The cell was interrupted once.")


async def test_a_cell_that_hears_no_interrupt_is_told_as_running_on(call, start, monkeypatch, tmp_path) -> None:  # noqa: F811
    monkeypatch.setattr("parallab.rescue.GRACE", 0.5)
    kernel = await start()
    deaf = tmp_path / "deaf"
    kernel.send(f"import signal\nsignal.signal(2, signal.SIG_IGN)\nopen({str(deaf)!r}, 'x')\nsignal.pause()", "c1")
    await until(deaf.exists)
    told = (await rescue(call, kernel, "interrupt")).json
    assert (told["done"], told["state"]["busy"]) == (False, True)
    assert told["happened"][0] == "The cell was interrupted 2 times and runs on."


@pytest.mark.parametrize(("action", "code"), [("terminate", -signal.SIGTERM), ("kill", -signal.SIGKILL)])
async def test_ending_the_child_that_is_waited_for_frees_the_cell(call, start, action: str, code: int) -> None:  # noqa: F811
    kernel = await start()
    kernel.send(CHILD, "c1")
    child = await process(call, kernel)
    assert child["name"] == "sleeper"
    told = (await rescue(call, kernel, action, pid=child["pid"], started=child["started"])).json
    assert told["done"], told
    assert told["happened"][0].endswith("and has ended.")
    await until(lambda: kernel.recorder.last_end[0] == "c1")
    (left,) = (await call(f"kernels/{kernel.id}/state")).json["processes"]
    assert (left["state"], left["exit_code"]) == ("ended", code)


async def test_only_the_kernels_own_processes_can_be_ended_and_never_the_kernel(call, start) -> None:  # noqa: F811
    kernel, other = await start(), await start()
    kernel.send(CHILD, "c1")
    child = await process(call, kernel)
    own = everybody.process_started(kernel.recorder.pid)
    stranger = everybody.process_started(os.getpid())
    for which in (
        {"pid": kernel.recorder.pid, "started": own},
        {"pid": other.recorder.pid, "started": everybody.process_started(other.recorder.pid)},
        {"pid": os.getpid(), "started": stranger},
        {"pid": child["pid"], "started": child["started"] + 1},
        {"pid": child["pid"]},
        {"pid": 0},
        {"pid": -1, "started": 0},
        {"pid": 2**40, "started": 1},
    ):
        assert (await rescue(call, kernel, "kill", **which)).status == 409, which
    assert (await rescue(call, other, "kill", pid=child["pid"], started=child["started"])).status == 409
    assert everybody.process_started(child["pid"]) == child["started"]
    assert (await rescue(call, kernel, "frighten")).status == 400
    await rescue(call, kernel, "interrupt")


async def test_a_child_that_is_deaf_to_terminate_is_told_so(call, start) -> None:  # noqa: F811
    kernel = await start()
    deaf = "signal.signal(15, signal.SIG_IGN), ready.set(), time.sleep(600)"
    await kernel.run(
        "import multiprocessing as mp, signal, time\n"
        "ctx = mp.get_context('fork'); ready = ctx.Event()\n"
        f"child = ctx.Process(target=lambda: ({deaf})); child.start(); ready.wait()",
        "c1",
    )
    child = await process(call, kernel)
    which = {"pid": child["pid"], "started": child["started"]}
    told = (await rescue(call, kernel, "terminate", **which)).json
    assert (told["done"], told["happened"][0].endswith("It may ignore that: kill it.")) == (False, True)
    assert (await rescue(call, kernel, "kill", **which)).json["done"]


CONSUMERS = """
import queue, threading
q = queue.Queue()
def consume():
    while True:
        q.get()
def stubborn():
    while True:
        try:
            q.get()
        except:
            pass
for name, work in (("one", consume), ("two", consume), ("stubborn", stubborn)):
    threading.Thread(target=work, name=name, daemon=True).start()
q.put(1)
q.join()
"""


async def test_ghost_consumers_outlive_the_interrupt_and_are_dismissed(call, start) -> None:  # noqa: F811
    kernel = await start()
    kernel.send(CONSUMERS, "c1")
    await until(lambda: kernel.recorder.stuck is True)
    stuck = (await call(f"kernels/{kernel.id}/state")).json
    assert [(one["name"], one["left"]) for one in stuck["threads"]] == [
        ("one", False),
        ("two", False),
        ("stubborn", False),
    ]
    told = (await rescue(call, kernel, "interrupt")).json
    assert told["done"]
    ghosts = {one["name"]: one for one in told["state"]["threads"]}
    assert all(one["left"] for one in ghosts.values())
    # They are not forgotten when the cell that started them runs again.
    await kernel.run("again = 1", "c1")
    assert {one["name"] for one in (await call(f"kernels/{kernel.id}/state")).json["threads"]} == set(ghosts)

    numbers = [one["number"] for one in ghosts.values()]
    told = (await rescue(call, kernel, "dismiss", threads=numbers)).json
    assert not told["done"]
    assert told["happened"][:2] == ["Thread “one” has ended.", "Thread “two” has ended."]
    assert told["happened"][2].startswith("Thread “stubborn” was woken and told to end, and lives on")
    assert [one["name"] for one in told["state"]["threads"]] == ["stubborn"]
    for wanted in ([], [numbers[0]], [0], [99999]):
        assert (await rescue(call, kernel, "dismiss", threads=wanted)).status == 409, wanted
    assert (await rescue(call, kernel, "dismiss", threads=[1] * 65)).status == 400


async def test_what_works_is_not_dismissed_and_the_reason_is_told(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run(
        "import threading, time\nthreading.Thread(target=lambda: time.sleep(600), name='busy', daemon=True).start()",
        "c1",
    )
    await until(lambda: kernel.recorder.living)
    told = (await rescue(call, kernel, "dismiss", threads=list(kernel.recorder.living))).json
    assert not told["done"]
    assert told["happened"][0].startswith("Thread “busy” works, or waits where nothing can wake it")


async def test_a_kernel_that_is_not_recorded_or_dead_cannot_be_rescued(call, start) -> None:  # noqa: F811
    foreign = await start("plain")
    assert (await rescue(call, foreign, "interrupt")).status == 409
    kernel = await start()
    kernel.manager.stop_restarter()
    os.kill(kernel.recorder.pid, signal.SIGKILL)
    await until(lambda: kernel.recorder.dead)
    assert (await rescue(call, kernel, "interrupt")).status == 409


async def test_what_a_killed_kernel_left_is_told_and_cleaned(call, start, jp_serverapp) -> None:  # noqa: F811
    heard: list[Any] = []

    async def listen(logger: Any, schema_id: str, data: Any) -> None:
        heard.append(data)

    jp_serverapp.event_logger.add_listener(schema_id=wire.STALE_EVENT, listener=listen)
    living, kernel = await start(), await start()
    kernel.manager.stop_restarter()
    code = (
        "import multiprocessing as mp, time\nfrom multiprocessing.shared_memory import SharedMemory\n"
        "s = SharedMemory(create=True, size=100)\n"
        "p = mp.get_context('fork').Process(target=time.sleep, args=(600,)); p.start()"
    )
    await living.run(code, "c1")
    await kernel.run(code, "c1")
    await until(lambda: b"psm_" in Path(kernel.recorder._book.path).read_bytes())
    assert (await call("leftovers")).json == {"schema": 1, "found": [], "cannot_tell": []}
    os.kill(kernel.recorder.pid, signal.SIGKILL)
    await until(lambda: kernel.recorder.dead)
    found = (await call("leftovers")).json["found"]
    assert {one["kernel_id"] for one in found} == {kernel.id}
    assert {"process", "segment"} <= {one["kind"] for one in found}
    done = (await call("leftovers/clean", {"ids": [one["id"] for one in found]})).json
    assert (done["left"], done["kept"]) == ([], [])
    # Every other window is told that there is something to ask anew.
    await until(lambda: heard == [{"what": "leftovers"}])
    assert {one["id"] for one in done["removed"]} == {one["id"] for one in found}
    assert len(await living.recorder.processes()) == 3  # itself, its worker, its resource tracker
    assert (await call("leftovers")).json["found"] == []
    # Once more, as from a window that was not told: nothing of it is anything any more.
    again = (await call("leftovers/clean", {"ids": [one["id"] for one in found]})).json
    assert (again["removed"], {one["what"] for one in again["kept"]}) == ([], {""})
    assert len(heard) == 1
