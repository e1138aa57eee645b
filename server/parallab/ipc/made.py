"""What the library's objects are made of: facts of a process's memory -> composite objects.

Certain, where an object itself was found; what nobody's memory was searched for is left to the
order in which its parts were made (``grammar``). One object stands in the memory of each process
that was given it, so that objects are told apart by their parts, never by where they were found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from parallab.ipc.grammar import QUEUES, Composite, Kind, likely
from parallab.ipc.objects import Objects
from parallab.model import Inode, Made

_KINDS: dict[str, Kind] = {
    "Pool": "pool",
    "ProcessPoolExecutor": "executor",
    "ThreadPool": "pool",
    "ThreadPoolExecutor": "executor",
    "JoinableQueue": "joinable-queue",
    "Queue": "queue",
    "Barrier": "barrier",
    "Event": "event",
    "SimpleQueue": "simple-queue",
    "Condition": "condition",
}
"""By class, those that others are made of last."""

THREADED = frozenset(("ThreadPool", "ThreadPoolExecutor"))
"""Classes whose workers are threads."""


def composites(found: Objects) -> tuple[Composite, ...]:
    """The composite objects among these: those that are certain, and likely ones where memory told nothing."""
    certain = proven(found)
    known = understood(found)
    left = {inode: one for inode, one in found.semaphores.items() if inode not in known}
    taken = {part for one in certain for part in one.parts}
    pipes = {inode: one for inode, one in found.pipes.items() if inode not in taken}
    return (*certain, *likely(replace(found, semaphores=left, pipes=pipes)))


def understood(found: Objects) -> frozenset[Inode]:
    """Semaphores of which memory told what they are parts of, or that they are parts of nothing."""
    return frozenset(inode for inode, one in found.semaphores.items() if one.pids & found.searched)


def proven(found: Objects) -> tuple[Composite, ...]:
    """The composite objects that were found in memory, each once; what is inside another is not told apart."""
    read = _Resolver(found)
    kept: list[Composite] = []
    for cls, kind in _KINDS.items():
        whole: dict[object, Composite] = {}
        for one in found.made:
            made = read.composite(one, kind) if one.cls == cls else None
            if made is None:
                continue
            key = made.semaphores or (made.pids, made.address)
            whole[key] = _merged(whole[key], made) if key in whole else made
        for made in whole.values():
            parts = set(made.semaphores)
            if not parts or not any(parts <= set(other.semaphores) for other in kept):
                kept.append(made)
    return tuple(sorted(kept, key=lambda one: (not one.semaphores, one.semaphores[:1], one.address)))


def classes(found: Objects) -> dict[Inode, str]:
    """The class of each single semaphore: Lock, RLock, Semaphore or BoundedSemaphore."""
    read = _Resolver(found)
    told: dict[Inode, str] = {}
    for one in found.made:
        if one.cls in ("Lock", "RLock", "Semaphore", "BoundedSemaphore"):
            for inode in read.semaphores(one) or ():
                told[inode] = one.cls
    return told


def guards(found: Objects) -> dict[Inode, str]:
    """Locks that belong to a shared number: ``Value`` or ``Array``, by the lock's inode."""
    read = _Resolver(found)
    names = {"SynchronizedBase": "Value", "SynchronizedArray": "Array"}
    return {inode: names[one.cls] for one in found.made if one.cls in names for inode in read.semaphores(one) or ()}


def sentinels(found: Objects) -> dict[Inode, int]:
    """The pipes that multiprocessing keeps to each child, to learn of its end and to tell it of its parent's."""
    ends = _Resolver(found).ends
    told: dict[Inode, int] = {}
    for one in found.made:
        child = _number(one, "_popen.pid") if one.cls == "BaseProcess" else None
        if child is None:
            continue
        fds = [part.number for part in one.parts if part.path == "_popen.finalizer._args.*"]
        told |= {inode: child for fd in fds if (inode := ends.get((one.pid, fd))) in found.pipes and inode is not None}
    return told


def queues_by_address(found: Objects) -> dict[tuple[int, int], Inode]:
    """The pipe of each queue, by (pid, address of the queue): each process that has it has it at a place of its own."""
    ends = _Resolver(found).ends
    told: dict[tuple[int, int], Inode] = {}
    for one in found.made:
        fd = _number(one, "_reader._handle") if _KINDS.get(one.cls) in QUEUES else None
        inode = ends.get((one.pid, fd)) if fd is not None else None
        if inode is not None:
            told[one.pid, one.address] = inode
    return told


def _number(made: Made, path: str) -> int | None:
    return next((part.number for part in made.parts if part.path == path), None)


def _merged(first: Composite, second: Composite) -> Composite:
    """One object, as two processes know it."""
    return replace(
        first,
        pipe=first.pipe or second.pipe,
        pipes=tuple(dict.fromkeys((*first.pipes, *second.pipes))),
        memory=first.memory or second.memory,
        pids=first.pids | second.pids,
        unsent=first.unsent + second.unsent,
    )


class _Resolver:
    """Turns addresses and descriptors of one process into the objects behind them."""

    def __init__(self, found: Objects) -> None:
        self.locks = {(lock.pid, lock.address): inode for inode, one in found.semaphores.items() for lock in one.locks}
        self.ends = {(end.pid, end.fd): inode for inode, one in found.pipes.items() for end in one.ends}
        self.ends |= {(end.pid, end.fd): inode for inode, one in found.memory.items() for end in one.ends}

    def semaphores(self, made: Made) -> tuple[Inode, ...] | None:
        """The semaphores of an object in the order of its attributes; None when one is not known."""
        inodes = [self.locks.get((made.pid, part.address)) for part in made.parts if part.address]
        return tuple(one for one in inodes if one is not None) if None not in inodes else None

    def composite(self, made: Made, kind: Kind) -> Composite | None:
        """The object, or None when its parts are not there any more."""
        semaphores = self.semaphores(made)
        if semaphores is None or (not semaphores and made.cls != "ThreadPoolExecutor"):
            return None
        pipes = tuple(self._ends(made, ("_reader._handle", "_writer._handle")))
        main = next(iter(self._ends(made, ("_reader._handle", "_writer._handle"), direct=True)), None)
        numbers = {part.path: part.number for part in made.parts if part.number is not None}
        many = [part.number for part in made.parts if part.path in _WORKERS and part.number is not None]
        limit = numbers.get("_maxsize")
        return Composite(
            kind,
            semaphores,
            pipe=main,
            memory=next(iter(self._ends(made, (".fd",))), None),
            pipes=pipes,
            certain=True,
            cls=made.cls,
            pids=frozenset((made.pid,)),
            address=made.address,
            maxsize=limit if limit is not None and limit < _UNLIMITED else None,
            parties=numbers.get("_parties"),
            workers=tuple(dict.fromkeys(many)),
            tasks=numbers.get("_cache.len", numbers.get("_pending_work_items.len")),
            unsent=_unsent(numbers) if kind in ("queue", "joinable-queue") else 0,
            closed=any(part.path == "_state" and part.text not in ("", "RUN") for part in made.parts),
        )

    def _ends(self, made: Made, endings: tuple[str, ...], direct: bool = False) -> Iterable[Inode]:
        for part in made.parts:
            if part.number is not None and part.path.endswith(endings) and (not direct or part.path in endings):
                inode = self.ends.get((made.pid, part.number))
                if inode is not None:
                    yield inode


def _unsent(numbers: dict[str, int]) -> int:
    """Items that a queue's feeder has not begun to send: the farewell to the feeder itself is none."""
    told = "_close._args.0.len" not in numbers
    return max(0, numbers.get("_buffer.len", 0) - told)


_UNLIMITED = 2**31 - 1
_WORKERS = ("_pool.*._popen.pid", "_pool.*._native_id", "_processes.*", "_threads.*._native_id")
