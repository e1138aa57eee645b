"""Kernels that a debugger is attached to, as JupyterLab's is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listening import Listened
from parallab import model


@pytest.fixture(params=["fork", "spawn", "forkserver"])
def kernel(request: pytest.FixtureRequest) -> Iterator[Listened]:
    kernel = Listened(request.param)
    yield kernel
    kernel.end()


def test_a_child_does_not_wait_for_a_debugger_that_looks_at_the_kernel_alone(kernel: Listened) -> None:
    kernel.module("work", "def fine():\n    pass\n")
    kernel.ended("import multiprocessing as mp, work")
    kernel.attach_debugger()
    kernel.ended("p = mp.Process(target=work.fine)\np.start()\np.join(40)")
    (start,) = kernel.heard.all(model.ProcessStart)
    ended = kernel.heard.until(lambda: kernel.heard.all(model.ProcessEnd), "the end")
    assert [(end.pid, end.exit_code) for end in ended] == [(start.child, 0)]
