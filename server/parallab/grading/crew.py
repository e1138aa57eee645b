"""Many submissions, some at once, on this machine: the call that the command line and the class service make."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from parallab.grading import sandbox as sandboxes
from parallab.grading.facts import Graded, Limits, Order
from parallab.grading.hand import Hand
from parallab.grading.intake import Desk, Handed

#: Told after each result, with how many are done and how many there are, in the caller's event loop or thread.
Progress = Callable[[Graded, int, int], None]


async def grade(
    submissions: Iterable[Handed],
    *,
    limits: Limits | None = None,
    jobs: int = 1,
    sandbox: bool = True,
    progress: Progress = lambda _graded, _done, _total: None,
    known: Mapping[str, Graded] | None = None,
) -> list[Graded]:
    """Re-checks each submission, ``jobs`` at a time: a result for each, in their order, whatever is in them.

    ``known`` are results of an earlier run by name: what would be the same is not done again. To cancel, cancel the
    task: whatever runs is ended, and what ``progress`` was told stands.

    :raises SandboxError: there can be no sandbox on this machine; the text says what to do.
    """
    handed = list(submissions)
    desk = Desk(limits or Limits(), sandbox)
    results: dict[str, Graded] = {}

    def keep(graded: Graded) -> None:
        results[graded.name] = graded
        progress(graded, len(results), len(handed))

    hands = [Hand() for _ in range(max(1, min(jobs, len(handed))))]
    try:
        await asyncio.gather(*(asyncio.to_thread(hand.warm) for hand in hands), *_tried(limits or Limits(), sandbox))
    except BaseException:
        await asyncio.gather(*(asyncio.to_thread(hand.close) for hand in hands))
        raise
    waiting = iter(handed)
    threads = ThreadPoolExecutor(len(hands), thread_name_prefix="parallab-grade")
    loop = asyncio.get_running_loop()

    async def work(hand: Hand) -> None:
        for one in waiting:
            found = await asyncio.to_thread(desk.order, one)
            if isinstance(found, Order):
                old = same(known, found)
                found = old if old is not None else await loop.run_in_executor(threads, hand.grade, found)
            keep(found)

    tasks = [asyncio.ensure_future(work(hand)) for hand in hands]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*(asyncio.to_thread(hand.close) for hand in hands))
        await asyncio.gather(*tasks, return_exceptions=True)
        threads.shutdown(wait=False)
    return [results[one.name] for one in handed]


def _tried(limits: Limits, sandbox: bool) -> list[Coroutine[None, None, None]]:
    return [prepare(limits)] if sandbox else []


def same(known: Mapping[str, Graded] | None, order: Order) -> Graded | None:
    """The earlier result of the very same, unless the check itself went wrong then."""
    old = (known or {}).get(order.name)
    if old is None or old.outcome == "error" or (old.digest, old.asked) != (order.digest, order.asked):
        return None
    return old


async def prepare(limits: Limits) -> None:
    """Tries a sandbox once, so that what is wrong on this machine is not told once a submission.

    :raises SandboxError: there can be none.
    """
    await asyncio.to_thread(sandboxes.warm_up)
    tried = await sandboxes.Sandbox.start((), (), limits)
    await tried.close()
