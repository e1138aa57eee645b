"""What was traded this morning: for each share the prices in dollars, in order. Your traders import it."""

import time

PRICES = {
    "AAPL": [189, 190, 188, 191, 192, 190, 193, 194, 193, 195],
    "MSFT": [402, 404, 403, 405, 404, 406, 408, 407, 409, 410],
    "NVDA": [721, 726, 719, 730, 733, 729, 738, 741, 740, 745],
}


def think():
    """A trader thinks: a thousandth of a second, in which anything may happen."""
    time.sleep(0.001)
