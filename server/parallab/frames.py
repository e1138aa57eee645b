"""How processes of ours speak over pipes: each frame is its length, 4 bytes big-endian, and so many bytes."""

from __future__ import annotations

import struct

LENGTH = struct.Struct(">I")
