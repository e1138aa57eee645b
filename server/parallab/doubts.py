"""A verdict that somebody doubts, with all that it was made from, as one file. Pure.

The sidebar makes it (``desk``), after it has shown what is in it; ``parallab author record`` makes a
case of it that the proof judges again. It comes from a learner, so nothing in it is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from parallab import model, wire
from parallab.lab import assign

#: Bytes of such a file, and characters of the learner's own words.
LARGEST = 10 * 1024 * 1024
WORDS = 4000


class DoubtError(ValueError):
    """A file that holds no doubted verdict; the text says what would."""


class Doubt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step's verdict as it was told, and what the judge knew. ``parallab`` and ``system`` are versions.

    ``since`` and ``met`` are as in :func:`parallab.judging.judge`: monotonic ns of the recording's host.
    """

    schema: int
    parallab: str
    system: str
    lab: str
    version: int
    step: str
    words: str
    result: wire.StepResult
    cells: tuple[wire.SourceCell, ...]
    since: int
    met: dict[str, int]
    recording: model.Recording

    @property
    def steps(self) -> dict[str, str]:
        """Each cell's step by its id."""
        return assign(wire.CellRef(cell.id, cell.step) for cell in self.cells)

    @property
    def hello(self) -> model.Hello | None:
        """What the kernel's probe said of itself."""
        return next((event for event in self.recording.events if isinstance(event, model.Hello)), None)


def pack(doubt: Doubt, home: str = "") -> bytes:
    """The doubt as JSON, with “~” for the learner's home folder.

    :raises DoubtError: it is too large.
    """
    text = msgspec.json.encode(doubt)
    if len(home) > 1:
        text = re.sub(re.escape(home.rstrip("/").encode()) + rb"(?=[/\"])", b"~", text)
    if len(text) > LARGEST:
        raise DoubtError(
            f"What was recorded is too large for a file: {len(text) // 2**20} MiB, and {LARGEST // 2**20} are allowed. "
            "Restart the kernel, run only this step's cells, and check again."
        )
    return text


def unpack(text: bytes) -> Doubt:
    """The doubt of a file.

    :raises DoubtError: it is none.
    """
    if len(text) > LARGEST:
        raise DoubtError(f"it is larger than {LARGEST // 2**20} MiB")
    try:
        doubt = msgspec.json.decode(text, type=Doubt)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DoubtError(f"it is no file of a doubted verdict: {error}") from None
    if doubt.schema != wire.SCHEMA:
        raise DoubtError(f"it is of format {doubt.schema}, and this Parallab knows {wire.SCHEMA}")
    return doubt


def contents(doubt: Doubt, size: int) -> tuple[str, ...]:
    """What is in the file, in plain words, for the learner to decide."""
    return tuple(_contents(doubt, size))


def _contents(doubt: Doubt, size: int) -> Iterator[str]:
    recording, hello = doubt.recording, doubt.hello
    cells = "your one cell" if len(doubt.cells) == 1 else f"all {len(doubt.cells)} cells of this notebook"
    yield f"The text of {cells}, without what was printed below."
    yield f"The verdict of this step, as you were told it: {doubt.result.verdict}."
    started = sum(isinstance(one, model.ProcessStart | model.ProgramStart | model.ForkMade) for one in recording.events)
    threads = sum(isinstance(one, model.ThreadStart) for one in recording.events)
    yield (
        f"What your kernel did: {_many(started, 'process', 'processes')} and {_many(threads, 'thread', 'threads')} "
        "that your cells started, with names, arguments, errors, locks, queues and times."
    )
    yield "Values that your cells' names had when they ended, as far as they are plain and short."
    yield "Command lines and names of files of these processes, with “~” for your home folder."
    python = f"Python {hello.python}, " if hello is not None else ""
    yield f"Versions: Parallab {doubt.parallab}, lab {doubt.lab} version {doubt.version}, {python}{doubt.system}."
    yield f"About {max(1, round(size / 1024)):,} KiB. It stays in your folder: nothing is sent to anybody."


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
