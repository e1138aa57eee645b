"""Semaphores and pipes put together to what was made of them: queues, events, conditions, barriers.

multiprocessing makes the semaphores of one object one after the other, and tmpfs numbers them in
that order. So runs of neighbouring inodes are read as words: L a semaphore of at most 1, R a
recursive one, B of at most n, S without limit. Same on CPython 3.10 to 3.14:

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

Kind = Literal["queue", "joinable-queue", "simple-queue", "event", "condition", "barrier"]

SEM_VALUE_MAX = 2**31 - 1

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
    """An object made of others; ``semaphores`` in the order of making, ``pipe`` of a queue."""

    kind: Kind
    semaphores: tuple[Inode, ...]
    pipe: Inode | None = None
    memory: Inode | None = None

    @property
    def parts(self) -> tuple[Inode, ...]:
        """Everything it is made of."""
        return (*self.semaphores, *(one for one in (self.pipe, self.memory) if one is not None))


def composites(found: Objects) -> tuple[Composite, ...]:
    """The composite objects among these, as far as they can be told."""
    pipes = sorted(_two_ended(found), key=lambda pipe: pipe.inode)
    result = []
    for run in _runs(found):
        word = "".join(_letter(semaphore) for semaphore in run)
        position = 0
        while position < len(run):
            made = _read(word, position, run, pipes, found)
            if made is None:
                position += 1
                continue
            result.append(made)
            position += len(made.semaphores)
    return tuple(result)


def _read(word: str, position: int, run: list[Semaphore], pipes: list[Pipe], found: Objects) -> Composite | None:
    for kind, pattern, needs_pipe in _WORDS:
        match = pattern.match(word, position)
        if match is None:
            continue
        part = run[position : match.end()]
        inodes = tuple(semaphore.inode for semaphore in part)
        if needs_pipe:
            pids = part[0].pids
            pipe = next((one for one in pipes if one.readers & one.writers & pids), None)
            if pipe is None:
                continue
            pipes.remove(pipe)
            return Composite(kind, inodes, pipe.inode)
        if kind == "condition" and (arena := _arena_before(inodes[0], part[0].pids, found)) is not None:
            return Composite("barrier", inodes, memory=arena)
        return Composite(kind, inodes)
    return None


def _runs(found: Objects) -> list[list[Semaphore]]:
    """Semaphores with neighbouring inodes, each of which is known by a SemLock record."""
    runs: list[list[Semaphore]] = []
    last: Inode | None = None
    for inode in sorted(found.semaphores):
        semaphore = found.semaphores[inode]
        if not semaphore.locks:
            last = None
            continue
        if last is None or (inode.dev, inode.ino) != (last.dev, last.ino + 1):
            runs.append([])
        runs[-1].append(semaphore)
        last = inode
    return runs


def _letter(semaphore: Semaphore) -> str:
    if semaphore.recursive:
        return "R"
    if semaphore.maxvalue == 1:
        return "L"
    return "S" if semaphore.maxvalue == SEM_VALUE_MAX else "B"


def _two_ended(found: Objects) -> list[Pipe]:
    """Pipes of which some process holds both ends, as the maker of a queue does."""
    return [pipe for pipe in found.pipes.values() if not pipe.path and pipe.readers & pipe.writers]


def _arena_before(inode: Inode, pids: frozenset[int], found: Objects) -> Inode | None:
    """The arena made just before: Barrier keeps its two counters in one, then makes its Condition."""
    arena = found.memory.get(Inode(inode.dev, inode.ino - 1))
    return arena.inode if arena is not None and arena.kind == "arena" and arena.pids & pids else None
