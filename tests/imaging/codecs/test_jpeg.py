"""JPEG: its code, its segments and its metadata."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.errors import UnsupportedImage
from daguerre.imaging.containers import jpeg_segments
from daguerre.imaging.photo import Metadata

THUMBNAIL = b"\xff\xd8thumbnail\xff\xd9"


def exif_with_thumbnail() -> bytes:
    """A little-endian block: a maker, the orientation and a thumbnail in a second directory."""
    first = struct.pack("<H", 2) + struct.pack("<HHI4s", 0x010F, 2, 4, b"Joe\0")
    first += struct.pack("<HHIHH", 0x0112, 3, 1, 1, 0)
    second_at = 8 + len(first) + 4
    thumbnail_at = second_at + 2 + 24 + 4
    second = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, thumbnail_at)
    second += struct.pack("<HHII", 0x0202, 4, 1, len(THUMBNAIL)) + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8) + first + struct.pack("<I", second_at) + second + THUMBNAIL


def jpeg(**options: object) -> bytes:
    """A small noisy JPEG."""
    pixels = np.random.default_rng(1).integers(0, 256, (40, 56, 3), dtype=np.uint8)
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **options)
    return stream.getvalue()


def scan(data: bytes) -> bytes:
    """The entropy-coded picture."""
    return data[data.rindex(b"\xff\xda") :]


def test_the_thumbnail_goes_and_the_picture_keeps_its_code() -> None:
    data = jpeg(exif=b"Exif\0\0" + exif_with_thumbnail())
    photo = imaging.open_image(data)
    assert imaging.encode(photo).data == data
    photo.metadata.xmp = b"<x:xmpmeta/>"
    result = imaging.encode(photo).data
    assert THUMBNAIL in data
    assert THUMBNAIL not in result
    assert scan(result) == scan(data)
    assert Image.open(BytesIO(result)).getexif()[0x010F] == "Joe"


def test_new_metadata_leaves_the_picture_its_code() -> None:
    data = jpeg(quality=60)
    photo = imaging.open_image(data)
    photo.metadata.xmp = b"<x:xmpmeta>told</x:xmpmeta>"
    result = imaging.encode(photo)
    assert scan(result.data) == scan(data)
    assert imaging.open_image(result.data).metadata.xmp == photo.metadata.xmp


def test_a_quality_that_is_asked_for_is_taken() -> None:
    photo = imaging.open_image(jpeg(quality=95))
    assert len(imaging.encode(photo, quality=20).data) < len(imaging.encode(photo).data) / 2


def test_every_block_passes_through_the_segments() -> None:
    icc = np.random.default_rng(2).integers(0, 256, 150_000, dtype=np.uint8).tobytes()
    iptc = b"\x1c\x02\x78\x00\x03odd"
    metadata = Metadata(exif=exif_with_thumbnail(), xmp=b"<x/>", iptc=iptc)
    image = Image.open(BytesIO(jpeg_segments.dressed(jpeg(), metadata, icc)))
    image.load()
    assert image.info["icc_profile"] == icc
    assert image.info["exif"] == b"Exif\0\0" + exif_with_thumbnail()
    assert image.info["xmp"] == b"<x/>"
    assert image.info["photoshop"][0x0404] == iptc


def test_encoding_leaves_the_photo_as_it_is() -> None:
    photo = imaging.open_image(jpeg())
    before = photo.pixels.copy()
    for name in ("jpeg", "png", "gif", "webp", "avif", "bmp", "tga", "ico"):
        imaging.encode(photo, format=name)
    assert np.array_equal(photo.pixels, before)
    assert photo.format == "jpeg"


@pytest.mark.parametrize("options", [{"bitspersample": 12}, {"bitspersample": 16, "lossless": True}])
def test_more_than_eight_bits_are_named_as_what_they_are(options: dict[str, Any]) -> None:
    plane = np.random.default_rng(1).integers(0, 4096, (16, 24, 3), dtype=np.uint16)
    with pytest.raises(UnsupportedImage, match=f"{options['bitspersample']} bits"):
        imaging.open_image(bytes(imagecodecs.jpeg8_encode(plane, **options)))
