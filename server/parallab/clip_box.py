"""Clips that wait to be sent to the class: files beside the log of progress, the newest few. It blocks.

The log says which clips there are, and is sent first; a clip that is not here any more is simply not sent.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from parallab.clips import PACKED, Clip
from parallab.files import write_whole

#: Clips that wait, at the most: of a class that cannot be reached for long only the newest runs are kept.
MOST = 20
_END = ".clip"


class ClipBox:
    """One learner's; ``folder`` is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, clip: Clip) -> None:
        """Puts it there, whole or not at all.

        :raises OSError: it could not be written.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(self._path(clip.name), clip.data)
        for old in self._oldest_first()[:-MOST]:
            old.unlink(missing_ok=True)

    def read(self, name: str) -> Clip | None:
        """The clip of this name, None when it is not there."""
        try:
            with self._path(name).open("rb") as file:
                return Clip(name, file.read(PACKED + 1))
        except OSError:
            return None

    def drop(self, name: str) -> None:
        """It is sent, or not wanted."""
        with contextlib.suppress(OSError):
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{_END}"

    def _oldest_first(self) -> list[Path]:
        found = []
        for path in self._folder.glob(f"*{_END}"):
            with contextlib.suppress(FileNotFoundError):
                found.append((path.stat().st_mtime_ns, path))
        return [path for _, path in sorted(found)]
