"""Running a model over tiles, with normalized blending.

Beyond the photo's edges a window sees its reflection. Where cores overlap, linear weights that add up to 1 blend them.

What is blended is the *change* that the model makes, never the photo: where it changes nothing the pixels come back to
the bit, in every depth. Bands of tiles are written as soon as they are complete, so that no more than one band of the
photo is ever held as float.

Where memory is too short for a tile, it and those that follow are worked on in halves, and halves of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.errors import OutOfMemory
from daguerre.imaging.photo import Pixels, white_of
from daguerre.progress import Track
from daguerre.tiling.divisible import divisible
from daguerre.tiling.geometry import Tile, ceil_div, halves

Floats = npt.NDArray[np.float32]
Transform = Callable[[Floats, Tile], Floats]
"""``[1, 3, h, w]`` in 0..1 and its tile -> ``[1, C, h / scale, w / scale]``, or larger where it enlarges."""


def read_window(pixels: Pixels, tile: Tile) -> Floats:
    """The window as ``[1, 3, h, w]`` in 0..1; gray as three equal channels, highlights clipped.

    ``pixels`` may also be ``[H, W]`` or have any other number of channels, which stay.
    """
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    rows = _reflected(tile.top, tile.height, pixels.shape[0])
    columns = _reflected(tile.left, tile.width, pixels.shape[1])
    if isinstance(rows, slice):
        window = pixels[rows][:, columns]
    elif isinstance(columns, slice):
        window = pixels[:, columns][rows]
    else:
        window = pixels[rows[:, None], columns[None, :]]
    channels = window.shape[2]
    image: Floats = np.empty((1, 3 if channels == 1 else channels, *window.shape[:2]), np.float32)
    scale = np.float32(1.0 / white_of(pixels.dtype) if pixels.dtype.kind == "u" else 1.0)
    for channel in range(channels):
        np.multiply(window[:, :, channel], scale, out=image[0, channel], casting="unsafe")
    if pixels.dtype.kind == "f":
        np.nan_to_num(image[:, :channels], copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        np.clip(image[:, :channels], 0.0, 1.0, out=image[:, :channels])
    if channels == 1:
        image[:, 1:] = image[:, :1]
    return image


def transform_tiles(
    pixels: Pixels,
    transform: Transform,
    tiles: Sequence[Tile],
    track: Track,
    *,
    wanted: Callable[[Tile], bool] | None = None,
) -> Pixels:
    """A copy of ``pixels`` ``[H, W, 1|3]`` with every tile passed through ``transform``.

    ``transform`` gives the new window ``[1, 3, h, w]``. Where it equals the old one, the pixels
    are identical to the bit. Tiles that are not ``wanted`` are left as they are. Highlights of
    float photos keep what lies above 1. Advances ``track`` once per tile that is wanted.
    """
    channels = pixels.shape[2]
    transform = _dividing(transform)

    def change(tile: Tile) -> Floats:
        image = read_window(pixels, tile)
        difference = transform(image, tile) - image
        return difference.mean(axis=1, keepdims=True, dtype=np.float32) if channels == 1 else difference

    result = pixels.copy()
    for rows, columns, band in _bands(change, tiles, pixels.shape[1], channels, 1, track, wanted):
        result[rows, columns] = add_change(pixels[rows, columns], band)
    return result


def measure_tiles(
    pixels: Pixels,
    measure: Transform,
    tiles: Sequence[Tile],
    track: Track,
    *,
    channels: int = 1,
    scale: int = 1,
    wanted: Callable[[Tile], bool] | None = None,
    dtype: npt.DTypeLike = np.float32,
) -> npt.NDArray[np.generic]:
    """What ``measure`` says of the photo: ``[ceil(H / scale), ceil(W / scale), channels]``.

    ``measure`` gives ``[1, channels, h / scale, w / scale]``; ``scale`` must divide the multiple
    of the tiles. With ``dtype`` uint8, values 0..1 are stored as 0..255. Tiles that are not
    ``wanted`` count as zero. Advances ``track`` once per tile that is wanted.
    """
    height, width = ceil_div(pixels.shape[0], scale), ceil_div(pixels.shape[1], scale)
    result = np.zeros((height, width, channels), dtype)
    measure = _dividing(measure)

    def values(tile: Tile) -> Floats:
        return measure(read_window(pixels, tile), tile)

    for rows, columns, band in _bands(values, tiles, width, channels, scale, track, wanted):
        if result.dtype == np.uint8:
            band = np.rint(np.clip(band, 0.0, 1.0) * 255.0)
        result[rows, columns] = band
    return result


def enlarge_tiles(pixels: Pixels, transform: Transform, tiles: Sequence[Tile], factor: int, track: Track) -> Pixels:
    """``pixels`` ``[H, W, 1|3]`` as ``[factor * H, factor * W, 1|3]``, in their own depth.

    ``transform`` gives the enlarged window ``[1, 3, factor * h, factor * w]``. What highlights of float photos have
    above 1 is enlarged beside it. Advances ``track`` once per tile.
    """
    channels = pixels.shape[2]
    width = pixels.shape[1] * factor
    transform = _dividing(transform)
    small = {(tile.core_top * factor, tile.core_left * factor): tile for tile in tiles}

    def enlarged(large: Tile) -> Floats:
        tile = small[large.core_top, large.core_left]
        window = transform(read_window(pixels, tile), tile)
        return window.mean(axis=1, keepdims=True, dtype=np.float32) if channels == 1 else window

    result = np.empty((pixels.shape[0] * factor, width, channels), pixels.dtype)
    large = [tile.enlarged(factor) for tile in tiles]
    for rows, _, band in _bands(enlarged, large, width, channels, 1, track):
        if pixels.dtype.kind == "f":
            part = pixels[rows.start // factor : rows.stop // factor]
            beyond = part - np.clip(np.nan_to_num(part, nan=0.0, posinf=1.0, neginf=0.0), 0, 1)
            result[rows] = np.maximum(band, 0) + beyond.repeat(factor, axis=0).repeat(factor, axis=1)
        else:
            white = white_of(pixels.dtype)
            result[rows] = np.clip(np.rint(band * np.float32(white)), 0, white)
    return result


def _bands(
    values: Callable[[Tile], Floats],
    tiles: Sequence[Tile],
    width: int,
    channels: int,
    scale: int,
    track: Track,
    wanted: Callable[[Tile], bool] | None = None,
) -> Iterator[tuple[slice, slice, Floats]]:
    """Blend the cores; yields ``rows, columns, [rows, columns, channels]`` as soon as rows are complete.

    What no wanted tile covers is not yielded: it counts as zero.
    """
    chosen = set(tiles) if wanted is None else {tile for tile in tiles if wanted(tile)}
    track.expect(len(chosen))
    bands = [list(row) for _, row in groupby(tiles, key=lambda tile: tile.core_top)]
    carried: Floats = np.zeros((channels, 0, width), np.float32)
    first, last = width, 0
    for index, row in enumerate(bands):
        top, bottom = row[0].core_top // scale, ceil_div(row[0].core_bottom, scale)
        total: Floats | None = None
        if first < last:
            total = _grown(carried, bottom - top)
        reached = (width, 0)
        for tile in row:
            if tile in chosen:
                window = values(tile)
                if total is None:
                    total = np.zeros((channels, bottom - top, width), np.float32)
                weights = _core_weights(tile, scale)
                above, before = (tile.core_top - tile.top) // scale, (tile.core_left - tile.left) // scale
                core = window[0, :, above : above + weights.shape[0], before : before + weights.shape[1]]
                left, right = tile.core_left // scale, tile.core_left // scale + weights.shape[1]
                total[:, :, left:right] += core * weights
                reached = min(reached[0], left), max(reached[1], right)
                track.advance()
        first, last = min(first, reached[0]), max(last, reached[1])
        end = bands[index + 1][0].core_top // scale if index + 1 < len(bands) else bottom
        if total is not None:
            yield slice(top, end), slice(first, last), _interleaved(total[:, : end - top, first:last])
            carried = total[:, end - top :]
        first, last = reached


def _grown(band: Floats, height: int) -> Floats:
    """``band`` ``[channels, h, width]`` with zeros below, up to ``height``."""
    grown: Floats = np.zeros((band.shape[0], height, band.shape[2]), np.float32)
    grown[:, : band.shape[1]] = band
    return grown


def _interleaved(planes: Floats) -> Floats:
    """``[channels, h, w]`` as ``[h, w, channels]``."""
    return np.asarray(cv2.merge([np.ascontiguousarray(plane) for plane in planes]), np.float32).reshape(
        *planes.shape[1:], -1
    )


def _dividing(transform: Transform) -> Transform:
    """``transform``, in halves from when memory was too short for a whole.

    The smallest pieces are left to what the model's session does where its device fails.
    """
    bearable = float("inf")

    def divided(image: Floats, tile: Tile) -> Floats:
        nonlocal bearable
        axis = 2 if tile.height >= tile.width else 3
        pair = halves(tile, axis)
        if pair is None:
            return transform(image, tile)
        if tile.height * tile.width < bearable:
            try:
                with divisible():
                    return transform(image, tile)
            except (OutOfMemory, MemoryError):
                bearable = tile.height * tile.width
        first, second = pair
        start = (second.top - tile.top, second.left - tile.left)
        before = divided(np.ascontiguousarray(image[:, :, : first.height, : first.width]), first)
        after = divided(np.ascontiguousarray(image[:, :, start[0] :, start[1] :]), second)
        length, given = (first.height, first.width)[axis - 2], before.shape[axis]
        halo = (length - start[axis - 2]) // 2
        # Each half is right but for its halo at the cut.
        before = np.split(before, [(length - halo) * given // length], axis)[0]
        after = np.split(after, [halo * given // length], axis)[1]
        return np.concatenate([before, after], axis)

    return divided


def add_change(pixels: Pixels, change: Floats) -> Pixels:
    """``pixels`` with ``change``, of white, added in their own depth; where it is 0 they stay to the bit."""
    if pixels.dtype.kind == "f":
        # A pixel that is not finite cannot be changed; below black only what was there already.
        summed = np.maximum(pixels + change, np.minimum(pixels, 0))
        return np.asarray(np.where(change == 0, pixels, summed), pixels.dtype)
    white = np.float32(white_of(pixels.dtype))
    summed = change * white
    summed += pixels
    np.rint(summed, out=summed)
    np.clip(summed, 0, white, out=summed)
    return summed.astype(pixels.dtype)


def _core_weights(tile: Tile, scale: int) -> Floats:
    """``[h, w]`` weights of the core (at ``1/scale``); those of all tiles add up to one."""
    top, left, bottom, right = (ramp // scale for ramp in tile.ramps)
    rows = _weights(ceil_div(tile.core_bottom, scale) - tile.core_top // scale, top, bottom)
    columns = _weights(ceil_div(tile.core_right, scale) - tile.core_left // scale, left, right)
    return rows[:, None] * columns[None, :]


def _weights(length: int, first: int, last: int) -> Floats:
    weights = np.ones(length, np.float32)
    if first:
        weights[:first] = (np.arange(first, dtype=np.float32) + 0.5) / first
    if last:
        weights[-last:] = 1 - (np.arange(last, dtype=np.float32) + 0.5) / last
    return weights


def _reflected(start: int, length: int, size: int) -> slice | npt.NDArray[np.intp]:
    """Indices of ``length`` samples from ``start``, reflected about the first and last sample."""
    if start >= 0 and start + length <= size:
        return slice(start, start + length)
    if size == 1:
        return np.zeros(length, np.intp)
    folded = np.arange(start, start + length) % (2 * size - 2)
    return np.minimum(folded, 2 * size - 2 - folded)
