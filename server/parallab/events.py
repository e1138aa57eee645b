"""Events that the server sends unasked: their schemas, and what is sent. What is pushed live is in ``feed``."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any, Literal

import msgspec

from parallab import wire

_log = logging.getLogger(__name__)

SCHEMAS = tuple(
    Path(__file__).parent / "event_schemas" / f"{name}.yaml" for name in ("check", "progress", "lab", "stale")
)


class Events:
    """Sends through Jupyter's event logger, from the running loop; what goes wrong there harms no request."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def register(self) -> None:
        """Makes the schemas known; once a server."""
        for schema in SCHEMAS:
            self._logger.register_event_schema(schema)

    def progress(self, lab: str, progress: wire.StepProgress) -> None:
        """A step's progress changed."""
        self._emit(wire.PROGRESS_EVENT, _plain(wire.ProgressEvent(lab, progress)))

    def lab(self, lab: str) -> None:
        """A file of a lab changed."""
        self._emit(wire.LAB_EVENT, _plain(wire.LabEvent(lab)))

    def stale(self, what: Literal["course", "leftovers"]) -> None:
        """What was read of this is no longer so."""
        self._emit(wire.STALE_EVENT, _plain(wire.StaleEvent(what)))

    def check(self, lab: str, version: int, result: wire.StepResult, seconds: float) -> None:
        """A step was judged because somebody asked."""
        data = {
            "lab": lab,
            "version": version,
            "step": result.step,
            "verdict": result.verdict,
            "assisted": bool(result.assisted),
            "mistakes": [goal.mistake.id for goal in result.goals if goal.mistake is not None],
            "milliseconds": round(seconds * 1000, 1),
        }
        self._emit(wire.CHECK_EVENT, data)

    def _emit(self, schema: str, data: dict[str, Any]) -> None:
        # To hold it against its schema takes milliseconds: whoever asked for the verdict gets that first.
        asyncio.get_running_loop().call_soon(self._send, schema, data)

    def _send(self, schema: str, data: dict[str, Any]) -> None:
        try:
            self._logger.emit(schema_id=schema, data=data)
        except Exception:  # a sink that somebody else added must not cost the learner their verdict
            _log.exception("event %s could not be sent", schema)


def _plain(event: msgspec.Struct) -> dict[str, Any]:
    """As it comes out of JSON: validation does not take a tuple for an array."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return data
