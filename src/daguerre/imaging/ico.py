"""ICO: the largest picture of an icon. Lossless."""

from __future__ import annotations

from typing import Any

from daguerre.errors import BrokenImage, CannotWrite
from daguerre.imaging import pillow
from daguerre.imaging.photo import Photo

_LONGEST = 256


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The largest picture of an icon. Raises InvalidImage."""
    image: Any = pillow.opened(data, "ICO", max_pixels=max_pixels)
    # The directory may say 16 x 16 over a PNG of any size.
    inner = image.ico.getimage(image.size)
    if max(inner.size) > _LONGEST:
        raise BrokenImage("The icon holds a picture of another size than it declares.")
    sizes = sorted(image.info.get("sizes", set()))
    return pillow.photo_of(image, "ico", sizes=sizes)


def write(photo: Photo, *, quality: int | None) -> bytes:
    """``photo`` as an icon in the sizes it came in; ``quality`` does not matter. Raises CannotWrite."""
    if max(photo.width, photo.height) > _LONGEST:
        raise CannotWrite(f"ICO holds at most {_LONGEST} x {_LONGEST} pixels; choose another format.")
    image = pillow.image_of(photo)
    if image.mode == "LA":
        image = image.convert("RGBA")
    own = (photo.width, photo.height)
    return pillow.saved(image, "ICO", sizes=sorted({*photo.source.get("sizes", []), own}))
