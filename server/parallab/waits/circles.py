"""Circles among waits: each is held by the process of the next, and the last by that of the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parallab.waits.graph import Picture, Wait


@dataclass(frozen=True)
class Cycle:
    """Waits of which each is held by the process of the next, and the last by that of the first."""

    waits: tuple[Wait, ...]

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes around the circle."""
        return tuple(wait.pid for wait in self.waits)


def cycles(seen: Picture, waits: Iterable[Wait]) -> tuple[Cycle, ...]:
    """Circles among these waits, each once, beginning at its smallest pid."""
    waits = tuple(waits)
    by_pid: dict[int, list[Wait]] = {}
    for wait in waits:
        by_pid.setdefault(wait.pid, []).append(wait)
    found: dict[frozenset[Wait], Cycle] = {}
    for first in waits:
        path = _circle(first, by_pid, seen)
        if path and frozenset(path) not in found:
            least = path.index(min(path, key=lambda wait: (wait.pid, wait.tid)))
            found[frozenset(path)] = Cycle(tuple(path[least:] + path[:least]))
    return tuple(found.values())


def _circle(first: Wait, by_pid: dict[int, list[Wait]], seen: Picture) -> list[Wait]:
    """The shortest way from a wait through its holders back to its own thread, breadth first."""
    queue = [[first]]
    visited = {first}
    while queue:
        path = queue.pop(0)
        for pid in path[-1].held_by or ():
            for following in by_pid.get(pid, ()):
                if not _ends(path[-1], following, seen):
                    continue
                if following == first:
                    return path
                if following not in visited:
                    visited.add(following)
                    queue.append([*path, following])
    return []


def _ends(wait: Wait, following: Wait, seen: Picture) -> bool:
    """Whether the thread that ``following`` blocks is one that could have ended ``wait``."""
    lock = seen.objects.semaphores.get(wait.inode) if wait.inode is not None else None
    if lock is not None and lock.is_lock and (named := lock.holder_threads(following.pid)):
        return following.tid in named  # another thread of the same process may be the one that has it
    return (following.pid, following.tid) in seen.enders[wait.pid, wait.tid] or following == wait
