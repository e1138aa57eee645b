"""A real Jupyter server with Parallab and two labs of its own; coroutines run on its loop."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from pytest_jupyter.jupyter_core import *  # noqa: F403
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.pytest_tornasync import *  # noqa: F403

sys.path.insert(0, str(Path(__file__).parent))


class Reply(NamedTuple):
    status: int
    json: Any


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    from labs import write

    return write(tmp_path / "labs")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "progress.sqlite"


@pytest.fixture
def jp_server_config(labs: Path, database: Path) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"parallab": True, "jupyter_server_terminals": False}},
        "ParallabApp": {"lab_folders": [str(labs)], "store_url": f"sqlite:///{database}"},
    }


@pytest.fixture
def call(jp_serverapp, http_server_client, jp_base_url, jp_auth_header):
    """Sends a request below /parallab; an object is sent as JSON, errors come back as replies."""

    async def send(path: str, body: Any = None, *, method: str = "", headers: dict[str, str] | None = None) -> Reply:
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        answer = await http_server_client.fetch(
            f"{jp_base_url}parallab/{path}",
            method=method or ("GET" if body is None else "POST"),
            body=body,
            headers=headers or jp_auth_header,
            raise_error=False,
            request_timeout=60,
        )
        return Reply(answer.code, json.loads(answer.body))

    return send


@pytest.fixture
def desk(jp_serverapp):
    return jp_serverapp.web_app.settings["parallab_desk"]
