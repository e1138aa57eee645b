"""What dead kernels leave, with real ones: found again, removed safely, and nobody else's touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path

import pytest
import pytest_asyncio

from kernels import RecordedKernel, until
from parallab import cleaning, ledgers
from parallab.procfs import everybody
from parallab.wire import Leftover

pytestmark = [
    pytest.mark.asyncio,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
Start = Callable[..., Awaitable[RecordedKernel]]

#: Everything that multiprocessing can leave: workers, a manager, a segment, a named semaphore, folders.
HOUSEHOLD = """
import multiprocessing as mp, os, time
from multiprocessing.shared_memory import SharedMemory
ctx = mp.get_context({method!r})
lock = ctx.Lock()
segment = SharedMemory(create=True, size=5000)  # first, so that the workers hold its tracker's pipe
workers = [ctx.Process(target=time.sleep, args=(600,)) for _ in range(2)]
for worker in workers: worker.start()
manager = ctx.Manager()
print(*[worker.pid for worker in workers], manager._process.pid, segment.name)
"""


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts recorded kernels, by default of one server; what they leave goes with the test."""
    made: list[RecordedKernel] = []

    async def go(method: str = "", server: str = "one", **env: str) -> RecordedKernel:
        made.append(RecordedKernel(tmp_path / server))
        return await made[-1].start(method, **env)

    yield go
    for one in made:
        await one.end()
    for runtime in {one.runtime for one in made}:
        cleaning.clean(where=where(runtime))


def where(runtime: Path) -> Path:
    return runtime / "parallab" / "ledgers"


def parallab(runtime: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own: a server that was started later knows no more."""
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime)}
    command = [sys.executable, "-m", "parallab.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def kinds(found: tuple[Leftover, ...]) -> dict[str, int]:
    told: dict[str, int] = {}
    for one in found:
        told[one.kind] = told.get(one.kind, 0) + 1
    return told


def alive(pid: int) -> bool:
    return everybody.process_started(pid) is not None


def shm(name: str) -> Path:
    return Path("/dev/shm") / name


def there(path: str) -> bool:
    return Path(path).exists()


async def household(kernel: RecordedKernel, method: str) -> tuple[list[int], str]:
    """Runs the household and waits until it is remembered; pids and the segment's name."""
    *pids, name = (await kernel.run(HOUSEHOLD.format(method=method))).split()
    await until(lambda: name in {one.name for one in kernel.ledger.objects}, "the segment in the ledger")
    await until(lambda: set(map(int, pids)) <= {one.pid for one in kernel.ledger.processes}, "the workers")
    await until(lambda: "folder" in {one.kind for one in kernel.ledger.objects}, "the folder in the ledger")
    return list(map(int, pids)), name


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
async def test_all_that_a_killed_kernel_leaves_is_found_by_a_later_process_and_removed(start: Start, method) -> None:
    kernel = await start()
    pids, name = await household(kernel, method)
    remembered = kernel.ledger
    assert parallab(kernel.runtime, "clean").stdout.strip() == "Dead kernels left nothing."
    assert all(map(alive, pids))
    await kernel.kill()
    assert all(map(alive, pids))

    dry = parallab(kernel.runtime, "clean", "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    report = json.loads(dry.stdout)
    found = {one["id"]: one for one in report["removed"]}
    assert {f"process:{pid}" for pid in pids} <= {one.rpartition(":")[0] for one in found}
    assert {one["kernel_id"] for one in found.values()} == {remembered.kernel}
    (segment,) = [one for one in found.values() if one["name"] == name]
    assert (segment["kind"], segment["size"] >= 5000, segment["removable"]) == ("segment", True, True)
    assert (report["dry_run"], report["kept"]) == (True, [])
    assert all(map(alive, pids))
    assert shm(name).exists()
    assert parallab(kernel.runtime, "clean", "--dry-run").stdout.startswith("Would remove")

    done = parallab(kernel.runtime, "clean", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["left"] == []
    assert not any(map(alive, pids))
    assert not any(shm(one.name).exists() for one in remembered.objects if one.kind != "folder")
    assert not any(there(one.name) for one in remembered.objects if one.kind == "folder")
    assert not kernel.book.exists()


async def test_named_semaphores_go_once_nobody_uses_them(start: Start) -> None:
    kernel = await start()
    await household(kernel, "spawn")
    await kernel.kill()
    found = cleaning.look(where(kernel.runtime)).found
    assert kinds(found)["semaphore"] >= 1
    (tracker,) = [one for one in found if "tracker" in one.what]
    assert set(tracker.needs) == {one.id for one in found if one.kind == "process"} - {tracker.id}
    assert (
        cleaning.clean([tracker.id], where=where(kernel.runtime)).kept[0].why
        == "3 processes that were left must end first."
    )
    for one in found:
        if one.kind == "semaphore":
            assert shm(one.name).exists()
    cleaning.clean(where=where(kernel.runtime))
    assert not any(shm(one.name).exists() for one in found if one.kind in ("semaphore", "segment"))


async def test_another_living_kernels_things_are_untouched_of_this_server_and_of_another(start: Start) -> None:
    dead, living, elsewhere = await start(), await start(), await start(server="two")
    kept = [await household(one, method) for one, method in ((living, "spawn"), (elsewhere, "fork"))]
    gone, _ = await household(dead, "spawn")
    # The living use what the dead one made: by mapping it, and by having used it before.
    shared = (await dead.run("both = SharedMemory(create=True, size=100); print(both.name)")).strip()
    used = (await dead.run("once = SharedMemory(create=True, size=100); print(once.name)")).strip()
    await living.run(f"theirs = SharedMemory({shared!r})")
    await elsewhere.run(f"before = SharedMemory({used!r})")
    for kernel, name in ((dead, shared), (dead, used), (living, shared), (elsewhere, used)):
        await until(lambda kernel=kernel, name=name: name in {one.name for one in kernel.ledger.objects})
    await elsewhere.run("before.close()")
    await dead.kill()

    done = cleaning.clean(where=where(dead.runtime))
    assert not any(map(alive, gone))
    for pids, name in kept:
        assert all(map(alive, pids))
        assert shm(name).exists()
    assert shm(shared).exists()
    assert shm(used).exists()
    assert not {shared, used} & {one.name for one in done.removed}
    for kernel in (living, elsewhere):
        assert await kernel.run("with lock: print(manager.list([1]), [w.is_alive() for w in workers])") == (
            "[1] [True, True]"
        )
    shm(shared).unlink(missing_ok=True)
    shm(used).unlink(missing_ok=True)


@contextlib.contextmanager
def program(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A program of nobody's, which has said that it is ready."""
    command = [sys.executable, "-c", code + "\nprint(flush=True)\ninput()", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        one.stdout.readline()
        yield one
        one.kill()


MAPS = "import mmap,os,sys; f=os.open('/dev/shm/'+sys.argv[1],os.O_RDWR); m=mmap.mmap(f,0,{flags}); os.close(f)"
OPENS = "import os,sys; f=os.open('/dev/shm/'+sys.argv[1],os.O_RDONLY)"
HIDES = "; import ctypes; assert not ctypes.CDLL(None).prctl(4,0,0,0,0)"


@pytest.mark.parametrize(
    "code",
    [
        MAPS.format(flags="mmap.MAP_SHARED"),
        MAPS.format(flags="mmap.MAP_PRIVATE"),
        OPENS,
    ],
    ids=["maps", "maps privately", "has it open"],
)
async def test_what_a_living_program_uses_stays_and_it_is_said_why(start: Start, code: str) -> None:
    kernel = await start()
    _, name = await household(kernel, "fork")
    with program(code, name) as user:
        await kernel.kill()
        done = cleaning.clean(where=where(kernel.runtime))
        (kept,) = done.kept
        assert kept.name == name
        assert kept.why.startswith(f"Process {user.pid} (")
        assert shm(name).exists()
    assert [one.name for one in cleaning.clean(where=where(kernel.runtime)).removed] == [name]
    assert not shm(name).exists()


async def test_a_thing_of_the_same_name_that_was_made_anew_is_not_its(start: Start) -> None:
    kernel = await start()
    _, name = await household(kernel, "fork")
    await kernel.kill()
    shm(name).unlink()
    shm(name).write_bytes(b"somebody's")
    try:
        done = cleaning.clean(where=where(kernel.runtime))
        assert name not in {one.name for one in (*done.removed, *done.kept)}
        assert shm(name).read_bytes() == b"somebody's"
    finally:
        shm(name).unlink()


async def test_what_was_there_before_the_kernel_is_not_its_though_it_used_it(start: Start) -> None:
    mine = shared_memory.SharedMemory(create=True, size=100)
    resource_tracker.unregister("/" + mine.name, "shared_memory")
    kernel = await start()
    await kernel.run(f"from multiprocessing.shared_memory import SharedMemory; used = SharedMemory({mine.name!r})")
    _, name = await household(kernel, "fork")
    mine.close()
    await kernel.kill()
    done = cleaning.clean(where=where(kernel.runtime))
    assert name in {one.name for one in done.removed}
    assert shm(mine.name).exists()
    shm(mine.name).unlink()


async def test_one_thing_can_be_chosen_and_what_is_in_use_says_by_whom(start: Start) -> None:
    kernel = await start()
    pids, name = await household(kernel, "fork")
    await kernel.kill()
    found = cleaning.look(where(kernel.runtime)).found
    (first,) = [one for one in found if one.id.startswith(f"process:{pids[0]}:")]
    (folder,) = [one for one in found if one.kind == "folder"]
    assert first.id in folder.needs
    one = cleaning.clean([first.id, folder.id, "segment:1:2"], where=where(kernel.runtime))
    assert [gone.id for gone in one.removed] == [first.id]
    assert {kept.id: kept.why for kept in one.kept} == {
        folder.id: "2 processes that were left must end first.",
        "segment:1:2": "Nothing with this id is left over any more: look again.",
    }
    assert [alive(pid) for pid in pids] == [False, True, True]
    assert shm(name).exists()
    assert there(folder.name)


async def test_a_worker_that_stops_at_nothing_is_killed_and_one_that_hid_its_tag_is_known(start: Start) -> None:
    kernel = await start()
    pids = await kernel.run(
        "import subprocess, sys\n"
        "code = 'import signal, sys; signal.signal(15, signal.SIG_IGN); print(flush=True); signal.pause()'\n"
        "def run(**how):\n"
        "    p = subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, **how)\n"
        "    p.stdout.readline(); return p\n"
        "deaf, clean, apart = run(), run(env={}), run(start_new_session=True)\n"
        "print(deaf.pid, clean.pid, apart.pid)"
    )
    wanted = {int(pid) for pid in pids.split()}
    await until(lambda: wanted <= {one.pid for one in kernel.ledger.processes})
    await kernel.kill()
    found = cleaning.look(where(kernel.runtime)).found
    assert {int(one.id.split(":")[1]) for one in found} == wanted
    assert {one.what for one in found} == {"a program that was started"}
    assert len(cleaning.clean(where=where(kernel.runtime)).removed) == 3
    assert not any(map(alive, wanted))


async def test_by_its_tag_alone_a_daemon_is_found_that_the_ledger_never_saw(start: Start) -> None:
    kernel = await start()
    await kernel.run(
        "import os, time\nif not os.fork():\n    os.setsid()\n    if os.fork(): os._exit(0)\n    time.sleep(600)"
    )
    await kernel.kill()
    book = kernel.ledger
    ledgers.write(kernel.book, type(book)(**{**{f: getattr(book, f) for f in book.__struct_fields__}, "processes": ()}))
    (daemon,) = cleaning.look(where(kernel.runtime)).found
    assert daemon.what == "a process that was forked"
    assert daemon.since > 0
    assert cleaning.clean(where=where(kernel.runtime)).removed == (daemon,)


async def test_a_restarted_kernels_earlier_life_leaves_and_its_present_one_does_not(start: Start) -> None:
    kernel = await start()
    code = "import subprocess\np = subprocess.Popen(['sleep', '600'], start_new_session=True); print(p.pid)"
    old = int(await kernel.run(code))
    await until(lambda: old in {one.pid for one in kernel.ledger.processes})
    await kernel.manager.restart_kernel(now=True)
    await kernel.client.wait_for_ready(timeout=60)
    new = int(await kernel.run(code))
    await until(lambda: new in {one.pid for one in kernel.ledger.processes})
    done = cleaning.clean(where=where(kernel.runtime))
    assert [int(one.id.split(":")[1]) for one in done.removed] == [old]
    assert (alive(old), alive(new)) == (False, True)
    os.kill(new, signal.SIGKILL)


async def test_a_plain_kernel_that_a_cell_started_is_left_alone(start: Start) -> None:
    kernel = await start()
    code = (
        "import os, subprocess, sys, time\n"
        "p = subprocess.Popen([sys.executable, '-m', 'ipykernel_launcher', '-f', os.path.abspath('inner.json')],"
        " env={n: v for n, v in os.environ.items() if n != 'JPY_PARENT_PID'},"
        " start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "while not os.path.exists('inner.json'): time.sleep(0.02)\n"
        "print(p.pid)"
    )
    inner = int(await kernel.run(code))
    await until(lambda: inner in {one.pid for one in kernel.ledger.processes})
    await kernel.kill()
    try:
        done = cleaning.clean(where=where(kernel.runtime))
        assert done.removed == ()
        assert {one.why for one in done.kept} == {"It is a kernel of its own, which a program of this one started."}
        assert alive(inner)
    finally:
        os.kill(inner, signal.SIGKILL)


async def test_an_idle_kernel_costs_nothing_and_a_cell_that_changes_nothing_writes_nothing(start: Start) -> None:
    kernel = await start()
    await household(kernel, "fork")
    await kernel.run("pass")
    await until(lambda: not kernel.recorder._tasks, "rest")
    before = kernel.book.stat()
    await kernel.run("x = 1")
    await until(lambda: not kernel.recorder._tasks, "rest")
    after = kernel.book.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert before.st_mode & 0o777 == 0o600
    assert not [one for one in kernel.book.parent.iterdir() if one.name.startswith(".")]


async def test_a_graceful_end_leaves_at_most_a_folder_and_then_the_ledger_goes(start: Start) -> None:
    kernel = await start()
    await household(kernel, "fork")
    book = kernel.book
    await kernel.manager.shutdown_kernel()
    assert {one.kind for one in cleaning.clean(where=where(kernel.runtime)).removed} <= {"folder"}
    assert not book.exists()


async def test_a_folder_with_a_file_of_the_learners_stays(start: Start) -> None:
    kernel = await start()
    await household(kernel, "fork")
    (folder,) = [Path(one.name) for one in kernel.ledger.objects if one.kind == "folder"]
    (folder / "thesis.txt").write_text("three years of work")
    await kernel.kill()
    done = cleaning.clean(where=where(kernel.runtime))
    assert {one.name: one.why for one in done.kept} == {
        str(folder): "It holds what multiprocessing did not put there: thesis.txt."
    }
    (folder / "thesis.txt").unlink()
    assert [one.name for one in cleaning.clean(where=where(kernel.runtime)).removed] == [str(folder)]


async def test_ledgers_that_are_none_do_no_harm(start: Start, tmp_path: Path) -> None:
    folder = where(tmp_path / "one")
    folder.mkdir(parents=True)
    for name, text in (("a", b""), ("b", b"[1"), ("c", b'{"schema": 1}'), ("d", b"\xff" * 100)):
        (folder / f"{name}.json").write_bytes(text)
    (folder / "e.json").symlink_to("/dev/zero")
    assert cleaning.look(folder).found == ()


async def test_a_segment_that_was_closed_before_anybody_looked_is_remembered_by_its_making(start: Start) -> None:
    kernel = await start()
    name = await kernel.run(
        "from multiprocessing.shared_memory import SharedMemory\n"
        "memory = SharedMemory(create=True, size=100)\nmemory.close()\nprint(memory.name)"
    )
    await until(lambda: name in {one.name for one in kernel.ledger.objects}, "its entry in the ledger")
