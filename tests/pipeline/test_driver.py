"""One photo's way through the steps, with steps that are real and small."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from daguerre.config import Config
from daguerre.errors import Canceled, ModelNotInstalled
from daguerre.imaging.photo import Photo
from daguerre.models.catalog import Catalog
from daguerre.models.install.store import Store
from daguerre.models.runtime import devices
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline.driver import restore_photo
from daguerre.pipeline.restorer import Restorer
from daguerre.pipeline.steps import STEPS, Step
from daguerre.progress import CancelToken
from daguerre.settings import Settings
from daguerre.tiling.blending import transform_tiles
from daguerre.tiling.geometry import Tiling, split


def step(name, apply, wanted=lambda settings: True):
    return Step(name, f"{name}...", 1, f"{name} failed", wanted, apply)


def invert(pixels, page, track):
    cut = split(*pixels.shape[:2], Tiling(128, 8, 8))
    return transform_tiles(pixels, lambda image, tile: 1 - image, cut, track)


def nothing(pixels, page, track):
    return pixels.copy()


@pytest.fixture
def cache(tmp_path):
    return ModelCache(Catalog(), Store(tmp_path, embedded=tmp_path), Config(data=tmp_path))


def photo(channels=3, height=200, width=150, dtype=np.uint8, **fields):
    random = np.random.default_rng(7)
    pixels = random.random((height, width, channels)).astype(np.float32)
    if np.dtype(dtype).kind == "u":
        pixels = (pixels * np.iinfo(dtype).max).astype(dtype)
    return Photo(pixels, "png", **fields)


def test_steps_that_change_nothing_are_not_reported(cache):
    source = photo()
    steps = (step("a", nothing), step("b", invert), step("c", nothing))
    result, findings = restore_photo(source, Settings(), cache, steps=steps)
    assert findings.steps == ["b"]
    assert np.array_equal(result.pixels, 255 - source.pixels)
    assert set(findings.timings) == {"a", "b", "c"}


def test_the_input_is_left_alone(cache):
    source = photo(alpha=np.full((200, 150), 9, np.uint8))
    kept = source.pixels.copy()
    result, _ = restore_photo(source, Settings(), cache, steps=(step("b", invert),))
    assert np.array_equal(source.pixels, kept)
    assert result.alpha is source.alpha


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_depth_stays(cache, dtype, channels):
    source = photo(channels, dtype=dtype)
    result, findings = restore_photo(source, Settings(), cache, steps=(step("b", invert),))
    assert findings.steps == ["b"]
    assert result.pixels.dtype == dtype
    assert np.allclose(result.pixels, source.white - source.pixels.astype(np.float64), atol=source.white * 1e-6)


def test_a_neutral_rgb_photo_stays_neutral(cache):
    gray = photo(1)
    source = Photo(np.repeat(gray.pixels, 3, axis=2), "jpeg")
    seen = []

    def tint(pixels, page, track):
        seen.append(pixels.shape[2])
        cut = split(*pixels.shape[:2], Tiling(128, 8, 8))
        return transform_tiles(
            pixels, lambda image, tile: image * np.float32([[[[0.9]], [[0.8]], [[0.7]]]]), cut, track
        )

    result, _ = restore_photo(source, Settings(), cache, steps=(step("tint", tint),))
    assert seen == [1]
    assert result.pixels.shape == source.pixels.shape
    assert (np.ptp(result.pixels, axis=2) == 0).all()
    assert not np.array_equal(result.pixels, source.pixels)


def test_every_page_is_restored(cache):
    source = photo(pages=[photo(1, 30, 40), photo(3, 50, 60)])
    result, findings = restore_photo(source, Settings(), cache, steps=(step("b", invert),))
    assert [page.pixels.shape for page in result.pages] == [(30, 40, 1), (50, 60, 3)]
    assert np.array_equal(result.pages[1].pixels, 255 - source.pages[1].pixels)
    assert findings.steps == ["b"]


def test_percent_never_falls_over_pages_and_steps(cache):
    events = []
    source = photo(pages=[photo(1, 300, 400)])
    restore_photo(source, Settings(), cache, on_progress=events.append, steps=(step("a", invert), step("b", invert)))
    percents = [event.percent for event in events]
    assert percents == sorted(percents)
    assert percents[-1] == 100
    assert len(set(percents)) > 5
    assert {event.step for event in events} >= {"a", "b"}


def test_cancel(cache):
    token = CancelToken()
    with pytest.raises(Canceled):
        restore_photo(
            photo(), Settings(), cache, cancel=token, on_progress=lambda _: token.cancel(), steps=(step("b", invert),)
        )


def test_what_was_asked_for_and_cannot_run_is_named(cache):
    source = photo()
    wanted = Settings(face_enhancement=True, colorize=True, scratch_removal=False, denoise=False)
    result, findings = restore_photo(source, wanted, cache)
    assert findings.warnings == [
        "Faces were not enhanced: no model for face detection is installed.",
        "The photo was not colorized: no model for colorize is installed.",
    ]
    assert result.pixels is source.pixels
    assert findings.models == {}


def test_an_explicit_tier_that_is_missing_fails(cache):
    with pytest.raises(ModelNotInstalled):
        restore_photo(photo(), Settings(), cache, tier="full")


def test_steps_off_give_the_photo_back(cache):
    source = photo()
    off = Settings(scratch_removal=False, denoise_strength=0, face_enhancement=False)
    result, findings = restore_photo(source, off, cache)
    assert result.pixels is source.pixels
    assert (findings.steps, findings.warnings, findings.timings) == ([], [], {})


def test_the_order_of_the_specification():
    assert [each.name for each in STEPS] == [
        "negative",
        "fading",
        "scratch_removal",
        "face_enhancement",
        "denoise",
        "colorize",
        "upscale",
    ]


def test_a_device_that_fails_is_named_and_the_photo_is_restored(tmp_path, scene, spoil, monkeypatch):
    real = devices.load

    def load(runtime, path, threads, precision):
        loaded = real("cpu" if runtime == "cuda" else runtime, path, threads, precision)

        def call(feed):
            raise RuntimeError("CUDA failure 719: unspecified launch failure")

        return dataclasses.replace(loaded, call=call) if runtime == "cuda" else loaded

    noisy = Photo(spoil(scene(96, 128), 20), "png")
    expected = Restorer(config=Config(data=tmp_path, device="cpu")).restore(noisy, face_enhancement=False)
    monkeypatch.setattr(devices, "load", load)
    result = Restorer(config=Config(data=tmp_path, device="auto")).restore(noisy, face_enhancement=False)
    assert np.array_equal(result.photo.pixels, expected.photo.pixels)
    assert "denoise" in result.steps
    assert [sentence for sentence in result.warnings if sentence.startswith("CUDA")] == [
        "CUDA could not be used (CUDA failure 719: unspecified launch failure): the work was done on the CPU instead."
    ]


def test_a_photo_is_restored_where_memory_is_too_short_for_its_tiles(tmp_path, scene, spoil, monkeypatch):
    real, sizes = devices.load, []

    def load(runtime, path, threads, precision):
        loaded = real("cpu", path, threads, precision)

        def call(feed):
            if "image" not in feed:
                return loaded.call(feed)
            height, width = feed["image"].shape[2:]
            if height * width > 300 * 300 and path.stem == "denoise":
                raise RuntimeError("Failed to allocate memory for requested buffer of size 4096")
            sizes.append(height * width)
            return loaded.call(feed)

        return dataclasses.replace(loaded, call=call)

    noisy = Photo(spoil(scene(500, 600), 20), "png")
    settings = Settings(scratch_removal=False, face_enhancement=False)
    expected = Restorer(config=Config(data=tmp_path, device="cpu", precision="fp32")).restore(noisy, settings)
    monkeypatch.setattr(devices, "load", load)
    result = Restorer(config=Config(data=tmp_path, device="cpu", precision="fp32")).restore(noisy, settings)
    difference = np.abs(result.photo.pixels.astype(int) - expected.photo.pixels)
    assert "denoise" in result.steps
    assert difference.max() <= 2
    assert not [sentence for sentence in result.warnings if "could not be used" in sentence]
