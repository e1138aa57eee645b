"""Which of the names that come and go in /dev/shm are this kernel's, and when they did.

The folder is everybody's: inotify(7) tells names and not who it was. A name is the kernel's only
when the probe said so as it was made, or when a process of the kernel's had that very object
mapped; all else is left out. What lived shorter than any look is known so. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from parallab import model
from parallab.ledger import kind_of

#: Names, of whomever, that are remembered until it is known whose they are.
NAMES = 8192
#: The kernel's own that are kept: so many of the first, and of the last.
HALF = 1000

Held = tuple[str, model.Inode]

_FOLDER = "/dev/shm/"  # noqa: S108
#: glibc makes a semaphore under such a name before it gets its own, and its maker's mappings show it ever after.
_TEMPORARY = re.compile(r"sem\.[A-Za-z0-9]{6}")


def held(snapshot: model.Snapshot, before: frozenset[model.Inode]) -> tuple[Held, ...]:
    """What in /dev/shm processes of a snapshot have mapped, but for what was there ``before``."""
    found = {
        (mapping.path[len(_FOLDER) :], mapping.inode): None
        for process in snapshot.processes
        for mapping in process.mappings
        if mapping.path.startswith(_FOLDER) and mapping.inode not in before
    }
    return tuple(one for one in found if not _TEMPORARY.fullmatch(one[0]))


@dataclass
class _Name:
    """How often a name came, and when it came and went last (monotonic ns)."""

    times: int = 0
    created: int = 0
    deleted: int = 0


class Comings:
    """Of one life of a kernel."""

    def __init__(self) -> None:
        self.left_out = 0
        """Objects of the kernel's own that were counted but not kept."""
        self._seen: dict[str, _Name] = {}
        self._own: dict[str, list[model.ShmLife]] = {}
        self._kept = 0
        self._late: dict[str, None] = {}
        self._inodes: set[model.Inode] = set()

    def saw(self, name: str, what: Literal["created", "deleted"], at: int) -> None:
        """A name was created or deleted, by whomever."""
        one = self._seen.pop(name, None) or _Name()
        if what == "created":
            one.times, one.created, one.deleted = one.times + 1, at, 0
        else:
            one.deleted = at
        self._seen[name] = one
        if len(self._seen) > NAMES:
            del self._seen[next(iter(self._seen))]

    def hear(self, event: model.AnyEvent) -> None:
        """The probe names what a process of ours makes or unlinks; what it only tried to may be somebody else's."""
        match event:
            case model.LockMade() if event.created and event.lock:
                name = "sem." + event.lock.removeprefix("/")
                self._name(model.ShmLife(name, "semaphore", pid=event.pid, created=event.at))
            case model.SegmentUse(act="create", error=None):
                self._name(model.ShmLife(event.segment, pid=event.pid, created=event.at, inode=event.inode))
            case model.SegmentUse(act="arena"):
                self._name(model.ShmLife(event.segment, "arena", pid=event.pid, created=event.at, inode=event.inode))
            case model.SegmentUse(act="unlink", error=None) if event.segment in self._own:
                last = self._own[event.segment][-1]
                self._own[event.segment][-1] = msgspec.structs.replace(last, deleted=last.deleted or event.at)
            case _:
                pass

    def hold(self, found: Iterable[Held]) -> None:
        """A snapshot shows these mapped by processes of ours."""
        for name, inode in found:
            if inode in self._inodes:
                continue
            mine = self._own.get(name)
            if mine and mine[-1].inode is None:
                mine[-1] = msgspec.structs.replace(mine[-1], inode=inode)
                self._inodes.add(inode)
            elif not mine or mine[-1].inode != inode:
                kind: Literal["segment", "semaphore"] = "semaphore" if kind_of(name) == "semaphore" else "segment"
                self._keep(model.ShmLife(name, kind, "mapping", inode=inode))

    def _name(self, one: model.ShmLife) -> None:
        """The probe says who made it; a look may have shown it mapped before that was heard."""
        mine = self._own.get(one.name)
        if mine and mine[-1].by == "mapping" and one.inode in (None, mine[-1].inode):
            mine[-1] = msgspec.structs.replace(one, inode=mine[-1].inode, deleted=mine[-1].deleted)
        else:
            self._keep(one)

    def _keep(self, one: model.ShmLife) -> None:
        self._own.setdefault(one.name, []).append(one)
        if one.inode is not None:
            self._inodes.add(one.inode)
        self._kept += 1
        if self._kept > HALF:
            self._late.pop(one.name, None)
            self._late[one.name] = None
        if len(self._late) > HALF:
            oldest = next(iter(self._late))
            del self._late[oldest]
            self._forget(self._own.pop(oldest))
        elif len(self._own[one.name]) > HALF:
            self._forget([self._own[one.name].pop(0)])

    def _forget(self, gone: list[model.ShmLife]) -> None:
        self.left_out += len(gone)
        self._inodes -= {one.inode for one in gone if one.inode is not None}

    def lives(self) -> tuple[model.ShmLife, ...]:
        """The kernel's own, in order of their making, with what the folder showed where that is unmistakable."""
        told = [one for name, mine in self._own.items() for one in self._told(mine, self._seen.get(name))]
        return tuple(sorted(told, key=lambda one: one.created))

    def _told(self, mine: list[model.ShmLife], seen: _Name | None) -> list[model.ShmLife]:
        # Somebody else used the same name as well: what of it was ours cannot be told.
        if seen is None or seen.times > len(mine):
            return mine
        told = [msgspec.structs.replace(one, seen=True) for one in mine] if seen.times == len(mine) else list(mine)
        last = told[-1]
        # Under fork a semaphore is unlinked before it is reported.
        created = min(filter(None, (last.created, seen.created)), default=0)
        told[-1] = msgspec.structs.replace(last, created=created, deleted=last.deleted or seen.deleted)
        return told
