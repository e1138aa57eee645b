"""What belongs to one life of a kernel, as it is remembered on disk: a Ledger, and how it grows.

While a recorded kernel lives, its ledger says which processes, segments, named semaphores and
``pymp-*`` folders are its own, so that what it leaves can be told from others' when it is dead,
by a later server as well. Pure: ``ledgers`` reads and writes, ``leftovers`` decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from parallab.model import Fact, Inode, Process, Snapshot

SCHEMA = 1
#: Processes and objects that one ledger remembers at the most; more are counted.
MOST = 2000
#: Bytes of a ledger's file at the most: above what MOST entries need.
LARGEST = 4 << 20

Kind = Literal["segment", "semaphore", "folder"]

_PYMP = re.compile(r"(/(?:.*/)?pymp-[A-Za-z0-9_]+)/[^/]+")


class Place(Fact, frozen=True):
    """Where pids mean something: a host, since its boot, in one pid namespace (pid_namespaces(7))."""

    host: str
    boot: str
    namespace: str


class OwnProcess(Fact, frozen=True, order=True):
    """A process by (pid, start time in ticks since boot)."""

    pid: int
    started: int


class OwnObject(Fact, frozen=True, order=True):
    """What outlives processes: ``name`` is the entry of /dev/shm, of a folder its path."""

    inode: Inode
    name: str
    kind: Kind


class Ledger(Fact, frozen=True):
    """One life of one kernel; ``life`` is unlike any other's, restarts of the same kernel included.

    ``began`` is Unix seconds, ``started`` the kernel's start time in ticks since boot; ``dropped``
    counts what did not fit.
    """

    schema: int
    life: str
    kernel: str
    pid: int
    started: int
    place: Place
    uid: int
    began: float
    notebook: str = ""
    cmdline: tuple[str, ...] = ()
    processes: tuple[OwnProcess, ...] = ()
    objects: tuple[OwnObject, ...] = ()
    dropped: int = 0


_decoder = msgspec.json.Decoder(Ledger)


def loads(text: bytes) -> Ledger:
    """A ledger from its file; msgspec.DecodeError when it is none."""
    return _decoder.decode(text)


def dumps(ledger: Ledger) -> bytes:
    """As its file has it."""
    return msgspec.json.encode(ledger)


def with_tree(ledger: Ledger, processes: Iterable[Process]) -> Ledger:
    """With the living descendants of a look at the tree; those that it does not show are gone."""
    processes = tuple(processes)
    if not _alive(ledger, processes):
        return ledger
    mine = {OwnProcess(one.pid, one.started) for one in processes if one.state not in "ZX"}
    mine.discard(OwnProcess(ledger.pid, ledger.started))
    kept = tuple(sorted(mine))[:MOST]
    return msgspec.structs.replace(ledger, processes=kept, dropped=max(ledger.dropped, len(mine) - len(kept)))


def with_snapshot(
    ledger: Ledger,
    snapshot: Snapshot,
    before: frozenset[Inode],
    folders: Mapping[str, Inode],
    named: frozenset[Inode] = frozenset(),
) -> Ledger:
    """With what a snapshot shows: processes, and what they hold in /dev/shm and ``folders``.

    ``before`` was there when the kernel started, so it is somebody else's, whoever maps it now;
    ``named`` were made by this kernel's processes, as their probe said, and may be held by nobody.
    """
    if not _alive(ledger, snapshot.processes):
        return ledger
    ledger = with_tree(ledger, snapshot.processes)
    held = (holdings(snapshot.processes) | named) - before
    listed = {segment.inode: segment.name for segment in snapshot.segments}
    whole = not any(one.kind == "segments" for one in snapshot.missing)
    # What is not in a whole listing any more was unlinked: it will never be left over.
    still = {one for one in ledger.objects if one.kind == "folder" or not whole or listed.get(one.inode) == one.name}
    new = {OwnObject(inode, listed[inode], kind_of(listed[inode])) for inode in held & listed.keys()}
    new |= {OwnObject(inode, path, "folder") for path, inode in folders.items()}
    return with_objects(msgspec.structs.replace(ledger, objects=tuple(sorted(still))), new)


def with_objects(ledger: Ledger, objects: Iterable[OwnObject]) -> Ledger:
    """With these objects too, as far as they fit."""
    every = sorted({*ledger.objects, *objects})
    return msgspec.structs.replace(ledger, objects=tuple(every[:MOST]), dropped=max(ledger.dropped, len(every) - MOST))


def _alive(ledger: Ledger, processes: Iterable[Process]) -> bool:
    """Whether the kernel itself is among them: without it nobody knows whose the others are."""
    return any(one.pid == ledger.pid and one.started == ledger.started and one.state not in "ZX" for one in processes)


def holdings(processes: Iterable[Process]) -> frozenset[Inode]:
    """All that these processes have mapped or open."""
    found = {mapping.inode for one in processes for mapping in one.mappings}
    return frozenset(found | {file.inode for one in processes for file in one.files if file.inode is not None})


def kind_of(name: str) -> Kind:
    """What an entry of /dev/shm is: sem_open(3) puts ``sem.`` before a semaphore's name."""
    return "semaphore" if name.startswith("sem.") else "segment"


def folders(snapshot: Snapshot) -> frozenset[str]:
    """The ``pymp-*`` folders in which these processes listen."""
    own = {file.inode.ino for one in snapshot.processes for file in one.files if file.kind == "socket" and file.inode}
    paths = (_PYMP.fullmatch(one.path) for one in snapshot.sockets if one.listening and one.inode in own)
    return frozenset(match[1] for match in paths if match)
