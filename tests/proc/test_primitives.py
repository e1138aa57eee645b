"""Every primitive of Python's concurrency, looked at from outside: what ``inspect`` says is just the truth.

A plain run takes some with this Python; ``-m slow`` the others, forked; ``PARALLAB_MATRIX=1`` every program, start
method and Python of this machine.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ending
import inspected
import primitives
from parallab import inspecting

PROGRAM = Path(primitives.__file__)
METHODS = ("fork", "spawn", "forkserver")
DEADLINE = 30.0
ELSEWHERE = ("busy_bench", "nested", "queue_with_items", "executor", "zombies", "made_by_hand")
#: Taken by a plain run, forked.
FEW = (
    *ELSEWHERE,
    "barrier",
    "condition",
    "joinable",
    "lock",
    "manager",
    "manager_over_the_network",
    "nested_without_objects",
    "numbers",
    "pool",
    "rlock",
    "queues_of_one",
    "segment",
    "simple_queue",
)
ALL = "PARALLAB_MATRIX" in os.environ
PYTHONS = [
    str(path)
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))[-1:]
]


def cases() -> Iterator[Any]:
    for python in PYTHONS if ALL else [sys.executable]:
        for method in METHODS:
            for name in primitives.TRUTH:
                if method == "fork" or (name not in primitives.FORK_ONLY and (ALL or name in ELSEWHERE)):
                    marks = [] if ALL or name in FEW else [pytest.mark.slow]
                    yield pytest.param(
                        name, method, python, marks=marks, id=f"{name}-{method}-{Path(python).parts[-3]}"
                    )


@contextlib.contextmanager
def running(name: str, method: str, python: str = sys.executable) -> Iterator[int]:
    """The program's pid; it ends with all that came from it."""
    program = subprocess.Popen(
        [python, str(PROGRAM), name, method],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        program.stdout.readline()
        yield program.pid
    finally:
        ending.end(program)


@pytest.mark.parametrize(("name", "method", "python"), list(cases()))
def test_what_is_told_is_the_truth(name: str, method: str, python: str) -> None:
    roles, objects, waits = primitives.TRUTH[name]
    with running(name, method, python) as pid:
        end = time.monotonic() + DEADLINE
        while True:
            report = inspecting.inspect(pid)
            seen = inspected.seen(report)
            if seen == (roles, objects, waits) or time.monotonic() > end:
                break
            time.sleep(0.05)

    assert seen[0] == roles
    assert seen[1] == objects
    assert seen[2] == waits
    ids = [one.id for one in report.objects]
    assert len(ids) == len(set(ids))
    assert {part for one in report.objects for part in one.parts if one.kind not in ("socket", "manager")} <= set(ids)
