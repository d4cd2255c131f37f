"""Camera raw is developed to 16 bits."""

import numpy as np
import pytest

from daguerre.errors import ImageTooLarge, InvalidImage
from daguerre.imaging.codecs import raw
from daguerre.imaging.containers import tiff_ifd
from tests.imaging.specimens import dng


def test_a_bayer_picture_is_developed() -> None:
    photo = raw.read(dng(), max_pixels=10**6)
    assert photo.format == "raw"
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels.shape == (64, 96, 3)
    assert photo.metadata.exif is not None
    assert tiff_ifd.directories(photo.metadata.exif)[0][272].raw == b"Cam\0"
    assert photo.pixels[:, -20:].mean() > photo.pixels[:, :20].mean() * 1.5


def test_bad_input_is_named() -> None:
    with pytest.raises(ImageTooLarge):
        raw.read(dng(), max_pixels=100)
    with pytest.raises(InvalidImage):
        raw.read(b"II*\0" + bytes(300), max_pixels=10**6)
    with pytest.raises(InvalidImage):
        raw.read(dng()[:3000], max_pixels=10**6)
