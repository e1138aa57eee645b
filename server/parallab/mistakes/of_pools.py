"""How the evidence gives away mistakes with pools and executors, by the mistake's id.

As in ``recognise``: each is asked only about candidates that a failed check named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from parallab import model

if TYPE_CHECKING:
    from parallab.evidence import Evidence
    from parallab.story import Pool

#: What a worker dies of that cannot find the function it is to call.
_UNFOUND = frozenset({"AttributeError", "ImportError", "ModuleNotFoundError"})
MANY = 8


def errors(evidence: Evidence) -> Iterable[model.Failure]:
    """The errors of the step's cells, and those that came back from its tasks."""
    yield from evidence.errors
    for task in evidence.tasks:
        yield from (one.error for one in (*task.arrivals, *task.got) if one.error is not None)


def _unfound(evidence: Evidence, role: str) -> bool:
    return any(
        worker.role == role
        and worker.exit_code == 1
        and (worker.error is None or worker.error.type in _UNFOUND)
        and worker.method != "fork"
        for worker in evidence.pool_workers
    )


def keeps_hiring(evidence: Evidence) -> bool:
    """M02: a pool's workers, which are no copies of the notebook, died of what they could not import."""
    return _unfound(evidence, "pool")


def executor_broken(evidence: Evidence) -> bool:
    """M03: the same of an executor, which then gives up."""
    return _unfound(evidence, "executor")


def nameless_task(evidence: Evidence) -> bool:
    """M05: a lambda or nested function that could not be sent to a worker."""
    return any(
        task.error is not None
        and task.error.type in ("PicklingError", "AttributeError")
        and ("<lambda>" in task.target or "<locals>" in task.target)
        for task in evidence.tasks
    )


def one_task_at_a_time(evidence: Evidence) -> bool:
    """M13: each task's result was waited for before the next task was handed in."""
    return any(pool.one_by_one for pool in evidence.pools)


def many_hired(evidence: Evidence) -> bool:
    """M16: as many workers as there are items, or more."""
    return any(
        pool.of_processes and pool.size >= MANY and 0 < sum(task.size or 0 for task in pool.tasks) <= pool.size
        for pool in evidence.pools
    )


def shared_as_argument(evidence: Evidence) -> bool:
    """M30: a lock, a queue or a shared number was to travel with a task."""
    return any(error.type == "RuntimeError" and "through inheritance" in error.message for error in errors(evidence))


def nobody_asked(evidence: Evidence) -> bool:
    """M58: a task failed, and nobody asked what came of it."""
    return any(len(task.errors) > task.told for task in evidence.tasks)


def left_too_early(evidence: Evidence) -> bool:
    """M59: a pool was ended while something handed to it had not come back."""
    return any(_cut_off(pool) for pool in evidence.pools)


def _cut_off(pool: Pool) -> bool:
    return bool(pool.terminated) and any(not task.done for task in pool.tasks)


def never_closed(evidence: Evidence) -> bool:
    """M60: a pool or executor was neither closed nor ended, and its workers are there."""
    return any(not pool.dismissed and pool.left for pool in evidence.pools) or any(
        not pool.dismissed for pool in evidence.pools_left
    )


def task_lost(evidence: Evidence) -> bool:
    """M61: a pool's worker was killed, and what it had taken never came back."""
    return any(pool.lost for pool in evidence.pools if pool.kind == "pool")


def worker_hires(evidence: Evidence) -> bool:
    """M62: a pool's worker, which is a daemon, tried to hire."""
    return any(error.type == "AssertionError" and "daemonic" in error.message for error in errors(evidence))


def waits_politely(evidence: Evidence) -> bool:
    """M65: an executor of threads is being left, and waits for threads that do not come home."""
    if evidence.running is not None and evidence.stuck is False:
        return False  # they are only not home yet
    return any(pool.kind == "thread-executor" and pool.shut and not pool.ended for pool in evidence.pools)


OF_POOLS: Mapping[str, Callable[[Evidence], bool]] = MappingProxyType(
    {
        "M02": keeps_hiring,
        "M03": executor_broken,
        "M30": shared_as_argument,
        "M58": nobody_asked,
        "M59": left_too_early,
        "M60": never_closed,
        "M61": task_lost,
        "M65": waits_politely,
    }
)
