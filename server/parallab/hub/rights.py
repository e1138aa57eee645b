"""Who may what, by the Hub's scopes. Pure: the Hub says whose token it is and which scopes it has.

A learner's server has ``custom:SERVICE:report!user=NAME``; staff have ``custom:SERVICE:read`` and
instructors ``custom:SERVICE:teach`` as well, for all classes, or for one with ``!group=CLASS``. Nothing that a
request itself says counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: The class of everybody on the Hub, where none is configured. No Hub group can have this name.
EVERYBODY = "*"


@dataclass(frozen=True)
class Scopes:
    """The names of a service's scopes."""

    service: str

    @property
    def report(self) -> str:
        """To write and see one's own record."""
        return f"custom:{self.service}:report"

    @property
    def read(self) -> str:
        """To see a class and answer its questions."""
        return f"custom:{self.service}:read"

    @property
    def teach(self) -> str:
        """To set deadlines, override results, send grades, delete."""
        return f"custom:{self.service}:teach"

    def learner(self, model: Mapping[str, Any] | None) -> str | None:
        """Whose record this token may write, None for nobody's.

        The very scope of that one user is asked for: a wider one, as an administrator's or a
        service's token may have, is no learner's.
        """
        if model is None or model.get("kind", "user") != "user":
            return None
        name = model.get("name")
        if not isinstance(name, str) or not name:
            return None
        return name if f"{self.report}!user={name}" in model.get("scopes", ()) else None

    def readable(self, model: Mapping[str, Any] | None, classes: Iterable[str]) -> tuple[str, ...]:
        """Which of these classes this person may see."""
        return self._classes(model, classes, self.read)

    def teachable(self, model: Mapping[str, Any] | None, classes: Iterable[str]) -> tuple[str, ...]:
        """Which of these classes this person may grade."""
        mine = self.readable(model, classes)
        return self._classes(model, mine, self.teach)

    def _classes(self, model: Mapping[str, Any] | None, classes: Iterable[str], scope: str) -> tuple[str, ...]:
        if model is None or model.get("kind", "user") != "user":
            return ()
        scopes: Collection[str] = model.get("scopes", ())
        return tuple(name for name in classes if scope in scopes or f"{scope}!group={name}" in scopes)
