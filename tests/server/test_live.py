"""The live picture over its WebSocket: real kernels, real connections, and clients that come, go, or fall asleep."""

# ruff: noqa: F811 - fixtures

from __future__ import annotations

import asyncio
import json
import socket
import time
from itertools import pairwise
from typing import Any

import pytest
from test_kernels import jp_kernelspec_dir, start, until  # noqa: F401 - fixtures
from tornado.httpclient import HTTPClientError

from parallab import model, wire
from parallab.feed import PAUSE, Feed, Outbox

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

#: Seconds from an event to its message, as promised; and by how much a machine with other work to do may be slower.
LATENCY, SLOWER = 0.2, 10
FOUR = """
import multiprocessing as mp, time
ctx = mp.get_context("fork")
gate = ctx.Event()
team = [ctx.Process(target=gate.wait, name=f"worker-{n}") for n in range(4)]
for one in team: one.start()
"""
CROSSWISE = """
import multiprocessing as mp
ctx = mp.get_context("fork")
lock_a, lock_b, both = ctx.Lock(), ctx.Lock(), ctx.Barrier(2)
def move(first, second):
    with first:
        both.wait()
        with second: pass
there = ctx.Process(target=move, args=(lock_a, lock_b), name="A-to-B")
back = ctx.Process(target=move, args=(lock_b, lock_a), name="B-to-A")
there.start(); back.start()
there.join(); back.join()
"""
THREADS = """
import threading
class Account:
    def __init__(self): self.lock = threading.Lock()
mine, yours, both = Account(), Account(), threading.Barrier(2)
def move(one, other):
    with one.lock:
        both.wait()
        with other.lock:
            pass
team = [threading.Thread(target=move, args=pair, name=name, daemon=True)
        for name, pair in {"there": (mine, yours), "back": (yours, mine)}.items()]
for one in team: one.start()
for one in team: one.join()
"""
BUSY = """
import multiprocessing as mp, time
lock = mp.get_context("fork").Lock()
end = time.monotonic() + 2
while time.monotonic() < end:
    with lock: pass
"""


class Client:
    """One page that looks."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.heard: list[tuple[float, Any]] = []

    async def want(self, **what: bool) -> Client:
        await self.connection.write_message(json.dumps(what))
        return self

    async def next(self, seconds: float = 60) -> Any:
        """The next message, None when the connection has ended."""
        text = await asyncio.wait_for(self.connection.read_message(), seconds)
        if text is None:
            return None
        self.heard.append((time.monotonic(), json.loads(text)))
        return self.heard[-1][1]

    async def until(self, true: Any) -> Any:
        """The state of the first message of which this is true."""
        while True:
            message = await self.next()
            assert message is not None, "the connection has ended"
            if true(message["state"]):
                return message["state"]

    async def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        try:
            await self.next(seconds)
        except asyncio.TimeoutError:
            return True
        return False


@pytest.fixture
def look(jp_ws_fetch):
    made: list[Any] = []

    async def go(kernel: Any) -> Client:
        made.append(await jp_ws_fetch("parallab", "kernels", kernel.id, "live"))
        return Client(made[-1])

    yield go
    for connection in made:
        connection.close()


def alive(state: Any) -> list[str]:
    return [one["name"] for one in state["processes"] if one["state"] != "ended"]


async def test_four_workers_are_told_of_while_they_live_and_when_they_end(start, look) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=True)
    first = (await client.next())["state"]
    assert (first["kind"], first["busy"], first["processes"], first["pid"]) == (
        "recorded",
        False,
        [],
        kernel.recorder.pid,
    )
    await kernel.run(FOUR, "c1", "start")
    shown = await client.until(lambda state: len(alive(state)) == 4 and not state["busy"])
    assert alive(shown) == ["worker-0", "worker-1", "worker-2", "worker-3"]
    assert {one["parent"] for one in shown["processes"]} == {0}
    await kernel.run("gate.set()\nfor one in team: one.join()", "c2", "start")
    over = await client.until(lambda state: not state["busy"] and not alive(state))
    assert all(one["exit_code"] == 0 for one in over["processes"])


async def test_who_waits_for_whom_in_the_learners_own_names_before_anybody_interrupts(start, look) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=True)
    kernel.send(CROSSWISE, "c1", "start")
    stuck = await client.until(lambda state: state["stuck"] and any("lock_a" in text for text in state["diagnoses"]))
    assert set(stuck["diagnoses"]) == {
        "“A-to-B” waits for lock_b, held by “B-to-A”",
        "“B-to-A” waits for lock_a, held by “A-to-B”",
    }
    assert {one["name"]: one["waits_for"] for one in stuck["processes"]} == {
        "A-to-B": "lock_b, held by “B-to-A”",
        "B-to-A": "lock_a, held by “A-to-B”",
    }
    assert stuck["waits_for"] == "“A-to-B” to end"
    assert stuck["mistake"]["id"] == "M43"
    # Frozen: nothing moves, nothing is sent.
    assert await client.silent(2)
    await kernel.manager.interrupt_kernel()
    await client.until(lambda state: not state["busy"])


async def test_threads_wait_for_locks_by_the_learners_names(start, look) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=True)
    kernel.send(THREADS, "c1")
    stuck = await client.until(
        lambda state: state["stuck"] and any(one["waits_for"] == "yours.lock" for one in state["threads"])
    )
    assert {one["name"]: one["waits_for"] for one in stuck["threads"]} == {"there": "yours.lock", "back": "mine.lock"}
    assert stuck["waits_for"] == "thread “there” to end"
    await kernel.manager.interrupt_kernel()
    await client.until(lambda state: not state["busy"])


async def test_the_film_comes_to_who_asks_for_it(start, look) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=False, film=True)
    assert (await client.next())["film"]["kernel_id"] == kernel.id
    await kernel.run(FOUR, "c1", "start")
    while True:
        message = await client.next()
        assert message["state"] is None
        if [lane["name"] for lane in message["film"]["lanes"] if lane["kind"] == "process"] == [
            "worker-0",
            "worker-1",
            "worker-2",
            "worker-3",
        ]:
            break
    await client.want(state=True, film=False)
    while (message := await client.next())["state"] is None:
        pass
    assert len(alive(message["state"])) == 4


async def test_messages_come_soon_seldom_and_not_while_nothing_happens(start, look) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=True)
    await client.next()
    assert await client.silent(1)
    began = 0.0

    def heard(what: str) -> None:
        nonlocal began
        if what == "cell-begin":
            began = time.monotonic()

    kernel.recorder.listen(heard)
    kernel.send(BUSY, "c1", "start")
    await client.until(lambda state: state["busy"])
    assert client.heard[-1][0] - began < LATENCY * SLOWER
    await client.until(lambda state: not state["busy"])
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(client.heard)]
    assert sum(gaps) / len(gaps) >= PAUSE * 0.9
    assert await client.silent(1)


async def test_two_kernels_and_two_clients_of_one_do_not_mix(start, look) -> None:
    one, other = await start(), await start()
    first, second, third = [await (await look(kernel)).want(state=True) for kernel in (one, one, other)]
    for client, kernel in ((first, one), (second, one), (third, other)):
        assert (await client.next())["state"]["kernel_id"] == kernel.id
    await one.run(FOUR, "c1")
    for client in (first, second):
        state = await client.until(lambda state: len(alive(state)) == 4 and not state["busy"])
        assert state["kernel_id"] == one.id
    assert await third.silent(1)
    first.connection.close()
    await other.run(FOUR, "c1")
    await third.until(lambda state: len(alive(state)) == 4)


async def test_nothing_is_drawn_while_nobody_looks(start, look, desk) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=True)
    await client.next()
    feed = desk.watches.over(desk._kernels.find(kernel.id)).feeds["state"]
    drawn = 0
    draw = feed._draw

    def count(recording: model.Recording) -> wire.LiveMessage:
        nonlocal drawn
        drawn += 1
        return draw(recording)

    feed._draw = count
    await client.want(state=False)
    await until(lambda: not feed._lookers)
    await kernel.run("pass", "c1")
    assert await client.silent(0.5)
    await client.want(state=True)
    await client.next()
    assert drawn == 1
    client.connection.close()
    await until(lambda: not feed._lookers)
    await kernel.run("pass", "c1")
    assert drawn == 1


async def test_a_restart_goes_on_and_a_shutdown_ends_it(start, look, jp_serverapp) -> None:
    kernel = await start()
    client = await (await look(kernel)).want(state=True)
    await client.next()
    await jp_serverapp.kernel_manager.restart_kernel(kernel.id)
    await client.until(lambda state: state["kind"] == "recorded" and state["pid"] == kernel.recorder.pid)
    await jp_serverapp.kernel_manager.shutdown_kernel(kernel.id, now=True)
    while await client.next() is not None:
        pass
    assert client.connection.close_code == 1001
    with pytest.raises(HTTPClientError, match="404"):
        await look(kernel)


async def test_a_kernel_that_is_not_recorded_says_so_once(start, look) -> None:
    kernel = await start("plain")
    client = await (await look(kernel)).want(state=True)
    assert (await client.next())["state"]["kind"] == "foreign"
    assert await client.silent(0.5)


@pytest.mark.parametrize("said", ["{", '{"state": "yes"}', '{"more": true}', "x" * 2000])
async def test_a_client_that_makes_no_sense_is_shown_out_and_the_others_stay(start, look, said: str) -> None:
    kernel = await start()
    good = await (await look(kernel)).want(state=True)
    bad = await look(kernel)
    await bad.connection.write_message(said)
    assert await bad.next() is None
    assert bad.connection.close_code in (1008, 1009)
    assert (await good.next())["state"]["kernel_id"] == kernel.id


async def test_strangers_and_other_pages_are_refused(
    start, jp_ws_fetch, jp_serverapp, jp_http_port, monkeypatch
) -> None:
    kernel = await start()
    path = ("parallab", "kernels", kernel.id, "live")
    with pytest.raises(HTTPClientError, match="403"):
        await jp_ws_fetch(*path, headers={"Authorization": "token wrong"})
    # Who comes with a token in a header is a program; a page of another origin is not believed its cookie.
    monkeypatch.setattr("parallab.live_handler.LiveHandler.skip_check_origin", lambda self: False)
    with pytest.raises(HTTPClientError, match="403"):
        await jp_ws_fetch(*path, headers={"Origin": "https://elsewhere.example"})
    (await jp_ws_fetch(*path, headers={"Origin": f"http://localhost:{jp_http_port}"})).close()

    class Nobody(type(jp_serverapp.authorizer)):  # type: ignore[misc]
        def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
            return resource != "parallab"

    monkeypatch.setitem(jp_serverapp.web_app.settings, "authorizer", Nobody(parent=jp_serverapp))
    with pytest.raises(HTTPClientError, match="403"):
        await jp_ws_fetch(*path)


async def test_a_client_that_does_not_read_costs_two_messages_and_no_more() -> None:
    """As a laptop that was closed: what it has not taken is replaced, not kept."""
    taken = asyncio.Event()
    sent: list[bytes] = []

    async def write(message: bytes) -> None:
        sent.append(message)
        await taken.wait()

    outbox = Outbox(write, lambda: None)
    for number in range(1000):
        outbox.put("state", b"%d" % number)
        await asyncio.sleep(0)
    assert (sent, outbox._waiting) == ([b"0"], {"state": b"999"})
    taken.set()
    await until(lambda: outbox._writing is None)
    assert sent == [b"0", b"999"]


async def test_a_client_that_falls_asleep_holds_up_nobody_and_hears_the_newest_when_it_wakes(
    start,
    look,
    jp_http_port,
    jp_base_url,
    jp_auth_header,
    desk,
) -> None:
    """Over a real socket whose reader stops: the server keeps what the system takes, and one message."""
    kernel = await start()
    feed = desk.watches.over(desk._kernels.find(kernel.id)).feeds["state"]
    reader, writer = await asyncio.open_connection("localhost", jp_http_port, limit=2**10)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    lines = [
        f"GET {jp_base_url}parallab/kernels/{kernel.id}/live HTTP/1.1",
        f"Host: localhost:{jp_http_port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        *(f"{name}: {value}" for name, value in jp_auth_header.items()),
    ]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    assert b"101" in await reader.readline()
    # A masked text frame with {}: what a client wants if it says nothing else is the state.
    writer.write(b"\x81\x82\0\0\0\0{}")
    await until(lambda: feed._lookers)
    (asleep,) = feed._lookers
    awake = await (await look(kernel)).want(state=True)
    large = "x" * 200_000
    feed._draw = lambda _: wire.LiveMessage(1, wire.ProblemReply(f"{large}{time.monotonic()}"))  # type: ignore[arg-type]
    for _ in range(60):
        feed._hear("")
        before = len(awake.heard)
        await awake.next()
        assert len(awake.heard) == before + 1
        assert sum(map(len, asleep._waiting.values())) < 2 * len(large)
    assert asleep._writing is not None
    writer.close()
    await until(lambda: asleep not in feed._lookers)


async def test_a_feed_lets_a_pause_between_drawings_that_grows_with_their_cost() -> None:
    """Of a long story a drawing costs more: then it is drawn less often."""

    class Busy:
        listener: Any = None

        def glance(self) -> model.Recording:
            return model.Recording(1, "k", 1)

        def listen(self, listener: Any) -> None:
            self.listener = listener

        def unlisten(self, listener: Any) -> None:
            self.listener = None

    drawn: list[float] = []

    def draw(_: model.Recording) -> wire.LiveMessage:
        end = time.thread_time() + 0.03
        while time.thread_time() < end:
            pass
        drawn.append(time.monotonic())
        return wire.LiveMessage(1)

    busy = Busy()
    feed = Feed("state", busy, draw, pause=0.0)
    messages: list[bytes] = []

    async def write(message: bytes) -> None:
        messages.append(message)

    outbox = Outbox(write, lambda: None)
    feed.join(outbox)
    await until(lambda: len(drawn) == 1)
    for _ in range(3):
        busy.listener("changed")
    await until(lambda: len(drawn) == 2)
    assert drawn[1] - drawn[0] >= 0.3 * 0.9
    assert len(messages) == 1  # nothing had changed
    feed.leave(outbox)
    assert busy.listener is None


async def test_who_comes_to_a_closed_feed_is_sent_away() -> None:
    """As one whose kernel was restarted before it said what it wants: it asks again, and gets the new kernel's."""
    feed = Feed("state", _Silent(), lambda _: wire.LiveMessage(1))
    feed.close()
    over: list[bool] = []

    async def write(message: bytes) -> None:
        raise AssertionError(message)

    feed.join(Outbox(write, lambda: over.append(True)))
    assert over == [True]


class _Silent:
    def glance(self) -> model.Recording:
        return model.Recording(1, "k", 1)

    def listen(self, listener: Any) -> None:
        raise AssertionError(listener)

    def unlisten(self, listener: Any) -> None:
        raise AssertionError(listener)


async def test_changes_are_told_in_a_kernels_next_life(start) -> None:
    """Even if one was just to be told when the kernel was restarted."""
    recorder = (await start()).recorder
    told: list[str] = []
    recorder.listen(told.append)
    act = model.Acted(pid=0, tid=0, at=1, act="act", step="step", what="frozen-kernels")
    recorder.note(act)
    recorder.detach(restart=True)
    assert "changed" not in told
    recorder.note(act)
    await until(lambda: "changed" in told)
