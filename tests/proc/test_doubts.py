"""A doubted verdict becomes a case of the proof: judged again without a kernel, until the checks are mended."""

from __future__ import annotations

import asyncio
import json
import lzma
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from parallab import author, doubts, headless, wire
from parallab.author import doubted
from parallab.cli import main
from parallab.doubts import Doubt
from parallab.lab import Cell
from parallab.shelf import Shelf, ShelvedLab, load
from small_lab import small_lab

CHECKS = '''
@check("work")
def one(run):
    """Your notebook starts one child"""
    expect("children", run.workers, has({}))
'''
SOURCE = """\
import multiprocessing as mp
for _ in range(2):
    p = mp.get_context('fork').Process(target=print)
    p.start()
    p.join()"""


def doubt(lab: ShelvedLab, **other: Any) -> Doubt:
    """What a learner whose two children were called wrong has saved."""
    cells = [Cell("import os"), Cell(SOURCE, step="work")]
    done = asyncio.run(headless.run(cells, lab, start_method="fork"))
    (result,) = done.report.steps
    sources = tuple(
        wire.SourceCell(f"cell-{place}", cell.step or None, cell.source) for place, cell in enumerate(cells)
    )
    made = Doubt(1, "0.1.0", "Linux 6", "L99", 1, "work", "There are two!", result, sources, 0, {}, done.recording)
    return msgspec.structs.replace(made, **other)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> ShelvedLab:
    return small_lab(tmp_path_factory.mktemp("strict"), CHECKS.format(1))


@pytest.fixture(scope="module")
def saved(strict: ShelvedLab) -> bytes:
    return doubts.pack(doubt(strict))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShelvedLab:
    found = small_lab(tmp_path, CHECKS.format(1))
    monkeypatch.setattr("parallab.shelf._course_folders", lambda: [(tmp_path, "")])
    return found


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["author", *arguments])
    return done.exit_code, done.output


def proved(lab: ShelvedLab, name: str) -> list[str]:
    """What the proof finds in the recording of a case, without running the case itself."""

    async def judge() -> list[str]:
        from parallab.judge_pool import JudgePool

        pool = JudgePool()
        try:
            kept = doubted.recordings(load(lab.folder))
            path = lab.folder / "mistakes" / f"{name}.json.xz"
            return [str(fault) for fault in await doubted.faults(load(lab.folder), path, kept[path], pool)]
        finally:
            await pool.close()

    return asyncio.run(judge())


def test_it_is_told_then_made_a_case_that_fails_until_the_checks_are_mended(
    lab: ShelvedLab, saved: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "verdict-work.json"
    file.write_bytes(saved)
    code, told = run("record", str(file))
    assert code == 2
    assert "There are two!" in told
    assert told.count("Observed  2") == 2, told
    assert "say what the verdict should be, with --verdict" in told

    code, told = run("record", str(file), "--verdict", "passed", "--name", "work-two")
    assert code == 0, told
    (wrong,) = load(lab.folder).mistakes
    assert (wrong.name, wrong.step, wrong.verdict, wrong.start_methods) == ("work-two", "work", "passed", ("fork",))
    assert [cell.source for cell in wrong.cells] == [SOURCE]
    assert wrong.note == "A learner was told “failed”, and doubted it.\nThere are two!"

    (fault,) = proved(lab, "work-two")
    assert "should be judged passed, and is failed" in fault
    small_lab(tmp_path, CHECKS.format(2))
    assert proved(lab, "work-two") == []


def test_it_is_part_of_the_proof(lab: ShelvedLab, saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "verdict-work.json"
    file.write_bytes(saved)
    run("record", str(file), "--verdict", "passed", "--name", "work-two")
    report = asyncio.run(author.prove(load(lab.folder), only=["work-two"], start_methods=["fork"]))
    assert any("work-two.json.xz" in fault.where for fault in report.faults)
    small_lab(tmp_path, CHECKS.format(2))
    report = asyncio.run(author.prove(load(lab.folder), only=["work-two"], start_methods=["fork"]))
    assert not any("work-two.json.xz" in fault.where for fault in report.faults), report.text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--verdict", "passed", "--mistake", "M99"], "the catalogue has no mistake 'M99': use one of M01 to M66"),
        (["--verdict", "passed", "--name", "../x"], "'../x' cannot name a case: use a-z, digits and hyphens"),
        (["--verdict", "passed", "x"], "is a doubted verdict, and makes one case: leave out 'x'"),
    ],
)
def test_bad_input_is_one_line(lab: ShelvedLab, saved: bytes, tmp_path: Path, arguments: list[str], said: str) -> None:
    file = tmp_path / "verdict-work.json"
    file.write_bytes(saved)
    code, told = run("record", str(file), *arguments)
    assert code == 2
    assert said in told
    assert not (lab.folder / "mistakes").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "it is no file of a doubted verdict"),
        (b'{"schema": 1}', "it is no file of a doubted verdict"),
        (b"\xfd7zXZ\x00nothing", "it cannot be read"),
        (b"[" * 100_000, "it is no file of a doubted verdict"),
        (lzma.compress(bytes(doubts.LARGEST + 10)), "it is larger than 10 MiB"),
    ],
    ids=["no JSON", "parts missing", "no xz", "deep", "a bomb"],
)
def test_what_is_no_such_file(lab: ShelvedLab, tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(content)
    code, told = run("record", str(file))
    assert (code, "Traceback" in told) == (2, False)
    assert said in told


def test_another_format_an_unknown_lab_and_a_step_that_is_gone(lab: ShelvedLab, saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    whole = json.loads(saved)
    for change, said in (
        ({"schema": 2}, "it is of format 2, and this Parallab knows 1"),
        ({"lab": "L77"}, "There is no lab 'L77'"),
        ({"step": "gone"}, "lab L99 has no step 'gone' any more"),
        ({"cells": []}, "its notebook has no code in step 'work'"),
    ):
        file.write_text(json.dumps(whole | change))
        code, told = run("record", str(file), "--verdict", "passed")
        assert (code, said in told) == (2, True), told


def test_two_cases_of_one_name_and_code_with_fences(lab: ShelvedLab, saved: bytes, tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    whole = json.loads(saved)
    whole["cells"][1]["source"] = 'text = """\n```\n---\n```"""'
    whole["words"] = "---\n```{code-cell}\n:::{hint}"
    file.write_text(json.dumps(whole))
    assert run("record", str(file), "--verdict", "failed")[0] == 0
    (wrong,) = load(lab.folder).mistakes
    assert [cell.source for cell in wrong.cells] == ['text = """\n```\n---\n```"""']
    code, told = run("record", str(file), "--verdict", "failed")
    assert (code, "there is a case work-doubted already" in told) == (2, True)


def test_the_home_folder_is_not_told(strict: ShelvedLab) -> None:
    made = doubt(strict, words="/home/ada and /home/adam")
    told = doubts.unpack(doubts.pack(msgspec.structs.replace(made, system="/home/ada/x"), "/home/ada"))
    assert (told.system, told.words) == ("~/x", "/home/ada and /home/adam")


def test_what_is_in_it_is_said_in_plain_words(strict: ShelvedLab, saved: bytes) -> None:
    told = doubts.contents(doubts.unpack(saved), len(saved))
    assert told[0] == "The text of all 2 cells of this notebook, without what was printed below."
    assert told[2].startswith("What your kernel did: 2 processes and ")
    assert told[-1].endswith("KiB. It stays in your folder: nothing is sent to anybody.")


def test_our_labs_keep_nothing_without_an_answer() -> None:
    assert all(None not in doubted.recordings(lab).values() for lab in Shelf().labs())
