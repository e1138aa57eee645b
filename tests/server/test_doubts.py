"""“This verdict is wrong”: told before it is saved, saved into the learner's folder, and nowhere else."""

# ruff: noqa: ASYNC240 - a test may look at its files

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_kernels import STEP, jp_kernelspec_dir, start  # noqa: F401 - fixtures

from parallab import doubts, judging, shelf
from parallab.evidence import Evidence

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
FOLDER = "parallab/90-of-all-kinds"
CELLS = [
    {"id": "c0", "step": None, "source": "import multiprocessing as mp"},
    {"id": "c1", "step": "start", "source": "1 + 1"},
]


async def doubted(call: Any, kernel: Any, **more: Any) -> Any:
    body = {"kernel_id": kernel.id, "cells": CELLS, "words": "It is right!", **more}
    return await call(f"{STEP}/start/doubt", body)


async def test_it_is_told_before_it_is_saved_and_judged_again_as_it_was(
    call,
    start,  # noqa: F811
    jp_root_dir: Path,
    labs: Path,
) -> None:
    kernel = await start()
    await kernel.run("1 + 1", "c1", "start")
    told = (await kernel.check(call, "start", ("c0", None), ("c1", "start"))).json["result"]

    status, shown = await doubted(call, kernel)
    assert (status, shown["path"]) == (200, "")
    assert shown["contents"][0] == "The text of all 2 cells of this notebook, without what was printed below."
    assert shown["contents"][-1].endswith("nothing is sent to anybody.")
    assert not list(jp_root_dir.rglob("verdict-*"))

    status, saved = await doubted(call, kernel, save=True)
    assert (status, saved["path"]) == (200, f"{FOLDER}/verdict-start.json")
    assert saved["contents"][:-1] == shown["contents"][:-1]
    doubt = doubts.unpack((jp_root_dir / saved["path"]).read_bytes())
    assert (doubt.lab, doubt.version, doubt.step, doubt.words) == ("L90", 2, "start", "It is right!")
    assert doubt.result.verdict == told["verdict"] == "failed"
    lab = shelf.load(labs / "90-of-all-kinds")
    again = judging.judge(lab.checks["start"], Evidence(doubt.recording, "start", doubt.steps))
    assert judging.verdict_of(again) == "failed"
    assert (await doubted(call, kernel, save=True)).json["path"] == f"{FOLDER}/verdict-start-2.json"


async def test_what_cannot_be_saved_is_told(
    call,
    start,  # noqa: F811
    jp_root_dir: Path,
    tmp_path: Path,
    monkeypatch,
) -> None:
    kernel = await start()
    assert (await doubted(call, kernel)).json["message"] == "There is no verdict yet. Check your work first."
    await kernel.run("1 + 1", "c1", "start")
    await kernel.check(call, "start", ("c1", "start"))

    status, told = await doubted(call, kernel, words="x" * 4001)
    assert (status, told["message"]) == (400, "Say it in at most 4000 characters; these are 4001.")
    big = [{"id": "c1", "step": "start", "source": "x" * 2**20}]
    status, told = await doubted(call, kernel, cells=big)
    assert (status, told["message"].split(";")[0]) == (400, "A request has at most 1024 KiB")
    status, told = await call(f"{STEP}/start/doubt", {"kernel_id": "nobody", "cells": []})
    assert status == 404

    with monkeypatch.context() as smaller:
        smaller.setattr("parallab.doubts.LARGEST", 100)
        status, told = await doubted(call, kernel, save=True)
    assert (status, told["message"][:49]) == (409, "What was recorded is too large for a file: 0 MiB,")

    outside = tmp_path / "outside"
    outside.mkdir()
    (jp_root_dir / "parallab").symlink_to(outside)
    status, told = await doubted(call, kernel, save=True)
    assert (status, "leads out of the folder" in told["message"]) == (409, True)
    assert not list(outside.iterdir())


async def test_nothing_of_the_environment_is_in_it(call, start, jp_root_dir: Path, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setenv("MY_SECRET", "xyzzy-secret")
    kernel = await start()
    await kernel.run("1 + 1", "c1", "start")
    await kernel.check(call, "start", ("c1", "start"))
    saved = (await doubted(call, kernel, save=True)).json["path"]
    text = (jp_root_dir / saved).read_text()
    assert json.loads(text)["schema"] == 1
    assert "xyzzy-secret" not in text
