"""Watches from outside what a sandbox uses, and says when it is too much.

A control group limits memory by itself: it ends one process, and others wait for that one. It lets nobody start a
process too many, and whoever forks without end tries for ever. Here both are noticed. Without one, each process has its
rlimits, and what all of them use together is added up a few times a second: as PSS, in which shared pages count once
(proc(5), smaps_rollup).
"""

from __future__ import annotations

import asyncio
import re
import time

from parallab.grading.cgroup import Group
from parallab.grading.facts import Limits
from parallab.procfs import opened

#: Seconds between two looks, at the least; and how much of a core they may cost.
LOOK = 0.2
SHARE = 0.05
_PSS = re.compile(rb"^Pss:\s+(\d+) kB$", re.MULTILINE)


async def excess(proc: str, limits: Limits, group: Group | None) -> str:
    """Waits until there is too much of something under this /proc: a sentence that says of what."""
    while True:
        began = time.monotonic()
        found = await asyncio.to_thread(too_much, proc, limits, group)
        if found:
            return found
        await asyncio.sleep(max(LOOK, (time.monotonic() - began) / SHARE))


def too_much(proc: str, limits: Limits, group: Group | None) -> str:
    """Of what there is too much now, or was; "" if of nothing."""
    if group is not None and group.killed:
        return _too_large(limits)
    if group is not None and group.crowded:
        # One that forks without end tries again and again, on all cores, until its time is over.
        return f"it started more than {limits.processes} processes and threads that live at once"
    pids = opened.names(proc)
    # The first process, and whoever waits to be collected by it.
    if len(pids) > limits.processes + 32:
        return f"it started more than {limits.processes} processes that live at once"
    return _too_large(limits) if group is None and _used(proc, pids) > limits.memory << 10 else ""


def _too_large(limits: Limits) -> str:
    return f"its processes used more than {limits.memory} MiB of memory"


def _used(proc: str, pids: list[str]) -> int:
    """KiB that these processes use together."""
    used = 0
    for pid in pids:
        try:
            match = _PSS.search(opened.read(f"{proc}/{pid}/smaps_rollup"))
        except OSError:
            continue  # it has ended
        used += int(match[1]) if match else 0
    return used
