"""Patterns of the threads of one process, where Python's stacks say what each waits for and holds."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parallab.model import Made
from parallab.waits.case import Case, Found, start
from parallab.waits.graph import Wait
from parallab.waits.python import Doing, hands_out

_THREADS_SAY: dict[str, tuple[str, str, str | None]] = {
    "get": ("nobody-puts", "{who} {wait} to get from a queue, and nobody is left to put into it.", "M22"),
    "put": ("queue-full", "{who} {wait} to put into a full queue, and nobody is left to take from it.", "M28"),
    "tasks": ("never-done", "{who} {wait} until all items are done, and nobody is left to say so.", "M24"),
    "barrier": ("barrier-short", "{who} {wait} at a barrier, and nobody is left to come.", "M46"),
    "event": ("event-never", "{who} {wait} for an event, and nobody is left to set it.", None),
    "condition": ("condition-never", "{who} {wait} for a condition, and nobody is left to notify.", None),
    "semaphore": ("semaphore-never", "{who} {wait} for a semaphore that nobody is left to give.", None),
    "future": ("future-never", "{who} {wait} for a result, and nobody is left to bring it.", None),
    "lock": ("thread-lock", "{who} {wait} for a lock or a queue of its threads that nobody is left to let go.", None),
}


def locks_of_threads(case: Case) -> Iterable[Found]:
    """Locks of ``threading`` that a thread wants and holds itself, or that go round in a circle."""
    doing = case.seen.doing
    wanting = {
        (wait.pid, wait.tid): wait
        for wait in case.waits
        if (told := doing.get((wait.pid, wait.tid))) is not None
        and told.wants
        # Of a semaphore one thread may have several, and none of them need be the one that is lacking.
        and ((semaphore := case.semaphore(wait)) is None or semaphore.is_lock)
    }
    for who in (who for who, wait in wanting.items() if case.needed(wait)):
        path = [who]
        while path:
            wants = doing[path[-1]].wants
            holder = next((other for other in wanting if other[0] == who[0] and wants in doing[other].holds), None)
            if holder is None or (holder in path and holder != who):
                break
            if holder != who:
                path.append(holder)
                continue
            waits = [wanting[one] for one in path]
            places = [f"{case.name(one[0])}, thread {one[1]}, at {doing[one].place}" for one in path]
            main = any(tid == pid for pid, tid in path)
            people = case.threads(who[0], len(path) - main, main)
            if len(path) == 1:
                yield case.told(
                    "same-lock-twice", f"{people} waits for a lock that it holds itself.", waits, "M44", *places
                )
            else:
                sentence = f"{people} wait for each other: each holds the lock that the next one wants."
                yield case.told("lock-cycle", sentence, waits, "M43", *places)
            break


def item_under_a_lock(case: Case) -> Iterable[Found]:
    """A thread that keeps a lock while it waits for another to put or take, which wants that lock first."""
    doing = case.seen.doing
    for wait in case.waits:
        told = doing.get((wait.pid, wait.tid))
        act = _ACTS.get(told.call) if told is not None else None
        if told is None or act is None:
            continue
        wanting = [
            one for one in case.waits if one.pid == wait.pid and _wants(doing.get((one.pid, one.tid)), told.holds)
        ]
        if wanting and any(case.needed(one) for one in (wait, *wanting)):
            who = case.threads(wait.pid, int(wait.tid != wait.pid), wait.tid == wait.pid)
            sentence = f"{who} keeps a lock while it waits {act}, and another thread wants that lock first."
            lines = dict.fromkeys(f"at {doing[one.pid, one.tid].place}" for one in (wait, *wanting))
            yield case.told("item-under-a-lock", sentence, [wait, *wanting], None, *lines)


_ACTS = {
    "get": "to get from a queue",
    "put": "to put into a full queue",
    "tasks": "until all items are done",
    "barrier": "at a barrier",
    "event": "for an event",
    "condition": "for a condition",
    "semaphore": "for a semaphore",
    "join": "for the end of a thread",
    "future": "for a result",
}
"""Calls in which a thread waits for another, by which it keeps the locks that it has."""


def _wants(told: Doing | None, held: tuple[int, ...]) -> bool:
    return told is not None and told.wants != 0 and told.wants in held


def between_threads(case: Case) -> Iterable[Found]:
    """Threads of one process, where Python's stacks say what each waits for: those first who hold up the main one."""
    doing = case.seen.doing
    groups: dict[tuple[int, str, int], list[Wait]] = {}
    for wait in case.waits:
        told = doing.get((wait.pid, wait.tid))
        if wait.kind == "thread-lock" and told is not None and told.call in _THREADS_SAY and case.needed(wait):
            groups.setdefault((wait.pid, told.call, told.thing), []).append(wait)
    mains = [wait for wait in case.waits if (wait.pid, wait.tid) in doing and wait.pid == wait.tid]
    # Who should bring a result may be one of those that wait for something else: they say more.
    for (pid, call, _), waits in sorted(groups.items(), key=lambda group: group[0][1] == "future"):
        kind, sentence, mistake = _THREADS_SAY[call]
        others = [wait for wait in waits if wait.tid != pid]
        fits: tuple[str, ...] = ()
        who = case.threads(pid, len(others), len(others) < len(waits))
        if call == "get" and any(doing[one.pid, one.tid].looked for one in waits):
            mistake = "M27"
        elif call == "get" and (
            not others
            or case.seen.roles[pid] == "manager"
            or not hands_out(pid, case.seen.snapshot).isdisjoint((pid, one.tid) for one in others)
        ):
            mistake = None  # it is not that one of its workers was not dismissed
        elif call == "get" and not (
            all(doing[one.pid, one.tid].repeats for one in others) and not one_went(case, others)
        ):
            mistake, fits = None, ("M22", "M23", "")
        if mistake in ("M22", "M27") and any(
            one.pid == pid and (told := doing.get((pid, one.tid))) is not None and told.call == "lock"
            for one in case.waits
        ):
            mistake, fits = None, ()  # who could put may be the one that waits for a lock
        leaving = [main for main in mains if main.pid == pid and doing[pid, pid].leaving]
        if leaving and others:
            sentence = "{who} {wait} for what will never come, and the executor's “with” waits for them to end."
            kind, mistake, fits = "executor-waits", "M65", ()
        verb = "waits" if len(waits) == 1 else "wait"
        places = dict.fromkeys(f"at {place}" for wait in waits if (place := doing[wait.pid, wait.tid].place))
        own = [main for main in mains if main.pid == pid and doing[pid, pid].call in ("join", "exit", "future")]
        said = sentence.format(who=who, wait=verb)
        yield case.told(kind, said, [*own, *waits], mistake, *list(places)[:4], fits=fits)


def one_went(case: Case, waits: list[Wait]) -> bool:
    """Whether a thread that is called like one of these, but for its number, has ended."""
    tids = {one.tid for process in case.seen.snapshot.processes for one in process.threads}
    threads = [one for one in case.seen.objects.made if one.cls == "Thread" and one.pid == waits[0].pid]
    told = [(_number(one), _kind(one)) for one in threads]
    waiting = {kind for tid, kind in told if any(tid == wait.tid for wait in waits)}
    return any(tid and tid not in tids and kind in waiting for tid, kind in told)


def _number(thread: Made) -> int:
    return next((part.number or 0 for part in thread.parts if part.path == "_native_id"), 0)


def _kind(thread: Made) -> str:
    """Its name without its number: ``Thread- (consume)``."""
    return re.sub(r"\d+", "", next((part.text for part in thread.parts if part.path == "_name"), ""))


def forked_lock(case: Case) -> Iterable[Found]:
    for wait in case.waits:
        process = case.seen.snapshot.process(wait.pid)
        if wait.kind != "thread-lock" or process is None or wait.pid == case.seen.snapshot.root:
            continue
        parent = case.seen.snapshot.process(process.ppid)
        told = case.seen.doing.get((wait.pid, wait.tid))
        if len(process.threads) == 1 and told is not None and told.call in ("get", "put", "tasks"):
            sentence = (
                f"{start(case.name(wait.pid))} waits for a queue of threads, which no other process can put into"
                " or take from."
            )
            # One that it made itself nobody gave it.
            yield case.told("queue-of-threads", sentence, [wait], "M31" if told.inherited else None)
        elif told is not None and told.call != "lock":
            continue
        elif len(process.threads) == 1 and parent is not None and parent.cmdline == process.cmdline:
            # Without its stack it could be a queue as well, or an event.
            inside = "a lock inside itself, where it is the only thread: whoever held it stayed behind in the parent."
            if told is None:
                inside = "something inside itself, where it is the only thread: who could end that is in the parent."
            sentence = f"{start(case.name(wait.pid))} waits for {inside}"
            yield case.told("forked-lock", sentence, [wait], "M19" if told is not None and not told.kept else None)
