"""What each process and thread waits for now, in the learner's own words: ``lock_a, held by “B-to-A”``.

Pure. Two witnesses are asked: the probe, which was told of a wait as it began, and, where the recorder
looked because nothing moved, the operating system. Each text completes "waits for …".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parallab import ipc, model, waits
from parallab.story import Lock, Story
from parallab.waits.graph import Wait
from parallab.waits.python import Doing

Who = tuple[int, int]
"""(pid, tid) of a thread; a process's main thread has its pid as tid."""

_OF_A_QUEUE: dict[str, str] = {
    "wait-get": "an item from {}",
    "wait-put": "room in {}",
    "join": "all items of {} to be done",
}
_OF_A_STACK: dict[str, str] = {
    "get": "an item from {}",
    "put": "room in {}",
    "tasks": "all items of {} to be done",
    "event": "{} to be set",
    "condition": "{} to be notified",
    "semaphore": "{}",
    "barrier": "the others at {}",
    "lock": "{}",
    "future": "a result",
    "pool": "a pool's result",
    "join": "a thread to end",
    "exit": "its threads to end",
    "idle": "its next task",
}
_SOME: dict[str, str] = {
    "get": "a queue",
    "put": "a queue",
    "tasks": "a queue",
    "event": "an event",
    "condition": "a condition",
    "semaphore": "a semaphore",
    "barrier": "a barrier",
    "lock": "a lock",
}


def waiting(recording: model.Recording, told: Story) -> Mapping[Who, str]:
    """What everybody who waits waits for."""
    names = Names(recording, told)
    said = _said(recording, told, names)
    if not recording.snapshots:
        return said
    snapshot = recording.snapshots[-1]
    seen = waits.picture(snapshot, recording.baseline)
    words = _Words(names, seen)
    looked = {(wait.pid, wait.tid): words.of(wait) for wait in seen.waits}
    threads = {(process.pid, thread.tid) for process in snapshot.processes for thread in process.threads}
    # The probe has the better words, the system the last word on who waits at all.
    still = {who: text for who, text in said.items() if who not in threads or who in looked}
    return {**{who: text for who, text in looked.items() if text and who not in seen.machinery}, **still}


class Names:
    """What to call processes, threads, locks and queues."""

    def __init__(self, recording: model.Recording, told: Story) -> None:
        self._kernel = recording.pid
        self._told = told
        self._called = {
            one.of: one.name
            for event in recording.events
            if isinstance(event, model.CellEnd | model.Answer)
            for one in reversed(event.named)
        }
        self._looked = bool(recording.snapshots)
        self.locks = {lock.inode: lock for lock in told.locks if lock.inode is not None}

    def process(self, pid: int) -> str:
        """A process, in the middle of a sentence."""
        if pid == self._kernel:
            return "your notebook"
        worker = self._told.worker(pid)
        return f"“{worker.name}”" if worker is not None and worker.name else "another process"

    def processes(self, pids: Iterable[int]) -> str:
        """Several, at most three of them by name."""
        every = list(dict.fromkeys(self.process(pid) for pid in pids))
        if len(every) > 3:
            return f"{', '.join(every[:2])} and {len(every) - 2} others"
        return " and ".join(filter(None, [", ".join(every[:-1]), every[-1]])) if every else "another process"

    def thread(self, pid: int, ident: int) -> str:
        """A thread of a process, by the number it was reported by."""
        found = next((one for one in reversed(self._told.threads) if (one.pid, one.ident) == (pid, ident)), None)
        return f"thread “{found.name}”" if found is not None and found.name else "a thread"

    def thing(self, ident: str, other: str) -> str:
        """What the learner calls it, else ``other``."""
        return self._called.get(ident, other)

    def lock(self, lock: Lock, waiter: int) -> str:
        """A semaphore that somebody waits for, and who has it."""
        if lock.owner not in ("", "number"):
            return self.thing(lock.name, f"{'an' if lock.owner[:1] in 'aeiou' else 'a'} {lock.owner}")
        name = self.thing(lock.name, "a lock" if lock.maxvalue == 1 else "a semaphore")
        if lock.owner == "number" and lock.name in self._called:
            name = f"the lock of {name}"
        if lock.maxvalue != 1:
            return f"{name}, which is at 0"
        if waiter in lock.holders:
            return f"{name}, which it holds itself"
        if lock.holders:
            return f"{name}, held by {self.processes(lock.holders)}"
        gone = [hold.pid for hold in lock.holds if not hold.given and not lock.unread]
        if self._looked and gone:
            return f"{name}, held by {self.process(gone[-1])} when it ended"
        return name


def _said(recording: model.Recording, told: Story, names: Names) -> dict[Who, str]:
    """The waits of which the probe has told the beginning and no end."""
    locks = {lock.name: lock for lock in told.locks}
    found: dict[Who, str] = {}
    for event in recording.events:
        who = event.pid, event.tid or event.pid
        match event:
            case model.Wait(done=False):
                found[who] = (
                    f"{names.process(event.child)} to end"
                    if event.child
                    else f"{names.thread(event.pid, event.thread)} to end"
                )
            case model.QueueUse() if event.act in _OF_A_QUEUE:
                found[who] = _OF_A_QUEUE[event.act].format(names.thing(event.queue, "a queue"))
            case model.BarrierUse(act="wait"):
                found[who] = f"the others at {names.thing(event.barrier, 'a barrier')}"
            case model.LockUse(act="want") if event.lock in locks:
                found[who] = names.lock(locks[event.lock], event.pid)
            case model.Wait() | model.QueueUse() | model.BarrierUse() | model.LockUse():
                found.pop(who, None)
            case model.CellEnd():
                found.pop((recording.pid, recording.pid), None)
            case model.ProcessEnd() | model.ThreadEnd():
                found.pop(who, None)
            case _:
                pass
    return found


@dataclass(frozen=True)
class _Words:
    """A snapshot's waits in words."""

    names: Names
    seen: waits.Picture

    def of(self, wait: Wait) -> str:
        """What it is for; "" where that is nothing to speak of."""
        text = self._untimed(wait)
        return f"{text}, for a limited time" if text and wait.timed else text

    def _untimed(self, wait: Wait) -> str:
        doing = self.seen.doing.get((wait.pid, wait.tid))
        if doing is not None and wait.kind in ("thread-lock", "child"):
            return self._doing(doing)
        if wait.kind == "child":
            return f"{self.names.processes(wait.held_by or ())} to end"
        if wait.kind == "object" and wait.inode is not None:
            return self._object(wait, wait.inode)
        return "another of its threads" if wait.kind == "thread-lock" else ""

    def _doing(self, doing: Doing) -> str:
        ident = doing.wants if doing.call == "lock" else doing.thing
        return _OF_A_STACK[doing.call].format(self.names.thing(f"@{ident}", _SOME.get(doing.call, "")))

    def _object(self, wait: Wait, inode: model.Inode) -> str:
        lock = self.names.locks.get(inode)
        if lock is not None and lock.owner in ("", "number"):
            return self.names.lock(lock, wait.pid)  # the probe saw it being made: it is no part of anything
        whole = next((one for one in ipc.composites(self.seen.objects) if inode in one.parts), None)
        if whole is not None and whole.kind in ipc.QUEUES:
            called = self._whole(whole, lock)
            put = whole.semaphores[2:3] == (inode,) or wait.writes
            done = inode in whole.semaphores[3:]
            return f"all items of {called} to be done" if done else f"{'room in' if put else 'an item from'} {called}"
        if lock is not None:
            return self.names.lock(lock, wait.pid)
        if inode in self.seen.objects.semaphores:
            return "a semaphore"
        if self.seen.roles.get(wait.pid) == "worker" and whole is not None:
            return "its next task"
        other = "a pipe" if inode in self.seen.objects.pipes else "a connection"
        called = self.names.thing(str(inode.ino), other)
        return f"{'room in' if wait.writes else 'something from'} {called}"

    def _whole(self, whole: ipc.Composite, lock: Lock | None) -> str:
        mine = [lock.name] if lock is not None else []
        parts = [one.name for inode in whole.semaphores if (one := self.names.locks.get(inode)) is not None]
        pipes = [str(inode.ino) for inode in whole.parts]
        return next((name for ident in (*mine, *parts, *pipes) if (name := self.names.thing(ident, ""))), "a queue")
