"""The shelf of this lab. Whoever imports this module has a shelf: is it always the same one?"""

import os
import queue
import threading
import time

#: Who put a parcel on the shelf: (number of the process, number of the thread).
LEDGER = []

#: What it costs to send a parcel, in dollars.
RATE = 1

#: What somebody has found out, by name.
RESULT = {}

#: How heavy the parcels of today are, in kilograms.
PARCELS = [1 + 7 * number % 13 for number in range(200)]

#: Which parcel was weighed by whom: (number of the process, number of the parcel).
WEIGHED = []


class Journal(queue.Queue):
    """The shelf writes down when a download begins, and when it ends."""


_journal = Journal()


def add():
    """Puts a parcel on the shelf, and writes down who did it."""
    LEDGER.append((os.getpid(), threading.get_native_id()))


def burn():
    """Compares labels: nothing but work for the processor, about half a second of it."""
    same = 0
    for number in range(6_000_000):
        if number % 7 == 3:
            same += 1
    return same


def fetch():
    """Downloads a label: nothing but waiting, a fifth of a second of it."""
    _journal.put("begins")
    time.sleep(0.2)
    _journal.put("ends")


def weigh(number):
    """Weighs one parcel: about a thousandth of a second of work."""
    for _ in range(20_000):
        pass
    WEIGHED.append((os.getpid(), number))
