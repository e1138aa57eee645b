"""The class page's texts in a reader's language, as gettext has them: ``texts("Nobody is stuck.")``.

Templates call the same ``_`` and, where a number decides the form, ``_n``. Finished sentences (of a verdict, a mistake,
or why something did not work) come in English, and are told as the server tells them to learners.
"""

from __future__ import annotations

from collections.abc import Iterable
from gettext import NullTranslations

from parallab import languages
from parallab.hub.course import LabName
from parallab.phrases import Tongue, chosen, wanted


class Texts:
    """One language. ``server`` tells finished sentences, ``labs`` those of a lab that is translated."""

    def __init__(
        self,
        language: str = "en",
        catalogue: NullTranslations | None = None,
        server: Tongue | None = None,
        labs: Iterable[LabName] = (),
    ) -> None:
        self.language = language
        self._catalogue = catalogue or NullTranslations()
        self._server = server
        self._labs = {lab.id: words.tongue for lab in labs if (words := lab.words.get(language)) is not None}

    def __call__(self, text: str, /, **fields: object) -> str:
        """The text, with these in its fields: ``texts("{name} asks", name="Ada")``."""
        return self._catalogue.gettext(text).format(**fields)

    def count(self, one: str, many: str, n: int, /, **fields: object) -> str:
        """The form for so many, with ``{n}`` in it."""
        return self._catalogue.ngettext(one, many, n).format(n=n, **fields)

    def sentence(self, english: str, lab: str = "") -> str:
        """A finished sentence. Of a lab without a translation all is told in English, as it is to learners."""
        tongue = self._labs.get(lab) if lab else self._server
        return english if tongue is None else tongue.text(english)


#: As everything is written.
ENGLISH = Texts()


def spoken(accepted: str, labs: Iterable[LabName]) -> Texts:
    """What a reader is told in, by their browser's Accept-Language: a language there is a catalogue for, or English."""
    language = chosen(wanted(accepted), languages.places().__contains__)
    if language == "en":
        return ENGLISH
    return Texts(language, languages.of_the_class(language), languages.ours(language), labs)
