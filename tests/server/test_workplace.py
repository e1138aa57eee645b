"""Opening a lab: what is missing is made, what is the learner's stays, and nothing leaves the root."""

# ruff: noqa: ASYNC240 - a test may look at its files

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import nbformat
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
    assert await opened(call) == (200, {"path": NOTEBOOK, "created": True, "news": None})
    notebook = json.loads((jp_root_dir / NOTEBOOK).read_text())
    assert notebook["metadata"]["kernelspec"]["name"] == "parallab"
    ours = notebook["metadata"]["parallab"]
    assert (ours["lab"], ours["version"]) == ("L90", 2)
    assert [given["id"] for given in ours["given"]] == [cell["id"] for cell in notebook["cells"]]
    assert (home / "tally.py").read_text() == "COUNT = 1\n"
    assert {path.name for path in home.iterdir()} <= {"90-of-all-kinds.ipynb", "tally.py", ".ipynb_checkpoints"}


async def test_an_opened_lab_is_started(call) -> None:
    await opened(call)
    assert (await call("labs")).json["labs"][0]["started"] is True


async def test_a_notebook_that_is_there_is_never_touched(call, jp_root_dir: Path) -> None:
    await opened(call)
    (jp_root_dir / NOTEBOOK).write_text("even if it is no notebook")
    assert await opened(call) == (200, {"path": NOTEBOOK, "created": False, "news": None})
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


def of_version(labs: Path, version: int, more: str = "") -> None:
    """The lab's author brings out a new version."""
    file = labs / "90-of-all-kinds" / "lab.md"
    file.write_text(file.read_text().replace("version: 2", f"version: {version}") + more)


async def test_a_new_version_comes_into_the_notebook_and_the_old_file_is_kept(
    call, labs: Path, jp_root_dir: Path, home: Path
) -> None:
    await opened(call)
    notebook = nbformat.read(jp_root_dir / NOTEBOOK, as_version=4)
    mine = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code" and cell["metadata"])
    mine["source"] = "p = 'my work'"
    (jp_root_dir / NOTEBOOK).write_text(json.dumps(notebook))
    (home / "tally.py").write_text("mine")
    assert (await call("labs/L90/steps/quiz/answer", {"answers": {"which": ["a"]}})).status == 200
    of_version(labs, 3, "\n:::{step} more\ntitle: One step more\n:::\nMore.\n\n```{code-cell}\nmore = ...\n```\n")

    status, told = await opened(call)
    assert (status, told["created"]) == (200, False)
    old = f"{HOME}/90-of-all-kinds.version-2.ipynb"
    assert told["news"] == {
        "before": 2,
        "version": 3,
        "added": ["One step more"],
        "removed": [],
        "renewed": [],
        "kept": [],
        "files": ["tally.py"],
        "old": old,
        "language": "",
    }
    kept = nbformat.read(jp_root_dir / old, as_version=4)
    assert kept.cells == notebook["cells"]
    merged = nbformat.read(jp_root_dir / NOTEBOOK, as_version=4)
    assert "p = 'my work'" in [cell["source"] for cell in merged["cells"]]
    assert merged["cells"][-1]["source"] == "more = ..."
    assert (await opened(call))[1]["news"] is None

    progress = {one["step"]: one for one in (await call("labs/L90")).json["progress"]}
    assert (progress["quiz"]["verdict"], progress["quiz"]["passed_version"]) == ("passed", 2)
    assert progress["more"]["verdict"] == "not-attempted"


async def test_no_old_file_is_written_over(call, labs: Path, jp_root_dir: Path, home: Path) -> None:
    await opened(call)
    (home / "90-of-all-kinds.version-2.ipynb").write_text("mine, by chance")
    of_version(labs, 3)
    assert (await opened(call))[1]["news"]["old"] == f"{HOME}/90-of-all-kinds.version-2-2.ipynb"
    assert (home / "90-of-all-kinds.version-2.ipynb").read_text() == "mine, by chance"


async def test_windows_that_open_a_new_version_at_once_bring_it_in_once(call, labs: Path, home: Path) -> None:
    await opened(call)
    of_version(labs, 3)
    replies = await asyncio.gather(*(opened(call) for _ in range(6)))
    assert sum(told["news"] is not None for _, told in replies) == 1
    assert len(list(home.glob("*.version-*.ipynb"))) == 1


async def test_where_the_old_file_cannot_be_kept_nothing_is_changed(
    call, desk, labs: Path, jp_root_dir: Path, monkeypatch
) -> None:
    await opened(call)
    before = (jp_root_dir / NOTEBOOK).read_text()
    of_version(labs, 3)
    contents = desk._workplace._contents
    save = contents.save

    def full(model: Any, path: str) -> Any:
        if "version-2" in path:
            raise OSError(28, os.strerror(28))
        return save(model, path)

    monkeypatch.setattr(contents, "save", full)
    status, told = await opened(call)
    assert (status, told["message"][:45]) == (507, f"The lab's files could not be put into {HOME}"[:45])
    assert (jp_root_dir / NOTEBOOK).read_text() == before
