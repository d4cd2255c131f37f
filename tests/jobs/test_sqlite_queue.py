"""What is SQLite's alone: leases on a clock that the processes of one machine share."""

from __future__ import annotations

import contextlib

import pytest

from daguerre.jobs.errors import LeaseLost
from daguerre.jobs.queue import WorkerInfo
from tests.jobs.jobs import new, outcome


@pytest.fixture
def queue(sqlite_queue):
    return sqlite_queue


def test_a_lease_that_nobody_keeps_alive_runs_out(queue, clock):
    job = new(queue)
    first = queue.claim("w1", 4)
    assert queue.claim("w2", 4) is None
    clock.pass_(3)
    queue.heartbeat(["w1"], 4)
    clock.pass_(3)
    assert queue.claim("w2", 4) is None
    clock.pass_(2)
    second = queue.claim("w2", 4)
    assert second.job.id == job and second.job.attempts == 2 and not queue.holds(first)
    with pytest.raises(LeaseLost):
        queue.progress(first, "Late...", 50)
    with pytest.raises(LeaseLost):
        queue.finish(first, outcome())
    queue.finish(second, outcome())
    queue.finish(second, outcome())
    assert queue.get(job).phase == "complete" and queue.get(job).files == outcome().files


@pytest.mark.parametrize("seconds", [31 * 60, 80 * 3600, -80 * 3600])
def test_a_wall_clock_that_leaps_takes_nothing_away(queue, clock, seconds):
    job = new(queue)
    queue.announce(WorkerInfo("w1", "here", 7, "cpu"))
    claim = queue.claim("w1", 4)
    clock.leap(seconds)
    assert queue.claim("w2", 4) is None and queue.holds(claim) and len(queue.load().workers) == 1
    queue.maintain()
    queue.finish(claim, outcome())
    assert queue.get(job).phase == "complete" and queue.load().oldest_wait_s == 0


def test_a_lease_from_before_the_machine_started_is_none(queue, clock):
    """The clock of leases begins anew then."""
    job = new(queue)
    claim = queue.claim("w1", 4)
    clock.monotonic -= 10_000
    assert queue.holds(claim)
    queue.maintain()
    assert not queue.holds(claim) and queue.get(job).phase == "queued"
    assert queue.claim("w2", 4).job.id == job


def test_other_processes_see_the_same(queue, database, clock):
    from daguerre.database.sqlite import SqliteDatabase
    from daguerre.jobs.sqlite_queue import SqliteQueue

    other = SqliteQueue(SqliteDatabase(database.path), wall=lambda: clock.wall, clock=lambda: clock.monotonic)
    job = new(other)
    assert queue.get(job) == other.get(job)
    assert queue.claim("w", 4).job.id == job and other.claim("v", 4) is None
    assert [event.number for event in other.news(0, within_s=0)] == [1, 2]


def waits(database, clock, monkeypatch, seconds):
    """Whoever writes next waits so long for the database."""
    real = database.writing

    @contextlib.contextmanager
    def writing(**options):
        clock.pass_(seconds)
        monkeypatch.setattr(database, "writing", real)
        with real(**options) as connection:
            yield connection

    monkeypatch.setattr(database, "writing", writing)


def test_who_waited_for_the_database_leaves_leases_alone_for_their_time(queue, database, clock, monkeypatch):
    """Whoever keeps them alive waited, too, and may come after a second look."""
    new(queue)
    first = queue.claim("w1", 4)
    clock.pass_(5)
    waits(database, clock, monkeypatch, 20)
    assert queue.claim("w2", 4) is None and queue.claim("w2", 4) is None
    queue.maintain()
    assert queue.holds(first)
    clock.pass_(5)
    assert queue.claim("w2", 4).job.attempts == 2


def test_who_did_not_get_its_turn_leaves_leases_alone_for_their_time(queue, clock):
    """The machine slept, or had too much to do: whoever keeps leases alive did not get its turn either."""
    job = new(queue)
    claim = queue.claim("w1", 4)
    queue.maintain()
    clock.pass_(3600)
    queue.maintain()
    assert queue.holds(claim)
    for _ in range(5):
        queue.heartbeat(["w1"], 4)
        clock.pass_(2)
        queue.maintain()
    assert queue.holds(claim)
    for _ in range(3):
        clock.pass_(2)
        queue.maintain()
    assert not queue.holds(claim) and queue.get(job).phase == "queued"


def test_a_lease_lasts_from_when_it_was_written(queue, database, clock, monkeypatch):
    new(queue)
    first = queue.claim("w1", 4)
    waits(database, clock, monkeypatch, 20)
    queue.heartbeat(["w1"], 4)
    clock.pass_(3)
    assert queue.claim("w2", 4) is None and queue.holds(first)
