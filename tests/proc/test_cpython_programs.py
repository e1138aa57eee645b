"""CPython's and psutil's own tests as programs to look at: nothing breaks, and whoever is called stuck stays still.

They start, kill, hang and abandon processes and threads in every way that these libraries' authors thought of. A run
with ``-m slow`` takes those of this Python, ``PARALLAB_MATRIX=1`` those of every Python of this machine. psutil's are
fetched by pip, in the last version that brought them along, into a folder that goes with the test.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asked import ALL, PYTHONS
from parallab import inspecting
from parallab.procfs.pidfd import exit_code
from parallab.procfs.read import Reader
from parallab.wire import InspectReport

SECONDS = 40.0
MODULES = (
    "test_queue",
    "test_threading",
    "test_concurrent_futures",
    "test_multiprocessing_fork",
    "test_multiprocessing_spawn",
)
PSUTIL = "psutil==5.9.8"
PSUTIL_MODULES = ("test_process", "test_connections", "test_posix", "test_linux", "test_system", "test_misc")


def _there(pid: int) -> tuple[int, ...] | None:
    """What changes when any thread of this program moves: the CPU time of each; None when it is gone."""
    processes = Reader().snapshot(pid, deep=False).processes
    if not processes or processes[0].state in "ZX":
        return None
    return tuple(thread.cpu_ns for one in processes for thread in one.threads if one.pid == pid)


def _goes_on(pid: int, pidfd: int, before: tuple[int, ...] | None) -> bool:
    """Whether it moves or ends within ten seconds: then it was not stuck. Who is killed meanwhile may have been."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        now = _there(pid)
        if now is None:
            code = exit_code(pidfd, pid)
            return code is None or code >= 0
        if now != before:
            return True
        time.sleep(0.1)
    return False


def _contradictions(report: InspectReport) -> list[str]:
    """What a report says of things that it does not show, or shows twice."""
    pids = [one.pid for one in report.processes]
    ids = [one.id for one in report.objects]
    found = [f"twice: {one}" for one in (pids, ids) if len(one) != len(set(one))]
    found += [f"not shown: {wait}" for wait in report.waits if wait.pid not in pids]
    found += [f"not shown: {one}" for one in report.objects if not {end.pid for end in one.ends} <= set(pids)]
    return found


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("python", PYTHONS if ALL else [sys.executable], ids=lambda path: Path(path).parts[-3])
@pytest.mark.parametrize("module", MODULES)
def test_nobody_is_wrongly_called_stuck(module: str, python: str, tmp_path: Path) -> None:
    _watch([python, "-m", "test", "-v", module], tmp_path)


@pytest.fixture(scope="module")
def with_psutil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with psutil and its tests."""
    folder = tmp_path_factory.mktemp("psutil")
    fetched = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, PSUTIL],
        capture_output=True,
        text=True,
        check=False,
    )
    if not (folder / "psutil" / "tests").is_dir():
        pytest.skip(f"{PSUTIL} cannot be had here: {fetched.stderr.strip()[-200:]}")
    return folder


@pytest.mark.slow
@pytest.mark.timeout(200)
@pytest.mark.parametrize("module", PSUTIL_MODULES)
def test_nobody_of_psutils_is_wrongly_called_stuck(module: str, with_psutil: Path, tmp_path: Path) -> None:
    command = f"import sys; sys.path.insert(0, {str(with_psutil)!r}); import unittest; "
    command += f"unittest.main('psutil.tests.{module}', argv=['psutil'])"

    _watch([sys.executable, "-c", command], tmp_path)


def _watch(command: list[str], folder: Path) -> None:
    """Looks at a program and its children, again and again, until it ends or was looked at long enough."""
    program = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    reader = Reader()
    wrong: list[str] = []
    asked = 0
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and program.poll() is None and not wrong:
            for one in reader.tree(program.pid)[:6]:
                before = _there(one.pid)
                try:
                    pidfd = os.pidfd_open(one.pid)
                except ProcessLookupError:
                    continue
                try:
                    looks = inspecting.look(one.pid)
                    report = inspecting.examination(*looks)
                    shown = inspecting.report(*looks)
                    asked += 1
                except inspecting.InspectError:
                    continue  # it ended meanwhile
                else:
                    if report.stuck is True and _goes_on(one.pid, pidfd, before):
                        wrong.append(f"{one.cmdline} was called stuck: {report}")
                finally:
                    os.close(pidfd)
                wrong += _contradictions(shown)
    finally:
        _end(program)
    assert not wrong
    assert asked


def _end(program: subprocess.Popen[bytes]) -> None:
    tree = Reader().tree(program.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(program.pid, signal.SIGKILL)
    for one in tree:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)
    program.wait()
