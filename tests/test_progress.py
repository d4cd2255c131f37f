"""Percent never falls, and the token stops the work."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daguerre.errors import Canceled
from daguerre.progress import CancelToken, Progress, ProgressEvent, Track


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 5), st.integers(0, 5)), max_size=20))
def test_percent_never_falls(calls):
    events: list[ProgressEvent] = []
    progress = Progress({"a": 1, "b": 3}, events.append)
    tracks = {name: progress.track(name, name, name) for name in "ab"}
    for name, expected, advanced in calls:
        tracks[name].expect(expected)
        tracks[name].advance(advanced)
    progress.complete()
    percents = [event.percent for event in events]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert all(0 <= percent <= 100 for percent in percents)


def test_weights_share_the_percent():
    events: list[ProgressEvent] = []
    progress = Progress({"short": 1, "long": 3}, events.append)
    track = progress.track("long", "denoise", "Reducing noise...")
    track.expect(2)
    track.advance()
    assert events[-1] == ProgressEvent("Reducing noise...", 37, "denoise")
    track.advance()
    progress.finish("short")
    assert events[-1].percent == 75


def test_a_canceled_token_stops_at_the_next_tile():
    token = CancelToken()
    track = Track(cancel=token)
    track.expect(2)
    track.advance()
    token.cancel()
    assert token.canceled
    with pytest.raises(Canceled, match="canceled"):
        track.advance()


@pytest.mark.parametrize("parent", [None, CancelToken()])
def test_a_canceled_wait_ends_long_before_its_time(parent):
    token = CancelToken(parent)
    threading.Timer(0.05, (parent or token).cancel).start()
    with pytest.raises(Canceled):
        token.sleep(10_000)


def test_passes_of_a_split_track_share_its_part():
    events: list[ProgressEvent] = []
    track = Progress({"all": 1}, events.append).track("all", "step", "Working...")
    first, second = track.split(1, 3)
    first.expect(2)
    first.advance()
    assert events[-1].percent == 12
    first.advance()
    second.expect(1)
    assert events[-1].percent == 25
    inner, _ = second.split(2, 1)
    inner.expect(1)
    inner.advance()
    assert events[-1].percent == 75
    second.finish()
    assert events[-1].percent == 100
