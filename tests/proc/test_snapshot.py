"""Snapshots of real programs against what those programs made, under every start method."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest

from parallab import ipc, waits
from parallab.model import Process, Snapshot
from parallab.procfs import everybody, mapquery, opened, parse, read
from parallab.procfs.read import Reader

METHODS = ("fork", "spawn", "forkserver")


def roles(snapshot: Snapshot) -> list[str]:
    told = ipc.roles(snapshot)
    return sorted(told[process.pid] for process in snapshot.processes if process.pid != snapshot.root)


def sleeps(process: Process) -> bool:
    return any(thread.blocked and thread.blocked.call == "clock_nanosleep" for thread in process.threads)


@pytest.mark.parametrize(
    ("name", "method", "told"),
    [
        ("sleeping", "fork", ["worker"]),
        ("sleeping", "spawn", ["resource-tracker", "worker"]),
        ("sleeping", "forkserver", ["forkserver", "resource-tracker", "worker"]),
        ("grandchildren", "fork", ["worker", "worker"]),
        ("grandchildren", "spawn", ["resource-tracker", "worker", "worker"]),
        ("manager_idle", "fork", ["manager", "worker"]),
        ("manager_idle", "spawn", ["manager", "resource-tracker", "worker"]),
        ("manager_idle", "forkserver", ["forkserver", "manager", "resource-tracker", "worker"]),
        ("forks", "fork", ["fork", "program"]),
    ],
)
def test_every_process_has_its_role(subject, name, method, told):
    program = subject(name, method)

    seen = program.until(lambda one: roles(one) == told, f"roles {told}")

    assert roles(seen) == told


@pytest.mark.parametrize("method", METHODS)
def test_one_of_each_is_seen_as_what_it_is(subject, method):
    program = subject("one_of_each", method)
    seen = program.until(lambda one: any(sleeps(process) for process in one.processes), "the sleeping worker")
    found = ipc.objects(seen)

    worker = next(process.pid for process in seen.processes if sleeps(process))
    both = {seen.root, worker}
    assert [one.kind for one in ipc.composites(found)] == ["queue", "event"]
    segments = [one for one in found.memory.values() if one.kind == "shared-memory" and both <= one.pids]
    assert [(one.size, one.linked) for one in segments] == [(5000, True)]
    assert [one.pids & both for one in found.memory.values() if one.kind == "arena"] == [both]
    one_way = [pipe for pipe in found.pipes.values() if pipe.queued == 12]
    assert [worker in pipe.writers and seen.root in pipe.readers for pipe in one_way] == [True]
    pairs = [one for one in found.sockets.values() if one.peer is not None and one.holders & {worker}]
    assert all(found.sockets[one.peer].peer == one.inode for one in pairs)
    assert len(pairs) == (2 if method == "fork" else 1)
    assert seen.missing == ()


def test_thousands_of_strangers_in_shared_memory_are_left_out(subject, tmp_path):
    program = subject("one_of_each", "fork")
    program.until(lambda one: any(sleeps(process) for process in one.processes), "the sleeping worker")
    reader = Reader()
    held = {one.name for one in reader.snapshot(program.pid).segments}
    crowd = [Path("/dev/shm") / f"parallab-test-{tmp_path.name}-{number}" for number in range(read.MAX_SEGMENTS + 1)]
    new = crowd[0].with_name(crowd[0].name + "-new")
    try:
        for one in crowd:
            one.touch()
        seen = Reader().snapshot(program.pid)
        new.touch()
        later = reader.snapshot(program.pid)
    finally:
        for one in [*crowd, new]:
            one.unlink(missing_ok=True)

    assert len(held) == 1
    assert ({one.name for one in seen.segments}, seen.missing) == (held, ())
    # To a look that began earlier all of these came since: nobody can say whose they are.
    assert [one.kind for one in later.missing] == ["segments"]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_zombie_keeps_its_command_line_and_tells_its_exit_code(subject, method):
    program = subject("one_of_each", method)

    seen = program.until(lambda one: any(process.state == "Z" for process in one.processes), "the zombie")

    zombie = next(process for process in seen.processes if process.state == "Z")
    assert zombie.exit_code == 7
    assert zombie.files == ()


@pytest.mark.parametrize("method", METHODS)
def test_a_lock_tells_its_value_its_waiters_and_its_holder(subject, method):
    program = subject("lock_held_by_sleeper", method)

    seen = program.until(
        lambda one: any(state.waiters for state in one.semaphores) and any(map(sleeps, one.processes)), "a waiter"
    )

    semaphore = next(one for one in ipc.objects(seen).semaphores.values() if one.waiters)
    holder = next(process.pid for process in seen.processes if sleeps(process))
    assert (semaphore.value, semaphore.waiters) == (0, 1)
    assert semaphore.holders == {holder}
    assert semaphore.holder_threads(holder) == {holder}
    assert semaphore.told


def test_known_addresses_of_locks_serve_forked_children_without_a_search(subject):
    program = subject("lock_cycle", "fork")
    found = program.until(lambda one: sum(lock.count for lock in one.sem_locks) >= 2, "two holders")
    told = [(lock.pid, lock.address) for lock in found.sem_locks if lock.pid == found.root]

    seen = Reader().snapshot(program.pid, sem_locks=told)

    assert seen.sem_locks == found.sem_locks
    assert Reader().snapshot(program.pid).sem_locks == ()


@pytest.mark.parametrize("method", METHODS)
def test_the_tree_holds_the_descendants_and_nothing_else(subject, method):
    program = subject("grandchildren", method)
    seen = program.until(lambda one: sum(map(sleeps, one.processes)) == 1, "the sleeper")

    tree = Reader().tree(program.pid)

    assert {(one.pid, one.started, one.ppid) for one in tree} == {
        (one.pid, one.started, one.ppid) for one in seen.processes
    }
    assert all(one.threads == () and one.files == () and one.cmdline for one in tree)
    assert os.getpid() not in {one.pid for one in tree}


def test_a_process_that_does_not_exist_is_an_empty_snapshot():
    seen = Reader().snapshot(2**22 + 1)

    assert seen.processes == ()
    assert Reader().tree(2**22 + 1) == ()


# -- reading again only what ran ------------------------------------------------------------


def test_what_did_not_run_is_not_read_again(subject, monkeypatch):
    program = subject("sleeping", "fork")
    program.until(lambda one: any(map(sleeps, one.processes)))
    first = program.look(scan=False)
    paths = []
    original = opened.read
    monkeypatch.setattr(read.opened, "read", lambda path: (paths.append(path), original(path))[1])

    again = program.look(scan=False)

    assert again.processes == first.processes
    assert {path.rpartition("/")[2] for path in paths} == {"schedstat", "syscall"}


#: Starts a thread for each line that it reads, which reads from a pipe for ever; each descriptor given ends one.
STARTS_THREADS = """
import os, sys, threading
for line in sys.stdin:
    threading.Thread(target=os.read, args=(int(line), 1), daemon=True).start()
    print(flush=True)
"""


class Starter:
    """A program that starts threads as it is told; each ends when its pipe is closed."""

    def __init__(self, pipes: list[tuple[int, int]]) -> None:
        self._pipes = pipes
        command = [sys.executable, "-c", STARTS_THREADS]
        read_ends = [reading for reading, _ in pipes]
        self.program = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=read_ends
        )

    def start_thread(self, place: int) -> None:
        """Returns when it runs and its maker waits again."""
        print(self._pipes[place][0], file=self.program.stdin, flush=True)
        self.program.stdout.readline()
        until_calls(self.program.pid, ["read"] * (place + 2))


def until_calls(pid: int, wanted: list[str]) -> None:
    while True:
        threads = Reader().snapshot(pid).processes[0].threads
        if [one.blocked.call for one in threads] == wanted:
            return


@pytest.fixture
def starter():
    pipes = [os.pipe(), os.pipe()]
    one = Starter(pipes)
    yield one
    one.program.kill()
    one.program.communicate()
    for end in {end for pipe in pipes for end in pipe}:
        with contextlib.suppress(OSError):
            os.close(end)


def test_a_thread_that_is_made_while_its_maker_is_read_is_not_missed(starter, monkeypatch):
    """It was not in the list yet, its maker's time shows nothing of it: and it never runs, for want of a core."""
    pid = starter.program.pid
    starter.start_thread(0)
    original = opened.read
    made = []

    def make_one_first(path, *args):
        if path.endswith(f"/{pid}/task/{pid}/schedstat") and not made:
            made.append(path)
            starter.start_thread(1)
        return original(path, *args)

    monkeypatch.setattr(read.opened, "read", make_one_first)
    reader = Reader()

    first = reader.snapshot(pid)
    again = reader.snapshot(pid)

    assert made
    assert [len(one.processes[0].threads) for one in (first, again)] == [3, 3]


def test_a_process_one_of_whose_threads_has_ended_stays_in_its_place(starter):
    pid = starter.program.pid
    starter.start_thread(0)
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        reader = Reader()
        before = reader.snapshot(os.getpid())
        os.close(starter._pipes[0][1])
        while len(opened.names(f"/proc/{pid}/task")) > 1:
            time.sleep(0.01)

        now = reader.snapshot(os.getpid())

        places = [[one.pid for one in seen.processes if one.pid in (pid, worker.pid)] for seen in (before, now)]
        assert places == [[pid, worker.pid]] * 2
    finally:
        worker.communicate()


def test_who_moved_while_others_were_read_is_known_by_it(starter, monkeypatch):
    """It waits in the same call as before, and its time was read first: what else is read may be of afterwards."""
    pid = starter.program.pid
    starter.start_thread(0)
    reader = Reader()
    first = reader.snapshot(pid)
    original = Reader._pipes
    moved = []

    def move_first(self, processes):
        if not moved:
            moved.append(True)
            starter.start_thread(1)
        return original(self, processes)

    monkeypatch.setattr(Reader, "_pipes", move_first)
    monkeypatch.setattr(reader, "_ran", True)

    second = reader.snapshot(pid)

    assert moved
    assert [one.threads[0].blocked for one in first.processes] == [one.threads[0].blocked for one in second.processes]
    assert not waits.still(first, second, [(pid, pid)])


def test_descriptors_exchanged_in_one_turn_are_noticed():
    """dup2 leaves start time, threads, memory and number of descriptors as they were: facts of their own."""
    code = """
        import os, sys
        r, w = os.pipe()
        spare, other = os.pipe()
        print(flush=True)
        sys.stdin.readline()
        os.dup2(spare, r)
        print(flush=True)
        sys.stdin.readline()
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    try:
        child.stdout.readline()
        reader = Reader()
        before = files(reader.snapshot(child.pid))
        child.stdin.write(b"\n")
        child.stdout.readline()

        after = files(reader.snapshot(child.pid))

        assert len(before) == len(after)
        assert before != after
        assert after == files(Reader().snapshot(child.pid))
    finally:
        child.kill()
        child.communicate()


def files(snapshot: Snapshot) -> list[tuple[int, str, str]]:
    return sorted((file.fd, file.target, file.mode) for file in snapshot.processes[0].files)


def test_a_new_program_in_an_old_process_has_its_own_command_line():
    child = subprocess.Popen(
        [sys.executable, "-c", "import os; print(flush=True); input(); os.execvp('sleep', ['sleep', '60'])"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        child.stdout.readline()
        reader = Reader()
        before = reader.tree(child.pid)[0]
        child.stdin.write(b"\n")
        child.stdin.close()
        end = time.monotonic() + 20
        while (after := reader.tree(child.pid)[0]).cmdline in (before.cmdline, ()) and time.monotonic() < end:
            time.sleep(0.02)

        assert after.cmdline == ("sleep", "60")
        assert (after.pid, after.started) == (before.pid, before.started)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_orphans_stay_in_the_tree(subject):
    program = subject("grandchildren", "fork")
    seen = program.until(lambda one: len(one.processes) == 3 and any(map(sleeps, one.processes)))
    middle = next(one for one in seen.processes if one.ppid == program.pid)
    os.kill(middle.pid, signal.SIGKILL)

    # A look is not made in one moment: it may find the child as it was before its parent ended, and that parent ended.
    after = program.until(lambda one: all(middle.pid not in (p.pid, p.ppid) or p.state == "Z" for p in one.processes))

    (orphan,) = (one for one in after.processes if sleeps(one))
    assert orphan.ppid != program.pid


def test_whom_the_same_shell_started_is_no_orphan_of_a_program():
    """Both have what the shell had, and the shell is gone."""
    reads, writes = os.pipe()
    shell = "for n in 1 2; do setsid sleep 60 >/dev/null 2>&1 & echo $!; done"
    told = subprocess.run(["sh", "-c", shell], pass_fds=[writes], stdout=subprocess.PIPE, text=True, check=True)
    os.close(writes)
    os.close(reads)
    one, other = map(int, told.stdout.split())
    try:
        assert everybody.orphans(Reader().tree(one)) == ()
        assert everybody.orphans(Reader().tree(other)) == ()
    finally:
        os.kill(one, signal.SIGKILL)
        os.kill(other, signal.SIGKILL)


def test_processes_that_come_and_go_while_they_are_read_do_no_harm():
    code = "import os\nwhile True:\n if os.fork() == 0: os._exit(0)\n os.waitpid(-1, 0)"
    child = subprocess.Popen([sys.executable, "-c", code])
    try:
        reader = Reader()
        for _ in range(300):
            seen = reader.snapshot(child.pid)
            assert {one.ppid for one in seen.processes} - {one.pid for one in seen.processes} <= {os.getpid()}
        assert seen.missing == ()
    finally:
        child.kill()
        child.wait()


def test_mappings_asked_for_are_those_of_the_text(subject):
    program = subject("one_of_each", "fork")
    program.until(lambda one: any(map(sleeps, one.processes)))
    path = f"/proc/{program.pid}/maps"
    try:
        asked = mapquery.MapQuery().shared(path)
    except mapquery.Unsupported:
        pytest.skip("this kernel has no PROCMAP_QUERY")

    assert asked == parse.shared_maps(opened.read(path))
    assert len(asked) > 10


# -- rights --------------------------------------------------------------------------------------


NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


def as_nobody(python: str, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", f"import sys\nsys.path.extend({sys.path!r})\n" + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    )


def python_of_nobody() -> str | None:
    """A Python that an unprivileged user may run and that has what Parallab needs."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            if as_nobody(python, "import parallab.waits, parallab.procfs.read").returncode == 0:
                return python
        except (PermissionError, FileNotFoundError):
            continue
    return None


@needs_root
def test_another_users_process_gives_missing_and_no_error(subject):
    program = subject("lock_cycle", "fork")
    program.until(lambda one: len(one.processes) == 3)
    uid = os.geteuid()
    os.seteuid(NOBODY)
    try:
        seen = Reader().snapshot(program.pid, scan=True)
    finally:
        os.seteuid(uid)

    assert len(seen.processes) == 3
    assert all(process.threads and process.files == () for process in seen.processes)
    assert {one.what.split(" of ")[0] for one in seen.missing} == {"descriptors", "shared memory", "system calls"}
    assert {one.why for one in seen.missing} == {"Permission denied"}


@needs_root
def test_an_unprivileged_user_sees_as_much_of_its_own_processes():
    python = python_of_nobody()
    if python is None:
        pytest.skip("no Python here is for other users")
    code = """
        import os, signal, subprocess, time
        from parallab import waits
        from parallab.procfs.read import Reader
        subject = subprocess.Popen([sys.executable, SUBJECTS, "lock_cycle", "fork"], stdout=subprocess.PIPE)
        reader, previous = Reader(), None
        for _ in range(100):
            current = reader.snapshot(subject.pid, scan=True)
            if previous and waits.stuck(previous, current):
                break
            previous = current
            time.sleep(0.26)
        print([one.mistake for one in waits.diagnose(previous, current)], current.missing)
        for process in current.processes:
            os.kill(process.pid, signal.SIGKILL)
    """.replace("SUBJECTS", repr(str(Path(__file__).with_name("subjects.py"))))

    ran = as_nobody(python, code)

    assert (ran.stdout, ran.stderr) == ("['M43'] ()\n", "")


# -- a recorded tree -------------------------------------------------------------------------------


def test_a_recorded_tree_can_be_read_where_the_processes_are_not(tmp_path):
    """The root of /proc is a parameter: two processes written down, one the other's child."""
    write_process(
        tmp_path, 100, 1, "S", ("python", "x.py"), children=(101,), syscall="61 0x65 0x0 0x0 0x0 0x0 0x0 0x0 0x0"
    )
    write_process(tmp_path, 101, 100, "S", ("python", "x.py"), syscall="0 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0")
    (tmp_path / "stat").write_text("cpu 1\nbtime 1700000000\n")

    seen = Reader(tmp_path, machine="x86_64").snapshot(100)

    parent, child = seen.processes
    assert (parent.pid, parent.threads[0].blocked.call, parent.threads[0].blocked.pid) == (100, "wait4", 101)
    assert (child.pid, child.ppid, child.threads[0].blocked.fds) == (101, 100, (3,))
    assert child.files[0].target == "pipe:[77]"
    assert child.started_unix == 1700000000 + 5000 / os.sysconf("SC_CLK_TCK")
    assert [one.inode.ino for one in ipc.objects(seen).pipes.values()] == [77]
    assert seen.missing[-1].what == "/dev/shm"


def write_process(root, pid, ppid, state, cmdline, children=(), syscall="running"):
    folder = root / str(pid)
    task = folder / "task" / str(pid)
    task.mkdir(parents=True)
    fields = f"{pid} ({cmdline[0]}) {state} {ppid} 1 1 0 -1 0 0 0 0 0 3 4 0 0 20 0 1 0 5000 " + "0 " * 30
    (folder / "stat").write_text(fields)
    (task / "stat").write_text(fields)
    (folder / "cmdline").write_bytes(b"".join(part.encode() + b"\0" for part in cmdline))
    (folder / "maps").write_text("")
    (task / "children").write_text("".join(f"{child} " for child in children))
    (task / "schedstat").write_text("1000 10 3\n")
    (task / "syscall").write_text(syscall + "\n")
    (folder / "fd").mkdir()
    (folder / "fd" / "3").symlink_to("pipe:[77]")


@pytest.mark.parametrize("name", [b"caf\xe9", "名前".encode()])
def test_names_that_are_no_utf_8_do_no_harm(tmp_path, name):
    descriptor = os.open(bytes(tmp_path) + b"/" + name, os.O_CREAT | os.O_RDONLY)
    command = [sys.executable.encode(), b"-c", b"print(flush=True); input()", name]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[descriptor])
    try:
        child.stdout.readline()
        seen = Reader().snapshot(child.pid)
        told = name.decode("utf-8", "replace")
        assert msgspec.json.decode(msgspec.json.encode(seen), type=Snapshot) == seen
        assert seen.processes[0].cmdline[3] == told
        assert [one.target.endswith(told) for one in seen.processes[0].files if one.fd == descriptor] == [True]
    finally:
        os.close(descriptor)
        child.kill()
        child.communicate()
