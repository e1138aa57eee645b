"""The command line: exit codes, JSON, and one clear line for everything bad."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parallab.catalogue import CATALOGUE
from parallab.cli import main


def parallab(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def notebook(path: Path, *cells: tuple[str, str]) -> Path:
    made = [
        {"cell_type": "code", "source": source, "metadata": {"parallab": {"step": step}} if step else {}}
        for step, source in cells
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))
    return path


def refused(result: Result, sentence: str) -> None:
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [f"parallab: {sentence}"]
    assert result.stdout == ""


@pytest.mark.parametrize("lab", ["L77", "../../etc", "", "\x00", "L04/../L08"])
def test_an_unknown_lab(lab: str) -> None:
    result = parallab("check", lab, "x.ipynb")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "L04" in result.stderr
    assert "Traceback" not in result.output


def test_an_unknown_step(tmp_path: Path) -> None:
    result = parallab("check", "L04", notebook(tmp_path / "n.ipynb"), "--step", "nonsense")
    assert result.exit_code == 2
    assert "L04 has no step 'nonsense': choose one of" in result.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "{path} is no notebook: it is not JSON (line 1). Open it in JupyterLab and save it again"),
        ("[]", "{path} is no notebook of format 4: it has no list of cells"),
        ('{"cells": 3}', "{path} is no notebook of format 4: it has no list of cells"),
        ("[" * 100_000, "{path} is no notebook: it is not JSON. Open it in JupyterLab and save it again"),
    ],
)
def test_a_file_that_is_no_notebook(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "n.ipynb"
    path.write_text(text)
    refused(parallab("check", "L04", path), sentence.format(path=path))


def test_a_notebook_that_is_binary(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    path.write_bytes(b"\xff\xfe\x00")
    refused(parallab("check", "L04", path), f"{path} is not a text file: a notebook is JSON in UTF-8")


def test_a_notebook_that_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "n.ipynb"
    refused(parallab("check", "L04", path), f"there is no notebook {path}: name the file you want checked")


def test_without_a_notebook_the_one_of_the_folder_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = parallab("check", "L04")
    assert result.exit_code == 2
    assert "name the notebook, or open the lab first" in result.stderr


def test_an_unknown_kernel(tmp_path: Path) -> None:
    result = parallab("check", "L04", notebook(tmp_path / "n.ipynb"), "--kernel", "klingon")
    assert result.exit_code == 2
    assert "there is no kernel 'klingon': choose one of" in result.stderr


def test_a_recording_into_nowhere(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb")
    result = parallab("check", "L04", path, "--record", tmp_path / "no" / "r.json")
    assert result.exit_code == 2


def test_nothing_done_is_not_passed_and_json_says_so(tmp_path: Path) -> None:
    path = notebook(tmp_path / "n.ipynb", ("", "x = 1"))
    result = parallab("check", "L04", path, "--json", "--record", tmp_path / "r.json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["schema"], report["lab"]) == (1, "L04")
    steps = {step["step"]: step for step in report["steps"]}
    assert steps["define-and-execute"]["verdict"] == "not-attempted"
    assert steps["quiz"]["counts"] is False
    assert json.loads((tmp_path / "r.json").read_text())["schema"] == 1


def test_list_names_the_labs() -> None:
    assert "L04  Your own processes" in parallab("list").stdout
    assert {"L04", "L08"} <= {lab["id"] for lab in json.loads(parallab("list", "--json").stdout)}


def test_inspect_of_nobody() -> None:
    result = parallab("inspect", 2**22 + 1)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1


def test_inspect_of_a_program() -> None:
    code = "print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        report = json.loads(parallab("inspect", program.pid, "--json").stdout)
        assert report["root"] == program.pid
        assert [process["role"] for process in report["processes"]] == ["root"]
        assert str(program.pid) in parallab("inspect", program.pid).stdout
        program.kill()


def test_the_installed_command_works() -> None:
    command = Path(sys.executable).with_name("parallab")
    result = subprocess.run([command, "check", "L77", "x"], capture_output=True, text=True, env=os.environ)
    assert result.returncode == 2
    assert result.stderr.startswith("parallab: ")


def test_watching_needs_a_terminal(subject):
    program = subject("sleeping")

    done = CliRunner().invoke(main, ["inspect", str(program.pid), "--watch"])

    assert done.exit_code == 0
    assert "The main program" in done.output
    assert "this is no terminal, so it was looked at once, without --watch" in done.output


@pytest.mark.parametrize("ending", [b"q", b"\x03"])
def test_watching_looks_again_until_it_is_ended(subject, ending):
    program = subject("sleeping")
    here, there = pty.openpty()
    before = termios.tcgetattr(there)
    watcher = subprocess.Popen(
        [sys.executable, "-m", "parallab.cli", "inspect", str(program.pid), "--watch"],
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(there, termios.TIOCSCTTY, 0),  # Ctrl-C reaches whom the terminal belongs to
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    )
    try:
        seen = b""
        while seen.count(b"q ends") < 2:
            assert select.select([here], [], [], 30)[0], seen
            seen += os.read(here, 65536)
        assert b"The main program" in seen
        os.write(here, ending)
        while b"\x1b[?1049l" not in seen:  # the screen as it was before
            assert select.select([here], [], [], 30)[0], seen
            seen += os.read(here, 65536)
        assert watcher.wait(30) == 0
        assert b"Traceback" not in seen
        assert termios.tcgetattr(there)[3] == before[3]
    finally:
        watcher.kill()
        watcher.wait()
        os.close(here)
        os.close(there)


def test_watching_and_json_exclude_each_other():
    done = CliRunner().invoke(main, ["inspect", "1", "--watch", "--json"])

    assert done.exit_code == 2
    assert "choose one" in done.output


def test_an_author_finds_the_mistakes_that_a_check_may_name_and_what_shows_them():
    listed = parallab("author", "mistakes").output

    assert listed.count("\n     ") == len(CATALOGUE)
    assert "M14  One object is one life: start it once, then join it.\n     Told when: started twice" in listed
    assert parallab("author", "mistakes", "edited", "COPY").output.split()[0] == "M52"
    assert parallab("author", "mistakes", "no such words").output == ""


def test_an_author_names_a_lab_by_its_id_where_its_folder_lies_in_labs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parallab("author", "new", "13", "my-lab").exit_code == 0
    refused(parallab("author", "record", "L13", "x"), "L13 has no wrong answer 'x': choose one of first-run")
    refused(
        parallab("author", "check", "L99"),
        "There is no lab 'L99'. The labs are: " + ", ".join(f"L{number:02}" for number in range(1, 13)) + ".",
    )
