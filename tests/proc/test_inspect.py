"""inspect and doctor on running programs: their JSON, their view, their errors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from io import StringIO

import msgspec
import pytest
from rich.console import Console

from parallab import inspect_view, inspecting
from parallab.wire import DoctorReport, InspectReport

METHODS = ("fork", "spawn", "forkserver")


def shown(view) -> str:
    console = Console(width=160, file=StringIO())
    console.print(view)
    return console.file.getvalue()


@pytest.mark.parametrize("method", METHODS)
def test_a_deadlock_is_told_as_json(subject, method):
    program = subject("lock_cycle", method)
    program.two(lambda *two: inspecting.waits.stuck(*two))

    report = inspecting.inspect(program.pid)

    assert msgspec.json.decode(msgspec.json.encode(report), type=InspectReport) == report
    told = msgspec.json.decode(msgspec.json.encode(report))
    assert sorted(told) == sorted(("schema", "at", "root", "processes", "objects", "waits", "diagnoses", "cannot_tell"))
    workers = [one for one in report.processes if one.role == "worker"]
    assert [one.name for one in workers] == ["worker 1 of 2", "worker 2 of 2"]
    locks = {one.id: one for one in report.objects if one.kind == "lock" and one.waiters}
    assert [(one.value, one.waiters) for one in locks.values()] == [(0, 1), (0, 1)]
    held = {wait.pid: wait.held_by for wait in report.waits if wait.target.id in locks}
    assert held == {workers[0].pid: (workers[1].pid,), workers[1].pid: (workers[0].pid,)}
    joined = next(wait for wait in report.waits if wait.pid == report.root)
    assert (joined.target.kind, joined.target.id) == ("child", str(workers[0].pid))
    assert [one.mistake.id for one in report.diagnoses] == ["M43"]
    assert report.cannot_tell == ()
    assert {"for", "held_by", "pid", "tid"} == set(told["waits"][0])


def test_the_doctor_says_stuck_and_why(subject):
    program = subject("join_before_drain", "fork")
    program.two(lambda *two: inspecting.waits.stuck(*two))

    report = inspecting.doctor(program.pid)

    assert msgspec.json.decode(msgspec.json.encode(report), type=DoctorReport) == report
    assert report.stuck is True
    assert [one.mistake.id for one in report.diagnoses] == ["M21"]
    assert "Stuck: nobody is left who could end the wait." in shown(inspect_view.render_doctor(report))


def test_who_waits_at_a_queues_pipe_without_its_lock_waits_to_get(subject):
    program = subject("waits_for_news_of_a_queue", "fork")
    program.two(lambda *two: inspecting.waits.stuck(*two))

    assert "main thread waits to get from the simple queue" in shown(
        inspect_view.render(inspecting.inspect(program.pid))
    )


def test_the_doctor_calls_things_as_inspect_calls_them(subject):
    program = subject("lock_cycle", "fork")
    program.two(lambda *two: inspecting.waits.stuck(*two))

    told = shown(inspect_view.render_doctor(*inspecting.examined(program.pid)))

    assert sorted(re.findall(r"waits for (lock \S+) \(futex\), held by", told)) == ["lock 1", "lock 2"]


def test_the_doctor_says_of_a_pipe_of_its_own_that_it_is_seen(subject):
    program = subject("writes_to_itself_late", "fork")
    program.two(lambda *two: inspecting.waits.stuck(*two) is None)

    report = inspecting.doctor(program.pid)

    assert [one.why for one in report.cannot_tell if one.what == "whether it is stuck"] == [
        "the main program waits in read, and whether another of its threads will end that cannot be seen"
    ]


def test_the_doctor_finds_nothing_wrong_with_a_sleeper(subject):
    program = subject("sleeping", "fork")
    program.until(lambda seen: len(seen.processes) == 2 and seen.processes[1].threads)

    report = inspecting.doctor(program.pid)

    assert (report.stuck, report.diagnoses) == (False, ())


def test_the_doctor_says_what_it_cannot_tell(subject):
    program = subject("network", "fork")
    program.two(lambda *two: inspecting.waits.stuck(*two) is None)

    report = inspecting.doctor(program.pid)

    assert (report.stuck, report.diagnoses) == (None, ())
    assert [(one.what, one.why) for one in report.cannot_tell] == [
        ("whether it is stuck", "the worker waits in accept4 for something outside these processes")
    ]
    assert "Cannot tell." in shown(inspect_view.render_doctor(report))


def test_the_view_is_a_tree_with_objects_and_diagnoses(subject):
    program = subject("lock_cycle", "fork")
    program.two(lambda *two: inspecting.waits.stuck(*two))

    text = shown(inspect_view.render(inspecting.inspect(program.pid)))

    assert "└── The main program" in text
    assert "main thread waits for the end of worker 1 of 2" in text
    assert "Worker 2 of 2" in text
    assert "held, 1 waiting" in text
    assert "Mistake   Always lock in the same order. (M43)" in text


@pytest.mark.parametrize("method", METHODS)
def test_one_of_each_is_listed(subject, method):
    program = subject("one_of_each", method)
    program.until(lambda seen: any(p.state == "S" and p.threads[0].blocked.timed for p in seen.processes if p.threads))

    report = inspecting.inspect(program.pid)

    kinds = {one.kind for one in report.objects}
    assert {"queue", "event", "lock", "semaphore", "pipe", "socket", "arena", "shared-memory"} <= kinds
    ids = [one.id for one in report.objects]
    assert len(ids) == len(set(ids))
    parts = {part for one in report.objects for part in one.parts}
    assert parts <= set(ids)
    assert "shared memory" in shown(inspect_view.render(report))


def test_a_manager_is_listed_with_its_clients(subject):
    program = subject("manager_idle", "fork")
    seen = program.until(lambda one: sum(bool(p.threads) for p in one.processes) == 3 and sleeper(one))

    report = inspecting.inspect(program.pid)

    (manager,) = [one for one in report.objects if one.kind == "manager"]
    # The main program made the dict, but has not asked anything of it: it is not connected.
    assert {end.pid for end in manager.ends} == {one.pid for one in seen.processes} - {program.pid}


def sleeper(snapshot):
    return any(t.blocked and t.blocked.call == "clock_nanosleep" for p in snapshot.processes for t in p.threads)


# -- what cannot be inspected ------------------------------------------------------------------


def test_there_is_no_such_process():
    with pytest.raises(inspecting.NoSuchProcess, match="No process 4194305 is running: `ps` lists"):
        inspecting.inspect(2**22 + 1)


def test_a_thread_is_no_process():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        with pytest.raises(inspecting.NoSuchProcess, match=f"is a thread of process {os.getpid()}"):
            inspecting.inspect(thread.native_id)
    finally:
        stop.set()
        thread.join()


def test_a_zombie_is_no_program():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    try:
        with pytest.raises(inspecting.NoSuchProcess, match="has ended already"):
            inspecting.doctor(child.pid)
    finally:
        child.wait()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_another_users_program_is_not_ours_to_inspect(subject):
    program = subject("sleeping", "fork")
    uid = os.geteuid()
    os.seteuid(65534)
    try:
        with pytest.raises(inspecting.NotPermitted, match="belongs to root: run this as that user"):
            inspecting.inspect(program.pid)
    finally:
        os.seteuid(uid)


def test_without_proc_there_is_nothing_to_inspect(tmp_path):
    with pytest.raises(inspecting.NotHere, match="processes can be inspected on Linux"):
        inspecting.inspect(1, tmp_path / "proc")
