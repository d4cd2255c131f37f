"""TIFF comes back to the last bit, with its tags."""

from io import BytesIO
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from PIL import Image

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging.codecs import tiff
from daguerre.imaging.codecs.oiio import Samples, encode, open_reader, read_samples
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.containers.tiff_ifd import Entry

RANDOM = np.random.default_rng(11)


def _picture(channels: int, kind: str) -> Samples:
    unit = RANDOM.random((29, 37, channels))
    return unit.astype(np.float32) if kind == "float" else (unit * np.iinfo(kind).max).astype(kind)


def _tiff(plane: Samples, kind: str, **settings: Any) -> bytes:
    spec = oiio.ImageSpec(plane.shape[1], plane.shape[0], plane.shape[2], kind)
    spec.alpha_channel = -1
    for name, value in settings.items():
        if name == "alpha":
            spec.alpha_channel = value
        else:
            spec.attribute(name.replace("_", ":"), value)
    return encode(".tif", [(spec, plane)])


def _inked(plane: Samples, kind: str) -> bytes:
    inks = {262: Entry(3, 1, b"\5\0"), 332: Entry(3, 1, b"\1\0")}
    return tiff_ifd.rewrite_pages(_tiff(plane, kind), [(inks, {338})])


def _raw(data: bytes, page: int = 0) -> Samples:
    with open_reader(data, ".tif", inks=True) as reader:
        reader.seek_subimage(page, 0)
        return read_samples(reader, page, str(reader.spec(page).format))


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("compression", ["none", "lzw", "zip", "packbits"])
def test_samples_and_compression_come_back(kind: str, channels: int, compression: str) -> None:
    plane = _picture(channels, kind)
    photo = tiff.read(_tiff(plane, kind, compression=compression), max_pixels=10**6)
    np.testing.assert_array_equal(photo.pixels, plane)
    back = tiff.write(photo, quality=None)
    np.testing.assert_array_equal(_raw(back), plane)
    with open_reader(back, ".tif") as reader:
        assert reader.spec().get_string_attribute("compression") == compression
        assert str(reader.spec().format) == kind


@pytest.mark.parametrize("kind", ["uint8", "uint16", "float"])
@pytest.mark.parametrize("associated", [False, True])
def test_alpha_is_never_premultiplied_and_comes_back(kind: str, associated: bool) -> None:
    plane = _picture(4, kind)
    if associated:
        plane[:, :, :3] = np.minimum(plane[:, :, :3], plane[:, :, 3:])
    settings = {} if associated else {"oiio_UnassociatedAlpha": 1}
    photo = tiff.read(_tiff(plane, kind, alpha=3, **settings), max_pixels=10**6)
    assert photo.alpha is not None
    np.testing.assert_array_equal(photo.alpha, plane[:, :, 3])
    if not associated:
        np.testing.assert_array_equal(photo.pixels, plane[:, :, :3])
    else:
        assert photo.pixels.mean() > plane[:, :, :3].mean()
    back = _raw(tiff.write(photo, quality=None))
    np.testing.assert_allclose(back, plane, rtol=1e-6 if kind == "float" else 0)


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_inks_are_kept_where_nothing_changed(kind: str) -> None:
    plane = _picture(4, kind)
    photo = tiff.read(_inked(plane, kind), max_pixels=10**6)
    assert photo.pixels.shape[2] == 3
    assert photo.coding.inks is not None
    np.testing.assert_array_equal(_raw(tiff.write(photo, quality=None)), plane)
    photo.pixels[3, 4] = photo.white * 3 // 4
    again = tiff.read(tiff.write(photo, quality=None), max_pixels=10**6)
    assert np.abs(again.pixels[3, 4].astype(int) - int(photo.white * 3 // 4)).max() <= 2
    changed = np.any(again.coding.inks.planes != plane, axis=2)
    assert changed.sum() == 1


@pytest.mark.parametrize("turn", range(1, 9))
def test_orientation_moves_into_the_pixels(turn: int) -> None:
    plane = _picture(3, "uint8")
    photo = tiff.read(tiff_ifd.rewrite_pages(_tiff(plane, "uint8"), [({274: Entry(3, 1, bytes([turn, 0]))}, set())]),
                      max_pixels=10**6)  # fmt: skip
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0), 5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}[turn]
    np.testing.assert_array_equal(photo.pixels[corner], plane[0, 0])
    assert photo.width == (37 if turn < 5 else 29)
    again = tiff.read(tiff.write(photo, quality=None), max_pixels=10**6)
    np.testing.assert_array_equal(again.pixels, photo.pixels)


def test_pages_and_tags_come_back() -> None:
    planes = [_picture(3, "uint8"), _picture(1, "uint16"), _picture(3, "uint8")]
    specs = [oiio.ImageSpec(37, 29, p.shape[2], str(p.dtype)) for p in planes]
    data = encode(".tif", list(zip(specs, planes, strict=True)))
    exif = {36867: Entry(2, 20, b"1912:04:15 02:20:00\0"), 33434: Entry(5, 1, b"\1\0\0\0\x7d\0\0\0")}
    tags = {
        315: Entry(2, 8, b"Atelier\0"), 700: tiff_ifd.undefined(b"<x:xmpmeta/>"),
        33723: tiff_ifd.undefined(b"\x1c\2\0\0\2\0\4"),
        34675: tiff_ifd.undefined(b"profile" * 9), 282: tiff_ifd.rational(600), 283: tiff_ifd.rational(300.5),
        296: Entry(3, 1, b"\2\0"), 34665: Entry(4, 1, b"", exif),
    }  # fmt: skip
    photo = tiff.read(tiff_ifd.rewrite_pages(data, [(tags, set())]), max_pixels=10**6)
    back = tiff.read(tiff.write(photo, quality=None), max_pixels=10**6)
    for page, plane in zip([back, *back.pages], planes, strict=True):
        np.testing.assert_array_equal(page.pixels, plane)
    held = back.metadata
    assert (held.xmp, held.iptc, held.icc) == (b"<x:xmpmeta/>", b"\x1c\2\0\0\2\0\4", b"profile" * 9)
    assert held.dpi == pytest.approx((600, 300.5))
    assert held.exif is not None
    directory = tiff_ifd.read_pages(held.exif)[0]
    assert directory[315].raw == b"Atelier\0"
    inner = directory[34665].directory
    assert inner is not None
    assert inner[36867].raw == exif[36867].raw
    assert inner[33434].raw == exif[33434].raw


def test_a_compression_that_cannot_be_written_is_named() -> None:
    file = BytesIO()
    Image.fromarray(_picture(3, "uint8")).save(file, "TIFF", compression="jpeg")
    photo = tiff.read(file.getvalue(), max_pixels=10**6)
    assert any("Deflate" in note for note in photo.losses)
    np.testing.assert_array_equal(tiff.read(tiff.write(photo, quality=None), max_pixels=10**6).pixels, photo.pixels)


@pytest.mark.parametrize("settings", [{}, {"compression": "jpeg"}])
def test_luma_and_chroma_become_color(settings: dict[str, Any]) -> None:
    file = BytesIO()
    Image.new("RGB", (64, 48), (200, 30, 10)).convert("YCbCr").save(file, "TIFF", **settings)
    photo = tiff.read(file.getvalue(), max_pixels=10**6)
    assert np.abs(photo.pixels.astype(int) - (200, 30, 10)).max() <= 3


def test_bad_input_is_named() -> None:
    good = _tiff(_picture(3, "uint8"), "uint8")
    with pytest.raises(ImageTooLarge):
        tiff.read(good, max_pixels=100)
    with pytest.raises(BrokenImage):
        tiff.read(good[:1500], max_pixels=10**6)
    with pytest.raises(BrokenImage):
        tiff.read(b"II*\0" + bytes(200), max_pixels=10**6)
