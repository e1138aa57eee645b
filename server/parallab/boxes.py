"""Leitner's boxes: when a question that was answered comes due again. Pure.

A question goes into the first box with its first answer, one box on when it is answered rightly after it
came due, and back into the first when it is answered wrongly. A box's questions come due after so many days,
or so many labs, whichever is earlier.
"""

from __future__ import annotations

import msgspec

#: Days or labs after which a box's questions come due.
BOXES = (1, 3, 7)
DAY = 86_400.0


class Card(msgspec.Struct, frozen=True):
    """A question in Leitner's boxes: its box from 0, and its last answer that counted.

    ``unix`` is when that was, ``begun`` how many labs had been begun; ``missed``: it was wrong.
    """

    box: int
    unix: float
    begun: int
    missed: bool = False


def answered(card: Card | None, right: bool, unix: float, begun: int) -> Card:
    """The card after one more answer, at this time (Unix seconds) and with so many labs begun.

    Trying again until it is right moves nothing: only what was still known after a while is known.
    """
    if not right:
        return Card(0, unix, begun, missed=True)
    if card is None:
        return Card(0, unix, begun)
    if not is_due(card, unix, begun):
        return card
    return Card(min(card.box + 1, len(BOXES) - 1), unix, begun)


def is_due(card: Card, unix: float, begun: int) -> bool:
    """Whether its box's days or labs have passed."""
    wait = BOXES[card.box]
    return unix - card.unix >= wait * DAY or begun - card.begun >= wait
