"""Semaphores as they lie in memory: sem_t in shared mappings, SemLockObjects in private memory.

glibc's sem_open(3) maps ``/dev/shm/sem.NAME`` (under a temporary name in the creator), one page
with the sem_t at its start. Who holds it, glibc does not store: CPython's SemLockObject counts
that for its own process. It is found at an address that is known, or by searching private memory
for pointers to such a mapping, which costs some milliseconds a megabyte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from parallab.model import Inode, Mapping, SemaphoreState, SemLock
from parallab.procfs import opened, parse, structs

MAX_SEMAPHORES = 4096
MAX_SEM_LOCKS = 4096
"""SemLockObjects of one process beyond this number are left out."""
MAX_SCAN = 512 << 20
"""Bytes of one process's private memory that a search looks through."""
_STEP = 1 << 20


def is_semaphore(mapping: Mapping) -> bool:
    """Whether this mapping is a POSIX semaphore's, by where sem_open(3) puts it."""
    return "/sem." in mapping.path and mapping.path.rpartition("/")[2].startswith("sem.")


def handles(mappings: Iterable[Mapping]) -> dict[int, Inode]:
    """Addresses of the sem_t's that a process has mapped, with their identity."""
    return {mapping.start: mapping.inode for mapping in mappings if is_semaphore(mapping)}


def state(memory: opened.Memory, handle: int, inode: Inode) -> SemaphoreState | None:
    """Value and waiters of the semaphore mapped at ``handle``."""
    raw = structs.sem_t(memory.read(handle, structs.SEM_T) or b"")
    return SemaphoreState(inode, *raw) if raw is not None else None


def sem_locks(
    memory: opened.Memory,
    pid: int,
    addresses: Iterable[int],
    known: dict[int, Inode],
    tids: Sequence[int],
    machine: str,
) -> tuple[SemLock, ...]:
    """The SemLockObjects at these addresses of process ``pid``; what is none is left out."""
    found = []
    for address in sorted(set(addresses))[:MAX_SEM_LOCKS]:
        raw = structs.semlock(memory.read(address, structs.SEMLOCK) or b"", known)
        if raw is None:
            continue
        name = _name(memory, raw.name)
        if raw.name and not name:
            continue  # a name begins with a slash, sem_overview(7)
        found.append(
            SemLock(
                pid=pid,
                inode=known[raw.handle],
                count=raw.held,
                maxvalue=raw.maxvalue,
                kind=raw.kind,
                last_tid=raw.last_tid,
                address=address,
                name=name,
                tid=native_id(memory, raw.last_tid, tids, machine),
            )
        )
    return tuple(found)


def scan(memory: opened.Memory, regions: Iterable[parse.Region], known: dict[int, Inode]) -> tuple[set[int], bool]:
    """Addresses of SemLockObjects found by their handles, and whether memory was left unsearched."""
    # Semaphores mapped one after the other share all but two bytes of their address: one search for them. The two
    # zeros at the end are left out: a search looks at the last byte first, and much of a memory is zeros.
    needles = {struct.pack("<Q", handle)[2:6] for handle in known}
    found: set[int] = set()
    searched = 0
    for region in regions:
        for start in range(region.start, region.end, _STEP):
            if searched >= MAX_SCAN:
                return found, True
            # An object across the border of two steps is in the overlap of both.
            data = memory.read(start, min(_STEP + structs.SEMLOCK, region.end - start)) or b""
            searched += len(data)
            for needle in needles:
                _find(data, needle, start, known, found)
    return found, False


def _find(data: bytes, needle: bytes, start: int, known: dict[int, Inode], found: set[int]) -> None:
    """Adds the objects in ``data``, read from ``start`` on, whose handle has ``needle`` behind its first two bytes."""
    position = data.find(needle)
    while position >= 0:
        word = position - 2
        if word % 8 == 0 and word >= 0:
            for head in (structs.HEAD, structs.HEAD_FREE_THREADED):
                if word >= head and _is_object(data, word - head, head, known):
                    found.add(start + word - head)
                    break
        position = data.find(needle, position + 6)


def _is_object(data: bytes, begin: int, head: int, known: dict[int, Inode]) -> bool:
    """Whether a SemLockObject begins here: its fields fit, and its head is that of a live object."""
    if structs.semlock(data[begin : begin + structs.SEMLOCK], known, head) is None:
        return False
    local = head == structs.HEAD_FREE_THREADED  # ob_ref_local, after ob_tid and four small fields
    references = int.from_bytes(data[begin + (12 if local else 0) :][:4], "little")
    kind = int.from_bytes(data[begin + head - 8 : begin + head], "little")
    return references > 0 and kind % 8 == 0 and kind > 1 << 16


def _name(memory: opened.Memory, address: int) -> str:
    if not address:
        return ""
    name = (memory.read(address, 64) or b"").partition(b"\0")[0]
    return name.decode("ascii", "replace") if name.startswith(b"/") else ""


def native_id(memory: opened.Memory, pthread: int, tids: Sequence[int], machine: str) -> int:
    """The native id behind a pthread_self(3); −1 when no thread of the process has it, 0 where that is not known."""
    offset = structs.THREAD_ID_OFFSET.get(machine)
    if not pthread or offset is None:
        return 0
    data = memory.read(pthread + offset, 4) or b""
    tid = int.from_bytes(data, "little")
    return tid if len(data) == 4 and tid in tids else -1
