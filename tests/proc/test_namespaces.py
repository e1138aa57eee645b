"""Programs in a pid namespace of their own, as in a container: they know each other by other numbers than we do."""

from __future__ import annotations

import subprocess
import sys

import pytest

import asked
import strangers
from parallab.procfs.read import Reader

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("transfers_in_one_line", "spawn"),
        ("a_pools_jobs_wait_for_an_event", "fork"),
        ("a_registry_looks_into_itself", "fork"),
        ("four_philosophers", "forkserver"),
    ],
)
def test_from_outside_it_is_told_as_any_other(name: str, method: str) -> None:
    if subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no pid namespace can be made here")

    with asked.running(name, method, sys.executable, UNSHARE) as outer:
        (inner,) = (one.pid for one in Reader().tree(outer) if one.ppid == outer)

        assert asked.of_process(inner, strangers.TRUTH[name]) == []
