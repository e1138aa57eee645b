"""What the browser is told without asking: events, and what changed while it looks."""

from __future__ import annotations

from typing import Literal

import msgspec

from parallab.wire.film import Film
from parallab.wire.kernels import KernelState
from parallab.wire.labs import StepProgress

CHECK_EVENT = "https://events.parallab.dev/check/v1"
PROGRESS_EVENT = "https://events.parallab.dev/progress/v1"
LAB_EVENT = "https://events.parallab.dev/lab/v1"
STALE_EVENT = "https://events.parallab.dev/stale/v1"


class ProgressEvent(msgspec.Struct, frozen=True):
    """A step's progress changed, in whichever window or by a break goal met."""

    lab: str
    progress: StepProgress


class LabEvent(msgspec.Struct, frozen=True):
    """A file of a lab has changed, while its author looks at it."""

    lab: str


class StaleEvent(msgspec.Struct, frozen=True):
    """What was read of this is no longer so, in whichever window that was done: whoever shows it asks again."""

    what: Literal["course", "leftovers"]


class LiveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client of kernels/{id}/live says it wants to be told of; the last one counts."""

    state: bool = True
    film: bool = False
    """Of the newest run that started anything, as kernels/{id}/film."""


class LiveMessage(msgspec.Struct, frozen=True):
    """One message of kernels/{id}/live: what changed, whole."""

    schema: int
    state: KernelState | None = None
    film: Film | None = None
