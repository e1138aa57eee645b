"""A lab of one code step, written into a folder, for tests that need a real one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

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

```{code-cell}
:tags: [work]
print("hello")
```

:::{hint}
Look around.
:::
"""

#: Checks that want two workers, at work at once, that both end well.
TWO_WORKERS = '''
    @check("work")
    def two(run):
        """Two workers"""
        return expect("workers", run.workers, has(2))

    @check("work")
    def together(run, two):
        """At work at once"""
        found = run.together(two)
        expect("at work at once", found.yes, is_true("both"), observed=found.observed)

    @check("work")
    def done(run, two):
        """Both end well"""
        expect("exit codes", [worker.exit_code for worker in two], equals([0, 0]))
'''


def small_lab(folder: Path, checks: str) -> ShelvedLab:
    """The lab with these checks, loaded."""
    home = folder / "99-small"
    home.mkdir(exist_ok=True)
    (home / "lab.md").write_text(LAB)
    (home / "checks.py").write_text("from parallab.checks import *\n" + dedent(checks))
    (home / "solution.md").write_text("# Solution\n\n```{code-cell}\n:tags: [work]\nprint('done')\n```\n")
    lab = load(home)
    assert lab.problem is None, lab.problem
    return lab
