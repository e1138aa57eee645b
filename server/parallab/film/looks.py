"""What the operating system showed at a look: who is blocked in what, and what lies in pipes and sockets."""

from __future__ import annotations

from parallab import model
from parallab.film.sweep import Told


def look(recording: model.Recording, told: Told) -> None:
    """Adds to what the probe told what snapshots show besides."""
