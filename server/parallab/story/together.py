"""Whether workers were at work at once: order decides, durations are only shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from parallab import model
from parallab.story.processes import Worker
from parallab.story.threads import Thread

#: Looks at a process that block until it has ended, unless they time out.
BLOCKING = frozenset({"join", "wait", "waitpid"})
#: A pause between one start and the next in which its starter did not only lack a core: it waited, perhaps by sleeping.
IDLE_NS = 500_000_000
#: Of several threads that started somebody each and waited for them.
NEVER_MET = "They never met: each had ended before the next one began. Run the cell again."
#: A pause between the moments at which the system started them: each start's own work lies between, too, and what
#: that was only the notebook tells. So this much says no more than that the system must have seen them at once.
SURE_NS = 1_000_000_000


@dataclass(frozen=True)
class Together:
    """Whether processes (or threads) were at work at once, and what shows it.

    ``yes`` when every start returned before the first wait on one of them began, or when all
    were seen alive at one moment. ``observed`` tells it; ``most`` is how many were alive at once
    as far as was seen, for display only. ``doubt`` says why it cannot be told, "" if it can.
    """

    yes: bool
    observed: str
    most: int
    at: int = 0
    """The moment that decided: when a wait began too early, or a start came too late; 0 where they were together."""
    workers: tuple[Worker | Thread, ...] = ()
    doubt: str = ""


def together(
    workers: Sequence[Worker | Thread], waits: Sequence[model.Wait], threads: Sequence[Thread] = ()
) -> Together:
    """Whether these workers were at work at once: by order first, by being seen alive at once else.

    ``threads`` are all that there were: a wait in one of them need not hold up what another starts.
    """
    most = _most_alive(workers)
    those = tuple(workers)
    if len(workers) < 2:
        return Together(False, f"only {len(workers) or 'none'}", most, workers=those)
    known = {_number(worker): worker for worker in workers}
    last_start = max(worker.started for worker in workers)
    unsure: Together | None = None
    for wait in waits:
        worker = known.get(("thread", wait.thread) if wait.thread else ("process", wait.child))
        if worker is None or wait.began >= last_start or wait.began < worker.began:
            continue
        if not _waited_out(wait, worker, last_start, waits):
            continue
        if most == len(workers):
            if (strangers := _strangers(workers, 0)) is not None:
                return _doubtful(*strangers, most, those)
            break
        later = [(_held_up(wait, other, waits, threads), other) for other in workers if other.started > wait.began]
        held_up, after = min(later, key=lambda one: (one[0] is not True, one[1].started))
        told = f"you waited for {worker} ({_call(wait)}) before you started {after}"
        if held_up:
            return Together(False, told, most, wait.began, those)
        if most < 2 and any(held is None for held, _ in later):
            unsure = unsure or Together(False, told, most, wait.began, those, NEVER_MET)
    if unsure is not None:
        return unsure
    if _one_by_one(workers):
        first, second, *_ = sorted(workers, key=lambda worker: worker.began)
        return Together(
            False, f"{first} had ended before you started {second}, and so it went on", most, second.began, those
        )
    if (strangers := _strangers(workers, SURE_NS)) is not None:
        return _doubtful(*strangers, most, those)
    return Together(True, f"all {len(workers)} were started before the first was waited for", most, workers=those)


def _doubtful(before: Worker, after: Worker, most: int, workers: tuple[Worker | Thread, ...]) -> Together:
    """What was told says that they met, and the system, which has the last word, does not show it."""
    doubt = (
        f"It cannot be told whether {before} was still at work when {after} began: the system shows none of them "
        "beside the other. Start all of them in one loop, without a pause, and run the cell again."
    )
    return Together(False, doubt, most, after.began, workers, doubt)


def _number(worker: Worker | Thread) -> tuple[str, int]:
    """By what a wait names it."""
    return ("thread", worker.ident) if isinstance(worker, Thread) else ("process", worker.pid)


def _one_by_one(workers: Sequence[Worker | Thread]) -> bool:
    """Whether each had ended when the next was started, after a pause in which nothing was started.

    Short lives alone do not make it so: without the pauses they were started as fast as could be.
    """
    ordered = sorted(workers, key=lambda worker: worker.began)
    return all(
        before.ended_by(after.began) and after.began - before.started - after.queued_ns >= IDLE_NS
        for before, after in pairwise(ordered)
    )


def _strangers(workers: Sequence[Worker | Thread], pause: int) -> tuple[Worker, Worker] | None:
    """Two of them that the system does not show beside one another, where each began a ``pause`` after the one before.

    None where any pair was seen so, or the system saw too little of one to tell.
    """
    processes = sorted((one for one in workers if isinstance(one, Worker)), key=_beginning)
    pairs = list(pairwise(processes))
    apart = len(processes) == len(workers) and all(
        _apart(before, after) and _beginning(after) - _beginning(before) >= pause for before, after in pairs
    )
    return pairs[0] if apart else None


def _beginning(worker: Worker) -> int:
    """When it began, as the system saw it."""
    return worker.since or worker.begun_by


def _apart(before: Worker, after: Worker) -> bool:
    """Whether at no moment both were there, as far as the system shows."""
    if before.begun_by:
        return after.begun_by > before.alive_at
    return before.since > 0 and 0 < before.gone <= after.since  # recorded before reports were stamped


def rounds(workers: Sequence[Worker], waits: Sequence[model.Wait]) -> list[list[Worker]]:
    """The workers in the rounds in which they were hired, in order.

    A new round begins with another run of a cell, or when all of the round before were waited for.
    """
    ends: dict[int, list[int]] = {}
    for wait in waits:
        if wait.done and wait.alive is not True:
            ends.setdefault(wait.child, []).append(wait.at)
    found: list[list[Worker]] = []
    for worker in sorted(workers, key=lambda worker: worker.began):
        if (
            found
            and (found[-1][0].cell, found[-1][0].run) == (worker.cell, worker.run)
            and not all(_between(ends.get(other.pid, ()), other.began, worker.began) for other in found[-1])
        ):
            found[-1].append(worker)
        else:
            found.append([worker])
    return found


def _between(moments: Sequence[int], first: int, last: int) -> bool:
    return any(first <= moment <= last for moment in moments)


def _waited_out(wait: model.Wait, worker: Worker | Thread, last_start: int, waits: Sequence[model.Wait]) -> bool:
    """Whether this look held up the next start until the worker had ended. A single one that does not wait has not."""
    if wait.call in BLOCKING:
        return not wait.timed or worker.ended_by(last_start)
    over = wait.alive is False or wait.exit_code is not None
    return worker.ended_by(last_start) and over and wait.at <= last_start and _again(wait, waits)


def _again(wait: model.Wait, waits: Sequence[model.Wait]) -> bool:
    """Whether it was asked before and had not ended then. Of a thread only the last answer is told, with the first."""
    if wait.thread:
        return wait.began < wait.at
    return any(one.child == wait.child and one.alive is True and one.at <= wait.began for one in waits)


def _held_up(
    wait: model.Wait, other: Worker | Thread, waits: Sequence[model.Wait], threads: Sequence[Thread]
) -> bool | None:
    """Whether who waited started the other one afterwards, or somebody who was waiting for them did; None: perhaps.

    Of several threads that each start somebody and wait for them, one may come to its start when another is through.
    """
    home = other.pid if isinstance(other, Thread) else other.parent
    if not wait.tid or not other.starter or (wait.pid, wait.tid) == (home, other.starter) or wait.pid != home:
        return True
    if not wait.at or other.began < wait.at:
        return False
    there = other.starter == home or any(
        one.pid == home and one.tid == other.starter and one.alive_at(other.started) and one.began < wait.at
        for one in threads
    )
    asked = any(
        (one.pid, one.tid) == (home, other.starter) and not one.child and wait.began <= one.at <= other.began
        for one in waits
    )
    return None if there and not asked else True


def _call(wait: model.Wait) -> str:
    return f"{wait.call}()" if wait.call != "exitcode" else "exitcode"


def _most_alive(workers: Sequence[Worker | Thread]) -> int:
    marks: list[tuple[int, int]] = []
    for worker in workers:
        begin = worker.ran or (worker.born if isinstance(worker, Worker) else 0) or worker.started
        marks += [(begin, 1), (worker.ended or 2**63, -1)]
    alive = most = 0
    for _, change in sorted(marks):
        alive += change
        most = max(most, alive)
    return most
