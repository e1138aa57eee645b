"""What the probe saw of pipes and joins gives a standstill its mistake, where the waits alone leave it open."""

from __future__ import annotations

import pytest

import tales
from parallab import model, story
from parallab.mistakes import named
from parallab.waits import Diagnosis

WORKER = 20


def use(act: str, end: str, pid: int = tales.KERNEL, at: int = 40, **facts: object) -> model.PipeUse:
    """A line of the pipe with the ends ``a`` and ``b``."""
    return model.PipeUse(at=at, pid=pid, cell=tales.CELL, run=1, act=act, pipe=end, mode="rw", **facts)  # type: ignore[arg-type]


def mistake(kind: str, *events: model.AnyEvent, given: str = "b", pids: tuple[int, ...] = (WORKER,)) -> str | None:
    """How a standstill of this kind is called, of a worker that got an end."""
    worker = tales.life(WORKER, 20, 30, args=(model.Arg("pipe-end", name=given, text="rw"),))
    told = tales.recording(tales.begin(), use("made", "a", at=15, peer="b"), worker, *events)
    found = named(Diagnosis(kind, "", (), None, pids), told, story.tell(told))
    return found.id if found is not None else None


def test_who_holds_both_ends_waits_for_itself_or_shares_the_wrong_one():
    one, other = use("send", "a", at=41), use("recv", "b", WORKER, at=42)

    assert mistake("own-other-end", one, other) == "M56"
    assert mistake("own-other-end", use("send", "a", WORKER), given="a") == "M55"
    assert mistake("own-other-end") is None  # nobody has said a word yet
    assert mistake("own-other-end", one, given="b") is None


JOINS = model.Wait(at=60, pid=tales.KERNEL, cell=tales.CELL, run=1, call="join", began=60, child=WORKER, done=False)
ASKED = (use("send", "a", at=41, item_type="str"), use("recv", "b", WORKER, at=42, item_type="str"))
BOTH = (tales.KERNEL, WORKER)


@pytest.mark.parametrize(
    ("events", "wanted"),
    [
        ((*ASKED, JOINS), "M22"),
        ((*ASKED, use("send", "a", at=43, item_type="NoneType"), JOINS), None),
        ((JOINS,), None),
        (ASKED, None),
        ((*ASKED, JOINS, tales.join(WORKER, 60, 70)), None),
    ],
    ids=["no farewell", "a farewell on its way", "nothing was ever asked", "nobody joins", "the join is over"],
)
def test_a_worker_that_is_joined_and_still_listens(events: tuple[model.AnyEvent, ...], wanted: str | None):
    assert mistake("cycle", *events, pids=BOTH) == wanted
