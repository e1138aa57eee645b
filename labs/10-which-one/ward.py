"""The patients' workers: what the three programs of the doctor's round run in their child processes."""

import time


def add_up(inq, out):
    """Adds what it takes from inq until it takes None, and puts the sum into out."""
    total = 0
    while (amount := inq.get()) is not None:
        total += amount
    out.put(total)


def write_report(out, letters):
    """Puts a report of so many letters into out."""
    out.put("x" * letters)


def move(first, second, meet):
    """Meets the other one, takes the first lock, and, after a second, the second one too."""
    meet.wait()
    with first:
        time.sleep(1)
        with second:
            pass
