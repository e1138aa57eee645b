"""A very small stock exchange: five prices a share, and a line that takes a tenth of a second to answer."""

import queue
import time

PRICES = {
    "AAPL": [211, 212, 210, 214, 213],
    "MSFT": [428, 431, 430, 429, 433],
    "NVDA": [119, 118, 121, 124, 122],
}


class Journal(queue.Queue):
    """The exchange writes down who asked for what."""


_journal = Journal()


def price(symbol, tick):
    """The price of a share, in dollars; tick counts from 0. Asking takes a tenth of a second."""
    found = PRICES[symbol][tick % 5]
    time.sleep(0.1)
    _journal.put((symbol, tick))
    return found
