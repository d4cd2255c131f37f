"""PNG of 16 bits, JPEG 2000 and JPEG XL come back to the last bit, with what they tell."""

from types import ModuleType

import imagecodecs
import numpy as np
import pytest
from PIL import ImageCms

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging.codecs import jp2, jxl, png
from daguerre.imaging.containers.tiff_ifd import Entry, block, directories
from daguerre.imaging.photo import Metadata, Photo

RANDOM = np.random.default_rng(5)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _photo(name: str, kind: str, channels: int, alpha: bool) -> Photo:
    unit = RANDOM.random((31, 45, channels + 1))
    plane = unit.astype(np.float32) if kind == "float32" else (unit * np.iinfo(kind).max).astype(kind)
    exif = block({315: Entry(2, 8, b"Atelier\0"), 274: Entry(3, 1, b"\1\0")})
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
        assert directories(found.metadata.exif)[0][315].raw == b"Atelier\0"
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
