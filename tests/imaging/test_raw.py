"""Camera raw is developed to 16 bits."""

import numpy as np
import pytest

from daguerre.errors import ImageTooLarge, InvalidImage
from daguerre.imaging import oiio, raw, tifftags
from daguerre.imaging.tifftags import Entry


def _dng() -> bytes:
    """A small uncompressed Bayer DNG: a grey ramp under an RGGB filter."""
    import OpenImageIO as oi

    plane = np.tile(np.linspace(1000, 60000, 96, dtype=np.uint16), (64, 1))[:, :, None]
    spec = oi.ImageSpec(96, 64, 1, "uint16")
    spec.attribute("compression", "none")
    data = oiio.encoded(".tif", [(spec, plane)])
    matrix = [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]
    tags = {
        254: Entry(4, 1, bytes(4)),
        262: Entry(3, 1, (32803).to_bytes(2, "little")),
        271: Entry(2, 5, b"Test\0"),
        272: Entry(2, 4, b"Cam\0"),
        33421: Entry(3, 2, b"\2\0\2\0"),
        33422: Entry(1, 4, b"\0\1\1\2"),
        50706: Entry(1, 4, b"\1\4\0\0"),
        50708: Entry(2, 9, b"Test Cam\0"),
        50721: Entry(10, 9, b"".join(value.to_bytes(4, "little") for value in matrix)),
        50728: Entry(5, 3, b"".join(value.to_bytes(4, "little") for value in (1, 1, 1, 1, 1, 1))),
        50778: Entry(3, 1, b"\x15\0"),
    }
    return tifftags.retagged(data, [(tags, set())])


def test_a_bayer_picture_is_developed() -> None:
    photo = raw.read(_dng(), max_pixels=10**6)
    assert photo.format == "raw"
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels.shape == (64, 96, 3)
    assert photo.metadata.exif is not None
    assert tifftags.directories(photo.metadata.exif)[0][272].raw == b"Cam\0"
    assert photo.pixels[:, -20:].mean() > photo.pixels[:, :20].mean() * 1.5


def test_bad_input_is_named() -> None:
    with pytest.raises(ImageTooLarge):
        raw.read(_dng(), max_pixels=100)
    with pytest.raises(InvalidImage):
        raw.read(b"II*\0" + bytes(300), max_pixels=10**6)
    with pytest.raises(InvalidImage):
        raw.read(_dng()[:3000], max_pixels=10**6)
