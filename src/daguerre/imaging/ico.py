"""ICO: the largest picture of an icon. Lossless."""

from __future__ import annotations

from daguerre.errors import CannotWrite
from daguerre.imaging import pillow
from daguerre.imaging.photo import Photo

_LONGEST = 256


def read(data: bytes, *, max_pixels: int) -> Photo:
    """The largest picture of an icon. Raises InvalidImage."""
    image = pillow.opened(data, "ICO", max_pixels=max_pixels)
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
