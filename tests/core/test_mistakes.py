"""The catalogue, and what gives each mistake away in recordings written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from parallab import mistakes, model
from parallab.checks.expect import CannotTell
from parallab.evidence import Evidence
from parallab.mistakes import CATALOGUE, DEEPER, RECOGNISERS
from tales import CELL, KERNEL, begin, end, evidence, hired, join, life, recording, service, task

KILL = -9


def lock(name: str, pid: int = KERNEL, at: int = 12, run: int = 1) -> model.LockMade:
    return model.LockMade(at=at, pid=pid, cell=CELL, run=run, lock=name, cls="Lock")


def use(name: str, pid: int, act: Any, at: int, run: int = 1) -> model.LockUse:
    return model.LockUse(at=at, pid=pid, cell=CELL, run=run, lock=name, act=act)


def failure(type_: str, message: str = "") -> model.Failure:
    return model.Failure(type_, message)


def refused(error: model.Failure, target: str = "m.f", *args: model.Arg) -> model.ProcessStart:
    return model.ProcessStart(at=30, pid=KERNEL, cell=CELL, run=1, began=20, target=target, error=error, args=args)


def shared(pid: int, began: int, **facts: Any) -> list[model.AnyEvent]:
    return life(pid, began, began + 5, 900, args=(model.Arg("number", address=7),), target="m.f", **facts)


BOOK = model.NumberMade(at=12, pid=KERNEL, cell=CELL, run=1, address=7, code="i")
TWO = (BOOK, shared(1, 20), shared(2, 40))
CASES: dict[str, tuple[Any, ...]] = {
    "M01": (life(1, 20, 25, 40, code=1, method="spawn", target="__main__.f"),),
    "M05": (refused(failure("PicklingError"), "__main__.<lambda>"),),
    "M08": (end(900, error=failure("PicklingError", "it's not the same object as wk.f")),),
    "M09": (
        model.ProcessMade(at=15, pid=KERNEL, cell=CELL, run=1, ident=3, target="m.f"),
        model.RunCalled(at=16, pid=KERNEL, cell=CELL, run=1, ident=3),
    ),
    "M10": (life(1, 20, 25, 40, target="", cls="Process"),),
    "M11": (end(900, error=failure("TypeError", "'int' object is not iterable")),),
    "M12": (end(900, error=failure("AttributeError", "'W' object has no attribute '_closed'")),),
    "M13": (life(1, 20, 25, 40, target="m.f"), join(1, 30, 41), life(2, 50, 55, 70, target="m.f"), join(2, 60, 71)),
    "M14": (end(900, error=failure("AssertionError", "cannot start a process twice")),),
    "M15": (
        life(1, 20, 25, 40, target="m.f"),
        join(1, 30, 41),
        end(900, values=(model.Value("codes", "list", "[null]"),)),
    ),
    "M17": (end(900, error=failure("RuntimeError", "context has already been set")),),
    "M18": (refused(failure("RuntimeError", "A SemLock created in a fork context is being shared …")),),
    "M37": (
        life(1, 20, 25, 0, target="m.f"),
        model.ProcessEnd(at=40, pid=1, cell=CELL, run=1, exit_code=0, values=(model.Value("m.SUM", "int", "5"),)),
        end(900, values=(model.Value("m.SUM", "int", "0"),)),
    ),
    "M38": TWO,
    "M40": (*TWO, lock("a", 1, 50), lock("b", 2, 51)),
    "M41": (refused(failure("TypeError", "cannot pickle '_thread.lock' object")),),
    "M42": (lock("a"), use("a", 1, "take", 30), life(1, 20, 25, 40, code=1, target="m.f")),
    "M43": (
        lock("a"),
        lock("b"),
        life(1, 20, 25, 90, target="m.f"),
        life(2, 120, 125, 190, target="m.f"),
        *(
            use(name, 1, act, at)
            for name, act, at in [("a", "take", 30), ("b", "take", 31), ("b", "give", 32), ("a", "give", 33)]
        ),
        *(
            use(name, 2, act, at)
            for name, act, at in [("b", "take", 130), ("a", "take", 131), ("a", "give", 132), ("b", "give", 133)]
        ),
    ),
    "M46": (model.BarrierUse(at=30, pid=1, cell=CELL, run=1, barrier="b", parties=3, act="wait"),),
    "M62": (
        life(1, 20, 25, 0, target="m.f", daemon=True),
        model.ProcessEnd(
            at=40, pid=1, cell=CELL, run=1, exit_code=1, error=failure("AssertionError", "daemonic processes …")
        ),
    ),
    "M64": (
        model.ThreadStart(at=20, pid=KERNEL, cell=CELL, run=1, began=19, ident=1),
        model.ThreadEnd(at=30, pid=KERNEL, cell=CELL, run=1, ident=1, error=failure("ValueError")),
    ),
}


def call(pid: int, at: int, method: str, args: str, result: str = "", kind: str = "") -> model.ProxyUse:
    return model.ProxyUse(
        at=at, began=at - 1, pid=pid, cell=CELL, run=1, object="o", type="dict",
        method=method, args=args, result=result, result_type=kind,
    )  # fmt: skip


CASES["M52"] = (call(KERNEL, 20, "__getitem__", '["a"]', "[]", "list"),)
CASES["M53"] = (
    *(life(pid, 20, 25, 400, target="m.f") for pid in (1, 2)),
    *(call(pid, at, "__getitem__", '["n"]', "0", "int") for pid, at in ((1, 40), (2, 42))),
    *(call(pid, at, "__setitem__", '["n",1]') for pid, at in ((1, 50), (2, 52))),
)
CASES["M54"] = (
    life(1, 20, 25, 100, target="m.f", role="manager"),
    life(2, 30, 35, 0, target="m.f"),
    model.ProcessEnd(at=400, pid=2, cell=CELL, run=1, exit_code=1, error=failure("FileNotFoundError")),
)


def segment(act: Any, at: int, pid: int = KERNEL, **facts: Any) -> model.SegmentUse:
    return model.SegmentUse(
        at=at, pid=pid, cell=CELL, run=1, segment="psm_1", act=act, inode=model.Inode(1, 7), **facts
    )


CASES["M48"] = (segment("create", 15), life(1, 20, 25, 40, target="m.f"), segment("unlink", 30, 1))
CASES["M50"] = (segment("create", 15), segment("close", 16, error=model.Failure("BufferError")))
CASES["M51"] = (
    life(1, 20, 25, 400, args=(model.Arg("number", address=7),), target="m.f"),
    end(900, readings=(model.Reading(7, "c_byte", -128),)),
)
CASES["M16"] = tuple(life(pid, 20 + pid, 60 + pid, 600, target="m.f") for pid in range(1, 31))


def thread(ident: int, began: int, ended: int = 0, **facts: Any) -> list[model.AnyEvent]:
    """A thread of the cell; its native id is its number and 1,000."""
    common = {"pid": KERNEL, "cell": CELL, "run": 1, "ident": ident}
    error = facts.pop("error", None)
    events: list[model.AnyEvent] = [
        model.ThreadStart(at=began + 2, began=began, name=f"t-{ident}", **common, **facts),
        model.ThreadRun(at=began + 1, tid=1000 + ident, **common),
    ]
    if ended:
        events.append(model.ThreadEnd(at=ended, tid=1000 + ident, error=error, **common))
    return events


def ledger(*lines: tuple[int, str] | tuple[int, str, str], cls: str = "Queue", **facts: Any) -> list[model.AnyEvent]:
    """A queue's lines: who (0 the notebook itself), act and item, one each microsecond from 100 on."""
    made = model.QueueUse(at=99, pid=KERNEL, tid=KERNEL, cell=CELL, run=1, queue=f"q-{cls}", cls=cls, act="made")
    found: list[model.AnyEvent] = [made]
    for n, (whom, act, *item) in enumerate(lines, 1):
        found.append(
            model.QueueUse(
                at=99 + n,
                pid=KERNEL,
                tid=1000 + whom if whom else KERNEL,
                cell=CELL,
                run=1,
                queue=f"q-{cls}",
                cls=cls,
                act=act,  # type: ignore[arg-type]
                n=n,
                item=item[0] if item else "",
                item_type="" if not item else "NoneType" if item[0] == "null" else "str",
                **facts,
            )
        )
    return found


LINE = '"a line"'
END = "null"
CASES |= {
    "M22": (thread(1, 20), ledger((0, "put", LINE), (1, "get", LINE), (1, "wait-get"))),
    "M23": (
        thread(1, 20, 500),
        thread(2, 30),
        ledger((0, "put", END), (1, "get", END), (2, "wait-get")),
    ),
    "M24": (ledger((0, "put", LINE), (1, "get", LINE), (0, "join")),),
    "M25": (
        thread(1, 20, 500),
        ledger((0, "put", LINE), (1, "get", LINE), (1, "done")),
        model.QueueUse(
            at=200, pid=KERNEL, tid=1001, cell=CELL, run=1, queue="j", cls="Journal", act="put", n=1, item=LINE
        ),
    ),
    "M27": (thread(1, 20, 500), ledger((0, "put", LINE), (1, "get", LINE), (1, "look"), size=0)),
    "M28": (ledger((0, "put", LINE), (0, "wait-put"), maxsize=1),),
    "M32": (thread(1, 20, 500, error=failure("TypeError", "'<' not supported between …")),),
    "M33": (end(900, values=(model.Value("inbox", "list", "[]"),)),),
    "M34": (
        model.ThreadStart(at=5, began=4, pid=KERNEL, cell="earlier", run=1, ident=7, name="ghost"),
        model.ThreadRun(at=6, pid=KERNEL, cell="earlier", run=1, ident=7, tid=77),
    ),
}
POOL = (service(30), hired(1, 20), hired(2, 21))
BAD = failure("ValueError", "bad")
CASES |= {
    "M02": (service(30), hired(1, 20, 40, 1, method="spawn")),
    "M03": (service(30, kind="executor"), hired(1, 20, 40, 1, method="spawn", role="executor")),
    "M30": (*POOL, task(40), task(50, "arrive", error=failure("RuntimeError", "… shared through inheritance"))),
    "M58": (*POOL, task(40), task(50, "arrive", error=BAD)),
    "M59": (*POOL, task(40), service(50, "terminate")),
    "M60": (*POOL, task(40), task(50, "arrive")),
    "M61": (service(30), hired(1, 20, 60, -9), hired(2, 21), hired(3, 61), task(40), task(50, "take", pid=1)),
    "M65": (service(30, kind="thread-executor"), service(40, "shutdown", kind="thread-executor")),
}
RIGHT = evidence(begin(), *TWO, join(1, 60, 901), join(2, 61, 902), end())


def tale(*events: Any) -> Any:
    ended = any(isinstance(event, model.CellEnd) for event in events)
    return evidence(begin(), *events, *([] if ended else [end()]))


@pytest.mark.parametrize("mistake", CASES)
def test_it_is_recognised(mistake: str) -> None:
    assert RECOGNISERS[mistake](tale(*CASES[mistake]))


@pytest.mark.parametrize("mistake", sorted(set(RECOGNISERS) - {"M38"}))
def test_a_right_answer_is_not(mistake: str) -> None:
    assert not RECOGNISERS[mistake](RIGHT)


def test_who_reads_and_writes_without_others_between_loses_nothing() -> None:
    turns = [(1, 40, "__getitem__", '["n"]'), (1, 42, "__setitem__", '["n",1]')]
    turns += [(2, 50, "__getitem__", '["n"]'), (2, 52, "__setitem__", '["n",2]')]
    assert not RECOGNISERS["M53"](tale(*(call(*turn) for turn in turns)))


def test_what_is_left_in_shared_memory() -> None:
    left = model.Segment(model.Inode(1, 7), "psm_1", 100)
    gone = model.Segment(model.Inode(1, 8), "psm_1", 100)
    for entry, told in ((left, True), (gone, False)):
        snapshot = model.Snapshot(1, 1.0, KERNEL, segments=(entry,))
        run = evidence(begin(), segment("create", 15), segment("close", 16), end(), snapshots=(snapshot,))
        assert RECOGNISERS["M47"](run) is told


def forked(*threads: model.Thread, inode: model.Inode | None = None) -> Any:
    waiting = model.Thread(1, "python", "S", model.Blocked("futex", inode=inode))
    child = model.Process(1, 1, KERNEL, "python", "S", threads=(waiting, *threads))
    snapshot = model.Snapshot(1, 1.0, KERNEL, processes=(child,))
    return evidence(begin(), life(1, 20, 25, target="m.f"), snapshots=(snapshot,))


def test_a_forked_child_waits_for_a_copied_lock() -> None:
    assert RECOGNISERS["M19"](forked())
    assert not RECOGNISERS["M19"](forked(model.Thread(2, "python", "S")))
    assert not RECOGNISERS["M19"](forked(inode=model.Inode(1, 7)))


def test_threads_are_waited_for_one_by_one_too() -> None:
    waits = [
        model.Wait(at=at, began=began, pid=KERNEL, cell=CELL, run=1, call="join", thread=ident)
        for ident, began, at in [(1, 30, 41), (2, 60, 71)]
    ]
    assert RECOGNISERS["M13"](tale(thread(1, 20, 40), thread(2, 50, 70), *waits))
    assert not RECOGNISERS["M13"](tale(thread(1, 20, 40), thread(2, 25, 70), *waits))


def letters(*lines: tuple[int, str]) -> list[model.AnyEvent]:
    """Of a queue between processes: who (0 the notebook) did what, one each microsecond from 100 on."""
    return [
        model.QueueUse(at=100 + n, pid=pid or KERNEL, cell=CELL, run=1, queue="/mp-q", cls="Queue", act=act, n=n)  # type: ignore[arg-type]
        for n, (pid, act) in enumerate(lines, 1)
    ]


@pytest.mark.parametrize(
    ("code", "lines", "told"),
    [
        pytest.param(-15, [(1, "put"), (1, "put"), (0, "get")], True, id="a parcel was lost"),
        pytest.param(-15, [(1, "put"), (0, "get")], True, id="nothing was lost, by luck"),
        pytest.param(-15, [(0, "put"), (1, "get"), (1, "put"), (0, "get")], False, id="it waited for the next order"),
        pytest.param(0, [(1, "put"), (0, "get")], False, id="it ended by itself"),
    ],
)
def test_who_was_killed_while_talking(code: int, lines: list[tuple[int, str]], told: bool) -> None:
    run = tale(life(1, 20, 25, 400, code, target="m.f"), letters(*lines))
    assert RECOGNISERS["M35"](run) is told


def test_the_work_of_a_thread_done_by_the_notebook() -> None:
    made = model.ThreadMade(at=15, pid=KERNEL, cell=CELL, run=1, ident=3, cls="Ticker", overrides_run=True)
    work = ledger((0, "put", LINE), cls="Journal")
    assert RECOGNISERS["M09"](tale(made, work))
    assert not RECOGNISERS["M09"](tale(made))
    assert not RECOGNISERS["M09"](tale(made, thread(3, 20, 200), work))


def test_a_thread_without_work_and_one_with_too_few_arguments() -> None:
    assert RECOGNISERS["M10"](tale(thread(1, 20, 40)))
    assert not RECOGNISERS["M10"](tale(thread(1, 20, 40, target="m.f")))
    four = failure("TypeError", "poll() takes 1 positional argument but 4 were given")
    assert RECOGNISERS["M11"](tale(thread(1, 20, 40, target="m.f", error=four)))
    missing = failure("TypeError", "poll() missing 1 required positional argument: 'symbol'")
    assert not RECOGNISERS["M11"](tale(thread(1, 20, 40, target="m.f", error=missing)))


def test_a_consumer_that_was_told_and_looked_is_no_photographer() -> None:
    lines = ledger((0, "put", END), (1, "get", END), (1, "look"), size=0)
    assert not RECOGNISERS["M27"](tale(thread(1, 20, 500), lines))


def test_done_is_early_only_where_work_is_known() -> None:
    lines = ledger((0, "put", LINE), (1, "get", LINE), (1, "done"))
    assert not RECOGNISERS["M25"](tale(thread(1, 20, 500), lines))
    often = failure("ValueError", "task_done() called too many times")
    assert RECOGNISERS["M25"](tale(thread(1, 20, 500, error=often), lines))


def test_of_two_mistakes_with_queues_the_deeper_is_told() -> None:
    pills = tale(*CASES["M23"], ledger((0, "put", LINE), (2, "get", LINE), (2, "wait-get"), cls="Other"))
    assert RECOGNISERS["M22"](pills)
    assert mistakes.tell(("M22", "M23"), pills) == CATALOGUE["M23"]


def test_the_catalogue_is_whole() -> None:
    assert list(CATALOGUE) == [f"M{number:02}" for number in range(1, 67)]
    assert all(mistake.sentence.endswith(".") for mistake in CATALOGUE.values())
    assert set(DEEPER) <= set(CATALOGUE)
    assert set(RECOGNISERS) <= set(DEEPER)
    assert len(set(DEEPER)) == len(DEEPER)


def test_the_deepest_candidate_is_told() -> None:
    run = tale(*CASES["M40"])
    assert mistakes.tell(("M38", "M40"), run) == CATALOGUE["M40"]
    assert mistakes.tell(("M38",), run) == CATALOGUE["M38"]


def test_one_of_which_it_cannot_tell_does_not_hide_the_others() -> None:
    unread = model.Snapshot(1, 1.0, KERNEL, missing=(model.Missing("its locks", "not allowed", "locks", KERNEL),))
    run = evidence(begin(), *CASES["M53"], end(), snapshots=(unread,))
    with pytest.raises(CannotTell):
        RECOGNISERS["M43"](run)
    assert DEEPER.index("M43") < DEEPER.index("M53")
    assert mistakes.tell(("M53", "M43"), run) == CATALOGUE["M53"]


def test_none_is_told_without_evidence_or_recogniser() -> None:
    assert mistakes.tell((), RIGHT) is None
    assert mistakes.tell(("M13", "M66"), RIGHT) is None


def test_an_unknown_candidate_is_the_authors_mistake() -> None:
    with pytest.raises(KeyError, match="the catalogue has no mistake M99"):
        mistakes.tell(("M99",), RIGHT)


HOME = (service(30), hired(1, 20, 80), hired(2, 21, 80), service(70, "close"), service(80, "joined"))


def test_a_pool_whose_errors_are_heard_and_that_is_closed() -> None:
    lines = (task(40), task(50, "arrive", error=BAD), task(60, "got", error=BAD))
    run = tale(*HOME, *lines)
    assert [mistake for mistake in RECOGNISERS if mistake != "M38" and RECOGNISERS[mistake](run)] == []


def test_of_a_map_with_two_errors_only_the_first_is_told() -> None:
    lines = [task(40, call="map", parts=2, size=2), *(task(50 + n, "arrive", part=n, error=BAD) for n in range(2))]
    assert RECOGNISERS["M58"](tale(*HOME, *lines, task(60, "got", error=BAD)))
    listening = [task(40, listens=("error",)), task(50, "arrive", error=BAD)]
    assert not RECOGNISERS["M58"](tale(*HOME, *listening))


def test_a_lambda_a_hiring_daemon_and_one_worker_for_each_item_in_a_pool() -> None:
    sent = task(40, target="__main__.<lambda>")
    assert RECOGNISERS["M05"](tale(*HOME, sent, task(50, "arrive", error=failure("PicklingError"))))
    assert not RECOGNISERS["M05"](tale(*HOME, sent, task(50, "arrive", error=BAD)))
    daemonic = failure("AssertionError", "daemonic processes are not allowed to have children")
    assert RECOGNISERS["M62"](tale(*HOME, task(40), task(50, "arrive", error=daemonic)))
    assert RECOGNISERS["M16"](tale(service(30, size=9), task(40, call="map", parts=9, size=9)))
    assert not RECOGNISERS["M16"](tale(service(30, size=9), task(40, call="map", parts=60, size=60)))


def test_tasks_that_are_waited_for_one_by_one() -> None:
    first = (task(40), task(50, "arrive"), task(51, "got"))
    assert RECOGNISERS["M13"](tale(*HOME, *first, task(60, number=1)))
    assert not RECOGNISERS["M13"](tale(*HOME, *first, task(45, number=1)))


def test_a_worker_that_its_pool_ended_was_not_killed() -> None:
    ended = (service(30), hired(1, 20, 60, -15), task(40), task(41, "take", pid=1), service(55, "terminate"))
    assert not RECOGNISERS["M61"](tale(*ended))


def on_python(version: str, start_method: str, *events: model.AnyEvent) -> Evidence:
    hello = model.Hello(at=1, pid=KERNEL, python=version, start_method=start_method)
    told = tuple(sorted([hello, begin(), *events, end()], key=lambda event: event.at))
    return Evidence(model.Recording(1, "k", KERNEL, events=told), "work", {CELL: "work"})


def test_the_default_of_3_14() -> None:
    lives = life(1, 20, 25, 40, code=1, method="forkserver", target="__main__.f")
    assert not RECOGNISERS["M04"](tale(*CASES["M01"]))
    changed = on_python("3.14.1", "forkserver", *lives)
    assert mistakes.tell(("M01", "M04"), changed) == CATALOGUE["M04"]


@pytest.mark.parametrize(("python", "told"), [("3.10.13", True), ("3.11.4", True), ("3.11.5", False)])
def test_a_lock_of_another_context_that_is_not_refused(python: str, told: bool) -> None:
    lock = (model.Arg("lock", name="/mp-1"),)

    def recognised(code: int, method: str, args: tuple[model.Arg, ...] = lock) -> bool:
        return RECOGNISERS["M18"](on_python(python, "fork", *life(1, 20, 25, 40, code, method=method, args=args)))

    assert recognised(-11, "spawn") is told
    assert not recognised(-11, "fork")
    assert not recognised(1, "spawn")
    assert not recognised(-11, "spawn", ())


def of_two(*events: Any) -> Evidence:
    """The evidence of a step; another one's cell ran before."""
    return Evidence(recording(begin(3, "other", step="another"), *events, begin(), end()), "work", STEPS)


STEPS = {CELL: "work", "other": "another"}


def test_what_another_step_left_behind_is_no_ghost_unless_it_takes_what_is_put_in() -> None:
    facts: dict[str, Any] = {"pid": KERNEL, "cell": "other", "run": 1, "ident": 7}
    left = (model.ThreadStart(at=5, began=4, name="left", **facts), model.ThreadRun(at=6, tid=1007, **facts))
    assert not RECOGNISERS["M34"](of_two(*left, ledger((0, "put", LINE), (1, "get", LINE))))
    assert RECOGNISERS["M34"](of_two(*left, ledger((0, "put", LINE), (7, "get", LINE))))
