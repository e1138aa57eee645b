"""A process that re-checks submissions, one after the other: orders on standard input, results on standard output.

Each frame is a 4-byte big-endian length and JSON. It ends with standard input, at once, whatever it is doing: whoever
started it and is gone leaves nothing running.
"""

from __future__ import annotations

import asyncio
import os
import sys

import msgspec

from parallab.frames import LENGTH
from parallab.grading.blank import blank
from parallab.grading.facts import Graded, Order
from parallab.grading.runner import grade_one
from parallab.grading.sandbox import SandboxError
from parallab.judge_pool import JudgePool
from parallab.shelf import Shelf


async def serve(source: asyncio.StreamReader, answers: int) -> None:
    """Answers orders until the source ends."""
    shelf, pool = Shelf(whole=False), JudgePool()
    decoder = msgspec.json.Decoder(Order)
    try:
        while (frame := await _frame(source)) is not None:
            work = asyncio.ensure_future(_graded(decoder.decode(frame), shelf, pool))
            # No order comes before the answer: what can be read is the end of the source.
            end = asyncio.ensure_future(source.read(1))
            await asyncio.wait({work, end}, return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                work.cancel()
                await asyncio.wait({work})
                return
            end.cancel()
            await asyncio.wait({end})
            answer = msgspec.json.encode(work.result())
            _write(answers, LENGTH.pack(len(answer)) + answer)
    finally:
        await pool.close()


async def _graded(order: Order, shelf: Shelf, pool: JudgePool) -> Graded:
    try:
        return await grade_one(order, shelf, pool)
    except SandboxError as error:
        return blank(order, "error", str(error))
    except Exception as error:
        return blank(order, "error", f"the check went wrong ({type(error).__name__}: {error}): please report it")


async def _frame(source: asyncio.StreamReader) -> bytes | None:
    try:
        head = await source.readexactly(LENGTH.size)
        return await source.readexactly(LENGTH.unpack(head)[0])
    except asyncio.IncompleteReadError:
        return None


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


async def _main() -> None:
    answers = os.dup(1)
    os.dup2(2, 1)
    source = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(source), sys.stdin)
    await serve(source, answers)


def main() -> None:
    """The entry point."""
    asyncio.run(_main())


if __name__ == "__main__":
    main()
