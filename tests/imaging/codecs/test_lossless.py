"""PNG of 16 bits, JPEG 2000 and JPEG XL come back to the last bit, with what they tell."""

from types import ModuleType

import imagecodecs
import numpy as np
import pytest
from PIL import ImageCms

from daguerre.errors import BrokenImage, ImageTooLarge, UnsupportedImage
from daguerre.imaging.codecs import jp2, jxl, png
from daguerre.imaging.containers.tiff_ifd import Entry, pack_block, read_pages
from daguerre.imaging.photo import Metadata, Photo

RANDOM = np.random.default_rng(5)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _photo(name: str, kind: str, channels: int, alpha: bool) -> Photo:
    unit = RANDOM.random((31, 45, channels + 1))
    plane = unit.astype(np.float32) if kind == "float32" else (unit * np.iinfo(kind).max).astype(kind)
    exif = pack_block({315: Entry(2, 8, b"Atelier\0"), 274: Entry(3, 1, b"\1\0")})
    metadata = Metadata(ICC if channels == 3 else None, exif, b"<x:xmpmeta>1912</x:xmpmeta>")
    return Photo(plane[:, :, :channels].copy(), name, plane[:, :, channels].copy() if alpha else None, metadata)


CASES = [
    (module, name, kind)
    for module, name, kinds in (
        (png, "png", ("uint16",)),
        (jp2, "jp2", ("uint8", "uint16")),
        (jxl, "jxl", ("uint8", "uint16", "float32")),
    )
    for kind in kinds
]


@pytest.mark.parametrize(("module", "name", "kind"), CASES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("alpha", [False, True])
def test_samples_and_metadata_come_back(module: ModuleType, name: str, kind: str, channels: int, alpha: bool) -> None:
    photo = _photo(name, kind, channels, alpha)
    back = module.read(module.write(photo, quality=None), max_pixels=10**6)
    again = module.read(module.write(back, quality=None), max_pixels=10**6)
    for found in (back, again):
        assert found.format == name
        assert found.pixels.dtype == photo.pixels.dtype
        np.testing.assert_array_equal(found.pixels, photo.pixels)
        if photo.alpha is None:
            assert found.alpha is None
        else:
            np.testing.assert_array_equal(found.alpha, photo.alpha)
        assert found.metadata.xmp == photo.metadata.xmp
        assert found.metadata.exif is not None
        assert read_pages(found.metadata.exif)[0][315].raw == b"Atelier\0"
        if channels == 3:
            assert found.metadata.icc == ICC


def test_png_keeps_resolution_and_texts() -> None:
    photo = _photo("png", "uint16", 3, False)
    photo.metadata.dpi = (600.0, 300.0)
    photo.coding = png.PngCoding("", (16, 2), ((b"tEXt", b"Title\0Ferry"),))
    back = png.read(png.write(photo, quality=None), max_pixels=10**6)
    assert back.metadata.dpi == pytest.approx((600, 300), abs=0.02)
    assert back.coding == photo.coding


def test_jp2_of_twelve_bits_spans_the_range_and_comes_back() -> None:
    plane = RANDOM.integers(0, 4096, (20, 30), dtype=np.uint16)
    data = imagecodecs.jpeg2k_encode(plane, level=0, reversible=True, bitspersample=12)
    photo = jp2.read(bytes(data), max_pixels=10**6)
    assert photo.pixels.max() > 60000
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(jp2.write(photo, quality=None)), plane)


@pytest.mark.parametrize(("module", "name", "kind"), CASES)
def test_bad_input_is_named(module: ModuleType, name: str, kind: str) -> None:
    good = module.write(_photo(name, kind, 3, False), quality=None)
    with pytest.raises(ImageTooLarge):
        module.read(good, max_pixels=100)
    with pytest.raises(BrokenImage):
        module.read(good[: len(good) // 3], max_pixels=10**6)


def test_a_tiny_file_is_read_again():
    from daguerre import imaging
    from daguerre.imaging.photo import Photo

    flat = np.full((16, 16, 3), 128, np.uint8)
    data = imaging.encode(Photo(flat, "jxl")).data
    assert len(data) < 128
    np.testing.assert_array_equal(imaging.open_image(data).pixels, flat)


@pytest.mark.parametrize("bits", [1, 4, 8, 10, 12, 14, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_xl_of_any_bits_spans_the_range(bits: int, channels: int) -> None:
    from daguerre import imaging

    top = (1 << bits) - 1
    levels = np.rint(np.linspace(0, top, 40)[None, :, None].repeat(24, 0).repeat(channels, 2))
    stored = np.squeeze(levels.astype(np.uint16 if bits > 8 else np.uint8))
    data = bytes(imagecodecs.jpegxl_encode(stored, lossless=True, bitspersample=bits))
    photo = imaging.open_image(data)
    assert np.abs(photo.pixels / photo.white - levels / top).max() <= 0.002
    assert imaging.encode(photo).data == data
    photo.pixels = photo.pixels[:, ::-1].copy()
    encoded = imaging.encode(photo)
    assert bool(encoded.warnings) == (bits not in (8, 16))
    assert np.array_equal(imaging.open_image(encoded.data).pixels, photo.pixels)


def _in_space(data: bytes, space: int) -> bytes:
    """A JPEG 2000 file that names its color space by a number."""
    at = data.index(b"colr") + 4
    return data[:at] + b"\1\0\0" + space.to_bytes(4, "big") + data[at + 7 :]


def test_jpeg_2000_in_inks_is_no_rgb_with_opacity() -> None:
    from daguerre import imaging

    ink = np.zeros((24, 40, 4), np.uint8)
    ink[:, :20, 0], ink[:, 20:, 3] = 255, 128
    data = bytes(imagecodecs.jpeg2k_encode(ink, level=0, reversible=True, mct=False))
    data = _in_space(data, 12)
    photo = imaging.open_image(data)
    assert photo.alpha is None
    assert np.array_equal(photo.pixels[0, [0, 39]], [[0, 255, 255], [127, 127, 127]])
    photo.pixels[0, 0] = 255
    again = imaging.encode(photo).data
    assert int.from_bytes(again[again.index(b"colr") + 7 :][:4], "big") == 12
    back = imagecodecs.jpeg2k_decode(again)
    assert np.array_equal(back[1:], ink[1:])
    assert np.array_equal(back[0, 0], [0, 0, 0, 0])
    with pytest.raises(UnsupportedImage, match="color space 14"):
        imaging.open_image(_in_space(data, 14))


def test_jpeg_2000_keeps_iptc_resolution_and_other_boxes() -> None:
    from daguerre import imaging
    from daguerre.imaging.containers.isobmff import pack_box

    plane = RANDOM.integers(0, 256, (24, 40, 3), dtype=np.uint8)
    data = bytes(imagecodecs.jpeg2k_encode(plane, level=0, reversible=True, codecformat="jp2"))
    data += (
        pack_box(b"uuid", jp2.IPTC_UUID + b"\x1c\2x\0\5ferry")
        + pack_box(b"xml ", b"<catalogue/>")
        + pack_box(b"uuid", bytes(20))
    )
    photo = imaging.open_image(data)
    photo.metadata.dpi = (600.0, 300.0)
    photo.pixels = photo.pixels[::-1].copy()
    encoded = imaging.encode(photo)
    assert encoded.warnings == []
    back = imaging.open_image(encoded.data)
    assert back.metadata.iptc == b"\x1c\2x\0\5ferry"
    assert back.metadata.dpi == pytest.approx((600, 300), rel=1e-3)
    assert pack_box(b"xml ", b"<catalogue/>") in encoded.data
    assert pack_box(b"uuid", bytes(20)) in encoded.data
    assert np.array_equal(back.pixels, photo.pixels)
