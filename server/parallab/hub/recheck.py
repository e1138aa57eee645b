"""Running handed-in notebooks again: what is asked of whoever runs them, and what becomes of the answers.

The running itself, in a sandbox, is not the class service's: a :class:`Batch` is handed in.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from parallab import wire
from parallab.hub.service import Service
from parallab.hub.store import HandIn, Recheck


class Batch(Protocol):
    """Runs notebooks of one lab, each in a kernel and a sandbox of its own."""

    def __call__(self, lab: str, notebooks: Mapping[str, Path]) -> AsyncIterator[tuple[str, wire.CheckReport | str]]:
        """What came of each, by its name, as it comes: a report, or a sentence why there is none."""
        ...


async def recheck(service: Service, batch: Batch, lab: str, handins: Mapping[str, HandIn]) -> int:
    """Runs these learners' notebooks of a lab again and keeps what comes of it; how many ran."""
    ran = 0
    with tempfile.TemporaryDirectory(prefix="parallab-recheck-") as folder:
        # Numbers, not names: a learner's name is no name of a file.
        learners = dict(enumerate(sorted(handins)))
        notebooks: dict[str, Path] = {}
        for number, learner in learners.items():
            path = Path(folder) / f"{number}.ipynb"
            path.write_bytes(await service.notebook(learner, lab))
            notebooks[str(number)] = path
        async for name, told in batch(lab, notebooks):
            learner = learners[int(name)]
            digest = handins[learner].digest
            data = told if isinstance(told, str) else msgspec.json.encode(told).decode()
            await service.keep_recheck(Recheck(learner, lab, digest, time.time(), data))
            ran += not isinstance(told, str)
    return ran
