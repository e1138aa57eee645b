"""Catalogues on disk: which languages there are, and what each has for the server's texts and for a lab's checks.

Ours lie where JupyterLab looks for them, in ``locale/de_DE/LC_MESSAGES``: ``parallab.po`` for the browser, of
which ``parallab.json`` is made, ``parallab-server.po``, and ``parallab-class.po`` for the class page. A lab brings
``checks.de.po``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import TYPE_CHECKING

from parallab.phrases import Phrase, Tongue

if TYPE_CHECKING:  # whoever reads English needs no reader of catalogues in memory
    from babel.messages.catalog import Catalog

FOLDER = Path(__file__).parent / "locale"
SERVER = "parallab-server.po"
CLASS = "parallab-class.po"


class CatalogueError(ValueError):
    """A catalogue that cannot be read: which, and why."""


def read(path: Path) -> tuple[Phrase, ...]:
    """What a .po file translates; what is marked as fuzzy is not translated.

    :raises CatalogueError: it cannot be read.
    """
    return tuple(
        Phrase(message.id, message.string)
        for message in _catalogue(path)
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and not message.fuzzy
    )


def _catalogue(path: Path) -> Catalog:
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            return read_po(file, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        raise CatalogueError(f"{path.name}: {error}") from None


@cache
def places() -> Mapping[str, Path]:
    """By language, as ``de``, the folder of its catalogues."""
    found = sorted(FOLDER.glob(f"*/LC_MESSAGES/{SERVER}"))
    return {path.parents[1].name.split("_")[0]: path.parent for path in found}


@lru_cache(maxsize=8)
def ours(language: str) -> Tongue | None:
    """Our own texts in a language; None: there is no catalogue."""
    folder = places().get(language)
    return Tongue(language, read(folder / SERVER)) if folder is not None else None


@lru_cache(maxsize=8)
def of_the_class(language: str) -> NullTranslations:
    """The class page's own texts in a language, for gettext; English where there is no catalogue."""
    folder = places().get(language)
    if folder is None or not (folder / CLASS).is_file():
        return NullTranslations()
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, _catalogue(folder / CLASS))
    compiled.seek(0)
    return GNUTranslations(compiled)
