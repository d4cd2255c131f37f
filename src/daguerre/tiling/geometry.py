"""The geometry of tiles with a halo and overlapping cores, without any pixels.

A photo is cut into windows of one shape, whose sides are multiples of what the model needs. A window's outer
*halo* sees too little of its surroundings and is thrown away; what is left, its *core*, overlaps its neighbors by
``OVERLAP`` pixels, over which the two are blended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

OVERLAP = 16
"""Pixels by which neighboring cores overlap, rounded up to the model's multiple."""

_SMALL = 256
"""Tiles with a longer side of less are not cut in half."""
_GRID = 32
"""Tiles are cut in half at multiples of this and of what the model needs."""


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a model wants to be tiled, in pixels.

    ``tile`` is the longest side of a window; sides are multiples of ``multiple``. ``halo`` is how many pixels of a
    window, on each side, see too little of their surroundings.
    """

    tile: int
    halo: int
    multiple: int = 1


@dataclass(frozen=True, slots=True)
class Tile:
    """One window of the photo, and the core in it that is used.

    The window ``top, left, height, width`` may reach beyond the photo; ``top`` and ``left`` are multiples of what the
    model needs. The core ``core_top, core_left, core_bottom, core_right`` lies within the photo. ``ramps`` are the
    lengths of the blend at the core's top, left, bottom and right: zero at the photo's edges. ``grid`` is what the
    place of a cut in half is a multiple of.
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
    grid: int = _GRID

    def enlarged(self, factor: int) -> Tile:
        """The same tile of a photo of ``factor`` times the size."""
        above, before, below, after = self.ramps
        return Tile(
            top=factor * self.top,
            left=factor * self.left,
            height=factor * self.height,
            width=factor * self.width,
            core_top=factor * self.core_top,
            core_left=factor * self.core_left,
            core_bottom=factor * self.core_bottom,
            core_right=factor * self.core_right,
            ramps=(factor * above, factor * before, factor * below, factor * after),
            grid=factor * self.grid,
        )

    @property
    def core(self) -> tuple[slice, slice]:
        """The core's rows and columns in the photo."""
        return slice(self.core_top, self.core_bottom), slice(self.core_left, self.core_right)


def window(top: int, left: int, height: int, width: int) -> Tile:
    """A window of its own, without a core; it may reach beyond the photo."""
    return Tile(top, left, height, width, 0, 0, 0, 0, (0, 0, 0, 0))


def split(height: int, width: int, tiling: Tiling, *, overlap: int = OVERLAP) -> list[Tile]:
    """Cut ``height`` x ``width`` pixels into tiles of one shape, row by row.

    No side of a window exceeds ``tiling.tile``, and each is a multiple of ``tiling.multiple``, as are the windows'
    corners. Halo and ``overlap`` are rounded up to it. The shape is the smallest with which the number of tiles does
    not grow, so that little is computed beyond the edges.

    Raises ValueError when the tile leaves no room for a core.
    """
    if height < 1 or width < 1:
        raise ValueError("a photo has at least one pixel")
    multiple = tiling.multiple
    halo, overlap = round_up(tiling.halo, multiple), round_up(overlap, multiple)
    core = tiling.tile // multiple * multiple - 2 * halo
    if core < max(3 * overlap, multiple):
        raise ValueError(f"{tiling} is too small for an overlap of {overlap}")
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
            grid=math.lcm(_GRID, multiple),
        )
        for top, tall, above, below in rows
        for left, wide, before, after in columns
    ]


def cover(height: int, width: int, tiling: Tiling) -> list[Tile]:
    """Windows of one shape, row by row, for what finds things rather than changes pixels: none has a core.

    Neighbors share two halos at least, so that what is no larger lies whole in one of them. The windows lie inside of
    the photo, evenly spread, but for what ``tiling.multiple`` adds to photos that are smaller than a tile.

    Raises ValueError when the tile leaves nothing between its halos.
    """
    rows, columns = _stretches(height, tiling), _stretches(width, tiling)
    return [window(top, left, tall, wide) for top, tall in rows for left, wide in columns]


def halves(tile: Tile, axis: int) -> tuple[Tile, Tile] | None:
    """``tile`` cut across its rows (``axis`` 2) or columns (3), each half with a halo; ``None`` where it is small."""
    top, left, bottom, right = tile.ramps
    if axis == 2:
        halo, middle = tile.core_top - tile.top, tile.height // 2 // tile.grid * tile.grid
        seam = tile.top + middle
        if tile.height < _SMALL or middle <= halo or not tile.core_top < seam < tile.core_bottom:
            return None
        upper = replace(tile, height=middle + halo, core_bottom=seam, ramps=(top, left, 0, right))
        lower = replace(
            tile, top=seam - halo, height=tile.height - middle + halo, core_top=seam, ramps=(0, left, bottom, right)
        )
        return upper, lower
    halo, middle = tile.core_left - tile.left, tile.width // 2 // tile.grid * tile.grid
    seam = tile.left + middle
    if tile.width < _SMALL or middle <= halo or not tile.core_left < seam < tile.core_right:
        return None
    first = replace(tile, width=middle + halo, core_right=seam, ramps=(top, left, bottom, 0))
    second = replace(
        tile, left=seam - halo, width=tile.width - middle + halo, core_left=seam, ramps=(top, 0, bottom, right)
    )
    return first, second


def round_up(value: int, multiple: int) -> int:
    """The next multiple from ``value`` on."""
    return ceil_div(value, multiple) * multiple


def ceil_div(value: int, divisor: int) -> int:
    """``value / divisor``, rounded up."""
    return -(-value // divisor)


def _spans(size: int, core: int, overlap: int, multiple: int) -> list[tuple[int, int, int, int]]:
    """Start, length and the two ramps of each core along one side."""
    count = max(1, ceil_div(size - overlap, core - overlap))
    if count == 1:
        return [(0, round_up(size, multiple), 0, 0)]
    stride = round_up(ceil_div(size - overlap, count), multiple)
    count = ceil_div(size - overlap, stride)
    return [
        (index * stride, stride + overlap, overlap if index else 0, overlap if index + 1 < count else 0)
        for index in range(count)
    ]


def _stretches(size: int, tiling: Tiling) -> list[tuple[int, int]]:
    """Start and length of each window along one side."""
    shared = 2 * tiling.halo
    longest = tiling.tile // tiling.multiple * tiling.multiple
    if size <= longest:
        return [(0, round_up(size, tiling.multiple))]
    if longest <= shared:
        raise ValueError(f"{tiling} leaves nothing between its halos")
    count = ceil_div(size - shared, longest - shared)
    length = round_up(ceil_div(size + (count - 1) * shared, count), tiling.multiple)
    return [(round(index * (size - length) / (count - 1)), length) for index in range(count)]
