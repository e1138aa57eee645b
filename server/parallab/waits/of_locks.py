"""Patterns of locks between processes and of files: held twice, in a circle, by nobody, or by one who waits itself."""

from __future__ import annotations

from collections.abc import Iterable

from parallab.ipc import QUEUES
from parallab.waits.case import Case, Found, start
from parallab.waits.graph import Wait


def same_lock_twice(case: Case) -> Iterable[Found]:
    for wait, lock in case.locks():
        own = lock.holder_threads(wait.pid)
        if lock.holders == {wait.pid} and (not own or wait.tid in own) and not lock.recursive:
            who = case.name(wait.pid)
            if lock.left_by_thread(wait.pid):
                sentence = f"{start(who)} waits for a lock that one of its threads has, which has ended."
                yield case.told("thread-gone", sentence, [wait], None)
                continue
            yield case.told("same-lock-twice", f"{start(who)} waits for a lock that it holds itself.", [wait], "M44")


def lock_cycle(case: Case) -> Iterable[Found]:
    for cycle in case.cycles:
        if len(cycle.waits) > 1 and all(case.locked(wait) for wait in cycle.waits):
            sentence = (
                f"{start(case.people(cycle.pids))} wait for each other: each holds the lock that the next one wants."
            )
            yield case.told("lock-cycle", sentence, cycle.waits, "M43")


def holder_gone(case: Case) -> Iterable[Found]:
    for lock in dict.fromkeys(lock for _, lock in case.locks()):
        if lock.holders or not lock.told or lock.value != 0:
            continue
        waits = [wait for wait, one in case.locks() if one == lock]
        whole = case.whole(waits[0])
        # Of those who ended and were not collected yet the ends can be seen: they must agree, and be all.
        zombies, others = case.ended()
        codes = {one.exit_code or 0 for one in zombies} if not others else set()
        mistake = None
        if whole is not None and whole.kind in QUEUES and lock.inode == whole.semaphores[0]:
            mistake = "M36"
        elif codes and all(code < 0 for code in codes):
            mistake = "M45"
        elif codes and all(code > 0 for code in codes):
            mistake = "M42"
        sentence = f"{start(case.people(wait.pid for wait in waits))} wait for a lock that nobody alive holds."
        if len({wait.pid for wait in waits}) == 1:
            sentence = sentence.replace(" wait for", " waits for", 1)
        yield case.told("holder-gone", sentence, waits, mistake, f"lock {lock.inode}: value 0, {lock.waiters} waiting")


def joiner_holds(case: Case) -> Iterable[Found]:
    for wait, lock in case.locks():
        for join in case.waits:
            if (
                join.kind == "child"
                and join.pid in lock.holders
                and join.pid != wait.pid
                and _reaches(case, join, wait)
            ):
                sentence = (
                    f"{start(case.name(join.pid))} holds a lock while it waits for the end of"
                    f" {case.people(join.held_by or ())}, and {case.name(wait.pid)} wants that lock."
                )
                yield case.told("join-holding-lock", sentence, [join, wait], None)


def _reaches(case: Case, join: Wait, wait: Wait) -> bool:
    return (wait.pid, wait.tid) in case.seen.behind((join.pid, join.tid))


def message_under_a_lock(case: Case) -> Iterable[Found]:
    """Who could send what is waited for wants a lock first, and who waits for it has that lock."""
    for cycle in case.cycles:
        locks = [wait for wait in cycle.waits if case.locked(wait) and not case.of_a_queue(wait)]
        sent = [wait for wait in cycle.waits if _brings(case, wait)]
        if len(cycle.waits) == 2 and len(locks) == len(sent) == 1 and locks[0].pid != sent[0].pid:
            sentence = (
                f"{start(case.name(sent[0].pid))} keeps a lock while it waits for something to come, and"
                f" {case.name(locks[0].pid)}, who could send it, wants that lock first."
            )
            yield case.told("message-under-a-lock", sentence, [*sent, *locks], None)


def _brings(case: Case, wait: Wait) -> bool:
    """Whether it is for something that another process sends: through a pipe, a socket or a queue."""
    found = case.seen.objects
    return not wait.writes and (wait.inode in found.pipes or wait.inode in found.sockets)
