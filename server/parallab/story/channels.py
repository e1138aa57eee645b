"""What processes sent each other: queues of multiprocessing, a Manager's, and pipes, with who put in and who took out.

Lines of one process are in its own order; between processes only the clock tells. What a line does not
say (who waits now, who holds which end) is for the last snapshot to tell.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import msgspec

from parallab import model
from parallab.story.locks import Run
from parallab.story.processes import Worker
from parallab.story.proxies import Call, all_calls
from parallab.story.queues import JOURNAL, Line, between_processes, kind_of, line_of, most_at_once

#: Of one process in one run of a cell so many calls of a Manager's server are kept; of more, the middle ones go.
CALLS = 1000


@dataclass(frozen=True)
class Mailbox:
    """A queue between processes, and its lines from all of them."""

    name: str
    cls: str
    maxsize: int
    made_in: Run
    made_by: int
    lines: tuple[Line, ...]
    given_to: frozenset[int] = frozenset()
    """The processes that got it as an argument; of a Manager's queue that is not known."""
    served: bool = False
    """A Manager's server keeps it: nobody waits for a reader to be able to end, and its limit is not seen."""
    gaps: bool = False
    """Lines may be missing that no number tells of."""

    def __str__(self) -> str:
        return self.cls

    @property
    def whole(self) -> bool:
        """No line of any process is missing between its first and its last."""
        return not self.gaps and _whole((line.pid, line.n) for line in self.lines)

    @cached_property
    def puts(self) -> tuple[Line, ...]:
        """What was put, in order of time; also what never left the process that put it."""
        return tuple(line for line in self.lines if line.act == "put")

    @cached_property
    def gets(self) -> tuple[Line, ...]:
        """What was taken, in order of time."""
        return tuple(line for line in self.lines if line.act == "get")

    @cached_property
    def most(self) -> int:
        """How many items were in it at once, at the most, as the clock tells: up to one more for each who takes."""
        return most_at_once(self.lines)

    @property
    def unsent(self) -> tuple[Line, ...]:
        """What its feeder thread could not pickle."""
        return tuple(line for line in self.lines if line.act == "unsent")

    @property
    def looks(self) -> tuple[Line, ...]:
        """Calls of ``empty()``; ``size`` is 0 where it said yes."""
        return tuple(line for line in self.lines if line.act == "look")


@dataclass(frozen=True)
class Word:
    """One line of a pipe: ``end`` is the inode that was used, ``mode`` what that end is for."""

    act: Literal["made", "send", "recv", "eof", "fail", "close"]
    end: str
    mode: str
    at: int
    pid: int
    n: int = 0
    item: Any = None
    kind: str = ""
    error: model.Failure | None = None
    length: int = 0
    """Of bytes, and of a text that is cut short here: how long it was."""


@dataclass(frozen=True)
class Pipe:
    """A pipe that the learner's code made: ``ends`` are its inodes, one where it is one-way, else two."""

    ends: tuple[str, ...]
    made_in: Run
    made_by: int
    words: tuple[Word, ...]
    given: tuple[tuple[int, str, str], ...] = ()
    """Who got which end as an argument: pid, inode, mode."""

    @property
    def one_way(self) -> bool:
        """Data goes only from one end to the other."""
        return len(self.ends) == 1

    @property
    def whole(self) -> bool:
        """No send or recv of any process is missing between its first and its last."""
        return _whole(((word.pid, word.end, word.mode), word.n) for word in self.words)

    @cached_property
    def sends(self) -> tuple[Word, ...]:
        """What was sent, in order of time."""
        return tuple(word for word in self.words if word.act == "send")

    @cached_property
    def recvs(self) -> tuple[Word, ...]:
        """What was received, in order of time."""
        return tuple(word for word in self.words if word.act == "recv")

    @property
    def eofs(self) -> tuple[Word, ...]:
        """Who learned that nobody can send any more."""
        return tuple(word for word in self.words if word.act == "eof")

    @property
    def fails(self) -> tuple[Word, ...]:
        """Sends and receives that raised."""
        return tuple(word for word in self.words if word.act == "fail")

    def closed(self, pid: int, mode: str) -> Word | None:
        """When this process closed an end of this mode, or None."""
        return next((word for word in self.words if (word.act, word.pid, word.mode) == ("close", pid, mode)), None)

    def users(self, end: str) -> frozenset[int]:
        """The processes that sent or received at this end."""
        return frozenset(word.pid for word in self.words if word.end == end and word.act in ("send", "recv", "eof"))


def _whole(numbers: Iterable[tuple[object, int]]) -> bool:
    """Whether each writer's numbers (from 1; 0 is none) go up by one."""
    found: dict[object, list[int]] = {}
    for who, n in numbers:
        if n:
            found.setdefault(who, []).append(n)
    return all(sorted(mine) == list(range(min(mine), max(mine) + 1)) for mine in found.values())


def all_mailboxes(recording: model.Recording, workers: Iterable[Worker], runs: Iterable[Run]) -> tuple[Mailbox, ...]:
    """The queues between processes of which these cell runs, or their processes, wrote lines, in order of first use.

    Those that a Manager's server keeps come last.
    """
    mine = frozenset(runs)
    made: dict[str, model.QueueUse] = {}
    found: dict[str, list[model.QueueUse]] = {}
    for event in recording.events:
        if not isinstance(event, model.QueueUse) or not between_processes(event) or event.cls == JOURNAL:
            continue
        if event.act == "made":
            made[event.queue] = event
        if (event.cell, event.run) in mine:
            found.setdefault(event.queue, []).append(event)
    given: dict[str, set[int]] = {}
    for worker in workers:
        for arg in worker.given("queue"):
            given.setdefault(arg.name, set()).add(worker.pid)
    own = [_mailbox(name, events, made.get(name), given.get(name, ())) for name, events in found.items()]
    served: dict[str, list[Call]] = {}
    by_pid: Counter[int] = Counter()
    for call in all_calls(recording, mine):
        by_pid[call.pid] += 1
        if call.type in ("Queue", "JoinableQueue"):
            served.setdefault(call.object, []).append(call)
    gaps = max(by_pid.values(), default=0) >= CALLS
    return (*own, *(_served(name, calls, gaps) for name, calls in served.items()))


def _served(name: str, calls: list[Call], gaps: bool) -> Mailbox:
    lines = tuple(line for call in calls if call.error is None for line in _as_line(call))
    lines = tuple(sorted(lines, key=lambda line: line.at))
    return Mailbox(name, calls[-1].type, 0, ("", 0), 0, lines, served=True, gaps=gaps)


def _as_line(call: Call) -> Iterator[Line]:
    """What a call of a Manager's queue did to it, if anything. What is put is in from the answer on."""
    if call.method in ("put", "put_nowait") and call.given:
        item = call.args[0] if call.args else None
        yield Line("put", 0, call.at, 0, call.pid, item, call.given[0])
    elif call.method in ("get", "get_nowait"):
        yield Line("get", 0, call.at, 0, call.pid, call.result, call.result_type)
    elif call.method == "empty":
        yield Line("look", 0, call.at, 0, call.pid, size=int(call.result is not True))


def _mailbox(name: str, events: list[model.QueueUse], made: model.QueueUse | None, given: Iterable[int]) -> Mailbox:
    return Mailbox(
        name,
        kind_of(events[-1]),
        max(event.maxsize for event in events),
        (made.cell, made.run) if made is not None else ("", 0),
        made.pid if made is not None else 0,
        tuple(sorted((line_of(event) for event in events), key=lambda line: line.at)),
        frozenset(given),
    )


def all_pipes(recording: model.Recording, workers: Iterable[Worker], runs: Iterable[Run]) -> tuple[Pipe, ...]:
    """The learner's pipes that these cell runs, or their processes, made or used, in order of first use."""
    mine = frozenset(runs)
    uses = [event for event in recording.events if isinstance(event, model.PipeUse)]
    births: dict[str, model.PipeUse] = {}
    ends: dict[str, tuple[str, ...]] = {}
    for event in uses:
        if event.act == "made":
            pair = tuple(dict.fromkeys((event.pipe, event.peer)))
            for inode in pair:
                births[inode], ends[inode] = event, pair
    words: dict[tuple[str, ...], list[Word]] = {}
    for event in uses:
        if (event.cell, event.run) in mine:
            words.setdefault(ends.get(event.pipe, (event.pipe,)), []).append(_word(event))
    given: dict[tuple[str, ...], list[tuple[int, str, str]]] = {}
    for worker in workers:
        for arg in worker.given("pipe-end"):
            given.setdefault(ends.get(arg.name, (arg.name,)), []).append((worker.pid, arg.name, arg.text))
    return tuple(_pipe(pair, said, births.get(pair[0]), given.get(pair, ())) for pair, said in words.items())


def _pipe(
    ends: tuple[str, ...], words: list[Word], made: model.PipeUse | None, given: Iterable[tuple[int, str, str]]
) -> Pipe:
    return Pipe(
        ends,
        (made.cell, made.run) if made is not None else ("", 0),
        made.pid if made is not None else 0,
        tuple(sorted(words, key=lambda word: word.at)),
        tuple(given),
    )


def _word(event: model.PipeUse) -> Word:
    item = None
    if event.item:
        with contextlib.suppress(msgspec.DecodeError):
            item = msgspec.json.decode(event.item)
    return Word(
        event.act,
        event.pipe,
        event.mode,
        event.at,
        event.pid,
        event.n,
        item,
        event.item_type,
        event.error,
        event.length,
    )
