"""Threads that wait for ever are ended, and nothing else: neither another's wait nor an item is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from listening import Listened
from parallab import model

START = """
import multiprocessing as mp, queue, threading, time
q, full, done, stack = queue.Queue(), queue.Queue(1), queue.Queue(), queue.LifoQueue()
full.put(0); done.put(0)
event, condition = threading.Event(), threading.Condition()
semaphore, barrier = threading.Semaphore(0), threading.Barrier(2)
lock, simple, mpq = threading.Lock(), queue.SimpleQueue(), mp.get_context("fork").Queue()
lock.acquire()
got, finished = [], []
def wait():
    with condition:
        condition.wait()
def consume():
    try:
        got.append(q.get())
    finally:
        finished.append(threading.current_thread().name)
def stubborn():
    while True:
        try:
            q.get()
        except:
            finished.append("caught")
waits = dict(
    get=q.get, put=lambda: full.put(1), join=done.join, lifo=stack.get, event=event.wait, condition=wait,
    semaphore=semaphore.acquire, barrier=barrier.wait,
    timed=lambda: q.get(timeout=600), lock=lock.acquire, simple=simple.get, mp=lambda: mpq.get(),
    works=lambda: time.sleep(600),
)
def begin(name, target):
    threading.Thread(target=target, name=name, daemon=True).start()
"""
ENDED = {"get", "put", "join", "lifo", "event", "condition", "semaphore", "barrier"}
OTHERS = {"lock", "simple", "mp", "works"}


@pytest.fixture
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listened]:
    kernel = Listened("fork", cache=str(tmp_path_factory.getbasetemp() / "cache"))
    kernel.run(START)
    yield kernel
    kernel.end()


def blocked(kernel: Listened, *names: str) -> dict[str, int]:
    """The numbers of these threads, by name, once each is where it will stay."""

    def there() -> dict[str, int]:
        asked = kernel.ear.ask("stacks", timeout=10).result(20)
        stacks = {one.name: one for one in (asked.stacks if asked else ()) if one.ident}
        waits = {name for name, one in stacks.items() if one.frames[0].endswith(" wait")}
        # Who is in no Condition is where it will stay as soon as it runs its own function.
        begun = {name for name, one in stacks.items() if not one.frames[0].startswith("threading.py")}
        ready = [name for name in names if name in (waits if name not in OTHERS else begun)]
        return {name: stacks[name].ident for name in ready} if len(ready) == len(names) else {}

    found: dict[str, int] = kernel.heard.until(there, f"the threads {names}")
    return found


def dismiss(kernel: Listened, numbers: dict[str, int]) -> dict[str, str]:
    answer = kernel.ear.ask("dismiss", [str(number) for number in numbers.values()], timeout=10).result(20)
    assert answer is not None
    outcomes = {one.ident: one.outcome for one in answer.dismissed}
    return {name: outcomes[number] for name, number in numbers.items()}


def test_what_waits_in_python_ends_and_the_rest_is_left_alone(kernel: Listened) -> None:
    kernel.run("for name, target in waits.items(): begin(name, target)")
    names = (*ENDED, "timed", *OTHERS)
    numbers = blocked(kernel, *names)
    told = dismiss(kernel, numbers)
    assert {name for name, outcome in told.items() if outcome == "told"} == ENDED
    assert told["timed"] == "timed"
    assert {name: told[name] for name in OTHERS} == dict.fromkeys(OTHERS, "elsewhere")
    for name in ENDED:
        (end,) = kernel.heard.until(lambda name=name: kernel.heard.all(model.ThreadEnd, ident=numbers[name]), name)
        assert end.error is not None
        assert end.error.type == "SystemExit"
    assert not any(kernel.heard.all(model.ThreadEnd, ident=numbers[name]) for name in ("timed", *OTHERS))
    # Nothing is told in the notebook, and all of it can be used as before.
    (told_again,) = dismiss(kernel, {"get": numbers["get"]}).values()
    assert told_again == "gone"
    kernel.run(
        "full.get(); full.put(1); done.get(); done.task_done(); done.join(); event.set(); semaphore.release()\n"
        "stack.put(1); stack.get(); condition.acquire(); condition.notify_all(); condition.release()"
    )
    left = kernel.value("sorted(one.name for one in threading.enumerate() if one.name in waits)")
    assert left == str(sorted({"timed", *OTHERS}))


def test_only_the_one_that_is_meant_ends_and_the_next_item_goes_to_another(kernel: Listened) -> None:
    kernel.run("for name in 'abc': begin(name, consume)")
    numbers = blocked(kernel, "a", "b", "c")
    assert dismiss(kernel, {"b": numbers["b"]}) == {"b": "told"}
    kernel.heard.until(lambda: kernel.heard.all(model.ThreadEnd, ident=numbers["b"]), "the end of b")
    assert kernel.value("finished, q.unfinished_tasks") == "['b'] 0"
    kernel.run("q.put('x'); q.put('y')")
    for name in "ac":
        (end,) = kernel.heard.until(lambda name=name: kernel.heard.all(model.ThreadEnd, ident=numbers[name]), name)
        assert end.error is None
    assert kernel.value("sorted(got), sorted(finished)") == "['x', 'y'] ['a', 'b', 'c']"


def test_one_that_catches_everything_goes_on_and_its_wait_is_whole(kernel: Listened) -> None:
    kernel.run("begin('stubborn', stubborn)")
    for _ in range(3):
        number = blocked(kernel, "stubborn")
        assert dismiss(kernel, number) == {"stubborn": "told"}
        blocked(kernel, "stubborn")
    assert not kernel.heard.all(model.ThreadEnd)
    kernel.run("q.put(1)")
    kernel.heard.until(lambda: kernel.value("q.qsize()") == "0", "the item's taking")


def test_the_kernels_own_threads_have_no_number_and_garbage_is_not_understood(kernel: Listened) -> None:
    answer = kernel.ear.ask("dismiss", ["0", "-1", "x", "99999", "1.5"], timeout=10).result(20)
    assert answer is not None
    assert [(one.ident, one.outcome) for one in answer.dismissed] == [(0, "gone"), (99999, "gone")]
    assert kernel.value("'well'") == "well"
