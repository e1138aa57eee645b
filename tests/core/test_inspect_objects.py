"""What is named and what is only suspected: composites on snapshots written by hand."""

from __future__ import annotations

import msgspec
import pytest

from parallab import inspect_objects, waits
from parallab.ipc.grammar import SEM_VALUE_MAX
from parallab.model import Inode, Made, MadePart, Mapping, OpenFile, Process, SemaphoreState, SemLock, Snapshot, Thread

PIPE = Inode(15, 77)
LIMITS = (1, 1, 5)


def snapshot(**more: object) -> Snapshot:
    """One process with two locks, a semaphore of 5, of which 2 are left, and a pipe: what a Queue(5) is made of."""
    inodes = [Inode(27, number) for number in (1, 2, 3)]
    return msgspec.structs.replace(
        Snapshot(
            monotonic=1,
            unix=1.0,
            root=10,
            processes=(
                Process(
                    pid=10,
                    started=1,
                    ppid=1,
                    comm="python",
                    state="S",
                    cmdline=("python",),
                    threads=(Thread(10, "python", "S"),),
                    files=(OpenFile(3, "pipe", "r", "pipe:[77]", PIPE), OpenFile(4, "pipe", "w", "pipe:[77]", PIPE)),
                    mappings=tuple(Mapping(one.ino << 12, one.ino + 1 << 12, one, "/dev/shm/sem.x") for one in inodes),
                ),
            ),
            semaphores=tuple(SemaphoreState(one, value, 0) for one, value in zip(inodes, (1, 1, 2), strict=True)),
            sem_locks=tuple(
                SemLock(10, one, 0, limit, 1, address=one.ino * 100) for one, limit in zip(inodes, LIMITS, strict=True)
            ),
        ),
        **more,
    )


def queue(cls: str = "Queue", *, last: int = 300, maxsize: int = 5) -> Made:
    locks = zip(("_rlock", "_wlock", "_sem"), (100, 200, last), strict=True)
    parts = [MadePart(f"{name}._semlock", address=address) for name, address in locks]
    ends = [MadePart("_reader._handle", number=3), MadePart("_writer._handle", number=4)]
    return Made(10, 4096, cls, (*parts, MadePart("_maxsize", number=maxsize), *ends))


def told(seen: Snapshot) -> dict[str, str]:
    return {one.kind: one.state for one in inspect_objects.told(seen, waits.picture(seen)) if one.parts}


def doubts(seen: Snapshot) -> list[str]:
    return [one.what for one in inspect_objects.doubts(waits.picture(seen))]


def test_what_was_found_in_memory_is_named():
    seen = snapshot(made=(queue(),), searched=(10,))

    assert told(seen) == {"queue": "3 items of 5"}
    assert doubts(seen) == []


def test_parts_alone_are_a_doubt():
    assert told(snapshot()) == {}
    assert doubts(snapshot()) == ["whether 4 parts from 1b:1 on are a Queue"]


def test_parts_in_a_searched_memory_without_a_queue_are_parts():
    lock = Made(10, 4096, "Lock", (MadePart("_semlock", address=100),))
    seen = snapshot(made=(lock,), searched=(10,))

    assert told(seen) == {}
    assert doubts(seen) == []


def test_an_object_whose_semaphore_is_gone_is_not_named():
    assert told(snapshot(made=(queue(last=999),), searched=(10,))) == {}


@pytest.mark.parametrize("times", [1, 3])
def test_one_object_in_many_memories_is_one(times):
    seen = snapshot(made=(queue(maxsize=SEM_VALUE_MAX),) * times, searched=(10,))

    assert told(seen) == {"queue": "3 items"}
