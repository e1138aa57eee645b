"""The recorded corpus: each primitive and each hang, by every start method and Python, against what is true of it.

No process runs here. ``tests/corpus`` holds the trees, the truth, and the script that records them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from corpus import replay, subjects
from corpus.truth import FULL, Truth
from parallab import ipc, model, waits
from parallab.model import Snapshot

TRUTHS = subjects.every()


@cache
def trees() -> dict[str, replay.Tree]:
    return {str(tree): tree for path in replay.paths() for tree in replay.load(path)}


@cache
def seen(name: str) -> tuple[Snapshot, Snapshot]:
    tree = trees()[name]
    return replay.snapshots(tree, again=TRUTHS[tree.subject].pushed)


@cache
def found(name: str) -> ipc.Objects:
    return ipc.objects(seen(name)[1])


def every() -> pytest.MarkDecorator:
    """All trees, those of one subject together."""
    by_subject = {subject: [name for name, tree in trees().items() if tree.subject == subject] for subject in TRUTHS}
    return pytest.mark.parametrize("names", [pytest.param(names, id=subject) for subject, names in by_subject.items()])


def check(names: list[str], tell: Callable[[str], object], truth: Callable[[str], object]) -> None:
    """Compares what is told of each tree with what is true of it."""
    told = {name: tell(name) for name in names}
    assert told == {name: truth(name) for name in names}
    assert names


def truth_of(name: str) -> Truth:
    return TRUTHS[trees()[name].subject]


def roles(snapshot: Snapshot) -> dict[int, ipc.Role]:
    return ipc.roles(snapshot)


def test_every_subject_is_recorded_for_each_of_its_start_methods() -> None:
    pythons = {tree.python for tree in trees().values()}
    wanted = {
        f"{name}-{method}-{python}" for name, truth in TRUTHS.items() for method in truth.methods for python in pythons
    }

    assert set(trees()) == wanted


@every()
def test_the_reader_sees_in_the_recorded_tree_what_it_saw_in_the_real_one(names: list[str]) -> None:
    check(names, lambda name: seen(name)[1], lambda name: trees()[name].snapshot)


@every()
def test_who_looks_again_sees_as_much_as_who_looks_for_the_first_time(names: list[str]) -> None:
    check(
        names,
        lambda name: replay.snapshots(trees()[name], again=True)[1],
        lambda name: trees()[name].snapshot,
    )


@every()
def test_a_recording_of_it_comes_back_from_disk_as_it_was(names: list[str]) -> None:
    made = {name: model.Recording(model.SCHEMA, "kernel", trees()[name].root, snapshots=seen(name)) for name in names}

    check(names, lambda name: model.loads(model.dumps(made[name])), made.__getitem__)


@every()
def test_every_process_has_its_role(names: list[str]) -> None:
    check(
        names,
        lambda name: Counter(roles(seen(name)[1]).values()),
        lambda name: Counter(("root", *truth_of(name).roles, *helpers(trees()[name].method, truth_of(name)))),
    )


def helpers(method: str, truth: Truth) -> tuple[str, ...]:
    """What multiprocessing brings along: named semaphores of spawn and forkserver need a tracker, too."""
    if method == "fork":
        return ("resource-tracker",) if truth.tracker else ()
    if not truth.helpers:
        return ("resource-tracker",) if truth.letters else ()
    servers = ("forkserver",) * (1 + truth.nested) if method == "forkserver" else ()
    return (*servers, "resource-tracker")


@every()
def test_semaphores_are_of_their_kinds(names: list[str]) -> None:
    check(
        names,
        lambda name: "".join(map(letter, found(name).semaphores.values())),
        lambda name: truth_of(name).letters,
    )
    assert all(one.told for name in names for one in found(name).semaphores.values())


def letter(semaphore: ipc.Semaphore) -> str:
    if semaphore.recursive:
        return "R"
    if semaphore.maxvalue == 1:
        return "L"
    return "S" if semaphore.maxvalue == 2**31 - 1 else "B"


@every()
def test_parts_are_put_together_to_what_was_made(names: list[str]) -> None:
    check(
        names,
        lambda name: tuple(one.kind for one in ipc.composites(found(name))),
        lambda name: truth_of(name).composites,
    )


@every()
def test_who_holds_a_lock_and_how_many_wait(names: list[str]) -> None:
    check(names, held, lambda name: (truth_of(name).holds, truth_of(name).waiting))


def held(name: str) -> tuple[tuple[str, ...], int]:
    told = roles(seen(name)[1])
    semaphores = found(name).semaphores.values()
    holds = tuple(told[pid] for one in semaphores if one.is_lock or one.recursive for pid in sorted(one.holders))
    return holds, sum(one.waiters or 0 for one in semaphores)


@every()
def test_shared_memory_is_of_its_kind_and_size(names: list[str]) -> None:
    check(names, memory, lambda name: truth_of(name).memory)


def memory(name: str) -> tuple[tuple[str, int, bool], ...]:
    sizes = [size for _, size, _ in truth_of(name).memory]
    return tuple(
        (one.kind, one.size if place < len(sizes) and sizes[place] else 0, one.linked)
        for place, one in enumerate(found(name).memory.values())
    )


@every()
def test_what_waits_in_pipes(names: list[str]) -> None:
    check(names, queued, lambda name: truth_of(name).queued)


def queued(name: str) -> tuple[int, ...]:
    """A pipe of 16 pages is full when less than a page is left: pieces are not split to fill it (pipe(7))."""
    waiting = (one.queued for one in found(name).pipes.values())
    return tuple(FULL if bytes_ > 15 * 4096 else bytes_ for bytes_ in waiting if bytes_)


@every()
def test_pairs_of_sockets_join_the_program_and_its_child(names: list[str]) -> None:
    told = [name for name in names if truth_of(name).pairs is not None]
    if told:
        check(told, pairs, lambda name: truth_of(name).pairs)


def pairs(name: str) -> int:
    sockets, root = found(name).sockets, trees()[name].root
    assert all(sockets[one.peer].peer == one.inode for one in sockets.values() if one.peer in sockets)
    return len(
        {
            frozenset((one.inode, one.peer))
            for one in sockets.values()
            if one.peer in sockets and root in one.holders and sockets[one.peer].holders - {root}
        }
    )


@every()
def test_what_the_program_waits_in(names: list[str]) -> None:
    check(names, lambda name: call(name) in truth_of(name).calls, lambda name: True)


def call(name: str) -> str:
    root = seen(name)[1].process(trees()[name].root)
    assert root is not None
    return next(one.blocked.call for one in root.threads if one.tid == root.pid and one.blocked is not None)


@every()
def test_whether_it_is_stuck(names: list[str]) -> None:
    check(names, lambda name: waits.stuck(*seen(name)), lambda name: truth_of(name).stuck)


@every()
def test_why_it_is_stuck(names: list[str]) -> None:
    check(
        names,
        lambda name: tuple((one.kind, one.mistake) for one in waits.diagnose(*seen(name))),
        lambda name: truth_of(name).diagnoses,
    )


@every()
def test_nothing_is_missing(names: list[str]) -> None:
    check(names, lambda name: seen(name)[1].missing, lambda name: ())
