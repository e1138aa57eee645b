"""Who waits for what, who holds it, and whether anybody can still end it.

``graph`` thinks one snapshot through and compares two; ``patterns`` names what it finds.
"""

from __future__ import annotations

from parallab.waits.graph import APART_NS, Hope, Picture, Wait, in_question, lost, picture, still, stuck, within
from parallab.waits.patterns import Cycle, Diagnosis, cycles, diagnose

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
    "picture",
    "still",
    "stuck",
    "within",
]
