"""Photos turned by quarters, with all that belongs to them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

import daguerre
from daguerre import imaging
from daguerre.imaging.turning import turned
from tests.imaging import specimens

OFF = daguerre.Settings(scratch_removal=False, face_enhancement=False, denoise=False)


@pytest.mark.parametrize("name", ["tiff-uint16-3a", "png-uint8-1", "jpeg-cmyk", "psd-uint16-3a", "exr-float32-3a"])
@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_every_format_is_read_back_as_it_was_turned(name, degrees):
    came = imaging.open_image(specimens.specimens()[name])
    made = turned(came, degrees)
    assert np.array_equal(made.pixels, np.rot90(came.pixels, -degrees // 90))
    again = imaging.open_image(imaging.encode(made).data)
    assert again.pixels.shape == made.pixels.shape and (again.alpha is None) == (came.alpha is None)
    tolerance = 3 / 255 * made.white if name == "jpeg-cmyk" else 0
    assert np.abs(again.pixels.astype(float) - made.pixels).mean() <= tolerance
    if came.alpha is not None:
        assert np.array_equal(again.alpha, np.rot90(came.alpha, -degrees // 90))


def jpeg(orientation: int | None, size: tuple[int, int] = (48, 40)) -> bytes:
    """A JPEG whose EXIF block names ``orientation``, or without one."""
    exif = Image.Exif()
    file = BytesIO()
    if orientation is not None:
        exif[0x0112] = orientation
        exif[0x010F] = "Atelier"
    image = Image.fromarray(specimens.samples("uint8", 3)).resize(size)
    image.save(file, "JPEG", quality=90, subsampling=0, dpi=(300, 150), exif=exif.tobytes() if orientation else b"")
    return file.getvalue()


@pytest.mark.parametrize("orientation", [None, 1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("rotate", [90, 180, 270])
def test_a_jpeg_that_needs_nothing_else_keeps_its_code(orientation, rotate):
    data = jpeg(orientation)
    result = daguerre.restore(data, OFF, rotate=rotate)
    made = result.encode().data
    assert len(made) - len(data) <= (0 if orientation else 40)
    scan = data.index(b"\xff\xda")
    assert made.endswith(data[scan:])
    upright = ImageOps.exif_transpose(Image.open(BytesIO(data)))
    seen = ImageOps.exif_transpose(Image.open(BytesIO(made)))
    assert np.array_equal(np.asarray(seen), np.rot90(np.asarray(upright), -rotate // 90))
    assert np.array_equal(result.before.pixels, result.photo.pixels)
    assert imaging.open_image(made).pixels.shape == result.photo.pixels.shape


def test_a_jpeg_that_is_written_anew_meets_its_own_blocks():
    came = imaging.open_image(jpeg(1))
    made = turned(came, 90)
    made.original = None
    again = imaging.open_image(imaging.encode(made).data)
    # The very coefficients: all that is lost is rounding.
    assert np.abs(again.pixels.astype(int) - made.pixels).mean() < 0.35
    assert again.metadata.dpi == (150, 300) == made.metadata.dpi


def test_masks_and_pages_turn_with_the_photo():
    data = specimens.specimens()["tiff-pages"]
    came = imaging.open_image(data)
    mask = np.zeros((came.width, came.height), np.uint8)
    mask[5:9, 3:30] = 255
    result = daguerre.restore(data, OFF, scratch_removal=True, rotate=270, mask=mask)
    assert np.array_equal(result.damage_mask, mask)
    assert len(result.photo.pages) == len(came.pages) == 2
    for before, after in zip(came.pages, result.photo.pages, strict=True):
        assert np.array_equal(after.pixels, np.rot90(before.pixels))
    with pytest.raises(daguerre.InvalidMask, match="of one size"):
        daguerre.restore(data, OFF, scratch_removal=True, rotate=270, mask=mask.T)
