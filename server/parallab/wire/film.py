"""The film: what happened, for the map, the timeline and the replay."""

from __future__ import annotations

from typing import Literal

import msgspec

LaneKind = Literal["notebook", "process", "thread", "program"]
SharedKind = Literal[
    "queue",
    "lock",
    "rlock",
    "semaphore",
    "value",
    "array",
    "event",
    "condition",
    "barrier",
    "pipe",
    "socket",
    "segment",
    "managed",
    "thread-lock",
]
LinkMode = Literal["uses", "reads", "writes", "reads-writes", "maps", "serves"]
WaitKind = Literal["object", "end", "outside", "unknown"]
Act = Literal[
    "start",
    "join",
    "put",
    "get",
    "done",
    "full",
    "empty",
    "take",
    "give",
    "miss",
    "arrive",
    "pass",
    "broken",
    "call",
    "create",
    "attach",
    "close",
    "unlink",
]


class FilmLane(msgspec.Struct, frozen=True):
    """A process or thread: a lane of the timeline, a node of the map. Times are the film's.

    ``parent`` is the lane that started it, "" for the notebook's own. A thread has its process's ``pid``.
    ``name`` is what its program calls it, "" where it has no name of its own.
    """

    id: str
    parent: str
    kind: LaneKind
    role: str
    """``worker pool executor manager fork program thread``, or ``notebook``."""
    name: str
    pid: int
    tid: int
    born: float
    """When ``start()`` was called, or else when it was first seen."""
    ran: float | None = None
    """When its own code began; None while it has not, and where that is not told."""
    ended: float | None = None
    """None while it lives."""
    exit_code: int | None = None
    error: str = ""
    """``Type: message`` of the exception that ended it."""
    target: str = ""
    run: int = 0
    """Which run of a cell started it (FilmCell.run)."""


class FilmObject(msgspec.Struct, frozen=True):
    """Something that processes or threads share.

    ``name`` is the learner's, "" where none is known; then ``kind`` and ``number`` tell it from others.
    """

    id: str
    kind: SharedKind
    name: str
    number: int
    """Counts those of one kind, from 1, in order of their making."""
    cls: str = ""
    born: float = 0.0
    ended: float | None = None
    """When it was known to be gone: closed, unlinked."""
    capacity: int | None = None
    """Items that fit into a queue, holders that a semaphore admits, bytes of a segment, parties of a barrier."""
    run: int = 0
    owner: str = ""
    """``pool``, ``executor`` … where the library made it for one of its own."""


class FilmLink(msgspec.Struct, frozen=True):
    """That a lane has to do with an object, from ``begin`` on; ``end`` None: still."""

    lane: str
    object: str
    mode: LinkMode
    begin: float
    end: float | None = None


class FilmWait(msgspec.Struct, frozen=True):
    """A lane waits, from ``begin`` to ``end`` (None: still).

    ``kind`` says for what: an ``object`` (with its id), the ``end`` of other lanes (``lanes``), something
    ``outside`` the program, or ``unknown``. Who holds the object now is in its states.
    """

    lane: str
    begin: float
    end: float | None
    kind: WaitKind
    object: str = ""
    lanes: tuple[str, ...] = ()
    timed: bool = False
    """It ends by itself: a time-out was given."""
    forever: bool = False
    """Nobody is left who could end it."""
    call: str = ""
    """What it waits in: ``acquire put get join wait read write`` …"""


class FilmMark(msgspec.Struct, frozen=True):
    """Something a lane did at one moment, to an object or to another lane; ``text`` is the item, the answer …"""

    at: float
    lane: str
    act: Act
    object: str = ""
    other: str = ""
    text: str = ""


class FilmState(msgspec.Struct, frozen=True):
    """What is true of an object from ``at`` until its next state; None: not known."""

    object: str
    at: float
    fill: int | None = None
    """Items in a queue, bytes in a pipe or socket, those who have arrived at a barrier."""
    value: str = ""
    """A shared number, or how many a semaphore still admits."""
    holders: tuple[str, ...] = ()
    """The lanes that hold it."""
    waiters: int = 0
    left_out: bool = False
    """Here the film leaves its states out: until the next one, nothing is said of it."""


class FilmCell(msgspec.Struct, frozen=True):
    """One run of a cell; ``end`` None while it runs. ``number`` is what the notebook shows in brackets."""

    cell: str
    run: int
    number: int
    step: str
    begin: float
    end: float | None
    error: str = ""
    lanes: int = 0
    """How many processes and threads it started."""


class FilmDeadlock(msgspec.Struct, frozen=True):
    """A closed circle: each of ``lanes`` waits for the object at the same place, which the next of them holds.

    Where a lane waits for the end of the next one, its place in ``objects`` is "". ``end`` None: it lasts.
    """

    begin: float
    end: float | None
    lanes: tuple[str, ...]
    objects: tuple[str, ...]


class FilmCaption(msgspec.Struct, frozen=True):
    """A sentence to read from ``at`` on, until the next one; ``lanes`` and ``objects`` are what it speaks of."""

    at: float
    text: str
    lanes: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


class FilmGap(msgspec.Struct, frozen=True):
    """What a film leaves out to stay small: ``count`` of ``what``, between two moments."""

    what: Literal["marks", "waits", "states", "lanes", "objects", "links", "cells"]
    count: int
    begin: float
    end: float


class Film(msgspec.Struct, frozen=True):
    """GET kernels/{id}/film, a lab's replay, and a saved file: what processes and threads did, bounded.

    ``run`` is the run of a cell that it tells of, with what that started; 0: all that is kept. ``cells``
    are all of them, so that another can be asked for.

    All times are milliseconds since ``unix`` (Unix seconds), the moment when the kernel was ready. Lists
    are in order of time. Ids hold as long as what they name is kept, so that two films of a kernel can be
    laid over each other. It ends at ``end``, and begins at ``begin``, which is not 0 where one run is told.
    """

    schema: int
    title: str
    kernel_id: str
    unix: float
    begin: float
    end: float
    run: int
    busy: bool
    """A cell was running at its end."""
    stuck: bool | None
    lanes: tuple[FilmLane, ...]
    objects: tuple[FilmObject, ...] = ()
    links: tuple[FilmLink, ...] = ()
    waits: tuple[FilmWait, ...] = ()
    marks: tuple[FilmMark, ...] = ()
    states: tuple[FilmState, ...] = ()
    cells: tuple[FilmCell, ...] = ()
    deadlocks: tuple[FilmDeadlock, ...] = ()
    captions: tuple[FilmCaption, ...] = ()
    left_out: tuple[FilmGap, ...] = ()
    not_recorded: tuple[str, ...] = ()
    """In sentences, what the recording itself does not have."""
