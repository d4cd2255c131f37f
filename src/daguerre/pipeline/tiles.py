"""Tiling with halo and normalised blending.

A photo of any size is cut into windows of one shape per photo, each a multiple of what the
model needs. Beyond the photo's edges a window sees its reflection. A window's outer ``halo``
is thrown away; what is left, its *core*, overlaps its neighbours by ``OVERLAP`` pixels, where
linear weights that add up to one blend the two.

What is blended is the *change* that the model makes, never the picture: where it changes
nothing the pixels come back to the bit, in every depth. Bands of tiles are written as soon as
they are complete, so that no more than one band of the photo is ever held as float.

Where memory is too short for a tile, it and those that follow are worked on in halves, and halves of those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from daguerre.errors import OutOfMemory
from daguerre.imaging.photo import Pixels
from daguerre.models.runtime.session import divisible
from daguerre.pipeline.progress import Track

OVERLAP = 16
"""Pixels by which neighbouring cores overlap, rounded up to the model's multiple."""

_SMALL = 256
"""Tiles with a longer side of less are not divided where memory is short."""
_GRID = 32
"""Tiles are divided at multiples of this, which every model's multiple divides."""

Floats = npt.NDArray[np.float32]
Transform = Callable[[Floats, "Tile"], Floats]
"""``[1, 3, h, w]`` in 0..1 and its tile -> ``[1, C, h / scale, w / scale]``."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One window of the photo, and the core in it that is used.

    The window ``top, left, height, width`` may reach beyond the photo; ``top`` and ``left`` are
    multiples of the model's. The core ``core_top, core_left, core_bottom, core_right`` lies
    within the photo. ``ramps`` are the lengths of the blend at the core's top, left, bottom and
    right: zero at the photo's edges.
    """

    top: int
    left: int
    height: int
    width: int
    core_top: int
    core_left: int
    core_bottom: int
    core_right: int
    ramps: tuple[int, int, int, int]

    @property
    def core(self) -> tuple[slice, slice]:
        """The core's rows and columns in the photo."""
        return slice(self.core_top, self.core_bottom), slice(self.core_left, self.core_right)

    def weights(self, scale: int = 1) -> Floats:
        """``[h, w]`` weights of the core (at ``1/scale``); those of all tiles add up to one."""
        top, left, bottom, right = (ramp // scale for ramp in self.ramps)
        rows = _weights(_ceil_div(self.core_bottom, scale) - self.core_top // scale, top, bottom)
        columns = _weights(_ceil_div(self.core_right, scale) - self.core_left // scale, left, right)
        return rows[:, None] * columns[None, :]


def split(height: int, width: int, tile: int, halo: int, multiple: int = 1, *, overlap: int = OVERLAP) -> list[Tile]:
    """Cut ``height`` x ``width`` pixels into tiles of one shape, row by row.

    No side of a window exceeds ``tile``, and each is a multiple of ``multiple``, as are the
    windows' corners. ``halo`` and ``overlap`` are rounded up to it. The shape is the smallest
    with which the number of tiles does not grow, so that little is computed beyond the edges.

    Raises ValueError when ``tile`` leaves no room for a core.
    """
    if height < 1 or width < 1:
        raise ValueError("a photo has at least one pixel")
    halo, overlap = _round_up(halo, multiple), _round_up(overlap, multiple)
    core = tile // multiple * multiple - 2 * halo
    if core < max(3 * overlap, multiple):
        raise ValueError(f"tile {tile} is too small for halo {halo}, overlap {overlap} and multiple {multiple}")
    rows, columns = _spans(height, core, overlap, multiple), _spans(width, core, overlap, multiple)
    return [
        Tile(
            top=top - halo,
            left=left - halo,
            height=tall + 2 * halo,
            width=wide + 2 * halo,
            core_top=top,
            core_left=left,
            core_bottom=min(top + tall, height),
            core_right=min(left + wide, width),
            ramps=(above, before, below, after),
        )
        for top, tall, above, below in rows
        for left, wide, before, after in columns
    ]


def read(pixels: Pixels, tile: Tile) -> Floats:
    """The window as ``[1, 3, h, w]`` in 0..1; grey as three equal channels, highlights clipped.

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
    image = np.ascontiguousarray(window.transpose(2, 0, 1), dtype=np.float32)[None]
    if pixels.dtype.kind == "f":
        np.nan_to_num(image, copy=False, nan=0.0, posinf=1.0, neginf=0.0)
        np.clip(image, 0.0, 1.0, out=image)
    elif pixels.dtype.kind == "u":
        image *= np.float32(1.0 / np.iinfo(pixels.dtype).max)
    return image.repeat(3, axis=1) if image.shape[1] == 1 else image


def run(
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
    float photos keep what lies above 1. Advances ``track`` once per tile.
    """
    channels = pixels.shape[2]
    transform = _dividing(transform)

    def change(tile: Tile) -> Floats | None:
        if wanted is not None and not wanted(tile):
            return None
        image = read(pixels, tile)
        difference = transform(image, tile) - image
        return difference.mean(axis=1, keepdims=True, dtype=np.float32) if channels == 1 else difference

    result = pixels.copy()
    for top, band in _bands(change, tiles, pixels.shape[1], channels, 1, track):
        rows = slice(top, top + band.shape[0])
        result[rows] = changed(pixels[rows], band)
    return result


def survey(
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
    ``wanted`` count as zero. Advances ``track`` once per tile.
    """
    height, width = _ceil_div(pixels.shape[0], scale), _ceil_div(pixels.shape[1], scale)
    result = np.zeros((height, width, channels), dtype)
    measure = _dividing(measure)

    def values(tile: Tile) -> Floats | None:
        return measure(read(pixels, tile), tile) if wanted is None or wanted(tile) else None

    for top, band in _bands(values, tiles, width, channels, scale, track):
        if result.dtype == np.uint8:
            band = np.rint(np.clip(band, 0.0, 1.0) * 255.0)
        result[top : top + band.shape[0]] = band
    return result


def _bands(
    values: Callable[[Tile], Floats | None],
    tiles: Sequence[Tile],
    width: int,
    channels: int,
    scale: int,
    track: Track,
) -> Iterator[tuple[int, Floats]]:
    """Blend the cores; yields ``(first row, [rows, width, channels])`` as soon as rows are complete."""
    track.expect(len(tiles))
    bands = [list(row) for _, row in groupby(tiles, key=lambda tile: tile.core_top)]
    carried: Floats = np.zeros((0, width, channels), np.float32)
    for index, row in enumerate(bands):
        top, bottom = row[0].core_top // scale, _ceil_div(row[0].core_bottom, scale)
        total: Floats = np.zeros((bottom - top, width, channels), np.float32)
        total[: carried.shape[0]] = carried
        for tile in row:
            window = values(tile)
            if window is not None:
                weights = tile.weights(scale)
                above, before = (tile.core_top - tile.top) // scale, (tile.core_left - tile.left) // scale
                core = window[0, :, above : above + weights.shape[0], before : before + weights.shape[1]]
                left = tile.core_left // scale
                total[:, left : left + weights.shape[1]] += core.transpose(1, 2, 0) * weights[:, :, None]
            track.advance()
        end = bands[index + 1][0].core_top // scale if index + 1 < len(bands) else bottom
        carried = total[end - top :]
        yield top, total[: end - top]


def _dividing(transform: Transform) -> Transform:
    """``transform``, in halves from when memory was too short for a whole.

    The smallest pieces are left to what the model's session does where its device fails.
    """
    bearable = float("inf")

    def divided(image: Floats, tile: Tile) -> Floats:
        nonlocal bearable
        axis = 2 if tile.height >= tile.width else 3
        pair = _halves(tile, axis)
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
        length = (first.height, first.width)[axis - 2]
        scale = length // before.shape[axis]
        halo = (length - start[axis - 2]) // 2
        # Each half is right but for its halo at the cut.
        before = np.split(before, [(length - halo) // scale], axis)[0]
        after = np.split(after, [halo // scale], axis)[1]
        return np.concatenate([before, after], axis)

    return divided


def _halves(tile: Tile, axis: int) -> tuple[Tile, Tile] | None:
    """``tile`` cut across its rows (``axis`` 2) or columns (3), each half with a halo; ``None`` where it is small."""
    top, left, bottom, right = tile.ramps
    if axis == 2:
        halo, middle = tile.core_top - tile.top, tile.height // 2 // _GRID * _GRID
        seam = tile.top + middle
        if tile.height < _SMALL or middle <= halo or not tile.core_top < seam < tile.core_bottom:
            return None
        upper = replace(tile, height=middle + halo, core_bottom=seam, ramps=(top, left, 0, right))
        lower = replace(
            tile, top=seam - halo, height=tile.height - middle + halo, core_top=seam, ramps=(0, left, bottom, right)
        )
        return upper, lower
    halo, middle = tile.core_left - tile.left, tile.width // 2 // _GRID * _GRID
    seam = tile.left + middle
    if tile.width < _SMALL or middle <= halo or not tile.core_left < seam < tile.core_right:
        return None
    first = replace(tile, width=middle + halo, core_right=seam, ramps=(top, left, bottom, 0))
    second = replace(
        tile, left=seam - halo, width=tile.width - middle + halo, core_left=seam, ramps=(top, 0, bottom, right)
    )
    return first, second


def changed(pixels: Pixels, change: Floats) -> Pixels:
    """``pixels`` with ``change``, of white, added in their own depth; where it is 0 they stay to the bit."""
    if pixels.dtype.kind == "f":
        # A pixel that is not finite cannot be changed; below black only what was there already.
        summed = np.maximum(pixels + change, np.minimum(pixels, 0))
        return np.asarray(np.where(change == 0, pixels, summed), pixels.dtype)
    white = float(np.iinfo(pixels.dtype).max)
    return np.asarray(np.clip(np.rint(pixels + change * np.float32(white)), 0, white), pixels.dtype)


def _spans(size: int, core: int, overlap: int, multiple: int) -> list[tuple[int, int, int, int]]:
    """Start, length and the two ramps of each core along one side."""
    count = max(1, _ceil_div(size - overlap, core - overlap))
    if count == 1:
        return [(0, _round_up(size, multiple), 0, 0)]
    stride = _round_up(_ceil_div(size - overlap, count), multiple)
    count = _ceil_div(size - overlap, stride)
    return [
        (index * stride, stride + overlap, overlap if index else 0, overlap if index + 1 < count else 0)
        for index in range(count)
    ]


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


def _round_up(value: int, multiple: int) -> int:
    return _ceil_div(value, multiple) * multiple


def _ceil_div(value: int, divisor: int) -> int:
    return -(-value // divisor)
