"""``parallab grade`` as a user runs it: batches, tables, hostile names, ends in the middle, and a Dask cluster."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from handed import CHEATS, GOOD, notebook
from parallab.grading import Graded, Limits, collect, of_text
from parallab.grading.blank import blank
from parallab.grading.intake import IntakeError, label
from parallab.grading.journal import Journal, JournalError
from parallab.grading.table import COLUMNS, cell
from parallab.submission import SubmissionError

pytestmark = pytest.mark.timeout(1200)
COMMAND = [sys.executable, "-m", "parallab.cli", "grade"]
NAMES = (
    "../../etc/passwd",
    "=2+5+cmd|' /C calc'!A0",
    "Zoë Müller 🐍",
    "two words",
    "new\nline",
    "-rf",
    "@sum",
    "+1",
    "a;b'\"c",
)
"""Of learners' folders; a slash in one makes a folder in it."""


def run(*arguments: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, **more)


def hand_in(folder: Path, name: str, text: str) -> Path:
    path = folder / name / "work.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_batch_of_good_bad_and_hostile_ones_is_told_each_by_each(course: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "submitted", tmp_path / "out.csv"
    expected = {}
    for name in NAMES:
        safe = name.replace("../", "")
        expected[label(str(hand_in(folder, safe, notebook(GOOD))))] = "passed"
    for name, source in CHEATS.items():
        expected[label(str(hand_in(folder, name, notebook(source))))] = "not-passed"
    for name, source in (
        ("hangs", "import multiprocessing as mp\nlock = mp.Lock()\nlock.acquire()\nlock.acquire()"),
        ("dies", "import os\nos._exit(3)"),
        ("raises", "1 / 0"),
        ("closes everything", "import os\nos.closerange(0, 4096)"),
    ):
        expected[label(str(hand_in(folder, name, notebook(source))))] = "not-passed"
    for name, text in (("empty", ""), ("no json", "{"), ("no lab", '{"cells": []}')):
        expected[label(str(hand_in(folder, name, text)))] = "unreadable"
    (folder / "a pipe").mkdir()
    os.mkfifo(folder / "a pipe" / "work.ipynb")
    expected[str(folder / "a pipe" / "work.ipynb")] = "unreadable"
    no_text = hand_in(folder, os.fsdecode(b"\xff\xfe"), notebook("pass"))
    expected[label(str(no_text))] = "not-passed"
    (folder / "empty" / ".ipynb_checkpoints").mkdir()
    (folder / "empty" / ".ipynb_checkpoints" / "work-checkpoint.ipynb").write_text(notebook(GOOD))
    assert len(expected) >= 20

    done = run(folder, "--out", out, "--jobs", "2", "--timeout", "20")

    assert done.returncode == 1, done.stderr  # some could not be read
    assert "Traceback" not in done.stderr
    results = [(one["name"], one["outcome"]) for one in lines(out.with_suffix(".jsonl"))]
    assert dict(results) == expected
    assert len(results) == len(expected)
    assert f"{len(expected)} re-checked: {len(NAMES)} passed" in done.stdout
    table = rows(out)
    assert tuple(table[0]) == COLUMNS
    assert len(table) == len(expected)
    assert not any(value[:1] in "=+-@" for row in table for value in row.values() if value)
    hung = next(row for row in table if "/hangs/" in row["submission"])
    assert hung["hung"].startswith("work, cell 1: stuck (")
    assert hung["evidence"] == "re-checked"
    assert hung["sandbox"] == "bubblewrap"
    assert not (tmp_path / "etc").exists()


def test_one_that_was_killed_goes_on_where_it_was(course: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "submitted", tmp_path / "out.csv"
    for number in range(5):
        hand_in(folder, f"learner {number}", notebook(GOOD))
    journal = out.with_suffix(".jsonl")
    process = subprocess.Popen(
        [*COMMAND, folder, "--out", out, "--jobs", "1"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    while not journal.exists() or journal.read_bytes().count(b"\n") < 2:
        assert process.poll() is None
        os.sched_yield()
    process.kill()
    process.wait()
    before = lines(journal)
    assert 2 <= len(before) < 5
    with journal.open("a") as file:
        file.write('{"schema": 1, "name": "half a li')  # as one leaves it that is killed while it writes

    done = run(folder, "--out", out, "--jobs", "2")

    assert done.returncode == 0, done.stderr
    after = {one["name"]: one for one in lines(journal)}
    assert len(lines(journal)) == len(after) == 5
    assert all(after[one["name"]] == one for one in before)
    assert [row["outcome"] for row in rows(out)] == ["passed"] * 5

    hand_in(folder, "learner 0", notebook("pass"))
    done = run(folder, "--out", out)
    again = {one["name"]: one for one in lines(journal)}
    changed = {name for name in again if again[name] != after[name]}
    assert changed == {str(folder / "learner 0" / "work.ipynb")}
    assert done.returncode == 0


def test_interrupted_it_says_how_to_go_on(course: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "submitted", tmp_path / "out.csv"
    hand_in(folder, "a", "")
    hand_in(folder, "b", notebook("while True: pass"))
    process = subprocess.Popen(
        [*COMMAND, folder, "--out", out, "--jobs", "1"],
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background ignores it, and a command inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    journal = out.with_suffix(".jsonl")
    while not journal.exists() or journal.read_bytes().count(b"\n") < 1:
        assert process.poll() is None
        os.sched_yield()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said == "parallab: interrupted; the same command goes on from here\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--out", "out.csv"], "there is no nowhere: name notebooks"),
        (["empty", "--out", "out.csv"], "there is no notebook in empty"),
        (["full", "--out", "missing/out.csv"], "cannot be written: No such file or directory"),
        (["full", "--out", "out.jsonl"], "end it with .csv"),
        (["full", "--out", "out.csv", "--scheduler", "tcp://127.0.0.1:9"], "no Dask scheduler answers"),
    ],
)
def test_bad_input_is_one_line_that_says_what_to_do(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "empty").mkdir()
    hand_in(tmp_path / "full", "a", "")
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_without_bubblewrap_nothing_is_run(tmp_path: Path) -> None:
    hand_in(tmp_path / "full", "a", "")
    done = run(tmp_path / "full", "--out", tmp_path / "out.csv", env={**os.environ, "PATH": str(tmp_path)})
    assert done.returncode == 2
    assert "apt install bubblewrap" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_two_at_once_do_not_write_one_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "out.jsonl")
    with pytest.raises(JournalError, match="another parallab grade writes to"):
        Journal(tmp_path / "out.jsonl")
    journal.close()
    Journal(tmp_path / "out.jsonl").close()


def test_the_same_file_twice_is_one_submission_and_a_link_another(tmp_path: Path) -> None:
    path = hand_in(tmp_path, "a", "")
    (path.parent / "link.ipynb").symlink_to(path)
    names = [handed.name for handed in collect([tmp_path, path, path.parent])]
    assert sorted(names) == sorted([str(path), str(path.parent / "link.ipynb")])
    with pytest.raises(IntakeError, match="there is no"):
        collect([tmp_path / "missing.ipynb"])


def test_a_link_in_a_folder_is_not_followed_to_what_another_has(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    other = hand_in(tmp_path / "private", "bob", "1")
    link = tmp_path / "handed-in" / "alice.ipynb"
    link.parent.mkdir()
    link.symlink_to(other)
    (found,) = collect([link.parent])
    with pytest.raises(SubmissionError, match="this is a link"):
        found.text()
    (named,) = collect([link])
    assert named.text() == other.read_text()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        (" \t@x", "'  @x"),
        ("-5", "'-5"),
        ("+5", "'+5"),
        ("'=1", "''=1"),
        ("a\r\n=b", "a  =b"),
        ("a=b", "a=b"),
        (7, "7"),
    ],
)
def test_no_cell_can_be_taken_for_a_formula(value: object, shown: str) -> None:
    assert cell(value) == shown


# -- a cluster -------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # distributed's own, of its files and sockets
def test_a_cluster_grades_all_once_though_a_worker_is_killed(course: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    from parallab.grading import cluster

    handed = [of_text(f"learner {number}", notebook(GOOD)) for number in range(6)]
    handed += [of_text("cheat", notebook(CHEATS["prints"])), of_text("no json", "{")]
    told: list[str] = []
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, local_directory=str(tmp_path)
    ) as machines:
        first = next(iter(machines.workers.values()))

        def progress(graded: Graded, done: int, total: int) -> None:
            assert (done, total) == (len(told) + 1, len(handed))
            told.append(graded.name)
            if done == 2:  # in the middle: others run, or wait on it
                os.kill(first.pid, signal.SIGKILL)

        results = cluster.grade(machines.scheduler_address, handed, limits=Limits(cell=30), progress=progress)
    assert [(graded.name, graded.outcome) for graded in results] == [
        *((f"learner {number}", "passed") for number in range(6)),
        ("cheat", "not-passed"),
        ("no json", "unreadable"),
    ]
    assert Counter(told) == Counter(one.name for one in handed)


def test_results_that_are_known_need_no_cluster_work() -> None:
    from parallab.grading.crew import same
    from parallab.grading.facts import Order

    order = Order("a", "{}", "d", "L04", "m")
    passed = blank(order, "passed")
    assert same({"a": passed}, order) is passed
    assert same({"a": blank(order, "error", "oops")}, order) is None
    assert same({"a": passed}, Order("a", "{}", "other", "L04", "m")) is None
    assert same({"b": passed}, order) is None
