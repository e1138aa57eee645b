"""/dev/shm as it comes and goes: short lives are seen, others' never taken for the kernel's, and nothing wakes us."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import pytest

from kernels import RecordedKernel, until
from parallab import cleaning, model, recorder, story
from parallab.inotify import Change, Watch

SHM = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[tuple[Path, Watch]]:
    watch = Watch(str(tmp_path))
    yield tmp_path, watch
    watch.close()


def test_names_come_and_go(folder: tuple[Path, Watch]) -> None:
    path, watch = folder
    assert watch.read() == []
    (path / "a").touch()
    os.link(path / "a", path / "b")
    (path / "a").unlink()
    assert watch.read() == [Change("a", "created"), Change("b", "created"), Change("a", "deleted")]


def test_names_that_are_no_utf_8(folder: tuple[Path, Watch]) -> None:
    path, watch = folder
    name = os.fsdecode(b"\xff\xfe")
    (path / name).touch()
    assert watch.read() == [Change(name, "created")]


def test_what_the_system_did_not_keep_is_said(folder: tuple[Path, Watch]) -> None:
    path, watch = folder
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for number in range(most // 2 + 10):
        (path / str(number)).touch()
        (path / str(number)).unlink()
    found: list[Change] = []
    while more := watch.read():
        found += more
    assert len(found) <= most
    assert watch.overflowed


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        Watch("/nowhere/at/all")


SHORT = """
import multiprocessing as mp, subprocess, sys
from multiprocessing.shared_memory import SharedMemory
memory = SharedMemory(create=True, size=4096)
child = mp.Process(target=lambda name: SharedMemory(name).close(), args=(memory.name,))
child.start(); child.join()
memory.close(); memory.unlink()
lock = mp.Lock()
array = mp.Array("d", 100_000)
print(memory.name)
"""


OTHER = """
import multiprocessing as mp
from multiprocessing.shared_memory import SharedMemory
for _ in range(50):
    memory = SharedMemory(create=True, size=9); memory.close(); memory.unlink(); mp.Lock()
"""


@pytest.mark.asyncio
async def test_what_lives_shorter_than_a_look_is_recorded_and_others_are_not(kernel: RecordedKernel) -> None:
    stranger = SharedMemory(create=True, size=16)
    try:
        other = await asyncio.create_subprocess_exec(sys.executable, "-c", OTHER)
        assert await other.wait() == 0
        name = await kernel.run(SHORT)
        recording = await kernel.recorder.cut()
    finally:
        stranger.close()
        stranger.unlink()
    lives = recording.shm
    assert sorted(one.kind for one in lives) == ["arena", "segment", "semaphore", "semaphore"]
    assert all(one.seen and one.by == "probe" and one.pid == kernel.pid for one in lives)
    assert all(0 < one.created <= one.deleted for one in lives)
    (made,) = story.tell(recording).segments
    assert (made.name, made.size, made.made_by, made.confirmed) == (name, 4096, kernel.pid, True)
    (child,) = story.tell(recording).workers
    assert made.did("attach") == (child.pid,)
    assert set(made.did("close")) == {kernel.pid, child.pid}
    assert made.created < made.unlinked
    assert model.loads(model.dumps(recording)) == recording


@pytest.fixture
def starved(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """On a very busy machine: looks at processes get no core before this is set."""
    fed = threading.Event()

    def executor(*args: Any, **kwargs: Any) -> ThreadPoolExecutor:
        made = ThreadPoolExecutor(*args, **kwargs)
        made.submit(fed.wait)
        return made

    monkeypatch.setattr(recorder, "ThreadPoolExecutor", executor)
    yield fed
    fed.set()


@pytest.mark.asyncio
async def test_what_came_before_the_first_look_is_the_learners_and_what_came_before_the_kernel_is_not(
    tmp_path: Path, starved: threading.Event
) -> None:
    stranger = SharedMemory(create=True, size=16)
    kernel = RecordedKernel(tmp_path)
    await kernel.start()
    try:
        await kernel.run(
            "from multiprocessing.shared_memory import SharedMemory\nimport mmap, subprocess\n"
            "left = SharedMemory(create=True, size=100); left.close()\n"
            f"with open({str(SHM / stranger.name)!r}) as file:\n"
            "    theirs = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ)\n"
            "child = subprocess.Popen(['sleep', '600'])"
        )
        starved.set()
        recording = await kernel.recorder.cut()
        name = await kernel.run("print(left.name); child.kill(); child.wait(); theirs.close()")
    finally:
        await kernel.kill()
        cleaning.clean_after(kernel.recorder.kernel_id, kernel.runtime / "parallab" / "ledgers")
        await kernel.end()
        stranger.close()
        there = (SHM / stranger.name).exists()
        stranger.unlink()
    assert [one.name for one in story.segments_left(recording)] == [name]
    assert recording.baseline is not None
    assert [one.pid for one in recording.baseline.processes] == [kernel.pid]
    assert ((SHM / name).exists(), there) == (False, True)


@pytest.mark.asyncio
async def test_a_kernel_that_rests_is_not_woken_by_others(kernel: RecordedKernel) -> None:
    await kernel.run("1")
    await until(lambda: not kernel.recorder._shm.wakes, "the watch's rest")
    for _ in range(100):
        other = SharedMemory(create=True, size=9)
        other.close()
        other.unlink()
    assert await kernel.run("print(2)") == "2"
    assert (await kernel.recorder.cut()).shm == ()


@pytest.mark.asyncio
async def test_names_of_the_learners_that_are_no_utf_8_do_no_harm(kernel: RecordedKernel) -> None:
    await kernel.run(
        "import mmap, os\n"
        "path = b'/dev/shm/\\xff\\xfe-%d' % os.getpid()\n"
        "fd = os.open(path, os.O_CREAT | os.O_RDWR)\n"
        "os.ftruncate(fd, 4096)\nshared = mmap.mmap(fd, 4096)\n"
        "from multiprocessing.shared_memory import SharedMemory\n"
        "try: SharedMemory(name='\\udcff', create=True, size=5)\nexcept UnicodeEncodeError as error: pass"
    )
    recording = await kernel.recorder.cut()
    await kernel.run("os.unlink(path)")
    (one,) = recording.shm
    assert (one.by, one.name) == ("mapping", f"\ufffd\ufffd-{kernel.pid}")
    assert one.name in [segment.name for segment in recording.snapshots[-1].segments]
    assert model.loads(model.dumps(recording)) == recording
