"""The box of clips that wait: the newest few, whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from parallab.clip_box import MOST, ClipBox
from parallab.clips import Clip, name_of


def clip(text: str) -> Clip:
    return Clip(name_of(text.encode()), text.encode())


def test_what_is_kept_is_read_until_it_is_dropped(tmp_path: Path) -> None:
    box = ClipBox(tmp_path / "clips")
    one = clip("one")
    assert box.read(one.name) is None
    box.drop(one.name)
    box.keep(one)
    box.keep(one)
    assert box.read(one.name) == one
    assert (tmp_path / "clips").stat().st_mode & 0o777 == 0o700
    box.drop(one.name)
    assert box.read(one.name) is None
    assert list((tmp_path / "clips").iterdir()) == []


def test_of_many_the_newest_stay(tmp_path: Path) -> None:
    box = ClipBox(tmp_path)
    made = [clip(str(number)) for number in range(MOST + 3)]
    for number, one in enumerate(made):
        box.keep(one)
        os.utime(tmp_path / f"{one.name}.clip", (number, number))
    box.keep(made[-1])
    assert [one for one in made if box.read(one.name) is not None] == made[3:]
