"""What is new since a baseline: only before and after, compared, mean anything.

An idle kernel has a dozen threads and some sixty descriptors, and a forked child inherits all.
"""

from __future__ import annotations

import msgspec

from parallab.model import Snapshot


def without(snapshot: Snapshot, baseline: Snapshot | None) -> Snapshot:
    """The snapshot without the objects and threads of the baseline.

    The root keeps its main thread, and processes that were there before stay when they are the
    root's: what is taken away is descriptors and mappings by inode, in every process, and
    segments of /dev/shm that were there.
    """
    if baseline is None:
        return snapshot
    inodes = {file.inode for one in baseline.processes for file in one.files if file.inode is not None}
    inodes |= {mapping.inode for one in baseline.processes for mapping in one.mappings}
    threads = {(one.pid, thread.tid) for one in baseline.processes for thread in one.threads}
    before = {(one.pid, one.started) for one in baseline.processes}
    segments = {segment.inode for segment in baseline.segments}
    processes = tuple(
        msgspec.structs.replace(
            process,
            threads=tuple(
                thread
                for thread in process.threads
                if thread.tid == process.pid or (process.pid, thread.tid) not in threads
            ),
            files=tuple(file for file in process.files if file.inode not in inodes),
            mappings=tuple(mapping for mapping in process.mappings if mapping.inode not in inodes),
        )
        for process in snapshot.processes
        if process.pid == snapshot.root or (process.pid, process.started) not in before
    )
    return msgspec.structs.replace(
        snapshot,
        processes=processes,
        pipes=tuple(one for one in snapshot.pipes if one.inode not in inodes),
        semaphores=tuple(one for one in snapshot.semaphores if one.inode not in inodes),
        sem_locks=tuple(one for one in snapshot.sem_locks if one.inode not in inodes),
        segments=tuple(one for one in snapshot.segments if one.inode not in segments),
    )
