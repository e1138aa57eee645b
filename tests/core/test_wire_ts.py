"""wire.ts: what it says of each kind of field, and that the committed one is not stale."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Literal

import msgspec
import pytest

from parallab import wire_ts

Colour = Literal["red", "green"]


class Leaf(msgspec.Struct, frozen=True):
    """A leaf."""

    colour: Colour
    size: float | None = None


class Tree(msgspec.Struct, frozen=True):
    """What the server writes."""

    leaves: tuple[Leaf, ...]
    names: dict[str, tuple[str, ...]]
    mood: Literal["it's"] = "it's"


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it reads."""

    name: str
    level: int = 1


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing at all."""


class Odd(msgspec.Struct, frozen=True):
    """More than TypeScript is told."""

    anything: Any


def typescript(*roots: type) -> str:
    return wire_ts.typescript(SimpleNamespace(ROOTS=roots, Colour=Colour, SCHEMA=1, lower="no constant"))


def test_a_reply_is_complete_and_a_request_may_leave_out_defaults() -> None:
    assert (
        typescript(Tree, Ask, Nothing)
        == wire_ts.HEADER
        + """
export const SCHEMA = 1;

export type Colour = 'green' | 'red';

/** What it reads. */
export interface Ask {
  readonly name: string;
  readonly level?: number;
}

/** A leaf. */
export interface Leaf {
  readonly colour: Colour;
  readonly size: number | null;
}

/** Nothing at all. */
export type Nothing = Record<string, never>;

/** What the server writes. */
export interface Tree {
  readonly leaves: readonly Leaf[];
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly mood: 'it\\'s';
}
"""
    )


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(ValueError, match=r"wire\.ts cannot say"):
        typescript(Odd)


def test_check_tells_a_stale_file_and_what_to_do(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "wire.ts"
    assert wire_ts.main(["--check", "--out", str(file)]) == 1
    assert "run `python -m parallab.wire_ts`" in capsys.readouterr().err
    assert wire_ts.main(["--out", str(file)]) == 0
    assert wire_ts.main(["--check", "--out", str(file)]) == 0


@pytest.mark.skipif(not wire_ts.TARGET.parent.is_dir(), reason="only in a source tree")
def test_the_committed_file_is_not_stale() -> None:
    assert wire_ts.main(["--check"]) == 0
