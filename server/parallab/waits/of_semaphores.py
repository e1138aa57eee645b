"""Patterns of waits that a semaphore ends: at a barrier, for an event or a condition, on a queue that is full."""

from __future__ import annotations

from collections.abc import Iterable

from parallab.ipc import QUEUES, Semaphore
from parallab.waits.case import Case, Found, start
from parallab.waits.graph import Wait


def nobody_lets_go(case: Case) -> Iterable[Found]:
    """Waiters of one wait semaphore of a condition, event or barrier, and nobody left to let them go."""
    groups: dict[Semaphore, list[Wait]] = {}
    for wait in case.waits:
        semaphore = case.semaphore(wait)
        if semaphore is not None and not semaphore.is_lock:
            groups.setdefault(semaphore, []).append(wait)
    for semaphore, waits in groups.items():
        whole = case.whole(waits[0])
        kind = whole.kind if whole is not None else ""
        count = f"{semaphore.waiters} waiting on semaphore {semaphore.inode}, value {semaphore.value}"
        who = case.people(wait.pid for wait in waits)
        verb = "waits" if len({wait.pid for wait in waits}) == 1 else "wait"
        if kind == "barrier" and whole is not None and case.seen.objects.semaphores[whole.semaphores[0]].value == 0:
            continue  # the last one has come, and is in the barrier's action: its own wait is what holds up all
        if kind in ("barrier", *QUEUES) and any(_would_come(case, one, other) for one in waits for other in case.waits):
            continue  # a circle: neither is too few hired, nor does nobody serve
        if kind == "barrier":
            sentence = f"{start(who)} {verb} at a barrier, and nobody is left to come."
            yield case.told("barrier-short", sentence, waits, "M46", count)
        elif kind in ("condition", "event"):
            act = "notify" if kind == "condition" else "set it"
            sentence = f"{start(who)} {verb} for a{'n' if kind == 'event' else ''} {kind}, and nobody is left to {act}."
            yield case.told(f"{kind}-never", sentence, waits, None, count)
        elif kind == "joinable-queue" and whole is not None and semaphore.inode in whole.semaphores[3:]:
            sentence = f"{start(who)} {verb} until all items are done, and nobody is left to say so."
            # What is still in the queue nobody has taken, let alone forgotten to call done.
            room = case.seen.objects.semaphores[whole.semaphores[2]]
            mistake = "M24" if room.value is not None and room.value == room.maxvalue else None
            yield case.told("never-done", sentence, waits, mistake, count)
        elif whole is not None and semaphore.inode == whole.semaphores[2]:
            sentence = f"{start(who)} {verb} to put into a full queue, and nobody is left to take from it."
            yield case.told("queue-full", sentence, waits, "M28", count)
        else:
            sentence = f"{start(who)} {verb} for a semaphore that nobody is left to give."
            yield case.told("semaphore-never", sentence, waits, None, count)


_IDLE = (*QUEUES, "pool", "executor", "manager")
"""Objects at which one waits for work, or for room: whoever does so has none of it in hand."""


def _would_come(case: Case, wait: Wait, other: Wait) -> bool:
    """Whether ``other`` could end this wait, and itself waits elsewhere for what the first would do next."""
    whole = case.whole(other)
    return (
        other.kind == "object"
        and other.tid == other.pid != wait.pid
        and other.inode != wait.inode
        and (whole is None or whole.kind not in _IDLE)
        and (other.pid, other.tid) in case.seen.enders[wait.pid, wait.tid]
        and (wait.pid, wait.tid) in case.seen.behind((other.pid, other.tid))
    )
