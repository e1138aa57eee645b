"""The labs for the desk: the shelf, with Markdown rendered, notebooks built, and files read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from parallab import notebook, rendering, replays, shelf, wire
from parallab.lab import Cell, Step
from parallab.shelf import Shelf, ShelvedLab
from parallab.views import Aim, CourseFacts


class CourseLibrary:
    """All installed labs, or those in ``folders``. Every method may read files."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._shelf = Shelf(folders)

    def facts(self) -> CourseFacts:
        """The course card."""
        card = shelf.course()
        aims = tuple(Aim(one.id, one.text, one.labs) for one in card.objectives)
        return CourseFacts(card.title, card.number, card.level, card.hours, card.about, aims)

    def labs(self) -> Sequence[ShelvedLab]:
        """Every lab, broken ones too."""
        return self._shelf.labs()

    def stamps(self) -> Mapping[Path, object]:
        """By lab's folder, what changes when a file in it does."""
        return self._shelf.stamps()

    def lab(self, lab_id: str) -> ShelvedLab:
        """One lab.

        :raises LookupError: there is none.
        """
        return self._shelf.lab(lab_id)

    def html(self, markdown: str) -> str:
        """HTML that may be put into a page."""
        return _rendered(markdown)

    def notebook(self, shelved: ShelvedLab) -> Mapping[str, Any]:
        """The notebook that the learner works in."""
        return notebook.build(shelved.lab)

    def modules(self, shelved: ShelvedLab) -> Mapping[str, bytes]:
        """Modules and data that the learner's code uses, by name."""
        return {path.name: path.read_bytes() for path in shelved.files}

    def replay(self, shelved: ShelvedLab) -> wire.Film:
        """The film of the lab's solution.

        :raises LookupError: there is none, or it cannot be read; the text is a sentence.
        """
        try:
            return replays.load((shelved.folder / "replay.json").read_bytes()).film
        except FileNotFoundError:
            raise LookupError(f"Lab {shelved.lab.id} has nothing to watch.") from None
        except (OSError, replays.ReplayError) as error:
            raise LookupError(f"What there is to watch of lab {shelved.lab.id} cannot be shown: it {error}.") from None

    def solution(self, shelved: ShelvedLab, step: Step) -> tuple[Sequence[Cell], str]:
        """The step's solution and its explanation in Markdown."""
        return shelved.solution.get(step.id, ()), ""


@lru_cache(maxsize=1024)
def _rendered(markdown: str) -> str:
    """Rendered once: every reply with progress shows hints."""
    return rendering.render(markdown) if markdown else ""
