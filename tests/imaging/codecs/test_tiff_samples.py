"""Stored samples of every kind come in as the colors that they stand for, and go out as colors that look the same."""

from __future__ import annotations

import io
import struct

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
import tifffile
from PIL import Image

import daguerre
from daguerre import imaging
from daguerre.errors import UnsupportedImage
from daguerre.imaging.containers.tiff_ifd import read_pages, short
from tests.imaging import tiffs

RAMP = np.linspace(0, 1, 40)[None, :].repeat(24, 0)
"""``[24, 40]``, black to white."""


def look(data: bytes) -> npt.NDArray[np.float64]:
    """The picture in ``data`` over 0-1."""
    photo = daguerre.open(data)
    return photo.pixels.astype(np.float64) / photo.white


def changed(data: bytes) -> bytes:
    """``data`` written anew, one pixel in its corner inverted."""
    photo = daguerre.open(data)
    photo.pixels = photo.pixels.copy()
    photo.pixels[0, 0] = photo.white - photo.pixels[0, 0]
    return imaging.encode(photo).data


def said(data: bytes) -> str:
    """The sentences that a changed file comes with."""
    photo = daguerre.open(data)
    photo.pixels = (photo.white - photo.pixels).astype(photo.pixels.dtype)
    return " ".join(imaging.encode(photo).warnings)


def keeps_its_look(data: bytes, expected: npt.NDArray[np.float64], tolerance: float) -> None:
    """Asserts that ``data`` is seen as ``expected``, untouched to the byte, and changed by our reader and another."""
    expected = expected if expected.ndim == 3 else expected[:, :, None]
    assert np.abs(look(data) - expected).max() <= tolerance
    assert imaging.encode(daguerre.open(data)).data == data
    again = changed(data)
    assert np.abs(look(again) - expected)[1:].max() <= tolerance
    with tifffile.TiffFile(io.BytesIO(again)) as file:
        other = file.pages[0]
        assert other.photometric in (1, 2)
        seen = other.asarray().astype(np.float64).reshape(*expected.shape[:2], -1)[:, :, : expected.shape[2]]
        white = 1.0 if other.dtype.kind == "f" else 2.0**other.bitspersample - 1
        assert np.abs(seen / white - expected)[1:].max() <= tolerance


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("photometric", [0, 1])
def test_gray_of_any_bits_and_either_white(bits: int, photometric: int) -> None:
    top = (1 << bits) - 1
    levels = np.rint(RAMP * top).astype(np.uint16)
    stored = top - levels if photometric == 0 else levels
    data = tiffs.file(
        tiffs.page(tiffs.packed(stored, bits) if bits < 16 else stored.tobytes(), 40, 24, (bits,), photometric, {})
    )
    keeps_its_look(data, levels / top, 1e-4 if bits > 8 else 0.003)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@pytest.mark.parametrize("photometric", [0, 1])
def test_floats_of_either_white(kind: str, photometric: int) -> None:
    stored = (1 - RAMP if photometric == 0 else RAMP).astype(kind)
    keeps_its_look(tiffs.file(tiffs.of(stored, photometric)), RAMP, 1e-3)


def test_min_is_white_with_alpha_leaves_the_alpha() -> None:
    stored = np.dstack([65535 - RAMP * 65535, np.full_like(RAMP, 40000)]).astype(np.uint16)
    photo = daguerre.open(tiffs.file(tiffs.of(stored, 0, t338=short(2))))
    assert photo.alpha is not None
    assert np.all(photo.alpha == 40000)
    assert np.abs(photo.pixels[:, :, 0] / 65535 - RAMP).max() < 1e-4


def test_floats_of_24_bits() -> None:
    words = RAMP.astype("<f4").view(np.uint32) & 0xFFFFFF00  # the same 8 bits of exponent are not what 24 bits have
    sign_exponent = ((words >> 23 & 255).astype(np.int64) - 127 + 63).clip(0, 127)
    codes = (sign_exponent << 16 | (words >> 7 & 0xFFFF)).astype(np.uint32)
    codes[RAMP < 1e-6] = 0
    stored = codes.astype("<u4").view(np.uint8).reshape(24, 40, 4)[:, :, :3].tobytes()
    data = tiffs.file(tiffs.page(stored, 40, 24, (24,), 1, {339: short(3)}))
    assert np.abs(look(data)[:, :, 0] - RAMP).max() < 1e-4


def test_integers_of_32_bits_are_reduced_and_named() -> None:
    data = tiffs.file(tiffs.of(np.rint(RAMP * (2**32 - 1)).astype(np.uint32), 1))
    keeps_its_look(data, RAMP, 1e-4)
    assert "32 bits" in said(data)


@pytest.mark.parametrize("photometric", [0, 1])
def test_integers_of_24_bits_are_reduced_and_named_once(photometric: int) -> None:
    levels = np.rint((1 - RAMP if photometric == 0 else RAMP) * (2**24 - 1)).astype("<u4")
    stored = levels.view(np.uint8).reshape(24, 40, 4)[:, :, :3].tobytes()
    data = tiffs.file(tiffs.page(stored, 40, 24, (24,), photometric, {}))
    keeps_its_look(data, RAMP, 1e-4)
    assert said(data).count("24 bits") == 1


def test_integers_of_24_bits_are_in_the_order_of_a_big_endian_file() -> None:
    tags = [(256, 4), (257, 1), (258, 24), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1), (279, 12)]
    directory = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in tags)
    samples = b"".join(value.to_bytes(3, "big") for value in (0, 0x010203, 0x7FFFFF, 0xFFFFFF))
    data = b"MM\0*" + struct.pack(">I", 20) + samples + struct.pack(">H", len(tags)) + directory + bytes(4)
    assert daguerre.open(data).pixels[0, :, 0].tolist() == [0, 258, 32767, 65535]


@pytest.mark.parametrize(("low", "high"), [(0, 32767), (-32768, 32767)])
def test_samples_with_a_sign_span_the_range_and_are_named(low: int, high: int) -> None:
    data = tiffs.file(tiffs.of(np.rint(low + RAMP * (high - low)).astype(np.int16), 1))
    keeps_its_look(data, RAMP, 1e-4)
    assert "sign" in said(data)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("photometric", [8, 9])
@pytest.mark.parametrize("alpha", [False, True])
def test_lab_is_white_at_100_and_middle_gray_at_50(bits: int, photometric: int, alpha: bool) -> None:
    top = {8: 255, 16: 65535 if photometric == 8 else 65280}[bits]
    middle = 0 if photometric == 8 else 1 << (bits - 1)
    stored = np.full((2, 3, 4 if alpha else 3), middle, f"u{bits // 8}")
    stored[:, :, 0] = np.rint(np.array([0, 50, 100]) / 100 * top)
    tags = {"t338": short(2)} if alpha else {}
    data = tiffs.file(tiffs.of(stored, photometric, **tags))
    photo = daguerre.open(data)
    assert photo.pixels.dtype == stored.dtype
    assert (photo.alpha is not None) == alpha
    shown = photo.pixels.astype(float) / photo.white * 255
    assert np.abs(shown[0] - np.array([[0] * 3, [118.9] * 3, [255] * 3])).max() < 0.5 + (bits == 8)
    assert "Lab" in said(data)
    assert np.array_equal(look(changed(data))[1], look(data)[1])


def test_lab_of_a_color_is_that_color() -> None:
    # L* 53.2, a* 78.3, b* 62.1 under D50 is about the red (245, 20, 24) of sRGB (color-science.org's converters).
    stored = np.array([[[round(53.2 * 2.55), 78, 62]]], np.uint8)
    shown = daguerre.open(tiffs.file(tiffs.of(stored, 8))).pixels[0, 0].astype(int)
    assert shown[0] > 235
    assert shown[1:].max() < 45


@pytest.mark.parametrize("scale", [1, 256, 257])
def test_a_color_map_of_8_or_16_bits_is_not_black(scale: int) -> None:
    ramp = tuple(value * scale for value in range(256))
    gray = np.rint(RAMP * 255).astype(np.uint8)
    data = tiffs.file(tiffs.of(gray, 3, t320=short(*(ramp * 3))))
    keeps_its_look(data, (gray / 255)[:, :, None].repeat(3, 2), 1e-9)
    assert "palette" in said(data)


def test_gray_with_alpha_and_infrared_is_gray() -> None:
    alpha, infrared = np.full((24, 40), 200, np.uint8), np.arange(960, dtype=np.uint16).reshape(24, 40).astype(np.uint8)
    stored = np.dstack([np.rint(RAMP * 255).astype(np.uint8), alpha, infrared])
    data = tiffs.file(tiffs.of(stored, 1, t338=short(2, 0)))
    photo = daguerre.open(data)
    assert photo.pixels.shape == (24, 40, 1)
    assert photo.alpha is not None
    again = changed(data)
    assert read_pages(again)[0][338].integers() == (2, 0)
    assert np.array_equal(tifffile.imread(io.BytesIO(again))[1:], stored[1:])


def test_gray_with_infrared_keeps_its_extra_samples() -> None:
    stored = np.dstack([RAMP * 65535, RAMP[::-1] * 30000]).astype(np.uint16)
    again = changed(tiffs.file(tiffs.of(stored, 1, t338=short(0))))
    assert read_pages(again)[0][338].integers() == (0,)
    assert read_pages(again)[0][262].integers() == (1,)
    assert np.array_equal(tifffile.imread(io.BytesIO(again))[1:], stored[1:])


def test_inks_under_jpeg_are_no_black() -> None:
    ink = np.zeros((64, 64, 4), np.uint8)
    ink[:, :, 0] = 255  # cyan
    code = bytes(imagecodecs.jpeg8_encode(ink, level=95, colorspace="CMYK", outcolorspace="CMYK"))
    data = tiffs.file(tiffs.page(code, 64, 64, (8,) * 4, 5, {259: short(7), 332: short(1)}))
    assert np.abs(look(data) - (0, 1, 1)).max() < 0.02
    again = changed(data)
    assert read_pages(again)[0][262].integers() == (5,)
    assert np.abs(look(again) - (0, 1, 1))[1:].max() < 0.02


@pytest.mark.parametrize("kind", ["lerc", "jpegxl", "webp", "zstd", "lzma", "jpeg2000"])
def test_rare_compressions_are_read_and_named(kind: str) -> None:
    plane = np.rint(RAMP * 255).astype(np.uint8)[:, :, None].repeat(3, 2)
    options = {"lossless": True} if kind == "webp" else {"level": 100} if kind == "jpegxl" else {}
    stream = io.BytesIO()
    tifffile.imwrite(stream, plane, photometric="rgb", compression=kind, compressionargs=options)
    data = stream.getvalue()
    assert np.abs(look(data) * 255 - plane).max() <= (2 if kind in ("jpegxl", "jpeg2000") else 0)
    assert "compression is replaced by Deflate" in said(data)


def test_jpeg_of_12_bits_inside() -> None:
    code = bytes(imagecodecs.jpeg_encode(np.rint(RAMP * 4095).astype(np.uint16), level=98, bitspersample=12))
    data = tiffs.file(tiffs.page(code, 40, 24, (12,), 1, {259: short(7)}))
    assert np.abs(look(data)[:, :, 0] - RAMP).max() < 0.01


def test_inks_that_are_no_cmyk_are_named() -> None:
    stored = np.zeros((4, 4, 5), np.uint8)
    with pytest.raises(UnsupportedImage, match="inks"):
        daguerre.open(tiffs.file(tiffs.of(stored, 5, t332=short(2))))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
def test_either_byte_order_is_read_and_written(order: str, kind: str) -> None:
    plane = (RAMP * (1 if kind == "f4" else 2.0 ** (8 * int(kind[1])) - 1)).astype(kind)
    stream = io.BytesIO()
    tifffile.imwrite(stream, plane, photometric="minisblack", byteorder=order)
    keeps_its_look(stream.getvalue(), RAMP, 0.004 if kind == "u1" else 1e-4)


def test_logarithmic_luminance_is_light() -> None:
    codes = np.rint(256 * (np.log2(np.array([[0.2140411, 1.0, 2.0]])) + 64) - 0.5).astype(np.int16)
    # A run of three that is no run, for the high bytes and for the low ones.
    row = codes.astype(">i2").tobytes()
    packed = bytes((3,)) + row[0::2] + bytes((3,)) + row[1::2]
    data = tiffs.file(tiffs.page(packed, 3, 1, (16,), 32844, {259: short(34676), 339: short(2)}))
    photo = daguerre.open(data)
    assert photo.pixels.dtype == np.float32
    assert np.abs(photo.pixels[0, :2, 0] - [0.5, 1]).max() < 0.01
    assert photo.pixels[0, 2, 0] > 1.2
    assert "LogL" in said(data)


def test_fax_without_a_word_of_its_colors_is_black_on_white() -> None:
    bits = (RAMP > 0.5).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(bits * 255).convert("1").save(stream, "TIFF", compression="group4")
    data = bytearray(stream.getvalue())
    tags = read_pages(bytes(data))[0]
    assert np.abs(look(bytes(data))[:, :, 0] - bits).max() == 0
    without = tiffs.file(
        tiffs.page(bytes(data[tags[273].integers()[0] :][: tags[279].integers()[0]]), 40, 24, (1,), 0, {259: short(4)})
    )
    at = without.rindex(b"\x06\1\3\0")
    expected = look(without)
    assert np.array_equal(look(without[:at] + b"\x07\1\3\0" + without[at + 4 :]), expected)


def test_a_head_that_tells_of_fewer_samples_than_its_colors_have_gives_gray() -> None:
    stored = np.dstack([RAMP, RAMP]).astype(np.float32)
    data = tiffs.file(tiffs.of(stored, 2))
    photo = daguerre.open(data)
    assert photo.pixels.shape == (24, 40, 1)
    photo.pixels = 1 - photo.pixels
    assert np.abs(look(imaging.encode(photo).data)[:, :, 0] - (1 - RAMP)).max() < 1e-3
