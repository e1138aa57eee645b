"""Opening a lab: what is missing is made, what is the learner's stays, and nothing leaves the root."""

# ruff: noqa: ASYNC240 - a test may look at its files

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from parallab.workplace import Workplace

HOME = "parallab/90-of-all-kinds"
NOTEBOOK = f"{HOME}/90-of-all-kinds.ipynb"


@pytest.fixture
def home(jp_root_dir: Path) -> Path:
    return jp_root_dir / HOME


async def opened(call: Any) -> tuple[int, Any]:
    return await call("labs/L90/open", {})


async def test_the_notebook_and_the_modules_are_put_there(call, jp_root_dir: Path, home: Path) -> None:
    assert await opened(call) == (200, {"path": NOTEBOOK, "created": True})
    notebook = json.loads((jp_root_dir / NOTEBOOK).read_text())
    assert notebook["metadata"]["kernelspec"]["name"] == "parallab"
    assert notebook["metadata"]["parallab"] == {"lab": "L90", "version": 2}
    assert (home / "tally.py").read_text() == "COUNT = 1\n"
    assert {path.name for path in home.iterdir()} <= {"90-of-all-kinds.ipynb", "tally.py", ".ipynb_checkpoints"}


async def test_an_opened_lab_is_started(call) -> None:
    await opened(call)
    assert (await call("labs")).json["labs"][0]["started"] is True


async def test_a_notebook_that_is_there_is_never_touched(call, jp_root_dir: Path) -> None:
    await opened(call)
    (jp_root_dir / NOTEBOOK).write_text("even if it is no notebook")
    assert await opened(call) == (200, {"path": NOTEBOOK, "created": False})
    assert (jp_root_dir / NOTEBOOK).read_text() == "even if it is no notebook"


async def test_a_module_is_refreshed_only_if_it_is_still_ours(call, labs: Path, home: Path) -> None:
    source = labs / "90-of-all-kinds" / "tally.py"
    await opened(call)
    source.write_text("COUNT = 2  # newer\n")
    await opened(call)
    assert (home / "tally.py").read_text() == "COUNT = 2  # newer\n"
    (home / "tally.py").write_text("mine")
    source.write_text("COUNT = 3  # newest\n")
    await opened(call)
    assert (home / "tally.py").read_text() == "mine"


async def test_a_module_of_bytes(call, labs: Path, home: Path) -> None:
    (labs / "90-of-all-kinds" / "data.bin").write_bytes(bytes(range(256)))
    await opened(call)
    assert (home / "data.bin").read_bytes() == bytes(range(256))


async def test_opened_by_many_windows_at_once_it_is_made_once(call) -> None:
    replies = await asyncio.gather(*(opened(call) for _ in range(6)))
    assert [reply[0] for reply in replies] == [200] * 6
    assert sum(reply[1]["created"] for reply in replies) == 1


@pytest.mark.parametrize("depth", ["parallab", HOME, NOTEBOOK, f"{HOME}/tally.py"])
async def test_a_link_that_leads_out_is_refused(call, jp_root_dir: Path, tmp_path: Path, depth: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = jp_root_dir / depth
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside / "new" if "." in depth else outside)
    status, told = await opened(call)
    assert status == 409
    assert told["message"] == (
        f"{depth} is a link that leads out of the folder that Jupyter serves. Rename it, then open the lab again."
    )
    assert list(outside.iterdir()) == []


async def test_something_else_in_the_way_is_told_and_stays(call, jp_root_dir: Path) -> None:
    (jp_root_dir / "parallab").write_text("a file")
    status, told = await opened(call)
    assert (status, told["message"]) == (
        409,
        "parallab is in the way: Parallab wants to put a folder there. Rename it, then open the lab again.",
    )
    assert (jp_root_dir / "parallab").read_text() == "a file"


async def test_a_folder_in_the_notebooks_place(call, jp_root_dir: Path) -> None:
    (jp_root_dir / NOTEBOOK).mkdir(parents=True)
    status, told = await opened(call)
    assert status == 409
    assert told["message"].startswith(f"{NOTEBOOK} is in the way")


class FullContents:
    """A contents manager on a disk that is full."""

    root_dir = ""

    async def dir_exists(self, path: str) -> bool:
        return True

    async def file_exists(self, path: str) -> bool:
        return False

    async def exists(self, path: str) -> bool:
        return False

    async def save(self, model: Any, path: str) -> None:
        raise OSError(28, os.strerror(28))


async def test_a_full_disk_is_told(call) -> None:
    from parallab.problems import Problem

    with pytest.raises(Problem) as told:
        await Workplace(FullContents(), "parallab").put("90-x", {}, {"tally.py": b""}, {})
    assert told.value.status == 507
    assert told.value.message == (
        "The lab's files could not be put into parallab/90-x. Free some space, then open the lab again; "
        "nothing of yours was changed."
    )
