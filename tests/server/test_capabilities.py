"""What can be seen here, tried on real things and on ones that are missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from parallab import capabilities

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


@linux
def test_here_processes_can_be_seen() -> None:
    found = capabilities.probe()
    assert [one.what for one in found.capabilities] == list(capabilities.WHAT)
    assert found.capabilities[0].can
    assert all(one.can != bool(one.why) for one in found.capabilities)


@linux
def test_without_proc_and_shared_memory(tmp_path: Path) -> None:
    found = {one.what: one for one in capabilities.probe(tmp_path / "proc", tmp_path / "shm").capabilities}
    assert not found["processes and threads"].can
    assert "must be mounted" in found["processes and threads"].why
    assert not found["semaphores and locks"].can
    assert found["shared memory"].why == (
        f"{tmp_path / 'shm'} is not there, so programs have no named shared memory and no semaphores."
    )


@pytest.mark.parametrize(("platform", "name"), [("darwin", "Darwin"), ("win32", "Windows")])
def test_elsewhere_it_says_so_and_how_to_go_on(monkeypatch, platform: str, name: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("platform.system", lambda: name)
    found = capabilities.probe()
    assert found.platform == platform
    assert not any(one.can for one in found.capabilities)
    assert found.capabilities[0].why.startswith(f"Processes cannot be seen from outside on {name}.")
    assert "Linux container" in found.capabilities[0].why
