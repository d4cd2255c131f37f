"""OpenEXR and Radiance HDR come back as they were."""

import struct

import numpy as np
import OpenImageIO as oiio
import pytest

from daguerre import imaging
from daguerre.errors import BrokenImage, ImageTooLarge, UnsupportedImage
from daguerre.imaging.codecs import exr, hdr
from daguerre.imaging.codecs.oiio import Samples, encode, open_reader, read_samples
from daguerre.imaging.color import transfer

LIGHT = np.random.default_rng(7).gamma(0.5, 2.0, (33, 41, 3)).astype(np.float32)


def _exr(plane: Samples, kind: str, names: tuple[str, ...]) -> bytes:
    spec = oiio.ImageSpec(plane.shape[1], plane.shape[0], plane.shape[2], kind)
    spec.channelnames = names
    spec.attribute("compression", "piz")
    return encode(".exr", [(spec, plane)])


def _read(data: bytes, suffix: str) -> Samples:
    with open_reader(data, suffix) as reader:
        return read_samples(reader, 0, "float")


def test_curve_is_the_srgb_curve_and_its_own_inverse() -> None:
    x = np.array([[-3.0, -0.001, 0.0, 0.001, 0.2140411, 1.0, 8.0, 65504.0]], np.float32)
    y = transfer.to_display(x)
    assert y[0, 4] == pytest.approx(0.5, abs=1e-5)
    assert y[0, 5] == pytest.approx(1.0)
    assert np.all(np.diff(y) > 0)
    np.testing.assert_allclose(transfer.to_linear(y), x, rtol=2e-6)


@pytest.mark.parametrize("names", [("Y",), ("R", "G", "B"), ("R", "G", "B", "A"), ("R", "G", "B", "A", "Z")])
def test_half_exr_comes_back_to_the_bit(names: tuple[str, ...]) -> None:
    plane = np.resize(LIGHT, (33, 41, len(names))).astype(np.float16).astype(np.float32)
    plane[0, 0, 0] = -0.25
    if "A" in names:
        plane[:, :, 3] = np.linspace(0, 1, 41, dtype=np.float16)
    photo = exr.read(_exr(plane, "half", names), max_pixels=10**6)
    assert photo.pixels.dtype == np.float32
    assert photo.pixels.shape[2] == (1 if names == ("Y",) else 3)
    back = exr.write(photo, quality=None)
    if "A" in names:
        np.testing.assert_allclose(_read(back, ".exr"), plane, rtol=1e-3)
    else:
        np.testing.assert_array_equal(_read(back, ".exr"), plane)
    with open_reader(back, ".exr") as reader:
        assert reader.spec().get_string_attribute("compression") == "piz"
        assert tuple(reader.spec().channelnames) == names
        assert str(reader.spec().format) == "half"


def test_float_exr_keeps_its_depth() -> None:
    back = exr.write(exr.read(_exr(LIGHT, "float", ("R", "G", "B")), max_pixels=10**6), quality=None)
    np.testing.assert_allclose(_read(back, ".exr"), LIGHT, rtol=2e-6)


def test_hdr_comes_back_within_rgbe_rounding() -> None:
    spec = oiio.ImageSpec(41, 33, 3, "float")
    data = encode(".hdr", [(spec, LIGHT)])
    first = _read(data, ".hdr")
    back = _read(hdr.write(hdr.read(data, max_pixels=10**6), quality=None), ".hdr")
    np.testing.assert_array_equal(back, first)


@pytest.mark.parametrize("module", [exr, hdr])
def test_bad_input_is_named(module: object) -> None:
    suffix = ".exr" if module is exr else ".hdr"
    good = encode(suffix, [(oiio.ImageSpec(41, 33, 3, "float"), LIGHT)])
    with pytest.raises(ImageTooLarge):
        module.read(good, max_pixels=100)  # type: ignore[attr-defined]
    with pytest.raises(BrokenImage):
        module.read(good[: len(good) // 2], max_pixels=10**6)  # type: ignore[attr-defined]


def test_the_header_of_radiance_comes_back_with_its_exposure() -> None:
    data = encode(".hdr", [(oiio.ImageSpec(41, 33, 3, "float"), LIGHT)])
    lines = b"# made by ra_ppm\nEXPOSURE=2.0\nVIEW= -vtv -vp 1 2 3\n"
    data = data.replace(b"FORMAT=", lines + b"FORMAT=", 1)
    photo = imaging.open_image(data)
    assert imaging.encode(photo).data == data
    photo.pixels = photo.pixels[::-1].copy()
    again = imaging.encode(photo).data
    assert again.partition(b"\n\n")[0] == data.partition(b"\n\n")[0]
    np.testing.assert_array_equal(_read(again, ".hdr"), _read(data, ".hdr")[::-1])


def test_xyz_of_radiance_becomes_rgb() -> None:
    gray = np.full((3, 4, 3), 0.5, np.float32) * np.array([0.9504559, 1.0, 1.0890578], np.float32)
    data = encode(".hdr", [(oiio.ImageSpec(4, 3, 3, "float"), gray)]).replace(b"rle_rgbe", b"rle_xyze")
    photo = imaging.open_image(data)
    assert np.abs(transfer.to_linear(photo.pixels) - 0.5).max() < 0.01
    photo.pixels = photo.pixels * np.float32(0.9)
    encoded_again = imaging.encode(photo)
    assert "XYZ" in encoded_again.warnings[0]
    assert b"rle_rgbe" in encoded_again.data


def test_luminance_and_chroma_are_named() -> None:
    names, kinds = (b"BY", b"RY", b"Y"), struct.pack("<i", 1)
    rows = b"".join(
        n + b"\0" + kinds + bytes(4) + struct.pack("<ii", *((1, 1) if n == b"Y" else (2, 2))) for n in names
    )
    good = _exr(LIGHT, "half", ("B", "G", "R"))
    at = good.index(b"channels\0chlist\0") + 16
    size = int.from_bytes(good[at : at + 4], "little")
    data = good[:at] + struct.pack("<i", len(rows) + 1) + rows + b"\0" + good[at + 4 + size :]
    with pytest.raises(UnsupportedImage, match="luminance and chroma"):
        imaging.open_image(data)
