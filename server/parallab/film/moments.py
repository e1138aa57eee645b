"""Where a film shows what a goal was decided by: from what a check looked at to a moment, lanes and objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from parallab import model, story, wire
from parallab.film.clock import Clock
from parallab.film.lanes import Lanes
from parallab.film.things import Things

#: Of what a check looked at, so many things are looked through: it may be a whole ledger.
MOST = 200
#: Lanes and objects that are pointed at.
POINTED = 16


@dataclass
class _Found:
    """What is pointed at, and the times that matter, each in the recording's time."""

    lanes: dict[str, None] = field(default_factory=dict)
    objects: dict[str, None] = field(default_factory=dict)
    births: list[int] = field(default_factory=list)
    """When each process or thread was started."""
    times: list[int] = field(default_factory=list)
    """Moments of single events, which tell more than lives."""


class Pointer:
    """Finds the moments of one recording, which is read once for all of them.

    ``told`` is the story of it that what is pointed at comes from; without one it is told here.
    """

    def __init__(self, recording: model.Recording, told: story.Story | None = None) -> None:
        self._recording = recording
        self._clock = Clock(recording)
        self._lanes, self._things = Lanes(recording, self._clock, told), Things(recording, self._clock)

    def moment(self, about: Sequence[Any]) -> wire.GoalMoment | None:
        """The moment and whom to look at; None where what was looked at is nothing that a film shows.

        ``about`` are values as evidence gives them: workers, threads, locks, queues, lines, segments, waits, events,
        and collections of these; the first that says anything decides.
        """
        for value in about:
            found = _Found()
            for one in _flat(value):
                _point(one, found, self._recording, self._lanes, self._things)
            if found.lanes or found.objects or found.times:
                return wire.GoalMoment(
                    self._clock.ms(_when(found, self._clock)),
                    self._clock.unix,
                    self._recording.kernel,
                    tuple(found.lanes)[:POINTED],
                    tuple(found.objects)[:POINTED],
                )
        return None


def _when(found: _Found, clock: Clock) -> int:
    """The last event; of lives, the start of the second, where it is seen whether the first was still there."""
    if found.times:
        return max(found.times)
    births = sorted(found.births)
    return births[min(1, len(births) - 1)] if births else clock.last


def _flat(value: Any) -> Iterator[Any]:
    """What is in collections, however deep, up to a bound."""
    stack, left = [value], MOST
    while stack and left:
        one = stack.pop(0)
        left -= 1
        if isinstance(one, Mapping):
            stack += [*one.keys(), *one.values()][:MOST]
        elif isinstance(one, list | tuple | Set):
            stack += list(one)[:MOST]
        else:
            yield one


def _point(one: Any, found: _Found, recording: model.Recording, lanes: Lanes, things: Things) -> None:
    match one:
        case story.Worker() | story.Program():
            born = one.began or getattr(one, "born", 0) or one.started
            _lane(lanes.process(one.pid, born), found)
            found.births.append(born)
        case story.Thread():
            born = one.began or one.ran
            _lane(lanes.thread(one.pid, one.ident, born), found)
            found.births.append(born)
        case story.Together():
            for worker in one.workers:
                _point(worker, found, recording, lanes, things)
            found.times += [one.at] if one.at else []
        case story.LockWait():
            last = lanes.clock.last
            for pid in (one.waiter, *one.holders):
                _lane(lanes.process(pid, last), found)
            _lock(one.lock, found, things)
            found.times.append(last)
        case story.Lock():
            _lock(one, found, things)
            found.times += [hold.taken for hold in one.holds[:1]]
        case story.Queue():
            last = one.lines[-1].at if one.lines else 0
            _object(things.queue(one.name, last), found)
            found.times += [last] if last else []
        case story.Line():
            _lane(lanes.of(one.pid or recording.pid, one.tid, one.at), found)
            found.times.append(one.at)
        case story.SharedSegment():
            _object(things.segment(one.name), found)
            found.times += [use.at for use in one.uses[-1:]]
        case story.Call():
            _lane(lanes.process(one.pid, one.at), found)
            found.times.append(one.at)
        case story.Number():
            _object(things.number(one.address), found)
        case model.Event():
            _lane(lanes.of(one.pid, one.tid, one.at), found)
            found.times.append(one.at)
        case _:
            pass


def _lock(lock: story.Lock, found: _Found, things: Things) -> None:
    _object(things.lock(lock.name), found)


def _lane(lane: str, found: _Found) -> None:
    if lane:
        found.lanes[lane] = None


def _object(thing: Any, found: _Found) -> None:
    if thing is not None:
        found.objects[thing.id] = None
