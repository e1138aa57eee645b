"""Shared memory segments: who made, attached, closed and unlinked each, and what it held.

A segment is its name and inode: names are used again, and a new one of an old name is another.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from parallab import model
from parallab.story.locks import Run
from parallab.story.processes import Worker

#: Bytes of a content that are unpacked at the most: the probe sends no larger ones.
LARGEST = 64 * 1024


@dataclass(frozen=True)
class Segment:
    """One segment. Processes are told by pid."""

    name: str
    ino: int = 0
    size: int = 0
    owner: str = ""
    """"" for a SharedMemory, ``list`` for a ShareableList's, ``manager`` for a SharedMemoryManager's."""
    made_by: int = 0
    made_in: Run = ("", 0)
    mapped_by: frozenset[int] = frozenset()
    """The processes that had it in their memory at some time."""
    uses: tuple[model.SegmentUse, ...] = ()
    packed: str = field(default="", repr=False)

    @cached_property
    def content(self) -> bytes | None:
        """What it held when the notebook closed it, or at the last cell's end; None where that was not read."""
        try:
            return zlib.decompressobj().decompress(base64.b64decode(self.packed), LARGEST) if self.packed else None
        except (binascii.Error, zlib.error):
            return None

    def did(self, act: str, *, by_hand: bool = True) -> tuple[int, ...]:
        """The processes that did it with success; ``by_hand``: not by letting go of the object."""
        done = (use for use in self.uses if use.act == act and use.error is None)
        return tuple(dict.fromkeys(use.pid for use in done if not (by_hand and use.owner == "drop")))

    def failed(self, act: str) -> tuple[model.SegmentUse, ...]:
        """The attempts at it that raised."""
        return tuple(use for use in self.uses if use.act == act and use.error is not None)


def all_segments(recording: model.Recording, runs: Iterable[Run], workers: Sequence[Worker]) -> Iterator[Segment]:
    """The segments of which these cell runs, or their processes, reported a use."""
    mine = frozenset(runs)
    groups: list[list[model.SegmentUse]] = []
    by_name: dict[str, int] = {}
    for event in recording.events:
        if not isinstance(event, model.SegmentUse) or not event.segment:
            continue
        place = by_name.get(event.segment)
        fresh = event.act == "create" and event.error is None
        if place is None or fresh:
            groups.append([])
            by_name[event.segment] = place = len(groups) - 1
        groups[place].append(event)
    for uses in groups:
        if any((use.cell, use.run) in mine for use in uses):
            yield _segment(recording, uses, mine, workers)


def _segment(
    recording: model.Recording, uses: list[model.SegmentUse], mine: frozenset[Run], workers: Sequence[Worker]
) -> Segment:
    name = uses[0].segment
    ino = next((use.ino for use in uses if use.ino), 0)
    made = next((use for use in uses if use.act == "create" and use.error is None), None)
    mapped = {use.pid for use in uses if use.act in ("create", "attach") and use.error is None}
    # A forked child has what it was given without attaching it; others attach it when they unpickle it.
    mapped |= {
        worker.pid
        for worker in workers
        if worker.method == "fork" and any(arg.name.lstrip("/") == name for arg in worker.given("segment"))
    }
    mapped |= {
        process.pid
        for snapshot in recording.snapshots
        for process in snapshot.processes
        for mapping in process.mappings
        if ino and mapping.inode.ino == ino and mapping.path.endswith(f"/{name}")
    }
    return Segment(
        name,
        ino,
        max(use.size for use in uses),
        made.owner if made is not None else "",
        made.pid if made is not None else 0,
        (made.cell, made.run) if made is not None else ("", 0),
        frozenset(mapped),
        tuple(uses),
        _content(recording, name, ino, uses, mine),
    )


def _content(
    recording: model.Recording, name: str, ino: int, uses: list[model.SegmentUse], mine: frozenset[Run]
) -> str:
    """The latest that is known."""
    found = [(use.at, use.content) for use in uses if use.content]
    for event in recording.events:
        if isinstance(event, model.CellEnd | model.Answer) and (event.cell, event.run) in mine:
            found += [
                (event.at, one.content)
                for one in event.segments
                if one.content and one.name == name and one.ino in (0, ino)
            ]
    return max(found)[1] if found else ""
