"""Catalogues on disk: which languages there are, and what each has for the server's texts and for a lab's checks.

Ours lie where JupyterLab looks for them, in ``locale/de_DE/LC_MESSAGES``: ``parallab.po`` for the browser, of
which ``parallab.json`` is made, and ``parallab-server.po``. A lab brings ``checks.de.po``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po

from parallab.phrases import Phrase, Tongue

FOLDER = Path(__file__).parent / "locale"
SERVER = "parallab-server.po"


class CatalogueError(ValueError):
    """A catalogue that cannot be read: which, and why."""


def read(path: Path) -> tuple[Phrase, ...]:
    """What a .po file translates; what is marked as fuzzy is not translated.

    :raises CatalogueError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            messages = list(read_po(file, abort_invalid=True))
    except (OSError, ValueError, PoFileError) as error:
        raise CatalogueError(f"{path.name}: {error}") from None
    return tuple(
        Phrase(message.id, message.string)
        for message in messages
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and not message.fuzzy
    )


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
