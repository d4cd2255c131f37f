"""PNG: what its chunks tell comes back, and a file that ends too early is told from one that lacks pixels."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from daguerre import imaging
from daguerre.errors import BrokenImage
from daguerre.imaging.containers import png_chunks
from daguerre.imaging.containers.png_chunks import pack_chunk
from tests.imaging.profiles import gray_profile, rgb_profile

RANDOM = np.random.default_rng(3)
RGB = RANDOM.integers(0, 256, (40, 56, 3), np.uint8)


def png(plane: np.ndarray, *extra: bytes, interlaced: bool = False) -> bytes:
    """``[H, W]`` or ``[H, W, 3]`` of uint8 or uint16 with chunks behind the header; one pass, or Adam7's seven."""
    plane = plane if plane.ndim == 3 else plane[:, :, None]
    height, width, channels = plane.shape
    stored = plane.astype(">u2" if plane.dtype == np.uint16 else "u1")
    passes = png_chunks._PASSES if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(b"\0" + row.tobytes() for x, y, dx, dy in passes for row in stored[y::dy, x::dx] if row.size)
    head = struct.pack(">IIBBBBB", width, height, 8 * plane.dtype.itemsize, 2 if channels == 3 else 0, 0, 0, interlaced)
    parts = [pack_chunk(b"IHDR", head), *extra, pack_chunk(b"IDAT", zlib.compress(rows)), pack_chunk(b"IEND", b"")]
    return png_chunks.SIGNATURE + b"".join(parts)


def changed(data: bytes) -> tuple[bytes, list[str]]:
    """``data`` written anew with one pixel inverted, and what was said."""
    photo = imaging.open_image(data)
    photo.pixels = photo.pixels.copy()
    photo.pixels[0, 0] = photo.white - photo.pixels[0, 0]
    encoded = imaging.encode(photo)
    return encoded.data, encoded.warnings


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_chunks_come_back(kind: str) -> None:
    kept = [
        (b"gAMA", struct.pack(">I", 100_000)), (b"tEXt", b"Title\0Anna"), (b"zTXt", b"Note\0\0" + zlib.compress(b"1")),
        (b"tIME", bytes((7, 139, 4, 1, 2, 3, 4))), (b"bKGD", bytes(6)), (b"scNr", b"a scanner's own"),
    ]  # fmt: skip
    plane = RGB.astype(kind) * (257 if kind == "uint16" else 1)
    data = png(plane, *(pack_chunk(*row) for row in kept), pack_chunk(b"sBIT", b"\5\5\5"))
    again, said = changed(data)
    assert said == []
    found = list(png_chunks.walk_chunks(again))
    assert [row for row in kept if row not in found] == []
    assert b"sBIT" not in dict(found)
    assert np.array_equal(imaging.open_image(again).pixels[1:], plane[1:])


def test_a_chunk_that_is_true_of_the_old_picture_only_is_named() -> None:
    again, said = changed(png(RGB, pack_chunk(b"prVT", b"digest")))
    assert b"prVT" not in again
    assert "prVT" in said[0]


@pytest.mark.parametrize(("stored", "wanted"), [((11811, 5906, 1), (11811, 5906, 1)), ((2, 1, 0), (2, 1, 0))])
def test_resolution_and_shape_of_pixels_come_back(stored: tuple[int, int, int], wanted: tuple[int, int, int]) -> None:
    again, said = changed(png(RGB, pack_chunk(b"pHYs", struct.pack(">IIB", *stored))))
    assert said == []
    assert struct.unpack(">IIB", dict(png_chunks.walk_chunks(again))[b"pHYs"]) == wanted


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("gray", [True, False])
def test_a_profile_for_other_channels_becomes_one_that_decoders_take(kind: str, gray: bool) -> None:
    plane = (RGB[:, :, 0] if gray else RGB).astype(kind) * (257 if kind == "uint16" else 1)
    profile = rgb_profile() if gray else gray_profile()
    again, said = changed(png(plane, pack_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))))
    assert "with the same curve" in said[0]
    icc = Image.open(BytesIO(again)).info["icc_profile"]
    assert icc[16:20] == (b"GRAY" if gray else b"RGB ")
    mode = "L" if gray else "RGB"
    srgb = ImageCms.createProfile("sRGB")
    seen = ImageCms.buildTransform(ImageCms.ImageCmsProfile(BytesIO(icc)), srgb, mode, "RGB")
    wanted = ImageCms.buildTransform(ImageCms.ImageCmsProfile(BytesIO(rgb_profile())), srgb, "RGB", "RGB")
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    shown = np.asarray(ImageCms.applyTransform(ramp.convert(mode), seen)).astype(int)
    assert np.abs(shown - np.asarray(ImageCms.applyTransform(ramp.convert("RGB"), wanted))).max() <= 1


@pytest.mark.parametrize("cut", [4, 8, 12, 16])
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_only_the_end_is_missing(cut: int, interlaced: bool, kind: str) -> None:
    plane = RGB.astype(kind)
    assert np.array_equal(imaging.open_image(png(plane, interlaced=interlaced)[:-cut]).pixels, plane)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_missing_rows_are_refused_and_recovered(kind: str) -> None:
    plane = RGB.astype(kind)
    data = png(plane)
    cut = data[: len(data) * 3 // 4]
    with pytest.raises(BrokenImage, match=r"truncated: 2\d % of its picture"):
        imaging.open_image(cut)
    photo = imaging.open_image(cut, recover=True)
    assert photo.missing is not None
    assert 0.2 < photo.missing.mean() < 0.3
    assert np.array_equal(photo.pixels[~photo.missing], plane[~photo.missing])
    assert any("were lost" in sentence for sentence in photo.warnings)


def test_an_interlaced_file_lacks_pixels_all_over() -> None:
    data = png(RGB, interlaced=True)
    photo = imaging.open_image(data[: len(data) * 3 // 4], recover=True)
    assert photo.missing is not None
    assert 0.2 < photo.missing.mean() < 0.3
    assert np.array_equal(photo.pixels[~photo.missing], RGB[~photo.missing])
