"""``expect`` and its like: how a check says that a goal is not met, untried, or beyond telling."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any, NoReturn

from parallab.checks.matchers import Matcher, show


class NotMet(Exception):
    """A goal is not met: what was expected and seen, why it matters, and a hint.

    ``mistakes`` are candidates of the catalogue; the judge tells one only if its recogniser agrees.
    ``about`` is what was looked at, as evidence gave it: a picture shows it at the moment that decided.
    """

    def __init__(
        self,
        expected: str,
        observed: str,
        because: str = "",
        hint: str = "",
        mistakes: tuple[str, ...] = (),
        about: Any = None,
    ) -> None:
        super().__init__(f"expected {expected}; observed {observed}")
        self.expected = expected
        self.observed = observed
        self.because = because
        self.hint = hint
        self.mistakes = mistakes
        self.about = about


class CannotTell(Exception):
    """What the goal needs could not be seen; the text is the reason, for the learner."""


class NotTried(Exception):
    """The learner has not come to this goal yet; the text says what comes first."""


_notes: ContextVar[list[str] | None] = ContextVar("notes", default=None)


def expect(
    what: str,
    seen: Any,
    matcher: Matcher,
    *,
    because: str = "",
    hint: str = "",
    mistake: str | Sequence[str] = (),
    observed: str | None = None,
    about: Any = None,
) -> Any:
    """What was seen, if it matches; else raises :class:`NotMet`.

    A matcher ``one()`` unpacks: the single element is returned. ``observed`` replaces the
    matcher's own telling of what was seen; ``mistake`` names one or more candidates. ``about`` are the
    workers, locks or queues that "Show me" points at, where ``seen`` is none of these.
    """
    mismatch = matcher.match(seen)
    if mismatch is not None:
        raise NotMet(
            f"{what}: {matcher}",
            observed if observed is not None else mismatch.observed,
            because,
            hint,
            (mistake,) if isinstance(mistake, str) else tuple(mistake),
            about if about is not None else seen,
        )
    if matcher.expected == "one":
        return next(iter(seen))
    return seen


def fail(
    expected: str,
    observed: Any,
    *,
    because: str = "",
    hint: str = "",
    mistake: str | Sequence[str] = (),
    about: Any = None,
) -> NoReturn:
    """Says outright that the goal is not met; ``about`` as of :func:`expect`."""
    raise NotMet(
        expected,
        show(observed),
        because,
        hint,
        (mistake,) if isinstance(mistake, str) else tuple(mistake),
        about if about is not None else observed,
    )


def cannot_tell(why: str) -> NoReturn:
    """Says that the goal cannot be judged here, and why."""
    raise CannotTell(why)


def not_tried(first: str) -> NoReturn:
    """Says that the learner has not come to this goal yet, and what comes first."""
    raise NotTried(first)


def note(text: str) -> None:
    """A remark that a passed goal carries."""
    notes = _notes.get()
    if notes is not None:
        notes.append(text)


def collecting_notes(into: list[str]) -> Any:
    """Directs :func:`note` into a list; answers the token for :func:`stop_notes`."""
    return _notes.set(into)


def stop_notes(token: Any) -> None:
    """Ends what :func:`collecting_notes` began."""
    _notes.reset(token)
