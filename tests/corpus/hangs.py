"""What is true of the programs of ``tests/proc/subjects.py``, as far as their docstrings tell it."""

from __future__ import annotations

from corpus.truth import FULL, JOINS, Truth

TWO = ("worker", "worker")
FUTEX = ("futex",)

HANGS: dict[str, Truth] = {
    "lock_cycle": Truth(
        TWO,
        # both locks, then the barrier's condition
        letters="LLRSSS",
        composites=("barrier",),
        memory=(("arena", 0, False),),
        holds=("worker", "worker"),
        waiting=2,
        calls=JOINS,
        stuck=True,
        diagnoses=(("lock-cycle", "M43"),),
    ),
    "same_lock_twice": Truth(
        letters="L",
        holds=("worker",),
        waiting=1,
        calls=JOINS,
        stuck=True,
        diagnoses=(("same-lock-twice", "M44"),),
    ),
    "holder_gone": Truth(TWO, "L", waiting=2, calls=JOINS, stuck=True, diagnoses=(("holder-gone", None),)),
    "barrier_short": Truth(
        TWO,
        "RSSS",
        ("barrier",),
        memory=(("arena", 0, False),),
        waiting=2,
        calls=JOINS,
        stuck=True,
        diagnoses=(("barrier-short", "M46"),),
    ),
    # The writer took the queue's write lock for as long as its feeder is at it; the pipe is full.
    "join_before_drain": Truth(
        letters="LLS",
        composites=("queue",),
        holds=("worker",),
        queued=(FULL,),
        calls=JOINS,
        stuck=True,
        diagnoses=(("join-before-drain", "M21"),),
    ),
    "get_for_ever": Truth(
        TWO,
        "LLS",
        ("queue",),
        holds=("worker",),
        waiting=1,
        calls=JOINS,
        stuck=True,
        diagnoses=(("nobody-writes", "M22"),),
    ),
    "waits_for_itself": Truth((), calls=("read",), stuck=True, diagnoses=(("waits-for-itself", "M56"),)),
    "both_read": Truth(pairs=1, calls=("read",), stuck=True, diagnoses=(("both-read", "M55"),)),
    "queue_full": Truth(
        (),
        "LLB",
        ("queue",),
        waiting=1,
        queued=(18,),
        calls=FUTEX,
        stuck=True,
        diagnoses=(("queue-full", "M28"),),
        helpers=False,
    ),
    "never_done": Truth(
        (),
        "LLSSRSSS",
        ("joinable-queue",),
        waiting=1,
        calls=FUTEX,
        stuck=True,
        diagnoses=(("never-done", "M24"),),
    ),
    "event_never": Truth(
        letters="LSSSS",
        composites=("event",),
        waiting=1,
        calls=JOINS,
        stuck=True,
        diagnoses=(("event-never", None),),
    ),
    "join_holding_lock": Truth(
        letters="L",
        holds=("root",),
        waiting=1,
        calls=JOINS,
        stuck=True,
        diagnoses=(("join-holding-lock", None),),
    ),
    "manager_get": Truth(("manager",), calls=("read",), stuck=True, diagnoses=(("nobody-left", None),)),
    "threads_deadlock": Truth(
        (), calls=FUTEX, stuck=True, diagnoses=(("nobody-left", None),), methods=("fork",), helpers=False
    ),
    # -- not stuck
    "sleeping": Truth(calls=JOINS, stuck=False),
    "grandchildren": Truth(TWO, calls=JOINS, stuck=False, nested=True),
    "lock_held_by_sleeper": Truth(TWO, "L", holds=("worker",), waiting=1, calls=JOINS, stuck=False),
    "timed_wait": Truth(letters="L", holds=("worker",), waiting=1, calls=JOINS, stuck=False),
    "get_slow": Truth(letters="LLS", composites=("queue",), holds=("root",), calls=("read",), stuck=False),
    "joins_with_timeout": Truth(letters="L", holds=("worker",), waiting=1, calls=("poll",), stuck=False),
    # Within one process the system shows no more than a private futex: without Python's stacks it cannot be told.
    "thread_sleeps": Truth((), calls=FUTEX, stuck=None, methods=("fork",), helpers=False),
    "event_loop": Truth((), calls=("epoll_wait", "epoll_pwait"), stuck=False, methods=("fork",), helpers=False),
    # -- the outside may end it
    "reads_stdin": Truth((), calls=("read",), methods=("fork",), helpers=False),
    "network": Truth(calls=JOINS),
}
