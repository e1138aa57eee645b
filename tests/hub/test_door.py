"""The class service's process as it starts: somebody is there at once, and what is wrong is said in a line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from hub.rig import FOREIGN, free_ports
from parallab.hub.door import Door
from parallab.hub.settings import VARIABLE

PREFIX = "/services/parallab/"


class Hello(web.RequestHandler):
    def get(self) -> None:
        self.finish("the class")


@pytest.mark.asyncio
async def test_whoever_comes_early_is_told_to_come_back_and_the_hub_that_somebody_is_there() -> None:
    door = Door(PREFIX)
    server = HTTPServer(door)
    socket, port = bind_unused_port()
    server.add_socket(socket)
    client = AsyncHTTPClient(force_instance=True)

    async def ask(path: str, method: str = "GET") -> HTTPResponse:
        body = None if method == "GET" else b"{}"
        return await client.fetch(f"http://127.0.0.1:{port}{path}", method=method, body=body, raise_error=False)

    # JupyterHub 5 waits ten seconds for this one, and takes no 503 for an answer.
    for root in (PREFIX, PREFIX.rstrip("/")):
        first = await ask(root)
        assert (first.code, first.headers["Refresh"]) == (200, "2")
        assert b"is starting" in first.body
    for path, method in (("health", "GET"), ("api/reports", "POST"), ("class/a", "GET")):
        reply = await ask(PREFIX + path, method)
        assert (reply.code, reply.headers["Retry-After"]) == (503, "2")
    door.behind = web.Application([(PREFIX, Hello)])
    assert (await ask(PREFIX)).body == b"the class"
    client.close()
    server.stop()
    await server.close_all_connections()


def test_it_is_there_before_anything_large_is_loaded() -> None:
    large = "jupyterhub", "sqlalchemy", "alembic"
    code = f"import sys, parallab.hub.__main__; print([one for one in {large} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ({}, 2, f"{VARIABLE} is not set"),
        ({VARIABLE: "{}"}, 2, "JUPYTERHUB_SERVICE_URL is not set: the class service is started by JupyterHub."),
        ({VARIABLE: '{"database": "mysql://x/y"}'}, 2, "SQLite or PostgreSQL"),
        ({VARIABLE: '{"database": "sqlite:////no/such/folder/c.sqlite"}'}, 1, "the database cannot be opened"),
    ],
)
def test_what_is_wrong_is_one_line(given: dict[str, str], code: int, said: str) -> None:
    told = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)} | given
    if "database" in given.get(VARIABLE, ""):
        told |= {
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{free_ports(1)[0]}",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTERHUB_API_TOKEN": "t",
            "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
        }
    done = subprocess.run([sys.executable, "-m", "parallab.hub"], env=told, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
