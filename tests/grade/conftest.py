"""A course that all processes of a test find."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from handed import make_course, need_sandbox


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the course; a sandbox can be had."""
    need_sandbox()
    return _found(tmp_path, monkeypatch)


@pytest.fixture
def open_course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As ``course``, for what needs no sandbox."""
    return _found(tmp_path, monkeypatch)


def _found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "course"
    folder.mkdir()
    make_course(folder)
    others = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), others])))
    monkeypatch.syspath_prepend(folder)
    return folder
