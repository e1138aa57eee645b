"""Recordings of real kernels with the verdicts that they got: read here, written by ``record_labs.py``."""

from __future__ import annotations

import lzma
from pathlib import Path

import msgspec

from parallab.model import Recording
from parallab.wire import GoalResult

FOLDER = Path(__file__).with_name("labs")
CASES = (
    "L04/fork/solution",
    "L08/fork/solution",
    "L04/spawn/solution",
    "L08/forkserver/solution",
    "L04/fork/define-and-execute-thread",
    "L04/fork/four-at-once-one-loop",
    "L04/spawn/four-at-once-run",
    "L04/forkserver/four-at-once-pool",
    "L08/fork/one-lock-no-lock",
    "L08/fork/transfers-unsorted",
    "L08/spawn/break-deadlock-other-order",
    "L08/forkserver/one-lock-whole-worker",
)
"""LAB/METHOD/NAME: the solutions under each start method, and some wrong answers."""


class Judged(msgspec.Struct, frozen=True):
    """One verdict and all that it was made from."""

    step: str
    recording: Recording
    steps: dict[str, str]
    met: dict[str, int]
    phases: tuple[str, ...]
    goals: tuple[GoalResult, ...]


def path(case: str) -> Path:
    """The file of a case LAB/METHOD/NAME."""
    return FOLDER / f"{case.replace('/', '-')}.json.xz"


def load(case: str) -> list[Judged]:
    """The verdicts of one run."""
    return msgspec.json.decode(lzma.decompress(path(case).read_bytes()), type=list[Judged])
