"""The queue: who gets a job, and what becomes of it."""

from __future__ import annotations

import json
import threading
import time
import uuid

import pytest

from daguerre.jobs.engine import Outcome, Worker
from daguerre.jobs.errors import JobExists, LeaseLost, QueueFull
from daguerre.jobs.records import StoredFile, Submission

RESULT = {"downloadUrl": "/d", "previewUrl": "/p"}


def new(engine, **fields) -> str:
    job = Submission(id=str(uuid.uuid4()), filename="a.jpg", input_bytes=10, **fields)
    engine.submit(job)
    return job.id


def outcome(size=5) -> Outcome:
    return Outcome(RESULT, {"a_restored.jpg": StoredFile(size, "image/jpeg", "0" * 64)})


def test_first_come_first_served(engine):
    jobs = [new(engine) for _ in range(3)]
    assert [engine.claim("w", 4).job.id for _ in jobs] == jobs
    assert engine.claim("w", 4) is None


def test_a_job_is_claimed_once_however_many_ask(engine):
    jobs = {new(engine) for _ in range(8)}
    claimed, lock = [], threading.Lock()

    def take(name):
        while (claim := engine.claim(name, 30)) is not None:
            with lock:
                claimed.append(claim.job.id)

    threads = [threading.Thread(target=take, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(jobs) and set(claimed) == jobs


def test_an_id_is_given_once_and_the_queue_has_an_end(engine):
    job = new(engine)
    with pytest.raises(JobExists):
        engine.submit(Submission(id=job, filename="b.jpg"))
    for _ in range(9):
        new(engine)
    with pytest.raises(QueueFull):
        new(engine)


def test_a_lease_that_nobody_keeps_alive_runs_out(engine):
    job = new(engine)
    first = engine.claim("w1", 0.2)
    assert engine.claim("w2", 4) is None
    engine.heartbeat(["w1"], 0.6)
    time.sleep(0.3)
    assert engine.claim("w2", 4) is None
    time.sleep(0.4)
    second = engine.claim("w2", 4)
    assert second.job.id == job and second.job.attempts == 2 and not engine.holds(first)
    with pytest.raises(LeaseLost):
        engine.progress(first, "Late...", 50)
    with pytest.raises(LeaseLost):
        engine.finish(first, outcome())
    engine.finish(second, outcome())
    assert engine.get(job).phase == "complete"


def test_three_tries_and_no_more(engine):
    job = new(engine)
    for attempt in (1, 2, 3):
        assert engine.claim(f"w{attempt}", 4).job.attempts == attempt
        assert engine.abandon(f"w{attempt}", "lost") == 1
    assert engine.claim("w4", 4) is None
    assert engine.get(job).code == "WORKER_LOST" and engine.latest(job).last


def test_a_try_that_was_drained_does_not_count(engine):
    new(engine)
    for _ in range(5):
        assert engine.claim("w", 4).job.attempts == 1
        engine.abandon("w", "drained")


def test_percent_never_falls(engine):
    job = new(engine)
    claim = engine.claim("w", 4)
    engine.progress(claim, "Removing scratches...", 60)
    engine.abandon("w", "lost")
    claim = engine.claim("w", 4)
    engine.progress(claim, "Removing scratches...", 5)
    engine.finish(claim, outcome())
    states = [json.loads(event.data) for event in engine.events(0, job=job)]
    percents = [state["percent"] for state in states]
    assert percents == sorted(percents) and percents[-1] == 100
    assert states[-1]["result"] == RESULT


def test_canceled_at_work(engine):
    job = new(engine)
    claim = engine.claim("w", 4)
    assert engine.cancel(job) and not engine.cancel(job)
    assert not engine.holds(claim) and engine.get(job).error == "Canceled"
    with pytest.raises(LeaseLost):
        engine.finish(claim, outcome())


def test_a_batch_follows_its_photos(engine):
    batch, photos = str(uuid.uuid4()), [Submission(id=str(uuid.uuid4()), filename=f"{n}.jpg") for n in range(2)]
    bad = Submission(id=str(uuid.uuid4()), filename="bad.jpg", error="Invalid image: no", code="INVALID_IMAGE")
    engine.submit(Submission(id=batch, filename="all"), [*photos, bad])
    assert engine.get(batch).phase == "processing"
    engine.finish(engine.claim("w", 4), outcome())
    claim = engine.claim("w", 4)
    assert json.loads(engine.latest(batch).data)["currentFile"] == "1.jpg"
    engine.fail(claim, "Invalid image: torn", "INVALID_IMAGE")
    state = json.loads(engine.latest(batch).data)
    assert (state["status"], state["completedFiles"], state["failedFiles"]) == ("completed", 1, 2)
    assert [error["filename"] for error in state["errors"]] == ["1.jpg", "bad.jpg"]
    assert len(engine.remove(batch)) == 4 and engine.known([photos[0].id]) == set()


def test_what_expires(engine):
    waiting = new(engine)
    claim = engine.claim("w", 4)
    done = []
    for _ in range(3):
        job = new(engine)
        engine.finish(engine.claim("w", 4), outcome(size=90))
        done.append(job)
    assert engine.expired(0, over_bytes=10**9) == []
    assert engine.expired(0, over_bytes=310) == []
    assert engine.expired(0, over_bytes=309) == done[:1]
    assert engine.expired(0, over_bytes=0) == done
    assert engine.expired(time.time() + 1, over_bytes=10**9) == done
    assert engine.get(waiting).phase == "processing" and claim.job.id == waiting


def test_workers_and_load(engine):
    new(engine)
    engine.announce(Worker("w", "here", 7, "cpu"))
    load = engine.load()
    assert (load.queued, load.processing, load.stored_bytes) == (1, 0, 10)
    assert load.workers[0].pid == 7 and load.oldest_wait_s >= 0
    engine.abandon("w", "drained")
    assert engine.load().workers == []


def test_other_processes_see_the_same(engine, database):
    from daguerre.jobs.database import Database
    from daguerre.jobs.sqlite import SqliteEngine

    other = SqliteEngine(Database(database.path))
    job = new(other)
    assert engine.get(job) == other.get(job)
    assert engine.claim("w", 4).job.id == job and other.claim("v", 4) is None
    assert [event.number for event in other.events(0)] == [1, 2]
