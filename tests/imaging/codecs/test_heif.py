"""HEIF arrives upright in its own depth; needs real files, as nothing here can write one."""

from pathlib import Path

import numpy as np
import pytest

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging.codecs import heif


def test_real_files_open_and_bad_ones_are_named(pictures: Path) -> None:
    files = sorted((pictures / "eval/formats").glob("*.heic"))
    assert files
    for file in files:
        data = file.read_bytes()
        photo = heif.read(data, max_pixels=10**8)
        assert photo.format == "heif"
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.std() > 1 or photo.pixels.size < 10**6
        with pytest.raises(ImageTooLarge):
            heif.read(data, max_pixels=100)
        with pytest.raises(BrokenImage):
            heif.read(data[: len(data) // 2], max_pixels=10**8)


def test_what_is_no_heif_is_named() -> None:
    with pytest.raises(BrokenImage):
        heif.read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), max_pixels=10**6)
