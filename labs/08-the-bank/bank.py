"""The bank of this lab: its customers, and the clerk's stamp. Your workers import it."""

import time

#: What two customers have on their accounts, in dollars.
OPENING = {"ann": 1_000, "bob": 1_000}

#: How many deposits of one dollar each of the four cashiers takes in.
DEPOSITS = 200


def stamp():
    """The clerk stamps the slip: a thousandth of a second, in which anything may happen."""
    time.sleep(0.001)
