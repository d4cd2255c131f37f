"""The queue: who gets a job, and what becomes of it."""

from __future__ import annotations

import threading
import uuid

import pytest

from daguerre.failures import FAILURES
from daguerre.jobs.errors import JobExists, LeaseLost, QueueFull
from daguerre.jobs.queue import WorkerInfo
from daguerre.jobs.records import MAX_ATTEMPTS, Submission
from tests.jobs.jobs import RESULT, new, outcome


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


def test_a_job_that_was_returned_waits_and_its_worker_is_still_there(queue):
    job = new(queue)
    queue.announce(WorkerInfo("w", "here", 7, "cpu"))
    for _ in range(MAX_ATTEMPTS + 1):
        assert queue.claim("w", 4).job.attempts == 1
        assert queue.abandon("w", "returned") == 1
    assert queue.get(job).stage == "Waiting for the storage..."
    assert [worker.id for worker in queue.load().workers] == ["w"]


def test_percent_never_falls(queue):
    job = new(queue)
    claim = queue.claim("w", 4)
    queue.progress(claim, "Removing scratches...", 60)
    queue.abandon("w", "lost")
    claim = queue.claim("w", 4)
    queue.progress(claim, "Removing scratches...", 5)
    queue.finish(claim, outcome())
    percents = [event.percent for event in queue.events(job, 0)]
    assert percents == sorted(percents) and percents[-1] == 100
    assert queue.get(job).result == RESULT


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
    assert queue.latest(batch).current == "1.jpg"
    queue.progress(claim, "Removing scratches...", 60)
    assert queue.latest(batch).percent == 86
    queue.fail(claim, "Invalid image: torn", "INVALID_IMAGE")
    state = queue.latest(batch)
    assert (state.phase, state.completed, state.failed, state.percent) == ("complete", 1, 2, 100)
    told = {batch: [("1.jpg", "Invalid image: torn"), ("bad.jpg", "Invalid image: no")]}
    assert queue.failures([batch, "other"], most=5) == told
    assert queue.failures([batch], most=1) == {batch: told[batch][:1]}
    assert len(queue.remove(batch)) == 4 and queue.known([photos[0].id]) == set()


def test_a_submission_is_told_of_once_however_many_fail(queue):
    """500 refused photos: one event of the batch and one of each photo, and the batch has failed."""
    batch = str(uuid.uuid4())
    bad = [
        Submission(id=f"p{n}", filename="x" * 150, error="Invalid image: no", code="INVALID_IMAGE") for n in range(500)
    ]
    queue = type(queue)(queue._database, max_queued=1000)
    queue.submit(Submission(id=batch, filename="all"), bad)
    events = queue.news(0, within_s=0, limit=10_000)
    assert len(events) == 501 and len(queue.events(batch, 0)) == 1
    job = queue.get(batch)
    assert (job.phase, job.code, job.failed, job.photos) == ("failed", "BATCH_FAILED", 500, 500)
    assert queue.load().queued == 0


def test_a_removed_photo_is_no_longer_counted(queue):
    batch, photos = "batch", [Submission(id=f"p{n}", filename=f"{n}.jpg") for n in range(3)]
    queue.submit(Submission(id=batch, filename="all"), photos)
    queue.finish(queue.claim("w", 4), outcome())
    queue.remove("p1")
    assert (queue.get(batch).photos, queue.get(batch).phase) == (2, "processing")
    queue.remove("p2")
    assert (queue.get(batch).photos, queue.get(batch).phase) == (1, "complete")


def test_a_canceled_batch_counts_what_was_done(queue):
    batch, photos = "batch", [Submission(id=f"p{n}", filename=f"{n}.jpg") for n in range(3)]
    queue.submit(Submission(id=batch, filename="all"), photos)
    queue.finish(queue.claim("w", 4), outcome())
    claim = queue.claim("w", 4)
    assert queue.cancel(batch) and not queue.holds(claim)
    job = queue.get(batch)
    assert (job.phase, job.code, job.completed, job.failed) == ("failed", "CANCELED", 1, 2)
    assert {photo.code for photo in queue.photos(batch)} == {None, "CANCELED"}


def test_what_expires(queue, clock):
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
    assert queue.expired(clock.wall + 1, over_bytes=10**9) == done
    assert queue.get(waiting).phase == "processing" and claim.job.id == waiting


def test_workers_and_load(queue):
    new(queue)
    queue.announce(WorkerInfo("w", "here", 7, "cpu"))
    load = queue.load()
    assert (load.queued, load.processing, load.stored_bytes) == (1, 0, 10)
    assert load.workers[0].pid == 7 and load.oldest_wait_s >= 0
    queue.abandon("w", "drained")
    assert queue.load().workers == []


def test_an_installation_ends_when_nothing_is_heard_of_its_server(queue, clock):
    """Another's on the same machine goes on, and is told to have been interrupted by nobody."""
    lives, dies = Submission(id="lives", filename="models"), Submission(id="dies", filename="models")
    going_on, lost = queue.begin(lives, "server", 50), queue.begin(dies, "gone", 0)
    for _ in range(5):
        assert [claim.job.id for claim in queue.heartbeat(["server"], 50)] == ["lives"]
        queue.maintain()
        clock.pass_(2)
    assert queue.holds(going_on) and not queue.holds(lost)
    ended = queue.get("dies")
    assert (ended.phase, ended.code, ended.error) == ("failed", "INTERRUPTED", FAILURES["INTERRUPTED"].say())
    assert queue.latest("dies").last and queue.claim("w", 4) is None
    queue.finish(going_on, outcome())
    assert queue.get("lives").phase == "complete"
