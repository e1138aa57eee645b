"""A worker process as its starter holds it: an order in, a result out, and an end to one that takes too long."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

import msgspec

from parallab.frames import LENGTH
from parallab.grading.blank import blank
from parallab.grading.facts import Graded, Order

#: Seconds beyond a submission's own limit that a worker gets: to start, to judge, to clean up.
GRACE = 120.0
#: Bytes of a result.
LARGEST = 32 << 20


class Hand:
    """Starts its worker with the first order, and anew after a failure. :meth:`close` may come from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._process: subprocess.Popen[bytes] | None = None

    def warm(self) -> None:
        """Starts the worker, which takes its time, before there is an order."""
        self._warm()

    def grade(self, order: Order) -> Graded:
        """The result; ``error`` when the worker did not give one. Waits for it."""
        process = self._warm()
        if process is None:
            return blank(order, "error", "grading was ended")
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        clock = threading.Timer(order.limits.whole + GRACE, end)
        clock.start()
        try:
            return _ask(process, order)
        except (OSError, EOFError, msgspec.DecodeError):
            self._drop()
            limit = f"did not answer within {order.limits.whole + GRACE:g} s" if late.is_set() else "ended"
            return blank(order, "error", f"the process that checked it {limit}: check it by itself")
        finally:
            clock.cancel()

    def _warm(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._closed:
                return None
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "parallab.grading.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            return self._process

    def _drop(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            _finish(process)

    def close(self) -> None:
        """Ends the worker and what it runs, whatever it is doing."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            with contextlib.suppress(OSError):
                process.kill()
            _finish(process)


def _ask(process: subprocess.Popen[bytes], order: Order) -> Graded:
    assert process.stdin is not None
    assert process.stdout is not None
    frame = msgspec.json.encode(order)
    process.stdin.write(LENGTH.pack(len(frame)) + frame)
    process.stdin.flush()
    head = process.stdout.read(LENGTH.size)
    if len(head) < LENGTH.size or (size := LENGTH.unpack(head)[0]) > LARGEST:
        raise EOFError
    answer = process.stdout.read(size)
    if len(answer) < size:
        raise EOFError
    return msgspec.json.decode(answer, type=Graded)


def _finish(process: subprocess.Popen[bytes]) -> None:
    """Collects a process that was ended, and closes what led to it."""
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
