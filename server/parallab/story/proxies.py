"""Calls through a manager's proxies: who asked which object of which server for what, and what came back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from parallab import model
from parallab.story.locks import Run


@dataclass(frozen=True)
class Call:
    """One call, from ``began`` to ``at``. ``args`` and ``result`` are None where they are no plain values."""

    pid: int
    began: int
    at: int
    object: str
    type: str
    server: int
    """The server's process; 0 where that is not known."""
    method: str
    args: list[Any] | None = None
    given: tuple[str, ...] = ()
    result: Any = None
    result_type: str = ""
    error: model.Failure | None = None
    cell: str = ""
    run: int = 0


def all_calls(recording: model.Recording, runs: Iterable[Run]) -> Iterator[Call]:
    """The calls of these cell runs, and of the processes that they started."""
    mine = frozenset(runs)
    servers: dict[str, int] = {}
    for event in recording.events:
        if isinstance(event, model.ServiceUse) and event.service == "manager" and event.address:
            servers[event.address] = event.child
        elif isinstance(event, model.ProxyUse) and (event.cell, event.run) in mine:
            args = _decoded(event.args)
            yield Call(
                event.pid,
                event.began,
                event.at,
                f"{event.server}:{event.object}",
                event.type,
                servers.get(event.server, 0),
                event.method,
                args if isinstance(args, list) else None,
                event.given,
                _decoded(event.result),
                event.result_type,
                event.error,
                event.cell,
                event.run,
            )


def _decoded(text: str) -> Any:
    if text:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.json.decode(text)
    return None
