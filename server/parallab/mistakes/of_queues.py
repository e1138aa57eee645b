"""How the evidence gives away mistakes with threads and their queues, by the mistake's id.

As in ``recognise``: each is asked only about candidates that a failed check named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from parallab import model

if TYPE_CHECKING:
    from parallab.evidence import Evidence
    from parallab.story import Queue, Thread


def errors(evidence: Evidence) -> Iterable[model.Failure]:
    """The errors of the step's cells and of its threads."""
    yield from evidence.errors
    for thread in evidence.threads:
        if thread.error is not None:
            yield thread.error


def _blocked(evidence: Evidence, queue: Queue) -> list[Thread]:
    """The learner's threads that wait in get() of this queue, and are alive."""
    last = {line.tid: line for line in queue.lines}
    found = [evidence.thread(tid, last[tid].at) for tid in queue.waiting("get")]
    return [thread for thread in found if thread is not None and not thread.ended]


def _marked(evidence: Evidence, queue: Queue) -> list[Thread]:
    """The learner's threads whose last item was an end mark, and that ended."""
    takers = {line.tid: line for line in queue.gets}
    found = [evidence.thread(tid, line.at) for tid, line in takers.items() if line.mark]
    return [thread for thread in found if thread is not None and thread.ended]


def nobody_told_them(evidence: Evidence) -> bool:
    """M22: consumers wait in get() of an empty queue, and none ever got an end mark."""
    return any(
        _blocked(evidence, queue) and not queue.size and not any(line.mark for line in queue.gets)
        for queue in evidence.queues
    )


def one_farewell(evidence: Evidence) -> bool:
    """M23: some consumers got an end mark and went; the others wait for theirs."""
    return any(_blocked(evidence, queue) and not queue.size and _marked(evidence, queue) for queue in evidence.queues)


def never_done(evidence: Evidence) -> bool:
    """M24: somebody waits in join() of a queue that is empty, for tasks that nobody calls done."""
    return any(queue.waiting("join") and queue.unfinished > 0 and not queue.size for queue in evidence.queues)


def done_too_often(evidence: Evidence) -> bool:
    """M25: task_done() was called once too often, or for an item before the work on it was done."""
    if any(error.type == "ValueError" and "task_done()" in error.message for error in errors(evidence)):
        return True
    return any(queue.done_ahead(evidence.journal) for queue in evidence.queues)


def full_window(evidence: Evidence) -> bool:
    """M28: somebody waits for room in a full queue, and nobody takes anything out of it."""
    return any(
        queue.waiting("put") and queue.maxsize and queue.size >= queue.maxsize and not queue.waiting("get")
        for queue in evidence.queues
    )


def left_early(evidence: Evidence) -> bool:
    """M27: a thread asked empty(), and then left because of it, or waits for what another one took."""
    return any(_by_photograph(evidence, queue) for queue in evidence.queues)


def _by_photograph(evidence: Evidence, queue: Queue) -> bool:
    told = {line.tid for line in queue.gets if line.mark}
    last = {line.tid: line for line in queue.lines}
    for tid in {line.tid for line in queue.all("look")} - told:
        thread = evidence.thread(tid, last[tid].at)
        left = thread is not None and thread.ended and last[tid].act == "look"
        if left or last[tid].act == "wait-get":
            return True
    return False


def tie(evidence: Evidence) -> bool:
    """M32: a PriorityQueue had to compare what cannot be compared."""
    return any(error.type == "TypeError" and "'<' not supported" in error.message for error in errors(evidence))


#: What is taken for a queue and is none.
_CONTAINERS = frozenset({"list", "collections.deque"})


def container(evidence: Evidence) -> bool:
    """M33: a list or a deque in place of a queue, or a queue used like one."""
    used = any(
        error.type in ("TypeError", "AttributeError", "IndexError")
        and any(name in error.message for name in ("'Queue'", "'LifoQueue'", "'PriorityQueue'", "deque", "'list'"))
        for error in evidence.errors
    )
    none = not evidence.queues and not evidence.process_queues
    return used or (none and not _CONTAINERS.isdisjoint(evidence.types.values()))


def ghosts(evidence: Evidence) -> bool:
    """M34: threads that an earlier run started are still alive: of this step, or at a queue that it uses.

    What another step has left behind, at a queue of its own, is in nobody's way.
    """
    mine = {(cell.cell, cell.run) for cell in evidence.cells}
    users = {line.tid for queue in evidence.queues for line in queue.lines}
    return any(
        (thread.cell, thread.run) not in mine
        and (evidence.steps.get(thread.cell, evidence.step) == evidence.step or thread.tid in users)
        for thread in evidence.threads_alive
    )


OF_QUEUES: Mapping[str, Callable[[Evidence], bool]] = MappingProxyType(
    {
        "M24": never_done,
        "M25": done_too_often,
        "M27": left_early,
        "M28": full_window,
        "M32": tie,
        "M33": container,
        "M34": ghosts,
    }
)
