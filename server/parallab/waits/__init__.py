"""Who waits for what, who holds it, and whether anybody can still end it.

``graph`` thinks one snapshot through and compares two; ``patterns`` names what it finds, by the rules
of ``of_locks``, ``of_channels`` and so on, over what ``case`` knows of it.
"""

from __future__ import annotations

from parallab.waits.case import Diagnosis
from parallab.waits.circles import Cycle, cycles
from parallab.waits.graph import (
    APART_NS,
    Hope,
    Picture,
    Wait,
    in_question,
    lost,
    on_sockets,
    picture,
    readers,
    still,
    stuck,
    timed,
    within,
)
from parallab.waits.patterns import diagnose

__all__ = [
    "APART_NS",
    "Cycle",
    "Diagnosis",
    "Hope",
    "Picture",
    "Wait",
    "cycles",
    "diagnose",
    "in_question",
    "lost",
    "on_sockets",
    "picture",
    "readers",
    "still",
    "stuck",
    "timed",
    "within",
]
