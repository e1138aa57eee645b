"""Names that come and go in /dev/shm: whose they are is said or seen, never guessed; all of it bounded."""

from __future__ import annotations

from parallab import model
from parallab.comings import HALF, NAMES, Comings, held
from parallab.model import Inode, Mapping, Process, ShmLife, Snapshot


def create(name: str, at: int, ino: int, pid: int = 7) -> model.SegmentUse:
    return model.SegmentUse(at=at, pid=pid, segment=name, act="create", size=64, inode=Inode(1, ino))


def test_what_the_probe_names_is_ours_and_what_the_folder_shows_is_added() -> None:
    comings = Comings()
    comings.saw("psm_a", "created", 10)
    comings.hear(create("psm_a", 11, 5))
    comings.saw("psm_a", "deleted", 20)
    assert comings.lives() == (ShmLife("psm_a", pid=7, created=10, deleted=20, seen=True, inode=Inode(1, 5)),)


def test_what_is_seen_mapped_before_its_making_is_heard_is_one_life() -> None:
    comings = Comings()
    comings.saw("psm_a", "created", 10)
    comings.saw("sem.mp-abc", "created", 10)
    comings.hold([("psm_a", Inode(1, 5)), ("sem.mp-abc", Inode(1, 6))])
    comings.hear(create("psm_a", 11, 5))
    comings.hear(model.LockMade(at=12, pid=7, lock="/mp-abc", created=True))
    assert comings.lives() == (
        ShmLife("psm_a", pid=7, created=10, seen=True, inode=Inode(1, 5)),
        ShmLife("sem.mp-abc", "semaphore", pid=7, created=10, seen=True, inode=Inode(1, 6)),
    )


def test_another_object_of_the_same_name_is_another_life() -> None:
    comings = Comings()
    comings.hold([("board", Inode(1, 5))])
    comings.hear(create("board", 11, 6))
    assert [(one.by, one.inode) for one in comings.lives()] == [("mapping", Inode(1, 5)), ("probe", Inode(1, 6))]


def test_what_could_not_be_made_is_somebody_elses() -> None:
    comings = Comings()
    taken = model.Failure("FileExistsError")
    comings.hear(model.SegmentUse(at=11, pid=7, segment="board", act="create", error=taken))
    assert comings.lives() == ()


def test_what_nobody_named_is_somebody_elses() -> None:
    comings = Comings()
    comings.saw("psm_b", "created", 10)
    comings.saw("pym-7-b", "created", 10)
    assert comings.lives() == ()


def test_a_name_that_somebody_else_used_as_well_is_not_confirmed_by_the_folder() -> None:
    comings = Comings()
    comings.saw("board", "created", 10)
    comings.saw("board", "deleted", 11)
    comings.saw("board", "created", 12)
    comings.hear(create("board", 13, 5))
    comings.saw("board", "deleted", 14)
    assert comings.lives() == (ShmLife("board", pid=7, created=13, inode=Inode(1, 5)),)


def test_a_name_that_is_used_again_is_two_lives() -> None:
    comings = Comings()
    for at in (10, 20):
        comings.saw("board", "created", at)
        comings.hear(create("board", at + 1, at))
        comings.hear(model.SegmentUse(at=at + 2, pid=7, segment="board", act="unlink"))
        comings.saw("board", "deleted", at + 3)
    assert [(one.created, one.deleted, one.seen) for one in comings.lives()] == [(11, 12, True), (20, 22, True)]


def test_a_semaphore_is_known_by_the_name_that_the_probe_gave() -> None:
    comings = Comings()
    for name in ("sem.Xy12Ab", "sem.mp-abc"):
        comings.saw(name, "created", 10)
    for name in ("sem.Xy12Ab", "sem.mp-abc"):
        comings.saw(name, "deleted", 12)
    comings.hear(model.LockMade(at=11, pid=7, lock="/mp-abc"))
    assert comings.lives() == (ShmLife("sem.mp-abc", "semaphore", pid=7, created=10, deleted=12, seen=True),)


def test_what_a_process_of_ours_has_mapped_is_ours_once() -> None:
    before = Inode(1, 4)
    mapped = [
        Mapping(0, 1, Inode(1, 5), "/dev/shm/psm_a"),
        Mapping(1, 2, Inode(1, 6), "/dev/shm/other", deleted=True),
        Mapping(2, 3, before, "/dev/shm/older"),
        Mapping(3, 4, Inode(1, 8), "/dev/shm/sem.Xy12Ab", deleted=True),
        Mapping(4, 5, Inode(1, 9), "/tmp/file"),
    ]
    snapshot = Snapshot(1, 1.0, 7, (Process(7, 1, 1, "python", "S", mappings=tuple(mapped)),))
    found = held(snapshot, frozenset({before}))
    assert found == (("psm_a", Inode(1, 5)), ("other", Inode(1, 6)))
    comings = Comings()
    comings.hear(create("psm_a", 11, 5))
    for _ in range(2):
        comings.hold(found)
    assert comings.lives() == (
        ShmLife("other", by="mapping", inode=Inode(1, 6)),
        ShmLife("psm_a", pid=7, created=11, inode=Inode(1, 5)),
    )


def test_a_hundred_thousand_are_kept_at_both_ends_and_counted() -> None:
    comings = Comings()
    for number in range(100_000):
        comings.saw(f"psm_{number}", "created", number + 1)
        comings.hear(create(f"psm_{number}", number + 1, number))
    lives = comings.lives()
    assert [one.inode.ino for one in lives if one.inode] == [*range(HALF), *range(100_000 - HALF, 100_000)]
    assert comings.left_out == 100_000 - 2 * HALF
    assert len(comings._seen) == NAMES


def test_one_name_used_for_ever_is_bounded_too() -> None:
    comings = Comings()
    for number in range(10_000):
        comings.hear(create("board", number + 1, number))
    assert len(comings.lives()) == HALF
    assert comings.left_out == 10_000 - HALF
