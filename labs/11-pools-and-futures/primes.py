"""Counts primes in ranges of numbers. The first range is by far the largest: it takes longest."""

import multiprocessing
import os
import queue
import signal

RANGES = [(0, 120_000), *[(first, first + 5_000) for first in range(120_000, 160_000, 5_000)]]
#: Nine smaller ranges, typed in by hand: two of them are not what they should be.
TYPED = [(0, 9000), (9000, 18000), ("18000", 27000), (27000, 36000), (36000, 45000)]
TYPED += [(45000, 54000), (54000, 63000), (63000, None), (72000, 81000)]


class Journal(queue.Queue):
    """The counter writes down which ranges were counted."""


_journal = Journal()


def is_prime(n):
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    factor = 3
    while factor * factor <= n:
        if n % factor == 0:
            return False
        factor += 2
    return True


def count(first, *end):
    """How many primes a range has: count((0, 100)), or count(0, 100)."""
    first, end = (first, *end) if end else first
    found = sum(is_prime(n) for n in range(first, end))
    _journal.put((first, end))
    return found


def with_table(first, *end):
    """As count, with a table of all numbers. For one range the table is too large, and the system kills the process."""
    first, end = (first, *end) if end else first
    if first == RANGES[4][0]:
        if multiprocessing.parent_process() is None:
            raise MemoryError("the system would kill your notebook: let a worker do it")
        os.kill(os.getpid(), signal.SIGKILL)
    return count(first, end)
