"""Programs in the manner of strangers, without a probe: what inspect and doctor say of each is the truth, and no more.

A plain run takes each once, with this Python, start methods and users in turns; ``PARALLAB_MATRIX=1`` every one under
every start method and Python of this machine, as ourselves and as a user without rights.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asked
import strangers
import unprivileged

METHODS = ("fork", "spawn", "forkserver")
ALL = "PARALLAB_MATRIX" in os.environ
PYTHONS = [
    str(path)
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))[-1:]
]
FOLDERS = (Path(asked.__file__).parent, Path(__file__).parents[2] / "server")


def cases() -> Iterator[Any]:
    """(user, Python, start method, programs): those that fork anyway are asked about once."""
    names = list(strangers.TRUTH)
    if not ALL:
        for place, method in enumerate(METHODS):
            for turn, user in enumerate(("us", "nobody")):
                yield pytest.param(user, sys.executable, method, names[place + 3 * turn :: 6], id=f"{user}-{method}")
        return
    for python in PYTHONS:
        for method in METHODS:
            some = [one for one in names if method == "fork" or not strangers.TRUTH[one].fork]
            for user in ("us", "nobody"):
                yield pytest.param(user, python, method, some, id=f"{user}-{method}-{Path(python).parts[-3]}")


@pytest.mark.timeout(1800 if ALL else 900)
@pytest.mark.parametrize(("user", "python", "method", "names"), list(cases()))
def test_nothing_is_missed_and_nothing_misread(user: str, python: str, method: str, names: list[str]) -> None:
    before = unprivileged.command() if user == "nobody" else ()
    if subprocess.run([*before, python, "-c", ""], check=False, capture_output=True, cwd="/").returncode:
        pytest.skip(f"{user} cannot run {python}")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(one) for one in FOLDERS),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/",
    }

    done = subprocess.run(
        [*before, sys.executable, asked.__file__, python, method, *names],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        cwd="/",
    )

    assert done.returncode == 0, done.stderr
    told = dict(json.loads(line) for line in done.stdout.splitlines())
    assert told.keys() == set(names)
    assert {name: faults for name, faults in told.items() if faults} == {}
