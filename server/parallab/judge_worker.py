"""The warm process that judges: requests on standard input, goals on standard output.

Each frame is a 4-byte big-endian length and JSON. One request is answered by READY once all is
read and loaded, one frame a goal and an empty frame; whatever a check prints goes to standard
error, which nobody reads.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from parallab import checks_file, judging, model
from parallab.checks import Check
from parallab.evidence import Evidence
from parallab.frames import LENGTH
from parallab.lab import LabError
from parallab.wire import GoalResult

Checks = Mapping[str, tuple[Check, ...]]

#: From here on time counts.
READY = b"null"


class Request(msgspec.Struct, frozen=True):
    """What to judge: the lab's folder and step, the recording, and the cells' steps."""

    folder: str
    step: str
    recording: msgspec.Raw
    steps: dict[str, str]
    since: int = 0
    met: dict[str, int] = {}
    phases: tuple[str, ...] = ()
    """Only goals of these phases; () means all."""
    everywhere: bool = False
    """Whether the step judges what cells of other steps did, since it has none."""


def main() -> None:
    """Answers requests until standard input ends."""
    source, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    labs: dict[str, tuple[int, Checks]] = {}
    decoder = msgspec.json.Decoder(Request)
    while frame := _read(source):
        goals = _judge(decoder.decode(frame), labs)
        _write(answers, READY)
        for goal in goals:
            _write(answers, msgspec.json.encode(goal))
        _write(answers, b"")


def _judge(request: Request, labs: dict[str, tuple[int, Checks]]) -> Iterator[GoalResult]:
    folder = Path(request.folder)
    stamp = max((path.stat().st_mtime_ns for path in folder.glob("*.py")), default=0)
    if request.folder not in labs or labs[request.folder][0] != stamp:
        labs[request.folder] = (stamp, _loaded(folder))
    checks = labs[request.folder][1].get(request.step, ())
    if request.phases:
        checks = tuple(check for check in checks if check.phase in request.phases)
    recording = model.loads(bytes(request.recording))
    evidence = Evidence(recording, request.step, request.steps, request.since, everywhere=request.everywhere)
    return judging.judging(checks, evidence, request.met)


def _loaded(folder: Path) -> Checks:
    try:
        return checks_file.load(folder / "checks.py", folder.name)
    except LabError:
        return {}  # the server, which has loaded the same file, says what is wrong with it


def _read(source: BinaryIO) -> bytes:
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


def _write(answers: BinaryIO, frame: bytes) -> None:
    answers.write(LENGTH.pack(len(frame)) + frame)
    answers.flush()


if __name__ == "__main__":
    main()
