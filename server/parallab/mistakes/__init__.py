"""The catalogue of mistakes that people really make, and how the evidence gives each away.

A check names candidates; :func:`tell` answers the deepest of them whose recogniser agrees. A
mistake without a recogniser is never told: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from parallab.catalogue import CATALOGUE, DEEPER, Mistake
from parallab.checks.expect import CannotTell
from parallab.mistakes.hanging import named
from parallab.mistakes.recognise import RECOGNISERS

if TYPE_CHECKING:
    from parallab.evidence import Evidence

__all__ = ["CATALOGUE", "DEEPER", "RECOGNISERS", "Mistake", "named", "tell"]


def tell(candidates: Iterable[str], evidence: Evidence) -> Mistake | None:
    """The deepest candidate that the evidence shows, or None. One of which it cannot tell does not hide the others.

    :raises KeyError: a candidate is not in the catalogue; the text names it.
    """
    wanted = tuple(dict.fromkeys(candidates))
    unknown = next((one for one in wanted if one not in CATALOGUE), None)
    if unknown is not None:
        raise KeyError(f"the catalogue has no mistake {unknown}")
    for one in sorted(wanted, key=_depth):
        if one in RECOGNISERS and _shown(one, evidence):
            return CATALOGUE[one]
    return None


def _shown(mistake: str, evidence: Evidence) -> bool:
    try:
        return RECOGNISERS[mistake](evidence)
    except CannotTell:
        return False


def _depth(mistake: str) -> tuple[int, str]:
    return (DEEPER.index(mistake) if mistake in DEEPER else len(DEEPER), mistake)
