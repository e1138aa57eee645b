"""Who of a kernel's processes was seen, by whom, and when they ended."""

from __future__ import annotations

from parallab import model, sightings
from parallab.sightings import Sightings


def process(pid: int, started: int = 5, state: str = "S") -> model.Process:
    return model.Process(pid, started, 1, "python", state, ("python",))


def test_a_number_given_to_another_process_is_another_sighting() -> None:
    seen = Sightings()
    seen.look([process(7)], 10, 20, all_seen=True)
    seen.look([process(7, started=9)], 30, 40, all_seen=True)
    assert [(one.started, one.first) for one in seen.all()] == [(5, 20), (9, 40)]


def test_when_the_system_started_it_is_kept_from_the_first_look_on() -> None:
    seen = Sightings()
    seen.look([process(7)], 10, 20, all_seen=True, since=lambda ticks: ticks * 100)
    seen.look([process(7), process(8)], 30, 40, all_seen=True)
    assert [one.since for one in seen.all()] == [500, 0]


def test_the_system_vouches_for_when_it_lived_by_looks_and_by_when_its_reports_were_sent() -> None:
    seen = Sightings()
    seen.confirm(model.ProcessStart(at=1, began=1, pid=1, child=7, seen=True, sent=30))
    seen.look([process(7)], 40, 50, all_seen=True)
    seen.look([process(7, state="Z")], 80, 90, all_seen=True)
    seen.credit(model.ProcessBorn(pid=9, tid=9, at=1, ppid=1, sent=60))
    seen.credit(model.ProcessEnd(pid=9, tid=9, at=1, sent=70))
    assert [(one.pid, one.begun_by, one.alive_at) for one in seen.all()] == [(7, 30, 40), (9, 60, 70)]


def test_last_words_that_are_read_after_the_end_count_those_sent_after_it_are_somebody_elses() -> None:
    seen = Sightings()
    seen.credit(model.ProcessBorn(pid=7, tid=7, at=1, ppid=1, sent=10))
    seen.bury(model.ProcessGone(pid=1, tid=1, at=40, child=7))
    for sent in (30, 50):
        seen.credit(model.ProcessEnd(pid=7, tid=7, at=1, sent=sent))
    assert [(one.begun_by, one.alive_at) for one in seen.all()] == [(10, 30)]


def test_who_is_no_longer_there_has_ended() -> None:
    seen = Sightings()
    seen.look([process(7), process(8)], 10, 20, all_seen=True)
    seen.look([process(8)], 30, 40, all_seen=True)
    assert {one.pid: one.ended for one in seen.all()} == {7: 40, 8: 0}
    assert seen.living() == [8]


def test_a_zombie_is_one_process_however_often_it_is_seen() -> None:
    seen = Sightings()
    seen.confirm(model.ForkMade(pid=1, tid=1, at=10, child=8))
    seen.bury(model.ProcessGone(pid=1, tid=1, at=12, child=8, exit_code=3))
    news = [
        seen.look([process(7, state=state), process(8, state="Z")], 10 * n, 10 * n + 5, all_seen=True)
        for n, state in enumerate("SZZZ", 2)
    ]
    assert news == [True, True, False, False]
    assert [(one.pid, one.ended, one.exit_code) for one in seen.all()] == [(8, 12, 3), (7, 35, None)]


def test_who_was_only_heard_of_is_news_when_it_is_seen() -> None:
    seen = Sightings()
    seen.credit(model.ProcessBorn(pid=7, tid=7, at=5, ppid=1))
    assert seen.look([process(7)], 10, 20, all_seen=True)
    assert not seen.look([process(7)], 30, 40, all_seen=True)
    assert seen.look([], 50, 60, all_seen=True)


def test_of_a_crowd_absence_says_nothing() -> None:
    seen = Sightings()
    seen.look([process(7)], 10, 20, all_seen=True)
    seen.look([], 30, 40, all_seen=False)
    assert seen.living() == [7]


def test_who_reported_itself_during_the_look_is_not_taken_for_ended() -> None:
    seen = Sightings()
    seen.credit(model.ThreadRun(pid=7, tid=7, at=35))
    seen.look([], 30, 40, all_seen=True)
    assert seen.living() == [7]


def test_a_pidfd_tells_of_one_that_never_spoke_and_of_its_end() -> None:
    seen = Sightings()
    seen.confirm(model.ForkMade(pid=1, tid=1, at=10, child=7))
    seen.bury(model.ProcessGone(pid=1, tid=1, at=12, child=7, exit_code=3))
    (one,) = seen.all()
    assert (one.pid, one.by, one.first, one.ended, one.exit_code) == (7, "pidfd", 10, 12, 3)


def test_so_many_are_remembered_and_the_living_before_the_ended() -> None:
    seen = Sightings()
    seen.look([process(1)], 0, 1, all_seen=True)
    for pid in range(2, sightings.MOST + 3):
        seen.confirm(model.ForkMade(pid=1, tid=1, at=pid, child=pid))
        seen.bury(model.ProcessGone(pid=1, tid=1, at=pid, child=pid, exit_code=0))
    assert len(seen.all()) < sightings.MOST
    assert {1, 2, sightings.MOST + 2} <= {one.pid for one in seen.all()}
