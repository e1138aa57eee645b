"""Grading on more machines: orders go to the workers of a Dask cluster, each of which starts our own workers.

A machine of the cluster needs Parallab with the same labs, and bubblewrap. A Dask worker that dies has its orders
given to others; whatever it was running ends with it. A result is taken once for each submission.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

import msgspec
from distributed import Client, Future, as_completed
from distributed.scheduler import KilledWorker

from parallab.grading.blank import blank
from parallab.grading.crew import Progress, same
from parallab.grading.facts import Graded, Limits, Order
from parallab.grading.hand import Hand
from parallab.grading.intake import Desk, Handed

#: Seconds that the scheduler may take to answer.
ANSWER = 20
#: Orders that wait on the cluster for each of its threads: enough to keep it busy, few enough to hold.
AHEAD = 3


class ClusterError(Exception):
    """The cluster cannot be used; the text says why and what to do."""


def grade(
    address: str,
    submissions: Iterable[Handed],
    *,
    limits: Limits | None = None,
    sandbox: bool = True,
    progress: Progress = lambda _graded, _done, _total: None,
    known: Mapping[str, Graded] | None = None,
) -> list[Graded]:
    """As :func:`parallab.grading.crew.grade`, on the cluster with this scheduler.

    :raises ClusterError: it does not answer, or has no workers.
    """
    handed = list(submissions)
    desk = Desk(limits or Limits(), sandbox)
    results: dict[str, Graded] = {}

    def keep(graded: Graded) -> None:
        if graded.name not in results:
            results[graded.name] = graded
            progress(graded, len(results), len(handed))

    with _connect(address) as client:
        room = AHEAD * max(1, sum(client.nthreads().values()))
        waiting = iter(handed)
        running = as_completed(loop=client.loop)
        orders: dict[str, Order] = {}

        def more() -> None:
            """Sends orders until there are enough; what needs no run is answered here."""
            for one in waiting:
                found = desk.order(one)
                old = same(known, found) if isinstance(found, Order) else found
                if old is not None:
                    keep(old)
                    continue
                assert isinstance(found, Order)
                # Not pure: two equal notebooks are two submissions, and each is run.
                future = client.submit(one_order, msgspec.json.encode(found), pure=False)
                orders[future.key] = found
                running.add(future)
                if len(orders) >= room:
                    return

        more()
        for future in running:
            keep(_result(future, orders.pop(future.key)))
            more()
    return [results[one.name] for one in handed]


def _connect(address: str) -> Client:
    try:
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address} ({error}): start one, or correct it") from None
    if not client.nthreads():
        client.close()
        raise ClusterError(f"the Dask cluster at {address} has no workers: start some (dask worker {address})")
    return client


def _result(future: Future, order: Order) -> Graded:
    try:
        return msgspec.json.decode(future.result(), type=Graded)
    except KilledWorker:
        return blank(order, "error", "every Dask worker that checked it died: check it by itself")
    except Exception as error:
        return blank(order, "error", f"the cluster did not check it ({type(error).__name__}: {error})")


# -- on the workers ---------------------------------------------------------------------------

_lock = threading.Lock()
_idle: list[Hand] = []
"""Our own workers that have nothing to do; they end with the Dask worker, since they end with standard input."""


def one_order(text: bytes) -> bytes:
    """Re-checks one submission on the machine where this is called."""
    order = msgspec.json.decode(text, type=Order)
    with _lock:
        hand = _idle.pop() if _idle else Hand()
    try:
        return msgspec.json.encode(hand.grade(order))
    finally:
        with _lock:
            _idle.append(hand)
