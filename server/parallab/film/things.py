"""What the film's lanes share: locks, queues, shared numbers, barriers, segments, managed objects, with their names."""

from __future__ import annotations

from dataclasses import dataclass, field

from parallab import model, wire
from parallab.film.clock import Clock

#: Owners of semaphores that make one object of the learner's out of several.
COMPOSITE: dict[str, wire.SharedKind] = {"barrier": "barrier", "condition": "condition", "event": "event"}
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
    lock: str = ""
    """Of a shared number: the semaphore that guards it."""
    locked: bool = field(default=False, compare=False)


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
        return self.found.get(self._segments.get(name, ""))

    def given(self, arg: model.Arg, at: int) -> Thing | None:
        """What is shared through an argument."""
        match arg.kind:
            case "lock":
                return self.lock(arg.name)
            case "queue":
                return self.queue(arg.name, at)
            case "number":
                return self.number(arg.address)
            case "segment":
                return self.segment(arg.name)
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
                one.lock = event.lock
                self._numbers[event.address] = one.id
                if event.lock:
                    self._locks[event.lock] = one.id
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
        else:
            one = self._new(f"l{event.lock}", _LOCKS.get(event.cls, "semaphore"), event, event.cls)
            one.capacity = event.maxvalue if one.kind == "semaphore" else 1
            self._locks[event.lock] = one.id

    def _queue(self, event: model.QueueUse) -> None:
        lives = self._queues.setdefault(event.queue, [])
        if event.act == "made" or not lives:
            # One made at the place of another is another.
            ident = f"q{event.queue}" if not lives else f"q{event.queue}.{len(lives) + 1}"
            self._new(ident, "queue", event, event.cls)
            lives.append((event.at, ident))
        one = self.found[lives[-1][1]]
        one.capacity = event.maxsize or one.capacity

    def _segment(self, event: model.SegmentUse) -> None:
        known = self.segment(event.segment)
        if known is None or event.act == "create":
            ident = f"s{event.segment}" if known is None else f"{known.id}'"
            known = self._new(ident, "segment", event, "ShareableList" if event.owner == "list" else "SharedMemory")
            known.name = event.segment
            self._segments[event.segment] = known.id
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


def managed(event: model.ProxyUse) -> str:
    """The id of the object of a manager that a proxy stands for."""
    return f"m{event.server}:{event.object}"
