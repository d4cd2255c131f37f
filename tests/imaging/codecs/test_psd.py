"""Photoshop documents come back flat, with their samples and resources."""

import struct
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import ImageCms
from psd_tools import PSDImage

from daguerre import imaging
from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging.codecs import psd
from daguerre.imaging.color.cmyk import Inks
from daguerre.imaging.containers import photoshop
from daguerre.imaging.photo import Metadata, Photo

RANDOM = np.random.default_rng(3)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
def test_samples_and_resources_come_back(kind: str, channels: int, alpha: bool) -> None:
    plane = RANDOM.integers(0, np.iinfo(kind).max + 1, (23, 31, channels + 1)).astype(kind)
    told = Metadata(ICC, None, b"<x:xmpmeta/>", b"\x1c\2\0\0\2\0\4", (300.0, 600.0))
    photo = Photo(plane[:, :, :channels].copy(), "psd", plane[:, :, channels].copy() if alpha else None, told)
    data = psd.write(photo, quality=None)
    back = psd.read(data, max_pixels=10**6)
    np.testing.assert_array_equal(back.pixels, photo.pixels)
    assert (back.alpha is None) == (photo.alpha is None)
    if photo.alpha is not None:
        np.testing.assert_array_equal(back.alpha, photo.alpha)
    assert replace(back.metadata, resources=None) == told
    document = PSDImage.open(BytesIO(data))
    assert (document.width, document.height, document.depth) == (31, 23, 8 * plane.dtype.itemsize)


def test_inks_come_back() -> None:
    planes = RANDOM.integers(0, 256, (23, 31, 4)).astype(np.uint8)
    inks = Inks(planes, None)
    photo = psd.read(
        psd.write(Photo(inks.colors(), "psd", coding=psd.PsdCoding(inks=inks)), quality=None), max_pixels=10**6
    )
    np.testing.assert_array_equal(photo.coding.inks.planes, planes)


def test_packed_rows_are_unpacked() -> None:
    document = PSDImage.new("RGB", (40, 30), color=(10, 200, 30))
    file = BytesIO()
    document.save(file)
    photo = psd.read(file.getvalue(), max_pixels=10**6)
    assert np.all(photo.pixels == (10, 200, 30))


def test_bad_input_is_named() -> None:
    good = psd.write(Photo(np.zeros((20, 20, 3), np.uint8), "psd"), quality=None)
    with pytest.raises(ImageTooLarge):
        psd.read(good, max_pixels=100)
    for end in (10, 30, len(good) // 2):
        with pytest.raises(BrokenImage):
            psd.read(good[:end], max_pixels=10**6)


def document(
    planes: np.ndarray,
    mode: int,
    *,
    mode_data: bytes = b"",
    resources: bytes = b"",
    layers: bytes = b"",
    depth: int = 0,
) -> bytes:
    """A document of ``[channels, H, W]``, not packed."""
    channels, height, width = planes.shape
    depth = depth or 8 * planes.dtype.itemsize
    body = np.packbits(planes, axis=2) if depth == 1 else planes
    sections = (mode_data, resources, layers)
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, depth, mode)
    parts = b"".join(struct.pack(">I", len(section)) + section for section in sections)
    return head + parts + bytes(2) + body.astype(body.dtype.newbyteorder(">")).tobytes()


def changed(data: bytes) -> tuple[bytes, list[str]]:
    """``data`` written anew with one pixel inverted, and what was said."""
    photo = imaging.open_image(data)
    assert imaging.encode(photo).data == data
    photo.pixels = photo.pixels.copy()
    photo.pixels[0, 0] = photo.white - photo.pixels[0, 0]
    encoded = imaging.encode(photo)
    return encoded.data, encoded.warnings


def test_floats_are_linear_light() -> None:
    planes = np.full((3, 4, 5), 0.2140411, np.float32)
    planes[:, 1, 1] = 3.5
    icc = photoshop.make_resource(1039, ICC).packed()
    data = document(planes, 3, resources=icc)
    photo = imaging.open_image(data)
    assert photo.pixels[0, 0, 0] == pytest.approx(0.5, abs=1e-4)
    again, said = changed(data)
    assert said == []
    assert np.abs(psd._planes(psd._parsed(again, 10**6)) - planes)[:, 1:].max() < 1e-5
    assert psd._parsed(again, 10**6).resources[1039] == ICC


def test_a_bitmap_stays_one_where_it_can() -> None:
    planes = RANDOM.integers(0, 2, (1, 9, 13)).astype(np.bool_)
    data = document(planes, 0, depth=1)
    photo = imaging.open_image(data)
    assert photo.pixels.dtype == np.uint8
    assert np.array_equal(photo.pixels[:, :, 0] == 0, planes[0])
    again = psd._parsed(changed(data)[0], 10**6)
    assert (again.mode, again.depth) == (0, 1)
    assert np.array_equal(psd._planes(again)[:, 1:], planes[:, 1:])


def test_a_duotone_is_gray_and_keeps_its_inks() -> None:
    planes = RANDOM.integers(0, 256, (1, 9, 13), np.uint8)
    data = document(planes, 8, mode_data=b"the inks of a duotone")
    assert np.array_equal(imaging.open_image(data).pixels[:, :, 0], planes[0])
    again = psd._parsed(changed(data)[0], 10**6)
    assert (again.mode, again.mode_data) == (8, b"the inks of a duotone")


@pytest.mark.parametrize("kind", ["uint8", "uint16"])
def test_lab_white_is_white(kind: str) -> None:
    white = np.iinfo(kind).max
    planes = np.zeros((3, 1, 2), kind)
    planes[0, 0] = (white, round(white / 2))
    planes[1:] = (white + 1) // 2
    photo = imaging.open_image(document(planes, 9))
    assert np.all(photo.pixels[0, 0] == white)
    assert np.abs(photo.pixels[0, 1] / white * 255 - 119).max() < 1
    assert "Lab" in changed(document(planes, 9))[1][0]


def test_a_palette_becomes_colors() -> None:
    palette = RANDOM.integers(0, 256, (256, 3), np.uint8)
    planes = RANDOM.integers(0, 256, (1, 9, 13), np.uint8)
    data = document(planes, 2, mode_data=palette.T.tobytes())
    assert np.array_equal(imaging.open_image(data).pixels, palette[planes[0]])
    assert "palette" in changed(data)[1][0]


@pytest.mark.parametrize(("layers", "names", "alpha"), [
    (b"", b"", True), (b"", b"\x07Alpha 1", False), (b"", b"\x0cTransparency", True),
    (struct.pack(">Ih4x", 4, -1), b"", True), (struct.pack(">Ih4x", 4, 1), b"", False),
])  # fmt: skip
def test_a_saved_selection_is_no_opacity_and_comes_back(layers: bytes, names: bytes, alpha: bool) -> None:
    planes = RANDOM.integers(0, 256, (5, 9, 13), np.uint8)
    resources = photoshop.make_resource(1006, names).packed() if names else b""
    data = document(planes, 3, resources=resources, layers=layers)
    photo = imaging.open_image(data)
    assert (photo.alpha is not None) == alpha
    again = changed(data)[0]
    assert np.array_equal(psd._planes(psd._parsed(again, 10**6))[:, 1:], planes[:, 1:])
    assert (imaging.open_image(again).alpha is not None) == alpha


def test_resources_behind_a_foreign_one_come_back() -> None:
    resource = photoshop.make_resource
    kept = [resource(1034, b"\1"), photoshop.Resource(b"MeSa", 7000, bytes(2), b"odd"), resource(1035, b"url")]
    block = b"".join(row.packed() for row in [*kept, resource(1036, bytes(40)), resource(1028, b"\x1c\2")])
    again, said = changed(document(RANDOM.integers(0, 256, (3, 9, 13), np.uint8), 3, resources=block))
    assert said == []
    found = psd._parsed(again, 10**6)
    assert list(photoshop.walk_resources(found.others)) == kept
    assert found.resources[1028] == b"\x1c\2"


def test_a_row_that_gives_too_much_does_not_move_the_others() -> None:
    planes = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    rows = [bytes((4,)) + row.tobytes() for plane in planes for row in plane]
    rows[2] += bytes((1, 7, 7))  # two bytes more than the row has
    plain = document(planes, 3)
    head = plain[: len(plain) - planes.size - 2]
    data = head + b"\0\1" + b"".join(struct.pack(">H", len(row)) for row in rows) + b"".join(rows)
    assert np.array_equal(imaging.open_image(data).pixels, planes.transpose(1, 2, 0))
    with pytest.raises(BrokenImage):
        imaging.open_image(data[:-9])
