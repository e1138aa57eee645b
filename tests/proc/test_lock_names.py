"""Names of locks, looked up in the memory of this very process."""

from __future__ import annotations

import ast
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from parallab import lock_names
from parallab.procfs import opened
from parallab_probe import values

ONE, OTHER = threading.Lock(), threading.Lock()
EVERY = {"one": ONE, 7: OTHER}


class Plain:
    shared = ONE

    def __init__(self) -> None:
        self.own = OTHER
        self.some = [ONE, OTHER]
        self.told = threading.Condition(ONE)
        self.place = 1

    @property
    def computed(self) -> threading.Lock:
        return ONE


class Slotted:
    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first, self.second = ONE, OTHER


class Derived(Plain):
    pass


@pytest.fixture
def memory() -> Iterator[opened.Memory]:
    with opened.Memory("/proc/self/mem") as memory:
        yield memory


def _identity(memory: opened.Memory, name: tuple[str, ...], **known: object) -> int:
    maps = Path("/proc/self/maps").read_bytes()
    frame = lock_names.Frame(__file__, {one: id(value) for one, value in known.items()})
    program = lock_names.Program(memory.read, maps, [frame])
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    return lock_names.Names(frame, tree, program).identity(name)


MEANT = [
    (("it", "own"), OTHER),
    (("it", "shared"), ONE),
    (("it", "told"), ONE),
    (("it", "some", "[0]"), ONE),
    (("it", "some", "[it.place]"), OTHER),
    (("it", "some", "[-1]"), OTHER),
    (("it", "some", "[(it.place + 1) % len(it.some)]"), ONE),
    (("cls", "shared"), ONE),
    (("slots", "first"), ONE),
    (("slots", "second"), OTHER),
    # Of the file, which a function of the class knows.
    (("ONE",), ONE),
    (("Plain", "shared"), ONE),
    (("EVERY", "['one']"), ONE),
    (("EVERY", "[7]"), OTHER),
]


@pytest.mark.parametrize(
    ("name", "lock"),
    MEANT,
    ids=lambda one: ".".join(one) if isinstance(one, tuple) else "",
)
def test_a_lock_has_one_number_under_all_its_names(memory: opened.Memory, name: tuple[str, ...], lock: object) -> None:
    assert _identity(memory, name, it=Derived(), cls=Derived, slots=Slotted()) == id(lock)


@pytest.mark.parametrize(("name", "lock"), MEANT, ids=lambda one: ".".join(one) if isinstance(one, tuple) else "")
def test_the_probe_means_the_same(name: tuple[str, ...], lock: object) -> None:
    it, cls, slots = Derived(), Derived, Slotted()  # noqa: F841 - they are looked up in this frame

    assert values._lock(name, sys._getframe()) is lock


@pytest.mark.parametrize(
    "name",
    [
        ("it", "some", "[9]"),
        ("it", "missing"),
        ("it", "computed"),
        ("EVERY", "['none']"),
    ],
    ids=".".join,
)
def test_what_cannot_be_read_has_a_number_of_its_own(memory: opened.Memory, name: tuple[str, ...]) -> None:
    it = Plain()

    told = _identity(memory, name, it=it)

    assert told not in (0, id(ONE), id(OTHER))
    assert told == _identity(memory, name, it=it)


@pytest.mark.parametrize("name", [("around",), ("around", "lock"), ("it", "some", "[around]")], ids=".".join)
def test_what_a_function_has_from_one_around_it_is_not_told(memory: opened.Memory, name: tuple[str, ...]) -> None:
    assert _identity(memory, name, it=Plain()) == 0
