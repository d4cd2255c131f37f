"""Windows that find things lie over the whole photo, and cut nothing that is small in two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daguerre.tiling.geometry import Tiling, cover

TILING = Tiling(tile=96, halo=10, multiple=16)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 500), st.integers(1, 500))
def test_whatever_is_no_larger_than_two_halos_lies_whole_in_a_window(height, width):
    tiles = cover(height, width, TILING)
    assert len({(tile.height, tile.width) for tile in tiles}) == 1
    assert all(tile.height <= 96 and tile.width <= 96 for tile in tiles)
    assert all(tile.height % 16 == 0 and tile.width % 16 == 0 for tile in tiles)
    for size, spans in (
        (height, {(tile.top, tile.height) for tile in tiles}),
        (width, {(tile.left, tile.width) for tile in tiles}),
    ):
        thing = min(size, 2 * TILING.halo)
        for start in range(size - thing + 1):
            assert any(first <= start and start + thing <= first + length for first, length in spans)
        if size > 96:
            assert all(first >= 0 and first + length <= size for first, length in spans)


def test_a_tile_of_halos_only_is_refused():
    with pytest.raises(ValueError, match="between its halos"):
        cover(500, 500, Tiling(tile=64, halo=32))
