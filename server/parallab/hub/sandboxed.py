"""Runs notebooks as ``parallab grade`` does, for *Check all*: in sandboxes, by processes of their own.

What that needs is imported when it is first asked for: a service that re-checks nothing does without.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping

import msgspec

from parallab.hub.recheck import BatchError, Text, Told


class Sandboxed:
    """A :class:`parallab.hub.recheck.Batch`; ``jobs`` notebooks at once."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    async def __call__(self, notebooks: Mapping[str, Text], known: Mapping[str, str], told: Told) -> None:
        """As the protocol says."""
        await asyncio.to_thread(importlib.import_module, "parallab.grading")
        from parallab.grading import Graded, Handed, SandboxError, grade

        # Numbers, not names: what a name looks like in a result is grading's business.
        numbers = {str(number): name for number, name in enumerate(notebooks)}
        decoder = msgspec.json.Decoder(Graded)
        before: dict[str, Graded] = {}
        for number, name in numbers.items():
            try:
                before[number] = msgspec.structs.replace(decoder.decode(known[name]), name=number)
            except (KeyError, msgspec.DecodeError):
                continue  # never run, or by a Parallab that wrote other results: it is run
        handed = [Handed(number, notebooks[name]) for number, name in numbers.items()]

        def progress(graded: Graded, _done: int, _total: int) -> None:
            name = numbers[graded.name]
            nameless = msgspec.structs.replace(graded, name="")
            told(name, graded.digest, msgspec.json.encode(nameless).decode())

        try:
            await grade(handed, jobs=self._jobs, progress=progress, known=before)
        except SandboxError as error:
            raise BatchError(str(error)) from None
