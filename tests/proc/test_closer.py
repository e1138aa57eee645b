"""What is asked of processes only where somebody would wait for ever, on real sockets and real interpreters."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from asked import PYTHONS
from parallab import inspecting, netlink, pyspy
from parallab.procfs import closer, interpreters, opened
from parallab.procfs.read import Reader
from parallab.wire import DoctorReport

SECONDS = struct.pack("@ll", 600, 0)


def _expecting() -> tuple[int, ...]:
    return closer.expecting(Reader().snapshot(os.getpid()).processes)


def test_descriptors_that_were_sent_are_on_their_way_until_they_are_taken() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert os.getpid() not in _expecting()
        socket.send_fds(here, [b"x"], [0])
        assert os.getpid() in _expecting()
        for fd in socket.recv_fds(there, 1, 1)[1]:
            os.close(fd)
        assert os.getpid() not in _expecting()


def test_a_time_out_of_a_socket_is_told_of_its_own_direction() -> None:
    here, there = socket.socketpair()
    with here, there:
        told = [closer.gives_up(os.getpid(), here.fileno(), sends) for sends in (False, True)]
        here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, SECONDS)
        receives = [closer.gives_up(os.getpid(), here.fileno(), sends) for sends in (False, True)]
        there.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, SECONDS)
        sends = [closer.gives_up(os.getpid(), there.fileno(), sends) for sends in (False, True)]

    assert (told, receives, sends) == ([False, False], [True, False], [False, True])
    assert closer.gives_up(os.getpid(), 1 << 20, False) is False


def test_a_call_that_is_not_accepted_yet_is_for_the_listener() -> None:
    door, caller = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    with door, caller:
        door.bind(f"\0{os.getpid()}")  # in no folder
        door.listen(4)
        caller.connect(door.getsockname())
        called, calling = (os.fstat(one.fileno()).st_ino for one in (door, caller))
        assert netlink.unix_sockets()[calling].calls == called
        with door.accept()[0] as line:
            now = netlink.unix_sockets()[calling]
            assert (now.calls, now.peer) == (0, os.fstat(line.fileno()).st_ino)


HIRE = """
import sys
try:
    from concurrent import interpreters
    kept = [interpreters.create() for _ in range(int(sys.argv[1]))]
except ImportError:
    kept = []
print(1 + len(kept), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("more", [0, 3])
@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: Path(path).parts[-3])
def test_interpreters_are_counted_where_python_tells_them(python: str, more: int) -> None:
    program = subprocess.Popen([python, "-c", HIRE, str(more)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdin is not None
    assert program.stdout is not None
    with program.stdin, program.stdout, opened.Memory(f"/proc/{program.pid}/mem") as memory:
        there = int(program.stdout.readline())
        counted = interpreters.count(memory, opened.read(f"/proc/{program.pid}/maps"))
    program.wait()

    told = [int(part) for part in Path(python).parts[-3].split(".")] >= [3, 13]
    assert counted == (there if told else 0)


WAIT = """
import threading
from concurrent import interpreters
kept = interpreters.create()
print(1, flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(pyspy.find() is None, reason="py-spy is not installed")
@pytest.mark.parametrize("python", [one for one in PYTHONS if "3.14" in one], ids=lambda path: Path(path).parts[-3])
def test_that_other_interpreters_have_no_stacks_is_said(python: str) -> None:
    program = subprocess.Popen([python, "-c", WAIT], stdout=subprocess.PIPE)
    assert program.stdout is not None
    with program.stdout:
        program.stdout.readline()
        try:
            told = _when_it_stands(program.pid)
        finally:
            program.kill()
            program.wait()

    assert told.stuck is True
    assert [one.why for one in told.cannot_tell] == ["it has 2 interpreters, and py-spy reads the threads of one"]


def _when_it_stands(pid: int) -> DoctorReport:
    while (told := inspecting.doctor(pid)).stuck is not True:
        pass
    return told
