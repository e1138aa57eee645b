"""Where CPython keeps the items of a tuple, by words of memory written down by hand."""

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
