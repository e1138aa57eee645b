"""Notebooks are not worked through from top to bottom: whatever was done, a verdict is true or says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from test_kernels import STARTS, STEP, jp_kernelspec_dir, start, until  # noqa: F401 - fixtures

from parallab.judging import ELSEWHERE, NO_CELL, NOT_RUN
from parallab.shelf import Shelf, own_course

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
OTHERS = ("other", "break-it")


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any], labs: Path) -> dict[str, Any]:
    """The course's own labs beside those of the tests."""
    config = {name: dict(part) for name, part in jp_server_config.items()}
    config["ParallabApp"]["lab_folders"] = [str(labs), str(own_course())]
    return config


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where cells write their modules."""
    monkeypatch.chdir(tmp_path)


def verdict(seen: Any) -> tuple[str, str]:
    goal = seen.json["result"]["goals"][0]
    return seen.json["result"]["verdict"], goal["reason"]


async def restarted(kernel: Any, jp_serverapp: Any) -> None:
    await jp_serverapp.kernel_manager.restart_kernel(kernel.id)
    await kernel.client.wait_for_ready(timeout=60)
    await until(lambda: kernel.recorder.hello is not None)


async def test_a_deleted_cell_is_missed_and_the_way_back_is_told(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run("1", *OTHERS)
    assert verdict(await kernel.check(call, "start", OTHERS)) == ("not-attempted", NO_CELL)
    (cell,) = (await call(f"{STEP}/start/reset", {})).json["cells"]
    assert cell["source"] == "..."


async def test_work_that_was_done_counts_when_its_cell_is_deleted(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run(STARTS, "c1", "start")
    assert verdict(await kernel.check(call, "start", OTHERS))[0] == "passed"


async def test_a_renamed_cell_is_known_by_its_step(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run(STARTS, "c1", "start")
    assert verdict(await kernel.check(call, "start", ("renamed", "start")))[0] == "passed"


async def solved(call: Any, kernel: Any, *cells: str, posted: tuple[str, ...]) -> str:
    """Runs the solution of a real lab's step in cells of these names; the verdict on those posted."""
    lab = Shelf([own_course()]).lab("L04")
    module, *rest = [cell.source for cell in (*lab.solution["define-and-execute"], *lab.solution["four-at-once"])]
    await kernel.run("import multiprocessing as mp", "s1", lab="L04")
    await kernel.run(module, "s2", "define-and-execute", lab="L04")
    await kernel.run(rest[0], "s3", "define-and-execute", lab="L04")
    for cell in cells:
        for part, source in enumerate(rest[1:]):
            await kernel.run(source, f"{cell}{part}", "four-at-once", lab="L04")
    refs = [{"id": f"{cell}{part}", "step": "four-at-once"} for cell in posted for part in range(len(rest) - 1)]
    body = {"kernel_id": kernel.id, "cells": [{"id": "s1", "step": None}, *refs]}
    return str((await call("labs/L04/steps/four-at-once/check", body)).json["result"]["verdict"])


async def test_a_copied_cell_that_was_run_as_well_is_no_second_crew(call, start) -> None:  # noqa: F811
    assert await solved(call, await start(), "a", "b", posted=("a", "b")) == "passed"


async def test_a_cell_that_was_cut_and_pasted_is_judged_by_its_last_run(call, start) -> None:  # noqa: F811
    """Pasted cells get ids of their own; what ran under the old one has happened all the same."""
    assert await solved(call, await start(), "a", "b", posted=("b",)) == "passed"


async def test_a_cell_split_in_two_is_judged_as_one(call, start) -> None:  # noqa: F811
    kernel = await start()
    first, second = STARTS.rsplit("\n", 1)
    await kernel.run(first, "c1", "start")
    await kernel.run(second, "c2")  # the lower half has no tag of its own
    assert verdict(await kernel.check(call, "start", ("c1", "start"), ("c2", None)))[0] == "passed"


async def test_a_moved_cell_takes_its_step_along(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run("1", *OTHERS)
    await kernel.run(STARTS, "c1", "start")
    assert verdict(await kernel.check(call, "start", OTHERS, ("c1", "start")))[0] == "passed"
    # What was moved below another step's cell, and has no tag, is that step's.
    await kernel.run("1", "c2")
    assert verdict(await kernel.check(call, "start", ("c1", "start"), OTHERS, ("c2", None)))[0] == "passed"


async def test_two_windows_on_one_notebook_share_its_kernel_and_its_progress(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run(STARTS, "c1", "start")
    cell = ("c1", "start")
    replies = [await kernel.check(call, "start", cell) for _ in range(2)]
    assert [verdict(one)[0] for one in replies] == ["passed", "passed"]
    assert replies[1].json["progress"]["tries"] == 2


async def test_a_window_without_the_cell_that_another_added_says_why_its_verdict_differs(call, start) -> None:  # noqa: F811
    kernel = await start()
    await kernel.run("1", "c1", "start")
    alone = (await kernel.check(call, "start", ("c1", "start"))).json["result"]["goals"][0]
    assert (alone["verdict"], ELSEWHERE in alone["hint"]) == ("failed", False)
    # The other window's, not saved yet: its cell below has no tag.
    await kernel.run(STARTS, "c2")
    assert verdict(await kernel.check(call, "start", ("c1", "start"), ("c2", None)))[0] == "passed"
    here = (await kernel.check(call, "start", ("c1", "start"))).json
    assert here["result"]["goals"][0]["verdict"] == "failed"
    assert here["result"]["goals"][0]["hint"].endswith(ELSEWHERE)
    assert here["progress"]["verdict"] == "passed"


async def test_a_second_kernel_knows_nothing_of_the_first_and_a_pass_stays(call, start) -> None:  # noqa: F811
    first, second = await start(), await start()
    cell = ("c1", "start")
    await first.run(STARTS, *cell)
    assert verdict(await first.check(call, "start", cell))[0] == "passed"
    seen = await second.check(call, "start", cell)
    assert verdict(seen) == ("not-attempted", NOT_RUN)
    assert seen.json["progress"]["verdict"] == "passed"


async def test_all_cells_run_at_once_are_each_judged(call, start) -> None:  # noqa: F811
    kernel = await start()
    cells = [("c0", None), ("c1", "start"), ("c2", "break-it")]
    for (cell, step), code in zip(cells, ("import os", STARTS, "1 / 0"), strict=True):
        kernel.send(code, cell, step)
    await until(lambda: kernel.recorder.last_end[0] == "c2")
    assert verdict(await kernel.check(call, "start", *cells))[0] == "passed"
    broken = (await kernel.check(call, "break-it", *cells)).json["result"]
    assert [goal["verdict"] for goal in broken["goals"]] == ["passed", "not-attempted"]


async def test_a_click_while_all_cells_still_run_judges_what_has_run(call, start) -> None:  # noqa: F811
    kernel = await start()
    cells = [("c0", "break-it"), ("c1", "start")]
    kernel.send("import time\nwhile not globals().get('go'): time.sleep(0.01)", *cells[0])
    await until(lambda: kernel.recorder.running_cell == "c0")
    kernel.send(STARTS, *cells[1])
    assert verdict(await kernel.check(call, "start", *cells)) == ("not-attempted", NOT_RUN)
    await kernel.manager.interrupt_kernel()
    await until(lambda: kernel.recorder.last_end[0] == "c1")
    assert verdict(await kernel.check(call, "start", *cells))[0] == "passed"


async def test_after_a_restart_what_ran_before_is_gone_and_a_pass_stays(call, start, jp_serverapp) -> None:  # noqa: F811
    kernel = await start()
    cell = ("c1", "start")
    await kernel.run(STARTS, *cell)
    assert verdict(await kernel.check(call, "start", cell))[0] == "passed"
    await restarted(kernel, jp_serverapp)
    seen = await kernel.check(call, "start", cell)
    assert verdict(seen) == ("not-attempted", NOT_RUN)
    assert seen.json["progress"]["verdict"] == "passed"
    await kernel.run(STARTS.split("\n", 1)[1], *cell)  # without the import, which is gone with the kernel
    goal = (await kernel.check(call, "start", cell)).json["result"]["goals"][0]
    assert goal["verdict"] == "failed"
    assert goal["hint"].startswith("`mp` is not known yet. Run the cells above first: after a restart,")


async def test_work_in_a_console_is_not_the_steps_and_that_is_told(call, start) -> None:  # noqa: F811
    kernel = await start()
    kernel.client.execute(STARTS)  # as a console does: no cell, no step
    await until(lambda: kernel.recorder.last_end[1] > 0)
    assert verdict(await kernel.check(call, "start", ("c1", "start"))) == ("not-attempted", f"{NOT_RUN} {ELSEWHERE}")
    await kernel.run(STARTS, "c1", "start")
    assert verdict(await kernel.check(call, "start", ("c1", "start")))[0] == "passed"


async def test_a_file_that_the_cell_runs_counts_and_one_run_as_a_program_does_not(
    call,
    start,  # noqa: F811
    tmp_path: Path,
) -> None:
    kernel = await start()
    (tmp_path / "work.py").write_text(STARTS)
    cell = ("c1", "start")
    await kernel.run(f"%run {tmp_path}/work.py", *cell)
    assert verdict(await kernel.check(call, "start", cell))[0] == "passed"
    await kernel.run(f"import subprocess, sys\nsubprocess.run([sys.executable, '{tmp_path}/work.py'])", *cell)
    goal = (await kernel.check(call, "start", cell)).json["result"]["goals"][0]
    assert (goal["verdict"], goal["observed"]) == ("failed", "none")
