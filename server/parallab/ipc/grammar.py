"""Semaphores and pipes put together to what was made of them: queues, events, conditions, barriers.

multiprocessing makes the semaphores of one object one after the other, and tmpfs numbers them in
that order. So runs of near inodes are read as words: L a semaphore of at most 1, R a recursive
one, B of at most n, S without limit. Same on CPython 3.10 to 3.14:

    Event L S S S S · JoinableQueue L L (B|S) S R S S S · Queue L L (B|S) · Condition R S S S ·
    Barrier: an arena, then R S S S · SimpleQueue L L

What could as well have been made by hand from the same parts stays parts: a queue is believed
only with a pipe that one process holds both ends of. Needs SemLock records; without, all are
semaphores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from parallab.ipc.objects import Objects, Pipe, Semaphore
from parallab.model import Inode

Kind = Literal["queue", "joinable-queue", "simple-queue", "event", "condition", "barrier", "pool", "executor"]

SEM_VALUE_MAX = 2**31 - 1

NEAR = 256
"""How far apart the inodes of one object's parts may be: programs beside it make files of /dev/shm at the same time."""

QUEUES: tuple[Kind, ...] = ("queue", "joinable-queue", "simple-queue")

_WORDS: tuple[tuple[Kind, re.Pattern[str], bool], ...] = (
    # the longest first; whether it needs a pipe
    ("joinable-queue", re.compile("LL[BS]SRSSS"), True),
    ("event", re.compile("LSSSS"), False),
    ("queue", re.compile("LL[BS](?!SSS)"), True),
    ("condition", re.compile("RSSS"), False),
    ("simple-queue", re.compile("LL(?![BS])"), True),
)


@dataclass(frozen=True)
class Composite:
    """An object made of others; ``semaphores`` in the order of making, ``pipe`` of a queue if it is known.

    ``certain`` when the object itself was found in a process's memory: then ``cls`` is its class, ``pids`` are
    those in whose memory it was, and the rest what it says of itself. ``workers`` are processes, or native ids
    of threads where ``cls`` is of threads.
    """

    kind: Kind
    semaphores: tuple[Inode, ...]
    pipe: Inode | None = None
    memory: Inode | None = None
    pipes: tuple[Inode, ...] = ()
    certain: bool = False
    cls: str = ""
    pids: frozenset[int] = frozenset()
    address: int = 0
    maxsize: int | None = None
    parties: int | None = None
    workers: tuple[int, ...] = ()
    tasks: int | None = None
    unsent: int = 0
    """Items that wait in the buffer of a process's feeder thread, not in the pipe."""
    closed: bool = False

    @property
    def parts(self) -> tuple[Inode, ...]:
        """Everything it is made of."""
        rest = (self.pipe, *self.pipes, self.memory)
        return (*self.semaphores, *dict.fromkeys(one for one in rest if one is not None))


def likely(found: Objects) -> tuple[Composite, ...]:
    """The composite objects that these could be, by the order in which their parts were made."""
    read = []
    pipes = _two_ended(found)
    for run in _runs(found):
        letters = "".join(_letter(semaphore) for semaphore in run)
        for kind, pattern, needs_pipe in _WORDS:
            if needs_pipe and not pipes:
                continue
            read += [(kind, run[match.start() : match.end()]) for match in pattern.finditer(letters)]
            letters = pattern.sub(lambda match: "." * len(match[0]), letters)
    read.sort(key=lambda one: one[1][0].inode)
    queues = [part for kind, part in read if kind in QUEUES]
    piped = _pipes_of(queues, pipes, found)
    return tuple(_composite(kind, part, piped, found) for kind, part in read)


def _composite(kind: Kind, part: list[Semaphore], piped: dict[Inode, Inode], found: Objects) -> Composite:
    inodes = tuple(semaphore.inode for semaphore in part)
    if kind == "condition" and (arena := _arena_before(inodes[0], part[0].pids, found)) is not None:
        return Composite("barrier", inodes, memory=arena)
    return Composite(kind, inodes, piped.get(inodes[0]))


def _pipes_of(queues: list[list[Semaphore]], pipes: list[Pipe], found: Objects) -> dict[Inode, Inode]:
    """The pipe of each queue, by its first semaphore, where it can be told.

    Certain when a process that holds the queue's read lock reads a pipe; else pipes are given out
    in the order of making, but only when there are just as many as queues.
    """
    told: dict[Inode, Inode] = {}
    for part in queues:
        reading = {inode for pid in part[0].holders for inode in found.reading.get(pid, ())}
        certain = [pipe.inode for pipe in pipes if pipe.inode in reading]
        if len(certain) == 1:
            told[part[0].inode] = certain[0]
    rest = [part[0].inode for part in queues if part[0].inode not in told]
    left = sorted(pipe.inode for pipe in pipes if pipe.inode not in told.values())
    if len(rest) == len(left):
        told.update(zip(rest, left, strict=True))
    return told


def _runs(found: Objects) -> list[list[Semaphore]]:
    """Semaphores made about the same time, each of which is known by a SemLock record.

    A number missing between two of them is another program's file. One that is known as something
    else parts them: it was made between.
    """
    runs: list[list[Semaphore]] = []
    last: Inode | None = None
    for inode in sorted((*found.semaphores, *found.memory)):
        semaphore = found.semaphores.get(inode)
        if semaphore is None or not semaphore.locks:
            last = None
            continue
        if last is None or not _near(last, inode):
            runs.append([])
        runs[-1].append(semaphore)
        last = inode
    return runs


def _near(first: Inode, second: Inode) -> bool:
    return first.dev == second.dev and 0 < second.ino - first.ino <= NEAR


def _letter(semaphore: Semaphore) -> str:
    if semaphore.recursive:
        return "R"
    if semaphore.maxvalue == 1:
        return "L"
    return "S" if semaphore.maxvalue == SEM_VALUE_MAX else "B"


def _two_ended(found: Objects) -> list[Pipe]:
    """Pipes of which some process holds both ends, as the maker of a queue does.

    One that has no locks, as the forkserver, whose wake-up pipe is such a one, made no queue.
    """
    makers = {lock.pid for semaphore in found.semaphores.values() for lock in semaphore.locks}
    return [pipe for pipe in found.pipes.values() if not pipe.path and pipe.readers & pipe.writers & makers]


def _arena_before(inode: Inode, pids: frozenset[int], found: Objects) -> Inode | None:
    """The arena made just before: Barrier keeps its two counters in one, then makes its Condition."""
    before = max((one for one in (*found.semaphores, *found.memory) if one < inode), default=inode)
    arena = found.memory.get(before) if _near(before, inode) else None
    return arena.inode if arena is not None and arena.kind == "arena" and arena.pids & pids else None
