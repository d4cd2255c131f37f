"""The queue: who gets a job, and what becomes of it."""

from __future__ import annotations

import json
import threading
import time
import uuid

import pytest

from daguerre.jobs.errors import JobExists, LeaseLost, QueueFull
from daguerre.jobs.queue import Outcome, WorkerInfo
from daguerre.jobs.records import StoredFile, Submission

RESULT = {"downloadUrl": "/d", "previewUrl": "/p"}


def new(queue, **fields) -> str:
    job = Submission(id=str(uuid.uuid4()), filename="a.jpg", input_bytes=10, **fields)
    queue.submit(job)
    return job.id


def outcome(size=5) -> Outcome:
    return Outcome(RESULT, {"a_restored.jpg": StoredFile(size, "image/jpeg", "0" * 64)})


def test_first_come_first_served(queue):
    jobs = [new(queue) for _ in range(3)]
    assert [queue.claim("w", 4).job.id for _ in jobs] == jobs
    assert queue.claim("w", 4) is None


def test_a_job_is_claimed_once_however_many_ask(queue):
    jobs = {new(queue) for _ in range(8)}
    claimed, lock = [], threading.Lock()

    def take(name):
        while (claim := queue.claim(name, 30)) is not None:
            with lock:
                claimed.append(claim.job.id)

    threads = [threading.Thread(target=take, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(jobs) and set(claimed) == jobs


def test_an_id_is_given_once_and_the_queue_has_an_end(queue):
    job = new(queue)
    with pytest.raises(JobExists):
        queue.submit(Submission(id=job, filename="b.jpg"))
    for _ in range(9):
        new(queue)
    with pytest.raises(QueueFull):
        new(queue)


def test_a_lease_that_nobody_keeps_alive_runs_out(queue):
    job = new(queue)
    first = queue.claim("w1", 0.2)
    assert queue.claim("w2", 4) is None
    queue.heartbeat(["w1"], 0.6)
    time.sleep(0.3)
    assert queue.claim("w2", 4) is None
    time.sleep(0.4)
    second = queue.claim("w2", 4)
    assert second.job.id == job and second.job.attempts == 2 and not queue.holds(first)
    with pytest.raises(LeaseLost):
        queue.progress(first, "Late...", 50)
    with pytest.raises(LeaseLost):
        queue.finish(first, outcome())
    queue.finish(second, outcome())
    assert queue.get(job).phase == "complete"


def test_three_tries_and_no_more(queue):
    job = new(queue)
    for attempt in (1, 2, 3):
        assert queue.claim(f"w{attempt}", 4).job.attempts == attempt
        assert queue.abandon(f"w{attempt}", "lost") == 1
    assert queue.claim("w4", 4) is None
    assert queue.get(job).code == "WORKER_LOST" and queue.latest(job).last


def test_a_try_that_was_drained_does_not_count(queue):
    new(queue)
    for _ in range(5):
        assert queue.claim("w", 4).job.attempts == 1
        queue.abandon("w", "drained")


def test_percent_never_falls(queue):
    job = new(queue)
    claim = queue.claim("w", 4)
    queue.progress(claim, "Removing scratches...", 60)
    queue.abandon("w", "lost")
    claim = queue.claim("w", 4)
    queue.progress(claim, "Removing scratches...", 5)
    queue.finish(claim, outcome())
    states = [json.loads(event.data) for event in queue.events(0, job=job)]
    percents = [state["percent"] for state in states]
    assert percents == sorted(percents) and percents[-1] == 100
    assert states[-1]["result"] == RESULT


def test_canceled_at_work(queue):
    job = new(queue)
    claim = queue.claim("w", 4)
    assert queue.cancel(job) and not queue.cancel(job)
    assert not queue.holds(claim) and queue.get(job).error == "Canceled"
    with pytest.raises(LeaseLost):
        queue.finish(claim, outcome())


def test_a_batch_follows_its_photos(queue):
    batch, photos = str(uuid.uuid4()), [Submission(id=str(uuid.uuid4()), filename=f"{n}.jpg") for n in range(2)]
    bad = Submission(id=str(uuid.uuid4()), filename="bad.jpg", error="Invalid image: no", code="INVALID_IMAGE")
    queue.submit(Submission(id=batch, filename="all"), [*photos, bad])
    assert queue.get(batch).phase == "processing"
    queue.finish(queue.claim("w", 4), outcome())
    claim = queue.claim("w", 4)
    assert json.loads(queue.latest(batch).data)["currentFile"] == "1.jpg"
    queue.fail(claim, "Invalid image: torn", "INVALID_IMAGE")
    state = json.loads(queue.latest(batch).data)
    assert (state["status"], state["completedFiles"], state["failedFiles"]) == ("completed", 1, 2)
    assert [error["filename"] for error in state["errors"]] == ["1.jpg", "bad.jpg"]
    assert len(queue.remove(batch)) == 4 and queue.known([photos[0].id]) == set()


def test_what_expires(queue):
    waiting = new(queue)
    claim = queue.claim("w", 4)
    done = []
    for _ in range(3):
        job = new(queue)
        queue.finish(queue.claim("w", 4), outcome(size=90))
        done.append(job)
    assert queue.expired(0, over_bytes=10**9) == []
    assert queue.expired(0, over_bytes=310) == []
    assert queue.expired(0, over_bytes=309) == done[:1]
    assert queue.expired(0, over_bytes=0) == done
    assert queue.expired(time.time() + 1, over_bytes=10**9) == done
    assert queue.get(waiting).phase == "processing" and claim.job.id == waiting


def test_workers_and_load(queue):
    new(queue)
    queue.announce(WorkerInfo("w", "here", 7, "cpu"))
    load = queue.load()
    assert (load.queued, load.processing, load.stored_bytes) == (1, 0, 10)
    assert load.workers[0].pid == 7 and load.oldest_wait_s >= 0
    queue.abandon("w", "drained")
    assert queue.load().workers == []


def test_other_processes_see_the_same(queue, database):
    from daguerre.database.connection import Database
    from daguerre.jobs.sqlite import SqliteQueue

    other = SqliteQueue(Database(database.path))
    job = new(other)
    assert queue.get(job) == other.get(job)
    assert queue.claim("w", 4).job.id == job and other.claim("v", 4) is None
    assert [event.number for event in other.events(0)] == [1, 2]
