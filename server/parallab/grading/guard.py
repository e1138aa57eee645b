"""Watches from outside what a sandbox uses, where the system itself does not stop it, and says when it is too much.

A control group limits memory and processes by itself. Without one, each process has its rlimits, and what all of them
use together is added up here a few times a second: memory as PSS, in which shared pages count once (proc(5),
smaps_rollup).
"""

from __future__ import annotations

import asyncio
import re
import time

from parallab.grading.facts import Limits
from parallab.procfs import opened

#: Seconds between two looks, at the least; and how much of a core they may cost.
LOOK = 0.2
SHARE = 0.05
_PSS = re.compile(rb"^Pss:\s+(\d+) kB$", re.MULTILINE)


async def excess(proc: str, limits: Limits, memory: bool) -> str:
    """Waits until there is too much of something under this /proc: a sentence that says of what.

    ``memory`` False leaves memory out: something else limits it.
    """
    while True:
        began = time.monotonic()
        found = await asyncio.to_thread(_too_much, proc, limits, memory)
        if found:
            return found
        await asyncio.sleep(max(LOOK, (time.monotonic() - began) / SHARE))


def _too_much(proc: str, limits: Limits, memory: bool) -> str:
    pids = opened.names(proc)
    # The first process, and whoever waits to be collected by it.
    if len(pids) > limits.processes + 32:
        return too_many(limits)
    if memory and _used(proc, pids) > limits.memory << 10:
        return too_large(limits)
    return ""


def too_many(limits: Limits) -> str:
    """Said when there are too many processes."""
    return f"it started more than {limits.processes} processes that live at once"


def too_large(limits: Limits) -> str:
    """Said when they use too much memory."""
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
