"""Waits that nobody can end, named: the pattern, one sentence, its evidence, a candidate mistake.

A candidate is the catalogue's id of the mistake that leaves this pattern; whether it was that
one, the catalogue's own recogniser decides. Every rule looks only at waits of which two
snapshots agree that they are for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from parallab.model import Snapshot
from parallab.waits import of_channels, of_locks, of_pools, of_semaphores, of_threads
from parallab.waits.case import Case, Diagnosis, Found, start
from parallab.waits.graph import CLIENTS, Wait, lost, picture


def diagnose(previous: Snapshot, current: Snapshot, baseline: Snapshot | None = None) -> tuple[Diagnosis, ...]:
    """What is for ever blocked, and why, most telling first; () where somebody can go on."""
    waits = lost(previous, current, baseline)
    if not waits:
        return ()
    seen = picture(current, baseline)
    case = Case(seen, waits)
    found: list[Diagnosis] = []
    explained: set[Wait] = set()
    for rule in _RULES:
        for diagnosis, those in rule(case):
            if explained.intersection(those) or (rule in _CONSEQUENCES and case.follows(those, explained)):
                continue
            found.append(diagnosis)
            explained.update(those)
    return tuple(found or (diagnosis for diagnosis, _ in _anything(case)))


def _circle_of_any(case: Case) -> Iterable[Found]:
    for cycle in case.cycles:
        mains = {wait.pid for wait in cycle.waits if wait.pid == wait.tid}
        wanted = case.seen.snapshot.root in mains or any(case.joined(pid) for pid in mains)
        if len(set(cycle.pids)) > 1 and wanted:
            yield case.told("cycle", f"{start(case.people(cycle.pids))} wait for each other.", cycle.waits, None)


def _anything(case: Case) -> Iterable[Found]:
    """What no rule explains: the root's own wait; where that is a join, of those behind it the main threads'."""
    mains = [
        wait
        for wait in case.waits
        if wait.pid == wait.tid and wait.kind in ("object", "thread-lock") and case.seen.roles[wait.pid] in CLIENTS
    ]
    roots = [wait for wait in mains if (wait.pid, wait.tid) == case.seen.main]
    for wait in roots or mains:
        sentence = f"{start(case.name(wait.pid))} waits for {case.thing(wait)}, and nobody is left to end that."
        yield case.told("nobody-left", sentence, [wait], None)


_RULES: tuple[Callable[[Case], Iterable[Found]], ...] = (
    of_locks.same_lock_twice,
    of_locks.lock_cycle,
    of_locks.holder_gone,
    of_threads.locks_of_threads,
    of_channels.join_before_drain,
    of_locks.joiner_holds,
    of_locks.message_under_a_lock,
    of_semaphores.nobody_lets_go,
    of_channels.waiting_for_itself,
    of_channels.both_read,
    of_channels.own_other_end,
    of_channels.circle_of_readers,
    of_channels.loop_asleep,
    of_pools.lost_task,
    of_threads.forked_lock,
    of_threads.item_under_a_lock,
    of_threads.between_threads,
    of_channels.nobody_writes,
    _circle_of_any,
    of_channels.nobody_reads,
)


_CONSEQUENCES = frozenset(
    (
        of_channels.join_before_drain,
        of_channels.loop_asleep,
        of_semaphores.nobody_lets_go,
        of_pools.lost_task,
        of_threads.between_threads,
        of_channels.nobody_writes,
        _circle_of_any,
        of_channels.nobody_reads,
    )
)
"""Rules whose waits may only follow from another that is explained: who is held up elsewhere cannot send or come."""
