"""Golden texts: what a learner sees, with masks where a number may differ; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import ndiff
from functools import partial

from packaging.specifiers import SpecifierSet

from parallab.lab_parse import Golden, WrongAnswer

METHODS = ("fork", "spawn", "forkserver")
#: Masks in golden texts, and what they stand for.
MASKS = {"‹pid›": r"\d+", "‹fd›": r"\d+", "‹inode›": r"\d+", "‹time›": r"\d+(?:\.\d+)?", "‹n›": r"-?\d+"}


def golden_for(wrong: WrongAnswer, method: str, python: str) -> str | None:
    """The first golden text whose condition holds; None if there is none."""
    for golden in wrong.texts:
        if golden.text and _holds(golden.when, method, python):
            return golden.text.strip("\n")
    return None


def _holds(when: str, method: str, python: str) -> bool:
    """``when`` is a list of start methods and version specifiers: any of the methods, all of the others."""
    words = [word.strip() for word in when.split(",") if word.strip()]
    methods = [word for word in words if word in METHODS]
    versions = [word for word in words if word not in METHODS]
    return (not methods or method in methods) and fits(",".join(versions), python)


def fits(specifier: str, python: str) -> bool:
    """Whether a Python is one of those that a version specifier means; "" means all."""
    return not specifier or SpecifierSet(specifier).contains(python, prereleases=True)


def matches(golden: str, seen: str) -> bool:
    """Whether the text is the golden one, its masks standing for any number."""
    pattern = re.escape(golden.strip("\n"))
    for mask, meaning in MASKS.items():
        pattern = pattern.replace(re.escape(mask), meaning)
    return re.fullmatch(pattern, seen.strip("\n")) is not None


def difference(golden: str, seen: str) -> str:
    """Line by line: ``-`` as it should be, ``+`` as it is."""
    lines = ndiff(golden.strip("\n").splitlines(), seen.strip("\n").splitlines())
    return "\n".join(f"    {line}" for line in lines if not line.startswith("?"))


def goldens(texts: dict[str, list[str]]) -> tuple[Golden, ...]:
    """Golden texts for what was seen by start method: one for all where it can be."""
    merged = {method: _merged(found) for method, found in texts.items()}
    together = _merged(list(merged.values()))
    if all(matches(together, text) for found in texts.values() for text in found):
        return (Golden(together),)
    by_text: dict[str, list[str]] = {}
    for method, text in merged.items():
        by_text.setdefault(text, []).append(method)
    return tuple(Golden(text, ", ".join(methods)) for text, methods in by_text.items())


_NUMBER = re.compile(r"(?:(?<=[\s(−-])|^)\d+(?=[\s.,;:)”]|$)", re.MULTILINE)


def _merged(texts: Sequence[str]) -> str:
    """The first text, with ‹n› where the others have other numbers."""
    first = texts[0]
    for other in texts[1:]:
        mine, theirs = _NUMBER.findall(first), _NUMBER.findall(other)
        if _NUMBER.sub("#", first) != _NUMBER.sub("#", other):
            continue
        pairs = iter(["‹n›" if one != two else one for one, two in zip(mine, theirs, strict=True)])
        first = _NUMBER.sub(partial(_next, pairs), first)
    return first


def _next(words: Iterator[str], _: re.Match[str]) -> str:
    return next(words)


def with_texts(source: str, texts: Sequence[Golden]) -> str:
    """A mistake file with these golden texts in its front matter, which come last in it."""
    _, front, body = source.split("---\n", 2)
    kept = re.sub(r"^text:.*?(?=^\S|\Z)", "", front, flags=re.MULTILINE | re.DOTALL).rstrip("\n")
    return f"---\n{kept}\n{_yaml(texts)}---\n{body}"


def _yaml(texts: Sequence[Golden]) -> str:
    if len(texts) == 1 and not texts[0].when:
        return "text: |\n" + _block(texts[0].text, 2)
    parts = (f"  - when: {_plain(golden.when)}\n    text: |\n{_block(golden.text, 6)}" for golden in texts)
    return "text:\n" + "".join(parts)


def _plain(text: str) -> str:
    return text if text[:1].isalpha() else f'"{text}"'


def _block(text: str, indent: int) -> str:
    return "".join(f"{' ' * indent}{line}\n" if line else "\n" for line in text.splitlines())
