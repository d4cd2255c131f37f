"""Photos from NumPy arrays and PIL images, and back."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from daguerre.errors import InvalidImage, InvalidMask
from daguerre.imaging import depth
from daguerre.imaging.codecs import pillow
from daguerre.imaging.photo import Metadata, Photo, Pixels, white_of

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_CONVERTED = ("CMYK", "YCbCr", "LAB", "HSV")
_WHITES = (1, 255, 65535)


def photo_of_array(array: Array) -> Photo:
    """The photo in ``array``: ``[H, W]``, ``[H, W, 1]``, ``[H, W, 3]`` (RGB) or ``[H, W, 4]`` (RGBA).

    ``uint8`` and ``uint16`` run from 0 to their maximum, floats from 0 to 1; ``True`` is white. The pixels are copied.
    Raises :class:`~daguerre.errors.InvalidImage`.
    """
    planes = array[:, :, None] if array.ndim == 2 else array
    if planes.ndim != 3 or planes.shape[2] not in (1, 3, 4):
        shape = " x ".join(str(length) for length in array.shape)
        raise InvalidImage(f"An array of {shape} is not a picture: use [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].")
    if 0 in planes.shape:
        raise InvalidImage("The array is empty.")
    values = _samples(planes)
    alpha = np.ascontiguousarray(values[:, :, 3]) if values.shape[2] == 4 else None
    pixels = values if alpha is None else np.ascontiguousarray(values[:, :, :3])
    return Photo(pixels, "tiff" if pixels.dtype.kind == "f" else "png", alpha)


def photo_of_image(image: Image.Image) -> Photo:
    """The photo in a PIL ``image``, turned upright as its EXIF says, with its profile and metadata.

    Modes of 16 and 32 bits keep their depth; ``F`` runs from 0 to 1. Raises :class:`~daguerre.errors.InvalidImage`.
    """
    pillow.load(image)
    if image.mode.startswith(("I", "F")):
        metadata, orientation = pillow.read_metadata(image)
        upright = image.transpose(pillow.TRANSPOSE[orientation]) if orientation != 1 else image
        photo = photo_of_array(_sixteen_bits(np.asarray(upright)))
        photo.metadata = metadata
        return photo
    if image.mode in _CONVERTED:
        converted = image.convert("RGB")
        converted.info = {name: value for name, value in image.info.items() if name != "icc_profile"}
        photo = pillow.to_photo(converted, "png")
        photo.warnings.append(f"The picture was converted from {image.mode} to RGB.")
    else:
        photo = pillow.to_photo(image, "png")
    photo.coding = None
    return photo


def mask_of(source: Array) -> Mask:
    """Where ``source`` marks damage ``[H, W]``: ``[H, W]`` or ``[H, W, 1, 3 or 4]`` of bool, integers or floats.

    What is at least half of white is damaged, and what is transparent is not. White is the smallest of 1, 255 and 65535
    that no value exceeds, and 1 for floats up to 1. Raises :class:`~daguerre.errors.InvalidMask`.
    """
    planes = source[:, :, None] if source.ndim == 2 else source
    if planes.ndim != 3 or planes.shape[2] not in (1, 2, 3, 4) or planes.dtype.kind not in "buif":
        shape = " x ".join(str(length) for length in source.shape)
        raise InvalidMask(f"An array of {shape} {source.dtype} is not a mask: use [H, W] of bool, integers or floats.")
    if planes.size == 0:
        raise InvalidMask("The mask is empty.")
    channels = planes.shape[2]
    clear = planes[:, :, channels - 1] if channels in (2, 4) else None
    colors = planes[:, :, : channels - (clear is not None)]
    damaged = colors.mean(axis=2, dtype=np.float32) >= 0.5 * _white(colors)
    return np.asarray(damaged if clear is None else damaged & (clear >= 0.5 * _white(clear)))


def array_of(photo: Photo) -> Pixels:
    """The pixels of ``photo`` in their own depth: ``[H, W]``, ``[H, W, 3]`` or, with alpha, ``[H, W, 4]``."""
    if photo.alpha is not None:
        colors = photo.pixels if photo.pixels.shape[2] == 3 else np.repeat(photo.pixels, 3, axis=2)
        return np.dstack((colors, photo.alpha))
    return photo.pixels if photo.pixels.shape[2] == 3 else photo.pixels[:, :, 0]


def image_of(photo: Photo) -> Image.Image:
    """``photo`` as a PIL image with its profile, EXIF and XMP in ``info``.

    Mode L, LA, RGB or RGBA with 8 bits, ``I;16`` for gray with 16 bits and no alpha: PIL has no deeper color.
    """
    if photo.pixels.dtype == np.uint16 and photo.pixels.shape[2] == 1 and photo.alpha is None:
        image = Image.fromarray(np.ascontiguousarray(photo.pixels[:, :, 0]))
    else:
        image = pillow.to_image(eight_bits(photo))
    told = photo.metadata
    info = {"icc_profile": told.icc, "exif": told.exif, "xmp": told.xmp, "dpi": told.dpi}
    image.info.update({name: value for name, value in info.items() if value is not None})
    return image


def eight_bits(photo: Photo) -> Photo:
    """``photo`` without its pages, with 8 bits per sample."""
    alpha = None if photo.alpha is None else depth.convert(photo.alpha, "uint8")
    return Photo(depth.convert(photo.pixels, "uint8"), "png", alpha, Metadata(icc=photo.metadata.icc))


def reduced(photo: Photo, longest: int) -> Photo:
    """``photo`` without its pages, with at most ``longest`` pixels on its longer side; of its metadata, the profile."""
    scale = min(1.0, longest / max(photo.width, photo.height))
    size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))

    def small(plane: Pixels) -> Pixels:
        if scale == 1.0:
            return plane
        resized = cv2.resize(np.ascontiguousarray(plane), size, interpolation=cv2.INTER_AREA)
        return np.asarray(resized).reshape(*size[::-1], *plane.shape[2:])

    alpha = None if photo.alpha is None else small(photo.alpha)
    return Photo(small(photo.pixels), photo.format, alpha, Metadata(icc=photo.metadata.icc))


def _samples(array: Array) -> Pixels:
    """A copy in uint8, uint16 or float32, in C order."""
    if array.dtype == np.bool_:
        return np.ascontiguousarray(array).astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize <= 2:
        return np.array(array, array.dtype.newbyteorder("="), order="C")
    if array.dtype.kind != "f":
        raise InvalidImage(f"An array of {array.dtype} is not a picture: convert it to uint8, uint16 or float.")
    values = np.array(array, np.float32, order="C")
    if np.count_nonzero(values > 1) > values.size / 2:
        raise InvalidImage(
            "Floats run from 0 (black) to 1 (white), but most of this array is above 1. Divide it by its white first."
        )
    return values


def _sixteen_bits(values: Array) -> Array:
    """PIL's 32-bit integers, which are 16 bits in all that it opens, as such. Raises InvalidImage."""
    if values.dtype.kind != "i":
        return values
    if values.min() < 0 or values.max() > 65535:
        raise InvalidImage("The picture holds integers below 0 or above 65535: scale it to 16 bits first.")
    return values.astype(np.uint16)


def _white(values: Array) -> float:
    if values.dtype.kind == "b":
        return 1.0
    top = float(np.nanmax(values)) if np.isfinite(values).any() else 0.0
    return next((float(white) for white in _WHITES if top <= white), white_of(values.dtype))
