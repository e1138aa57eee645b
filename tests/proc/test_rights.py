"""What is told when rights are really taken away: another user, a process that hides, namespaces, filtered calls."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

import unprivileged
from parallab import model
from parallab.checks.expect import CannotTell
from parallab.evidence import Evidence
from parallab.wire import DoctorReport
from tales import KERNEL, begin, recording

ROOT = Path(__file__).parents[2]
#: A waiter for a semaphore that its parent holds; ``{hide}`` runs in it before it waits.
PROGRAM = """
import ctypes, json, multiprocessing as mp, os, sys, time
import msgspec
from parallab import capabilities
from parallab.procfs.read import Reader
libc = ctypes.CDLL(None, use_errno=True)
ctx = mp.get_context("fork")
lock, ready = ctx.Lock(), ctx.Event()
def wait():
    {hide}
    ready.set()
    lock.acquire()
lock.acquire()
child = ctx.Process(target=wait)
child.start()
ready.wait()
{look}
# The upper half of a sem_t counts its waiters (64-bit glibc): not before is the child done with the event's own lock.
while not ctypes.c_uint64.from_address(lock._semlock.handle).value >> 32: time.sleep(0.01)
snapshot = Reader().snapshot(os.getpid(), scan=True)
told = {{one.what: one.why for one in capabilities.of(child.pid).capabilities}}
print(json.dumps({{"child": child.pid, "me": os.getpid(), "lock": id(lock._semlock), "told": told}}))
print(msgspec.json.encode(snapshot).decode())
child.kill()
"""
HIDES = "assert libc.prctl(4, 0, 0, 0, 0) == 0"
UNSHARES = "assert libc.unshare({flags}) == 0, ctypes.get_errno()"
#: seccomp(2): socket(AF_NETLINK, …) answers EPERM; all else is allowed. For x86-64 and aarch64.
FILTERS = """
import platform, struct
number = {'x86_64': 41, 'aarch64': 198}[platform.machine()]
code = [(32, 0, 0, 0), (21, 0, 3, number), (32, 0, 0, 16), (21, 0, 1, 16), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
"""
INSTALLS = """
program = ctypes.create_string_buffer(b''.join(struct.pack('=HBBI', *one) for one in code))
head = ctypes.create_string_buffer(struct.pack('=H6xQ', len(code), ctypes.addressof(program)))
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, head, 0, 0) == 0, ctypes.get_errno()
"""
#: pidfd_getfd(2), which has the same number everywhere, answers EPERM, as in containers without SYS_PTRACE.
NO_GETFD = """
import struct
code = [(32, 0, 0, 0), (21, 0, 1, 438), (6, 0, 0, 0x50001), (6, 0, 0, 0x7FFF0000)]
"""
ASKS = """
import ctypes, json, sys
import msgspec
from parallab import inspecting
libc = ctypes.CDLL(None, use_errno=True)
print(msgspec.json.encode([inspecting.doctor(int(pid)) for pid in sys.argv[1:]]).decode())
"""
WAITS = "import os, socket\nhere, there = socket.socketpair()\nprint(flush=True)\n"


def run(code: str, *before: str) -> tuple[dict[str, Any], model.Snapshot]:
    """Runs the program, below another that takes rights away; what it told, and its snapshot."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "server"), "HOME": "/"}
    done = subprocess.run(
        [*before, sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    told, snapshot = done.stdout.splitlines()
    return json.loads(told), msgspec.json.decode(snapshot, type=model.Snapshot)


def kinds(snapshot: model.Snapshot, pid: int) -> set[str]:
    return {one.kind for one in snapshot.missing if one.pid == pid}


def holder(told: dict[str, Any], snapshot: model.Snapshot) -> model.SemLock:
    """Who holds the lock. The program looks at itself: what it has read of its own memory looks like locks, too."""
    held = [one for one in snapshot.sem_locks if one.count > 0 and one.maxvalue == 1]
    assert {one.pid for one in held} == {told["me"]}
    (its,) = [one for one in held if one.address == told["lock"]]
    return its


def test_an_unprivileged_user_sees_all_of_its_own() -> None:
    told, snapshot = run(PROGRAM.format(hide="pass", look=""), *unprivileged.command())
    assert not any(told["told"].values()), told
    assert snapshot.missing == ()
    assert holder(told, snapshot).pid == told["me"]


def test_a_process_that_hides_is_missing_with_the_reason_and_nothing_is_concluded() -> None:
    told, snapshot = run(PROGRAM.format(hide=HIDES, look=""), *unprivileged.command())
    assert {"mappings", "descriptors", "calls"} <= kinds(snapshot, told["child"])
    why = told["told"]
    assert why["processes and threads"] == ""
    for what in ("open files and shared mappings", "what a thread waits for", "semaphores and locks"):
        assert why[what].startswith("The process protects itself from being looked into"), why

    seen = Evidence(recording(begin(), snapshots=(snapshot,), busy_cell="cell-1"), "work", {"cell-1": "work"})
    with pytest.raises(CannotTell, match="It cannot be seen who holds a lock and who waits for it: the "):
        _ = seen.standstill
    with pytest.raises(CannotTell, match="It cannot be seen what is left in shared memory"):
        _ = seen.segments_left


def test_what_the_probe_told_of_one_that_hides_still_counts() -> None:
    told, snapshot = run(PROGRAM.format(hide=HIDES, look=""), *unprivileged.command())
    held = holder(told, snapshot)
    (child,) = [one.pid for one in snapshot.processes if one.pid != snapshot.root]
    made = model.LockMade(at=11, pid=held.pid, cell="cell-1", run=1, lock="/mp-a", address=held.address)
    wants = model.LockUse(at=12, pid=child, cell="cell-1", run=1, lock="/mp-a", act="want")
    (lock,) = Evidence(
        recording(begin(), made, wants, snapshots=(snapshot,), busy_cell="cell-1"), "work", {"cell-1": "work"}
    )._story.locks
    assert (lock.holders, lock.waiting, lock.unread) == ((held.pid,), (child,), (child,))
    assert KERNEL not in lock.holders


def test_another_users_process_says_whose_it_is() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be two users")
    code = (
        "import json, os, sys\nfrom parallab import capabilities\n"
        "found = capabilities.of(int(sys.argv[1])).capabilities\n"
        "print(json.dumps({one.what: one.why for one in found}))"
    )
    done = subprocess.run(
        [*unprivileged.command(), sys.executable, "-c", code, str(os.getpid())],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server"), "HOME": "/"},
        check=True,
        cwd="/",
    )
    why = json.loads(done.stdout)
    assert why["processes and threads"] == ""
    assert why["semaphores and locks"] == "It belongs to root: run Jupyter, or this command, as that user."


NEWUSER, NEWNET = 0x10000000, 0x40000000


def test_a_network_namespace_of_its_own() -> None:
    flags = NEWNET if os.geteuid() == 0 else NEWUSER | NEWNET
    try:
        told, _ = run(PROGRAM.format(hide=UNSHARES.format(flags=flags), look=""))
    except AssertionError as error:
        if "AssertionError: 1" in str(error):
            pytest.skip("namespaces may not be made here")
        raise
    why = told["told"]["who is at the other end of a socket"]
    assert why.startswith("It runs in a network namespace of its own"), told
    assert told["told"]["semaphores and locks"] == ""


@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="numbers of system calls")
def test_filtered_calls_are_the_reason_that_is_told() -> None:
    told, snapshot = run(PROGRAM.format(hide="pass", look=FILTERS + INSTALLS), *unprivileged.command())
    assert "System calls are filtered here (seccomp)" in told["told"]["who is at the other end of a socket"], told
    assert told["told"]["semaphores and locks"] == ""
    assert [one.kind for one in snapshot.missing] in ([], ["sockets"])


def _doctor(code: str, *pids: int) -> list[DoctorReport]:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, pids)], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=list[DoctorReport])


def test_a_socket_whose_time_out_may_not_be_asked_for_is_not_called_stuck() -> None:
    with contextlib.ExitStack() as stack:
        pids = []
        # As Python's sockets receive, which may have a time-out; and as multiprocessing's connections do.
        for waits in ("here.recv(1)", "os.read(here.fileno(), 1)"):
            program = stack.enter_context(
                subprocess.Popen([sys.executable, "-c", WAITS + waits], stdout=subprocess.PIPE)
            )
            stack.callback(program.kill)
            assert program.stdout is not None
            program.stdout.readline()
            pids.append(program.pid)
        while not all(one.stuck for one in _doctor(ASKS, *pids)):
            pass  # not all wait yet

        asked, plain = _doctor(ASKS.replace("print(", f"{NO_GETFD}{INSTALLS}print(", 1), *pids)

    assert (asked.stuck, plain.stuck) == (None, True)
    (why,) = [one.why for one in asked.cannot_tell]
    assert why.startswith("the main program waits in recvfrom, and whether the socket has a time-out cannot be seen: ")


def test_a_proc_that_hides_others() -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can mount")
    code = (
        "import json, sys\nfrom parallab import capabilities\n"
        "found = [capabilities.of(1), capabilities.probe()]\n"
        "print(json.dumps([{one.what: one.why for one in told.capabilities} for told in found]))"
    )
    script = 'mount -t proc -o hidepid=2 proc /proc && exec "$@"'
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", f"({script})", "sh"]
    done = subprocess.run(
        [*command, *unprivileged.command(), sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "server"), "HOME": "/"},
        check=False,
        cwd="/",
    )
    if "mount" in done.stderr:
        pytest.skip("/proc may not be mounted here")
    assert done.returncode == 0, done.stderr
    first, own = json.loads(done.stdout)
    assert (
        first["processes and threads"] == "/proc hides the processes of others (hidepid), or there is no such process."
    )
    assert not any(own.values()), own


def test_the_command_tells_of_this_machine_and_of_a_process() -> None:
    from click.testing import CliRunner

    from parallab.cli import main

    told = CliRunner().invoke(main, ["inspect", "--capabilities", "--json"])
    assert told.exit_code == 0
    assert json.loads(told.stdout)["capabilities"][0]["what"] == "processes and threads"
    assert (
        "What Parallab can see here" in CliRunner().invoke(main, ["inspect", "--capabilities", str(os.getpid())]).stdout
    )
    for arguments in (["inspect"], ["inspect", "--capabilities", str(2**22 + 1)]):
        refused = CliRunner().invoke(main, arguments)
        assert (refused.exit_code, len(refused.stderr.splitlines())) == (2, 1)


def test_a_user_namespace_of_its_own_hides_nothing_from_who_started_it() -> None:
    told, snapshot = _in_namespace(hide=UNSHARES.format(flags=NEWUSER))
    assert not any(told["told"].values()), told
    assert kinds(snapshot, told["child"]) == set()


def test_who_looks_from_a_user_namespace_of_its_own_is_told_so() -> None:
    told, snapshot = _in_namespace(look=UNSHARES.format(flags=NEWUSER))
    assert {"calls", "mappings"} <= kinds(snapshot, told["child"])
    why = told["told"]
    assert why["processes and threads"] == ""
    for what in ("open files and shared mappings", "what a thread waits for", "semaphores and locks"):
        assert why[what].startswith("Jupyter, or this command, runs in a user namespace of its own"), why


def _in_namespace(hide: str = "pass", look: str = "") -> tuple[dict[str, Any], model.Snapshot]:
    try:
        return run(PROGRAM.format(hide=hide, look=look), *unprivileged.command())
    except AssertionError as error:
        if "AssertionError: 1" in str(error):
            pytest.skip("namespaces may not be made here")
        raise
