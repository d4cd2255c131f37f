"""With every step off a photo comes back as it was; after a change its file says and holds the same as before."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import imagecodecs
import numpy as np
import pytest
from PIL import Image

import daguerre
from daguerre import imaging
from daguerre.imaging.codecs import oiio
from daguerre.imaging.codecs.avif import AvifCoding
from daguerre.imaging.color import icc_profile
from daguerre.imaging.containers import tiff_ifd
from tests.imaging.specimens import ICC, IPTC, XMP, specimens

OFF: dict[str, Any] = {"scratch_removal": False, "denoise": False, "face_enhancement": False}
NAMES = sorted(name for name in specimens() if "raw" not in name)
LOSSY = ("jpeg", "webp-uint8", "webp-animated", "avif")
LINEAR = ("exr", "hdr")


def same(first: daguerre.Photo, second: daguerre.Photo, relative: float = 0) -> None:
    """Asserts that all pages hold the same samples."""
    for one, other in zip([first, *first.pages], [second, *second.pages], strict=True):
        assert one.pixels.dtype == other.pixels.dtype
        np.testing.assert_allclose(one.pixels, other.pixels, rtol=relative)
        assert (one.alpha is None) == (other.alpha is None)
        if one.alpha is not None:
            np.testing.assert_allclose(one.alpha, other.alpha, rtol=relative)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("webp-animated", "avif-animated")])
def test_untouched_photos_come_back(name: str) -> None:
    data = specimens()[name]
    result = daguerre.restore(data, **OFF)
    encoded = result.encode()
    assert encoded.format == name.partition("-")[0]
    assert result.steps == []
    # One step of a half float is a 2048th; RGBE comes back on its own values.
    same(daguerre.open(data), daguerre.open(encoded.data), 1e-3 if name.startswith("exr") else 0)
    if name.startswith(LOSSY):
        assert encoded.data == data


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith((*LOSSY, "gif"))])
def test_changed_photos_keep_their_depth_and_what_they_say(name: str) -> None:
    photo = daguerre.open(specimens()[name])
    for page in [photo, *photo.pages]:
        page.pixels = page.pixels[::-1].copy()
        page.alpha = None if page.alpha is None else page.alpha[::-1].copy()
        if getattr(page.coding, "inks", None) is not None:
            return
    back = daguerre.open(imaging.encode(photo).data)
    same(photo, back, 2e-3 if name.startswith(LINEAR) else 0)
    assert back.metadata.icc == photo.metadata.icc
    assert back.metadata.xmp == photo.metadata.xmp
    assert back.metadata.iptc == photo.metadata.iptc
    assert back.metadata.dpi == photo.metadata.dpi
    if photo.metadata.exif:
        assert back.metadata.exif is not None
        assert tiff_ifd.read_pages(back.metadata.exif)[0][315].raw == b"Atelier\0"


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "tiff"])
def test_another_reader_finds_the_metadata_of_a_changed_photo(name: str) -> None:
    photo = daguerre.open(specimens()[f"{name}-uint8-3"])
    photo.pixels = 255 - photo.pixels
    image = Image.open(BytesIO(imaging.encode(photo).data))
    assert image.info["icc_profile"] == ICC
    assert image.getexif()[315] == "Atelier"
    assert image.getexif().get(274, 1) == 1
    assert image.info.get("xmp", image.info.get("XML:com.adobe.xmp")) in (XMP, XMP.decode())
    if name in ("jpeg", "png", "tiff"):
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    if name == "jpeg":
        assert image.info["photoshop"][0x0404] == IPTC
    if name == "tiff":
        assert bytes(image.tag_v2[33723]) == IPTC  # type: ignore[attr-defined]


def test_a_bitmap_keeps_its_alpha() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (9, 7, 4), dtype=np.uint8)
    data = imaging.encode(daguerre.Photo(plane[:, :, :3].copy(), "bmp", plane[:, :, 3].copy())).data
    assert np.array_equal(np.asarray(Image.open(BytesIO(data))), plane)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_tiff_of_few_levels_keeps_its_bits(bits: int) -> None:
    import OpenImageIO as oi

    levels = np.random.default_rng(1).integers(0, 1 << bits, (20, 30, 1))
    spec = oi.ImageSpec(30, 20, 1, "uint8")
    spec.attribute("oiio:BitsPerSample", bits)
    photo = daguerre.open(oiio.encode(".tif", [(spec, (levels * (255 // ((1 << bits) - 1))).astype(np.uint8))]))
    data = imaging.encode(photo).data
    assert tiff_ifd.read_pages(data)[0][258].integers() == (bits,)
    assert np.array_equal(daguerre.open(data).pixels, photo.pixels)
    photo.pixels[0, 0] = 100
    data = imaging.encode(photo).data
    assert tiff_ifd.read_pages(data)[0].get(258, tiff_ifd.Entry(3, 1, b"\x08\0")).integers() == (8,)
    assert daguerre.open(data).pixels[0, 0] == 100


@pytest.mark.parametrize("compression", ["zstd", "lzma"])
def test_a_tiff_packed_in_a_rare_way_is_read(compression: str) -> None:
    tifffile = pytest.importorskip("tifffile")
    plane = np.random.default_rng(1).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    stream = BytesIO()
    tifffile.imwrite(stream, plane, photometric="rgb", compression=compression)
    assert np.array_equal(daguerre.open(stream.getvalue()).pixels, plane)


def test_a_jpeg_2000_of_two_channels_has_opacity() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (20, 30, 2), dtype=np.uint8)
    photo = daguerre.open(bytes(imagecodecs.jpeg2k_encode(plane, level=0, reversible=True)))
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, plane[:, :, 1])


def test_the_orientation_of_a_jpeg_2000_goes_into_the_pixels() -> None:
    photo = daguerre.open(specimens()["jp2-uint8-3"])
    tags = tiff_ifd.pack_block({274: tiff_ifd.Entry(3, 1, b"\6\0")})
    photo.pixels = 255 - photo.pixels
    photo.metadata.exif = tags
    back = daguerre.open(imaging.encode(photo).data)
    assert np.array_equal(back.pixels, np.rot90(photo.pixels, -1))
    assert np.array_equal(daguerre.open(imaging.encode(back).data).pixels, back.pixels)


def test_an_untouched_file_of_many_parts_is_not_encoded_again() -> None:
    for name in ("png-palette", "png-uint16-3a", "jxl-uint8-3", "jp2-uint8-3", "webp-lossless"):
        assert daguerre.restore(specimens()[name], **OFF).encode().data == specimens()[name], name


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_avif_keeps_its_depth_and_what_it_says(bits: int, channels: int) -> None:
    plane = np.random.default_rng(1).integers(0, 1 << bits, (20, 30, channels), dtype=np.uint16)
    data = bytes(
        imagecodecs.avif_encode(
            plane[:, :, 0] if channels == 1 else plane, level=90, bitspersample=bits, primaries=9, transfer=16
        )
    )
    photo = daguerre.open(data)
    assert photo.pixels.dtype == np.uint16
    assert photo.warnings == []
    assert imaging.encode(photo).data == data
    before = imagecodecs.avif_decode(data)
    photo.metadata = daguerre.open(specimens()["png-uint8-3"]).metadata
    again = imaging.encode(photo, quality=100).data
    assert np.array_equal(imagecodecs.avif_decode(again), before)
    assert daguerre.open(again).coding.cicp == (9, 16)
    image = Image.open(BytesIO(again))
    assert image.info["xmp"] == XMP
    assert image.info["icc_profile"] == (icc_profile.for_gray(ICC) if channels == 1 else ICC)
    assert image.getexif()[315] == "Atelier"
    image.load()


def test_heif_goes_to_avif_with_its_depth_and_colors() -> None:
    coding = AvifCoding(10, "4:2:0", (12, 18))
    photo = daguerre.Photo(np.full((20, 30, 3), 40_000, np.uint16), "heif", coding=coding)
    encoded = imaging.encode(photo)
    assert encoded.format == "avif"
    assert any("AVIF" in warning for warning in encoded.warnings)
    back = daguerre.open(encoded.data)
    assert back.coding == AvifCoding(10, "4:4:4", (12, 18))
    assert np.abs(back.pixels.astype(int) - 40_000).max() < 200
