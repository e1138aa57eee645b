"""What a share costs, in dollars. Only the price service may look it up; it writes down each time."""

import queue

_PRICES = {"AAPL": 187, "MSFT": 402, "NVDA": 722}


class Journal(queue.Queue):
    """The service writes down who asked it for what."""


_journal = Journal()


def price(symbol):
    """The price of one share of this company."""
    _journal.put(symbol)
    return _PRICES[symbol]
