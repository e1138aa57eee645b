"""Programs made by chance: what inspect and doctor say of each is the truth that it was made by, and no more.

A plain run takes a few fixed ones, with this Python; ``PARALLAB_MATRIX=1`` more, under every Python of this machine.
``PARALLAB_SEEDS=N`` takes N for each user and start method, and ``PARALLAB_SEED`` is the first of them. One that fails
is looked at by ``python tests/generated.py SEED METHOD``, which prints the program and its truth.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import asked
import generated
import unprivileged

FIRST = int(os.environ.get("PARALLAB_SEED", "1"))
MANY = int(os.environ.get("PARALLAB_SEEDS", "25" if asked.ALL else "4"))


def cases() -> Iterator[Any]:
    """(user, Python, start method, programs): each case has seeds of its own."""
    first = FIRST
    for python in asked.PYTHONS if asked.ALL else [sys.executable]:
        for method in asked.METHODS:
            for user in ("us", "nobody"):
                names = [f"{generated.SEED}{seed}" for seed in range(first, first + MANY)]
                yield pytest.param(user, python, method, names, id=f"{user}-{method}-{Path(python).parts[-3]}")
                first += MANY


@pytest.mark.timeout(120 + 30 * MANY)
@pytest.mark.parametrize(("user", "python", "method", "names"), list(cases()))
def test_what_is_told_is_what_was_made(user: str, python: str, method: str, names: list[str]) -> None:
    before = unprivileged.command() if user == "nobody" else ()
    if subprocess.run([*before, python, "-c", ""], check=False, capture_output=True, cwd="/").returncode:
        pytest.skip(f"{user} cannot run {python}")

    told = asked.ask(python, method, names, before)

    assert {name: faults for name, faults in told.items() if faults} == {}
