"""Labs for the server's tests, written into a folder: one sound with a step of each kind, one broken."""

from __future__ import annotations

from pathlib import Path

LAB = """\
---
parallab: {id: L90, title: Of all kinds, minutes: 3, objectives: [O4], needs: [], version: 2, summary: Short.}
---
# Of all kinds

A *story*.

```{code-cell}
import multiprocessing as mp
```

:::{step} start
title: Start one
:::

Start a child.

:::{predict} children
form: number
How many children will there be?
:::

:::{hint}
Look at `start`.
:::

:::{hint}
Call it.
:::

```{code-cell}
...
```

:::{step} break-it
title: Break it
:::

Fail first, then repair.

```{code-cell}
...
```

:::{step} quiz
title: Questions
kind: quiz
:::

:::{quiz} which
Which one starts a child?
- [x] start
  > It does.
- [ ] run
  > It runs here.
:::

:::{step} lines
title: Lines
kind: parsons
:::

:::{parsons}
```
p.start()
p.join()
```
```
p.run()
```
> It runs here.
:::

:::{step} guess
title: Guess
kind: predict
:::

:::{predict} why
form: text
Why?
:::

:::{step} newer
title: Of another Python
python: ">=4"
:::

```{code-cell}
...
```

:::{step} hang
title: A check that never returns
counts: false
:::

:::{step} broken
title: A check that raises
counts: false
:::

:::{step} stick
title: A cell that hangs
counts: false
:::

:::{act} strike
kind: kill-worker
label: Kill a waiting worker
which: reading

A worker that waits for something to read is killed.
:::
"""

CHECKS = '''\
from parallab.checks import check, expect, fail, has, note


@check("start")
def children(run):
    """Your notebook starts one child"""
    found = run.workers
    expect("children", found, has(1), because="A process works for you only once it is started.", hint="Call start().")
    note("1")


@check("break-it", phase="break")
def fails(run):
    """Your cell fails"""
    if run.error is None:
        fail("an error in your cell", "none")


@check("break-it", phase="repair")
def repaired(run):
    """Your cell does not fail any more"""
    if run.error is not None:
        fail("no error in your cell", run.error.type)


@check("stick", phase="break")
def sticks(run):
    """Your cell hangs"""
    if run.running is None:
        fail("a cell that runs", "none")


@check("newer")
def never(run):
    """It is of another Python"""


@check("hang")
def hangs(run):
    """It never returns"""
    while True:
        pass


@check("broken")
def raises(run):
    """It raises"""
    raise ValueError("mine")
'''

SOLUTION = """\
```{code-cell}
:tags: [start]
p = mp.Process(target=print)
p.start()
p.join()
```
"""


def write(folder: Path) -> Path:
    """The folder with both labs in it."""
    sound = folder / "90-of-all-kinds"
    sound.mkdir(parents=True)
    (sound / "lab.md").write_text(LAB)
    (sound / "checks.py").write_text(CHECKS)
    (sound / "solution.md").write_text(SOLUTION)
    (sound / "tally.py").write_text("COUNT = 1\n")
    broken = folder / "91-broken"
    broken.mkdir()
    (broken / "lab.md").write_text(LAB.replace("L90", "L91").replace("kind: quiz", "kind: nothing"))
    (broken / "checks.py").write_text("")
    return folder
