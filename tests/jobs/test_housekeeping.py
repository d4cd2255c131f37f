"""What is too old goes, and clocks that leap take nothing away."""

from __future__ import annotations

import pytest

from daguerre.config import Config
from daguerre.jobs.errors import StorageFull
from daguerre.jobs.housekeeping import Housekeeping
from daguerre.jobs.queue import Outcome
from daguerre.jobs.records import StoredFile, Submission
from daguerre.jobs.storage import input_key


@pytest.fixture
def finished(queue, storage):
    """A job that has ended, with its file."""
    submission = Submission(id="done", filename="a.jpg", input_bytes=10)
    storage.put(input_key(submission.folder), b"0123456789")
    queue.submit(submission)
    queue.finish(queue.claim("w", 4), Outcome({}, {"a.jpg": StoredFile("k", "photo", 5, "image/jpeg", "0" * 64)}))
    return submission


def keeper(queue, storage, clock, **fields) -> Housekeeping:
    return Housekeeping(queue, storage, Config(**fields), wall=lambda: clock.wall, clock=lambda: clock.monotonic)


def test_what_is_too_old_goes_with_its_files(queue, storage, clock, finished):
    keeping = keeper(queue, storage, clock)
    for _ in range(72):
        keeping.tidy()
        assert queue.get("done") is not None
        clock.pass_(3600)
    clock.pass_(1)
    keeping.tidy()
    assert queue.get("done") is None and storage.folders(older_s=-1) == set()


@pytest.mark.parametrize("queue", ["sqlite"], indirect=True)
@pytest.mark.parametrize("storage", ["local"], indirect=True)
@pytest.mark.parametrize("back_after_s", [12, 500])
def test_nothing_expires_across_a_leap(queue, storage, clock, finished, back_after_s):
    keeping = keeper(queue, storage, clock)
    for _ in range(130):
        clock.pass_(5)
        keeping.tidy()
    clock.leap(80 * 3600)
    for _ in range(back_after_s // 4):
        clock.pass_(4)
        keeping.tidy()
    clock.leap(-80 * 3600)
    for _ in range(200):
        clock.pass_(5)
        keeping.tidy()
    assert queue.get("done") is not None


def test_nothing_expires_at_once_after_a_start_with_a_wrong_clock(queue, storage, clock, finished):
    clock.leap(80 * 3600)
    keeping = keeper(queue, storage, clock)
    clock.pass_(60)
    keeping.tidy()
    assert queue.get("done") is not None


def test_room_is_made_by_the_cap_and_by_the_disk(queue, storage, clock, finished, monkeypatch):
    keeping = keeper(queue, storage, clock, storage_limit_bytes=100)
    keeping.make_room(85)
    assert queue.get("done") is not None
    monkeypatch.setattr(storage, "free_bytes", lambda: 10)
    keeping.make_room(20)
    assert queue.get("done") is None
    with pytest.raises(StorageFull):
        keeping.make_room(20)


def test_a_full_disk_gets_back_what_can_be_spared(queue, storage, clock, finished, monkeypatch):
    keeping = keeper(queue, storage, clock)
    monkeypatch.setattr(storage, "free_bytes", lambda: 0)
    keeping.tidy()
    assert queue.get("done") is None


def test_files_without_a_job_go_after_an_hour(queue, storage, clock, finished, monkeypatch):
    storage.put(input_key("stray"), b"x")
    keeping = keeper(queue, storage, clock)
    keeping.tidy()
    assert "stray" in storage.folders(older_s=-1)
    real = storage.folders
    monkeypatch.setattr(storage, "folders", lambda older_s: real(older_s=-1))
    clock.pass_(3601)
    keeping.tidy()
    assert storage.folders(older_s=-1) == {finished.folder}


def test_jobs_whose_files_are_gone_are_found_and_stay(queue, storage, clock, finished):
    keeping = keeper(queue, storage, clock)
    clock.pass_(3601)
    keeping.tidy()
    assert keeping.lost == frozenset()
    storage.remove(finished.folder)
    clock.pass_(3601)
    keeping.tidy()
    assert keeping.lost == {"done"} and queue.get("done") is not None
