"""Which mistake a standstill is: the pattern of its waits, and what the probe told of how it came about.

A pattern alone leaves some open: whether the one who left a lock locked was killed or failed, whether
a consumer beside those that wait got the only farewell, whether an item ever left its process.
"""

from __future__ import annotations

from collections.abc import Iterable

from parallab import model
from parallab.catalogue import CATALOGUE, Mistake
from parallab.story import Pipe, Story, Worker, all_pipes
from parallab.waits import Diagnosis

_UNFOUND = ("AttributeError", "ImportError", "ModuleNotFoundError")


def named(diagnosis: Diagnosis, recording: model.Recording, told: Story) -> Mistake | None:
    """The mistake of a standstill that was just diagnosed, or None where it is none of the catalogue's."""
    known = _of_lock(told) if diagnosis.kind == "holder-gone" and diagnosis.mistake != "M36" else diagnosis.mistake
    if diagnosis.kind in ("nobody-writes", "nobody-puts"):
        known = _undelivered(diagnosis, recording, told) or (
            _farewell(diagnosis, recording, told) if known == "M22" or diagnosis.fits else known
        )
    elif diagnosis.kind == "forked-lock":
        known = "M31" if any(_has_queue_of_threads(one) for one in told.workers if one.alive) else "M19"
    elif diagnosis.kind == "own-other-end":
        known = _of_the_ends(diagnosis, recording, told)
    elif diagnosis.kind == "cycle" and _still_listens(diagnosis, recording, told):
        known = "M22"
    elif diagnosis.kind == "same-lock-twice" and _is_room(diagnosis, told):
        known = "M28"
    elif diagnosis.kind == "lost-task":
        run = _newest(recording)[1]
        known = "M02" if any(_unfound(worker) for worker in told.workers if worker.run == run) else known
    return CATALOGUE.get(known) if known else None


def _newest(recording: model.Recording) -> tuple[str, int]:
    """The cell that began last, and its run; ("", 0) where none did."""
    begun = ((event.run, event.cell) for event in recording.events if isinstance(event, model.CellBegin))
    run, cell = max(begun, default=(0, ""))
    return cell, run


def _pipes(pids: Iterable[int], recording: model.Recording, told: Story) -> list[Pipe]:
    """The learner's pipes of the newest run that one of these processes used or was given."""
    return [
        pipe
        for pipe in all_pipes(recording, told.workers, [_newest(recording)])
        if not {*pids}.isdisjoint({word.pid for word in pipe.words} | {pid for pid, _, _ in pipe.given})
    ]


def _of_the_ends(diagnosis: Diagnosis, recording: model.Recording, told: Story) -> str | None:
    """M56 where both ends were spoken at, so that one was only not closed; M55 where all have the same one."""
    pipes = [pipe for pipe in _pipes(diagnosis.pids, recording, told) if not pipe.one_way]
    if len(pipes) != 1:
        return None
    spoken = {word.end for word in pipes[0].words if word.act in ("send", "recv")}
    if len(spoken) > 1:
        return "M56"
    return "M55" if spoken and spoken == {end for _, end, _ in pipes[0].given} else None


def _still_listens(diagnosis: Diagnosis, recording: model.Recording, told: Story) -> bool:
    """Whether a worker took all that came over a pipe, no farewell among it, and is waited for to end."""
    joins = [one for one in recording.events if isinstance(one, model.Wait) and one.call == "join"]
    over = {(one.child, one.began) for one in joins if one.done}
    joined = {one.child for one in joins if (one.child, one.began) not in over}.intersection(diagnosis.pids)
    for pipe in _pipes(joined, recording, told):
        for pid in joined:
            came = [word for word in pipe.sends if word.pid != pid]
            taken = [word for word in pipe.recvs if word.pid == pid]
            if came and len(taken) == len(came) and not any(word.kind == "NoneType" for word in came):
                return True
    return False


def _has_queue_of_threads(worker: Worker) -> bool:
    """Such a queue is called by its process and number, one between processes by its lock's name."""
    return any(":" in arg.name for arg in worker.given("queue"))


def _is_room(diagnosis: Diagnosis, told: Story) -> bool:
    """Whether what looks like a lock counts the one place of a queue: who took that does not give it back."""
    waited = [lock for lock in told.locks if set(diagnosis.pids) & set(lock.waiting)]
    return bool(waited) and all(lock.owner == "queue" and lock.cls == "BoundedSemaphore" for lock in waited)


def _unfound(worker: Worker) -> bool:
    return worker.role == "pool" and worker.error is not None and worker.error.type in _UNFOUND


def _of_lock(told: Story) -> str | None:
    """M45 or M42: by how the last one ended that took a lock which is waited for and never gave it."""
    for lock in told.locks:
        kept = [hold.pid for hold in lock.holds if not hold.given] if lock.waiting else []
        worker = told.worker(kept[-1]) if kept else None
        if worker is not None and worker.ended:
            interrupted = worker.error is not None and worker.error.type == "KeyboardInterrupt"
            return "M45" if interrupted or (worker.exit_code or 0) < 0 else "M42"
    return None


def _farewell(diagnosis: Diagnosis, recording: model.Recording, told: Story) -> str:
    """M23 when one with the same work went home well, else M22."""
    run = _newest(recording)[1]
    workers = [one for one in told.workers if one.run == run and one.target]
    threads = [one for one in told.threads if one.run == run and one.target]
    if diagnosis.kind == "nobody-writes":
        waiting = {one.target for one in workers if one.pid in diagnosis.pids}
        left = any(one.target in waiting and one.ended and one.exit_code == 0 for one in workers)
    else:
        waiting = {one.target for one in threads if not one.ended}
        left = any(one.target in waiting and one.ended and one.error is None for one in threads)
    return "M23" if left else "M22"


def _undelivered(diagnosis: Diagnosis, recording: model.Recording, told: Story) -> str | None:
    """M29 or M35 when a queue between processes was given more than came out, though somebody waits for it."""
    if recording.lost or recording.not_recorded:
        return None
    run = _newest(recording)[1]
    uses = [event for event in recording.events if isinstance(event, model.QueueUse) and event.run == run]
    # One between processes is called by its lock's name, one of threads by its process and number.
    between = {event.queue for event in uses if ":" not in event.queue}
    # Who is in the middle of a get holds the queue's read lock, by whose name the queue is called.
    getting = {
        lock.name for lock in told.locks if lock.owner == "queue" and not {*diagnosis.pids}.isdisjoint(lock.holders)
    }
    between &= getting or between
    for queue in between:
        puts = [event for event in uses if event.queue == queue and event.act == "put"]
        gets = [event for event in uses if event.queue == queue and event.act == "get"]
        if len(puts) > len(gets):
            return "M35" if _cut_short({event.pid for event in puts}, told) else "M29"
    return None


def _cut_short(pids: Iterable[int], told: Story) -> bool:
    """Whether one of these processes was killed, or left without ending as processes do."""
    ended = [worker for pid in pids if (worker := told.worker(pid)) is not None and worker.ended]
    return any((worker.exit_code or 0) != 0 and worker.error is None for worker in ended)
