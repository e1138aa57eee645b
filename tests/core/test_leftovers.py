"""Who is left of a dead kernel, decided over facts made by hand: the cases that real kernels seldom show."""

from __future__ import annotations

import msgspec
import pytest

from parallab import leftovers
from parallab.host import Entry, Host, Living
from parallab.ledger import Ledger, OwnObject, OwnProcess, Place, with_objects, with_snapshot, with_tree
from parallab.leftovers import KERNEL_TAG, TAG, decide, life
from parallab.model import Inode, Mapping, Missing, Process, Segment, Snapshot

HERE = Place("host", "boot", "pid:[1]")
ME = 1000
ARGV = ("python", "-m", "ipykernel_launcher", "-f", "a.json")
PSM = Inode(27, 500)
BOOK = "/run/a-1.json"


def book(**facts: object) -> Ledger:
    made = {"schema": 1, "life": "a-1", "kernel": "a", "pid": 10, "started": 100, "place": HERE, "uid": ME}
    return Ledger(**{**made, "began": 50.0, "cmdline": ARGV, **facts})  # type: ignore[arg-type]


def living(pid: int, **facts: object) -> Living:
    made = {"started": pid * 10, "ppid": 1, "uid": ME, "cmdline": ARGV, "began": 60.0}
    return Living(pid, **{**made, **facts})  # type: ignore[arg-type]


def host(*processes: Living, **facts: object) -> Host:
    entry = Entry(PSM, "psm_a", ME, 0o100600, 4096, 61.0)
    made = {"me": 999, "uid": ME, "entries": (entry,), "folders": (), "listening": {}}
    return Host(processes=(living(1, ppid=0, cmdline=("init",), began=1.0), *processes), **{**made, **facts})  # type: ignore[arg-type]


OWNS = book(objects=(OwnObject(PSM, "psm_a", "segment"),))
#: Another server's kernel, which lives.
OTHER = book(life="b-1", kernel="b", pid=20, started=200)


def found(
    *processes: Living, of: Ledger = OWNS, others: dict[str, Ledger] | None = None, **facts: object
) -> dict[str, bool]:
    told = decide({BOOK: of}, others or {}, host(*processes, **facts), HERE)
    return {one.id: one.removable for one in told.found}


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, "alive"),
        ({"started": 101}, "dead"),
        ({"pid": 11}, "dead"),
        ({"uid": 7}, "elsewhere"),
        ({"place": Place("other", "boot", "pid:[1]")}, "elsewhere"),
        ({"place": Place("host", "boot", "pid:[2]")}, "elsewhere"),
        ({"place": Place("host", "earlier", "pid:[1]")}, "dead"),
        ({"place": Place("host", "", "pid:[1]")}, "elsewhere"),
    ],
)
def test_a_kernel_is_dead_only_where_its_number_would_mean_something(facts, wanted) -> None:
    assert life(book(**facts), host(living(10)), HERE) == wanted


def test_a_segment_of_a_dead_kernel_that_nobody_holds_may_go() -> None:
    assert found() == {"segment:1b:500": True}


@pytest.mark.parametrize(
    "entry", [Entry(Inode(27, 501), "psm_a", ME, 0o100600, 1, 61.0), Entry(PSM, "x", ME, 0o100600, 1, 61.0)]
)
def test_the_name_alone_or_the_inode_alone_is_not_it(entry) -> None:
    assert found(entries=(entry,)) == {}


def test_what_belongs_to_another_user_is_not_told() -> None:
    assert found(entries=(Entry(PSM, "psm_a", 7, 0o100666, 1, 61.0),)) == {}
    assert found(living(30, uid=7, tags=((TAG, BOOK),)), of=book()) == {}


def test_what_a_living_kernels_ledger_holds_is_not_told_though_nobody_maps_it() -> None:
    assert found(living(20), others={"/run/b-1.json": msgspec.structs.replace(OTHER, objects=OWNS.objects)}) == {}


def test_who_may_not_be_looked_into_may_be_using_it() -> None:
    assert found(living(30, unread="no")) == {"segment:1b:500": False}
    assert found(living(30, unread="no", began=10.0)) == {"segment:1b:500": True}
    assert found(living(30, unread="no", uid=7)) == {"segment:1b:500": True}
    shared = Entry(PSM, "psm_a", ME, 0o100666, 4096, 61.0)
    assert found(living(30, unread="no", uid=7), entries=(shared,)) == {"segment:1b:500": False}
    tagged = living(30, unread="no")
    assert found(tagged, of=msgspec.structs.replace(OWNS, processes=(OwnProcess(30, 300),))) == {
        "process:30:300": True,
        "segment:1b:500": True,
    }


def test_what_a_survivor_holds_is_remembered_for_when_it_has_ended() -> None:
    survivor = living(30, tags=((TAG, BOOK),), holds=frozenset({PSM}))
    told = decide({BOOK: book()}, {}, host(survivor), HERE)
    assert {one.id: one.needs for one in told.found} == {"process:30:300": (), "segment:1b:500": ("process:30:300",)}
    assert told.grown is not None
    assert told.grown[BOOK].objects == OWNS.objects
    earlier = Entry(PSM, "psm_a", ME, 0o100600, 4096, 49.0)
    assert found(survivor, of=book(), entries=(earlier,)) == {"process:30:300": True}


def test_a_number_that_was_given_to_another_is_not_its() -> None:
    assert found(living(30, started=301), of=book(processes=(OwnProcess(30, 300),))) == {}


def test_the_kernels_id_alone_tells_no_life_from_the_next() -> None:
    tagged = living(30, tags=((KERNEL_TAG, "a"),))
    assert found(tagged, of=book()) == {"process:30:300": True}
    restarted = book(life="a-2", pid=20, started=200)
    assert found(living(20), tagged, of=book(), others={"/run/a-2.json": restarted}) == {}


def test_whoever_looks_and_who_started_it_are_not_told() -> None:
    tag = ((TAG, BOOK),)
    server, asks, its = living(30, tags=tag), living(999, ppid=30, tags=tag), living(31, ppid=999, tags=tag)
    assert found(server, asks, its, of=book()) == {}


def test_what_works_for_a_living_kernel_or_keeps_one_is_not_ended() -> None:
    tag = ((TAG, BOOK),)
    inner = living(31, ppid=30, tags=tag, cmdline=("python", "-m", "ipykernel_launcher", "-f", "b.json"))
    server = living(30, tags=tag, cmdline=("jupyter", "lab"))
    spawned = living(32, ppid=31, tags=tag, cmdline=("python", "-c", "from multiprocessing.spawn import spawn_main"))
    assert found(server, inner, spawned, of=book()) == {
        "process:30:300": False,
        "process:31:310": False,
        "process:32:320": False,
    }
    recorded = living(20, ppid=30, tags=((TAG, "/run/b-1.json"),))
    assert found(server, recorded, of=book(), others={"/run/b-1.json": OTHER}) == {"process:30:300": False}


def test_after_a_boot_only_folders_can_be_left() -> None:
    before = msgspec.structs.replace(OWNS, place=Place("host", "earlier", "pid:[1]"), processes=(OwnProcess(30, 300),))
    folder = OwnObject(Inode(1, 2), "/tmp/pymp-x", "folder")
    before = msgspec.structs.replace(before, objects=(*before.objects, folder))
    entry = Entry(Inode(1, 2), "/tmp/pymp-x", ME, 0o40700, 4096, 49.0)
    assert found(living(30), of=before, folders=(entry,)) == {"folder:1:2": True}


def test_a_folder_in_which_somebody_listens_stays() -> None:
    folder = Entry(Inode(1, 2), "/tmp/pymp-x", ME, 0o40700, 4096, 61.0)
    of = book(objects=(OwnObject(Inode(1, 2), "/tmp/pymp-x", "folder"),))
    listening = {"/tmp/pymp-x/listener-y": 77}
    assert found(of=of, folders=(folder,)) == {"folder:1:2": True}
    assert found(of=of, folders=(folder,), listening=listening) == {"folder:1:2": False}
    assert found(living(30, sockets=frozenset({77})), of=of, folders=(folder,), listening=listening) == {
        "folder:1:2": False
    }
    assert found(of=of, folders=(folder,), listening=None) == {"folder:1:2": False}
    mine = living(30, sockets=frozenset({77}), tags=((TAG, BOOK),))
    assert found(mine, of=of, folders=(folder,), listening=listening) == {"process:30:300": True, "folder:1:2": True}


def test_a_resource_tracker_goes_only_with_all_who_tell_it() -> None:
    pipe = Inode(9, 9)
    tracker = living(
        30,
        tags=((TAG, BOOK),),
        tracks=pipe,
        cmdline=("python", "-c", "from multiprocessing.resource_tracker import main;main(3)"),
    )
    worker = living(31, tags=((TAG, BOOK),), holds=frozenset({pipe}))
    told = {one.id: one for one in decide({BOOK: book()}, {}, host(tracker, worker), HERE).found}
    assert told["process:30:300"].needs == ("process:31:310",)
    stranger = living(31, holds=frozenset({pipe}))
    assert found(tracker, stranger, of=book()) == {"process:30:300": False}


# -- how a ledger grows -----------------------------------------------------------------------


def process(pid: int, **facts: object) -> Process:
    return Process(pid, pid * 10, 1, "python", "S", **facts)  # type: ignore[arg-type]


def snapshot(*processes: Process, **facts: object) -> Snapshot:
    return Snapshot(1, 1.0, 10, processes, **facts)  # type: ignore[arg-type]


def test_it_remembers_what_the_kernels_own_hold_and_nothing_that_was_there_before() -> None:
    mapped = (Mapping(0, 1, PSM, "/dev/shm/psm_a"), Mapping(2, 3, Inode(27, 1), "/dev/shm/old"))
    listed = (Segment(PSM, "psm_a", 1), Segment(Inode(27, 1), "old", 1), Segment(Inode(27, 2), "stranger", 1))
    seen = snapshot(process(10, mappings=mapped), process(11), segments=listed)
    grown = with_snapshot(book(), seen, frozenset({Inode(27, 1)}), {"/tmp/pymp-x": Inode(1, 2)})
    assert grown.processes == (OwnProcess(11, 110),)
    assert {(one.kind, one.name) for one in grown.objects} == {("segment", "psm_a"), ("folder", "/tmp/pymp-x")}
    unlinked = with_snapshot(grown, snapshot(process(10)), frozenset(), {})
    assert [one.kind for one in unlinked.objects] == ["folder"]
    hidden = (Missing("/dev/shm", "no", "segments"),)
    unseen = with_snapshot(grown, snapshot(process(10), missing=hidden), frozenset(), {})
    assert unseen.objects == grown.objects


def test_of_a_kernel_that_died_meanwhile_it_forgets_nothing() -> None:
    full = book(processes=(OwnProcess(11, 110),), objects=OWNS.objects)
    for dead in ((), (process(12),), (msgspec.structs.replace(process(10), state="Z"),)):
        assert with_tree(full, dead) == full
        assert with_snapshot(full, snapshot(*dead), frozenset(), {}) == full


def test_it_is_bounded_and_counts_what_it_dropped(monkeypatch) -> None:
    monkeypatch.setattr("parallab.ledger.MOST", 3)
    full = with_tree(book(), [process(10), *(process(pid) for pid in range(11, 18))])
    assert (len(full.processes), full.dropped) == (3, 4)
    many = with_objects(book(), [OwnObject(Inode(1, number), "x", "segment") for number in range(5)])
    assert (len(many.objects), many.dropped) == (3, 2)


def test_ids_of_objects() -> None:
    assert leftovers.inode_of("segment:1b:500") == PSM
    assert leftovers.inode_of("segment:nonsense") is None
