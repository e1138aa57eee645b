"""A Recording as a film: what the map, the timeline and the replay show, in one bounded value.

Pure. ``lanes`` are the processes and threads, ``things`` what they share, ``sweep`` what they did and
waited for, one event after the other, ``looks`` what the operating system showed besides; ``bounds``
leaves out what would be too much, and counts it. ``moments`` says where a film shows what a goal was
decided by. Nothing is guessed: what was not seen is not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from parallab import model, wire
from parallab.film.bounds import bounded
from parallab.film.clock import Clock
from parallab.film.lanes import Lanes
from parallab.film.looks import look
from parallab.film.moments import Pointer
from parallab.film.sweep import swept
from parallab.film.things import Things

__all__ = ["NEWEST", "Clock", "Lanes", "Pointer", "Things", "film"]


#: Instead of a run: the newest that started anything.
NEWEST = -1


def film(
    recording: model.Recording,
    kernel_id: str = "",
    title: str = "",
    run: int = 0,
    cells: Collection[str] | None = None,
) -> wire.Film:
    """The film of all that is kept of a kernel, or of one run of a cell and what it started.

    :param cells: of :data:`NEWEST`, only runs of these cells.
    """
    clock = Clock(recording)
    lanes = Lanes(recording, clock)
    things = Things(recording, clock)
    told = swept(recording, lanes, things)
    look(recording, told)
    told_lanes = lanes.told()
    whole = wire.Film(
        schema=wire.SCHEMA,
        title=title,
        kernel_id=kernel_id or recording.kernel,
        unix=clock.unix,
        begin=0.0,
        end=clock.ms(clock.last),
        run=0,
        busy=bool(recording.busy_cell),
        stuck=recording.stuck,
        lanes=told_lanes,
        objects=things.told(),
        links=told.links(),
        waits=told.waits(),
        marks=told.marks(),
        states=told.states(),
        cells=_cells(recording, clock, Counter(lane.run for lane in told_lanes)),
        deadlocks=told.deadlocks(),
        not_recorded=recording.not_recorded,
    )
    if run == NEWEST:
        of = [cell for cell in whole.cells if cells is None or cell.cell in cells]
        run = max((cell.run for cell in of if cell.lanes or cell.end is None), default=0)
    return bounded(whole, run)


def _cells(recording: model.Recording, clock: Clock, started: Mapping[int, int]) -> tuple[wire.FilmCell, ...]:
    ends = {(event.cell, event.run): event for event in recording.events if isinstance(event, model.CellEnd)}
    cells = []
    for begin in recording.events:
        if not isinstance(begin, model.CellBegin):
            continue
        end = ends.get((begin.cell, begin.run))
        cells.append(
            wire.FilmCell(
                begin.cell,
                begin.run,
                begin.number,
                begin.step,
                clock.ms(begin.at),
                clock.ms(end.at) if end is not None else None,
                end.error.type if end is not None and end.error is not None else "",
                started.get(begin.run, 0),
            )
        )
    return tuple(cells)
