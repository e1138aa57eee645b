"""A learner's notebook brought to a new version of its lab, or into another language. Pure.

The notebook's own metadata says what it was given (``notebook.Given``), so a cell that nobody has
changed is told from a learner's work without the old lab. What is theirs stays, what was given is renewed: nothing
that they wrote is changed, moved or removed. :class:`parallab.wire.News` says what was done.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import msgspec

from parallab import wire
from parallab.lab import Lab
from parallab.notebook import METADATA, Given, build, digest, given_of

Cells = list[dict[str, Any]]


@dataclass(frozen=True)
class Merged:
    """The notebook of the new version with the learner's work in it, and what was done to it."""

    notebook: dict[str, Any]
    news: wire.News


def merge(mine: Mapping[str, Any], lab: Lab, *, language: str = "en", always: bool = False) -> Merged | None:
    """The learner's notebook (format 4) in the lab's version and this language; None when there is nothing to do.

    There is nothing where it is not of this lab, does not say its version, or is as new as the lab and in the language
    already. ``always`` is for authors: then the same version may have changed as well.
    """
    ours = _mapping(_mapping(mine.get("metadata")).get(METADATA))
    before = ours.get("version")
    if ours.get("lab") != lab.id or type(before) is not int or before > lab.version:
        return None
    fresh = build(lab, language)
    speaks = before == lab.version and ours.get("language", language) != language and bool(given_of(mine))
    if before == lab.version and not ((always or speaks) and _texts(given_of(mine)) != _texts(given_of(fresh))):
        return None
    if not isinstance(mine.get("cells"), list) or not all(isinstance(cell, dict) for cell in mine["cells"]):
        return None
    kind = _Speaking if speaks else _Merging
    merging = kind(copy.deepcopy(mine["cells"]), given_of(mine), fresh["cells"], given_of(fresh))
    merging.run()
    metadata = copy.deepcopy(dict(mine["metadata"]))
    metadata[METADATA] = {**ours, **fresh["metadata"][METADATA], "given": merging.given}
    notebook = {**copy.deepcopy(dict(mine)), "metadata": metadata, "cells": merging.cells}
    notebook |= {"nbformat": 4, "nbformat_minor": max(5, int(mine.get("nbformat_minor") or 0))}
    news = merging.news(before, lab)
    return Merged(notebook, msgspec.structs.replace(news, language=language) if speaks else news)


def _texts(given: Sequence[Given]) -> list[tuple[str, str, str]]:
    return [(one.step, one.kind, one.digest) for one in given]


@dataclass
class _Merging:
    """One merge under way. ``cells`` are the learner's, changed in place; ``old`` is what they were given before."""

    cells: Cells
    old: Sequence[Given]
    fresh: Cells
    new: Sequence[Given]
    given: list[dict[str, str]] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    """Steps in which something given was renewed, and below those in which the learner's own stayed beside it."""
    kept: list[str] = field(default_factory=list)
    removed: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        _name(self.cells)
        partners = dict(self._aligned())
        places = {id(new): cell for new, cell in zip(self.new, self.fresh, strict=True)}
        self._found: dict[str, dict[str, Any]] = {}
        self._ours: set[str] = set()
        for old in self.old:
            if (cell := self._of(old)) is not None:
                self._found[old.id] = cell
                self._ours.add(cell["id"])
        self._drop([old for old in self.old if id(old) not in {id(one) for one in partners.values() if one}])
        anchor: dict[str, Any] | None = None
        step = ""
        for new in self.new:
            was = partners[id(new)]
            if was is None:
                cell = self._insert(new, places[id(new)], anchor)
            elif was.id in self._found:
                cell = self._renew(was, new, self._found[was.id], places[id(new)])
            else:  # the learner has deleted it, and Reset brings it back
                self._give(new, was.id)
                continue
            # Of a step's cells the lowest, since the learner may have moved some of them.
            if anchor is None or new.step != step or self._place(cell) > self._place(anchor):
                anchor, step = cell, new.step

    def _aligned(self) -> Iterator[tuple[int, Given | None]]:
        return _aligned(self.old, self.new)

    def _of(self, old: Given) -> dict[str, Any] | None:
        """The cell that was given so: by its id, else an unchanged copy of it whose original is gone."""
        same = [cell for cell in self.cells if cell["id"] == old.id]
        known = {given.id for given in self.old}
        copies = (
            cell
            for cell in self.cells
            if cell["id"] not in known | self._ours
            and (step_of(cell) or "", cell.get("cell_type"), digest(source_of(cell)))
            == (old.step, old.kind, old.digest)
        )
        return same[0] if same else next(copies, None)

    def _drop(self, gone: Sequence[Given]) -> None:
        """What is given no more: of a step that is still there what nobody has touched goes, all else stays."""
        steps = {new.step for new in self.new}
        for old in gone:
            cell = self._found.get(old.id)
            if cell is None:
                continue
            if old.step not in steps:
                self.removed.setdefault(old.step, _title(cell) or old.step)
            elif digest(source_of(cell)) == old.digest and not cell.get("outputs"):
                self._ours.discard(cell["id"])
                self.cells[:] = [one for one in self.cells if one is not cell]
                _note(self.renewed, old.step)

    def _renew(self, old: Given, new: Given, cell: dict[str, Any], fresh: Mapping[str, Any]) -> dict[str, Any]:
        """Brings a given cell up to date, unless the learner has made it theirs."""
        now = digest(source_of(cell))
        if now == old.digest and now != new.digest:
            cell["source"] = fresh["source"]
            if cell.get("cell_type") == "code":
                # An output under code that did not make it would mislead.
                cell |= {"outputs": [], "execution_count": None}
            _note(self.renewed, new.step)
        elif now not in (old.digest, new.digest) and old.digest != new.digest:
            _note(self.kept, new.step)
            if new.kind == "markdown":  # their notes stay, below the new text
                return self._put(new, fresh, self._place(cell))
        self._give(new, cell["id"])
        return cell

    def _insert(self, new: Given, fresh: Mapping[str, Any], anchor: dict[str, Any] | None) -> dict[str, Any]:
        """Puts a new cell after the one that comes before it in the lab, and after what the learner added there."""
        if any(old.step == new.step for old in self.old):
            _note(self.renewed, new.step)
        if anchor is None:
            return self._put(new, fresh, 0)
        at = self._place(anchor) + 1
        while at < len(self.cells) and self.cells[at]["id"] not in self._ours:
            if step_of(self.cells[at]) not in (None, step_of(anchor)):
                break
            at += 1
        return self._put(new, fresh, at)

    def _put(self, new: Given, fresh: Mapping[str, Any], at: int) -> dict[str, Any]:
        cell = {**copy.deepcopy(dict(fresh)), "id": _unused(new.id, self.cells)}
        self.cells.insert(at, cell)
        self._ours.add(cell["id"])
        self._give(new, cell["id"])
        return cell

    def _place(self, cell: dict[str, Any]) -> int:
        return next(place for place, one in enumerate(self.cells) if one is cell)

    def _give(self, new: Given, name: str) -> None:
        self.given.append({"id": name, "step": new.step, "kind": new.kind, "digest": new.digest})

    def news(self, before: int, lab: Lab) -> wire.News:
        titles = {"": lab.title} | {step.id: step.title for step in lab.steps}
        was = {old.step for old in self.old}
        added = [step.title for step in lab.steps if step.id not in was]
        return wire.News(
            before,
            lab.version,
            tuple(added),
            tuple(self.removed.values()),
            tuple(titles[step] for step in self.renewed),
            tuple(titles[step] for step in self.kept),
        )


@dataclass
class _Speaking(_Merging):
    """The same version in another language: the texts that nobody has touched are told in it, and nothing else is done.

    Its cells stand in the original's places. One that has run stays as it ran, with its output.
    """

    def _aligned(self) -> Iterator[tuple[int, Given | None]]:
        for step in dict.fromkeys(given.step for given in self.new):
            mine = [given for given in self.old if given.step == step]
            theirs = [given for given in self.new if given.step == step]
            if [given.kind for given in mine] == [given.kind for given in theirs]:
                yield from ((id(new), old) for old, new in zip(mine, theirs, strict=True))
            else:
                yield from _aligned(mine, theirs)

    def _renew(self, old: Given, new: Given, cell: dict[str, Any], fresh: Mapping[str, Any]) -> dict[str, Any]:
        touched = digest(source_of(cell)) != old.digest
        ran = bool(cell.get("outputs")) or cell.get("execution_count") is not None
        if touched or ran:
            if touched and old.digest != new.digest and new.kind == "markdown":
                _note(self.kept, new.step)
            # Still what it was given, so that it follows one day if it can.
            self._give(old, cell["id"])
        else:
            cell["source"] = fresh["source"]
            self._give(new, cell["id"])
        return cell


def _aligned(old: Sequence[Given], new: Sequence[Given]) -> Iterator[tuple[int, Given | None]]:
    """For each new cell (by identity) the old one that it comes from, step by step; None when it is new."""
    for step in dict.fromkeys(given.step for given in new):
        mine = [given for given in old if given.step == step]
        theirs = [given for given in new if given.step == step]
        before, after = ([(given.kind, given.digest) for given in cells] for cells in (mine, theirs))
        for tag, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
            left = mine[first:last]
            for given in theirs[begin:end]:
                same = None if tag == "insert" else next((one for one in left if one.kind == given.kind), None)
                if same is not None:
                    left = left[left.index(same) + 1 :]
                yield id(given), same


def _name(cells: Cells) -> None:
    """Every cell gets an id of its own: a file written by hand, or before format 4.5, may have none, or one twice."""
    taken: set[str] = set()
    for place, cell in enumerate(cells):
        name = cell.get("id")
        if not isinstance(name, str) or name in taken:
            name = cell["id"] = _unused(f"{place}/{source_of(cell)}", cells)
        taken.add(name)


def _unused(wanted: str, cells: Cells) -> str:
    taken = {cell.get("id") for cell in cells}
    name = wanted if re.fullmatch(r"[0-9a-f]{12}", wanted) else digest(wanted)
    while name in taken:
        name = hashlib.sha256(name.encode()).hexdigest()[:12]
    return name


def _note(steps: list[str], step: str) -> None:
    if step not in steps:
        steps.append(step)


def _title(cell: Mapping[str, Any]) -> str:
    """What a step's first cell calls it."""
    found = re.match(r"## ([^\n]{1,100})", source_of(cell))
    return found[1].strip() if found and cell.get("cell_type") == "markdown" else ""


def source_of(cell: Mapping[str, Any]) -> str:
    """A cell's text, which a file may hold as lines."""
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def step_of(cell: Mapping[str, Any]) -> str | None:
    """The step that a cell's own metadata names."""
    step = _mapping(_mapping(cell.get("metadata")).get(METADATA)).get("step")
    return step if isinstance(step, str) else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
