"""WebP, lossy and lossless."""

from __future__ import annotations

from dataclasses import dataclass

from daguerre.errors import CannotWrite
from daguerre.imaging.codecs import pillow
from daguerre.imaging.description import Page
from daguerre.imaging.photo import Coding, Metadata, Photo

_LONGEST = 16383
_QUALITY = 92


@dataclass(frozen=True, slots=True)
class WebpCoding(Coding):
    """Whether it was stored without loss."""

    lossless: bool = False


def describe(data: bytes) -> tuple[list[Page], Metadata]:
    """The picture and further frames."""
    return pillow.described(data, "WEBP")


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a WebP file. Raises InvalidImage."""
    photo = pillow.photo_of(pillow.opened(data, "WEBP", max_pixels=max_pixels), "webp")
    photo.coding = WebpCoding(lossless=b"VP8L" in data[:4096])
    return photo


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as WebP: lossless if it came so and ``quality`` is not given. Raises CannotWrite."""
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"WebP holds at most {_LONGEST} pixels a side; choose another format.")
    image = pillow.image_of(photo)
    image = image.convert("RGBA" if photo.alpha is not None else "RGB")
    lossless = quality is None and isinstance(photo.coding, WebpCoding) and photo.coding.lossless
    return pillow.saved(
        image,
        "WEBP",
        lossless=lossless,
        exact=lossless,
        # In lossless files the quality is effort only.
        quality=60 if lossless else quality or _QUALITY,
        icc_profile=photo.metadata.icc,
        exif=photo.metadata.exif,
        xmp=photo.metadata.xmp,
    )
