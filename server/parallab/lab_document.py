"""A MyST document cut into its parts: front matter, texts, code cells and directives, each with its line.

Pure. What the parts mean is told by ``lab_parse``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from parallab.lab import Cell, LabError

#: Tags of cells that say how a headless run treats them; every other tag must be the step's id.
CELL_TAGS = frozenset({"hangs", "interrupt", "restart", "check-here", "no-act"})

_INFO = re.compile(r"\{([a-z-]+)\}[ \t]*(.*)\Z")
_ITEM = re.compile(r"[-*] (.*)\Z")

Struct = TypeVar("Struct", bound=msgspec.Struct)


@dataclass(frozen=True)
class Text:
    """Running Markdown."""

    line: int
    text: str


@dataclass(frozen=True)
class CellPart:
    """A ``{code-cell}``."""

    line: int
    cell: Cell


@dataclass(frozen=True)
class Directive:
    """A colon fence with a name, such as ``:::{hint}``."""

    line: int
    name: str
    argument: str
    lines: tuple[str, ...]
    """What is inside, options included."""


class Document:
    """A MyST document cut into its parts, each with the line on which it begins."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self._front: Token | None = None
        self.parts = tuple(self._parts(_markdown().parse(text)))

    def error(self, line: int, message: str) -> LabError:
        """An error at this line of the file."""
        return LabError(self.file, line, message)

    def front(self, kind: type[Struct], key: str | None = None) -> Struct:
        """The front matter, or what stands under ``key`` of it, as a struct."""
        if self._front is None:
            raise self.error(1, "begin the file with front matter between two lines “---”")
        try:
            value = yaml_value(self._front.content)
        except NotYaml as error:
            raise self.error(error.line + 2, f"the front matter is no YAML: {error}") from None
        if key is not None:
            if not isinstance(value, dict) or not isinstance(value.get(key), dict):
                raise self.error(1, f"the front matter needs a mapping under “{key}:”")
            value = value[key]
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self.error(self._line_of(str(error)), f"front matter: {advice(error, kind)}") from None
        except RecursionError:
            raise self.error(1, "the front matter contains itself: take the anchors (&) out") from None

    def cells(self, default: str = "") -> Iterator[Cell]:
        """The code cells of a file that has no directives."""
        for part in self.parts:
            if isinstance(part, Directive):
                raise self.error(part.line, f"{{{part.name}}} belongs into lab.md, not here")
            if isinstance(part, CellPart):
                yield msgspec.structs.replace(part.cell, step=part.cell.step or default)

    def _line_of(self, problem: str) -> int:
        """The line of the front matter that a validation error is about, or its first."""
        found = re.search(r"\$\.(\w+)|unknown field `(\w+)`", problem)
        if found is None or self._front is None:
            return 1
        name = found.group(1) or found.group(2)
        for number, line in enumerate(self.lines[: (self._front.map or [0, 1])[1]], 1):
            if re.search(rf"(^|[\s{{,]){name}\s*:", line):
                return number
        return 1

    def _parts(self, tokens: Sequence[Token]) -> Iterator[Text | CellPart | Directive]:
        done = 0
        for token in tokens:
            if token.map is None or token.nesting < 0:
                continue
            begin, end = token.map
            if token.type == "front_matter":
                self._front, done = token, end
                continue
            marked = _INFO.match(token.info.strip()) if token.type in ("fence", "colon_fence") else None
            if marked is None:
                continue
            if token.level:
                raise self.error(begin + 1, f"{{{marked.group(1)}}} must begin at the margin, outside lists and quotes")
            self._closed(token)
            if (text := self._text(done, begin)) is not None:
                yield text
            yield self._part(token, marked.group(1), marked.group(2).strip())
            done = end
        if (text := self._text(done, len(self.lines))) is not None:
            yield text

    def _text(self, begin: int, end: int) -> Text | None:
        while begin < end and not self.lines[begin].strip():
            begin += 1
        text = "\n".join(self.lines[begin:end]).rstrip()
        return Text(begin + 1, text) if text else None

    def _closed(self, token: Token) -> None:
        begin, end = token.map or (0, 0)
        if end - begin < 2 or not self.lines[end - 1].strip().startswith(token.markup):
            raise self.error(begin + 1, f"this block is never closed: end it with a line “{token.markup}”")

    def _part(self, token: Token, name: str, argument: str) -> CellPart | Directive:
        line = (token.map or [0, 0])[0] + 1
        if name == "code-cell":
            if token.type != "fence":
                raise self.error(line, "a {code-cell} is fenced with backticks: ```{code-cell}")
            return CellPart(line, self._cell(token, line))
        return Directive(line, name, argument, tuple(token.content.splitlines()))

    def _cell(self, token: Token, line: int) -> Cell:
        lines = token.content.splitlines()
        tags: list[str] = []
        head = 0
        while head < len(lines) and (option := re.match(r":([a-z-]+):\s*(.*)\Z", lines[head])):
            if option.group(1) != "tags":
                raise self.error(line + 1 + head, f"a cell has no option {option.group(1)!r}: only “:tags: [a, b]”")
            tags += _listed(option.group(2))
            head += 1
        while head < len(lines) and not lines[head].strip():
            head += 1
        own = [tag for tag in tags if tag not in CELL_TAGS]
        if len(own) > 1:
            raise self.error(line, f"a cell belongs to one step; this one is tagged {' and '.join(own)}")
        return Cell(
            "\n".join(lines[head:]).rstrip(),
            "code",
            own[0] if own else "",
            tuple(tag for tag in tags if tag in CELL_TAGS),
            line,
        )


def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).use(front_matter_plugin).use(colon_fence_plugin)


def _listed(text: str) -> list[str]:
    return [item.strip().strip("'\"") for item in text.strip().strip("[]").split(",") if item.strip()]


class NotYaml(Exception):
    """A text that is no YAML, or holds a value that is none; ``line`` counts from 0."""

    def __init__(self, why: str, line: int = 0) -> None:
        super().__init__(why)
        self.line = line


def yaml_value(text: str) -> Any:
    """The value of a YAML text, of plain types only.

    :raises NotYaml: it has none.
    """
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        raise NotYaml(error.problem or "", error.problem_mark.line if error.problem_mark else 0) from None
    except yaml.reader.ReaderError as error:
        raise NotYaml(error.reason, text.count("\n", 0, error.position)) from None
    except RecursionError:
        raise NotYaml("it is nested too deeply") from None
    except ValueError as error:  # what looks like a date or a number, and is none: 2024-02-30, 0x_
        raise NotYaml(str(error)) from None


def advice(error: msgspec.ValidationError, kind: type[msgspec.Struct]) -> str:
    """What a validation error says, with what may be said where a name or one of few words was unknown."""
    text = str(error)
    fields = {info.encode_name: info for info in msgspec.structs.fields(kind)}
    if "unknown field" in text:
        return f"{text}; what it may say: {', '.join(fields)}"
    place = re.search(r"Invalid enum value .* at `\$\.(\w+)`", text)
    if place and place[1] in fields:
        words = [word for word in _words(fields[place[1]].type) if isinstance(word, str)]
        return f"{text}; what it may say: {', '.join(words)}"
    return text


def _words(kind: Any) -> Iterator[Any]:
    """The words of a Literal, also one among others, as in ``Literal["a", "b"] | None``."""
    if get_origin(kind) is Literal:
        yield from get_args(kind)
    else:
        for part in get_args(kind):
            yield from _words(part)


# -- lists, quotes and fences inside directives ---------------------------------------------


@dataclass(frozen=True)
class Item:
    """An item of a list, with the quote inside it."""

    line: int
    text: str
    quote: str


def split_items(lines: Sequence[str]) -> tuple[str, list[Item]]:
    """The text above a list, and the list's items, each with the quote inside it."""
    first = next((place for place, line in enumerate(lines) if _ITEM.match(line)), len(lines))
    items: list[Item] = []
    for place in range(first, len(lines)):
        begun = _ITEM.match(lines[place])
        if begun:
            items.append(Item(place, begun.group(1).strip(), ""))
        elif line := lines[place].strip():
            last = items[-1]
            if line.startswith(">"):
                items[-1] = Item(last.line, last.text, f"{last.quote} {line[1:].strip()}".strip())
            else:
                items[-1] = Item(last.line, f"{last.text}\n{line}", last.quote)
    return "\n".join(lines[:first]).strip(), items


@dataclass(frozen=True)
class Fence:
    """A code block with the text above and the quote below it."""

    before: str
    code: tuple[str, ...]
    quote: str


def fences(lines: Sequence[str]) -> Iterator[Fence]:
    """Code blocks with the text above and the quote below each."""
    before: list[str] = []
    code: list[str] | None = None
    done: list[str] | None = None
    quote: list[str] = []
    for line in lines:
        if code is not None:
            if line.strip() == "```":
                done, code = code, None
            elif line.strip():
                code.append(line.rstrip())
        elif line.startswith("```"):
            if done is not None:
                yield Fence("\n".join(before), tuple(done), " ".join(quote))
                before, done, quote = [], None, []
            code = []
        elif done is not None and line.startswith(">"):
            quote.append(line[1:].strip())
        elif done is None:
            before.append(line)
    if done is not None:
        yield Fence("\n".join(before), tuple(done), " ".join(quote))
