"""What batch grading takes and gives: submissions, limits, and one result for each, as JSON."""

from __future__ import annotations

from typing import Literal

import msgspec

from parallab.wire import SCHEMA, CheckReport, MistakeView

#: Of a submission's texts (its name, what was seen in it), no more is kept.
TEXT = 500

Outcome = Literal["passed", "not-passed", "stopped", "unreadable", "error"]


class Limits(msgspec.Struct, frozen=True):
    """What one submission may use."""

    cell: float = 60.0
    """Seconds that one cell may take."""
    whole: float = 600.0
    """Seconds that the whole notebook may take."""
    memory: int = 2048
    """MiB that its processes may use, all together."""
    processes: int = 256
    """Processes and threads that may live at once."""
    disk: int = 128
    """MiB in each of its home, /tmp and /dev/shm."""


class Order(msgspec.Struct, frozen=True):
    """One submission for a runner."""

    name: str
    notebook: str
    """The file's text."""
    digest: str
    """Its SHA-256."""
    lab: str
    """The id of its lab."""
    asked: str
    limits: Limits = Limits()
    sandbox: bool = True


class Stuck(msgspec.Struct, frozen=True):
    """A cell that did not come to an end though it should."""

    step: str
    cell: int
    """Its place among the notebook's code cells, from 1."""
    why: str
    """``stuck``: it could never have gone on; ``out of time``; or how its kernel died."""
    waits: tuple[str, ...] = ()
    """Who waits for whom."""
    mistake: MistakeView | None = None


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """What the re-check of one submission found.

    Only ``passed`` is a pass. ``stopped``: it took more than it may; ``unreadable``: no notebook of a lab;
    ``error``: the check itself went wrong, which is not the learner's doing.
    """

    schema: int = SCHEMA
    name: str
    digest: str
    """SHA-256 of the file."""
    asked: str
    """What else decides on the result: versions, limits, sandbox. Another ``asked`` is graded anew."""
    lab: str
    outcome: Outcome
    reason: str = ""
    """Why it was stopped, could not be read, or the check went wrong."""
    passed: int = 0
    counted: int = 0
    """Of these steps, so many passed."""
    hangs: tuple[Stuck, ...] = ()
    report: CheckReport | None = None
    rechecked: Literal[True] = True
    at: float
    """Unix time."""
    seconds: float = 0.0
    sandbox: Literal["bubblewrap", "none"]
    memory_limit: str = ""
    """``cgroup``; or ``watched``: added up a few times a second, and each process's own by rlimit; "" not at all."""
    parallab: str
    """Its version."""
    python: str
    host: str = ""
