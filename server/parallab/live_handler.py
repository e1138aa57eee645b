"""The WebSocket of a kernel's live picture: kernels/{kernel}/live.

The client says with a LiveRequest what it wants to be told of, and gets a LiveMessage at once and with
each change. Who looks no more closes it. Authentication, permission and origin are Jupyter's.
"""

from __future__ import annotations

from http.client import responses
from typing import Any

import msgspec
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from parallab import wire
from parallab.desk import Desk
from parallab.feed import Looker, Outbox
from parallab.phrases import Tongue, wanted
from parallab.problems import Problem
from parallab.retelling import retold

#: Bytes of a client's message: a LiveRequest has a few words.
LARGEST = 1024
#: RFC 6455, section 7.4.1: the end of the kernel or of this server; a message that makes no sense.
GOING_AWAY, UNACCEPTABLE = 1001, 1008


class LiveHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One client of one kernel."""

    auth_resource = "parallab"
    looker: Looker | None = None
    tongue: Tongue | None = None

    @property
    def max_message_size(self) -> int:
        """In bytes; a longer message ends the connection."""
        return LARGEST

    def set_default_headers(self) -> None:
        """Those of a page make no sense here."""

    def get_compression_options(self) -> Any:
        """As the server has it for kernels."""
        return self.settings.get("websocket_compression_options")

    @ws_authenticated
    @authorized
    async def get(self, kernel: str) -> None:
        desk: Desk = self.settings["parallab_desk"]
        # A browser lets nobody set the header of a WebSocket.
        self.tongue = desk.speaking(wanted(self.get_query_argument("language", ""))).tongue()
        self.outbox = Outbox(self._write, self._over)
        try:
            self.looker = desk.machine.look(kernel, self.outbox)
        except Problem as problem:
            raise web.HTTPError(problem.status, problem.message) from None
        await super().get(kernel)

    def on_message(self, message: str | bytes) -> None:
        """A LiveRequest."""
        try:
            request = msgspec.json.decode(message, type=wire.LiveRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.close(UNACCEPTABLE, "A message must be a LiveRequest in JSON. Reload the page.")
            return
        if self.looker is not None:
            self.looker.want(request)

    def on_close(self) -> None:
        """The client is gone, or looks no more."""
        if self.looker is not None:
            self.looker.close()
            self.looker = None

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """A refusal, before the connection is one of a WebSocket."""
        _, error, _ = kwargs.get("exc_info") or (None, None, None)
        told = error.log_message if isinstance(error, web.HTTPError) else None
        self.set_header("Content-Type", "application/json")
        self.finish(msgspec.json.encode(wire.ProblemReply(told or responses.get(status_code, "Unknown error"))))

    async def _write(self, message: bytes) -> None:
        """Ends when the client has taken it: what it has not taken is not kept here."""
        try:
            await self.write_message(self._told(message))
        except WebSocketClosedError as error:
            raise ConnectionError from error

    def _told(self, message: bytes) -> bytes:
        """The message in the client's language; a film of a kernel has hardly a sentence, and stays as it is."""
        if self.tongue is None:
            return message
        found = msgspec.json.decode(message, type=wire.LiveMessage)
        return message if found.state is None else msgspec.json.encode(retold(found, self.tongue))

    def _over(self) -> None:
        self.close(GOING_AWAY)
