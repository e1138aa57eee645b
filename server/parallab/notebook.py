"""A lab as the notebook that the learner works in: its texts and starters, never checks or solutions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from parallab.lab import Cell, Lab

#: The kernel that the package installs: Python with our provisioner.
KERNELSPEC = {"name": "parallab", "display_name": "Python 3 (Parallab)", "language": "python"}


def build(lab: Lab) -> dict[str, Any]:
    """The lab's notebook in format 4.5. The same lab gives the same notebook, cell ids included."""
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": dict(KERNELSPEC),
            "language_info": {"name": "python"},
            "parallab": {"lab": lab.id, "version": lab.version},
        },
        "cells": list(_cells(lab)),
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
        "metadata": {"parallab": {"lab": lab.id, "step": cell.step}} if cell.step else {},
        "source": cell.source,
    }
    if cell.cell_type == "code":
        made |= {"execution_count": None, "outputs": []}
    return made
