"""Clips: the run that was checked and no other, as small as promised; what anybody sends is held against that."""

from __future__ import annotations

import zlib

import msgspec
import pytest

from corpus import films
from parallab import clips, wire
from parallab.clips import Clip, ClipError
from parallab.film import film


def made(name: str) -> wire.Film:
    return films.made(name)


def packed(value: object) -> Clip:
    data = zlib.compress(value if isinstance(value, bytes) else msgspec.json.encode(value))
    return Clip(clips.name_of(data), data)


@pytest.mark.parametrize("name", sorted(films.FROM))
def test_every_real_film_fits_and_comes_back_as_it_was(name: str) -> None:
    clip = clips.pack(made(name))
    assert clip is not None
    assert clips.unpack(clip) == made(name)
    assert len(clip.data) < clips.PACKED // 4


def test_a_clip_is_of_the_newest_run_of_its_own_cells() -> None:
    recording = films.recording("four-at-once")
    whole = film(recording)
    starters = [cell for cell in whole.cells if cell.lanes]
    newest = max(starters, key=lambda cell: cell.run)
    clip = clips.of_run(recording, {newest.cell}, "L04 four-at-once")
    assert clip is not None
    told = clips.unpack(clip)
    assert (told.run, told.title, told.kernel_id) == (newest.run, "L04 four-at-once", "")
    assert [cell.run for cell in told.cells] == [newest.run]
    assert {lane.run for lane in told.lanes if lane.kind != "notebook"} == {newest.run}


def test_of_cells_that_started_nothing_there_is_none() -> None:
    recording = films.recording("four-at-once")
    cells = film(recording).cells
    started = {cell.cell for cell in cells if cell.lanes or cell.end is None}
    assert clips.of_run(recording, {cell.cell for cell in cells} - started, "") is None
    assert clips.of_run(recording, (), "") is None


def test_what_is_too_large_is_not_packed() -> None:
    whole = made("crowd")
    lane = msgspec.structs.replace(whole.lanes[0], error="x" * clips.OPEN)
    assert clips.pack(msgspec.structs.replace(whole, lanes=(lane,))) is None


@pytest.mark.parametrize(
    ("clip", "why"),
    [
        pytest.param(Clip("0" * 32, b""), "name does not fit", id="forged name"),
        pytest.param(packed(b"no JSON"), "no film", id="no JSON"),
        pytest.param(packed({"schema": 1}), "no film", id="another shape"),
        pytest.param(packed(b"[" * 100_000), "no film", id="deeply nested"),
        pytest.param(packed(b" " * (clips.OPEN + 1)), "more than", id="a bomb"),
        pytest.param(Clip(clips.name_of(b"x" * 400_000), b"x" * 400_000), "may have 256 KiB", id="too large"),
        pytest.param(Clip(clips.name_of(b"plain"), b"plain"), "no film", id="not packed"),
    ],
)
def test_what_is_no_clip_is_refused(clip: Clip, why: str) -> None:
    with pytest.raises(ClipError, match=why):
        clips.unpack(clip)


def test_what_is_cut_off_or_goes_on_is_refused() -> None:
    data = packed(made("stuck")).data
    for bad in (data[:-8], data + b"more"):
        with pytest.raises(ClipError, match="not whole"):
            clips.unpack(Clip(clips.name_of(bad), bad))


@pytest.mark.parametrize("name", sorted(clips.MOST))
def test_no_list_is_longer_than_a_film_has_them(name: str) -> None:
    whole = made("everything")
    one = getattr(whole, name) or (getattr(made("deadlock"), name) or _ONE[name])
    many = msgspec.structs.replace(whole, **{name: tuple(one[:1]) * (clips.MOST[name] + 1)})
    with pytest.raises(ClipError, match=f"may have {clips.MOST[name]} {name}"):
        clips.unpack(packed(many))


_ONE = {
    "captions": (wire.FilmCaption(0.0, "A"),),
    "left_out": (wire.FilmGap("marks", 1, 0.0, 1.0),),
    "not_recorded": ("Something.",),
}


def test_a_film_of_another_version_is_refused() -> None:
    with pytest.raises(ClipError, match="another version"):
        clips.unpack(packed(msgspec.structs.replace(made("stuck"), schema=99)))
