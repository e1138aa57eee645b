"""A learner's notebook file as cells: whatever is in it, the answer is cells or one clear sentence."""

from __future__ import annotations

import errno
import json
import os
import stat
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


def text_of(path: Path, *, links: bool = True) -> str:
    """The text of a file that somebody handed in, who may have handed in a pipe or a device instead.

    Without ``links`` a symbolic link is refused: it may lead to what only the reader may read.

    :raises SubmissionError: it cannot be used.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW))
        with open(fd, "rb") as file:  # noqa: PTH123 - what was opened without waiting
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise SubmissionError("this is no file: a notebook was expected")
            data = file.read(LARGEST + 1)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise SubmissionError("this is a link, and a notebook was expected: hand in the file itself") from None
        raise SubmissionError(f"it cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise SubmissionError(f"it is larger than {LARGEST // 2**20} MiB: clear its outputs and save it again")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise SubmissionError("it is not a text file: a notebook is JSON in UTF-8") from None


def lab_of(text: str, name: str) -> str:
    """The id of the lab that a notebook belongs to, by its own metadata or else by its cells'; "" if none says so.

    :raises SubmissionError: it is no notebook.
    """
    notebook = _notebook(text, name)
    for part in (notebook, *notebook["cells"]):
        metadata = part.get("metadata") if isinstance(part, dict) else None
        ours = metadata.get("parallab") if isinstance(metadata, dict) else None
        if isinstance(ours, dict) and isinstance(ours.get("lab"), str):
            return _text(ours["lab"])[:100]
    return ""


def parse(text: str, name: str) -> tuple[Cell, ...]:
    """As :func:`read`, from the file's text."""
    cells = _notebook(text, name)["cells"]
    return tuple(_cell(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code")


def _notebook(text: str, name: str) -> dict[str, Any]:
    """A notebook with its list of cells."""
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also for a number of thousands of digits
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise SubmissionError(
            f"{name} is no notebook: it is not JSON{where}. Open it in JupyterLab and save it again"
        ) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise SubmissionError(f"{name} is no notebook of format 4: it has no list of cells")
    return notebook


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
