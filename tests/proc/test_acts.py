"""What a lab does for the learner, in real kernels: it kills a worker, once a run, and says so where no cell can."""

from __future__ import annotations

import asyncio
from pathlib import Path
from textwrap import dedent

import pytest

from parallab import headless
from parallab.lab import Cell
from parallab.shelf import ShelvedLab, load

LAB = """\
---
parallab: {id: L99, title: A small lab, minutes: 1, objectives: [O4], needs: [], version: 1, summary: Small.}
---
# A small lab

:::{step} work
title: Work
:::

Do it.

:::{act} strike
kind: kill-worker
label: Kill a waiting worker
which: WHICH
:::
One worker is killed.
:::

```{code-cell}
:tags: [work]
print("hello")
```
"""

CHECKS = """\
from parallab.checks import *

@check("work")
def struck(run):
    "A worker of yours was killed"
    act = expect("acts", run.acts, one())
    worker = run.struck(act)
    return expect("exit code", worker.exit_code, equals(-9))
"""

WORK = """\
from multiprocessing import Process, Queue
import staff
queue = Queue()
worker = Process(target=staff.TARGET, args=(queue,))
worker.start()
worker.join()
"""

STAFF = """\
import time
def wait(queue):
    queue.get()
def toil(queue):
    while True:
        time.sleep(0.01)
def leave(queue):
    pass
def spin(lock):
    with lock:
        while True:
            pass
"""

SPINNERS = """\
from multiprocessing import Lock, Process
import staff
first, second = Process(target=staff.spin, args=(Lock(),)), Process(target=staff.toil, args=(None,))
first.start()
second.start()
second.join()
first.terminate()
first.join()
"""


def lab(folder: Path, which: str) -> ShelvedLab:
    home = folder / "99-small"
    home.mkdir()
    (home / "lab.md").write_text(LAB.replace("which: WHICH\n:::\n", f"which: {which}\n\n"))
    (home / "checks.py").write_text(CHECKS)
    (home / "staff.py").write_text(STAFF)
    found = load(home)
    assert found.problem is None, found.problem
    return found


def judged(lab: ShelvedLab, target: str, *tags: str) -> str:
    cells = [Cell(dedent(WORK.replace("TARGET", target)), step="work", tags=tags)]
    done = asyncio.run(headless.run(cells, lab, steps=["work"], timeout=30))
    (step,) = done.report.steps
    return step.verdict


@pytest.mark.parametrize(("which", "target"), [("reading", "wait"), ("working", "toil")])
def test_a_worker_that_does_what_the_act_asks_for_is_killed(tmp_path: Path, which: str, target: str) -> None:
    assert judged(lab(tmp_path, which), target) == "passed"


def test_nobody_is_killed_who_does_something_else(tmp_path: Path) -> None:
    assert judged(lab(tmp_path, "working"), "wait") == "failed"


def test_who_works_with_a_lock_in_hand_is_spared(tmp_path: Path) -> None:
    """It might be on its way from one task to the next, as a pool's worker is, and all others would wait for ever."""
    done = asyncio.run(
        headless.run([Cell(SPINNERS, step="work")], lab(tmp_path, "working"), steps=["work"], timeout=30)
    )
    assert [(step.verdict, step.goals[0].observed) for step in done.report.steps] == [("passed", "")]


def test_a_cell_may_ask_to_be_left_alone(tmp_path: Path) -> None:
    assert judged(lab(tmp_path, "reading"), "wait", "no-act") == "failed"


@pytest.mark.parametrize(("phase", "verdict"), [("break", "passed"), ("repair", "failed")])
def test_an_act_of_the_repair_waits_until_the_step_is_broken(tmp_path: Path, phase: str, verdict: str) -> None:
    assert judged(lab(tmp_path, f"reading\nphase: {phase}"), "wait") == verdict


FROZEN = LAB.replace(
    """:::{act} strike
kind: kill-worker
label: Kill a waiting worker
which: WHICH
:::
One worker is killed.
:::

```{code-cell}
:tags: [work]
print("hello")
```
""",
    """:::{act} ward
kind: frozen-kernels
label: Bring it in

A kernel freezes.
:::

```{code-cell}
:tags: [work, hangs]
import multiprocessing as mp
lock = mp.Lock()
lock.acquire()
lock.acquire()
```
""",
)
DIAGNOSED = """\
from parallab.checks import *

@check("work")
def diagnosed(run):
    "It was diagnosed in a kernel of its own"
    act = expect("acts", run.acts, one())
    expect("mistakes", [(kernel.name, kernel.mistake) for kernel in act.found], equals([("A", "M44")]))
"""


def test_a_frozen_kernel_is_diagnosed_in_a_life_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "99-small"
    home.mkdir()
    (home / "lab.md").write_text(FROZEN)
    (home / "checks.py").write_text(DIAGNOSED)
    lab = load(home)
    assert lab.problem is None, lab.problem
    cells = [Cell("healthy = True", step="work")]
    done = asyncio.run(headless.run(cells, lab, steps=["work"], timeout=30))
    assert [step.verdict for step in done.report.steps] == ["passed"]
