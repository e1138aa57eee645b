"""Who is stuck and why: known programs, under every start method, against the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallab import waits

METHODS = ("fork", "spawn", "forkserver")

STUCK = {
    "lock_cycle": ("lock-cycle", "M43"),
    "same_lock_twice": ("same-lock-twice", "M44"),
    "holder_gone": ("holder-gone", None),
    "barrier_short": ("barrier-short", "M46"),
    "join_before_drain": ("join-before-drain", "M21"),
    "get_for_ever": ("nobody-writes", "M22"),
    "waits_for_itself": ("waits-for-itself", "M56"),
    "both_read": ("both-read", "M55"),
    "queue_full": ("queue-full", "M28"),
    "never_done": ("never-done", "M24"),
    "event_never": ("event-never", None),
    "join_holding_lock": ("join-holding-lock", None),
    "manager_get": ("nobody-left", None),
}

PYTHONS = [
    str(path)
    for version in ("3.10", "3.12", "3.13", "3.14")
    for path in sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))[-1:]
]
"""Other Pythons on this machine; the tests' own is in all of the others."""

NOT_STUCK = (
    "sleeping",
    "burning",
    "lock_held_by_sleeper",
    "timed_wait",
    "get_slow",
    "joins_with_timeout",
    "manager_idle",
)

CANNOT_TELL = ("reads_stdin", "network", "pool_idle")
"""A pool's result comes by a thread, which only Python's stacks tell: these looks are without."""


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", STUCK)
def test_a_hang_is_stuck_and_named(subject, name, method):
    program = subject(name, method)

    previous, current = program.two(waits.stuck)

    assert waits.stuck(previous, current) is True
    found = waits.diagnose(previous, current)
    assert [(one.kind, one.mistake) for one in found] == [STUCK[name]]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.split("/")[-3])
@pytest.mark.parametrize("name", ["lock_cycle", "join_before_drain", "get_for_ever", "barrier_short", "never_done"])
def test_other_versions_of_python_hang_alike(subject, name, python):
    program = subject(name, "forkserver" if name == "lock_cycle" else "spawn", python)

    previous, current = program.two(waits.stuck)

    assert waits.stuck(previous, current) is True
    assert [(one.kind, one.mistake) for one in waits.diagnose(previous, current)] == [STUCK[name]]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NOT_STUCK)
def test_who_is_slow_is_not_stuck(subject, name, method):
    program = subject(name, method)

    previous, current = program.two(lambda *two: waits.stuck(*two) is False and _settled(two[1], name))

    assert waits.stuck(previous, current) is False


def _settled(snapshot, name):
    """Whether the program has come as far as its docstring says: someone waits, someone sleeps or runs."""
    if name == "burning":
        return any(thread.state == "R" for process in snapshot.processes[1:] for thread in process.threads)
    return any(thread.blocked and thread.blocked.timed for process in snapshot.processes for thread in process.threads)


@pytest.mark.parametrize("name", CANNOT_TELL)
def test_what_the_outside_may_end_cannot_be_told(subject, name):
    program = subject(name, "fork")

    previous, current = program.two(lambda *two: waits.stuck(*two) is None)

    assert waits.stuck(previous, current) is None
    assert waits.diagnose(previous, current) == ()


def test_an_event_loop_at_rest_is_not_stuck(subject):
    program = subject("event_loop", "fork")
    resting = program.until(lambda seen: _calls(seen, "epoll_wait") or _calls(seen, "epoll_pwait"))

    assert waits.stuck(resting, program.look()) is False


def test_threads_that_wait_for_each_other_are_stuck(subject):
    program = subject("threads_deadlock", "fork")

    previous, current = program.two(waits.stuck)

    assert waits.stuck(previous, current) is True


def test_a_join_of_a_sleeping_thread_cannot_be_told_without_stacks(subject):
    program = subject("thread_sleeps", "fork")
    program.until(lambda seen: len(seen.processes[0].threads) == 2 and _calls(seen, "clock_nanosleep"))

    previous, current = program.two(lambda *_: True)

    assert waits.stuck(previous, current) is None


def test_two_looks_too_close_together_tell_nothing(subject):
    program = subject("lock_cycle", "fork")
    program.two(waits.stuck)

    assert waits.stuck(program.look(), program.look()) is None


def _calls(snapshot, call):
    return any(
        thread.blocked and thread.blocked.call == call for process in snapshot.processes for thread in process.threads
    )
