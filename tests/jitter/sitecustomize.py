"""What a busy machine may do to a kernel and its processes: whoever reads the clock for a report may be held up.

Python imports this by itself where this folder is on ``PYTHONPATH``, as in ``tests/labs/test_held_up.py``. The probe
stamps what it reports, and it acts, reads, stamps and sends one after the other: before and after a stamp, others may
overtake. Most delays are short, some are long. A place that is rarely come to, such as the end of a process, is held up
often, one in a loop hardly ever, so that a lab takes little longer.
"""

import os
import sys
import time

#: Of so many visits to a place one is held up, at first.
ONE_IN = 5
#: Each so many visits to a place make it rarer by one.
TIRED = 6
#: One in so many delays is a long one.
LONG = 8
#: Milliseconds: a short one takes no more, a long one up to eight times as much.
SHORT_MS = float(os.environ.get("PARALLAB_JITTER_MS", "40"))

_read, _sleep = time.monotonic_ns, time.sleep
_visits: dict[tuple[object, int], int] = {}
_owner = 0
_dice = 0


def _throw() -> int:
    """A number of 32 bits: the clock's and the process's, well mixed (splitmix64)."""
    global _owner, _dice
    if _owner != os.getpid():  # a forked child throws for itself
        _owner = os.getpid()
        _dice = _owner * 7919
        _visits.clear()
    _dice = (_dice + _read() + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    mixed = (_dice ^ (_dice >> 30)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    return (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB >> 16 & 0xFFFFFFFF


def _hold_up() -> None:
    dice = _throw()
    most = SHORT_MS * (8 if dice % LONG == 0 else 1)
    _sleep(most / 1000 * (dice >> 8 & 255) / 255)


def monotonic_ns() -> int:
    """The clock; for the probe's own modules perhaps a little late, and returning later still."""
    frame = sys._getframe(1)
    if not frame.f_globals.get("__name__", "").startswith("parallab_probe"):
        return _read()
    place = frame.f_code, frame.f_lineno
    dice = _throw()
    visits = _visits[place] = _visits.get(place, 0) + 1
    held = dice % (ONE_IN + visits // TIRED) == 0
    if held and dice >> 16 & 1:
        _hold_up()
        return _read()
    at = _read()
    if held:
        _hold_up()
    return at


time.monotonic_ns = monotonic_ns
