"""Hooks in ``threading.Barrier``, which multiprocessing's barriers inherit: who waits at one, and passes it.

Apart from the locks, since every child has ``threading`` and few have a barrier or a semaphore.
"""

from __future__ import annotations

import os

from parallab_probe import describe
from parallab_probe.report import ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any


@hook
def wait(barrier: Any) -> Any:
    if not local.run:
        return None
    facts = {"barrier": _name(barrier), "parties": barrier._parties}
    tell("barrier", {**facts, "act": "wait"})
    return facts


@ending
def passes(facts: Any, _result: Any) -> None:
    if facts is not None:
        tell("barrier", {**facts, "act": "pass"})


@hook
def fails(facts: Any) -> None:
    if facts is not None:
        tell("barrier", {**facts, "act": "broken"})


def _name(barrier: Any) -> str:
    """Of multiprocessing's: its lock's, the same everywhere; else its place in this process."""
    lock = describe.attributes(barrier._cond).get("_lock")
    name = describe.semaphore_name(lock) if lock is not None else ""
    return name or f"{os.getpid()}:{id(barrier):x}"
