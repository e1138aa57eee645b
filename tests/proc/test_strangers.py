"""Programs in the manner of strangers, without a probe: what inspect and doctor say of each is the truth, and no more.

A plain run takes each once, with this Python, start methods and users in turns; ``PARALLAB_MATRIX=1`` every one under
every start method and Python of this machine, as ourselves and as a user without rights.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asked
import strangers
import unprivileged


def cases() -> Iterator[Any]:
    """(user, Python, start method, programs): those that fork anyway are asked about once."""
    names = list(strangers.TRUTH)
    if not asked.ALL:
        for place, method in enumerate(asked.METHODS):
            for turn, user in enumerate(("us", "nobody")):
                yield pytest.param(user, sys.executable, method, names[place + 3 * turn :: 6], id=f"{user}-{method}")
        return
    for python in asked.PYTHONS:
        for method in asked.METHODS:
            some = [one for one in names if method == "fork" or not strangers.TRUTH[one].fork]
            for user in ("us", "nobody"):
                yield pytest.param(user, python, method, some, id=f"{user}-{method}-{Path(python).parts[-3]}")


@pytest.mark.timeout(1800 if asked.ALL else 900)
@pytest.mark.parametrize(("user", "python", "method", "names"), list(cases()))
def test_nothing_is_missed_and_nothing_misread(user: str, python: str, method: str, names: list[str]) -> None:
    before = unprivileged.command() if user == "nobody" else ()
    if subprocess.run([*before, python, "-c", ""], check=False, capture_output=True, cwd="/").returncode:
        pytest.skip(f"{user} cannot run {python}")

    told = asked.ask(python, method, names, before)

    assert {name: faults for name, faults in told.items() if faults} == {}
