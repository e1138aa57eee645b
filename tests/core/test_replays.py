"""Replays: captions find their moments in a film, whatever its times, and nothing else differs from run to run."""

from __future__ import annotations

import msgspec
import pytest

from parallab import replays, wire
from parallab.lab import Caption, Cell, Lab, LabError, Step, Watch
from parallab.lab_parse import parse_lab
from parallab.replays import Replay, ReplayError, finished, load, made_of, run_of


def lane(name: str, born: float, ended: float | None = None, kind: wire.LaneKind = "process") -> wire.FilmLane:
    pid = int(name[1:])
    return wire.FilmLane(
        f"p{name}", "" if kind == "notebook" else "pn7", kind, "worker", name, pid, pid, born, born, ended
    )


NOTEBOOK = lane("n7", 0.0, kind="notebook")
FILM = wire.Film(
    schema=1,
    title="",
    kernel_id="k-4711",
    unix=1.7e9,
    begin=1000.0,
    end=2000.0,
    run=3,
    busy=False,
    stuck=False,
    lanes=(NOTEBOOK, lane("a9", 1100.04, 1500.0), lane("b8", 1200.0, 1400.0)),
    objects=(wire.FilmObject("lock:5:77", "lock", "lock", 1, born=500.0),),
    links=(wire.FilmLink("pa9", "lock:5:77", "uses", 1150.0),),
    waits=(wire.FilmWait("pb8", 1250.0, 1300.0, "object", "lock:5:77"),),
    marks=(
        wire.FilmMark(1100.0, "pn7", "start", other="pa9"),
        wire.FilmMark(1210.0, "pa9", "take", "lock:5:77"),
        wire.FilmMark(1300.0, "pa9", "give", "lock:5:77"),
        wire.FilmMark(1310.0, "pb8", "take", "lock:5:77"),
    ),
    states=(wire.FilmState("lock:5:77", 1210.0, holders=("pa9",)),),
    cells=(
        wire.FilmCell("c1", 2, 2, "one", 0.0, 900.0, lanes=1),
        wire.FilmCell("c2", 3, 3, "one", 1000.0, 1990.0, lanes=2),
        wire.FilmCell("c3", 4, 4, "two", 2000.0, 2100.0, lanes=9),
    ),
)
STEPS = tuple(Step(name, f"Step {name}") for name in ("one", "two"))


def lab(*captions: tuple[str, str], step: str = "one") -> Lab:
    watch = Watch(step, tuple(Caption(when, text, 7) for when, text in captions))
    return Lab("L99", "A lab", 1, 1, (), (), "", "", (Cell("setup"),), STEPS, watch)


def told(*captions: tuple[str, str]) -> wire.Film:
    made = lab(*captions)
    assert made.watch is not None
    return finished(FILM, made, made.watch)


def test_captions_are_put_to_what_happens() -> None:
    film = told(
        ("begin", "It begins."),
        ("start", "The first."),
        ("start 2", "The second."),
        ("take 1", "Taken."),
        ("wait 1", "One waits."),
        ("exit 1", "The second goes first."),
        ("end", "It is over."),
    )
    assert [(one.at, one.lanes, one.objects) for one in film.captions] == [
        (0.0, (), ()),
        (100.0, ("l1",), ()),
        (200.0, ("l2",), ()),
        (210.0, ("l1",), ("o0",)),
        (250.0, ("l2",), ("o0",)),
        (400.0, ("l2",), ()),
        (1000.0, (), ()),
    ]


def test_nothing_but_times_tells_one_run_from_another() -> None:
    film = told()
    assert (film.title, film.kernel_id, film.unix) == ("A lab: Step one", "", 0.0)
    assert (film.begin, film.end, [cell.cell for cell in film.cells]) == (0.0, 1000.0, ["c2"])
    assert [(one.id, one.parent, one.pid, one.tid) for one in film.lanes] == [
        ("l0", "", 1000, 1000),
        ("l1", "l0", 1001, 1001),
        ("l2", "l0", 1002, 1002),
    ]
    assert film.objects[0].born == 0.0
    assert film.links[0] == wire.FilmLink("l1", "o0", "uses", 150.0, None)
    assert film.states[0].holders == ("l1",)
    text = msgspec.json.encode(film).decode()
    assert not any(sign in text for sign in ("pa9", "pn7", "4711", "lock:5:77"))


@pytest.mark.parametrize(
    ("captions", "said"),
    [
        ([("start 3", "x")], "caption “start 3” (line 7): there is no such moment; only 2 were seen"),
        ([("deadlock", "x")], "caption “deadlock” (line 7): there is no such moment; none was seen"),
        ([("start 2", "x"), ("start 1", "x")], "caption “start 1” (line 7) comes before the one above it"),
    ],
)
def test_a_caption_without_its_moment_is_told(captions: list[tuple[str, str]], said: str) -> None:
    with pytest.raises(ReplayError) as told_:
        told(*captions)
    assert str(told_.value).startswith(said)


def test_the_run_that_started_most_is_shown() -> None:
    assert run_of(FILM, Watch("one", ())) == 3
    with pytest.raises(ReplayError, match="no cell of step 'three' started a process or a thread"):
        run_of(FILM, Watch("three", ()))


def test_or_the_one_that_the_author_names() -> None:
    assert run_of(FILM, Watch("one", (), 1)) == 2
    with pytest.raises(ReplayError, match="only 2 cells of step 'one' started something, not 3"):
        run_of(FILM, Watch("one", (), 3))
    assert parsed(":::{watch} one 2\n- end: x\n:::\n").watch == Watch("one", (Caption("end", "x", 8),), 2)
    with pytest.raises(LabError, match="and which of its cells, as “one 2”; not 'x'"):
        parsed(":::{watch} one x\n- end: x\n:::\n")


def test_what_it_is_made_of_changes_with_cells_and_captions_and_with_nothing_else() -> None:
    solution = {"one": (Cell("a"),), "two": (Cell("b"),)}
    before = made_of(lab(("start", "x")), solution)
    assert made_of(lab(("start", "x")), {**solution, "two": (Cell("c"),)}) == before
    moved = msgspec.structs.replace(lab(), watch=Watch("one", (Caption("start", "x", 99),)))
    assert made_of(moved, solution) == before
    assert made_of(lab(("start", "y")), solution) != before
    assert made_of(lab(("start", "x")), {**solution, "one": (Cell("c"),)}) != before
    assert made_of(lab(("start", "x"), step="two"), {**solution, "two": (Cell("c"),)}) != made_of(
        lab(("start", "x"), step="two"), solution
    )


def test_a_replay_is_read_as_it_was_written_and_anything_else_is_told() -> None:
    made = Replay(1, "L99", 1, "x", told(("start", "One.")))
    assert load(msgspec.json.encode(made)) == made
    assert load(replays.dump(made)) == made
    assert len(replays.dump(made)) < 0.8 * len(msgspec.json.encode(made))
    for text, said in ((b"{", "is no replay"), (b"{}", "is no replay"), (b"[" * 9999, "is no replay")):
        with pytest.raises(ReplayError, match=said):
            load(text)
    with pytest.raises(ReplayError, match="is larger than 256 KiB"):
        load(bytes(replays.LARGEST + 1))


LAB = """\
---
parallab: {id: L99, title: A lab, minutes: 1, objectives: [], needs: [], version: 1, summary: S.}
---
:::{step} one
title: One
:::
"""


def parsed(text: str) -> Lab:
    return parse_lab(LAB + text, "lab.md")


def test_captions_are_written_in_the_lab() -> None:
    found = parsed(":::{watch} one\n- start 1: The first is\n  born.\n- exit 12: Gone.\n- end: Over.\n:::\n").watch
    assert found == Watch(
        "one",
        (Caption("start 1", "The first is born.", 8), Caption("exit 12", "Gone.", 10), Caption("end", "Over.", 11)),
    )
    assert parsed("").watch is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (":::{watch} two\n- end: x\n:::\n", "lab.md:7: there is no step 'two' to watch"),
        (":::{watch} one\n:::\n", "lab.md:7: {watch} holds captions only"),
        (":::{watch} one\nSome text.\n:::\n", "lab.md:7: {watch} holds captions only"),
        (":::{watch} one\n- end: x\n- then: y\n:::\n", "lab.md:9: begin a caption with its moment"),
        (":::{watch} one\n- start 0: y\n:::\n", "lab.md:8: begin a caption with its moment"),
        (":::{watch} one\n- end: x\n:::\n:::{watch} one\n- end: x\n:::\n", "lab.md:10: a lab has one {watch} at most"),
    ],
)
def test_what_is_wrong_with_captions_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(LabError) as told_:
        parsed(text)
    assert str(told_.value).startswith(said)
