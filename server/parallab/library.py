"""The labs for the desk: the shelf, with Markdown rendered, notebooks built, and files read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from parallab import languages, notebook, rendering, replays, shelf, wire
from parallab.lab import Cell, Step
from parallab.phrases import Tongue, chosen
from parallab.shelf import Shelf, ShelvedLab
from parallab.views import Aim, CourseFacts


class CourseLibrary:
    """All installed labs, or those in ``folders``. Every method may read files."""

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._shelf = Shelf(folders, whole=False)

    def facts(self, wanted: Sequence[str] = ()) -> CourseFacts:
        """The course card; ``about`` in the first wanted language that is there."""
        card = shelf.course()
        aims = tuple(Aim(one.id, one.text, one.labs) for one in card.objectives)
        tongue = self.tongue(wanted)
        about = tongue.text(card.about.strip()) if tongue else card.about
        return CourseFacts(card.title, card.number, card.level, card.hours, about, aims)

    def labs(self, wanted: Sequence[str] = ()) -> Sequence[ShelvedLab]:
        """Every lab, broken ones too, each in the first wanted language that it is there in."""
        return tuple(one.speaking(wanted) for one in self._shelf.labs())

    def english(self, wanted: Sequence[str]) -> bool:
        """Whether these languages make it English, without a look at any file."""
        return chosen(wanted, languages.places().__contains__) == "en"

    def tongue(self, wanted: Sequence[str], lab_id: str = "") -> Tongue | None:
        """What the server's own sentences, or those of a lab, are to be told in; None: English.

        Of a lab without a translation all is told in English, lest one verdict be told in two languages.
        """
        if self.english(wanted):
            return None
        if not lab_id:
            return languages.ours(chosen(wanted, languages.places().__contains__))
        try:
            translation = self._shelf.lab(lab_id).translation(wanted)
        except LookupError:
            return None
        return translation.tongue if translation is not None else None

    def stamps(self) -> Mapping[Path, object]:
        """By lab's folder, what changes when a file in it does."""
        return self._shelf.stamps()

    def lab(self, lab_id: str, wanted: Sequence[str] = ()) -> ShelvedLab:
        """One lab, in the first wanted language that it is there in.

        :raises LookupError: there is none.
        """
        return self._shelf.lab(lab_id).speaking(wanted)

    def html(self, markdown: str) -> str:
        """HTML that may be put into a page."""
        return _rendered(markdown)

    def notebook(self, shelved: ShelvedLab, language: str = "en") -> Mapping[str, Any]:
        """The notebook that the learner works in; ``language`` is the lab's."""
        return notebook.build(shelved.lab, language)

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
