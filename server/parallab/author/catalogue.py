"""A .po catalogue brought up to date with the texts that it is to translate, and what is missing in it.

What was translated stays; a text that is gone goes with its translation. The same texts give the same file:
it names no day and no line, so that it changes only when texts do.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import normalize, read_po

from parallab.phrases import FIELD


@dataclass(frozen=True)
class Wanted:
    """A text to translate: with its plural, "" if it has none, its context, and the files that it stands in."""

    text: str
    plural: str = ""
    context: str = ""
    files: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Entry:
    """A text with its translation, one a plural form; all are "" while there is none."""

    wanted: Wanted
    told: tuple[str, ...]

    @property
    def missing(self) -> bool:
        """Whether a form is not translated."""
        return not all(self.told)


def entries(path: Path, wanted: Iterable[Wanted], language: str) -> tuple[Entry, ...]:
    """The texts in their order, with what the file at ``path`` (it may not be there) has for them."""
    before = _told(path)
    forms = len(_forms(language))
    made: dict[tuple[str, str], Wanted] = {}
    for one in wanted:
        key = (one.context, one.text)
        twin = made.get(key)
        files = tuple(dict.fromkeys([*(twin.files if twin else ()), *one.files]))
        made[key] = Wanted(one.text, one.plural or (twin.plural if twin else ""), one.context, files)
    return tuple(
        Entry(one, (before.get(key, ()) + ("",) * forms)[: forms if one.plural else 1]) for key, one in made.items()
    )


def po(found: Iterable[Entry], language: str, title: str) -> str:
    """The text of the .po file."""
    locale = Locale.parse(language)
    lines = [
        f"# {title}, in {locale.english_name}.",
        'msgid ""',
        'msgstr ""',
        rf'"Language: {language}\n"',
        r'"MIME-Version: 1.0\n"',
        r'"Content-Type: text/plain; charset=utf-8\n"',
        r'"Content-Transfer-Encoding: 8bit\n"',
        rf'"Plural-Forms: {Catalog(locale=locale).plural_forms}\n"',
    ]
    for entry in found:
        lines += ["", *(f"#: {file}" for file in entry.wanted.files), *_message(entry)]
    return "\n".join(lines) + "\n"


def faults(found: Iterable[Entry]) -> Iterator[tuple[Wanted, str]]:
    """What is wrong with translations: it is missing, or has other fields than the text."""
    for entry in found:
        wanted = entry.wanted
        if entry.missing:
            yield wanted, "is not translated"
            continue
        for told in entry.told:
            ours, theirs = _fields(f"{wanted.text} {wanted.plural}"), _fields(told)
            if (theirs - ours) or (not wanted.plural and ours - theirs):
                yield wanted, f"has the fields {', '.join(sorted(ours)) or 'none'}, and its translation others"


def _fields(text: str) -> set[str]:
    """``{worker}`` of the server's patterns, ``%1`` of the browser's."""
    browser = {f"%{digit}" for digit in "123456789" if f"%{digit}" in text}
    return browser | {field_[0] for field_ in FIELD.finditer(text)}


def _message(entry: Entry) -> Iterator[str]:
    wanted = entry.wanted
    if wanted.context:
        yield f"msgctxt {normalize(wanted.context)}"
    yield f"msgid {normalize(wanted.text)}"
    if wanted.plural:
        yield f"msgid_plural {normalize(wanted.plural)}"
        yield from (f"msgstr[{place}] {normalize(told)}" for place, told in enumerate(entry.told))
    else:
        yield f"msgstr {normalize(entry.told[0])}"


def _forms(language: str) -> range:
    return range(Catalog(locale=Locale.parse(language)).num_plurals)


def _told(path: Path) -> Mapping[tuple[str, str], tuple[str, ...]]:
    if not path.is_file():
        return {}
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for message in read_po(io.BytesIO(path.read_bytes())):
        text = message.id if isinstance(message.id, str) else message.id[0]
        if text and not message.fuzzy:
            told = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
            found[message.context or "", text] = told
    return found
