"""What the probe says of a learner's targets, queues and names: by plain objects, in this process."""

from __future__ import annotations

import ast
import multiprocessing as mp
import queue
import threading
from functools import partial
from typing import Any

import pytest

from parallab_probe import describe, memory, source


def work(*_: object, **__: object) -> None:
    """A target."""


class Desk:
    """A target that holds what is shared."""

    def __init__(self, lock: Any) -> None:
        self.lock = lock
        self.rows = 3

    def __call__(self) -> None: ...
    def open(self) -> None: ...


@pytest.fixture(scope="module")
def lock() -> Any:
    return mp.get_context("fork").Lock()


def test_a_partial_goes_by_the_name_of_its_function_and_gives_its_arguments(lock: Any) -> None:
    target = partial(partial(work, 1), lock, rate=99)
    assert describe.function_name(target) == f"{__name__}.work"
    given, held = describe.carried(target)
    assert (given, held) == ([1, lock, 99], [])
    assert [one["kind"] for one in describe.arguments(given)] == ["plain", "lock", "plain"]


@pytest.mark.parametrize("how", ["object", "method", "partial of a method"])
def test_what_an_object_holds_travels_with_it(how: str, lock: Any) -> None:
    desk = Desk(lock)
    target = {"object": desk, "method": desk.open, "partial of a method": partial(desk.open)}[how]
    assert describe.carried(target) == ([], [lock])


@pytest.mark.parametrize("target", [None, work, Desk, print], ids=["none", "function", "class", "built-in"])
def test_a_plain_target_carries_nothing(target: object) -> None:
    assert describe.carried(target) == ([], [])


def test_a_partial_without_an_end_is_left() -> None:
    target = partial(work)
    target.__setstate__((target, (), {}, {}))  # it calls itself
    assert describe.function_name(target) == "functools.partial"
    assert describe.carried(target) == ([], [])


def test_the_globals_of_an_objects_class() -> None:
    assert memory._space(Desk(None)) is globals()
    assert memory._space(partial(partial(Desk(None).open))) is globals()


class Inbox(queue.LifoQueue[str]):
    """With another name for put."""

    def arrive(self, text: str) -> None:
        self.put(text)


class Reversed(queue.Queue[str]):
    """Another kind altogether."""

    def _get(self) -> str:
        return self.queue.pop()


@pytest.mark.parametrize(("cls", "base"), [(queue.Queue, ""), (Inbox, "LifoQueue"), (Reversed, "")])
def test_of_which_library_class_a_queue_is(cls: Any, base: str) -> None:
    own = frozenset({"_init", "_put", "_get"})
    assert describe.library_type_name(cls(), "queue", own) == base
    assert describe.library_type_name(threading.Lock(), "queue", own) == ""


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("a = b, *c = 1, 2\nd: int = 3\nfor e in (): pass\nwith open('f') as f: pass", ["a", "b", "c", "d", "e", "f"]),
        ("match a:\n    case [int() as b, *c]: pass\n    case {'d': d, **e}: pass\n    case f: pass", list("bcdef")),
        ("[x for a in b if (c := a)]\nd = {e for e in (f for f in a)}", ["c", "d"]),
        ("def a():\n    global b\n    b = c = 1\nlambda: (d := 1)\nclass E:\n    f = 1", ["b"]),
    ],
)
def test_the_names_that_a_cell_assigns(cell: str, names: list[str]) -> None:
    assert sorted(source.assigned(ast.parse(cell))) == names
