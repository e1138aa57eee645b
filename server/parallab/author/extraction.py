"""Which texts of a Python module a reader may meet, found in its source: what a catalogue must have.

A text is a string constant with a word and a blank, or the word that a count stands before; an f-string is a
pattern, its fields named by what stands in them. Docstrings are none, but for those of checks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from parallab.phrases import EDGES, FEWEST, FIELD

#: Calls whose first arguments are words that a number stands before.
COUNTING = frozenset({"_count", "count"})
#: Calls whose texts nobody reads but authors and programmers.
UNREAD = frozenset(
    {"CheckError", "LabError", "TypeError", "ValueError", "KeyError", "__init__", "compile", "warning", "info", "debug"}
    | {"exception", "set_header", "set_label", "set_activity_progress"}
)
#: Calls all of whose texts are read, be they a single word; ``seen`` is what labs call their own helper for it.
READ = frozenset({"Matcher", "is_true", "is_false", "expect", "fail", "note", "Mistake", "CourseCard", "seen"})
#: SQL, names of columns, headers of HTTP, Python, and regular expressions, which have blanks too.
_CODE = re.compile(
    r"(SELECT|INSERT|PRAGMA|BEGIN) |\w+(, \w+){3,}\Z|.*(\\[bd]|\(\?:|\[0-9a-f\])"
    r"|(default|img)-src '|\w+/[\w.+-]+[;,] |(token|HTTP) \{|from \w+ import "
)


@dataclass(frozen=True)
class Found:
    """A text and its line."""

    text: str
    line: int


def texts(source: str) -> Iterator[Found]:
    """The texts of a module, in order, each once."""
    seen: set[str] = set()
    for found in sorted(_Finder().of(ast.parse(source)), key=lambda one: one.line):
        if found.text not in seen:
            seen.add(found.text)
            yield found


class _Finder:
    def of(self, node: ast.AST, *, read: bool = False) -> Iterator[Found]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring
        if isinstance(node, ast.FunctionDef) and any(_named(one) == "check" for one in node.decorator_list):
            yield Found(" ".join((ast.get_docstring(node) or "").split()), node.lineno)
        if isinstance(node, ast.FunctionDef):
            yield from _filled_in(node)
        if isinstance(node, ast.JoinedStr):
            yield from self._joined(node)
            return
        if isinstance(node, ast.Constant):
            if isinstance(node.value, str):
                yield from _plain(node.value, node.lineno, short=read)
            return
        if isinstance(node, ast.Call):
            name = _named(node)
            if name in UNREAD:
                return
            if name in COUNTING:
                yield from _words(node)
            yield from self._call(node, read=name in READ)
            return
        choice = isinstance(node, ast.IfExp) and all(_is_text(one) for one in (node.body, node.orelse))
        for inner in ast.iter_child_nodes(node):
            yield from self.of(inner, read=choice or (isinstance(node, ast.IfExp | ast.BoolOp) and read))

    def _call(self, node: ast.Call, *, read: bool) -> Iterator[Found]:
        yield from self.of(node.func)
        for argument in node.args:
            yield from self.of(argument, read=read)
        for keyword in node.keywords:
            seen = read and keyword.arg not in ("mistake", "about", "mistakes")
            yield from self.of(keyword.value, read=seen or keyword.arg == "what")

    def _joined(self, node: ast.JoinedStr) -> Iterator[Found]:
        text, names = "", list[str]()
        for part in node.values:
            if isinstance(part, ast.Constant):
                text += str(part.value).replace("{", "{{").replace("}", "}}")
            elif isinstance(part, ast.FormattedValue):
                if text.endswith("}") and not text.endswith("}}"):
                    pass  # two fields side by side could not be told apart: they are one
                else:
                    text += "{" + _field(part.value, names) + "}"
                yield from self.of(part.value)
        text = text.strip(EDGES)
        if " " in text and sum(letter.isalpha() for letter in FIELD.sub("", text)) >= FEWEST and not _CODE.match(text):
            yield Found(text, node.lineno)


def _plain(text: str, line: int, *, short: bool) -> Iterator[Found]:
    text = text.strip(EDGES)
    for number in range(1, text.count("{}") + 1):  # what str.format fills in
        text = text.replace("{}", f"{{what{number if number > 1 else ''}}}", 1)
    if _CODE.match(text):
        return
    words = re.search(r"[A-Za-z]{2}", text)
    if words and (" " in text or (short and re.fullmatch(r"[A-Za-z]{3,}", text))):
        yield Found(text, line)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _words(node: ast.Call) -> Iterator[Found]:
    for argument in node.args[1:2]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield Found(argument.value, node.lineno)
            if len(node.args) == 2:
                yield Found(f"{argument.value}s", node.lineno)
    for argument in node.args[2:3]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield Found(argument.value, node.lineno)


def _filled_in(function: ast.FunctionDef) -> Iterator[Found]:
    """Words that a name brings into the fields of f-strings: by a choice of two, or a loop over what is written out.

    Only for f-strings that are texts: ``kind = "one-way" if … else "two-way"``, and then ``f"a {kind} pipe"``.
    """
    inside = list(ast.walk(function))
    sentences = [one for one in inside if isinstance(one, ast.JoinedStr) and any(map(_has_blank, one.values))]
    fields = [part.value for one in sentences for part in one.values if isinstance(part, ast.FormattedValue)]
    told = {field.id for field in fields if isinstance(field, ast.Name)}
    for node in inside:
        for name, value in _given(node):
            word = value.value if isinstance(value, ast.Constant) else None
            if name in told and isinstance(word, str) and re.fullmatch(r"[A-Za-z]{3,}(-[a-z]+)*", word):
                yield Found(word, value.lineno)


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names, with what a choice between two texts, or a loop over what is written out, gives them."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.IfExp):
        choices = (node.value.body, node.value.orelse)
        if all(map(_is_text, choices)):
            yield from (pair for one in choices for pair in _named_parts(node.targets[0], one))
    elif isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
        yield from (pair for row in node.iter.elts for pair in _named_parts(node.target, row))


def _named_parts(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for name, part in zip(target.elts, value.elts, strict=False):
            yield from _named_parts(name, part)


def _has_blank(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and " " in str(node.value)


def _named(node: ast.AST) -> str:
    """The last part of what is called."""
    called = node.func if isinstance(node, ast.Call) else node
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _field(node: ast.expr, names: list[str]) -> str:
    """A name for what stands in a field: the last one in it, with a number where it is there already."""
    inner = node
    while not isinstance(inner, ast.Name | ast.Attribute):
        if isinstance(inner, ast.Call):
            inner = inner.args[0] if inner.args else inner.func
        elif isinstance(inner, ast.Subscript | ast.Starred):
            inner = inner.value
        else:
            inner = ast.Name("what")
    name = inner.attr if isinstance(inner, ast.Attribute) else inner.id
    name = name.strip("_") or "what"
    same = sum(re.fullmatch(rf"{name}\d*", one) is not None for one in names)
    names.append(name)
    return f"{name}{same + 1}" if same else name
