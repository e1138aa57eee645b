"""What lanes did, waited for and held, told one event after the other.

The sweep keeps, for every moment, who waits for what and who holds it; so it finds a closed circle
at the moment when it closes, and tells when it is broken up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from parallab import model, wire
from parallab.film.lanes import Lanes
from parallab.film.texts import item, result
from parallab.film.things import Thing, Things, managed

JOINS = ("join", "wait")
#: What one process or thread at a time can hold.
EXCLUSIVE = ("lock", "rlock", "value", "array")
#: The modes of an open descriptor, as a link's.
MODES: dict[str, wire.LinkMode] = {"r": "reads", "w": "writes", "rw": "reads-writes", "map": "maps"}


@dataclass
class Waiting:
    """One wait while it is being told; times are the recording's, ``end`` 0 while it lasts."""

    lane: str
    begin: int
    kind: wire.WaitKind
    object: str = ""
    lanes: tuple[str, ...] = ()
    timed: bool = False
    call: str = ""
    end: int = 0
    forever: bool = False


@dataclass
class Having:
    """What is true of one object now."""

    fill: int | None = None
    value: str = ""
    holders: dict[str, int] = field(default_factory=dict)
    """How often each lane holds it."""
    waiters: set[str] = field(default_factory=set)
    seen: int = 0
    """When the operating system showed it last."""


class Told:
    """All that is told, growing."""

    def __init__(self, lanes: Lanes, things: Things) -> None:
        self.lanes = lanes
        self.things = things
        self.clock = lanes.clock
        self._marks: list[tuple[int, wire.FilmMark]] = []
        self._waits: list[Waiting] = []
        self._open: dict[str, Waiting] = {}
        self._now: dict[str, Having] = {}
        self._states: list[tuple[int, wire.FilmState]] = []
        self._links: dict[tuple[str, str], tuple[int, wire.LinkMode, int]] = {}
        self._deadlocks: list[tuple[int, int, tuple[str, ...], tuple[str, ...]]] = []
        self._heard: dict[str, int] = {}
        self._circles: dict[frozenset[str], tuple[int, tuple[str, ...], tuple[str, ...]]] = {}

    # -- telling ----------------------------------------------------------------------

    def mark(self, at: int, lane: str, act: wire.Act, thing: str = "", other: str = "", text: str = "") -> None:
        """Something was done."""
        self._marks.append((at, wire.FilmMark(self.clock.ms(at), lane, act, thing, other, text)))
        if thing:
            self.link(at, lane, thing, "uses")

    def link(self, at: int, lane: str, thing: str, mode: wire.LinkMode) -> None:
        """A lane has to do with an object; the first word counts, but a plainer one gives way."""
        known = self._links.get((lane, thing))
        made = self.things.found[thing]
        # What was named only later was there when it was used.
        made.born = min(made.born, at)
        if known is None:
            self._links[lane, thing] = (at, mode, 0)
        elif known[1] == "uses" and mode != "uses":
            self._links[lane, thing] = (known[0], mode, known[2])

    def unlink(self, at: int, lane: str, thing: str) -> None:
        """It has nothing to do with it any more."""
        known = self._links.get((lane, thing))
        if known is not None:
            self._links[lane, thing] = (known[0], known[1], at)

    def wait(self, wait: Waiting) -> None:
        """A lane begins to wait; whatever it waited for before is over."""
        self.resume(wait.begin, wait.lane)
        self._waits.append(wait)
        self._open[wait.lane] = wait
        if wait.object:
            self.link(wait.begin, wait.lane, wait.object, "uses")
            self.having(wait.object).waiters.add(wait.lane)
            self.state(wait.begin, wait.object)
        self._look_for_circle(wait.begin, wait.lane)

    def resume(self, at: int, lane: str, thing: str = "") -> None:
        """A lane waits no more (for this object, if one is named)."""
        wait = self._open.get(lane)
        if wait is None or (thing and wait.object != thing):
            return
        del self._open[lane]
        wait.end = at
        if wait.object:
            self.having(wait.object).waiters.discard(lane)
            self.state(at, wait.object)
        self._break_circles(at, lane)

    def got(self, at: int, lane: str, thing: str) -> None:
        """A lane has what it waited for: no circle that it stood in was one, a report of a release is missing."""
        wait = self._open.get(lane)
        if wait is not None and wait.object == thing:
            for key in [key for key in self._circles if lane in key]:
                del self._circles[key]
        self.resume(at, lane, thing)

    def waiting(self, lane: str) -> Waiting | None:
        """What a lane waits for now."""
        return self._open.get(lane)

    def last_act(self, lane: str) -> int:
        """When a lane was last heard of, 0 never: since then it may have waited."""
        return self._heard.get(lane, 0)

    def heard(self, at: int, lane: str) -> None:
        """A lane reported something."""
        self._heard[lane] = at

    def hold(self, at: int, lane: str, thing: str, times: int, *, quiet: bool = False) -> None:
        """A lane holds it so many times now, 0 for not at all; ``quiet``: for too short to be told."""
        holders = self.having(thing).holders
        if times > 0:
            holders[lane] = times
        elif holders.pop(lane, 0):
            self._break_circles(at, lane)
        if not quiet:
            self.state(at, thing)
        for waiter in tuple(self.having(thing).waiters):
            self._look_for_circle(at, waiter)

    def hold_alone(self, at: int, lane: str, thing: str, times: int, *, quiet: bool = False) -> None:
        """A lane holds it now; where only one can, all others have given it back, reported or not."""
        if self.things.found[thing].kind in EXCLUSIVE:
            for other in [other for other in self.having(thing).holders if other != lane]:
                self.having(thing).holders.pop(other)
                self._break_circles(at, other)
        self.hold(at, lane, thing, times, quiet=quiet)

    def having(self, thing: str) -> Having:
        """What is true of it now."""
        return self._now.setdefault(thing, Having())

    def state(self, at: int, thing: str) -> None:
        """Notes what is true of it from now on."""
        now, room = self.having(thing), self.things.found[thing].capacity
        # Who could put more than fits, put it after another had taken some, and was only heard before.
        fill = now.fill if now.fill is None or room is None else min(now.fill, room)
        told = wire.FilmState(thing, self.clock.ms(at), fill, now.value, tuple(now.holders), len(now.waiters))
        self._states.append((at, told))

    def value(self, at: int, thing: str, value: object) -> None:
        """A shared number was seen."""
        text = _number(value)
        if text != self.having(thing).value:
            self.having(thing).value = text
            self.state(at, thing)

    # -- circles -----------------------------------------------------------------------

    def _look_for_circle(self, at: int, lane: str) -> None:
        """Breadth first from a lane through what it waits for back to itself; a time-out breaks every circle."""
        paths = [[lane]]
        seen = {lane}
        while paths:
            path = paths.pop(0)
            wait = self._open.get(path[-1])
            if wait is None or wait.timed:
                continue
            for other in self._behind(wait):
                if other == lane:
                    self._close(at, path)
                    return
                if other not in seen:
                    seen.add(other)
                    paths.append([*path, other])

    def _behind(self, wait: Waiting) -> Iterator[str]:
        """The lanes that could end a wait, where that takes one of them: who is joined, who holds a lock."""
        if wait.kind == "end":
            yield from wait.lanes
        elif wait.object:
            thing = self.things.found.get(wait.object)
            # Who took a semaphore of several need not be who gives it back.
            if thing is not None and (thing.kind in EXCLUSIVE or thing.kind == "thread-lock"):
                yield from self.having(wait.object).holders

    def _close(self, at: int, path: list[str]) -> None:
        least = path.index(min(path))
        lanes = tuple(path[least:] + path[:least])
        key = frozenset(lanes)
        if key not in self._circles:
            self._circles[key] = (at, lanes, tuple(self._open[lane].object for lane in lanes))

    def _break_circles(self, at: int, lane: str) -> None:
        for key in [key for key in self._circles if lane in key]:
            begin, lanes, objects = self._circles.pop(key)
            self._deadlocks.append((begin, at, lanes, objects))

    # -- told ------------------------------------------------------------------------------

    def end_lanes(self) -> None:
        """Whoever has ended waits no more; what it held when it ended it holds for ever."""
        for wait in self._waits:
            ended = self.lanes.ends.get(wait.lane, 0)
            if ended and (not wait.end or wait.end > ended):
                wait.end = ended
                if self._open.get(wait.lane) is wait:
                    self.resume(ended, wait.lane)

    def marks(self) -> tuple[wire.FilmMark, ...]:
        """In order of time."""
        return tuple(mark for _, mark in sorted(self._marks, key=lambda one: one[0]))

    def waits(self) -> tuple[wire.FilmWait, ...]:
        """In order of their beginning."""
        return tuple(
            wire.FilmWait(
                wait.lane,
                self.clock.ms(wait.begin),
                self.clock.maybe(wait.end),
                wait.kind,
                wait.object,
                wait.lanes,
                wait.timed,
                wait.forever,
                wait.call,
            )
            for wait in sorted(self._waits, key=lambda one: one.begin)
        )

    def states(self) -> tuple[wire.FilmState, ...]:
        """In order of time, each different from the one before of its object."""
        told: list[wire.FilmState] = []
        last: dict[str, wire.FilmState] = {}
        for _, state in sorted(self._states, key=lambda one: one[0]):
            before = last.get(state.object)
            if before is not None and _same(before, state):
                continue
            last[state.object] = state
            told.append(state)
        return tuple(told)

    def links(self) -> tuple[wire.FilmLink, ...]:
        """In order of their beginning; a lane's end is the end of what it had to do with anything."""
        return tuple(
            wire.FilmLink(
                lane, thing, mode, self.clock.ms(begin), self.clock.maybe(end or self.lanes.ends.get(lane, 0))
            )
            for (lane, thing), (begin, mode, end) in sorted(self._links.items(), key=lambda one: one[1][0])
        )

    def deadlocks(self) -> tuple[wire.FilmDeadlock, ...]:
        """Those that were broken up, and those that last."""
        open_ = [(begin, 0, lanes, objects) for begin, lanes, objects in self._circles.values()]
        return tuple(
            wire.FilmDeadlock(self.clock.ms(begin), self.clock.maybe(end), lanes, objects)
            for begin, end, lanes, objects in sorted([*self._deadlocks, *open_])
        )


def swept(recording: model.Recording, lanes: Lanes, things: Things) -> Told:
    """The events of a recording, told."""
    told = Told(lanes, things)
    sweep = _Sweep(told)
    for at, lane, event in _ordered(recording, lanes):
        sweep.take(at, lane, event)
    told.end_lanes()
    return told


def _ordered(recording: model.Recording, lanes: Lanes) -> Iterator[tuple[int, str, model.AnyEvent]]:
    """Events by the moment that they tell of; a start and a finished wait tell of two."""
    for event in recording.events:
        lane = lanes.of(event.pid, event.tid, event.at)
        if lane:
            yield event.at, lane, event


class _Sweep:
    """One event at a time."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self.lanes = told.lanes
        self.things = told.things
        self._joins: dict[tuple[str, int], Waiting] = {}
        self._quiet: set[tuple[str, str]] = set()
        """Who took what by reading or writing a Value, and not by its own will."""
        self._counted: dict[tuple[str, int], int] = {}

    def take(self, at: int, lane: str, event: model.AnyEvent) -> None:
        """Tells what this event says."""
        self.told.heard(at, lane)
        match event:
            case model.ProcessStart() if event.child:
                self._start(lane, event, self.lanes.process(event.child, event.at))
            case model.ProgramStart() if event.child:
                self.told.mark(event.began, lane, "start", other=self.lanes.process(event.child, event.at))
            case model.ForkMade():
                self.told.mark(event.at, lane, "start", other=self.lanes.process(event.child, event.at))
            case model.ThreadStart() if event.error is None:
                self.told.mark(event.began, lane, "start", other=self.lanes.thread(event.pid, event.ident, event.at))
            case model.Wait() if event.call in JOINS:
                self._join(lane, event)
            case model.LockUse():
                self._lock(at, lane, event)
            case model.BarrierUse():
                self._barrier(at, lane, event)
            case model.QueueUse():
                self._queue(at, lane, event)
            case model.PipeUse() if event.pipe.isdecimal():
                self._pipe(at, lane, event)
            case model.ProxyUse():
                self.told.mark(event.began, lane, "call", managed(event), text=f"{event.method}{result(event)}")
            case model.SegmentUse() if event.act != "arena" and event.error is None:
                self._segment(at, lane, event)
            case model.CellEnd() | model.Answer():
                self._readings(at, event)
            case _:
                pass

    def _start(self, lane: str, event: model.ProcessStart, child: str) -> None:
        self.told.mark(event.began, lane, "start", other=child)
        for arg in event.args:
            thing = self.things.given(arg, event.at)
            if thing is not None and child:
                self.told.link(event.began, child, thing.id, "uses")

    def _join(self, lane: str, event: model.Wait) -> None:
        other = (
            self.lanes.process(event.child, event.began)
            if event.child
            else self.lanes.thread(event.pid, event.thread, event.began)
        )
        if not other:
            return
        wait = self._joins.get((lane, event.began))
        if wait is None:
            wait = Waiting(lane, event.began, "end", lanes=(other,), timed=event.timed, call="join")
            self._joins[lane, event.began] = wait
            self.told.wait(wait)
            self.told.mark(event.began, lane, "join", other=other)
        if event.done and not wait.end:
            self.told.resume(event.at, lane)

    def _lock(self, at: int, lane: str, event: model.LockUse) -> None:
        thing = self.things.lock(event.lock)
        if thing is None:
            return
        self._saw(at, event)
        match event.act:
            case "want":
                if not event.depth:
                    # Of many acts on one lock not all are reported, and a want says that nobody here holds it.
                    self.told.hold(at, lane, thing.id, 0, quiet=True)
                self.told.wait(Waiting(lane, at, "object", thing.id, timed=event.timed, call="acquire"))
            case "take":
                self.told.got(at, lane, thing.id)
                self.told.hold_alone(at, lane, thing.id, event.depth or 1, quiet=event.library)
                (self._quiet.add if event.library else self._quiet.discard)((lane, thing.id))
                if not event.library:
                    self.told.mark(at, lane, "take", thing.id)
            case "give":
                quiet = (lane, thing.id) in self._quiet
                self.told.got(at, lane, thing.id)
                self.told.hold(at, lane, thing.id, event.depth, quiet=quiet)
                if not quiet:
                    self.told.mark(at, lane, "give", thing.id)
            case "miss":
                self.told.resume(at, lane, thing.id)
                self.told.mark(at, lane, "miss", thing.id)

    def _saw(self, at: int, event: model.LockUse) -> None:
        """The shared numbers that this process was given, as they were then."""
        if not event.saw:
            return
        process = self.lanes.process(event.pid, at)
        given = [arg.address for arg in self.lanes.gave.get(process, ()) if arg.kind == "number"]
        for address, value in zip(given, event.saw, strict=False):
            number = self.things.number(address)
            if number is not None and value is not None:
                self.told.value(at, number.id, value)

    def _barrier(self, at: int, lane: str, event: model.BarrierUse) -> None:
        thing = self.things.lock(event.barrier)
        if thing is None:
            return
        now = self.told.having(thing.id)
        if event.act == "wait":
            self.told.mark(at, lane, "arrive", thing.id)
            now.fill = (now.fill or 0) + 1
            self.told.wait(Waiting(lane, at, "object", thing.id, call="wait"))
        else:
            now.fill = max(0, (now.fill or 0) - 1)
            self.told.resume(at, lane, thing.id)
            self.told.mark(at, lane, "pass" if event.act == "pass" else "broken", thing.id)

    def _queue(self, at: int, lane: str, event: model.QueueUse) -> None:
        thing = self.things.queue(event.queue, at)
        if thing is None:
            return
        self._count(at, thing, event)
        match event.act:
            case "wait-put" | "wait-get":
                self.told.wait(Waiting(lane, at, "object", thing.id, call=event.act.removeprefix("wait-")))
            case "join":
                self.told.wait(Waiting(lane, at, "object", thing.id, call="join"))
            case "put" | "get":
                self.told.resume(at, lane, thing.id)
                self.told.mark(at, lane, event.act, thing.id, text=item(event))
            case "done" | "full" | "empty":
                self.told.resume(at, lane, thing.id)
                self.told.mark(at, lane, event.act, thing.id)
            case "joined":
                self.told.resume(at, lane, thing.id)
            case _:
                pass

    def _pipe(self, at: int, lane: str, event: model.PipeUse) -> None:
        thing = self.things.end(int(event.pipe))
        if thing is None:
            return
        self.told.link(at, lane, thing.id, MODES.get(event.mode, "uses"))
        match event.act:
            case "send":
                self.told.mark(at, lane, "put", thing.id, text=item(event))
            case "recv":
                self.told.mark(at, lane, "get", thing.id, text=item(event))
            case "eof":
                self.told.mark(at, lane, "empty", thing.id)
            case "close":
                self.told.mark(at, lane, "close", thing.id)
            case _:
                pass

    def _count(self, at: int, thing: Thing, event: model.QueueUse) -> None:
        """How full it is: counted line by line, and not known any more once lines are missing."""
        now = self.told.having(thing.id)
        before = now.fill
        key = (thing.id, event.pid)
        whole = not event.n or event.n == self._counted.get(key, 0) + 1
        self._counted[key] = event.n or self._counted.get(key, 0)
        if event.act in ("wait-put", "wait-get", "look", "full", "empty") and event.size is not None:
            now.fill = event.size
        elif event.act == "made":
            now.fill = 0
        elif event.act in ("put", "get"):
            step = 1 if event.act == "put" else -1
            # Counted from its making on, or from where it was told; not over a gap.
            now.fill = max(0, now.fill + step) if whole and now.fill is not None else None
        if now.fill != before:
            self.told.state(at, thing.id)

    def _segment(self, at: int, lane: str, event: model.SegmentUse) -> None:
        thing = self.things.segment(event.segment)
        if thing is None or event.act == "arena":
            return
        self.told.mark(at, lane, event.act, thing.id)
        if event.act in ("create", "attach"):
            self.told.link(at, lane, thing.id, "maps")
        elif event.act == "close":
            self.told.unlink(at, lane, thing.id)

    def _readings(self, at: int, event: model.CellEnd | model.Answer) -> None:
        for reading in event.readings:
            number = self.things.number(reading.address)
            if number is not None:
                self.told.value(at, number.id, reading.value if number.kind == "value" else reading.items)


def _same(one: wire.FilmState, other: wire.FilmState) -> bool:
    return (one.fill, one.value, one.holders, one.waiters) == (other.fill, other.value, other.holders, other.waiters)


def _number(value: object) -> str:
    """A shared number as short text; of an array its first elements."""
    if isinstance(value, tuple):
        shown = ", ".join(_number(one) for one in value[:6])
        return f"{shown}, …" if len(value) > 6 else shown
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
