"""The whole story of one kernel, as JSON on disk and back."""

from __future__ import annotations

from typing import Literal

import msgspec

from parallab.model.basis import Fact
from parallab.model.seen import Inode, Snapshot
from parallab.model.told import AnyEvent, ThreadRun

SCHEMA = 1


class Sighting(Fact, frozen=True):
    """When the OS confirmed a process: seen in /proc, by credentials on its own packet, or by its pidfd."""

    pid: int
    started: int = 0
    ppid: int = 0
    by: Literal["proc", "credentials", "pidfd"] = "proc"
    first: int = 0
    last: int = 0
    cmdline: tuple[str, ...] = ()
    comm: str = ""
    exit_code: int | None = None
    ended: int = 0
    """When its end was seen (pidfd or /proc), 0 while it lives."""
    since: int = 0
    """When the system started it (monotonic ns, a tick too early at the most), 0 where no look saw it."""
    begun_by: int = 0
    """A moment at which it had begun, and one at which it still lived, as the system vouches; 0 where it does not.

    By looks, and by when its reports were sent: not by any clock of the learner's.
    """
    alive_at: int = 0


class ShmLife(Fact, frozen=True):
    """An entry of /dev/shm that is this kernel's, as it came and went; times are monotonic ns, 0 unknown.

    ``by`` says how it is known whose it is: the probe named it, or a process of the kernel's had it
    mapped. ``pid`` is who made it, 0 unknown.
    """

    name: str
    kind: Literal["segment", "semaphore", "arena"] = "segment"
    by: Literal["probe", "mapping"] = "probe"
    pid: int = 0
    created: int = 0
    deleted: int = 0
    """When its name was deleted: who has it mapped keeps it."""
    seen: bool = False
    """The operating system showed its making (inotify(7)), however short it lived."""
    inode: Inode | None = None


class Recording(Fact, frozen=True):
    """A kernel's life as far as it was recorded and kept.

    ``events`` are in order of ``at``. ``not_recorded`` says in sentences what was left out;
    ``lost`` counts reports that did not arrive.
    """

    schema: int
    kernel: str
    pid: int
    platform: str = "linux"
    probe: bool = True
    baseline: Snapshot | None = None
    snapshots: tuple[Snapshot, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    events: tuple[AnyEvent, ...] = ()
    shm: tuple[ShmLife, ...] = ()
    not_recorded: tuple[str, ...] = ()
    lost: int = 0
    blind: str = ""
    """Why the processes could not be looked at, and what to do: goals are then undecided."""
    busy_cell: str = ""
    """The cell that was running when this was cut, or ""."""
    stuck: bool | None = False
    """Two snapshots ≥ 250 ms apart agreed that nobody can go on; None: cannot tell."""
    dead: bool = False
    death: int | None = None
    """Of a kernel that has died, its exit code or −n for signal n, None unknown."""
    living: tuple[ThreadRun, ...] = ()
    """The kernel's own threads that cells started and that have not ended, of runs not kept any more too."""
    silent: bool = False
    """The kernel lives, but its probe reports no more: what was not seen may have happened."""


_encoder = msgspec.json.Encoder()
_recordings = msgspec.json.Decoder(Recording)


def dumps(recording: Recording) -> bytes:
    """The recording as JSON."""
    return _encoder.encode(recording)


def loads(text: bytes | str) -> Recording:
    """A recording from its JSON; msgspec.ValidationError names the place that does not fit."""
    return _recordings.decode(text)
