"""An author looks at a lab: what is saved in its files is told to the browser, and comes into the notebook."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from parallab import replays, wire
from parallab.replays import Replay

NOTEBOOK = "parallab/90-of-all-kinds/90-of-all-kinds.ipynb"


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    config = {name: dict(part) for name, part in jp_server_config.items()}
    config["ParallabApp"]["preview"] = True
    return config


async def test_a_saved_file_is_told_and_comes_into_the_notebook(call, jp_serverapp, labs: Path, jp_root_dir) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()

    async def listen(logger: Any, schema_id: str, data: Any) -> None:
        heard.put_nowait(data)

    jp_serverapp.event_logger.add_listener(schema_id=wire.LAB_EVENT, listener=listen)
    await call("labs/L90/open", {})
    file = labs / "90-of-all-kinds" / "lab.md"
    file.write_text(file.read_text().replace("Start a child.", "Start a child now."))
    # Its first look may be still to come, and sees no change then: a file is saved until one was seen.
    while heard.empty():
        file.write_text(file.read_text() + "\n")
        await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0.1))])
    assert heard.get_nowait() == {"lab": "L90"}
    news = (await call("labs/L90/open", {})).json["news"]
    assert (news["before"], news["version"], news["old"], news["renewed"]) == (2, 2, "", ["Start one"])
    assert "Start a child now." in (jp_root_dir / NOTEBOOK).read_text()


async def test_the_replay_is_handed_out_and_a_broken_one_is_told(call, labs: Path) -> None:
    folder = labs / "90-of-all-kinds"
    status, told = await call("labs/L90/replay")
    assert (status, told["message"]) == (404, "Lab L90 has nothing to watch.")
    assert (await call("labs/L90")).json["watch"] == ""

    film = wire.Film(1, "Of all kinds: Start one", "", 0.0, 0.0, 9.0, 1, False, False, ())
    (folder / "lab.md").write_text((folder / "lab.md").read_text() + "\n:::{watch} start\n- begin: Look.\n:::\n")
    (folder / "replay.json").write_text(
        json.dumps({"schema": 1, "lab": "L90", "version": 2, "made_of": "x", "film": json.loads(wire_text(film))})
    )
    assert (await call("labs/L90/replay")).json["title"] == "Of all kinds: Start one"
    assert (await call("labs/L90")).json["watch"] == "start"

    for text in (b"{", b" " * (replays.LARGEST + 1)):
        (folder / "replay.json").write_bytes(text)
        status, told = await call("labs/L90/replay")
        assert (status, told["message"][:50]) == (404, "What there is to watch of lab L90 cannot be shown:")


def wire_text(film: wire.Film) -> bytes:
    import msgspec

    return msgspec.json.encode(film)


def test_a_replay_has_the_fields_that_the_server_reads() -> None:
    assert set(Replay.__struct_fields__) == {"schema", "lab", "version", "made_of", "film"}
