"""What a file holds, told without decoding it."""

from __future__ import annotations

import numpy as np
import pytest

from daguerre import imaging
from daguerre.errors import InvalidImage
from daguerre.imaging.containers.tiff_ifd import long, short
from tests.imaging import tiffs
from tests.imaging.specimens import HEIGHT, WIDTH, specimens

BITS = {"uint8": 8, "uint16": 16, "float32": 32}
NAMES = sorted(name for name in specimens() if name.count("-") == 2 and "avif-uint16" not in name)


@pytest.mark.parametrize("name", NAMES)
def test_size_depth_color_and_alpha_are_those_of_the_decoded_photo(name: str) -> None:
    form, kind, channels = name.split("-")
    told = imaging.probe(specimens()[name])
    photo = imaging.open_image(specimens()[name])
    assert (told.format, told.width, told.height) == (form, WIDTH, HEIGHT)
    assert told.bits == (16 if form == "exr" else BITS[kind])
    assert told.photo.is_float == (kind == "float32")
    stored_gray = channels.startswith("1") and form not in ("webp", "hdr", "ico")
    if form not in ("gif", "ico") and not (form == "bmp" and channels == "1"):
        expected = "gray" if stored_gray and not (form == "bmp" and "a" in channels) else "RGB"
        assert told.photo.color in (expected, "unknown")
    assert ("alpha" in told.photo.extra) == (photo.alpha is not None)
    if form != "jxl" and not name.startswith("psd-float32"):
        assert ("color profile" in told.sections) == (photo.metadata.icc is not None)
    assert ("XMP" in told.sections) == (photo.metadata.xmp is not None)
    assert ("EXIF" in told.sections) == (photo.metadata.exif is not None)


def test_pages_and_their_kinds() -> None:
    large, small = np.zeros((60, 80, 3), np.uint8), np.zeros((6, 8, 3), np.uint8)
    data = tiffs.file(
        tiffs.of(small, 2, t254=long(1)),
        tiffs.of(np.zeros((60, 80, 5), np.uint16), 2, t338=short(2, 0)),
        tiffs.of(large[:, :, 0], 1, t254=long(4)),
        tiffs.of(large[:, :, 0], 0),
    )
    told = imaging.probe(data)
    assert [page.kind for page in told.pages] == ["thumbnail", "photo", "mask", "photo"]
    assert (told.width, told.height, told.bits, told.photo.extra) == (80, 60, 16, ("alpha", "channel"))
    assert told.pages[3].color == "gray, white is 0"
    assert told.pixels == 2 * 60 * 80


def test_frames_of_an_animation() -> None:
    for name in ("gif-animated", "webp-animated", "avif-animated"):
        assert [page.kind for page in imaging.probe(specimens()[name]).pages] == ["photo", "frame", "frame"], name


def test_the_profile_is_named() -> None:
    assert "sRGB" in (imaging.probe(specimens()["tiff-uint8-3"]).profile or "")
    assert imaging.probe(specimens()["bmp-uint8-1"]).profile is None


def test_a_header_suffices() -> None:
    for name in ("jpeg-uint8-3", "png-uint16-3", "jp2-uint8-3", "jxl-uint8-3"):
        data = specimens()[name]
        assert imaging.probe(data[: len(data) // 2]).width == WIDTH, name


def test_what_is_no_photo_is_named() -> None:
    for data in (b"", b"Dear diary", b"\xff\xd8\xff\xe0" + bytes(40)):
        with pytest.raises(InvalidImage):
            imaging.probe(data)
