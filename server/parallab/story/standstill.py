"""Who waits for which lock now, who holds it, and whether that closes a circle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from parallab import model
from parallab.story.locks import Lock
from parallab.story.processes import Worker
from parallab.waits import Diagnosis, diagnose


class Told(Protocol):
    """The part of a story that is asked here."""

    @property
    def locks(self) -> tuple[Lock, ...]: ...

    def worker(self, pid: int) -> Worker | None: ...


def diagnoses(recording: model.Recording, story: Told) -> tuple[Diagnosis, ...]:
    """Why all stands still, as the waits of the last two snapshots tell, and what the probe knows of their locks.

    A queue has a pipe inside. Who holds the queue's read lock is in the middle of a ``get``: it does not wait
    for the end of a pipe of its own. A barrier has a condition inside, and the two may look alike.
    """
    if len(recording.snapshots) < 2:
        return ()
    previous, current = recording.snapshots[-2:]
    return tuple(_known(one, story) for one in diagnose(previous, current, recording.baseline))


def _known(one: Diagnosis, story: Told) -> Diagnosis:
    """A diagnosis with what the probe knows of the objects in it."""
    if one.kind == "waits-for-itself":
        getting = {pid for lock in story.locks if lock.owner == "queue" for pid in lock.holders}
        if getting.issuperset(one.pids):
            sentence = _NOBODY.format(one.sentence.split(" waits ")[0])
            return replace(one, kind="nobody-writes", mistake=None, sentence=sentence)
    waited = {lock.owner for lock in story.locks if not {*one.pids}.isdisjoint(lock.waiting)}
    if one.kind in ("condition-never", "semaphore-never") and waited == {"barrier"}:
        sentence = _AT_A_BARRIER.format(one.sentence.partition(" for ")[0])
        return replace(one, kind="barrier-short", mistake="M46", sentence=sentence)
    return one


_NOBODY = "{} waits for something that nobody is left to send."
_AT_A_BARRIER = "{} at a barrier, and nobody is left to come."


@dataclass(frozen=True)
class LockWait:
    """A process that waits for a lock, and who holds it. ``dead`` held it and is gone."""

    waiter: int
    lock: Lock
    holders: tuple[int, ...]
    dead: tuple[int, ...] = ()


@dataclass(frozen=True)
class Standstill:
    """Who waits for what, now. ``cycle`` closes a circle; ``text`` tells it in roles."""

    waits: tuple[LockWait, ...] = ()
    cycle: tuple[LockWait, ...] = ()
    lines: tuple[str, ...] = ()


def standstill(recording: model.Recording, story: Told) -> Standstill:
    """Lock waits with their holders, and the circle among them if there is one."""
    waits: list[LockWait] = []
    last = recording.snapshots[-1].processes if recording.snapshots else ()
    # One that has ended and was not yet joined (state Z, proc(5)) holds nothing any more.
    living = {process.pid for process in last if process.state != "Z"}
    for lock in story.locks:
        dead = tuple(dict.fromkeys(hold.pid for hold in lock.holds if not hold.given and hold.pid not in living))
        dead = () if lock.holders or lock.unread else dead
        waits += [LockWait(waiter, lock, lock.holders, dead) for waiter in lock.waiting]
    # In the order in which they were hired: numbers of processes begin anew now and then.
    hired = {wait.waiter: worker.began for wait in waits if (worker := story.worker(wait.waiter)) is not None}
    waits.sort(key=lambda wait: (hired.get(wait.waiter, 0), wait.waiter, wait.lock.name))
    cycle = _cycle(waits)
    names = _Names(recording, story)
    return Standstill(tuple(waits), cycle, tuple(names.line(wait) for wait in cycle or waits))


def _cycle(waits: Sequence[LockWait]) -> tuple[LockWait, ...]:
    """The first closed circle of waiter → holder; a process that holds what it wants is one of one."""
    # Who took a semaphore of several need not be who gives it back.
    by_waiter = {wait.waiter: wait for wait in waits if wait.lock.maxvalue == 1}
    for start in waits:
        path: list[LockWait] = []
        wait: LockWait | None = start
        while wait is not None and wait not in path:
            path.append(wait)
            wait = next((by_waiter[pid] for pid in wait.holders if pid in by_waiter), None)
        if wait is start and start.lock.maxvalue == 1:
            return tuple(path)
    return ()


class _Names:
    """Roles for pids."""

    def __init__(self, recording: model.Recording, story: Told) -> None:
        self.recording = recording
        self.story = story

    def who(self, pid: int) -> str:
        if pid == self.recording.pid:
            return "your notebook"
        worker = self.story.worker(pid)
        return f"“{worker.name}”" if worker is not None and worker.name else "a process"

    def line(self, wait: LockWait) -> str:
        if wait.lock.owner not in ("", "number"):
            return (
                f"{self.who(wait.waiter)} waits at {'an' if wait.lock.owner[0] in 'aeiou' else 'a'} {wait.lock.owner}"
            )
        if wait.lock.maxvalue != 1:
            return f"{self.who(wait.waiter)} waits for a semaphore that is at 0"
        if wait.waiter in wait.holders:
            return f"{self.who(wait.waiter)} waits for a lock that it holds itself"
        if wait.holders:
            holders = " and ".join(self.who(pid) for pid in wait.holders)
            return f"{self.who(wait.waiter)} waits for a lock that {holders} holds"
        if wait.dead:
            return f"{self.who(wait.waiter)} waits for a lock that {self.who(wait.dead[-1])} held when it ended"
        if wait.lock.unread:
            return f"{self.who(wait.waiter)} waits for a lock; who holds it cannot be seen"
        return f"{self.who(wait.waiter)} waits for a lock that nobody alive holds"
