"""Hooks in ``multiprocessing.sharedctypes``: shared numbers made, and read where they lie.

The kernel keeps those that were made or given to processes until the cell ends, so that their
last value is known even when the learner has let go of them.
"""

from __future__ import annotations

import sys

from parallab_probe import describe
from parallab_probe.report import ending, hook, local, tell

TYPE_CHECKING = False  # importing typing takes a spawned child milliseconds
if TYPE_CHECKING:
    from typing import Any

MOST = 64
ITEMS = 256
ALL_ITEMS = 2048
"""Of all arrays that are read at once: they go into one packet."""


class _State:
    def __init__(self) -> None:
        self.keeping = False
        """Only the kernel keeps any."""
        self.held: dict[int, tuple[Any, str]] = {}
        """Address → the ctypes object, and its lock's name."""


state = _State()


@ending
def made_raw(_token: Any, raw: Any) -> None:
    if not local.making:
        _made(raw, "")


@hook
def making() -> bool:
    local.making += 1
    return True


@ending
def made(token: Any, value: Any) -> None:
    if token:
        local.making -= 1
    inside = describe.attributes(value)
    if "_obj" in inside:
        _made(inside["_obj"], describe.semaphore_name(inside.get("_lock")))
    else:
        _made(value, "")


@hook
def not_made(token: Any) -> None:
    if token:
        local.making -= 1


def _made(raw: Any, lock: str) -> None:
    address = describe.address_of(raw)
    code, length = shape(raw)
    tell("number-made", {"address": address, "code": code, "length": length, "lock": lock})
    _keep(address, raw, lock)


def _keep(address: int, raw: Any, lock: str) -> None:
    if state.keeping and len(state.held) < MOST:
        state.held[address] = (raw, lock or state.held.get(address, (None, ""))[1])


def hold(values: list[Any]) -> None:
    """Keeps those among a process's arguments, also inside lists, tuples and dicts."""
    if not state.keeping:
        return
    for value in values[: describe.ARGS]:
        kind = type(value)
        if kind is list or kind is tuple:
            parts = list(value)
        elif kind is dict:
            parts = list(value.values())
        else:
            parts = [value]
        for part in parts[: describe.ARGS]:
            found = number(part)
            if found is not None:
                _keep(*found)


def number(value: object) -> tuple[int, Any, str] | None:
    """Address, ctypes object and lock name, if the value is a shared number or array."""
    facts = describe.shared(value)
    if facts is None or facts["kind"] != "number" or not facts["address"]:
        return None
    inside = describe.attributes(value)
    return facts["address"], inside.get("_obj", value), facts.get("name", "")


def shape(raw: object) -> tuple[str, int]:
    """The name of the (elements') ctypes type, and how many there are."""
    kind = type(raw)
    length = getattr(kind, "_length_", None)
    if type(length) is int:
        return kind._type_.__name__, length  # type: ignore[attr-defined]
    return kind.__name__, 1


def read(address: int, raw: Any, lock: str, names: tuple[str, ...], most: int = ITEMS) -> dict[str, Any]:
    """It now, as model.Reading: without its lock, which a stuck process may hold for ever."""
    code, length = shape(raw)
    facts: dict[str, Any] = {"address": address, "code": code, "locked": bool(lock), "lock": lock, "names": names}
    ctypes = sys.modules["_ctypes"]
    bases = type.mro(type(raw))
    if ctypes._SimpleCData in bases:
        facts["value"] = _plain(ctypes._SimpleCData.__dict__["value"].__get__(raw))
    elif ctypes.Array in bases:
        facts["items"] = tuple(_plain(raw[index]) for index in range(min(length, most)))
    return facts


def _plain(value: object) -> int | float | None:
    if type(value) is bytes and len(value) == 1:
        return value[0]
    if type(value) is bool:
        return int(value)
    if type(value) is float:
        return value if value - value == 0 else None
    return value if type(value) is int else None
