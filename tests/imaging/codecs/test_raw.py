"""Camera raw is developed to 16 bits."""

import struct

import numpy as np
import pytest

from daguerre import imaging
from daguerre.errors import ImageTooLarge, InvalidImage
from daguerre.imaging.codecs import raw
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Directory, Entry, long, short
from tests.imaging import tiffs
from tests.imaging.specimens import IPTC, XMP, dng


def test_a_bayer_picture_is_developed() -> None:
    photo = raw.read(dng(), max_pixels=10**6)
    assert photo.format == "raw"
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels.shape == (64, 96, 3)
    assert photo.metadata.exif is not None
    assert tiff_ifd.read_pages(photo.metadata.exif)[0][272].raw == b"Cam\0"
    assert photo.pixels[:, -20:].mean() > photo.pixels[:, :20].mean() * 1.5


def test_bad_input_is_named() -> None:
    with pytest.raises(ImageTooLarge):
        raw.read(dng(), max_pixels=100)
    with pytest.raises(InvalidImage):
        raw.read(b"II*\0" + bytes(300), max_pixels=10**6)
    with pytest.raises(InvalidImage):
        raw.read(dng()[:3000], max_pixels=10**6)


def linear_dng(plane: np.ndarray, tags: Directory | None = None, main: Directory | None = None) -> bytes:
    """What film scanners write: a preview first, and linear samples ``[H, W, C]`` of 16 bits behind it."""
    channels = plane.shape[2]
    inner = tiffs.of(plane, 34892, t254=long(0), **{f"t{tag}": entry for tag, entry in (main or {}).items()})
    matrix = (32405, -15371, -4985, -9693, 18760, 416, 556, -2040, 10572)
    head: Directory = {
        254: long(1), 271: tiffs.text("Plustek"), 272: tiffs.text("OpticFilm"), 50706: Entry(1, 4, b"\1\4\0\0"),
        50708: tiffs.text("Plustek OpticFilm"),
    }  # fmt: skip
    if channels == 3:
        head[50721] = Entry(10, 9, struct.pack("<18i", *(number for row in matrix for number in (row, 10000))))
        head |= {50728: Entry(5, 3, struct.pack("<6I", 1, 1, 1, 1, 1, 1)), 50778: short(21)}
    head |= tags or {}
    preview = tiffs.of(np.full((8, 12, 3), 9, np.uint8), 2, **{f"t{tag}": entry for tag, entry in head.items()})
    both = tiffs.file(preview, inner)
    # The second page becomes a child of the first.
    first = struct.unpack_from("<I", both, 4)[0]
    count = struct.unpack_from("<H", both, first)[0]
    second = struct.unpack_from("<I", both, first + 2 + 12 * count)[0]
    data = bytearray(tiff_ifd.rewrite_pages(both, [({330: long(second)}, set())]))
    layout = tiff_ifd.Layout(data)
    _, link = tiff_ifd.read_directory(data, layout, struct.unpack_from("<I", data, 4)[0])
    struct.pack_into("<I", data, link, 0)
    return bytes(data)


SHOWN = np.linspace(0.05, 0.7, 120)[None, :, None] * np.array([1.0, 0.9, 0.8]) + np.zeros((90, 1, 1))
LINEAR = np.where(SHOWN <= 0.04045, SHOWN / 12.92, ((SHOWN + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("white", [65535, 16383])
def test_a_scanners_linear_picture_keeps_its_brightness(white: int) -> None:
    data = linear_dng(np.rint(LINEAR * white).astype(np.uint16), main={50717: long(white)})
    photo = imaging.open_image(data)
    assert photo.format == "raw"
    assert photo.pixels.shape == (90, 120, 3)
    assert np.abs(photo.pixels / 65535 - SHOWN)[2:-2, 2:-2].mean() < 0.01


def test_a_scanners_gray_picture_stays_gray() -> None:
    photo = imaging.open_image(linear_dng(np.rint(LINEAR[:, :, :1] * 65535).astype(np.uint16)))
    assert photo.pixels.shape == (90, 120, 1)
    assert np.abs(photo.pixels / 65535 - SHOWN[:, :, :1])[2:-2, 2:-2].mean() < 0.01


def test_caption_keywords_and_resolution_go_into_the_tiff() -> None:
    tags = {
        270: tiffs.text("Grandmother 1931"), 315: tiffs.text("Anna"), 282: tiff_ifd.rational(2400),
        283: tiff_ifd.rational(1200), 700: tiff_ifd.undefined(XMP), 33723: tiff_ifd.undefined(IPTC),
    }  # fmt: skip
    photo = imaging.open_image(linear_dng(np.rint(LINEAR * 65535).astype(np.uint16), tags))
    encoded = imaging.encode(photo)
    assert encoded.format == "tiff"
    assert encoded.warnings == ["Camera RAW cannot be written: the result is TIFF."]
    back = tiff_ifd.read_pages(encoded.data)[0]
    assert {tag: back[tag].raw for tag in (270, 315, 700, 33723)} == {
        tag: tags[tag].raw for tag in (270, 315, 700, 33723)
    }
    assert (back[282].ratio(), back[283].ratio()) == (2400, 1200)
