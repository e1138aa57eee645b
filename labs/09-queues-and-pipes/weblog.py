"""The log of a small web shop, always the same, and the parser that reads one line of it."""

import queue
import random
import time

STATUS = [200, 200, 200, 200, 200, 200, 304, 404, 404, 500]
PATHS = ["/", "/basket", "/search", "/tea/green", "/tea/black", "/login"]


class Journal(queue.Queue):
    """The parser writes down which lines were read."""


_journal = Journal()


def make_log(n):
    """The first n lines of the log."""
    dice = random.Random(2024)
    lines = []
    for number in range(n):
        address = f"10.0.{dice.randrange(4)}.{dice.randrange(1, 255)}"
        path = dice.choice(PATHS)
        status = dice.choice(STATUS)
        lines.append(f'{address} - [{number:05}] "GET {path} HTTP/1.1" {status} {dice.randrange(200, 9000)}')
    return lines


def parse(line):
    """The status code of a line, such as 404. Takes a thousandth of a second."""
    if not isinstance(line, str):
        raise TypeError(f"parse() needs a line of the log, not {line!r}")
    time.sleep(0.001)
    status = int(line.rsplit('"', 1)[1].split()[0])
    _journal.put(line)
    return status
