"""How the evidence gives away mistakes with queues and pipes between processes, by the mistake's id.

As in ``recognise``: each is asked only about candidates that a failed check named. A standstill is
told by its waits, as ``hanging`` names them; what is over, by what was sent and taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from parallab import model
from parallab.mistakes.hanging import named

if TYPE_CHECKING:
    from parallab.evidence import Evidence
    from parallab.story import Mailbox, Worker

#: What a message that was torn apart is read as, by what it happens to look like.
_GARBAGE = frozenset(
    {"UnpicklingError", "UnicodeDecodeError", "ValueError", "OSError", "MemoryError", "KeyError", "IndexError"}
    | {"TypeError", "AttributeError", "ModuleNotFoundError", "ImportError", "OverflowError"}
)


def stands_still(evidence: Evidence, mistake: str) -> bool:
    """Whether the step's cell is stuck now, and by this mistake."""
    found = (named(one, evidence.recording, evidence.lives) for one in evidence.diagnoses)
    return any(one is not None and one.id == mistake for one in found)


def consumers(evidence: Evidence, mailbox: Mailbox) -> list[Worker]:
    """The step's workers that took from it; of those that only got it as an argument, who put nothing in."""
    takers = {line.pid for line in mailbox.gets}
    putters = {line.pid for line in mailbox.puts}
    return [
        one for one in evidence.workers if one.pid in takers or (one.pid in mailbox.given_to and one.pid not in putters)
    ]


def _farewells(evidence: Evidence) -> list[tuple[int, int]]:
    """Of each queue at which somebody stays behind: end marks that were put, and workers that needed one."""
    found = []
    for mailbox in evidence.mailboxes:
        mine = consumers(evidence, mailbox)
        told = {line.pid for line in mailbox.gets if line.mark}
        if any(one.exit_code != 0 and one.pid not in told for one in mine):
            found.append((sum(line.mark for line in mailbox.puts), len(mine)))
    return found


def nobody_told(evidence: Evidence) -> bool:
    """M22: workers take from a queue into which no end mark was ever put, or wait at a pipe over which none came."""
    if stands_still(evidence, "M22") or any(not marks for marks, _ in _farewells(evidence)):
        return True
    left = {one.pid for one in evidence.workers if one.exit_code != 0}
    return any(
        pipe.sends and not any(word.kind == "NoneType" for word in pipe.sends)
        for pipe in evidence.pipes
        if left & {word.pid for word in pipe.recvs}
    )


def too_few_farewells(evidence: Evidence) -> bool:
    """M23: fewer end marks than workers that wait for one."""
    return stands_still(evidence, "M23") or any(0 < marks < many for marks, many in _farewells(evidence))


def joined_first(evidence: Evidence) -> bool:
    """M21: somebody waited for a process to end before its last parcel was taken."""
    if stands_still(evidence, "M21"):
        return True
    for mailbox in evidence.mailboxes:
        if mailbox.served:
            continue
        for worker in evidence.workers:
            mine = [line for line in mailbox.puts if line.pid == worker.pid]
            if not mailbox.gets and evidence.joined(worker):
                continue  # its parcels were small, and it did leave: that nobody took them is another matter
            taken = max((line.at for line in mailbox.gets), default=2**63)
            early = any(one.call == "join" and one.child == worker.pid and one.began < taken for one in evidence.waits)
            if mine and early and not any(line.pid == worker.pid for line in mailbox.gets):
                return True
    return False


def trusted_empty(evidence: Evidence) -> bool:
    """M26: empty() said yes to a process, and more was put in later, or lay there still."""
    for mailbox in evidence.mailboxes:
        for look in mailbox.looks:
            if look.size == 0 and (
                any(line.at > look.at for line in mailbox.puts) or len(mailbox.puts) > len(mailbox.gets)
            ):
                return True
    return False


def not_picklable(evidence: Evidence) -> bool:
    """M29: the feeder thread could not send what had been put."""
    # Of a process that is about to end, the thread says nothing: then what never arrived gives it away.
    return any(mailbox.unsent for mailbox in evidence.mailboxes) or stands_still(evidence, "M29")


def queue_of_threads(evidence: Evidence) -> bool:
    """M31: a queue of ``queue`` was given to a process. Such a queue is called by its process and number."""
    starts = evidence.events(model.ProcessStart)
    given = any(arg.kind == "queue" and ":" in arg.name for start in starts for arg in start.args)
    return given or any(arg.kind == "queue" and ":" in arg.name for one in evidence.workers for arg in one.args)


def killed_while_talking(evidence: Evidence) -> bool:
    """M35: a process was ended from outside that put into a queue, and was not waiting for anybody's word.

    Who takes from nobody has no farewell to wait for: it was on its way to the next item, or to its end. Of
    others it is known only where not all arrived that they had put.
    """
    if stands_still(evidence, "M35"):
        return True
    killed = {one.pid for one in evidence.workers if (one.exit_code or 0) < 0}
    takers = {line.pid for mailbox in evidence.mailboxes for line in mailbox.gets}
    takers |= {word.pid for pipe in evidence.pipes for word in pipe.words if word.act in ("recv", "eof")}
    return any(
        not mailbox.served
        and (mine := killed & {line.pid for line in mailbox.puts})
        and (len(mailbox.puts) > len(mailbox.gets) or not mine <= takers)
        for mailbox in evidence.mailboxes
    )


def died_with_the_queue(evidence: Evidence) -> bool:
    """M36: who held a queue's read lock is dead."""
    return stands_still(evidence, "M36")


def _has_both_ends(evidence: Evidence) -> bool:
    """Whether somebody waits now at one end of a pipe, and nobody but itself has the other."""
    return any(one.kind == "own-other-end" for one in evidence.diagnoses)


def wrong_end(evidence: Evidence) -> bool:
    """M55: an end was used for what it is not for, or two processes used the same end and nobody the other."""
    if stands_still(evidence, "M55"):
        return True
    for pipe in evidence.pipes:
        if any(word.error is not None and "-only" in word.error.message for word in pipe.fails):
            return True
        if not pipe.one_way:
            for pid, end, _ in pipe.given:
                mine = {inode for who, inode, _ in pipe.given if who == pid}
                sharers = {who for who, inode, _ in pipe.given if inode == end}
                others = {word.end for word in pipe.sends if word.pid not in sharers}
                if mine == {end} and others == {end}:
                    return True
                # Or the worker speaks at the very end at which the notebook listens, and nobody uses the other one.
                used = {word.end for word in pipe.words if word.act in ("send", "recv")}
                if mine == used == {end} and _has_both_ends(evidence):
                    return True
    return False


def waits_for_own_end(evidence: Evidence) -> bool:
    """M56: who waits for the end of a pipe holds an end that could still send."""
    if stands_still(evidence, "M56"):
        return True
    spoken = [{word.end for word in pipe.words if word.act in ("send", "recv")} for pipe in evidence.pipes]
    if _has_both_ends(evidence) and any(len(ends) > 1 for ends in spoken):
        return True
    # After an interrupt: nobody came to its end, and the one who read had never closed its own writing end.
    return any(
        pipe.one_way
        and not pipe.eofs
        and any(pipe.closed(reader, "w") is None and reader == pipe.made_by for reader in {w.pid for w in pipe.recvs})
        for pipe in evidence.pipes
    )


def party_line(evidence: Evidence) -> bool:
    """M57: several processes sent at one end, with no lock that all of them took; or what arrived could not be read."""
    for pipe in evidence.pipes:
        for end in pipe.ends:
            said = [word for word in pipe.words if word.end == end and "w" in word.mode]
            senders = {word.pid for word in said if word.act in ("send", "fail")}
            torn = [word for word in pipe.fails if word.error is not None and word.error.type in _GARBAGE]
            locked = any(senders <= set(lock.takes) for lock in evidence.locks)
            if len(senders) > 1 and (torn or not locked):
                return True
    return False


OF_CHANNELS: Mapping[str, Callable[[Evidence], bool]] = MappingProxyType(
    {
        "M21": joined_first,
        "M26": trusted_empty,
        "M29": not_picklable,
        "M31": queue_of_threads,
        "M35": killed_while_talking,
        "M36": died_with_the_queue,
        "M55": wrong_end,
        "M56": waits_for_own_end,
        "M57": party_line,
    }
)
