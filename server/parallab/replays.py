"""A lab's replay: the film of a run of its solution, made the same for everybody, with the author's captions. Pure.

``replay.json`` holds it. ``author.replaying`` runs the solution and writes it, the server hands its film out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from parallab import wire
from parallab.lab import Caption, Cell, Lab, Watch

#: Bytes of a replay.json.
LARGEST = 256 * 1024

Found = tuple[float, tuple[str, ...], tuple[str, ...]]


class ReplayError(ValueError):
    """A replay that cannot be made or read; the text says why."""


class Replay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``replay.json``: the film of one step's run, and what it was made of."""

    schema: int
    lab: str
    version: int
    made_of: str
    film: wire.Film


def load(text: bytes) -> Replay:
    """The replay of a file.

    :raises ReplayError: it is none, or too large.
    """
    if len(text) > LARGEST:
        raise ReplayError(f"is larger than {LARGEST // 1024} KiB")
    try:
        return msgspec.json.decode(text, type=Replay)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReplayError(f"is no replay: {error}") from None


def dump(replay: Replay) -> bytes:
    """A replay as the text of its file, without what a reader fills in anyhow: a long film has thousands of events."""
    return msgspec.json.encode(_plain(replay)) + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = ((one, getattr(value, one.name)) for one in msgspec.structs.fields(value))
        return {one.encode_name: _plain(held) for one, held in fields if held != one.default}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def made_of(lab: Lab, solution: Mapping[str, Sequence[Cell]]) -> str:
    """What a replay depends on, as a digest: the watched step, its captions, and all cells up to its end."""
    watch = lab.watch
    told = [watch.step, watch.nth, [(one.when, one.text) for one in watch.captions]] if watch is not None else []
    parts: list[Any] = [told, [cell.source for cell in cells_to(lab, solution)]]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]


def cells_to(lab: Lab, solution: Mapping[str, Sequence[Cell]]) -> tuple[Cell, ...]:
    """The set-up, and the solution's cells up to the watched step's."""
    wanted = lab.watch.step if lab.watch is not None else ""
    names = [step.id for step in lab.steps]
    until = names[: names.index(wanted) + 1] if wanted in names else []
    setup = [cell for cell in lab.cells if cell.cell_type == "code" and not cell.step]
    return (*setup, *(cell for name in until for cell in solution.get(name, ())))


def run_of(whole: wire.Film, watch: Watch) -> int:
    """Which run of the watched step's cells to show: the one named, else the one that started most.

    :raises ReplayError: there is none, or none of them started anything.
    """
    runs = [cell for cell in whole.cells if cell.step == watch.step and cell.lanes]
    if not runs:
        raise ReplayError(f"no cell of step {watch.step!r} started a process or a thread")
    if watch.nth > len(runs):
        raise ReplayError(f"only {len(runs)} cells of step {watch.step!r} started something, not {watch.nth}")
    if watch.nth:
        return runs[watch.nth - 1].run
    return max(runs, key=lambda cell: (cell.lanes, cell.run)).run


def finished(film: wire.Film, lab: Lab, watch: Watch) -> wire.Film:
    """The film with its captions, and with nothing in it that differs from run to run but the times.

    :raises ReplayError: a caption speaks of what did not happen, or of what came earlier.
    """
    step = lab.step(watch.step)
    captions: list[wire.FilmCaption] = []
    for caption in watch.captions:
        at, lanes, objects = _moment(film, caption)
        if captions and at < captions[-1].at:
            raise ReplayError(
                f"caption “{caption.when}” (line {caption.line}) comes before the one above it: "
                "put them in the order in which things happen"
            )
        captions.append(wire.FilmCaption(at, caption.text, lanes, objects))
    told = msgspec.structs.replace(
        film,
        title=f"{lab.title}: {step.title}" if step is not None else lab.title,
        captions=tuple(captions),
        cells=tuple(cell for cell in film.cells if cell.run == film.run),
    )
    return _normal(told)


# -- captions ------------------------------------------------------------------------------


def _moment(film: wire.Film, caption: Caption) -> Found:
    """When it is, in the film's milliseconds, and what it speaks of."""
    what, _, place = caption.when.partition(" ")
    if what == "begin":
        return film.begin, (), ()
    if what == "end":
        return film.end, (), ()
    number = int(place or 1)
    found = sorted(_EVENTS.get(what, _marks(what))(film))
    if len(found) < number:
        seen = f"only {len(found)} were seen" if found else "none was seen"
        raise ReplayError(f"caption “{caption.when}” (line {caption.line}): there is no such moment; {seen}")
    return found[number - 1]


def _others(film: wire.Film) -> list[wire.FilmLane]:
    return [lane for lane in film.lanes if lane.kind != "notebook"]


def _marks(act: str) -> Callable[[wire.Film], Iterable[Found]]:
    def found(film: wire.Film) -> Iterable[Found]:
        for mark in film.marks:
            if mark.act == act:
                lanes = tuple(filter(None, (mark.lane, mark.other)))
                yield mark.at, lanes, (mark.object,) if mark.object else ()

    return found


_EVENTS: Mapping[str, Callable[[wire.Film], Iterable[Found]]] = {
    "start": lambda film: ((lane.born, (lane.id,), ()) for lane in _others(film)),
    "run": lambda film: ((lane.ran, (lane.id,), ()) for lane in _others(film) if lane.ran is not None),
    "exit": lambda film: ((lane.ended, (lane.id,), ()) for lane in _others(film) if lane.ended is not None),
    "wait": lambda film: (
        (wait.begin, (wait.lane,), (wait.object,) if wait.object else ())
        for wait in film.waits
        if wait.begin >= film.begin
    ),
    "deadlock": lambda film: ((dead.begin, dead.lanes, tuple(filter(None, dead.objects))) for dead in film.deadlocks),
}


# -- the same for everybody ------------------------------------------------------------------


def _normal(film: wire.Film) -> wire.Film:
    """Ids, process numbers and the clock count from the film's own beginning."""
    ids = {lane.id: f"l{place}" for place, lane in enumerate(film.lanes)}
    ids |= {thing.id: f"o{place}" for place, thing in enumerate(film.objects)}
    pids = {pid: 1000 + place for place, pid in enumerate(dict.fromkeys(lane.pid for lane in film.lanes))}
    tids = {tid: 1000 + place for place, tid in enumerate(dict.fromkeys(lane.tid for lane in film.lanes))}
    begin = film.begin
    value = msgspec.to_builtins(film)
    plain = _told(value, ids, begin)
    for lane in plain["lanes"]:
        lane["pid"], lane["tid"] = pids[lane["pid"]], tids.get(lane["tid"], 0)
    plain |= {"kernel_id": "", "unix": 0.0, "begin": 0.0, "end": _ms(film.end, begin)}
    return msgspec.convert(plain, wire.Film)


#: Fields that are moments, and fields that are ids.
_TIMES = frozenset({"at", "begin", "end", "born", "ran", "ended"})
_IDS = frozenset({"id", "parent", "lane", "object", "other"})


def _told(value: Any, ids: Mapping[str, str], begin: float, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _told(one, ids, begin, name) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_told(one, ids, begin, key if isinstance(one, str) else "") for one in value]
    if key in _TIMES and isinstance(value, float | int):
        return _ms(value, begin)
    if isinstance(value, str) and (key in _IDS or key in ("lanes", "objects", "holders")):
        return ids.get(value, "")
    return value


def _ms(at: float, begin: float) -> float:
    """Milliseconds since the beginning; what was there before has been there from the beginning."""
    return round(max(0.0, at - begin), 1)
