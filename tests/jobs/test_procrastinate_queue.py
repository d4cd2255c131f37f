"""What is Procrastinate's alone: order, limits, workers that are gone, notifications."""

from __future__ import annotations

import threading
import time
import uuid

import pytest
from sqlalchemy import text

from daguerre.config import Config
from daguerre.database.postgres import PostgresDatabase
from daguerre.jobs.errors import JobExists, LeaseLost
from daguerre.jobs.housekeeping import PERIOD_S, Housekeeping
from daguerre.jobs.procrastinate_queue import ProcrastinateQueue
from daguerre.jobs.queue import WorkerInfo
from daguerre.jobs.records import Submission
from tests.jobs.jobs import new, outcome


@pytest.fixture
def queue(postgres_queue) -> ProcrastinateQueue:
    return postgres_queue


def another(queue, **options) -> ProcrastinateQueue:
    """The same queue as another machine sees it."""
    return ProcrastinateQueue(queue._postgres, wall=queue._wall, clock=queue._clock, **options)


def tasks(queue) -> int:
    with queue._database.reading() as connection:
        return connection.execute(text("SELECT count(*) FROM procrastinate_jobs")).scalar_one()


def silence(queue, worker: str, seconds: float) -> None:
    """Let the last that was heard of a worker be so long ago."""
    with queue._database.writing() as connection:
        connection.execute(
            text(
                "UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - make_interval(secs => :seconds)"
                " FROM workers WHERE workers.number = procrastinate_workers.id AND workers.id = :worker"
            ),
            {"seconds": seconds, "worker": worker},
        )


def order(queue) -> list[str]:
    """The file names in the order in which the jobs are handed out; each ends before the next."""
    found = []
    while (claim := queue.claim("w", 4)) is not None:
        found.append(claim.job.filename)
        queue.finish(claim, outcome())
    return found


def submit(queue, name: str, owner: str, **fields) -> str:
    job = Submission(id=str(uuid.uuid4()), filename=name, owner=owner, input_bytes=1, **fields)
    queue.submit(job)
    return job.id


def test_owners_take_turns_and_interactive_jobs_come_first(queue):
    for number in range(4):
        submit(queue, f"a{number}", "anna", job_class="batch")
    queue.finish(queue.claim("w", 4), outcome())
    for number in range(2):
        submit(queue, f"b{number}", "bert", job_class="batch")
    submit(queue, "one", "carl")
    assert order(queue) == ["one", "a1", "b0", "a2", "b1", "a3"]
    assert tasks(queue) == 0


def test_who_comes_later_does_not_overtake_for_good(queue):
    for number in range(3):
        submit(queue, f"a{number}", "anna")
    for number in range(5):
        submit(queue, f"b{number}", "bert")
    assert order(queue) == ["a0", "b0", "a1", "b1", "a2", "b2", "b3", "b4"]


def test_no_more_of_one_owner_than_the_limit(queue):
    limited = another(queue, limit=2)
    mine = [submit(limited, f"a{number}", "anna") for number in range(4)]
    submit(limited, "b0", "bert")
    claims = [limited.claim("w", 4) for _ in range(4)]
    assert [claim and claim.job.filename for claim in claims] == ["a0", "b0", "a1", None]
    limited.fail(claims[0], "no", "INVALID_IMAGE")
    assert limited.claim("w", 4).job.id == mine[2] and limited.claim("w", 4) is None
    assert limited.cancel(mine[2])
    assert limited.claim("w", 4).job.id == mine[3]
    assert limited.load().queued == 0


def test_a_keys_own_limit_counts(queue):
    with queue._database.writing() as connection:
        connection.execute(
            text(
                "INSERT INTO keys (id, name, role, digest, created_at, job_limit)"
                " VALUES ('anna', 'anna', 'user', '', 0, 1)"
            )
        )
    for number in range(2):
        submit(queue, f"a{number}", "anna")
    first = queue.claim("w", 4)
    assert queue.claim("w", 4) is None
    with queue._database.writing() as connection:
        connection.execute(text("UPDATE keys SET job_limit = 2"))
    queue.maintain()
    assert queue.claim("w", 4).job.filename == "a1" and queue.holds(first)


def test_workers_take_what_they_can(queue):
    submit(queue, "big", "anna", need="large")
    submit(queue, "small", "anna")
    assert another(queue, queues=["default", "gpu"]).claim("w1", 4).job.filename == "small"
    assert another(queue, queues=["large"]).claim("w2", 4).job.filename == "big"


def test_a_job_and_its_task_are_one(queue):
    job = new(queue)
    with pytest.raises(JobExists):
        queue.submit(Submission(id=job, filename="again"))
    assert tasks(queue) == 1
    queue.remove(job)
    assert tasks(queue) == 0 and queue.claim("w", 4) is None


@pytest.fixture
def long_lease(monkeypatch) -> None:
    """The database's own clock cannot be led: a lease so long that the time a test takes is nothing."""
    monkeypatch.setattr("daguerre.jobs.procrastinate_queue.LEASE_S", 4000.0)


@pytest.mark.usefixtures("long_lease")
def test_a_worker_of_which_nothing_is_heard_loses_its_job(queue, clock):
    job = new(queue)
    first = queue.claim("w1", 4)
    clock.pass_(3)
    queue.heartbeat(["w2"], 4)
    clock.pass_(3)
    queue.heartbeat(["w2"], 4)
    silence(queue, "w1", 3000)
    queue.heartbeat(["w2"], 4)
    assert queue.holds(first)
    silence(queue, "w1", 2000)
    queue.heartbeat(["w2"], 4)
    assert not queue.holds(first) and queue.get(job).stage == "Waiting to try again (2 of 3)..."
    second = queue.claim("w2", 4)
    assert second.job.id == job and second.job.attempts == 2
    for late in (lambda: queue.finish(first, outcome()), lambda: queue.progress(first, "Late...", 50)):
        with pytest.raises(LeaseLost):
            late()
    queue.finish(second, outcome())
    queue.finish(second, outcome())
    assert queue.get(job).phase == "complete" and tasks(queue) == 0


def test_housekeeping_alone_sees_that_a_worker_is_gone(queue, clock, local_storage):
    """A server without workers of its own asks the queue at no other time."""
    job = new(queue)
    claim = queue.claim("w1", 4)
    silence(queue, "w1", 3000)
    keeping = Housekeeping(queue, local_storage, Config(), wall=queue._wall, clock=queue._clock)
    keeping.tidy()
    assert queue.holds(claim)
    for _ in range(10):
        clock.pass_(PERIOD_S)
        keeping.tidy()
    assert not queue.holds(claim) and queue.get(job).phase == "queued"


@pytest.mark.usefixtures("long_lease")
def test_after_an_outage_workers_have_time_to_be_heard(queue, clock):
    new(queue)
    claim = queue.claim("w1", 4)
    queue.heartbeat(["w2"], 4)
    silence(queue, "w1", 60_000)
    clock.pass_(60_000)
    for _ in range(5):
        queue.heartbeat(["w2"], 4)
        assert queue.holds(claim)
        clock.pass_(1)
    queue.heartbeat(["w1"], 4)
    for _ in range(3):
        clock.pass_(1)
        queue.heartbeat(["w2"], 4)
    assert queue.holds(claim)


def test_a_worker_that_dies_between_its_two_steps_leaves_the_job_to_others(queue):
    """It has fetched the task, and the job does not know yet."""
    job = new(queue)
    queue.announce(WorkerInfo("w1", "here", 7, "cpu"))
    begin, queue._begin_task = queue._begin_task, lambda *step: pytest.fail("killed")
    with pytest.raises(pytest.fail.Exception):
        queue.claim("w1", 4)
    queue._begin_task = begin
    assert queue.claim("w2", 4) is None and queue.get(job).phase == "queued"
    assert queue.abandon("w1", "lost") == 0
    assert queue.claim("w2", 4).job.attempts == 1


def test_photos_that_end_at_the_same_time_are_all_counted(queue):
    photos = [Submission(id=f"p{number}", filename=f"{number}.jpg") for number in range(8)]
    queue.submit(Submission(id="batch", filename="all"), photos)
    claims = [queue.claim(f"w{number}", 30) for number in range(8)]
    start = threading.Barrier(8)

    def end(claim):
        start.wait()
        for percent in range(10, 60, 10):
            queue.progress(claim, "Removing scratches...", percent)
        queue.finish(claim, outcome())

    threads = [threading.Thread(target=end, args=(claim,)) for claim in claims]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch = queue.get("batch")
    assert (batch.phase, batch.completed) == ("complete", 8)
    percents = [event.percent for event in queue.events("batch", 0)]
    assert percents == sorted(percents)


def test_a_batch_can_be_canceled_while_its_photos_end(queue):
    """Nobody waits for somebody who waits for him."""
    for round in range(5):
        photos = [Submission(id=f"p{round}-{number}", filename="a.jpg") for number in range(4)]
        queue.submit(Submission(id=f"batch{round}", filename="all"), photos)
        claims = [queue.claim(f"w{number}", 30) for number in range(4)]
        faults = []

        def end(claim, faults=faults):
            try:
                queue.finish(claim, outcome())
            except LeaseLost:
                pass
            except Exception as fault:
                faults.append(fault)

        threads = [threading.Thread(target=end, args=(claim,)) for claim in claims]
        for thread in threads:
            thread.start()
        queue.cancel(f"batch{round}")
        for thread in threads:
            thread.join()
        batch = queue.get(f"batch{round}")
        assert faults == [] and batch.ended and batch.completed + batch.failed == 4
    assert tasks(queue) == 0


def test_events_are_told_as_they_happen(queue):
    position = queue.newest()
    job = new(another(queue))
    told = queue.news(position, within_s=200)
    assert [(event.job, event.phase) for event in told] == [(job, "queued")]
    assert told == queue.events(job, 0)
    began = time.monotonic()
    threading.Timer(0.3, lambda: another(queue).claim("w", 4)).start()
    assert [event.phase for event in queue.news(told[-1].number, within_s=200)] == ["processing"]
    assert time.monotonic() - began < 100
    assert queue.news(told[-1].number, within_s=0) == []


def test_what_happens_while_the_connection_is_lost_is_told_afterwards(queue):
    position = queue.newest()
    first = new(queue)
    assert [event.job for event in queue.news(position, within_s=10)] == [first]
    with queue._database.writing() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'daguerre listens'")
        )
    second = new(queue)
    with pytest.raises(Exception, match="cannot be used"):
        queue.news(position, within_s=10)
    third = new(queue)
    assert [event.job for event in queue.news(position, within_s=10)] == [second, third]
    assert queue.news(position, within_s=0) == []


def test_a_transaction_that_ends_late_is_told_though_its_number_is_small(queue):
    position = queue.newest()
    job, other = new(queue), new(queue)
    told = queue.news(position, within_s=200)
    if len(told) < 2:
        queue.news(told[-1].number, within_s=10)
    with queue._database.writing() as slow:
        slow.execute(text("UPDATE jobs SET percent = 7 WHERE id = :job"), {"job": job})
        slow.execute(
            text(
                "INSERT INTO events (job, phase, stage, percent, completed, failed)"
                " VALUES (:job, 'processing', 'Slow...', 7, 0, 0)"
            ),
            {"job": job},
        )
        queue.cancel(other)
        quick = queue.news(position, within_s=10)
        assert [event.job for event in quick] == [other]
    late = queue.news(quick[-1].number, within_s=10)
    assert [event.job for event in late] == [job] and late[0].number < quick[0].number


def test_a_worker_goes_on_when_the_database_was_started_anew(postgres, clock):
    database = PostgresDatabase(postgres.database())
    database.migrate()
    queue = ProcrastinateQueue(database)
    done, draining = [], threading.Event()

    def handle(claim):
        queue.finish(claim, outcome())
        done.append(claim.job.id)

    worker = threading.Thread(target=queue.consume, args=(WorkerInfo("w", "here", 7, "cpu"), handle, draining))
    worker.start()
    try:
        expected = [new(queue)]
        deadline = time.monotonic() + 240
        while done != expected:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        postgres.stop()
        postgres.start()
        expected.append(new(queue))
        while done != expected:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        draining.set()
        worker.join(30)
        database.close()
