"""A lab as the notebook that the learner works in: its texts and starters, never checks or solutions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from parallab.lab import Cell, Lab

#: The key of our metadata in notebooks and cells.
METADATA = "parallab"

#: The kernel that the package installs: Python with our provisioner.
KERNELSPEC = {"name": "parallab", "display_name": "Python 3 (Parallab)", "language": "python"}


class Given(msgspec.Struct, frozen=True):
    """A cell as the learner got it: its id, step, type, and what its text is known by."""

    id: str
    step: str
    kind: str
    digest: str


def digest(source: str) -> str:
    """What a cell's text is known by: a SHA-256, shortened."""
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:12]


def given_of(notebook: Mapping[str, Any]) -> tuple[Given, ...]:
    """What a notebook says that it was given; nothing where its metadata are not ours, or damaged."""
    try:
        return msgspec.convert(notebook["metadata"][METADATA]["given"], tuple[Given, ...])
    except (KeyError, TypeError, msgspec.ValidationError):
        return ()


def build(lab: Lab, language: str = "en") -> dict[str, Any]:
    """The lab's notebook in format 4.5, in its ``language``. The same lab gives the same cells and ids."""
    cells = list(_cells(lab))
    given = [
        {"id": made["id"], "step": cell.step, "kind": cell.cell_type, "digest": digest(cell.source)}
        for made, cell in zip(cells, lab.cells, strict=True)
    ]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": dict(KERNELSPEC),
            "language_info": {"name": "python"},
            METADATA: {"lab": lab.id, "version": lab.version, "language": language, "given": given},
        },
        "cells": cells,
    }


def _cells(lab: Lab) -> Iterable[dict[str, Any]]:
    places: dict[str, int] = {}
    for cell in lab.cells:
        place = places.get(cell.step, 0)
        places[cell.step] = place + 1
        yield _cell(lab, cell, place)


def _cell(lab: Lab, cell: Cell, place: int) -> dict[str, Any]:
    # A cell keeps its id when another step of the lab changes, so that a learner's work can be carried over.
    name = hashlib.sha256(f"{lab.id}/{cell.step}/{place}".encode()).hexdigest()[:12]
    made: dict[str, Any] = {
        "id": name,
        "cell_type": cell.cell_type,
        "metadata": {METADATA: {"lab": lab.id, "step": cell.step}} if cell.step else {},
        "source": cell.source,
    }
    if cell.cell_type == "code":
        made |= {"execution_count": None, "outputs": []}
    return made
