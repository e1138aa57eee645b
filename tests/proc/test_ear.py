"""The server's end of the probe's socket: whom it believes, what it bounds, and how it asks."""

from __future__ import annotations

import json
import multiprocessing
import os
import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from listening import Heard
from parallab import model
from parallab.ear import LEDGER, UNSAID, Ear, Mouth, Peer
from parallab.procfs import pidfd


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def ear(heard: Heard) -> Iterator[Ear]:
    ear = Ear(heard.add)
    yield ear
    ear.close()


def connect(ear: Ear) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect("\0" + ear.environment()["PARALLAB_PROBE"].removeprefix("@"))
    return connection


def packet(event: model.Event) -> bytes:
    return msgspec.json.encode(event)


HELLO = model.Hello(at=1, python="3.12.0", start_method="fork")


def test_the_pid_is_the_operating_systems(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(model.ProcessBorn(at=1, pid=1, ppid=2)))
        (born,) = heard.until(lambda: heard.all(model.ProcessBorn))
    assert born.pid == os.getpid()


def test_a_packet_that_came_before_anybody_asked_who_sent_it_is_from_who_connected(ear: Ear) -> None:
    """Older systems say it only from when they are asked to, just after the connection was accepted."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.send(packet(model.ProcessBorn(at=1, pid=1, ppid=2)))
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        read = Mouth().read(ours.fileno())
        assert read is not None
        events: list[model.AnyEvent] = []
        ear._understand(read[0], Peer(ours, os.getpid()), events)
    assert (read[0].pid, read[0].uid) == UNSAID
    assert [event.pid for event in events] == [os.getpid()]
    assert ear.malformed == 0


def test_when_a_packet_was_sent_is_the_operating_systems(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(model.ProcessBorn(at=1, ppid=2, sent=5)))
        (first,) = heard.until(lambda: heard.all(model.ProcessBorn))
        assert first.sent == 0, "it may have been sent before the system was asked to stamp"
        before = time.monotonic_ns()
        connection.send(packet(model.ProcessEnd(at=1, sent=5)))
        after = time.monotonic_ns()
        (second,) = heard.until(lambda: heard.all(model.ProcessEnd))
    slack = 1_000_000  # the wall clock's pace is corrected all the time
    assert before - slack <= second.sent <= after + slack


def test_a_number_without_its_pidfd_says_nothing_of_when_that_process_was_there(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        gone = subprocess.Popen(["true"])
        held = os.pidfd_open(gone.pid)
        gone.wait()
        here = os.pidfd_open(os.getpid())
        for child, handed in ((os.getppid(), held), (os.getpid(), here)):
            socket.send_fds(connection, [packet(model.ProcessStart(at=5, began=4, child=child))], [handed])
            os.close(handed)
        heard.until(lambda: len(heard.all(model.ProcessStart)) == 2)
    assert [start.sent > 0 for start in heard.all(model.ProcessStart)] == [False, True]


def test_nothing_happens_later_than_it_is_heard(ear: Ear, heard: Heard) -> None:
    late = time.monotonic_ns() + 10**12
    with connect(ear) as connection:
        connection.send(packet(model.Wait(at=late + 1, call="join", began=late, child=7)))
        connection.send(packet(model.Wait(at=3, call="join", began=2, child=7)))
        heard.until(lambda: len(heard.all(model.Wait)) == 2)
    ahead, right = heard.all(model.Wait)
    assert 0 < ahead.began == ahead.at <= time.monotonic_ns()
    assert (right.began, right.at) == (2, 3)


def test_a_forked_childs_packets_carry_its_own_pid(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        children = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                connection.send(packet(model.ProcessBorn(at=1, ppid=2)))
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        heard.until(lambda: len(heard.all(model.ProcessBorn)) == 20)
    assert sorted(event.pid for event in heard.all(model.ProcessBorn)) == sorted(children)


@pytest.mark.parametrize(
    "data",
    [b"nonsense", b"{}", b'{"kind":"hello"}', b'[{"kind":"lost","at":1,"count":"x"}]', b"\xff\xfe", b"[" * 5000],
)
def test_what_cannot_be_understood_is_counted(ear: Ear, heard: Heard, data: bytes) -> None:
    with connect(ear) as connection:
        connection.send(data)
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
    assert ear.malformed == 1


def test_a_packet_that_is_too_long_is_counted(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        connection.send(b" " * 100_000)
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
    assert ear.malformed == 1


def test_several_events_in_one_packet(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        lost = packet(model.Lost(at=1, count=3))
        connection.send(b"[" + lost + b"," + packet(HELLO) + b"]")
        heard.until(lambda: heard.all(model.Hello))
    assert heard.all(model.Lost)[0].count == 3


def _burst(address: str, count: int) -> None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address)
    for number in range(count):
        connection.send(packet(model.ProcessExit(at=number, child=1, exit_code=0)))


def test_a_busy_interpreter_loses_nothing(ear: Ear, heard: Heard) -> None:
    address = "\0" + ear.environment()["PARALLAB_PROBE"].removeprefix("@")
    child = multiprocessing.get_context("fork").Process(target=_burst, args=(address, 5000))
    child.start()
    while child.is_alive():
        sum(range(10_000))  # holds the interpreter lock, as a busy event loop does
    child.join()
    heard.until(lambda: len(heard.all(model.ProcessExit)) == 5000)
    assert [event.at for event in heard.all(model.ProcessExit)] == list(range(5000))


def test_a_flood_of_lock_reports_is_thinned_and_says_so(heard: Heard) -> None:
    gate = threading.Event()

    def deliver(events: list[model.AnyEvent]) -> None:
        heard.add(events)
        gate.wait(30)

    ear = Ear(deliver)
    try:
        with connect(ear) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 23)
            connection.send(packet(HELLO))
            heard.until(lambda: heard.all(model.Hello))  # the reader is now held up at the gate
            sent = 0
            for number in range(LEDGER + 500):
                try:
                    connection.send(packet(model.LockUse(at=number, lock="/x", act="want")), socket.MSG_DONTWAIT)
                except BlockingIOError:
                    break
                sent += 1
            assert sent > LEDGER, "the socket's buffer is too small for this test"
            gate.set()
            connection.send(packet(model.ProcessExit(at=10**9, child=1, exit_code=0)))
            heard.until(lambda: heard.all(model.ProcessExit))
        omitted = sum(event.count for event in heard.all(model.Omitted, what="lock"))
        kept = heard.all(model.LockUse)
        assert omitted == ear.omitted
        assert len(kept) + omitted == sent
        assert kept[-1].at == sent - 1
    finally:
        gate.set()
        ear.close()


def test_an_error_of_the_listener_does_not_deafen_it(heard: Heard) -> None:
    def deliver(events: list[model.AnyEvent]) -> None:
        heard.add(events)
        raise RuntimeError

    ear = Ear(deliver)
    with connect(ear) as connection:
        for number in range(3):
            connection.send(packet(model.ProcessExit(at=number, child=1, exit_code=0)))
            heard.until(lambda number=number: len(heard.all(model.ProcessExit)) == number + 1)
    ear.close()


# -- questions -------------------------------------------------------------------------


def test_asking(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        future = ear.ask(names=["x"], timeout=20)
        question = json.loads(connection.recv(65536))
        assert question == {"ask": 1, "kind": "values", "names": ["x"]}
        connection.send(packet(model.Answer(at=1, number=question["ask"])))
        answer = future.result(20)
    assert answer is not None
    assert answer.number == 1
    assert not heard.all(model.Answer)


def test_no_kernel_no_answer(ear: Ear) -> None:
    assert ear.ask().result(0) is None


def test_an_answer_that_does_not_come(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        began = time.monotonic()
        assert ear.ask(timeout=0.1).result(20) is None
        assert time.monotonic() - began >= 0.1


def test_a_kernel_that_goes_while_asked(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        future = ear.ask(timeout=60)
    assert future.result(20) is None


def test_closing_answers_open_questions(heard: Heard) -> None:
    ear = Ear(heard.add)
    with connect(ear) as connection:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        future = ear.ask(timeout=60)
        ear.close()
        assert future.result(0) is None
        assert ear.ask().result(0) is None
        ear.close()
        readable, _, _ = select.select([connection], [], [], 20)
        assert readable


def test_a_child_cannot_answer_for_the_kernel(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection, connect(ear) as other:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        other.send(packet(HELLO))
        heard.until(lambda: len(heard.all(model.Hello)) == 2)
        future = ear.ask(timeout=0.3)
        other.send(packet(model.Answer(at=1, number=1)))
        assert future.result(20) is None
    assert ear.malformed == 1


def test_descriptors_are_not_inherited(ear: Ear) -> None:
    assert not os.get_inheritable(ear._source.fileno())


def test_it_is_silent_while_nothing_happens(ear: Ear, heard: Heard) -> None:
    thread = Path(f"/proc/{os.getpid()}/task/{ear._thread.native_id}")

    def waits() -> int:
        lines = (thread / "status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("voluntary_ctxt")).split()[1])

    with connect(ear) as connection:
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
        heard.until(lambda: (thread / "stat").read_text().rsplit(")", 1)[1].split()[0] == "S")
        before = waits()
        time.sleep(0.5)
        assert waits() == before


def test_a_pidfd_tells_its_process_or_that_it_was_collected(tmp_path: Path) -> None:
    child = subprocess.Popen(["sh", "-c", "read x; exit 3"], stdin=subprocess.PIPE)
    held = os.pidfd_open(child.pid)
    assert pidfd.pid_of(held) == child.pid
    child.communicate(b"\n")
    assert pidfd.pid_of(held) == pidfd.GONE
    assert pidfd.exit_code(held, child.pid) in (3, None)  # None: Linux before 6.15 forgets it
    other = tmp_path / "no-pidfd"
    other.touch()
    assert pidfd.pid_of(os.open(other, os.O_RDONLY)) == 0


def test_a_zombies_exit_code_is_told_by_every_linux() -> None:
    child = subprocess.Popen(["sh", "-c", "kill -9 $$"])
    held = os.pidfd_open(child.pid)
    select.select([held], [], [], 20)
    assert pidfd.exit_code(held, child.pid) == -9
    child.wait()


def test_the_end_of_a_process_that_was_handed_over_is_told(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        child = subprocess.Popen(["sh", "-c", "read x; exit 7"], stdin=subprocess.PIPE)
        start = model.ProcessStart(at=5, began=4, child=child.pid, cell="c", run=3)
        socket.send_fds(connection, [packet(start)], [os.pidfd_open(child.pid)])
        (heard_start,) = heard.until(lambda: heard.all(model.ProcessStart))
        assert heard_start.seen
        child.stdin.write(b"\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
        (gone,) = heard.until(lambda: heard.all(model.ProcessGone))
        child.communicate()
    assert (gone.child, gone.exit_code, gone.cell, gone.run, gone.since) == (child.pid, 7, "c", 3, 5)


def test_nobody_but_the_system_says_that_a_process_is_gone(ear: Ear, heard: Heard) -> None:
    with connect(ear) as connection:
        connection.send(packet(model.ProcessGone(at=1, child=os.getpid(), exit_code=0)))
        connection.send(packet(HELLO))
        heard.until(lambda: heard.all(model.Hello))
    assert ear.malformed == 1
    assert not heard.all(model.ProcessGone)
