"""Python's stacks of other processes, by py-spy where it is installed: ``pip install parallab[doctor]``.

py-spy reads a process's memory from outside, as we do, and knows every version's inner structures.
It runs as a program of its own and does not stop the process that it reads. It may be missing, may
not be permitted (Yama lets only ancestors read), or may not know this Python: then there are no
stacks, and that is said.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from parallab.model import Missing, Stack
from parallab.procfs import opened, semaphores

MOST = 8
"""Processes of which stacks are read."""
SECONDS = 5.0
_FRAMES = 40
_THREADS = 256


def find() -> str | None:
    """Where py-spy is: beside this Python, or on PATH."""
    beside = Path(sys.executable).with_name("py-spy")
    return str(beside) if beside.exists() else shutil.which("py-spy")


def stacks(pids: Iterable[int], machine: str, root: str = "/proc") -> tuple[tuple[Stack, ...], tuple[Missing, ...]]:
    """The stacks of these processes, and why there are none of some."""
    wanted = tuple(dict.fromkeys(pids))[:MOST]
    program = find()
    if program is None:
        why = "py-spy is not installed: `pip install parallab[doctor]`"
        return (), tuple(Missing(f"which threads of process {pid} wait for which", why, "stacks", pid) for pid in wanted)
    running = {pid: _start(program, pid) for pid in wanted}
    found: list[Stack] = []
    missing: list[Missing] = []
    for pid, spy in running.items():
        told, why = _read(spy)
        found += [stack for one in told[:_THREADS] if (stack := _stack(one, pid, machine, root)) is not None]
        if why:
            missing.append(Missing(f"which threads of process {pid} wait for which", why, "stacks", pid))
    return tuple(found), tuple(missing)


def _start(program: str, pid: int) -> subprocess.Popen[bytes]:
    # --nonblocking reads without stopping the process; -l gives the locals, `self` among them.
    return subprocess.Popen(
        [program, "dump", "--nonblocking", "--full-filenames", "--json", "-l", "--pid", str(pid)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _read(spy: subprocess.Popen[bytes]) -> tuple[list[Any], str]:
    """What it printed, or a sentence on why it printed nothing."""
    try:
        out, err = spy.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        spy.kill()
        spy.communicate()
        return [], f"py-spy did not answer within {SECONDS:g} seconds"
    try:
        told = json.loads(out) if spy.returncode == 0 else None
    except ValueError:
        told = None
    if not isinstance(told, list):
        lines = err.decode("utf-8", "replace").strip().splitlines()
        return [], f"py-spy says: {lines[0].removeprefix('Error: ')[:200]}" if lines else "py-spy told nothing"
    return told, ""


def _stack(told: Any, pid: int, machine: str, root: str) -> Stack | None:
    """One thread of py-spy's JSON; None where it is not as expected."""
    try:
        ident, tid = int(told["thread_id"]), told["os_thread_id"]
        frames = told["frames"][:_FRAMES]
        return Stack(
            tid=int(tid) if tid else _native_id(pid, ident, machine, root),
            ident=ident & (1 << 63) - 1,
            name=str(told["thread_name"] or "")[:512],
            frames=tuple(f"{one['filename']}:{int(one['line'])} {one['name']}"[:4096] for one in frames),
            owners=tuple(_owner(one["locals"] or ()) for one in frames),
            pid=pid,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _owner(told: Iterable[Any]) -> int:
    return next((int(one["addr"]) for one in told if one["name"] == "self"), 0)


def _native_id(pid: int, pthread: int, machine: str, root: str) -> int:
    """Before 3.11 CPython does not keep it where py-spy could find it; glibc does."""
    with opened.Memory(f"{root}/{pid}/mem") as memory:
        tids = [int(name) for name in opened.names(f"{root}/{pid}/task")]
        return semaphores.native_id(memory, pthread, tids, machine)
