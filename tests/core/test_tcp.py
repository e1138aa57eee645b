"""Which TCP sockets of a host are each other's ends, by the text of /proc/PID/net/tcp and tcp6."""

from __future__ import annotations

import pytest

from parallab.model import Socket
from parallab.procfs import tcp

HEAD = b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(ours: str, theirs: str, state: str, inode: int, queues: str = "00000000:00000000") -> bytes:
    return f"   0: {ours} {theirs} {state} {queues} 00:00000000 00000000 1000 0 {inode} 1 ffff 100 0 0 10 0\n".encode()


def test_two_whose_addresses_are_each_others_are_peers():
    listener = line("0100007F:1F90", "00000000:0000", "0A", 10, "00000000:00000002")
    here = line("0100007F:1F90", "0100007F:C000", "01", 11)
    there = line("0100007F:C000", "0100007F:1F90", "01", 12, "00000000:00000005")

    found = tcp.sockets([HEAD + listener + here + there])

    assert found == {
        10: Socket(10, listening=True, queued=2, network=True),
        11: Socket(11, peer=12, network=True),
        12: Socket(12, peer=11, queued=5, network=True),
    }


def test_what_is_still_to_be_sent_waits_for_the_reader():
    here = line("0100007F:1F90", "0100007F:C000", "01", 11, "00000007:00000000")
    there = line("0100007F:C000", "0100007F:1F90", "01", 12)

    assert tcp.sockets([HEAD + here + there])[12].queued == 7


def test_a_server_of_both_families_has_a_client_of_the_older():
    here = line("0000000000000000FFFF00000100007F:1F90", "0000000000000000FFFF00000100007F:C000", "01", 11)
    there = line("0100007F:C000", "0100007F:1F90", "01", 12)

    assert tcp.sockets([HEAD + there, HEAD + here])[12].peer == 11


def test_who_is_elsewhere_or_not_accepted_yet_is_nobodys_peer():
    abroad = line("0100007F:C000", "08080808:01BB", "01", 11)
    waiting = line("0100007F:C001", "0100007F:1F90", "01", 12)
    not_accepted = line("0100007F:1F90", "0100007F:C001", "01", 0)

    assert {one.peer for one in tcp.sockets([HEAD + abroad + waiting + not_accepted]).values()} == {0}


@pytest.mark.parametrize("place", ["0100007F:1F90", "00000000:1F90", f"{'0' * 32}:1F90"])
def test_who_is_not_accepted_yet_has_called_the_listener(place: str) -> None:
    listener = line(place, "00000000:0000", "0A", 10)
    caller = line("0100007F:C001", "0100007F:1F90", "01", 12)
    not_accepted = line("0100007F:1F90", "0100007F:C001", "01", 0)
    closed = line("0100007F:1F90", "0100007F:C001", "08", 0)

    assert tcp.sockets([HEAD + listener + caller + not_accepted])[12].calls == 10
    assert tcp.sockets([HEAD + listener + caller + closed])[12].calls == 0
    assert tcp.sockets([HEAD + caller + not_accepted])[12].calls == 0


def test_what_is_no_line_is_left_out():
    assert tcp.sockets([b"", HEAD, HEAD + b"nothing\n", HEAD + line("x", "y", "01", 1, "z"), b"\xff\n\xff\n"]) == {}
