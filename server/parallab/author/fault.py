"""What a proof finds wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """Something that does not hold: where, what, and what to do next."""

    where: str
    what: str
    do: str

    def __str__(self) -> str:
        return f"{self.where}\n  {self.what}\n  → {self.do}"
