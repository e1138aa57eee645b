"""What processes talk through: a Snapshot -> its pipes, sockets, semaphores, shared memory, and roles.

Pure. ``objects`` collects, ``roles`` says which process is what, ``grammar`` puts semaphores
and pipes together to what the learner made, ``without`` subtracts a baseline.
"""

from __future__ import annotations

from parallab.ipc.baseline import without
from parallab.ipc.grammar import QUEUES, Composite, composites
from parallab.ipc.objects import End, Objects, Pipe, Semaphore, SharedMemory, UnixSocket, objects, semaphore_at
from parallab.ipc.roles import Role, is_kernel, names, roles

__all__ = [
    "QUEUES",
    "Composite",
    "End",
    "Objects",
    "Pipe",
    "Role",
    "Semaphore",
    "SharedMemory",
    "UnixSocket",
    "composites",
    "is_kernel",
    "names",
    "objects",
    "roles",
    "semaphore_at",
    "without",
]
