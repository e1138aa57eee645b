"""English sentences told in another language: by the catalogue, or by the pattern that they were made from. Pure.

Checks and server write English, as text or as an f-string, and everything that is judged, kept or compared
stays English. A reader's language comes last: a sentence is looked up whole, then as one that a pattern such as
``{number} threads in your notebook`` makes, then in its parts. What is not known stays English, whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

#: Signs at the ends of a phrase that belong to the sentence around it.
EDGES = " ,;:\n"
#: A field of a pattern, as ``{workers}``.
FIELD = re.compile(r"\{(\w+)\}")
#: Letters that a pattern must have beside its fields, or it would fit nearly everything.
FEWEST = 2

#: Quotation marks of languages that do not write “so”.
QUOTES = {"de": "„“", "fr": "«»", "pl": "„”"}

#: Characters that a pattern must have of its own to be believed with a field that nobody knows.
_SURE = 8

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“`‘0-9])")
#: What is the same in every language: numbers, letters, names in quotation marks, code, ways of starting a process.
_SAME = re.compile(
    r"[-−+\d.,/‹›%n ]+|“[^“”]*”|`[^`]*`|[\w.]*[._(=\[](?:[\w.()=\[\]'\"+*-]|, )*"
    r"|[A-Z]+|M\d\d|fork|spawn|forkserver"
)
#: An exception, with the message that Python gave it.
_ERROR = re.compile(r"[A-Z]\w*(Error|Exception|Exit|Empty|Full)(: .*)?", re.DOTALL)
#: What joins parts, the loosest first: signs that keep sentences apart, and those of a list.
_APART = ("; ", ": ")
_JOINTS = (", ", " and ")
#: How a sentence ends.
_ENDS = (".", "!", "?", "…")
#: Names that somebody gave, one word each, as they are listed.
_NAMES = re.compile(r"\w+(?:, \w+)*(?: and \w+)?")
_NAME = re.compile(r"\b(?!and\b)\w+")
#: How often parts are taken apart again.
_DEEPEST = 4
_COUNTED = re.compile(r"(\d+) (\D.*)\Z", re.DOTALL)
_BRACKETS = re.compile(r"(.+?) \((.+)\)\Z", re.DOTALL)
#: A text longer than this is somebody's own, and no sentence of ours.
_LONGEST = 4000
#: Sentences remembered: a live picture tells the same ones again and again.
_KEPT = 2000


@dataclass(frozen=True)
class Phrase:
    """A text of ours and its translation; one with fields in braces, the same in both, is a pattern as well."""

    text: str
    told: str


@dataclass(frozen=True)
class _Pattern:
    literal: str
    """The longest of its texts between fields."""
    length: int
    """Of all of them."""
    regexes: tuple[re.Pattern[str], ...]
    """The second for where only a blank stands between two fields."""
    told: str
    names: frozenset[str]
    """Fields in quotation marks: what stands there is a name, or a text of the lab's."""

    def fields(self, text: str) -> Iterator[dict[str, str]]:
        """What may stand in the fields, if the text was made so."""
        if self.literal in text:
            yield from (found.groupdict() for regex in self.regexes if (found := regex.fullmatch(text)))

    def filled(self, fields: Mapping[str, str]) -> str:
        """The translation with these in its fields."""
        told = self.told
        for name, part in fields.items():
            told = told.replace(f"{{{name}}}", part)
        return _plain(told)


class Tongue:
    """A language that sentences can be told in."""

    def __init__(self, language: str, phrases: Iterable[Phrase]) -> None:
        """Of two phrases with the same text the later one holds."""
        self.language = language
        self.phrases = tuple(phrase for phrase in phrases if phrase.told)
        self._exact: dict[str, str] = {phrase.text: phrase.told for phrase in self.phrases}
        self._kept: dict[str, str] = {}
        self._tried: dict[tuple[str, int], str | None] = {}

    @cached_property
    def _patterns(self) -> Sequence[_Pattern]:
        """Those with fields, the longest first: made when a sentence is first told, since each lab has a tongue."""
        made = (_pattern(text, told) for text, told in self._exact.items())
        return sorted((one for one in made if one is not None), key=lambda one: -one.length)

    def text(self, english: str) -> str:
        """The text in this language, or as it is where it is not known."""
        if not english or len(english) > _LONGEST:
            return english
        if english not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            told = self._told(english, 0) or self._partly(english)
            self._tried.clear()
            self._kept[english] = english if told is None else self._quoted(told)
        return self._kept[english]

    def _quoted(self, text: str) -> str:
        """Names in this language's quotation marks."""
        marks = QUOTES.get(self.language)
        return re.sub("“([^“”„]*)”", rf"{marks[0]}\1{marks[1]}", text) if marks else text

    def _told(self, text: str, depth: int) -> str | None:
        """None: not known. The same part comes up in many ways to take a sentence apart, and is tried once."""
        key = (text, depth)
        told = self._tried.get(key, "")
        if told == "":
            told = self._tried[key] = self._found(text, depth)
        return told

    def _found(self, text: str, depth: int) -> str | None:
        core = text.strip(EDGES)
        if core != text:
            told = self._told(core, depth) if core else None
            begin = text.index(core) if core else 0
            return None if told is None else text[:begin] + told + text[begin + len(core) :]
        if (exact := self._exact.get(text)) is not None:
            return exact
        if _SAME.fullmatch(text):
            return text
        if depth > _DEEPEST:
            return None
        sentences = _SENTENCE.split(text)
        said = [self._told(one, depth + 1) for one in sentences] if len(sentences) > 1 else []
        if said and None not in said:
            return " ".join(filter(None, said))
        # A field of a pattern would take in what stands beyond a colon: what can be told apart there is.
        made = self._listed(text, _APART, depth) or self._by_pattern(text, depth) or self._pointless(text, depth)
        if made is not None:
            return made
        return text if _ERROR.fullmatch(text) else self._in_parts(text, depth) or self._begun(text, depth)

    def _partly(self, text: str) -> str | None:
        """What has something in it that nobody knows, such as the words of an error of the learner's own."""
        for parts, joint in ((_cut(text, "; "), "; "), (_SENTENCE.split(text), " ")):
            told = [self._told(part, 0) or (self._partly(part) if len(parts) > 1 else None) for part in parts]
            if len(parts) > 1 and any(told):
                return joint.join(one or part for one, part in zip(told, parts, strict=True))
        before, _, names = text.partition(": ")
        if _NAMES.fullmatch(names) and (told_of := self._told(before, 0)):
            quoted = _NAME.sub("“\\g<0>”", names)
            return f"{told_of}: {self._told(quoted, 0) or names}"
        for pattern in self._patterns:
            if pattern.length >= _SURE and (fields := next(pattern.fields(text), None)):
                return pattern.filled({name: self._told(part, 1) or part for name, part in fields.items()})
        return None

    def _by_pattern(self, text: str, depth: int) -> str | None:
        for pattern in self._patterns:
            for fields in pattern.fields(text):
                told = {name: self._told(part, depth + 1) for name, part in fields.items()}
                told |= {name: fields[name] for name in pattern.names}
                known = {name: part for name, part in told.items() if part is not None}
                if len(known) == len(fields):
                    return pattern.filled(known)
        return None

    def _pointless(self, text: str, depth: int) -> str | None:
        """A sentence that stands in a list of what was seen, where it has no full stop."""
        if depth > 1 or text.endswith(_ENDS):
            return None
        told = self._exact.get(f"{text}.") or self._by_pattern(f"{text}.", depth)
        return None if told is None else told.removesuffix(".")

    def _begun(self, text: str, depth: int) -> str | None:
        """What a sentence begins with, as “Your notebook”: a name that is known without its capital."""
        if not text[:1].isupper() or " " not in text:
            return None
        told = self._told(text[0].lower() + text[1:], depth + 1)
        return None if told is None else told[:1].upper() + told[1:]

    def _listed(self, text: str, joints: Sequence[str], depth: int) -> str | None:
        """The text cut at the first of these that leaves parts all of which are known."""
        for joint in joints:
            parts = _cut(text, joint)
            # What stands beyond the first joint, or before the last, may be one part, with joints of its own.
            cuts = [parts, [parts[0], joint.join(parts[1:])], [joint.join(parts[:-1]), parts[-1]]]
            for cut in cuts if len(parts) > 1 else []:
                told = [self._told(part, depth + 1) for part in cut]
                if None not in told:
                    return self._exact.get(joint.strip(), joint.strip()).join(_spaced(joint, filter(None, told)))
        return None

    def _in_parts(self, text: str, depth: int) -> str | None:
        if (listed := self._listed(text, _JOINTS, depth)) is not None:
            return listed
        if counted := _COUNTED.match(text):
            noun = self._told(counted[2], depth + 1)
            return None if noun is None else f"{counted[1]} {noun}"
        if (bracketed := _BRACKETS.match(text)) and _closed(bracketed[2]):
            outer, inner = (self._told(part, depth + 1) for part in bracketed.groups())
            return None if outer is None or inner is None else f"{outer} ({inner})"
        return None


def _spaced(joint: str, parts: Iterable[str]) -> Iterator[str]:
    """The parts with the blanks that stand around the joint."""
    before, after = joint.startswith(" "), joint.endswith(" ")
    every = list(parts)
    for place, part in enumerate(every):
        yield f"{' ' if after and place else ''}{part}{' ' if before and place < len(every) - 1 else ''}"


def _closed(text: str) -> bool:
    """Whether each bracket that is closed in it was opened in it: else it is no text between two brackets."""
    open_now = 0
    for letter in text:
        open_now += (letter == "(") - (letter == ")")
        if open_now < 0:
            return False
    return True


def _cut(text: str, joint: str) -> list[str]:
    """The parts between joints that stand outside quotation marks."""
    parts, inside, begun = [], 0, 0
    place = 0
    while place < len(text):
        inside += (text[place] == "“") - (text[place] == "”")
        if not inside and text.startswith(joint, place):
            parts.append(text[begun:place])
            place = begun = place + len(joint)
            continue
        place += 1
    return [*parts, text[begun:]]


def _pattern(text: str, told: str) -> _Pattern | None:
    """None where it has no fields, or too little text of its own to be known by."""
    if not FIELD.search(text):
        return None
    literals = FIELD.split(text)[::2]
    longest = max(literals, key=len)
    if sum(letter.isalpha() for literal in literals for letter in literal) < FEWEST:
        return None
    names = frozenset(re.findall(r"“\{(\w+)\}”", text))
    regexes = tuple(dict.fromkeys(_regex(text, long) for long in (False, True)))
    return _Pattern(_plain(longest), sum(map(len, literals)), regexes, told, names)


def _regex(text: str, long: bool) -> re.Pattern[str]:
    """What fits a text that was made so; ``long``: a field before a blank and another field is as long as can be."""
    parts = FIELD.split(text)
    pieces, seen = [], set[str]()
    for place, piece in enumerate(parts):
        if place % 2 == 0:
            pieces.append(re.escape(_plain(piece)))
        elif piece in seen:
            pieces.append(f"(?P={piece})")
        else:
            seen.add(piece)
            greedy = long and parts[place + 1] == " " and place + 2 < len(parts)
            pieces.append(f"(?P<{piece}>.+{'' if greedy else '?'})")
    return re.compile("".join(pieces), re.DOTALL)


def _plain(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


# -- which language ------------------------------------------------------------------------


def wanted(header: str) -> tuple[str, ...]:
    """The languages that a reader wants, the dearest first, as ``("de-de", "en")``: of RFC 9110's Accept-Language."""
    found: list[tuple[float, int, str]] = []
    for place, part in enumerate(header[:500].split(",")):
        name, _, weight = part.strip().partition(";")
        name = name.strip().lower().replace("_", "-")
        if re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", name):
            found.append((-_weight(weight), place, name))
    return tuple(name for weight, _, name in sorted(found) if weight < 0)


def _weight(text: str) -> float:
    given = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", text)
    return float(given[1]) if given else 1.0


def chosen(languages: Iterable[str], there: Callable[[str], bool]) -> str:
    """The first wanted language that is there, by its first part, as ``de``; ``en`` is always."""
    for language in languages:
        short = language.split("-")[0]
        if short == "en" or there(short):
            return short
    return "en"
