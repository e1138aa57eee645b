"""A Recording retold as lives: who was hired by whom, what each held, wanted and left behind.

Events of the probe and sightings of the operating system are joined here into workers,
threads, locks and numbers; ``evidence`` narrows them to one step. Pure and total: what is
missing stays missing, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from parallab import model
from parallab.story.channels import Mailbox, Pipe, Word, all_mailboxes, all_pipes
from parallab.story.locks import Hold, Lock, Run, all_locks
from parallab.story.pools import Pool, Task, all_pools, delivered, of_runs
from parallab.story.processes import Program, Worker, all_processes, all_programs, death, numbered, some
from parallab.story.proxies import Call, all_calls
from parallab.story.queues import JOURNAL, Line, Queue, all_queues, between_processes, journal
from parallab.story.segments import SharedSegment, all_segments
from parallab.story.standstill import LockWait, Standstill, diagnoses, standstill
from parallab.story.threads import RETURNS_NS, Thread, all_threads
from parallab.story.together import Together, rounds, together

__all__ = [
    "JOURNAL",
    "RETURNS_NS",
    "Call",
    "Hold",
    "Line",
    "Lock",
    "LockWait",
    "Mailbox",
    "Number",
    "Pipe",
    "Pool",
    "Program",
    "Queue",
    "Run",
    "SharedSegment",
    "Standstill",
    "Story",
    "Task",
    "Thread",
    "Together",
    "Word",
    "Worker",
    "all_calls",
    "all_mailboxes",
    "all_pipes",
    "all_pools",
    "all_queues",
    "all_segments",
    "between_processes",
    "death",
    "delivered",
    "diagnoses",
    "journal",
    "numbered",
    "of_runs",
    "rounds",
    "segments_left",
    "some",
    "standstill",
    "tell",
    "together",
]


@dataclass(frozen=True)
class Number:
    """A shared Value or Array as it was last read."""

    address: int
    code: str = ""
    length: int = 1
    value: int | float | None = None
    items: tuple[int | float | None, ...] = ()
    """Of an array, its first 256 elements."""
    locked: bool = False
    lock: str = ""
    names: tuple[str, ...] = ()
    given_to: tuple[int, ...] = ()
    """The processes that got it as an argument."""


@dataclass(frozen=True)
class Story:
    """All lives of a recording."""

    workers: tuple[Worker, ...]
    threads: tuple[Thread, ...]
    locks: tuple[Lock, ...]
    made: tuple[model.NumberMade, ...]
    readings: tuple[tuple[Run, int, model.Reading], ...]
    forks: tuple[Worker, ...] = ()
    """Children of os.fork."""
    programs: tuple[Program, ...] = ()
    segments: tuple[SharedSegment, ...] = ()
    pools: tuple[Pool, ...] = ()

    def worker(self, pid: int) -> Worker | None:
        """The latest worker with this pid, or None."""
        return next((worker for worker in reversed(self.workers) if worker.pid == pid), None)

    def numbers_of(self, runs: Iterable[Run]) -> tuple[Number, ...]:
        """Shared numbers that were read in, made in, or given to workers of these runs."""
        mine = frozenset(runs)
        found: dict[int, Number] = {}
        for made in self.made:
            if (made.cell, made.run) in mine:
                found[made.address] = Number(
                    made.address, made.code, made.length, locked=bool(made.lock), lock=made.lock
                )
        for run, _, reading in sorted(self.readings, key=lambda line: line[1]):
            if run not in mine:
                continue
            before = found.get(reading.address, Number(reading.address))
            found[reading.address] = replace(
                before,
                code=reading.code or before.code,
                value=reading.value,
                items=reading.items,
                locked=reading.locked or before.locked,
                lock=reading.lock or before.lock,
                names=reading.names or before.names,
            )
        for address, number in found.items():
            givers = tuple(
                worker.pid
                for worker in self.workers
                if (worker.cell, worker.run) in mine and any(arg.address == address for arg in worker.given("number"))
            )
            found[address] = replace(number, given_to=givers)
        return tuple(found.values())


def tell(recording: model.Recording) -> Story:
    """The lives of a recording."""
    readings: list[tuple[Run, int, model.Reading]] = []
    for event in recording.events:
        if isinstance(event, model.CellEnd | model.Answer):
            readings += [((event.cell, event.run), event.at, reading) for reading in event.readings]
    workers, forks = all_processes(recording)
    return Story(
        workers,
        all_threads(recording),
        all_locks(recording, workers),
        tuple(event for event in recording.events if isinstance(event, model.NumberMade)),
        tuple(readings),
        forks,
        all_programs(recording),
        all_segments(recording, workers),
        all_pools(recording, workers),
    )


def segments_left(recording: model.Recording) -> tuple[model.Segment, ...]:
    """Segments in /dev/shm now that a process of this kernel had mapped, or made, and the baseline had not."""
    if not recording.snapshots:
        return ()
    old = {segment.inode for segment in (recording.baseline.segments if recording.baseline else ())}
    mapped = {
        mapping.inode
        for snapshot in recording.snapshots
        for process in snapshot.processes
        for mapping in process.mappings
    }
    made = {
        (event.segment, event.inode)
        for event in recording.events
        if isinstance(event, model.SegmentUse) and event.act == "create" and event.error is None
    }
    return tuple(
        segment
        for segment in recording.snapshots[-1].segments
        if segment.inode not in old
        and (segment.inode in mapped or (segment.name, segment.inode) in made)
        and not segment.name.startswith("sem.")
    )
