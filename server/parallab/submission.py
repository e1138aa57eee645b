"""A learner's notebook file as cells: whatever is in it, the answer is cells or one clear sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from parallab.lab import Cell

#: A notebook larger than this is not read: outputs of 100 MB have nothing to do with the work.
LARGEST = 64 * 1024 * 1024


class SubmissionError(Exception):
    """The notebook cannot be used; the text says what was expected, seen, and what to do."""


def read(path: Path) -> tuple[Cell, ...]:
    """The code cells of a notebook with the steps that their metadata name, in order."""
    try:
        if path.stat().st_size > LARGEST:
            raise SubmissionError(f"{path} is larger than {LARGEST // 2**20} MiB: clear its outputs and save it again")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SubmissionError(f"there is no notebook {path}: name the file you want checked") from None
    except IsADirectoryError:
        raise SubmissionError(f"{path} is a folder: name the notebook in it") from None
    except UnicodeDecodeError:
        raise SubmissionError(f"{path} is not a text file: a notebook is JSON in UTF-8") from None
    except OSError as error:
        raise SubmissionError(f"{path} cannot be read: {error.strerror}") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> tuple[Cell, ...]:
    """As :func:`read`, from the file's text."""
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also for a number of thousands of digits
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise SubmissionError(
            f"{name} is no notebook: it is not JSON{where}. Open it in JupyterLab and save it again"
        ) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise SubmissionError(f"{name} is no notebook of format 4: it has no list of cells")
    return tuple(_cell(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code")


def _cell(cell: dict[str, Any]) -> Cell:
    source = cell.get("source", "")
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    metadata = cell.get("metadata")
    ours = metadata.get("parallab") if isinstance(metadata, dict) else None
    step = ours.get("step") if isinstance(ours, dict) else None
    return Cell(_text(source), step=_text(step))


def _text(value: object) -> str:
    """Text that can be sent to a kernel: JSON may hold half a character, which no encoding has."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
