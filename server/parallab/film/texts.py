"""Items and answers as short texts for a mark: bounded, as Python would print them where that is plain."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec

from parallab import model

MOST = 48
"""Characters."""


def item(event: model.QueueUse | model.PipeUse) -> str:
    """What was put or taken, sent or received."""
    if not event.item:
        return event.item_type.rpartition(".")[2]
    return _short(_plain(event.item, event.item_type))


def result(event: model.ProxyUse) -> str:
    """The arguments and the answer of a call through a proxy: ``(3) → 4``."""
    args = _plain(event.args, "tuple") if event.args else "…" if event.given else ""
    asked = f"({args.strip('()[]').rstrip(',')})"
    if event.error is not None:
        return _short(f"{asked}: {event.error.type}")
    return _short(f"{asked} → {_plain(event.result, '')}" if event.result else asked)


def _plain(text: str, kind: str) -> str:
    value: Any = text
    with contextlib.suppress(msgspec.DecodeError):
        value = _named(msgspec.json.decode(text))
    return repr(tuple(value) if kind == "tuple" and isinstance(value, list) else value)


class _Bare(str):
    """A text that stands without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _named(value: Any) -> Any:
    """An object of a class of the learner's is told by its class, in whatever it lies."""
    if isinstance(value, list):
        return [_named(one) for one in value]
    if isinstance(value, dict):
        if "$type" in value:
            return _Bare(f"a {str(value['$type']).rpartition('.')[2]}")
        return {key: _named(one) for key, one in value.items()}
    return value


def _short(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"
