"""A result that says when, where and with what, but holds no report: what every result begins with."""

from __future__ import annotations

import platform
import socket
import time
from importlib.metadata import version
from typing import Any

from parallab.grading.facts import TEXT, Graded, Order, Outcome


def blank(order: Order, outcome: Outcome, reason: str = "", **more: Any) -> Graded:
    """A result without a report."""
    return Graded(
        name=order.name,
        digest=order.digest,
        asked=order.asked,
        lab=order.lab,
        outcome=outcome,
        reason=reason[:TEXT],
        **{
            "at": time.time(),
            "sandbox": "bubblewrap" if order.sandbox else "none",
            "parallab": version("parallab"),
            "python": platform.python_version(),
            "host": socket.gethostname(),
            **more,
        },
    )
