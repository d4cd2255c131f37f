"""What the codecs over Pillow share: opening within limits, pixels both ways, metadata."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, JpegImagePlugin

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging import limits
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.description import Page
from daguerre.imaging.metadata.orientation import stand_upright
from daguerre.imaging.photo import Coding, Metadata, Photo, Pixels

ANIMATION = "The file is an animation: only its first frame was taken."
_BAND_ROWS = 256
_OPENING = threading.Lock()
_NO_LIMIT, _MOST_FRAMES = 1 << 62, 10_000
TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def _own_limit() -> Iterator[None]:
    """Some plugins ask for Pillow's limit themselves, WebP's for one; while a header is read, ours holds."""
    with _OPENING:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def open_lazily(data: bytes, name: str, *, max_pixels: int) -> Image.Image:
    """The image in ``data``, its pixels not yet decoded. Raises BrokenImage and ImageTooLarge.

    The plugin ``name`` is called directly: Pillow's own limit is global to the process.
    """
    Image.init()
    # The registered factory takes a JPEG with a gain map or a second view for a series of pictures.
    factory = JpegImagePlugin.JpegImageFile if name == "JPEG" else Image.OPEN[name][0]
    try:
        with _own_limit():
            image: Image.Image = factory(BytesIO(data), "")
    except MemoryError:
        raise
    except Exception as error:  # Plugins raise anything over broken headers.
        raise BrokenImage(f"The {name} file is truncated or damaged and cannot be read.") from error
    # A palette becomes colors with alpha.
    pixel_bytes = 4 if image.mode in ("P", "PA") else len(image.getbands())
    limits.check_size(*image.size, max_pixels, file_bytes=len(data), pixel_bytes=pixel_bytes)
    return image


_COLORS = {"1": "gray", "L": "gray", "LA": "gray", "P": "palette", "PA": "palette", "CMYK": "CMYK"}


def describe(data: bytes, name: str) -> tuple[list[Page], Metadata]:
    """The frames of a file that Pillow's plugin ``name`` reads, and what they say."""
    image = open_lazily(data, name, max_pixels=_NO_LIMIT)
    color = _COLORS.get(image.mode, "RGB")
    extra = ("alpha",) if image.mode.endswith("A") or "transparency" in image.info else ()
    first = Page(*image.size, 1 if image.mode == "1" else 8, color, extra=extra)
    frames = int(getattr(image, "n_frames", 1)) - 1
    return [first, *[replace(first, kind="frame")] * min(frames, _MOST_FRAMES)], read_metadata(image)[0]


def load(image: Image.Image) -> None:
    """Decode the pixels of ``image``. Raises BrokenImage."""
    try:
        image.load()
    except Image.DecompressionBombError as error:
        raise ImageTooLarge("The picture has more pixels than are allowed.") from error
    except MemoryError:
        raise
    except Exception as error:
        raise BrokenImage("The file is truncated or damaged: its picture cannot be read to the end.") from error


@dataclass(frozen=True, slots=True)
class PillowCoding(Coding):
    """Pillow's name for the color mode."""

    mode: str | None = None


def color_mode(photo: Photo) -> str | None:
    """The color mode that ``photo`` came in, where its codec notes it."""
    return photo.coding.mode if isinstance(photo.coding, PillowCoding) else None


def to_photo(image: Image.Image, name: str) -> Photo:
    """The decoded, upright first frame of ``image`` with its metadata."""
    return to_turned_photo(image, name)[0]


def to_turned_photo(image: Image.Image, name: str) -> tuple[Photo, int]:
    """As ``to_photo``, and the orientation 1-8 that the pixels had."""
    frames = int(getattr(image, "n_frames", 1))
    load(image)
    metadata, orientation = read_metadata(image)
    mode = image.mode
    upright = image.transpose(TRANSPOSE[orientation]) if orientation != 1 else image
    pixels, alpha = to_arrays(upright)
    losses = [ANIMATION] if frames > 1 else []
    return Photo(pixels, name, alpha, metadata, PillowCoding(mode), losses=losses), orientation


def to_arrays(image: Image.Image) -> tuple[Pixels, Pixels | None]:
    """The pixels ``[H, W, 1|3]`` and the alpha ``[H, W]`` of an 8-bit ``image``, without further copies of it."""
    mode = _plain_mode(image)
    bands = len(Image.new(mode, (1, 1)).getbands())
    height, width, colors = image.height, image.width, 3 if bands >= 3 else 1
    pixels = np.empty((height, width, colors), np.uint8)
    alpha = np.empty((height, width), np.uint8) if bands > colors else None
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, min(top + _BAND_ROWS, height))
        part = image.crop((0, rows.start, width, rows.stop))
        band = np.asarray(part if part.mode == mode else part.convert(mode))
        band = band.reshape(*band.shape[:2], bands)
        pixels[rows] = band[:, :, :colors]
        if alpha is not None:
            alpha[rows] = band[:, :, colors]
    return pixels, alpha


def _plain_mode(image: Image.Image) -> str:
    """L, LA, RGB or RGBA: what holds the samples of ``image`` without loss. Raises BrokenImage."""
    clear = "transparency" in image.info
    if image.mode in ("1", "L"):
        return "LA" if clear else "L"
    if image.mode in ("LA", "La"):
        return "LA"
    if image.mode in ("RGBA", "RGBa", "PA") or (clear and image.mode in ("P", "RGB")):
        return "RGBA"
    if image.mode == "P":
        palette = np.asarray(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return "L" if bool((palette == palette[:, :1]).all()) else "RGB"
    if image.mode in ("RGB", "RGBX"):
        return "RGB"
    raise BrokenImage(f"The file holds pixels of an unusual kind ({image.mode}) that cannot be read.")


def read_metadata(image: Image.Image) -> tuple[Metadata, int]:
    """The metadata of ``image``, upright, and the orientation that its pixels have."""
    info = image.info
    standing = stand_upright(_raw(info.get("exif")), _raw(info.get("xmp")))
    resources = info.get("photoshop")
    iptc = resources.get(0x0404) if isinstance(resources, dict) else None
    return (
        Metadata(
            icc=_raw(info.get("icc_profile")),
            exif=standing.exif,
            xmp=standing.xmp,
            iptc=iptc if isinstance(iptc, bytes) else None,
            dpi=_dpi(info.get("dpi")),
        ),
        standing.turn,
    )


def to_image(photo: Photo) -> Image.Image:
    """The 8-bit ``photo`` as an image of mode L, LA, RGB or RGBA."""
    pixels = photo.pixels
    if photo.alpha is None:
        return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))
    return Image.fromarray(np.dstack((pixels, photo.alpha)), "LA" if pixels.shape[2] == 1 else "RGBA")


def to_palette(photo: Photo) -> Image.Image | None:
    """``photo`` with a palette of its own colors, or ``None`` where they are more than 256.

    Alpha goes into the palette where it is only clear or opaque.
    """
    rgb = np.repeat(photo.pixels, 3, axis=2) if photo.pixels.shape[2] == 1 else photo.pixels
    codes = rgb[..., 0].astype(np.uint32) << 16 | rgb[..., 1].astype(np.uint32) << 8 | rgb[..., 2]
    if photo.alpha is not None:
        codes |= photo.alpha.astype(np.uint32) << 24
    colors, index = np.unique(codes, return_inverse=True)
    if len(colors) > 256:
        return None
    image = Image.fromarray(index.reshape(codes.shape).astype(np.uint8), "P")
    palette = np.stack((colors >> 16 & 255, colors >> 8 & 255, colors & 255), axis=1).astype(np.uint8)
    image.putpalette(palette.tobytes())
    if photo.alpha is not None:
        image.info["transparency"] = (colors >> 24).astype(np.uint8).tobytes()
    return image


def save(image: Image.Image, name: str, **options: Any) -> bytes:
    """The file of ``image`` in Pillow's format ``name``; options that are ``None`` are left out."""
    stream = BytesIO()
    image.save(stream, name, **{key: value for key, value in options.items() if value is not None})
    return stream.getvalue()


def read_exif_resolution(block: bytes | None) -> tuple[float, float] | None:
    """Pixels per inch across and down that an EXIF block names."""
    held = next(tiff_ifd.walk_pages((block or b"").removeprefix(b"Exif\0\0")), None)
    if held is None or 282 not in held or 283 not in held:
        return None
    scale = {2: 1.0, 3: 2.54}.get(tiff_ifd.read_number(held, 296, 2))
    across, down = held[282].ratio(), held[283].ratio()
    return (across * scale, down * scale) if scale and across > 0 and down > 0 else None


def _raw(value: object) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    return bytes(value) if isinstance(value, bytes | bytearray) and value else None


def _dpi(value: object) -> tuple[float, float] | None:
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    across, down = float(value[0]), float(value[1])
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None
