"""Photos through files and back."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.errors import BrokenImage, ImageTooLarge, InvalidImage, InvalidSettings, NotAnImage
from daguerre.imaging.photo import Photo

LOSSLESS = ["PNG", "BMP", "TGA", "GIF", "ICO"]


def picture(height: int = 61, width: int = 47, channels: int = 3) -> npt.NDArray[np.uint8]:
    """Smooth colors under noise, the same in every run."""
    noise = np.random.default_rng(7).integers(0, 60, (height, width, channels))
    ramp = np.linspace(0, 190, width)[None, :, None] + np.zeros((height, 1, channels))
    return (ramp + noise).astype(np.uint8)


def file(pixels: npt.NDArray[np.uint8], format: str, mode: str | None = None, **options: object) -> bytes:
    """``pixels`` as a file that Pillow wrote."""
    stream = BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image = image.convert(mode) if mode else image
    image.save(stream, format, **options)
    return stream.getvalue()


def again(photo: Photo, **options: object) -> Photo:
    """``photo`` through its own format."""
    return imaging.open_image(imaging.encode(photo, **options).data)  # type: ignore[arg-type]


@pytest.mark.parametrize("format", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_lossless_formats_come_back_to_the_bit(format: str, mode: str) -> None:
    if (format, mode) in {("TGA", "1"), ("GIF", "RGBA")}:
        pytest.skip("the format has no such mode")
    photo = imaging.open_image(file(picture(), format, mode))
    result = again(photo)
    assert photo.format == result.format == format.lower()
    assert np.array_equal(photo.pixels, result.pixels)
    assert (photo.alpha is None) == (result.alpha is None)
    if photo.alpha is not None and result.alpha is not None:
        assert np.array_equal(photo.alpha, result.alpha)


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_unchanged_lossy_files_come_back_to_the_bit(format: str) -> None:
    data = file(picture(), format)
    assert imaging.encode(imaging.open_image(data)).data == data


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [35, 75, 98])
def test_a_changed_jpeg_keeps_tables_and_subsampling(subsampling: int, quality: int) -> None:
    data = file(picture(), "JPEG", subsampling=subsampling, quality=quality, progressive=True)
    photo = imaging.open_image(data)
    photo.pixels = 255 - photo.pixels
    before, after = Image.open(BytesIO(data)), Image.open(BytesIO(imaging.encode(photo).data))
    assert before.quantization == after.quantization  # type: ignore[attr-defined]
    assert before.layer == after.layer  # type: ignore[attr-defined]
    assert after.info["progressive"]


def test_a_gray_jpeg_stays_gray() -> None:
    photo = imaging.open_image(file(picture(channels=1), "JPEG"))
    assert photo.pixels.shape == (61, 47, 1)
    photo.pixels = 255 - photo.pixels
    assert Image.open(BytesIO(imaging.encode(photo).data)).mode == "L"


def test_cmyk_keeps_the_inks_of_unchanged_pixels() -> None:
    photo = imaging.open_image(file(picture(), "JPEG", "CMYK", quality=95))
    assert photo.pixels.shape == (61, 47, 3)
    photo.pixels[20:30, 10:20] = (200, 30, 40)
    result = Image.open(BytesIO(imaging.encode(photo).data))
    assert result.mode == "CMYK"
    inks, before = np.asarray(result).astype(int), photo.coding.inks.planes.astype(int)
    assert np.abs(inks - before)[40:].max() <= 6
    assert np.abs(again(photo).pixels[22:28, 12:18].astype(int) - (200, 30, 40)).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_orientation_goes_into_the_pixels(orientation: int, format: str) -> None:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = orientation, "Maker"
    upright = np.zeros((40, 60, 3), np.uint8)
    upright[:20, :30] = (250, 10, 10)
    data = file(upright, format, exif=tags.tobytes(), quality=95)
    photo = imaging.open_image(data)
    assert photo.pixels.shape[:2] == ((40, 60) if orientation < 5 else (60, 40))
    corner = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}[orientation]
    red = photo.pixels[5 if corner[0] == 0 else -5, 5 if corner[1] == 0 else -5]
    assert red[0] > 200
    assert imaging.encode(photo).data == data
    photo.pixels[0, 0] ^= 1
    result = Image.open(BytesIO(imaging.encode(photo).data))
    assert result.getexif().get(0x0112, 1) == 1
    assert result.getexif()[0x010F] == "Maker"
    assert result.size == (photo.width, photo.height)


def test_the_thumbnail_is_dropped_and_the_profile_kept() -> None:
    from PIL import ImageCms

    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = file(picture(), "JPEG", icc_profile=icc, dpi=(300, 300), xmp=b"<x:xmpmeta/>")
    photo = imaging.open_image(data)
    photo.pixels = 255 - photo.pixels
    result = again(photo)
    assert result.metadata.icc == icc
    assert result.metadata.dpi == (300, 300)
    assert result.metadata.xmp == b"<x:xmpmeta/>"


@pytest.mark.parametrize("format", [*LOSSLESS, "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_files_are_broken(format: str, share: float) -> None:
    data = file(picture(256, 256), format)
    with pytest.raises(InvalidImage) as caught:
        imaging.open_image(data[: int(len(data) * share)])
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("data", [b"", b"Dear diary,\n", b"%PDF-1.7\n", b"\x00" * 400, b"PK\x03\x04" + b"\x00" * 99])
def test_what_is_no_picture_is_named(data: bytes) -> None:
    with pytest.raises(NotAnImage):
        imaging.open_image(data)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidImage, match="does not exist"):
        imaging.open_image(tmp_path / "absent.jpg")
    with pytest.raises(InvalidImage, match="is a folder"):
        imaging.open_image(tmp_path)


@pytest.mark.parametrize("format", [*LOSSLESS, "JPEG", "WEBP", "AVIF"])
def test_too_many_pixels_are_refused(format: str) -> None:
    with pytest.raises(ImageTooLarge):
        imaging.open_image(file(picture(100, 100), format), max_pixels=1_999)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.fromarray(picture() // (1 + n)) for n in range(3)]
    stream = BytesIO()
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    photo = imaging.open_image(stream.getvalue())
    assert np.array_equal(photo.pixels, picture())
    photo.pixels = 255 - photo.pixels
    assert any("first frame" in warning for warning in imaging.encode(photo).warnings)


def test_an_icon_over_a_bomb_is_refused() -> None:
    inside = file(picture(3000, 3000) // 200, "PNG")
    head = b"\0\0\1\0\1\0" + bytes((16, 16, 0, 0, 1, 0, 32, 0)) + len(inside).to_bytes(4, "little")
    with pytest.raises(InvalidImage):
        imaging.open_image(head + (22).to_bytes(4, "little") + inside)


def test_a_jpeg_with_a_second_view_is_one_photo() -> None:
    stream = BytesIO()
    views = [Image.fromarray(picture()), Image.fromarray(picture() // 2)]
    views[0].save(stream, "MPO", save_all=True, append_images=views[1:])
    photo = imaging.open_image(stream.getvalue())
    assert photo.format == "jpeg"
    assert photo.warnings == []


def test_other_formats_and_their_losses() -> None:
    photo = imaging.open_image(file(picture(), "PNG", "RGBA"))
    result = imaging.encode(photo, format="jpg")
    assert (result.format, result.extension) == ("jpeg", ".jpg")
    assert any("transparency" in warning for warning in result.warnings)
    with pytest.raises(InvalidSettings):
        imaging.encode(photo, format="docx")
    with pytest.raises(BrokenImage):
        imaging.open_image(b"\xff\xd8\xff\xe0" + b"\x00" * 40)
