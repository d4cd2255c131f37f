"""Many photos through one restorer, and beside an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

import daguerre
from daguerre.config import Config

NOTHING = daguerre.Settings(scratch_removal=False, denoise=False, face_enhancement=False)
NOISE = daguerre.Settings(scratch_removal=False, face_enhancement=False)


def picture(seed=0, side=64):
    return np.clip(128 + np.random.default_rng(seed).normal(0, 20, (side, side)), 0, 255).astype(np.uint8)


@pytest.fixture
def restorer(tmp_path):
    return daguerre.Restorer(config=Config(data=tmp_path))


@pytest.mark.parametrize("workers", [1, 3])
def test_order_progress_and_errors(restorer, tmp_path, workers):
    sources = [picture(0), tmp_path / "none.png", picture(2), 7, picture(4)]
    events = []
    outcomes = list(restorer.map(sources, NOISE, workers=workers, on_progress=events.append))
    assert [outcome.source for outcome in outcomes] == sources or len(outcomes) == 5
    assert [outcome.error is None for outcome in outcomes] == [True, False, True, False, True]
    assert isinstance(outcomes[1].error, daguerre.InvalidImage)
    assert isinstance(outcomes[3].error, TypeError)
    for index in (0, 2, 4):
        assert np.array_equal(np.asarray(outcomes[index].unwrap().before), sources[index])
    with pytest.raises(daguerre.InvalidImage):
        outcomes[1].unwrap()
    assert {(event.index, event.total) for event in events} == {(0, 5), (2, 5), (4, 5)}
    assert all(event.event.percent == 100 for event in {event.index: event for event in events}.values())


def test_wrong_settings_are_told_at_once(restorer):
    with pytest.raises(daguerre.InvalidSettings, match="did you mean denoise_strength"):
        restorer.map([picture()], denoise_strenght=3)
    with pytest.raises(daguerre.InvalidSettings, match="gifx"):
        restorer.map([picture()], output_format="gifx")
    with pytest.raises(ValueError, match="workers"):
        restorer.map([picture()], workers=0)


def test_no_more_is_begun_than_is_taken(restorer):
    taken = []

    def sources():
        for index in range(10):
            taken.append(index)
            yield picture(index)

    outcomes = restorer.map(sources(), NOTHING, workers=2)
    next(outcomes)
    outcomes.close()
    assert len(taken) == 3


def test_a_caller_who_leaves_stops_the_work_and_keeps_the_token(restorer):
    token = daguerre.CancelToken()
    outcomes = restorer.map([picture(side=1500), picture(side=1500)], NOISE, cancel=token)
    next(outcomes)
    outcomes.close()
    assert not token.canceled
    token.cancel()
    with pytest.raises(daguerre.Canceled):
        next(restorer.map([picture()], NOISE, cancel=token))


def test_the_event_loop_goes_on(restorer):
    async def main():
        events, threads = [], set()

        def progress(event):
            events.append(event)
            threads.add(threading.get_ident())

        work = asyncio.create_task(restorer.restore_async(picture(), NOISE, on_progress=progress))
        turns = 0
        while not work.done():
            await asyncio.sleep(0)
            turns += 1
        return await work, events, threads, turns

    result, events, threads, turns = asyncio.run(main())
    assert result.steps == ["denoise"]
    assert turns > 1
    assert events[-1].percent == 100
    assert threads == {threading.get_ident()}


def test_a_canceled_task_stops_the_work(restorer):
    began, ended = threading.Event(), threading.Event()
    token = daguerre.CancelToken()

    async def main():
        work = asyncio.create_task(
            restorer.restore_async(picture(side=3000), NOISE, cancel=token, on_progress=lambda event: began.set())
        )
        while not began.is_set():
            await asyncio.sleep(0.001)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        ended.set()

    asyncio.run(main())  # waits for the thread, which would work for long
    assert ended.is_set() and not token.canceled


def test_the_module_has_it_too():
    result = asyncio.run(daguerre.restore_async(picture(), NOTHING))
    assert result.steps == []


def test_process_pools_work(restorer):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        result = pool.submit(restorer.restore, picture(), NOISE).result()
    assert result.steps == ["denoise"]
