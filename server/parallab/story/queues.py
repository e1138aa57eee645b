"""Queues of threads: what was put into each, what was taken out, by which thread, and who waited.

The lines of a ledger are in the queue's own order, since the probe writes them inside the queue's
lock. Of a line that a thread wrote when it began to wait, nothing follows for as long as it waits.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec

from parallab import model
from parallab.story.locks import Run

Act = Literal["made", "put", "get", "done", "join", "joined", "full", "empty", "look", "wait-put", "wait-get", "unsent"]

#: A lab's own module writes down who did what by putting into a queue of a class of this name.
JOURNAL = "Journal"


@dataclass(frozen=True)
class Line:
    """One line of a ledger. ``item`` is the JSON value of what was put or taken.

    Of an object of the learner's classes it is a dict with its ``$type`` and its attributes; None
    for None, and also where it could not be copied: ``kind``, its type's name, tells these apart.
    """

    act: Act
    n: int
    at: int
    tid: int
    pid: int = 0
    item: Any = None
    kind: str = ""
    size: int | None = None
    length: int = 0
    """Of bytes, and of a text that is cut short here: how long it was."""

    @property
    def mark(self) -> bool:
        """What was put or taken is None: nothing but a sign."""
        return self.kind == "NoneType"


@dataclass(frozen=True)
class Queue:
    """One queue and its ledger, as far as the step's cells and their threads wrote it."""

    name: str
    cls: str
    maxsize: int
    made_in: Run
    lines: tuple[Line, ...]
    whole: bool = True
    """No line between its making and its last line is missing."""

    def __str__(self) -> str:
        return self.cls

    def all(self, *acts: Act) -> tuple[Line, ...]:
        """The lines of these acts, in order."""
        return tuple(line for line in self.lines if line.act in acts)

    @cached_property
    def puts(self) -> tuple[Line, ...]:
        """What was put, in order."""
        return self.all("put")

    @cached_property
    def gets(self) -> tuple[Line, ...]:
        """What was taken, in order."""
        return self.all("get")

    @property
    def size(self) -> int:
        """How many items are in it now."""
        return len(self.puts) - len(self.gets)

    @cached_property
    def most(self) -> int:
        """How many items were in it at once, at the most."""
        return most_at_once(self.lines)

    @property
    def unfinished(self) -> int:
        """Items that were put and for which nobody has said that they are done."""
        return len(self.puts) - len(self.all("done"))

    def done_ahead(self, work: Sequence[Line]) -> tuple[Line, ...]:
        """The calls of task_done() that came before as much work was done, as the lab's journal tells it.

        What the journal does not name, such as an end mark, needs no work. Without a journal nothing is told.
        """
        if not work:
            return ()
        named = {text for line in work for text in _texts(line.item)}
        events = [(line.at, 1) for line in work]
        events += [(line.at, 1) for line in self.gets if named.isdisjoint(_texts(line.item))]
        events += [(line.at, 0) for line in self.all("done")]
        dones = iter(self.all("done"))
        ahead: list[Line] = []
        finished = said = 0
        for _, worked in sorted(events, key=lambda event: (event[0], -event[1])):
            if worked:
                finished += 1
                continue
            line = next(dones)
            said += 1
            if said > finished:
                ahead.append(line)
        return tuple(ahead)

    def waiting(self, act: Literal["put", "get", "join"]) -> tuple[int, ...]:
        """The threads, by native id, that began to wait in such a call and have not come back."""
        began = "join" if act == "join" else f"wait-{act}"
        last = {line.tid: line.act for line in self.lines}
        return tuple(tid for tid, line in last.items() if line == began)


def most_at_once(lines: Iterable[Line]) -> int:
    """How many items were in a queue at once, at the most, by these lines in order."""
    size = most = 0
    for line in lines:
        size += (line.act == "put") - (line.act == "get")
        most = max(most, size)
    return most


def _texts(item: Any) -> Iterator[str]:
    """The texts in an item, one level deep."""
    parts = item if isinstance(item, list) else list(item.values()) if isinstance(item, dict) else [item]
    return (part for part in parts if isinstance(part, str))


def all_queues(recording: model.Recording, runs: Iterable[Run]) -> tuple[Queue, ...]:
    """The queues of threads in the notebook of which these cell runs wrote lines, in order of first use."""
    mine = frozenset(runs)
    found: dict[tuple[str, int], list[model.QueueUse]] = {}
    made: dict[str, model.QueueUse] = {}
    for event in recording.events:
        if not isinstance(event, model.QueueUse) or event.pid != recording.pid or between_processes(event):
            continue
        if event.act == "made":
            made[event.queue] = event
        if (event.cell, event.run) in mine:
            # Where it lies, another one may have lain before: its making tells them apart.
            birth = made[event.queue].at if event.queue in made else 0
            found.setdefault((event.queue, birth), []).append(event)
    births = {(one.queue, one.at): one for one in recording.events if isinstance(one, model.QueueUse)}
    return tuple(_queue(events, births.get(key)) for key, events in found.items())


def journal(recording: model.Recording, runs: Iterable[Run]) -> tuple[Line, ...]:
    """What labs' modules wrote down in these cell runs, in the notebook and in its children, in order."""
    mine = frozenset(runs)
    lines = [
        line_of(event)
        for event in recording.events
        if isinstance(event, model.QueueUse)
        and (event.cls, event.act) == (JOURNAL, "put")
        and (event.cell, event.run) in mine
    ]
    return tuple(sorted(lines, key=lambda line: line.at))


def between_processes(event: model.QueueUse) -> bool:
    """Of a queue of multiprocessing: it goes by the name of its semaphore."""
    return event.queue.startswith("/")


def kind_of(event: model.QueueUse) -> str:
    """Which of the library's queues it is: a class of the learner's own counts for what it inherits from."""
    return event.cls if event.cls == JOURNAL else event.base or event.cls


def _queue(events: list[model.QueueUse], made: model.QueueUse | None) -> Queue:
    lines = tuple(sorted((line_of(event) for event in events), key=lambda line: line.n))
    last = events[-1]
    numbers = [line.n for line in lines if line.n]
    return Queue(
        last.queue,
        kind_of(last),
        last.maxsize,
        (made.cell, made.run) if made is not None else ("", 0),
        lines,
        numbers == list(range(1, len(numbers) + 1)),
    )


def line_of(event: model.QueueUse) -> Line:
    """A report as a line of a ledger."""
    item = None
    if event.item:
        with contextlib.suppress(msgspec.DecodeError):
            item = msgspec.json.decode(event.item)
    return Line(event.act, event.n, event.at, event.tid, event.pid, item, event.item_type, event.size, event.length)
