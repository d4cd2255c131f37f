"""Jobs in bulk without HTTP, and what becomes of them where the queue has no room."""

from __future__ import annotations

from pathlib import Path

import pytest

from daguerre.cli import doors
from daguerre.cli.doors import QueueDoor
from daguerre.cli.places import Item, Place
from daguerre.config import Config
from daguerre.errors import Canceled
from daguerre.jobs.errors import QueueFull
from daguerre.jobs.queue import Outcome
from daguerre.jobs.records import Submission
from daguerre.settings import Settings
from tests.serving import picture


class Time:
    """Passes while somebody sleeps, after ``during`` was called."""

    def __init__(self, during) -> None:
        self.now = 50_000.0
        self._during = during

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self._during(self.now)
        self.now += seconds


@pytest.fixture
def source(tmp_path: Path) -> Place:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(picture())
    return Place(str(tmp_path / "photos"))


@pytest.fixture
def door(tmp_path: Path) -> QueueDoor:
    """To a queue with room for one photo, which waits there."""
    made = QueueDoor(Config(data=tmp_path / "data", max_queued=1), Settings(), patience_s=100)
    made._queue.submit(Submission(id="first", filename="a.jpg"))
    return made


def only(source: Place, target: Path) -> Item:
    (item,) = source.photos({}, Place(str(target), made=True))
    return item


def test_a_full_queue_that_stands_still_is_given_up_with_a_sentence(door, source, tmp_path, monkeypatch):
    passing = Time(lambda now: None)
    monkeypatch.setattr(doors, "time", passing)
    item, began = only(source, tmp_path / "out"), passing.now
    with pytest.raises(QueueFull, match="has not moved for 100 seconds: 1 photos wait, and 0 workers run"):
        door.submit("a", item, source, tmp_path / "scratch", lambda: False)
    assert passing.now - began == 100
    # The next photo does not wait as long again, and what was stored for them is gone.
    with pytest.raises(QueueFull):
        door.submit("b", item, source, tmp_path / "scratch", lambda: False)
    assert passing.now - began == 100 and door._storage.folders(older_s=-1) == set()


def test_a_full_queue_that_moves_is_waited_for(door, source, tmp_path, monkeypatch):
    """Others' photos come and go, and take every place that is free."""
    finished = []

    def during(now: float) -> None:
        if len(finished) * 90 < now - began:
            finished.append(door._queue.claim("w", 4))
            door._queue.finish(finished[-1], Outcome({}, {}))
            door._queue.remove(finished[-1].job.id)
            if len(finished) < 20:
                door._queue.submit(Submission(id=f"other{len(finished)}", filename="a.jpg"))

    passing = Time(during)
    began = passing.now
    monkeypatch.setattr(doors, "time", passing)
    door.submit("a", only(source, tmp_path / "out"), source, tmp_path / "scratch", lambda: False)
    assert passing.now - began > 1000 and door._queue.get("a").phase == "queued"


def test_who_stops_does_not_wait_for_room(door, source, tmp_path):
    with pytest.raises(Canceled):
        door.submit("a", only(source, tmp_path / "out"), source, tmp_path / "scratch", lambda: True)
    assert door._queue.get("a") is None and door._storage.folders(older_s=-1) == set()
