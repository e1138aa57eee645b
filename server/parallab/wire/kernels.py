"""A kernel as it lives: its processes, what it left behind, what can be seen here, and how it is rescued."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from parallab.wire.requests import CellRef
from parallab.wire.verdicts import MistakeView

KernelKind = Literal["none", "recorded", "no-probe", "foreign", "remote", "elsewhere", "dead"]
LiveState = Literal["starting", "running", "waiting", "ended"]


class LiveThread(msgspec.Struct, frozen=True):
    """A thread that a cell started, or one of a process's; ``waits_for`` completes "waits for …"."""

    tid: int
    name: str
    state: LiveState
    waits_for: str
    number: int = 0
    """What RescueRequest.threads calls it; 0 where it cannot be dismissed."""
    left: bool = False
    """The cell that started it has ended, and it lives on."""
    error: str = ""
    """The exception that ended it."""


class LiveProcess(msgspec.Struct, frozen=True):
    """A process beside the notebook, in the learner's own names.

    ``parent`` is the pid of who started it, 0 for the notebook; ``role`` is worker, pool, executor, manager,
    fork (os.fork) or program (subprocess).
    """

    pid: int
    parent: int
    name: str
    role: str
    state: LiveState
    waits_for: str
    exit_code: int | None
    error: str
    threads: tuple[LiveThread, ...] = ()
    started: int = 0
    """Clock ticks since boot; with the pid its identity. 0 while the system has not shown it."""


class KernelState(msgspec.Struct, frozen=True):
    """GET kernels/{id}/state: what can be seen of a kernel now."""

    schema: int
    kernel_id: str
    kind: KernelKind
    message: str
    python: str
    start_method: str
    busy: bool
    running_cell: str | None
    stuck: bool | None
    diagnoses: tuple[str, ...]
    processes: tuple[LiveProcess, ...]
    cannot_tell: tuple[str, ...] = ()
    threads: tuple[LiveThread, ...] = ()
    """The notebook's own, of those that its cells started."""
    mistake: MistakeView | None = None
    """Which mistake it is that the cell is stuck by, where it was recognised."""
    pid: int = 0
    waits_for: str = ""
    """What the notebook's own main thread waits for."""
    more: int = 0
    """Older processes that are not shown."""


class Capability(msgspec.Struct, frozen=True):
    """One thing Parallab may or may not be able to see here."""

    what: str
    can: bool
    why: str


class Capabilities(msgspec.Struct, frozen=True):
    """GET capabilities."""

    schema: int
    platform: str
    capabilities: tuple[Capability, ...]


LeftoverKind = Literal["process", "segment", "semaphore", "folder"]


class Leftover(msgspec.Struct, frozen=True):
    """What a dead kernel left; ``id`` names it by identity: pid and start time, or device and inode.

    ``size`` in bytes (of a process: its memory), ``since`` when it began. ``removable`` when nothing
    speaks against it, else ``why``; ``needs`` are the processes, by id, that must end first.
    """

    id: str
    kind: LeftoverKind
    name: str
    what: str
    kernel_id: str
    notebook: str
    size: int
    since: float
    removable: bool
    why: str = ""
    needs: tuple[str, ...] = ()


class Leftovers(msgspec.Struct, frozen=True):
    """GET leftovers."""

    schema: int
    found: tuple[Leftover, ...]
    cannot_tell: tuple[str, ...] = ()


class CleanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST leftovers/clean: the ids of what is to go."""

    ids: tuple[str, ...]


class CleanReply(msgspec.Struct, frozen=True):
    """What is gone, what was wanted but stays (``why``), and all that is left over now."""

    schema: int
    dry_run: bool
    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    left: tuple[Leftover, ...]
    cannot_tell: tuple[str, ...] = ()


RescueAction = Literal["interrupt", "terminate", "kill", "dismiss"]


class RescueRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST kernels/{id}/rescue; ``pid`` and ``started`` (LiveProcess) name the one to terminate or kill.

    ``threads`` are the numbers (LiveThread) of those to dismiss: the notebook's, which wait for ever.
    """

    action: RescueAction
    pid: int = 0
    started: int = 0
    threads: Annotated[tuple[int, ...], msgspec.Meta(max_length=64)] = ()


class RescueReply(msgspec.Struct, frozen=True):
    """What was done, in sentences; whether it helped; and what is left."""

    schema: int
    done: bool
    happened: tuple[str, ...]
    state: KernelState


class ActRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """POST labs/{id}/steps/{step}/act: which of the step's acts, and in whose kernel."""

    act: str
    kernel_id: str
    cells: tuple[CellRef, ...]


class Frozen(msgspec.Struct, frozen=True):
    """A kernel that was frozen for the learner: who waits for what in it. The diagnosis is left to them."""

    name: str
    seen: tuple[str, ...]


class ActReply(msgspec.Struct, frozen=True):
    """Whether it was done; what happened, in sentences; and the frozen kernels, where that was the act."""

    schema: int
    act: str
    done: bool
    happened: tuple[str, ...]
    frozen: tuple[Frozen, ...] = ()
