"""A new lab to begin with, and a lab as a learner gets it."""

from __future__ import annotations

import json
from pathlib import Path

from parallab import notebook
from parallab.shelf import ShelvedLab


def new(root: Path, number: int, slug: str, title: str) -> Path:
    """A folder with the smallest lab there can be; answers the folder.

    :raises FileExistsError: it is there already.
    """
    folder = root / f"{number:02}-{slug}"
    (folder / "mistakes").mkdir(parents=True)
    for name, text in TEMPLATE.items():
        made = text.replace("NUMBER", f"L{number:02}").replace("TITLE", title)
        (folder / name).write_text(made, encoding="utf-8")
    return folder


def preview(lab: ShelvedLab, folder: Path, *, keep: bool = False) -> Path:
    """Writes the lab's notebook and modules into a folder, as a learner gets them; answers the notebook.

    ``keep``: a notebook that is there already stays, for the server to bring up to date.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in lab.files:
        (folder / file.name).write_bytes(file.read_bytes())
    path = folder / f"{lab.slug}.ipynb"
    if keep and path.exists():
        return path
    path.write_text(json.dumps(notebook.build(lab.lab), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


TEMPLATE = {
    "lab.md": """\
---
parallab:
  id: NUMBER
  title: "TITLE"
  minutes: 5
  version: 1
  objectives: []
  needs: []
  summary: What one learns here, in a sentence.
---
# TITLE

A story in a few short sentences.

```{code-cell}
%load_ext autoreload
%autoreload 2
import multiprocessing as mp
```

:::{step} first
title: The first step
:::
What to do.

```{code-cell}
:tags: [first]
p = mp.Process(target=print, args=("hello",))
```

:::{hint}
Which method starts it?
:::
""",
    "checks.py": '''\
"""What this lab looks for."""

from parallab.checks import at_least, check
from parallab.checks.common import ended, hired


@check("first")
def child(run):
    """Your notebook starts a child process"""
    return hired(run, at_least(1))


@check("first")
def waited(run, child):
    """Your notebook waits for its end"""
    ended(run, child)
''',
    "solution.md": """\
# Solution of “TITLE”

```{code-cell}
:tags: [first]
p = mp.Process(target=print, args=("hello",))
p.start()
p.join()
```
""",
    "mistakes/first-run.md": """\
---
step: first
verdict: failed
mistake: M09
text: |
  ✗ Your notebook starts a child process
      Mistake   run does the job yourself; start hires someone. (M09)
      Expected  child processes: at least 1
      Observed  none; your notebook did the work itself
      Because   Only start() makes a process that runs beside your notebook.
  · Your notebook waits for its end
      Because   First: Your notebook starts a child process
---
Who forgets that `run` is the work itself writes this.

```{code-cell}
p = mp.Process(target=print, args=("hello",))
p.run()
```
""",
}
