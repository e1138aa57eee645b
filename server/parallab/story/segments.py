"""Shared memory as it was made, opened, closed and unlinked, from the probe's reports and the folder's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parallab import model


@dataclass(frozen=True)
class SharedSegment:
    """One SharedMemory (or ShareableList) from its making on; times are monotonic ns, 0 unknown."""

    name: str
    size: int = 0
    """Bytes."""
    pid: int = 0
    """Who made it."""
    cell: str = ""
    run: int = 0
    created: int = 0
    unlinked: int = 0
    attached: tuple[int, ...] = ()
    """The processes that opened it by its name."""
    closed: tuple[int, ...] = ()
    """The processes that closed it."""
    confirmed: bool = False
    """The operating system showed it: as it came, or in a look."""

    def __str__(self) -> str:
        return f"the shared memory “{self.name}”"


def all_segments(recording: model.Recording) -> tuple[SharedSegment, ...]:
    """Every segment that was reported as made, in order."""
    lives: list[SharedSegment] = []
    inodes: list[model.Inode | None] = []
    current: dict[str, int] = {}
    for event in recording.events:
        if not isinstance(event, model.SegmentUse) or event.act == "arena":
            continue
        if event.act == "create":
            current[event.segment] = len(lives)
            inodes.append(event.inode)
            lives.append(SharedSegment(event.segment, event.size, event.pid, event.cell, event.run, created=event.at))
            continue
        index = current.get(event.segment)
        if index is None:
            continue  # somebody else's
        one = lives[index]
        if event.act == "attach":
            lives[index] = replace(one, attached=(*one.attached, event.pid))
        elif event.act == "close":
            lives[index] = replace(one, closed=(*one.closed, event.pid))
        else:
            lives[index] = replace(one, unlinked=one.unlinked or event.at)
    shown = {one.inode: one for one in recording.shm if one.inode is not None}
    return tuple(
        _confirmed(one, shown.get(inode) if inode is not None else None)
        for one, inode in zip(lives, inodes, strict=True)
    )


def _confirmed(one: SharedSegment, seen: model.ShmLife | None) -> SharedSegment:
    if seen is None:
        return one
    return replace(one, confirmed=seen.seen, unlinked=one.unlinked or seen.deleted)
