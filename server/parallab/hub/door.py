"""The class service's process: listens at once, and opens the class behind that.

JupyterHub 5 ends if a service of its own does not answer within ten seconds of its start, and what is behind (the Hub's
own library, SQLAlchemy, a class of a year) may need longer on a busy machine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from urllib.parse import urlsplit

from tornado import httputil, web
from tornado.httpserver import HTTPServer

from parallab import reports
from parallab.hub import settings

#: Seconds that a request may take to arrive; a notebook of 5 MiB by a slow line.
SLOW = 120

STARTING = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Parallab</title></head>
<body><main><h1>The class service is starting</h1><p>This page looks again by itself.</p></main></body></html>
"""


class _StartingHandler(web.RequestHandler):
    """Anything, while there is no class yet: come back later. Nothing is lost, learners' servers ask again."""

    def initialize(self, status: int) -> None:
        self._status = status

    def prepare(self) -> None:
        """Whatever is asked."""
        self.set_status(self._status)
        self.set_header("Retry-After", "2")
        self.set_header("Refresh", "2")
        self.set_header("Cache-Control", "no-store")
        self.finish(STARTING)


class Door(httputil.HTTPServerConnectionDelegate):
    """What the HTTP server speaks to; who is ``behind`` it changes once, when the class is there."""

    def __init__(self, prefix: str) -> None:
        # The Hub looks at the first of these to see whether anybody is there, and takes no 503 for a yes.
        root = f"{re.escape(prefix.rstrip('/'))}/?"
        self.behind = web.Application(
            [(root, _StartingHandler, {"status": 200}), (r".*", _StartingHandler, {"status": 503})],
            log_function=lambda _: None,
        )

    def start_request(self, server_conn: object, request_conn: httputil.HTTPConnection) -> httputil.HTTPMessageDelegate:
        """To whoever is behind."""
        return self.behind.start_request(server_conn, request_conn)


async def serve(environment: Mapping[str, str]) -> None:
    """Runs until SIGTERM or SIGINT.

    :raises SettingsError: the settings cannot be used.
    :raises CannotOpen: (of ``app``) the database cannot be opened.
    """
    told = settings.read(environment)
    at = urlsplit(environment["JUPYTERHUB_SERVICE_URL"])
    door = Door(environment["JUPYTERHUB_SERVICE_PREFIX"])
    # Whoever begins a request and does not go on is let go: nobody has logged in by then.
    server = HTTPServer(door, max_body_size=reports.NOTEBOOK + 64 * 1024, body_timeout=SLOW, xheaders=True)
    server.listen(at.port or 80, at.hostname or "127.0.0.1")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = await asyncio.to_thread(_app)
    async with app.opened(told, environment) as made:
        door.behind = made
        await stop.wait()
        server.stop()


def _app() -> ModuleType:
    from parallab.hub import app

    return app


def main() -> int:
    """``python -m parallab.hub``; started by the Hub, with the environment that it gives a service."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    # HubOAuth tells there, at level INFO, the ids of sessions.
    logging.getLogger("tornado.application").setLevel(logging.WARNING)
    # ``database`` says in a line of its own what was brought up to date.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        with suppress(asyncio.CancelledError):
            asyncio.run(serve(os.environ))
    except KeyError as error:
        print(f"parallab.hub: {error.args[0]} is not set: the class service is started by JupyterHub.", file=sys.stderr)
        return 2
    except settings.CannotOpen as error:
        print(f"parallab.hub: {error}", file=sys.stderr)
        return 1
    except ValueError as error:
        print(f"parallab.hub: {error}", file=sys.stderr)
        return 2
    return 0
