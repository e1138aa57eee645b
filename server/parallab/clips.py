"""A film of one run of a step's cell, as the class is sent it: packed, named by its content, and bounded. Pure.

Whoever sends one may be anybody: what is unpacked here is a film of our own shape and within its bounds, or an error.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec

from parallab import model, wire
from parallab.film import NEWEST, bounds, film

#: Bytes of a packed clip, and of one that is not, at the most. The largest film within its bounds has some 600 KiB.
PACKED: Final = 256 * 1024
OPEN: Final = 2 * 1024 * 1024
#: How many of each of a film's lists are taken; of those that a film does not bound by itself, a plain number.
FEW: Final = 200
MOST: Final = {
    "lanes": bounds.LANES + 1,
    "objects": bounds.OBJECTS,
    "links": bounds.LINKS,
    "waits": bounds.WAITS,
    "marks": bounds.MARKS,
    "states": bounds.STATES,
    "cells": bounds.CELLS,
    "deadlocks": FEW,
    "captions": FEW,
    "left_out": FEW,
    "not_recorded": FEW,
}

_decoder = msgspec.json.Decoder(wire.Film)


class ClipError(ValueError):
    """What was sent is no clip; the text says why not."""


@dataclass(frozen=True)
class Clip:
    """``data`` is the film, packed; ``name`` follows from it."""

    name: str
    data: bytes


def of_run(recording: model.Recording, cells: Collection[str], title: str) -> Clip | None:
    """The newest run of these cells that started anything; None where none did, or where it is too large."""
    found = film(recording, title=title, run=NEWEST, cells=cells)
    if not found.run:
        return None
    # Only this run is in it, so the others cannot be chosen; and which kernel it was is nobody's business.
    own = tuple(cell for cell in found.cells if cell.run == found.run)
    return pack(msgspec.structs.replace(found, kernel_id="", cells=own))


def pack(found: wire.Film) -> Clip | None:
    """The film as a clip; None where it is too large."""
    plain = msgspec.json.encode(found)
    if len(plain) > OPEN:
        return None
    data = zlib.compress(plain, 6)
    return Clip(name_of(data), data) if len(data) <= PACKED else None


def name_of(data: bytes) -> str:
    """What a clip of this content is called."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def unpack(clip: Clip) -> wire.Film:
    """The film.

    :raises ClipError: it is none, is too large, or has another name than its content.
    """
    if len(clip.data) > PACKED:
        raise ClipError(f"a clip may have {PACKED // 1024} KiB; this one has {len(clip.data) // 1024}")
    if clip.name != name_of(clip.data):
        raise ClipError("its name does not fit its content")
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(clip.data, OPEN + 1)
        found = _decoder.decode(plain) if len(plain) <= OPEN and unpacker.eof else None
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ClipError(f"it is no film: {str(error)[:200]}") from None
    if found is None or unpacker.unused_data:
        raise ClipError(f"it is not whole, or has more than {OPEN // 1024} KiB when it is unpacked")
    if found.schema != wire.SCHEMA:
        raise ClipError(f"it is of another version: {found.schema}, not {wire.SCHEMA}")
    for name, most in MOST.items():
        if len(getattr(found, name)) > most:
            raise ClipError(f"a film may have {most} {name}; this one has {len(getattr(found, name))}")
    return found
