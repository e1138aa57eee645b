"""Shared memory: who made, attached, closed and unlinked each segment, when, and what it held.

Told by the probe's reports, and by /dev/shm as it was seen. A segment is its name and inode: names
are used again, and a new one of an old name is another.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from parallab import model
from parallab.story.locks import Run
from parallab.story.processes import Worker

#: Bytes of a content that are unpacked at the most: the probe sends no larger ones.
LARGEST = 64 * 1024


@dataclass(frozen=True)
class SharedSegment:
    """One SharedMemory (or ShareableList). Processes are told by pid; times are monotonic ns, 0 unknown."""

    name: str
    inode: model.Inode | None = None
    size: int = 0
    """Bytes."""
    owner: str = ""
    """"" for a SharedMemory, ``list`` for a ShareableList's, ``manager`` for a SharedMemoryManager's."""
    made_by: int = 0
    """0: its making was not reported: it may be somebody else's."""
    made_in: Run = ("", 0)
    created: int = 0
    unlinked: int = 0
    mapped_by: frozenset[int] = frozenset()
    """The processes that had it in their memory at some time."""
    uses: tuple[model.SegmentUse, ...] = ()
    confirmed: bool = False
    """The operating system showed it: as it came, or in a look."""
    packed: str = field(default="", repr=False)
    left_by: Mapping[int, str] = field(default_factory=dict, repr=False)
    """What it held when a process closed it for the last time, packed; where that was read."""

    def __str__(self) -> str:
        return f"the shared memory “{self.name}”"

    @cached_property
    def content(self) -> bytes | None:
        """What it held at last: when it was closed, or at the last cell's end; None where that was not read."""
        return _unpacked(self.packed)

    def content_left_by(self, pid: int) -> bytes | None:
        """What it held when this process closed it for the last time; None where that was not read."""
        return _unpacked(self.left_by.get(pid, ""))

    def did(self, act: str, *, by_hand: bool = True) -> tuple[int, ...]:
        """The processes that did it with success; ``by_hand``: not by letting go of the object."""
        done = (use for use in self.uses if use.act == act and use.error is None)
        return tuple(dict.fromkeys(use.pid for use in done if not (by_hand and use.owner == "drop")))

    def failed(self, act: str) -> tuple[model.SegmentUse, ...]:
        """The attempts at it that raised."""
        return tuple(use for use in self.uses if use.act == act and use.error is not None)


def _unpacked(packed: str) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(base64.b64decode(packed), LARGEST) if packed else None
    except (binascii.Error, zlib.error):
        return None


def all_segments(
    recording: model.Recording, workers: Sequence[Worker], runs: Iterable[Run] | None = None
) -> tuple[SharedSegment, ...]:
    """The segments in order of first use; with ``runs``, those that these cell runs or their processes used."""
    mine = frozenset(runs) if runs is not None else None
    lives = [uses for uses in _lives(recording) if mine is None or any((use.cell, use.run) in mine for use in uses)]
    if not lives:
        return ()
    sight = _sight(recording, workers, mine)
    return tuple(_segment(uses, sight) for uses in lives)


def _lives(recording: model.Recording) -> list[list[model.SegmentUse]]:
    """The uses of each segment. What tells no inode (an unlink after the close) is of the newest of that name."""
    found: list[list[model.SegmentUse]] = []
    by_name: dict[str, list[model.SegmentUse]] = {}
    by_inode: dict[tuple[str, model.Inode], list[model.SegmentUse]] = {}
    for event in recording.events:
        if not isinstance(event, model.SegmentUse) or event.act == "arena" or not event.segment:
            continue
        uses = by_inode.get((event.segment, event.inode)) if event.inode is not None else None
        uses = uses if uses is not None else by_name.get(event.segment)
        if uses is None or (event.act == "create" and event.error is None):
            uses = by_name[event.segment] = []
            found.append(uses)
        if event.inode is not None:
            by_inode[event.segment, event.inode] = uses
        uses.append(event)
    return found


@dataclass(frozen=True)
class _Sight:
    """What else a recording shows of segments, read through once."""

    shown: Mapping[model.Inode, model.ShmLife]
    mapped: Mapping[model.Inode, set[int]]
    """The processes that had it mapped when somebody looked."""
    given: Mapping[str, set[int]]
    """By name, the forked children that got it as an argument."""
    contents: Mapping[str, list[tuple[int, model.Inode | None, str]]]
    """By name, what was read of it at the ends of cells and when it was asked for."""


def _sight(recording: model.Recording, workers: Sequence[Worker], mine: frozenset[Run] | None) -> _Sight:
    mapped: dict[model.Inode, set[int]] = {}
    for snapshot in recording.snapshots:
        for process in snapshot.processes:
            for mapping in process.mappings:
                mapped.setdefault(mapping.inode, set()).add(process.pid)
    given: dict[str, set[int]] = {}
    # A forked child has what it was given without attaching it; others attach it when they unpickle it.
    for worker in workers:
        for arg in worker.given("segment") if worker.method == "fork" else ():
            given.setdefault(arg.name.removeprefix("/"), set()).add(worker.pid)
    contents: dict[str, list[tuple[int, model.Inode | None, str]]] = {}
    for event in recording.events:
        if isinstance(event, model.CellEnd | model.Answer) and (mine is None or (event.cell, event.run) in mine):
            for one in event.segments:
                if one.content:
                    contents.setdefault(one.name, []).append((event.at, one.inode, one.content))
    shown = {one.inode: one for one in recording.shm if one.inode is not None}
    return _Sight(shown, mapped, given, contents)


def _segment(uses: list[model.SegmentUse], sight: _Sight) -> SharedSegment:
    name = uses[0].segment
    inode = next((use.inode for use in uses if use.inode is not None), None)
    seen = sight.shown.get(inode) if inode is not None else None
    made = next((use for use in uses if use.act == "create" and use.error is None), None)
    unlinked = next((use.at for use in uses if use.act == "unlink" and use.error is None), 0)
    mapped = {use.pid for use in uses if use.act in ("create", "attach") and use.error is None}
    mapped |= sight.given.get(name, set())
    mapped |= sight.mapped.get(inode, set()) if inode is not None else set()
    read = [(use.at, use.content) for use in uses if use.content]
    read += [(at, content) for at, of, content in sight.contents.get(name, ()) if of in (None, inode)]
    return SharedSegment(
        name,
        inode,
        max(use.size for use in uses),
        owner=made.owner if made is not None else "",
        made_by=made.pid if made is not None else 0,
        made_in=(made.cell, made.run) if made is not None else ("", 0),
        created=made.at if made is not None else 0,
        unlinked=unlinked or (seen.deleted if seen is not None else 0),
        mapped_by=frozenset(mapped),
        uses=tuple(uses),
        confirmed=seen is not None and seen.seen,
        packed=max(read)[1] if read else "",
        left_by={use.pid: use.content for use in uses if use.act == "close" and use.content},
    )
