"""WebP, lossy and lossless."""

from __future__ import annotations

from daguerre.errors import CannotWrite
from daguerre.imaging import passthrough
from daguerre.imaging.codecs import pillow
from daguerre.imaging.photo import Photo

_LONGEST = 16383
_QUALITY = 92


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The picture in a WebP file. Raises InvalidImage."""
    photo = pillow.photo_of(pillow.opened(data, "WEBP", max_pixels=max_pixels), "webp", lossless=b"VP8L" in data[:4096])
    return passthrough.keep(photo, data)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as WebP: lossless if it came so and ``quality`` is not given. Raises CannotWrite."""
    original = passthrough.original(photo, quality)
    if original is not None:
        return original
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"WebP holds at most {_LONGEST} pixels a side; choose another format.")
    image = pillow.image_of(photo)
    image = image.convert("RGBA" if photo.alpha is not None else "RGB")
    lossless = quality is None and bool(photo.source.get("lossless"))
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
