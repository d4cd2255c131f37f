"""Photos as people look at them: in notebooks, and before and after in one picture."""

from __future__ import annotations

import base64
import contextlib
import html
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from daguerre.imaging import arrays, files
from daguerre.imaging.photo import Photo

_LONGEST = 1000
"""Pixels of the longer side of what a notebook shows."""
_QUALITY = 88
_GAP = 1 / 100
"""Width of the white line between two pictures, in widths of one."""

_SLIDER = """<div style="max-width:{width}px;position:relative;line-height:0;user-select:none">
<img src="{before}" alt="before" style="width:100%;display:block">
<img src="{after}" alt="after" style="width:100%;position:absolute;inset:0;clip-path:inset(0 0 0 50%)">
<input type="range" min="0" max="100" step="0.1" value="50" aria-label="before and after"
 style="position:absolute;left:0;bottom:8px;width:100%;margin:0"
 oninput="this.previousElementSibling.style.clipPath='inset(0 0 0 '+this.value+'%)'">
</div><div style="max-width:{width}px;font:12px sans-serif;opacity:.7;padding-top:4px">{caption}</div>"""


def bundle(photo: Photo, caption: str, before: Photo | None = None) -> dict[str, str]:
    """What a notebook shows by media type: ``photo``, and with ``before`` a slider between the two."""
    if before is None:
        return {"text/plain": caption, "image/jpeg": _base64(photo)}
    source = "data:image/jpeg;base64,"
    slider = _SLIDER.format(
        width=arrays.reduced(photo, _LONGEST).width,
        before=source + _base64(before),
        after=source + _base64(photo),
        caption=html.escape(caption),
    )
    return {"text/plain": caption, "text/html": slider, "image/jpeg": _base64(side_by_side(before, photo, _LONGEST))}


def side_by_side(before: Photo, after: Photo, longest: int) -> Photo:
    """One 8-bit sRGB picture of both, a white line between them; ``after`` has at most ``longest`` pixels a side."""
    right = srgb(after, longest)
    left = srgb(before, longest)
    if left.size != right.size:
        left = left.resize(right.size, Image.Resampling.LANCZOS)
    line = np.full((right.height, max(2, round(right.width * _GAP)), 3), 255, np.uint8)
    return Photo(np.concatenate([np.asarray(left), line, np.asarray(right)], axis=1), "png")


def srgb(photo: Photo, longest: int) -> Image.Image:
    """``photo`` on white as people see it: 8-bit sRGB, of at most ``longest`` pixels a side, upright."""
    small = arrays.eight_bits(arrays.reduced(photo, longest))
    pixels = small.pixels
    if small.alpha is not None:
        share = small.alpha[:, :, None].astype(np.float32) / 255
        pixels = np.rint(255 + (pixels - np.float32(255)) * share).astype(np.uint8)
    image = arrays.image_of(Photo(pixels, "png"))
    icc = photo.metadata.icc
    if icc is not None:
        with contextlib.suppress(ImageCms.PyCMSError, OSError):
            profile = ImageCms.ImageCmsProfile(BytesIO(icc))
            made = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            if made is not None:
                return made
    return image.convert("RGB")


def _base64(photo: Photo) -> str:
    data = files.encode(arrays.reduced(photo, _LONGEST), format="jpeg", quality=_QUALITY).data
    return base64.b64encode(data).decode()
