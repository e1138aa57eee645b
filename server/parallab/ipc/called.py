"""What a process of each role is called in a sentence, where there is one of its kind, for every language."""

from __future__ import annotations

#: By role. "your notebook" and "the main program" are the root.
CALLED = {
    "worker": "the worker",
    "manager": "the manager",
    "forkserver": "the forkserver",
    "resource-tracker": "the resource tracker",
    "program": "the program",
    "fork": "the forked process",
}
