"""Where CPython keeps the items of a tuple and the letters of a string, by words of memory written down by hand."""

from __future__ import annotations

import struct

import pytest

from parallab.procfs import layout

TYPE, BASES, OBJECT, KIND, NAME = 0x10000, 0x20000, 0x30000, 0x40000, 0x50000


def memory(hashed: bool):
    """``type``, whose bases are itself and ``object``: count, kind, size, from 3.14 on the hash, and the items."""
    words = [1, KIND, 2, *([0xFFFF_FFFF_FFFF_FFFF] if hashed else []), TYPE, OBJECT]
    parts = {
        TYPE + 344: struct.pack("<Q", BASES),
        BASES: struct.pack(f"<{len(words)}Q", *words),
        KIND + layout.NAME: struct.pack("<Q", NAME),
        NAME: b"tuple\0",
    }

    def read(address: int, size: int) -> bytes | None:
        for start, data in parts.items():
            if start <= address < start + len(data):
                return data[address - start :][:size]
        return None

    return read


@pytest.mark.parametrize("hashed", [False, True], ids=["up to 3.13", "3.14"])
def test_items_of_a_tuple_with_a_hash_and_without(hashed: bool) -> None:
    read = memory(hashed)

    reader = layout.Objects(read, layout.LAYOUTS[0], layout.tuple_items(read, TYPE))

    assert reader.items(BASES) == (TYPE, OBJECT)


def test_where_nothing_can_be_read_no_hash_is_believed() -> None:
    assert layout.tuple_items(lambda *_: None, TYPE) == layout.tuple_items(memory(False), TYPE)


@pytest.mark.parametrize("made", layout.LAYOUTS, ids=lambda one: one.version)
@pytest.mark.parametrize(
    ("text", "kind", "plain", "encoding"),
    [("name", 1, 1, "ascii"), ("Žluť", 2, 0, "utf-16-le"), ("schön\n", 1, 0, "latin-1"), ("司🚕", 4, 0, "utf-32-le")],
    ids=["ascii", "two bytes", "latin", "four bytes"],
)
def test_a_string_of_any_letters(made: layout.Layout, text: str, kind: int, plain: int, encoding: str) -> None:
    head = struct.pack("<QQQQI", 1, KIND, len(text), 0, kind << 2 | 1 << 5 | plain << 6)
    data = head.ljust(made.text if plain else made.wide, b"\0") + text.encode(encoding)
    parts = {TYPE: data, KIND + layout.NAME: struct.pack("<Q", NAME), NAME: b"str\0"}

    def read(address: int, size: int) -> bytes | None:
        part = next((start for start in parts if start <= address < start + len(parts[start])), None)
        return parts[part][address - part :][:size] if part is not None else None

    assert layout.Objects(read, made).text(TYPE) == text
