"""Runs programs of ``strangers`` and prints what inspect and doctor say: ``python asked.py PYTHON METHOD NAME…``.

A program of its own, so that it can be run as another user. It asks until the answer is the truth, or for so long as
patience lasts; one line of JSON for each program, with what was not as it should be.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import classic_strangers  # noqa: F401 - its programs join those of strangers
import ending
import foreign_strangers  # noqa: F401 - so do these
import generated
import inspected
import late_strangers  # noqa: F401 - so do these
import more_strangers  # noqa: F401 - so do these
import strangers
import strict_strangers  # noqa: F401 - so do these
import wide_strangers  # noqa: F401 - so do these
from parallab import inspecting, pyspy
from parallab.wire import DoctorReport, InspectReport

METHODS = ("fork", "spawn", "forkserver")
ALL = "PARALLAB_MATRIX" in os.environ
PYTHONS = [
    str(path)
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14")
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))[-1:]
]
FOLDERS = (Path(__file__).parent, Path(__file__).parents[1] / "server")
PATIENCE = 90.0
"""Seconds until what is told must be the truth."""
CALM = 3
"""Times that the truth of a program that goes on is asked for again, once it was told."""


def ask(python: str, method: str, names: list[str], before: tuple[str, ...]) -> dict[str, list[str]]:
    """What was not as it should be of each of these programs; ``before`` stands in front of the command that asks."""
    done = subprocess.run(
        [*before, sys.executable, __file__, python, method, *names],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, FOLDERS)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/",
        },
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    told = dict(json.loads(line) for line in done.stdout.splitlines())
    assert told.keys() == set(names)
    return told


@contextlib.contextmanager
def running(name: str, method: str, python: str, before: tuple[str, ...] = ()) -> Iterator[int]:
    """The program's pid; it ends with all that came from it. ``before`` stands in front of its command."""
    program = subprocess.Popen(
        [*before, python, strangers.TRUTH[name].file, name, method],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    assert program.stdout is not None
    program.stdout.readline()
    try:
        yield program.pid
    finally:
        ending.end(program)


def faults(name: str, method: str, python: str) -> list[str]:
    """What was wrong of all that was said of this program, from its start until it stands where it stands."""
    with running(name, method, python) as pid:
        return of_process(pid, strangers.TRUTH[name])


def of_process(pid: int, truth: strangers.Truth) -> list[str]:
    """What was wrong of all that was said of this one."""
    ever: list[str] = []
    end = time.monotonic() + PATIENCE
    right = 0
    while True:
        try:
            looks = inspecting.look(pid)
        except inspecting.InspectError as error:
            return [*dict.fromkeys(ever), str(error)]
        doctor = inspecting.examination(*looks)
        ever += _wrong(truth, doctor)
        last = _not_yet(truth, doctor, inspecting.report(*looks))
        right = 0 if last else right + 1
        if right > (0 if truth.stuck is True else CALM):
            return list(dict.fromkeys(ever))
        if time.monotonic() > end:
            return list(dict.fromkeys([*ever, *last]))


def _wrong(truth: strangers.Truth, doctor: DoctorReport) -> Iterator[str]:
    """What must not be said at any moment."""
    if doctor.stuck is True and True not in truth.answers:
        yield "called stuck"
    if doctor.diagnoses and True not in truth.answers and not truth.mistake and not truth.stands:
        yield f"diagnosed: {[one.sentence for one in doctor.diagnoses]}"
    for one in doctor.diagnoses:
        if one.mistake is not None and one.mistake.id not in _named(truth):
            yield f"{one.mistake.id} is claimed: {one}"


def _named(truth: strangers.Truth) -> tuple[str, ...]:
    """The mistakes that may be named."""
    return truth.fits if truth.fits is not None else tuple((truth.mistake or "").split())


def _not_yet(truth: strangers.Truth, doctor: DoctorReport, seen: InspectReport) -> list[str]:
    """What must be said in the end, and was not."""
    found = []
    if doctor.stuck not in truth.answers:
        found.append(f"stuck is {doctor.stuck}, and should be {truth.answers}: {doctor.cannot_tell}")
    told = sorted(((one.mistake.id if one.mistake else None) for one in doctor.diagnoses), key=str)
    wanted = sorted(truth.mistake.split()) if truth.mistake else [None] if truth.stuck else []
    if truth.mistake and truth.stacks and pyspy.find() is None:
        wanted = [None] * len(wanted)
    if truth.fits is not None:
        if truth.stuck is True and not (told and {truth.mistake or told[0]} <= set(told)):
            found.append(f"it is stuck, and what is told is {told}, and should have {truth.mistake}")
    elif (told != wanted) if truth.mistake or truth.stuck is not True else (not told or set(told) != {None}):
        found.append(f"mistakes are {told}, and should be {wanted}: {doctor.diagnoses}")
    told_now = (*inspected.seen(seen), inspected.waits(seen, main=False))
    wanted_now = (truth.roles, truth.objects, truth.waits, truth.inside)
    for what, now, then in zip(("roles", "objects", "waits", "waits of threads"), told_now, wanted_now, strict=True):
        if then is not None and now != then:
            found.append(f"{what} are {now}, and should be {then}")
    return found


if __name__ == "__main__":
    python_, method_, *names_ = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder_, ThreadPoolExecutor(3) as pool_:
        names_ = [
            generated.write(int(name[len(generated.SEED) :]), method_, Path(folder_))
            if name.startswith(generated.SEED)
            else name
            for name in names_
        ]
        for name_, found_ in zip(names_, pool_.map(lambda name: faults(name, method_, python_), names_), strict=True):
            print(json.dumps([name_, found_]), flush=True)
