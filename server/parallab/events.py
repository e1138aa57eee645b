"""Events to the browser: their schemas, what is sent, and how often."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from parallab import wire
from parallab.kernels import Recorded
from parallab.live import picture

_log = logging.getLogger(__name__)

#: Seconds between two events of one kernel, at the least; and the share of its time that drawing may take.
PAUSE = 0.2
SHARE = 0.05
SCHEMAS = tuple(
    Path(__file__).parent / "event_schemas" / f"{name}.yaml" for name in ("check", "progress", "kernel", "lab")
)


class Events:
    """Sends through Jupyter's event logger; what goes wrong there is logged and harms no request."""

    def __init__(self, logger: Any) -> None:
        self._logger = logger

    def register(self) -> None:
        """Makes the schemas known; once a server."""
        for schema in SCHEMAS:
            self._logger.register_event_schema(schema)

    def progress(self, lab: str, progress: wire.StepProgress) -> None:
        """A step's progress changed."""
        self._emit(wire.PROGRESS_EVENT, _plain(wire.ProgressEvent(lab, progress)))

    def kernel(self, state: wire.KernelState) -> None:
        """A kernel's picture changed."""
        self._emit(wire.KERNEL_EVENT, _plain(wire.KernelEvent(state)))

    def lab(self, lab: str) -> None:
        """A file of a lab changed."""
        self._emit(wire.LAB_EVENT, _plain(wire.LabEvent(lab)))

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
        try:
            self._logger.emit(schema_id=schema, data=data)
        except Exception:  # a sink that somebody else added must not cost the learner their verdict
            _log.exception("event %s could not be sent", schema)


def _plain(event: msgspec.Struct) -> dict[str, Any]:
    """As it comes out of JSON: validation does not take a tuple for an array."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(event))
    return data


class LivePicture:
    """Sends a kernel's state when it changed: the first change at once, the last one always.

    Drawing goes on in a thread and takes a small share of its time, so that a kernel with a long
    story costs no more than one with a short one.
    """

    def __init__(self, kernel_id: str, recorder: Recorded, send: Callable[[wire.KernelState], None]) -> None:
        self._kernel_id = kernel_id
        self._recorder = recorder
        self._send = send
        self._sent: wire.KernelState | None = None
        self._drawing: asyncio.Task[None] | None = None
        self._dirty = False

    def changed(self) -> None:
        """Something may have changed."""
        self._dirty = True
        if self._drawing is None:
            self._drawing = asyncio.get_running_loop().create_task(self._draw())

    def close(self) -> None:
        """Sends nothing more."""
        if self._drawing is not None:
            self._drawing.cancel()

    async def _draw(self) -> None:
        try:
            while self._dirty:
                self._dirty = False
                began = time.perf_counter()
                state = await asyncio.to_thread(picture, self._recorder.glance(), self._kernel_id)
                if state != self._sent:
                    self._sent = state
                    self._send(state)
                await asyncio.sleep(max(PAUSE, (time.perf_counter() - began) / SHARE))
        finally:
            self._drawing = None
