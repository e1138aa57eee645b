"""What all facts share: the base of their structs, and the bounds of their texts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=4096)]
Name = Annotated[str, msgspec.Meta(max_length=512)]
StartMethod = Literal["fork", "spawn", "forkserver", "os.fork", ""]


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of all facts: a frozen struct that leaves defaults out of its JSON."""
