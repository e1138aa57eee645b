"""What ``parallab inspect`` and ``parallab doctor`` say."""

from __future__ import annotations

from typing import Literal

import msgspec

from parallab.wire.verdicts import MistakeView


class InspectThread(msgspec.Struct, frozen=True):
    """A thread and the id of what it waits for, or None."""

    tid: int
    name: str
    state: str
    waits_for: str | None


class InspectProcess(msgspec.Struct, frozen=True):
    """A process; ``state`` is the letter of /proc/PID/stat, ``given`` the name that the program gave its Process."""

    pid: int
    started: float
    ppid: int
    role: str
    name: str
    state: str
    cmdline: tuple[str, ...]
    exit_code: int | None
    threads: tuple[InspectThread, ...]
    given: str = ""


class InspectEnd(msgspec.Struct, frozen=True):
    """A process's hold on an object; ``mode`` is ``r``, ``w``, ``rw`` or ``map``."""

    pid: int
    fd: int | None
    mode: str


class InspectObject(msgspec.Struct, frozen=True):
    """An IPC object; ids are ``dev:inode``, of what is made of others ``kind:`` and its first part's.

    ``cls`` is its Python class where that is known, ``state`` its state in words. ``value`` is a semaphore's,
    the items in a queue, 1 for an event that is set, those waiting at a barrier, the workers of a pool;
    ``waiters`` threads that are blocked on it. ``bytes`` wait in it to be read, ``size`` is in bytes,
    ``maxsize`` in items. ``workers`` are pids, or native ids where they are threads; ``held_by`` the pids that
    hold a lock. What Parallab takes for nobody's idea of an object says so in ``cls``: ``sentinel`` and ``helper``
    are multiprocessing's own pipes, ``standard`` the program's input and output.
    """

    kind: str
    id: str
    name: str
    value: int | None
    waiters: int | None
    bytes: int | None
    size: int | None
    parts: tuple[str, ...]
    ends: tuple[InspectEnd, ...]
    cls: str = ""
    state: str = ""
    items: int | None = None
    maxsize: int | None = None
    workers: tuple[int, ...] = ()
    held_by: tuple[int, ...] = ()


class InspectTarget(msgspec.Struct, frozen=True):
    """What is waited for."""

    kind: Literal["process", "object", "child", "thread-lock", "unknown"]
    id: str


class InspectWait(msgspec.Struct, frozen=True, rename={"target": "for"}):
    """A wait-for edge; ``held_by`` are the pids that could end it, None when unknown."""

    pid: int
    tid: int
    target: InspectTarget
    held_by: tuple[int, ...] | None


class InspectDiagnosis(msgspec.Struct, frozen=True):
    """Why a program is stuck."""

    mistake: MistakeView | None
    sentence: str
    evidence: tuple[str, ...]


class CannotTell(msgspec.Struct, frozen=True):
    """What could not be seen, and why."""

    what: str
    why: str


class InspectReport(msgspec.Struct, frozen=True):
    """What ``parallab inspect --json`` prints."""

    schema: int
    at: float
    root: int
    processes: tuple[InspectProcess, ...]
    objects: tuple[InspectObject, ...]
    waits: tuple[InspectWait, ...]
    diagnoses: tuple[InspectDiagnosis, ...]
    cannot_tell: tuple[CannotTell, ...]


class DoctorReport(msgspec.Struct, frozen=True):
    """What ``parallab doctor --json`` prints."""

    schema: int
    stuck: bool | None
    diagnoses: tuple[InspectDiagnosis, ...]
    cannot_tell: tuple[CannotTell, ...]
