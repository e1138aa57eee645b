"""What the rules of ``patterns`` share: the waits that are for ever, what to call all, and how a diagnosis is put."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parallab.ipc import QUEUES, Composite, Semaphore, composites, given_names, is_usual, names, printable, sentinels
from parallab.model import Process
from parallab.waits.circles import cycles
from parallab.waits.graph import Picture, Wait


@dataclass(frozen=True)
class Diagnosis:
    """Why somebody waits for ever. ``kind`` names the pattern, ``pids`` who is caught in it."""

    kind: str
    sentence: str
    evidence: tuple[str, ...]
    mistake: str | None = None
    pids: tuple[int, ...] = ()
    fits: tuple[str, ...] = ()
    """The mistakes that it fits alike, where that is more than one: then ``mistake`` is None."""


HELPERS = frozenset(("forkserver", "resource-tracker", "manager", "program"))
"""Roles of processes that do not run the program's own functions."""

Found = tuple[Diagnosis, tuple[Wait, ...]]


class Case:
    """What the rules share: the waits that are for ever, by what they are for, and what to call all."""

    def __init__(self, seen: Picture, waits: tuple[Wait, ...]) -> None:
        self.seen = seen
        self.waits = waits
        given = {pid: f" ({printable(name)})" for pid, name in given_names(seen.objects).items() if not is_usual(name)}
        self.names = {pid: name + given.get(pid, "") for pid, name in names(seen.snapshot, seen.roles).items()}
        self.made = composites(seen.objects)
        self.sentinels = sentinels(seen.objects)
        self.cycles = cycles(seen, waits)

    def name(self, pid: int) -> str:
        """What to call a process."""
        return self.names.get(pid, "a process that is gone")

    def people(self, pids: Iterable[int]) -> str:
        """Several names in one phrase: the oldest first, whatever their numbers, which begin anew some time."""
        places = {pid: place for place, pid in enumerate(self.names)}
        every = [self.name(pid) for pid in sorted(set(pids), key=lambda pid: places.get(pid, len(places)))]
        if len(every) > 4:
            return f"{every[0]} and {len(every) - 1} others"
        return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else "nobody"

    def semaphore(self, wait: Wait) -> Semaphore | None:
        """The semaphore that is waited for, if it is one."""
        return self.seen.objects.semaphores.get(wait.inode) if wait.inode is not None else None

    def whole(self, wait: Wait) -> Composite | None:
        """The composite object that it is a part of, if that is known."""
        return next((one for one in self.made if wait.inode is not None and wait.inode in one.parts), None)

    def thing(self, wait: Wait) -> str:
        """What is waited for, in words."""
        whole = self.whole(wait)
        semaphore = self.semaphore(wait)
        if semaphore is not None:
            if whole is not None:
                return f"a part of a {whole.kind.replace('-', ' ')}"
            return f"lock {wait.target}" if semaphore.is_lock else f"semaphore {wait.target}"
        if wait.kind == "child":
            return f"the end of {self.people(wait.held_by or ())}"
        if wait.kind == "thread-lock":
            return "a lock between its own threads"
        if wait.inode in self.seen.objects.files:
            return f"the lock of file {self.seen.objects.files[wait.inode].path or wait.target}"
        if wait.inode in self.seen.objects.pipes:
            return f"{'room in' if wait.writes else 'data from'} pipe {wait.target}"
        if wait.inode in self.seen.objects.sockets:
            return f"{'room in' if wait.writes else 'data from'} socket {wait.target}"
        return wait.target or "any of several things"

    def follows(self, waits: Iterable[Wait], explained: Iterable[Wait]) -> bool:
        """Whether these waits may be for somebody whose own wait is explained already, which alone holds them up."""
        known = {(wait.pid, wait.tid) for wait in explained}
        return any(known & self.seen.behind((wait.pid, wait.tid)) for wait in waits)

    def threads(self, pid: int, others: int, main: bool) -> str:
        """Some threads of a process, its main one among them or not."""
        told = [self.name(pid)] if main else []
        if others:
            told.append(f"{others} threads of {self.name(pid)}" if others > 1 else f"a thread of {self.name(pid)}")
        return start(" and ".join(told))

    def needed(self, wait: Wait) -> bool:
        """Whether this thread holds somebody up for certain: a main thread, one that is waited for, a manager's."""
        if self.seen.roles[wait.pid] == "manager":
            return wait.tid != wait.pid  # its main thread only looks whether it should stop; others serve a client
        if wait.tid == wait.pid:
            return True
        doing = self.seen.doing
        return any(
            (told := doing.get((other.pid, other.tid))) is not None
            and (
                (told.call == "join" and (wait.pid, wait.tid) in self.seen.enders[other.pid, other.tid])
                or (told.call == "exit" and other.pid == wait.pid)
                or (told.call in ("future", "pool") and (wait.pid, wait.tid) in self.seen.sure[other.pid, other.tid])
            )
            for other in self.waits
        )

    def idles(self, wait: Wait) -> bool:
        """Whether a worker waits for work: it reads a pipe, or for the lock of one who does."""
        if wait.inode in self.seen.objects.pipes:
            return not wait.writes
        lock = self.semaphore(wait)
        readers = {one.pid for one in self.waits if one.inode in self.seen.objects.pipes and not one.writes}
        return lock is not None and lock.is_lock and bool(lock.holders) and lock.holders <= readers

    def says(self, wait: Wait) -> str:
        """One wait as a line of evidence."""
        line = f"{self.name(wait.pid)} waits for {self.thing(wait)} ({wait.call})"
        if wait.kind == "child" or wait.held_by is None:
            return line
        holders = [pid for pid in wait.held_by if pid != wait.pid] or list(wait.held_by)
        if not holders:
            return f"{line}, which nobody holds"
        if self.locked(wait):
            return f"{line}, held by {self.people(holders)}"
        return f"{line}, which only {self.people(holders)} could give"

    def ends(self, join: Wait, pid: int) -> str:
        """Whose end a join waits for, when ``pid`` was just spoken of."""
        if set(join.held_by or ()) == {pid}:
            return "its end"
        return f"the end of {self.people(join.held_by or ())}"

    def ending(self, join: Wait) -> frozenset[int]:
        """The processes whose end a join waits for, with those whose end these wait for, and so on."""
        found: set[int] = set()
        queue = list(join.held_by or ())
        while queue:
            pid = queue.pop()
            if pid not in found:
                found.add(pid)
                queue += [
                    one for wait in self.waits if wait.kind == "child" and wait.pid == pid for one in wait.held_by or ()
                ]
        return frozenset(found)

    def joined(self, pid: int) -> bool:
        """Whether somebody waits, for ever, for this process to end."""
        return any(wait.kind == "child" and pid in (wait.held_by or ()) for wait in self.waits)

    def locks(self) -> list[tuple[Wait, Semaphore]]:
        """The waits for locks, each with its lock."""
        return [(wait, one) for wait in self.waits if (one := self.semaphore(wait)) is not None and one.is_lock]

    def locked(self, wait: Wait) -> bool:
        """Whether it is for something that at most one can have: a lock, of a file or of processes."""
        semaphore = self.semaphore(wait)
        return semaphore.is_lock if semaphore is not None else wait.inode in self.seen.objects.files

    def told(
        self,
        kind: str,
        sentence: str,
        waits: Iterable[Wait],
        mistake: str | None,
        *more: str,
        fits: tuple[str, ...] = (),
    ) -> Found:
        """A diagnosis with the waits it explains."""
        waits = tuple(dict.fromkeys(waits))
        evidence = (*(self.says(wait) for wait in waits), *more)
        pids = tuple(dict.fromkeys(wait.pid for wait in waits))
        return Diagnosis(kind, sentence, evidence, mistake, pids, fits), waits

    def ended(self) -> tuple[tuple[Process, ...], bool]:
        """The program's processes that have ended and were not collected, and whether there may have been others."""
        every = self.seen.snapshot.processes
        own = tuple(one for one in every if one.state in "ZX" and self.seen.roles[one.pid] not in HELPERS)
        return own, any(one.collected for one in every if self.seen.roles[one.pid] != "program")

    def of_a_queue(self, wait: Wait) -> bool:
        """Whether the lock is a queue's own, which every get and put takes."""
        whole = self.whole(wait)
        return whole is not None and whole.kind in QUEUES

    def gets(self, wait: Wait) -> bool:
        """Whether this reader holds the read lock of a queue: then it is in the middle of a get."""
        firsts = [one.semaphores[0] for one in self.made if one.kind in QUEUES]
        return any(wait.pid in self.seen.objects.semaphores[inode].holders for inode in firsts)


def start(text: str) -> str:
    return text[:1].upper() + text[1:]
