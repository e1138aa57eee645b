"""Patterns of pipes, sockets and queues: who writes and nobody reads, who reads and nobody writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from parallab.ipc import given_names, queues_by_address
from parallab.model import Inode
from parallab.waits.case import Case, Found, start
from parallab.waits.graph import EPOLLS, POLLS, Wait
from parallab.waits.of_threads import one_went


def join_before_drain(case: Case) -> Iterable[Found]:
    """Who waits for a process's end could read what that process, or one before it, cannot get rid of."""
    writers = [wait for wait in case.waits if wait.writes and wait.inode is not None]
    for join in case.waits:
        if join.kind != "child" or not join.held_by:
            continue
        behind = case.seen.behind((join.pid, join.tid))
        for write in writers:
            readers, full = _readers(case, write)
            if (write.pid, write.tid) not in behind or join.pid not in readers or write.pid == join.pid:
                continue
            # Its own parcel first, or that of a child it waits for itself; or of one who keeps the write lock from it.
            joined = case.ending(join)
            if write.pid not in joined and not any(
                lock.holders == {write.pid} and wait.pid in joined for wait, lock in case.locks()
            ):
                continue
            between = [wait for wait, lock in case.locks() if lock.holders == {write.pid}]
            sentence = (
                f"{start(case.name(write.pid))} cannot end before somebody reads what it put, and"
                f" {case.name(join.pid)}, who should, waits for {case.ends(join, write.pid)}."
            )
            yield case.told("join-before-drain", sentence, [join, write, *between], "M21", full)
            break


def _readers(case: Case, write: Wait) -> tuple[frozenset[int], str]:
    """Who could read what this thread cannot get rid of, and how full it is."""
    assert write.inode is not None
    pipe = case.seen.objects.pipes.get(write.inode)
    if pipe is not None:
        return pipe.readers, f"{pipe.queued} bytes wait in the pipe" if pipe.queued is not None else "the pipe is full"
    socket = case.seen.objects.sockets.get(write.inode)
    peer = case.seen.objects.sockets.get(socket.peer) if socket is not None and socket.peer is not None else None
    return (peer.holders, "the socket is full") if peer is not None else (frozenset(), "")


def waiting_for_itself(case: Case) -> Iterable[Found]:
    """Readers of pipes whose writing ends nobody has but readers like them, each of whom kept its own."""
    pipes = case.seen.objects.pipes
    readers = [
        wait
        for wait in case.waits
        if wait.inode in pipes
        and not wait.writes
        and wait.pid in pipes[wait.inode].writers
        and not case.gets(wait)
        and (wait.tid == wait.pid or wait.call not in POLLS)  # a thread of a pool's own polls one to hear of changes
    ]
    while left := [one for one in readers if pipes[_inode(one)].writers <= {other.pid for other in readers}]:
        if len(left) == len(readers):
            break
        readers = left
    else:
        return
    for group in _groups(readers, lambda one, other: other.pid in pipes[_inode(one)].writers):
        people = case.people(wait.pid for wait in group)
        sentence = f"{start(people)} waits for data from a pipe whose only writing end it holds itself."
        if len({wait.pid for wait in group}) > 1:
            sentence = f"{start(people)} wait for data from pipes whose writing ends only they themselves hold."
        # Who never had a child has nobody who could have had the other end: it made the pipe for itself.
        alone = {wait.pid for wait in group} == {case.seen.snapshot.root} and not _had_children(case)
        # Where one who does not read there has a writing end too, it may be that each waits for the other's word.
        ends = {_inode(wait) for wait in group}
        meant = any(pipes[one].writers - {wait.pid for wait in group if wait.inode == one} for one in ends)
        yield case.told("waits-for-itself", sentence, group, None if alone or meant else "M56")


def _had_children(case: Case) -> bool:
    return len(case.seen.snapshot.processes) > 1 or any(one.collected for one in case.seen.snapshot.processes)


def _inode(wait: Wait) -> Inode:
    assert wait.inode is not None
    return wait.inode


def _groups(waits: Iterable[Wait], joined: Callable[[Wait, Wait], bool]) -> list[list[Wait]]:
    """These waits, put together where one of a pair is joined to the other."""
    groups: list[list[Wait]] = []
    for wait in waits:
        near = [group for group in groups if any(joined(wait, one) or joined(one, wait) for one in group)]
        groups = [*(group for group in groups if group not in near), [*(one for group in near for one in group), wait]]
    return groups


def both_read(case: Case) -> Iterable[Found]:
    for wait in case.waits:
        one = case.seen.objects.sockets.get(wait.inode) if wait.inode is not None else None
        if one is None or one.peer is None:
            continue
        for other in case.waits:
            if wait.writes and other.writes and other.inode == one.peer and other.pid > wait.pid:
                both = case.people((wait.pid, other.pid))
                sentence = f"{start(both)} both send more than there is room for, and neither reads what came."
                yield case.told("both-write", sentence, [wait, other], None)
            elif wait.writes:
                continue
            elif other.inode == one.peer and not other.writes and (other.pid, other.tid) > (wait.pid, wait.tid):
                both = case.people((wait.pid, other.pid))
                if wait.pid == other.pid:
                    main = wait.tid == wait.pid or other.tid == wait.pid
                    both = case.threads(wait.pid, 2 - main, main)
                sentence = f"{start(both)} both wait for the other to speak first, and nothing is on its way."
                yield case.told("both-read", sentence, [wait, other], "M55")
            elif other.inode == wait.inode and not other.writes and other.pid > wait.pid:
                both = case.people((wait.pid, other.pid))
                sentence = f"{start(both)} both listen at the same end of a pipe, and nobody speaks at the other."
                yield case.told("both-read", sentence, [wait, other], "M55")


def own_other_end(case: Case) -> Iterable[Found]:
    """A reader of a socket whose other end nobody has but itself: which of its two ends it meant is not known."""
    sockets = case.seen.objects.sockets
    for wait in case.waits:
        one = sockets.get(wait.inode) if wait.inode is not None else None
        peer = sockets.get(one.peer) if one is not None and one.peer is not None else None
        if peer is not None and not wait.writes and peer.holders == {wait.pid} and wait.call not in EPOLLS:
            sentence = f"{start(case.name(wait.pid))} waits for data from a pipe whose other end only it holds itself."
            yield case.told("own-other-end", sentence, [wait], None)


def loop_asleep(case: Case) -> Iterable[Found]:
    """An event loop that watches nothing but the socket by which its own threads wake it."""
    sockets = case.seen.objects.sockets
    for wait in case.waits:
        one = sockets.get(wait.inode) if wait.inode is not None and wait.call in EPOLLS else None
        peer = sockets.get(one.peer) if one is not None and one.peer is not None else None
        if peer is not None and peer.holders == {wait.pid}:
            sentence = f"{start(case.name(wait.pid))} waits in its event loop, and nobody is left to wake it."
            yield case.told("loop-asleep", sentence, [wait], None)


def circle_of_readers(case: Case) -> Iterable[Found]:
    """Processes of which each waits for the next one's word, over pipes that only these two have."""
    for cycle in case.cycles:
        pipes = [case.seen.objects.pipes.get(one.inode) for one in cycle.waits if one.inode is not None]
        if len(set(cycle.pids)) < 2 or len(pipes) < len(cycle.waits) or any(one.writes for one in cycle.waits):
            continue
        if all(pipe is not None for pipe in pipes) and not any(case.gets(one) for one in cycle.waits):
            sentence = f"{start(case.people(cycle.pids))} each wait for the other to speak first."
            yield case.told("each-waits-first", sentence, cycle.waits, None)


def nobody_writes(case: Case) -> Iterable[Found]:
    """A reader of a queue, holding its read lock, with others behind it or not, and no writer left."""
    for wait in case.waits:
        pipe = case.seen.objects.pipes.get(wait.inode) if wait.inode is not None else None
        if pipe is None or wait.writes or pipe.inode in case.sentinels:
            continue
        root = case.seen.snapshot.root
        behind = _behind_reader(case, wait)
        if wait.tid != wait.pid and not (case.of_a_queue(wait) and any(map(case.needed, (wait, *behind)))):
            continue
        group = [wait.pid, *(other.pid for other in behind)]
        if root not in group and not any(case.joined(pid) for pid in group):
            continue  # idle, as it should be: nobody wants it to end
        waits = [wait, *behind]
        fits: tuple[str, ...] = ()
        if (wait.pid, wait.tid) != case.seen.main and (behind or case.gets(wait)):
            fits = _farewells(case, waits)
        mistake = fits[0] if len(fits) == 1 else None
        who = case.people(one.pid for one in waits)
        verb = "wait" if len(waits) > 1 else "waits"
        if len({one.pid for one in waits}) == 1:
            others = [one for one in waits if one.tid != one.pid]
            who = case.threads(wait.pid, len(others), len(others) < len(waits))
        yield case.told(
            "nobody-writes",
            f"{start(who)} {verb} for something that nobody is left to send.",
            waits,
            mistake,
            fits=fits,
        )


def _farewells(case: Case, waits: list[Wait]) -> tuple[str, ...]:
    """M22 where nobody was sent home; M23 fits as well where one may have been who did the same work.

    A single one that waits need not be asking again and again: its stack tells. Where what comes goes round among
    them, it may be the first word that is missing, and no farewell.
    """
    if _may_go_round(case, waits):
        return ("M22", "")
    doing = [case.seen.doing.get((wait.pid, wait.tid)) for wait in waits]
    if any(wait.tid != wait.pid for wait in waits) and (None in doing or one_went(case, waits)):
        return ("M22", "M23", "")
    if any(one is not None and not one.repeats for one in doing) or (len(waits) == 1 and doing == [None]):
        return ("M22", "M23", "")
    zombies, others = case.ended()
    alive = {one.pid for one in case.seen.snapshot.processes if one.state not in "ZX"}
    named = given_names(case.seen.objects)
    gone = {pid for pid in named if pid not in alive} | {one.pid for one in zombies}
    well = gone - {one.pid for one in zombies if one.exit_code != 0}
    work = {_work(named.get(wait.pid, "")) for wait in waits}
    alike = any(not named.get(pid) or _work(named[pid]) in work for pid in well)
    return ("M22", "M23") if alike or (others and not gone) else ("M22",)


def _may_go_round(case: Case, waits: list[Wait]) -> bool:
    """Whether one who could send what these wait for waits itself, be it over others, for what they could send."""
    root = case.seen.snapshot.root
    own = {wait.pid for wait in waits}
    pipes = case.seen.objects.pipes
    others = [one for one in case.waits if one.inode in pipes and not one.writes and one.pid not in {*own, root}]
    known = _known_to(case)
    wanted = {wait.inode for wait in waits if wait.inode is not None} & pipes.keys()
    seen: set[Wait] = set()
    while near := [
        one for one in others if one not in seen and any(_may_send(one.pid, pipe, case, known) for pipe in wanted)
    ]:
        seen.update(near)
        wanted |= {_inode(one) for one in near}
    return any(_may_send(pid, _inode(one), case, known) for one in seen for pid in own)


def _may_send(pid: int, pipe: Inode, case: Case, known: dict[int, set[Inode]]) -> bool:
    return pid in case.seen.objects.pipes[pipe].writers and (pid not in known or pipe in known[pid])


def _known_to(case: Case) -> dict[int, set[Inode]]:
    """The queues that the code of each process has names for, where the one in which it waits is among them.

    A fork has all that its parent had, and its code knows but some of it.
    """
    made = queues_by_address(case.seen.objects)
    known: dict[int, set[Inode]] = {}
    for stack in case.seen.snapshot.stacks:
        if stack.tid == stack.pid:
            whose = _lineage(stack.pid, case)
            found = {made[pid, one] for one in stack.uses for pid in whose if (pid, one) in made}
            wait = case.seen.wait((stack.pid, stack.tid))
            if wait is not None and wait.inode in found:
                known[stack.pid] = found
    return known


def _lineage(pid: int, case: Case) -> list[int]:
    """A process and those before it whose memory it has by fork: what they had made has the same place in it."""
    found = [pid]
    while (one := case.seen.snapshot.process(found[-1])) is not None and one.forked and one.ppid not in found:
        found.append(one.ppid)
    return found


def _work(name: str) -> str:
    """What processes with the same work are called alike: their names without their numbers."""
    return re.sub(r"\d+", "", name)


def _behind_reader(case: Case, wait: Wait) -> list[Wait]:
    """Those who wait for the lock that this reader of a queue keeps while it reads."""
    whole = case.whole(wait)
    return [
        other
        for other, lock in case.locks()
        if lock.holders == {wait.pid}
        and (other.pid, other.tid) != (wait.pid, wait.tid)
        and (
            lock.inode == whole.semaphores[0] if whole is not None and whole.semaphores else not case.of_a_queue(other)
        )
    ]


def nobody_reads(case: Case) -> Iterable[Found]:
    """A writer to a full pipe or socket, and with it its main thread, which waits for that writer to be done."""
    for wait in case.waits:
        if not wait.writes or wait.inode is None:
            continue
        own = [one for one in case.waits if one.pid == one.tid == wait.pid and one != wait]
        _, full = _readers(case, wait)
        sentence = f"{start(case.name(wait.pid))} cannot get rid of what it sent, and nobody is left to read it."
        yield case.told("nobody-reads", sentence, [*own, wait], None, full)
