"""What is true of each subject of the corpus, written by hand: by whoever knows the program, not by the code.

Standard library only, 3.10+: the subjects themselves carry it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

METHODS = ("fork", "spawn", "forkserver")


@dataclass(frozen=True)
class Truth:
    """What a subject made, and where it came to rest."""

    roles: tuple[str, ...] = ("worker",)
    """Of all processes but the program itself and the start method's helpers."""
    letters: str = ""
    """The semaphores in the order of making: L at most 1, R recursive, B at most n, S without limit."""
    composites: tuple[str, ...] = ()
    """What these, with pipes and arenas, were made as."""
    holds: tuple[str, ...] = ()
    """For each semaphore that is held: who counts it in its own SemLockObject, by role; in the order of making."""
    waiting: int = 0
    """How many threads wait for a semaphore."""
    memory: tuple[tuple[str, int, bool], ...] = ()
    """Kind, size in bytes (0: not told here), and whether it has a name in /dev/shm."""
    queued: tuple[int, ...] = ()
    """The bytes waiting in the pipes that are not empty; FULL: as many as go in."""
    pairs: int | None = None
    """Connected pairs of unix sockets with an end in the program and one in a child; None: not told here."""
    calls: tuple[str, ...] = ()
    """What the program's main thread waits in; of several, whichever the start method leads to."""
    stuck: bool | None = None
    """Whether the program's main thread waits for ever; None: it may be ended from outside."""
    diagnoses: tuple[tuple[str, str | None], ...] = ()
    """The pattern and the mistake that leaves it."""
    methods: tuple[str, ...] = METHODS
    """Start methods under which it is another program."""
    marks: int | None = None
    """How many threads and processes say that they are where they should be; None: the others say it themselves."""
    tracker: bool = False
    """A resource tracker is there under fork too."""
    helpers: bool = True
    """All of the start method's helpers are there: it starts a process of multiprocessing's."""
    nested: bool = False
    """A child starts processes too: under forkserver it brings a server of its own."""
    pushed: bool = False
    """Between the looks the program gets SIGUSR1, on which it does what its docstring tells."""


FULL = -1
PAUSES = ("pause", "ppoll")
"""signal.pause(3): pause(2), or ppoll(2) where there is none (aarch64)."""
JOINS = ("wait4", "poll")
"""Process.join: wait4(2), or poll(2) on the sentinel under forkserver."""

SUBJECTS: dict[str, tuple[Callable[..., None], Truth]] = {}


def subject(truth: Truth) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Registers a program with its truth."""

    def register(program: Callable[..., None]) -> Callable[..., None]:
        SUBJECTS[program.__name__] = program, truth
        return program

    return register
