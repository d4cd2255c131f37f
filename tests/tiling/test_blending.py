"""Tiles of photos of any size, and what is blended over them, without a model."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daguerre.errors import Canceled, OutOfMemory
from daguerre.progress import CancelToken, Track
from daguerre.tiling.blending import enlarge_tiles, measure_tiles, transform_tiles
from daguerre.tiling.geometry import Tile, Tiling, split

SIZES = st.integers(1, 150)
GEOMETRY = st.tuples(st.integers(0, 20), st.sampled_from([1, 2, 8, 16]), st.integers(0, 60))


def photo(height: int, width: int, channels: int, dtype: str, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    if dtype == "float32":
        return random.normal(0.5, 0.6, (height, width, channels)).astype(np.float32)
    return random.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype, endpoint=True)


def grid(height: int, width: int, halo: int, multiple: int, extra: int) -> list[Tile]:
    room = 2 * -(-halo // multiple) * multiple + max(3 * 16, multiple) + multiple
    return split(height, width, Tiling(room + extra, halo, multiple))


@settings(max_examples=150, deadline=None)
@given(
    SIZES, SIZES, st.sampled_from([1, 3]), st.sampled_from(["uint8", "uint16", "float32"]), GEOMETRY, st.integers(0, 9)
)
def test_identity_returns_the_photo_to_the_bit(height, width, channels, dtype, geometry, seed):
    pixels = photo(height, width, channels, dtype, seed)
    result = transform_tiles(pixels, lambda image, tile: image.copy(), grid(height, width, *geometry), Track())
    assert result.dtype == pixels.dtype
    assert result.tobytes() == pixels.tobytes()


@settings(max_examples=150, deadline=None)
@given(SIZES, SIZES, GEOMETRY)
def test_weights_of_all_tiles_add_up_to_one(height, width, geometry):
    cut = grid(height, width, *geometry)
    blended = measure_tiles(np.zeros((height, width, 1), np.uint8), lambda image, tile: image[:, :1] + 1, cut, Track())
    assert np.allclose(blended, 1, atol=1e-6)


@settings(max_examples=100, deadline=None)
@given(SIZES, SIZES, GEOMETRY)
def test_windows_share_one_shape_that_suits_the_model(height, width, geometry):
    halo, multiple, extra = geometry
    cut = grid(height, width, halo, multiple, extra)
    assert len({(tile.height, tile.width) for tile in cut}) == 1
    for tile in cut:
        assert tile.height % multiple == tile.width % multiple == tile.top % multiple == tile.left % multiple == 0
        assert tile.core_top - tile.top >= halo
        assert tile.core_left - tile.left >= halo


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.integers(0, 9))
def test_a_local_filter_gives_no_seams(height, width, seed):
    """A 3x3 mean over tiles equals the mean over the whole reflected photo."""

    def mean(image: np.ndarray) -> np.ndarray:
        padded = np.pad(image, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        h, w = image.shape[2:]
        return sum(padded[:, :, y : y + h, x : x + w] for y in range(3) for x in range(3)) / np.float32(9)

    pixels = photo(height, width, 3, "float32", seed).clip(0, 1)
    result = transform_tiles(pixels, lambda image, tile: mean(image), split(height, width, Tiling(80, 4, 8)), Track())
    rows = np.pad(np.arange(height), 1, mode="reflect") if height > 1 else np.zeros(3, int)
    columns = np.pad(np.arange(width), 1, mode="reflect") if width > 1 else np.zeros(3, int)
    whole = pixels[rows][:, columns].transpose(2, 0, 1)[None]
    expected = mean(whole)[0, :, 1:-1, 1:-1].transpose(1, 2, 0)
    assert np.allclose(result, expected, atol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(20000, 2), (2, 20000), (1, 1), (1, 3000)])
def test_slivers(height, width):
    pixels = photo(height, width, 3, "uint8", 0)
    cut = split(height, width, Tiling(512, 32, 16))
    assert np.array_equal(transform_tiles(pixels, lambda image, tile: image, cut, Track()), pixels)


def test_unwanted_tiles_stay_as_they_are():
    pixels = photo(300, 300, 3, "uint8", 1)
    cut = split(300, 300, Tiling(128, 8, 8))
    first = cut[0]
    result = transform_tiles(pixels, lambda image, tile: 1 - image, cut, Track(), wanted=lambda tile: tile is first)
    assert np.array_equal(result[:50, :50], 255 - pixels[:50, :50])
    outside = np.ones((300, 300), bool)
    outside[first.core] = False
    assert np.array_equal(result[outside], pixels[outside])


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.sampled_from([1, 2, 8]))
def test_survey_at_reduced_scale_places_every_value(height, width, scale):
    pixels = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32)[None, :, None], (height, width, 3))

    def corner(image: np.ndarray, tile: Tile) -> np.ndarray:
        return image[:, :1, ::scale, ::scale]

    result = measure_tiles(pixels, corner, split(height, width, Tiling(96, 8, 8)), Track(), scale=scale)
    assert result.shape == (-(-height // scale), -(-width // scale), 1)
    assert np.allclose(result[..., 0], pixels[::scale, ::scale, 0], atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(40, 200), st.integers(40, 200), st.integers(0, 2**32 - 1))
def test_wanted_tiles_count_by_their_weights_wherever_they_lie(height, width, seed):
    tiles = split(height, width, Tiling(tile=64, halo=4, multiple=4))
    chosen = set(np.flatnonzero(np.random.default_rng(seed).random(len(tiles)) < 0.4))
    wanted = {tile for index, tile in enumerate(tiles) if index in chosen}
    expected = np.zeros((height, width))
    for tile in wanted:
        shares = []
        for start, stop, before, after in (
            (tile.core_top, tile.core_bottom, tile.ramps[0], tile.ramps[2]),
            (tile.core_left, tile.core_right, tile.ramps[1], tile.ramps[3]),
        ):
            share = np.ones(stop - start)
            share[:before] = (np.arange(before) + 0.5) / max(before, 1)
            share[len(share) - after :] = 1 - (np.arange(after) + 0.5) / max(after, 1)
            shares.append(share)
        expected[tile.core] += shares[0][:, None] * shares[1]
    said = measure_tiles(
        np.zeros((height, width, 1), np.uint8),
        lambda image, tile: np.ones_like(image[:, :1]),
        tiles,
        Track(),
        wanted=wanted.__contains__,
    )
    assert np.abs(said[:, :, 0] - expected).max() < 1e-5


def test_survey_in_bytes():
    pixels = photo(90, 70, 3, "uint8", 2)
    cut = split(90, 70, Tiling(96, 8, 8))
    result = measure_tiles(pixels, lambda image, tile: image[:, 1:2], cut, Track(), dtype=np.uint8)
    assert np.array_equal(result[..., 0], pixels[..., 1])


def test_highlights_of_float_photos_survive():
    pixels = np.full((40, 40, 3), 7.5, np.float32)
    result = transform_tiles(pixels, lambda image, tile: image - 0.25, split(40, 40, Tiling(96, 8, 8)), Track())
    assert np.allclose(result, 7.25)


def test_pixels_that_are_not_finite_do_not_spread():
    pixels = np.full((80, 80, 3), 0.5, np.float32)
    pixels[3, 4] = np.nan
    pixels[5, 6] = np.inf
    seen = []

    def look(image: np.ndarray, tile: Tile) -> np.ndarray:
        seen.append(bool(np.isfinite(image).all()))
        return image

    result = transform_tiles(pixels, look, split(80, 80, Tiling(96, 8, 8)), Track())
    assert all(seen)
    assert result.tobytes() == pixels.tobytes()


def test_cancel_is_obeyed_within_a_tile():
    token = CancelToken()
    calls = []

    def work(image: np.ndarray, tile: Tile) -> np.ndarray:
        calls.append(tile)
        token.cancel()
        return image

    with pytest.raises(Canceled):
        transform_tiles(photo(400, 400, 3, "uint8", 0), work, split(400, 400, Tiling(128, 8, 8)), Track(cancel=token))
    assert len(calls) == 1


def test_a_tile_without_room_is_refused():
    with pytest.raises(ValueError, match="too small"):
        split(100, 100, Tiling(64, 32, 8))


def narrow(radius, limit, shapes):
    """A local model, without memory for more than ``limit`` pixels."""

    def transform(image, tile):
        shapes.append(image.shape[2:])
        assert image.shape[2:] == (tile.height, tile.width)
        if image.shape[2] * image.shape[3] > limit:
            raise OutOfMemory("short")
        side = (2 * radius + 1, 2 * radius + 1)
        return np.stack([cv2.blur(channel, side, borderType=cv2.BORDER_CONSTANT) for channel in image[0]])[None]

    return transform


@pytest.mark.parametrize("limit", [700 * 500, 400 * 400, 260 * 260])
def test_tiles_are_halved_where_memory_is_short(limit):
    pixels = np.random.default_rng(3).random((900, 1300, 3), np.float32)
    cut = split(900, 1300, Tiling(1024, 24, 8))
    expected = transform_tiles(pixels, narrow(10, 10**9, []), cut, Track())
    shapes = []
    result = transform_tiles(pixels, narrow(10, limit, shapes), cut, Track())
    assert np.abs(result - expected).max() < 1e-6
    too_large = [shape for shape in shapes if shape[0] * shape[1] > limit]
    assert 1 <= len(too_large) <= 6, "what is too large is tried once, not for every tile"
    assert all(side % 8 == 0 for shape in shapes for side in shape)


def test_a_survey_is_halved_too():
    pixels = np.random.default_rng(4).random((520, 700, 1), np.float32)
    cut = split(520, 700, Tiling(512, 16, 16))

    def measure(limit):
        def transform(image, tile):
            if image.shape[2] * image.shape[3] > limit:
                raise OutOfMemory("short")
            return image[:, :1, ::8, ::8] + np.float32(0)

        return transform

    whole, halved = (measure_tiles(pixels, measure(limit), cut, Track(), scale=8) for limit in (10**9, 300 * 300))
    assert np.array_equal(whole, halved)


def test_what_cannot_be_halved_any_more_is_told():
    pixels = np.zeros((400, 600, 1), np.uint8)
    with pytest.raises(OutOfMemory):
        transform_tiles(pixels, narrow(1, 100, []), split(400, 600, Tiling(512, 16, 8)), Track())


def repeated(image: np.ndarray, tile: Tile) -> np.ndarray:
    return image.repeat(2, axis=2).repeat(2, axis=3)


@settings(max_examples=60, deadline=None)
@given(
    SIZES, SIZES, st.sampled_from([1, 3]), st.sampled_from(["uint8", "uint16", "float32"]), GEOMETRY, st.integers(0, 9)
)
def test_enlarged_tiles_lie_where_they_belong(height, width, channels, dtype, geometry, seed):
    pixels = photo(height, width, channels, dtype, seed)
    result = enlarge_tiles(pixels, repeated, grid(height, width, *geometry), 2, Track())
    assert result.dtype == pixels.dtype
    expected = pixels.repeat(2, axis=0).repeat(2, axis=1)
    if dtype == "float32":
        assert np.allclose(result, expected, atol=1e-6)
    else:
        assert np.array_equal(result, expected)


def test_enlarging_goes_on_in_halves_where_memory_is_short():
    pixels = photo(300, 520, 3, "uint8", 1)
    shapes = []

    def scant(image, tile):
        shapes.append(image.shape[2:])
        if image.size > 3 * 300 * 300:
            raise OutOfMemory("too large")
        return repeated(image, tile)

    result = enlarge_tiles(pixels, scant, split(300, 520, Tiling(576, 16, 8)), 2, Track())
    assert np.array_equal(result, pixels.repeat(2, axis=0).repeat(2, axis=1))
    assert len(shapes) > 2
