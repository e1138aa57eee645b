"""Patterns of pools: a result that no worker works on any more."""

from __future__ import annotations

from collections.abc import Iterable

from parallab.waits import python
from parallab.waits.case import Case, Found, start


def lost_task(case: Case) -> Iterable[Found]:
    """A pool's result that no worker works on: who had the task is gone, and all others are idle."""
    doing = case.seen.doing.get(case.seen.main)
    if doing is None or doing.call != "pool":
        return
    root = case.seen.snapshot.root
    if python.works_in_threads(root, case.seen.snapshot) or python.hands_out(root, case.seen.snapshot):
        return  # it was not lost: a thread has it, or nobody has handed it out yet
    hirers = {root, *(pid for pid, role in case.seen.roles.items() if role == "forkserver")}
    everybody = case.seen.snapshot.processes
    workers = [one for one in everybody if one.ppid in hirers and case.seen.roles[one.pid] == "worker"]
    pools = [one for one in case.made if one.cls == "Pool" and root in one.pids]
    if len(pools) > 1:
        return  # which of them it waits for is not known
    if pools:
        workers = [one for one in workers if one.pid in pools[0].workers]
    idle = [wait for one in workers for wait in case.waits if wait.pid == wait.tid == one.pid and case.idles(wait)]
    if pools:  # a job may read a pipe of its own
        idle = [wait for wait in idle if wait.inode in pools[0].parts]
    elif sum(wait.inode in case.seen.objects.pipes for wait in idle) > 1:
        return  # for work one waits at the pipe, and all others for its lock
    main = [wait for wait in case.waits if (wait.pid, wait.tid) == case.seen.main]
    if main and not workers:
        sentence = f"{start(case.name(root))} waits for a pool's result, and the pool has no workers any more."
        yield case.told("pool-gone", sentence, main, "M59")
    if workers and len(idle) == len(workers):
        sentence = (
            f"{start(case.name(root))} waits for a pool's result, and no worker of the pool has the task any more."
        )
        own = [wait for wait in case.waits if wait.pid == root and wait not in main]
        # Without the thread that brings results home, no worker need have lost one.
        mistake = "M61" if python.handles_results(root, case.seen.snapshot) else None
        yield case.told("lost-task", sentence, [*main, *own, *idle], mistake)
