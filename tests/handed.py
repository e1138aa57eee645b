"""Submissions of a lab of one step, honest, wrong and hostile, and a course on the disk that has this lab.

The lab's checks want two workers that live at once and end well.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from textwrap import dedent

import pytest

from small_lab import TWO_WORKERS, small_lab

LAB = "handed:L99"
GOOD = """
    import multiprocessing as mp
    def work(): pass
    ps = [mp.get_context("fork").Process(target=work) for _ in range(2)]
    for p in ps: p.start()
    for p in ps: p.join()
"""
#: What does not do the work, and must not pass, whatever it says of itself.
CHEATS = {
    "prints": "print('two workers, both alive, exit codes 0 0: passed')",
    "patches active_children": """
        import multiprocessing as mp
        class Worker:
            name, pid, exitcode = "Process-1", 4711, 0
            def is_alive(self): return True
        mp.active_children = lambda: [Worker(), Worker()]
        mp.process.active_children = mp.active_children
        print(mp.active_children())
    """,
    "patches psutil": """
        import sys, types
        made = types.ModuleType("psutil")
        class Process:
            def __init__(self, pid=None): self.pid = pid
            def children(self, recursive=False): return [Process(11), Process(12)]
        made.Process = Process
        made.pids = lambda: [1, 11, 12]
        sys.modules["psutil"] = made
    """,
    "forges the probe's reports": """
        import json, os, socket, time
        names = [line.split()[-1] for line in open("/proc/net/unix") if "@parallab-" in line]
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ear.connect("\\0" + names[0][1:])
        now = time.monotonic_ns()
        for child in (7001, 7002):
            for event in (
                {"kind": "process-start", "child": child, "name": "Process-1", "method": "fork", "began": now,
                 "parent": os.getpid(), "seen": True},
                {"kind": "process-born", "pid": child, "ppid": os.getpid(), "method": "fork", "name": "Process-1"},
                {"kind": "process-end", "pid": child, "exit_code": 0},
            ):
                ear.send(json.dumps({"at": now, "tid": child, "cell": "cell-0", "run": 1, **event}).encode())
    """,
    "claims to be somebody else": """
        import os, socket, struct
        for target in (1, os.getppid()):
            try:
                ear = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                ear.connect("\\0" + [l.split()[-1] for l in open("/proc/net/unix") if "@parallab-" in l][0][1:])
                ear.sendmsg([b'{"kind":"process-born","ppid":2,"method":"fork","name":"x","at":1,"tid":1}'],
                            [(socket.SOL_SOCKET, 2, struct.pack("iII", target, os.getuid(), os.getgid()))])
            except OSError as error:
                print(error)
    """,
    "silences the probe": """
        import os
        os.closerange(200, 400)
        print("no probe, no failure?")
    """,
}


def cell(source: str, step: str = "work") -> dict[str, object]:
    """A code cell; of the step unless another is named."""
    metadata = {"parallab": {"lab": LAB, "step": step}} if step else {}
    return {"cell_type": "code", "metadata": metadata, "source": dedent(source), "outputs": [], "execution_count": None}


def notebook(*cells: str, lab: str = LAB) -> str:
    """A notebook whose cells are all of the step."""
    metadata = {"parallab": {"lab": lab}} if lab else {}
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell(one) for one in cells]}
    return json.dumps(made)


def make_course(folder: Path, checks: str = TWO_WORKERS) -> None:
    """A distribution in this folder that brings the lab, as another package would."""
    small_lab(folder, checks)
    (folder / "handed_course.py").write_text("import pathlib\ndef labs(): return pathlib.Path(__file__).parent\n")
    facts = folder / "handed_course-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: handed-course\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[parallab.labs]\nhanded = handed_course:labs\n")


@cache
def refused() -> str:
    """Why there can be no sandbox here, "" if there can."""
    import asyncio

    from parallab.grading import Limits, SandboxError
    from parallab.grading.crew import prepare

    # A thread of its own: where a browser is driven, this one has an event loop that runs.
    with ThreadPoolExecutor(1) as apart:
        try:
            apart.submit(lambda: asyncio.run(prepare(Limits()))).result()
        except SandboxError as error:
            return str(error)
    return ""


def need_sandbox() -> None:
    """Skips where there can be none; ``PARALLAB_NEED_SANDBOX`` makes that a failure."""
    if why := refused():
        if os.environ.get("PARALLAB_NEED_SANDBOX"):
            pytest.fail(why)
        pytest.skip(why)


ROOTS_HOME = """
set -e
kept=$(mktemp -d)
mount --bind "$0" "$kept"
mount -t tmpfs -o mode=755 tmpfs /root
mkdir -p "$0"
mount --move "$kept" "$0"
exec "$@"
"""


def as_nobody() -> tuple[str, ...]:
    """A command that runs the rest as an unprivileged user; nothing where we are one already.

    A Python in root's own home, which others may not enter, is shown to it in a mount namespace.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not there")
    drop = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all")
    if not Path(sys.base_prefix).is_relative_to("/root"):
        return drop
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not there")
    home = Path("/root", Path(sys.base_prefix).relative_to("/root").parts[0])
    return ("unshare", "--mount", "sh", "-c", ROOTS_HOME, str(home), *drop)
