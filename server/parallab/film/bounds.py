"""A film kept small: some lanes, and of each list the beginning and the end. What is left out is counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from parallab import wire

LANES = 64
OBJECTS = 128
LINKS = 1000
CELLS = 200
MARKS = 2000
WAITS = 2000
STATES = 2000

One = TypeVar("One")
#: Marks that tell a life, which are kept before others.
_LIVES = ("start", "join")


def bounded(whole: wire.Film, run: int = 0) -> wire.Film:
    """The film within its bounds; of one run of a cell and what it started, if one is named."""
    begin, end = _window(whole, run)
    run = run if begin else 0
    gaps: list[wire.FilmGap] = []
    lanes = _lanes(whole, begin, end, run, gaps)
    kept = {lane.id for lane in lanes}
    in_time = _within(begin, end)
    waits = _waits(
        [
            msgspec.structs.replace(one, lanes=tuple(lane for lane in one.lanes if lane in kept))
            for one in whole.waits
            if one.lane in kept and in_time(one.begin, one.end)
        ],
        gaps,
    )
    marks = [one for one in whole.marks if one.lane in kept and in_time(one.at, one.at)]
    used = {one.object for one in marks} | {one.object for one in waits}
    links = [one for one in whole.links if one.lane in kept and in_time(one.begin, one.end)]
    used |= {one.object for one in links if one.begin >= begin}
    objects = _objects(whole, used, begin, end, gaps)
    known = {one.id for one in objects}
    states = [one for one in whole.states if one.object in known and one.at <= end]
    if begin:
        states = _from(states, begin)
    return msgspec.structs.replace(
        whole,
        run=run,
        begin=begin,
        end=end,
        lanes=lanes,
        objects=objects,
        links=_ends([one for one in links if one.object in known], LINKS, "links", lambda one: one.begin, gaps),
        waits=waits,
        marks=_marks(marks, gaps),
        states=_states(states, gaps),
        cells=_last(list(whole.cells), CELLS, gaps),
        deadlocks=tuple(one for one in whole.deadlocks if in_time(one.begin, one.end) and kept.issuperset(one.lanes)),
        left_out=tuple(gaps),
    )


def _window(whole: wire.Film, run: int) -> tuple[float, float]:
    """From a run's beginning until it and all that it started had ended."""
    cell = next((one for one in whole.cells if run and one.run == run), None)
    if cell is None:
        return whole.begin, whole.end
    ends = [cell.end, *(lane.ended for lane in whole.lanes if lane.run == run)]
    told = [end for end in ends if end is not None]
    following = min((one.begin for one in whole.cells if one.begin > cell.begin), default=whole.end)
    # Who lives on is told until the next cell begins.
    return cell.begin, max(told) if len(told) == len(ends) else max([following, *told])


def _within(begin: float, end: float) -> Callable[[float, float | None], bool]:
    return lambda first, last: first <= end and (last is None or last >= begin)


def _lanes(whole: wire.Film, begin: float, end: float, run: int, gaps: list[wire.FilmGap]) -> tuple[wire.FilmLane, ...]:
    """Those of the run (or all), with their parents; of too many the newest, and who still lives."""
    inside = _within(begin, end)
    notebook = [lane for lane in whole.lanes if lane.kind == "notebook"]
    others = [lane for lane in whole.lanes if lane.kind != "notebook" and inside(lane.born, lane.ended)]
    weighed = sorted(others, key=lambda lane: (run and lane.run == run, lane.ended is None, lane.born))
    chosen = {lane.id for lane in weighed[max(0, len(weighed) - LANES + 1) :]}
    if len(others) > len(chosen):
        gone = [lane for lane in others if lane.id not in chosen]
        gaps.append(wire.FilmGap("lanes", len(gone), gone[0].born, max(lane.ended or end for lane in gone)))
    ids = chosen | {lane.id for lane in notebook}
    first = notebook[0].id if notebook else ""
    return tuple(
        lane if lane.parent in ids or not lane.parent else msgspec.structs.replace(lane, parent=first)
        for lane in whole.lanes
        if lane.id in ids
    )


def _objects(
    whole: wire.Film, used: set[str], begin: float, end: float, gaps: list[wire.FilmGap]
) -> tuple[wire.FilmObject, ...]:
    """Those that somebody has to do with, or that were made in this time; of too many the newest."""
    found = [
        one
        for one in whole.objects
        if (one.id in used or one.born >= begin) and one.born <= end and (one.ended is None or one.ended >= begin)
    ]
    if len(found) > OBJECTS:
        gone = found[:-OBJECTS]
        gaps.append(wire.FilmGap("objects", len(gone), gone[0].born, gone[-1].born))
    return tuple(found[-OBJECTS:])


def _waits(waits: list[wire.FilmWait], gaps: list[wire.FilmGap]) -> tuple[wire.FilmWait, ...]:
    """Those that last still, who is stuck among them, and the first and the last of the others."""
    lasting = [one for one in waits if one.end is None][-WAITS:]
    over = [one for one in waits if one.end is not None]
    most = WAITS - len(lasting)
    kept = _ends(over, most, "waits", lambda one: one.begin, gaps)
    if len(kept) < len(over):
        # Until the last of them was over, who waits for nothing that is told may have waited.
        gaps[-1] = msgspec.structs.replace(gaps[-1], end=max(one.end or 0.0 for one in _split(over, most)[1]))
    return tuple(sorted([*kept, *lasting], key=lambda one: one.begin))


def _marks(marks: list[wire.FilmMark], gaps: list[wire.FilmGap]) -> tuple[wire.FilmMark, ...]:
    lives = [one for one in marks if one.act in _LIVES]
    rest = [one for one in marks if one.act not in _LIVES]
    kept = _ends(rest, max(MARKS // 2, MARKS - len(lives)), "marks", lambda one: one.at, gaps)
    told = _ends(lives, MARKS - len(kept), "marks", lambda one: one.at, gaps)
    return tuple(sorted([*kept, *told], key=lambda one: one.at))


def _from(states: list[wire.FilmState], begin: float) -> list[wire.FilmState]:
    """What is true at the beginning, and what comes after it."""
    before = {one.object: one for one in states if one.at < begin}
    return [*sorted(before.values(), key=lambda one: one.at), *(one for one in states if one.at >= begin)]


def _states(states: list[wire.FilmState], gaps: list[wire.FilmGap]) -> tuple[wire.FilmState, ...]:
    """The first and the last; in between, who held what is not known, and is not what it was before."""
    kept = _ends(states, STATES, "states", lambda one: one.at, gaps)
    if len(kept) == len(states):
        return kept
    first, gone, last = _split(states, STATES)
    begins = {one.object: one.at for one in reversed(gone)}
    ends = {one.object: one for one in gone}
    unknown = [wire.FilmState(name, at, left_out=True) for name, at in begins.items() if ends[name].at > at]
    return (*first, *sorted([*unknown, *ends.values()], key=lambda one: one.at), *last)


def _last(cells: list[wire.FilmCell], most: int, gaps: list[wire.FilmGap]) -> tuple[wire.FilmCell, ...]:
    if len(cells) > most:
        gaps.append(wire.FilmGap("cells", len(cells) - most, cells[0].begin, cells[-most - 1].begin))
    return tuple(cells[-most:])


def _split(items: Sequence[One], most: int) -> tuple[Sequence[One], Sequence[One], Sequence[One]]:
    """Of too many the first half, those between, and the last half."""
    end = len(items) - (most - most // 2)
    return items[: most // 2], items[most // 2 : end], items[end:]


def _ends(
    items: Iterable[One],
    most: int,
    what: str,
    when: Callable[[One], float],
    gaps: list[wire.FilmGap],
) -> tuple[One, ...]:
    """The first half and the last, where there are too many."""
    every = tuple(items)
    if len(every) <= most:
        return every
    first, gone, last = _split(every, most)
    gaps.append(wire.FilmGap(what, len(gone), when(gone[0]), when(gone[-1])))  # type: ignore[arg-type]
    return (*first, *last)
