"""What learners type into the steps' cells, right and wrong, in styles of their own."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import dedent

from msgspec.structs import replace

from parallab.lab import QuizQuestion
from parallab.library import CourseLibrary
from parallab.wire import Prompt


def solution(lab: str, step: str) -> list[str]:
    """The lab's own, cell by cell."""
    library = CourseLibrary()
    shelved = library.lab(lab)
    found = shelved.lab.step(step)
    assert found is not None
    return [cell.source for cell in library.solution(shelved, found)[0] if cell.cell_type == "code"]


def starter(lab: str, step: str) -> list[str]:
    """What the step's cells hold at first."""
    found = CourseLibrary().lab(lab).lab.step(step)
    assert found is not None
    return [cell.source for cell in found.cells if cell.cell_type == "code"]


def _cell(text: str) -> str:
    return dedent(text).strip()


MODULE = _cell(
    """
    %%writefile mine.py
    import time

    def count(lo, hi):
        ends = time.monotonic() + 1
        while time.monotonic() < ends:
            sum(range(lo, hi))

    def move(first, second, both_here):
        with first:
            both_here.wait()
            with second:
                pass

    def move_in_order(low, high):
        with low, high:
            pass
    """
)

RANGES = "[(0, 45000), (45000, 90000), (90000, 135000), (135000, 180000)]"

FOUR = _cell(
    f"""
    import multiprocessing as mp
    import mine

    team = [mp.Process(target=mine.count, args=pair) for pair in {RANGES}]
    for one in team:
        one.start()
    for one in team:
        one.join()
    """
)

FOUR_PRINTED = _cell(
    """
    print("4675 primes from 0 to 45000")
    print("4038 primes from 45000 to 90000")
    print("3863 primes from 90000 to 135000")
    print("3766 primes from 135000 to 180000")
    print([0, 0, 0, 0])
    """
)

FOUR_THREADS = _cell(
    f"""
    import threading
    import mine

    team = [threading.Thread(target=mine.count, args=pair) for pair in {RANGES}]
    for one in team:
        one.start()
    for one in team:
        one.join()
    """
)

ONE_BY_ONE = _cell(
    f"""
    import multiprocessing as mp
    import mine

    for pair in {RANGES}:
        one = mp.Process(target=mine.count, args=pair)
        one.start()
        one.join()
    """
)

CROSSWISE = _cell(
    """
    import multiprocessing as mp
    import mine

    lock_a, lock_b, both_here = mp.Lock(), mp.Lock(), mp.Barrier(2)
    there = mp.Process(target=mine.move, args=(lock_a, lock_b, both_here), name="A-to-B")
    back = mp.Process(target=mine.move, args=(lock_b, lock_a, both_here), name="B-to-A")
    there.start()
    back.start()
    there.join()
    back.join()
    """
)

IN_ORDER = _cell(
    """
    import multiprocessing as mp
    import mine

    lock_a, lock_b = mp.Lock(), mp.Lock()
    there = mp.Process(target=mine.move_in_order, args=(lock_a, lock_b), name="A-to-B")
    back = mp.Process(target=mine.move_in_order, args=(lock_a, lock_b), name="B-to-A")
    there.start()
    back.start()
    there.join()
    back.join()
    """
)

CONSUMERS = _cell(
    """
    import queue, threading

    work = queue.Queue()

    def consume():
        while True:
            work.get()

    for name in ("first", "second"):
        threading.Thread(target=consume, name=name, daemon=True).start()
    work.put("a pill")
    work.join()
    """
)

#: Four that live until the gate is opened.
AT_THE_GATE = _cell(
    """
    import multiprocessing as mp

    gate = mp.Event()
    team = [mp.Process(target=gate.wait, name=f"guest-{n}") for n in range(4)]
    for one in team:
        one.start()
    """
)

OPEN_THE_GATE = _cell(
    """
    gate.set()
    for one in team:
        one.join()
    """
)

STAY = _cell(
    """
    %%writefile stay.py
    import os, time

    def stay(there):
        os.setsid()
        there.send("here")
        time.sleep(3600)
    """
)

#: In groups of their own, which a restart does not end with the kernel's; and shared memory that nobody unlinks.
SLEEPERS = _cell(
    """
    import multiprocessing as mp, os, stay
    from multiprocessing.shared_memory import SharedMemory

    ctx = mp.get_context("spawn")
    memory = SharedMemory(create=True, size=10_000)
    here, there = ctx.Pipe()
    team = [ctx.Process(target=stay.stay, args=(there,), name=f"sleeper-{n}") for n in range(2)]
    for one in team:
        one.start()
    for one in team:
        here.recv()
    print(os.getpid(), memory.name)
    """
)


def prompts(lab: str) -> tuple[str, tuple[Prompt, ...]]:
    """The first step that asks for a prediction, and what it asks."""
    return next((step.id, step.prompts) for step in CourseLibrary().lab(lab).lab.steps if step.prompts)


def questions(lab: str, step: str) -> tuple[QuizQuestion, ...]:
    """A quiz with its key; all texts as they are read."""
    found = CourseLibrary().lab(lab).lab.step(step)
    assert found is not None
    return tuple(
        replace(
            one,
            text=_plain(one.text),
            options=tuple(
                replace(option, text=_plain(option.text), reason=_plain(option.reason)) for option in one.options
            ),
        )
        for one in found.questions
    )


def _plain(markdown: str) -> str:
    """Without the marks of code and emphasis."""
    return markdown.replace("`", "").replace("*", "")


def hints(lab: str, step: str) -> int:
    """How many hints a step has."""
    found = CourseLibrary().lab(lab).lab.step(step)
    assert found is not None
    return len(found.hints)


def program(lab: str, step: str) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """A Parsons problem's lines in order, and why each of the others does not belong there."""
    found = CourseLibrary().lab(lab).lab.step(step)
    assert found is not None
    return found.order, {block: _plain(reason) for block, reason in found.block_reasons.items()}
