"""Matchers: each says what it expects, and for a value that does not fit, what was seen.

A matcher is pure and total: ``match`` answers a :class:`Mismatch` or None and never raises
for any value. Modelled on testtools' protocol of ``match`` and ``__str__``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mismatch:
    """Why a value does not fit, as a clause that begins with what was seen."""

    observed: str


@dataclass(frozen=True)
class Matcher:
    """``expected`` is the clause after the colon of "Expected"; ``test`` decides."""

    expected: str
    test: Callable[[Any], bool]
    describe: Callable[[Any], str] | None = None

    def match(self, value: Any) -> Mismatch | None:
        """None when the value fits, else what was seen instead."""
        try:
            fits = bool(self.test(value))
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            fits = False
        if fits:
            return None
        try:
            return Mismatch((self.describe or show)(value))
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            return Mismatch(show(value))

    def __str__(self) -> str:
        return self.expected


def show(value: Any) -> str:
    """A value in a learner's words: lists enumerated, nothing as "none", text as it is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {show(item)}" for key, item in value.items()) or "none"
    if isinstance(value, Sequence | set | frozenset):
        return enumerate_all([show(item) for item in value])
    return str(value)


def enumerate_all(items: Sequence[str], most: int = 8) -> str:
    """``a, b and c``; beyond ``most`` items, how many more there are."""
    if not items:
        return "none"
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    if len(items) == 1:
        return items[0]
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _counted(value: Any) -> str:
    size = len(value)
    return f"{size}: {show(value)}" if size else "none"


def equals(wanted: Any) -> Matcher:
    """The very value."""
    return Matcher(show(wanted), lambda value: value == wanted)


def one() -> Matcher:
    """A collection of exactly one; :func:`~parallab.checks.expect.expect` returns its element."""
    return Matcher("one", lambda value: len(value) == 1, _counted)


def none() -> Matcher:
    """An empty collection, zero or None."""
    return Matcher("none", lambda value: not value, show)


def has(count: int) -> Matcher:
    """A collection of exactly ``count``."""
    return Matcher(str(count), lambda value: len(value) == count, _counted)


def at_least(count: float) -> Matcher:
    """A number, or the size of a collection, of ``count`` or more."""
    return Matcher(f"at least {count}", lambda value: _size(value) >= count, _sized)


def at_most(count: float) -> Matcher:
    """A number, or the size of a collection, of ``count`` or less."""
    return Matcher(f"at most {count}", lambda value: _size(value) <= count, _sized)


def less_than(count: float) -> Matcher:
    """A number below ``count``."""
    return Matcher(f"less than {count}", lambda value: _size(value) < count, _sized)


def between(low: float, high: float) -> Matcher:
    """A number from ``low`` to ``high``, both included."""
    return Matcher(f"{low} to {high}", lambda value: low <= _size(value) <= high, _sized)


def _size(value: Any) -> float:
    if isinstance(value, Sized):
        return len(value)
    return float(value)


def _sized(value: Any) -> str:
    return _counted(value) if isinstance(value, Sized) and not isinstance(value, str) else show(value)


def is_true(expected: str = "yes", observed: str | None = None) -> Matcher:
    """A truth, told in the author's words."""
    return Matcher(expected, lambda value: value is True, None if observed is None else lambda _: observed)


def is_false(expected: str = "no", observed: str | None = None) -> Matcher:
    """A falsehood, told in the author's words."""
    return Matcher(expected, lambda value: value is False, None if observed is None else lambda _: observed)


def contains(wanted: Any) -> Matcher:
    """A text or collection with ``wanted`` in it."""
    return Matcher(f"with {show(wanted)}", lambda value: wanted in value)


def unordered(wanted: Sequence[Any]) -> Matcher:
    """The same elements as often, in any order."""
    return Matcher(
        show(list(wanted)),
        lambda value: sorted(map(repr, value)) == sorted(map(repr, wanted)),
    )


def each(matcher: Matcher) -> Matcher:
    """Every element fits, and there is at least one."""
    return Matcher(
        f"each {matcher.expected}",
        lambda value: len(value) > 0 and all(matcher.match(item) is None for item in value),
        lambda value: enumerate_all([found.observed for item in value if (found := matcher.match(item)) is not None]),
    )


def all_of(*matchers: Matcher) -> Matcher:
    """Every one of the matchers."""
    return Matcher(
        " and ".join(matcher.expected for matcher in matchers),
        lambda value: all(matcher.match(value) is None for matcher in matchers),
        lambda value: next(
            (found.observed for matcher in matchers if (found := matcher.match(value)) is not None),
            show(value),
        ),
    )
