"""What processes talk through: a Snapshot -> its pipes, sockets, semaphores, shared memory, and roles.

Pure. ``objects`` collects, ``roles`` says which process is what, ``made`` and ``grammar`` put
semaphores and pipes together to what the learner made, ``without`` subtracts a baseline.
"""

from __future__ import annotations

from parallab.ipc.baseline import without
from parallab.ipc.grammar import QUEUES, Composite
from parallab.ipc.made import (
    THREADED,
    classes,
    composites,
    guards,
    queues_by_address,
    sentinels,
    understood,
)
from parallab.ipc.objects import (
    End,
    LockedFile,
    Objects,
    Pipe,
    Semaphore,
    SharedMemory,
    UnixSocket,
    objects,
    semaphore_at,
)
from parallab.ipc.roles import Role, given_names, is_kernel, is_usual, names, printable, roles, starting

__all__ = [
    "QUEUES",
    "THREADED",
    "Composite",
    "End",
    "LockedFile",
    "Objects",
    "Pipe",
    "Role",
    "Semaphore",
    "SharedMemory",
    "UnixSocket",
    "classes",
    "composites",
    "given_names",
    "guards",
    "is_kernel",
    "is_usual",
    "names",
    "objects",
    "printable",
    "queues_by_address",
    "roles",
    "semaphore_at",
    "sentinels",
    "starting",
    "understood",
    "without",
]
