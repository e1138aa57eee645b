"""What the film's lanes share: locks, queues, shared numbers, barriers, segments, managed objects, with their names."""

from __future__ import annotations

from dataclasses import dataclass

from parallab import model, wire
from parallab.film.clock import Clock

#: Owners of semaphores that make one object of the learner's out of several.
COMPOSITE: dict[str, wire.SharedKind] = {"barrier": "barrier", "condition": "condition", "event": "event"}
#: What a semaphore without a bound admits (SEM_VALUE_MAX of multiprocessing).
UNBOUNDED = 2**31 - 1
_LOCKS: dict[str, wire.SharedKind] = {"Lock": "lock", "RLock": "rlock"}


@dataclass
class Thing:
    """One shared object while it is being told. Times are the recording's."""

    id: str
    kind: wire.SharedKind
    born: int
    name: str = ""
    cls: str = ""
    ended: int = 0
    capacity: int | None = None
    run: int = 0
    owner: str = ""
    """``pool`` or ``executor`` where the library made it for one."""


class Things:
    """All shared objects that the probe told of, by id; and which one a report speaks of."""

    def __init__(self, recording: model.Recording, clock: Clock) -> None:
        self.clock = clock
        self.found: dict[str, Thing] = {}
        self._locks: dict[str, str] = {}
        """The object of each semaphore, "" for those that the library has for itself."""
        self._queues: dict[str, list[tuple[int, str]]] = {}
        self._numbers: dict[int, str] = {}
        self._segments: dict[str, str] = {}
        self._composing: dict[tuple[int, int, str], str] = {}
        self._of_queue: dict[str, str] = {}
        """The name of the queue that a semaphore is a part of."""
        self._owners: dict[str, str] = {}
        """For which part of the library a semaphore was made."""
        self._making: dict[tuple[int, int], list[str]] = {}
        self._ends: dict[int, str] = {}
        """The object of each end of a pipe, by its inode's number."""
        guarded = {one.lock for one in recording.events if isinstance(one, model.NumberMade) and one.lock}
        for event in recording.events:
            self._meet(event, guarded)
        for event in recording.events:
            if isinstance(event, model.CellEnd | model.Answer):
                self._name(event)

    def told(self) -> tuple[wire.FilmObject, ...]:
        """In order of making, numbered by kind."""
        counted: dict[str, int] = {}
        told = []
        for one in sorted(self.found.values(), key=lambda thing: thing.born):
            counted[one.kind] = counted.get(one.kind, 0) + 1
            told.append(
                wire.FilmObject(
                    one.id,
                    one.kind,
                    one.name,
                    counted[one.kind],
                    one.cls,
                    self.clock.ms(one.born),
                    self.clock.maybe(one.ended),
                    one.capacity,
                    one.run,
                    one.owner,
                )
            )
        return tuple(told)

    def lock(self, name: str) -> Thing | None:
        """The object that a semaphore is, or guards; None for one that the library has for itself."""
        return self.found.get(self._locks.get(name, ""))

    def queue(self, name: str, at: int) -> Thing | None:
        """The queue that went by this name then: where one lay, another may lie later."""
        lives = [ident for born, ident in self._queues.get(name, ()) if born <= at]
        return self.found.get(lives[-1]) if lives else None

    def number(self, address: int) -> Thing | None:
        """The shared number at this address of its maker's."""
        return self.found.get(self._numbers.get(address, ""))

    def segment(self, name: str) -> Thing | None:
        """The newest shared memory of this name."""
        return self.found.get(self._segments.get(name.removeprefix("/"), ""))

    def part(self, name: str, at: int) -> Thing | None:
        """The object that a semaphore is, guards, or is a part of."""
        return self.lock(name) or self.queue(self._of_queue.get(name, name), at)

    def end(self, inode: int) -> Thing | None:
        """The pipe of which this inode is an end."""
        return self.found.get(self._ends.get(inode, ""))

    def pair(self, inode: int, peer: int) -> None:
        """Two ends turn out to be of one pipe, which goes by the smaller inode."""
        one, other = self._ends.get(inode), self._ends.get(peer)
        if one is None and other is None:
            return
        first, second = sorted([inode, peer])
        kept = self._ends.get(first) or self._ends[second]
        gone = self._ends.get(second, kept)
        self._ends[first] = self._ends[second] = kept
        if gone != kept:
            lost = self.found.pop(gone)
            self.found[kept].name = " – ".join(name for name in (self.found[kept].name, lost.name) if name)

    def lock_of_threads(self, pid: int, ident: int, at: int) -> Thing:
        """A lock of ``threading`` in a process, by its identity there."""
        key = f"k{pid}:{ident:x}"
        return self.found.setdefault(key, Thing(key, "thread-lock", at, cls="Lock"))

    def given(self, arg: model.Arg, at: int) -> Thing | None:
        """What is shared through an argument."""
        match arg.kind:
            case "lock" | "other":
                return self.lock(arg.name)
            case "queue":
                return self.queue(arg.name, at)
            case "number":
                return self.number(arg.address)
            case "segment":
                return self.segment(arg.name)
            case "pipe-end" if arg.name.isdecimal():
                return self.end(int(arg.name))
            case _:
                return None

    # -- as they are made ------------------------------------------------------------

    def _meet(self, event: model.AnyEvent, guarded: set[str]) -> None:
        match event:
            case model.LockMade():
                self._semaphore(event, guarded)
            case model.NumberMade():
                kind: wire.SharedKind = "array" if event.length > 1 else "value"
                one = self._new(f"n{event.address:x}", kind, event, event.code)
                self._numbers[event.address] = one.id
                if event.lock:
                    self._locks[event.lock] = one.id
            case model.ProcessStart() if not event.role:
                for arg in event.args:
                    if arg.kind == "pipe-end" and arg.name.isdecimal():
                        self._pipe_end(int(arg.name), event)
            case model.PipeUse() if event.pipe.isdecimal():
                self._pipe_end(int(event.pipe), event)
                if event.peer.isdecimal():
                    self._pipe_end(int(event.peer), event)
                    self.pair(int(event.pipe), int(event.peer))
            case model.QueueUse() if event.cls != "Journal":
                self._queue(event)
            case model.BarrierUse():
                thing = self.lock(event.barrier)
                if thing is not None:
                    thing.capacity = event.parties or thing.capacity
            case model.SegmentUse() if event.act != "arena" and event.segment and event.error is None:
                self._segment(event)
            case model.ProxyUse():
                ident = managed(event)
                if ident not in self.found:
                    self._new(ident, "managed", event, event.type)
            case _:
                pass

    def _semaphore(self, event: model.LockMade, guarded: set[str]) -> None:
        if event.lock in guarded or (event.lock in self._locks and not event.owner):
            return
        composite = COMPOSITE.get(event.owner)
        key = (event.pid, event.tid, event.owner)
        if composite is not None:
            if (event.created and event.maxvalue == 1) or key not in self._composing:
                self._composing[key] = self._new(f"l{event.lock}", composite, event, composite.capitalize()).id
            self._locks.setdefault(event.lock, self._composing[key])
        elif event.owner:
            # A part of something of the library's, perhaps known as such only after it arrived.
            if not event.created:
                self.found.pop(self._locks.get(event.lock, ""), None)
            self._locks[event.lock] = ""
            if event.created and event.owner != "queue":
                self._owners[event.lock] = event.owner
            if event.owner == "queue" and event.created:
                self._part_of_queue(event)
        else:
            one = self._new(f"l{event.lock}", _LOCKS.get(event.cls, "semaphore"), event, event.cls)
            one.capacity = event.maxvalue if one.kind == "semaphore" and event.maxvalue < UNBOUNDED else None
            self._locks[event.lock] = one.id

    def _part_of_queue(self, event: model.LockMade) -> None:
        """A queue makes two locks first, then the rest; the first is its name (multiprocessing/queues.py)."""
        parts = self._making.setdefault((event.pid, event.tid), [])
        plain = event.maxvalue == 1 and not event.recursive
        if plain and len(parts) != 1:
            parts.clear()
        parts.append(event.lock)
        self._of_queue[event.lock] = parts[0]

    def _pipe_end(self, inode: int, event: model.AnyEvent) -> Thing:
        known = self.end(inode)
        if known is None:
            known = self._new(f"i{inode}", "pipe", event, "Pipe")
            self._ends[inode] = known.id
        return known

    def _queue(self, event: model.QueueUse) -> None:
        lives = self._queues.setdefault(event.queue, [])
        if event.act == "made" or not lives:
            # One made at the place of another is another.
            ident = f"q{event.queue}" if not lives else f"q{event.queue}.{len(lives) + 1}"
            self._new(ident, "queue", event, event.cls).owner = self._owners.get(event.queue, "")
            lives.append((event.at, ident))
        one = self.found[lives[-1][1]]
        one.capacity = event.maxsize or one.capacity

    def _segment(self, event: model.SegmentUse) -> None:
        known = self.segment(event.segment)
        if known is None or event.act == "create":
            ident = f"s{event.segment}" if known is None else f"{known.id}'"
            known = self._new(ident, "segment", event, "ShareableList" if event.owner == "list" else "SharedMemory")
            known.name = event.segment
            self._segments[event.segment.removeprefix("/")] = known.id
        known.capacity = event.size or known.capacity
        if event.act == "unlink":
            known.ended = event.at

    def _new(self, ident: str, kind: wire.SharedKind, event: model.AnyEvent, cls: str) -> Thing:
        one = self.found[ident] = Thing(ident, kind, event.at, cls=cls, run=event.run)
        return one

    def _name(self, event: model.CellEnd | model.Answer) -> None:
        """The learner's names, as they were at a cell's end or when it was asked for them."""
        for reading in event.readings:
            number = self.number(reading.address)
            if number is not None and reading.names:
                number.name = reading.names[0]
        for one in event.named:
            thing = self._named(one.of, event)
            if thing is not None and one.name not in thing.name:
                both = thing.kind == "pipe" and thing.name
                thing.name = f"{thing.name} – {one.name}" if both else one.name

    def _named(self, of: str, event: model.CellEnd | model.Answer) -> Thing | None:
        if of.isdecimal():
            return self._pipe_end(int(of), event)
        found = self.lock(of) or self.queue(of, event.at) or self.segment(of)
        return found or next((one for one in self.found.values() if one.id.endswith(f":{of}")), None)


def managed(event: model.ProxyUse) -> str:
    """The id of the object of a manager that a proxy stands for."""
    return f"m{event.server}:{event.object}"
