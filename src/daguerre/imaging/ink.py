"""CMYK pictures: seen as sRGB, with the ink planes kept and only the changed pixels printed anew."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from daguerre.imaging import pillow
from daguerre.imaging.photo import Photo, Pixels


def photo_of(image: Image.Image, name: str, **source: Any) -> Photo:
    """The decoded, upright CMYK ``image`` as sRGB; ``source`` gets its inks and their profile."""
    pillow.loaded(image)
    metadata, orientation = pillow.metadata_of(image)
    if orientation != 1:
        image = image.transpose(pillow.TRANSPOSE[orientation])
    profile = metadata.icc
    pixels = np.array(_seen(image, profile))
    kept = {"mode": "CMYK", "orientation": orientation, "inks": np.array(image), "ink_profile": profile}
    return Photo(pixels, name, metadata=replace(metadata, icc=None), source={**kept, **source})


def image_of(photo: Photo) -> Image.Image:
    """``photo`` in its inks: those it came with where the pixels are unchanged."""
    inks: Pixels = photo.source["inks"]
    profile = photo.source["ink_profile"]
    pixels = photo.pixels
    seen = np.asarray(_seen(Image.fromarray(inks, "CMYK"), profile))
    changed = np.any(seen != pixels, axis=2)
    if not changed.any():
        return Image.fromarray(inks, "CMYK")
    result = inks.copy()
    result[changed] = _printed(pixels, inks, changed, profile)
    return Image.fromarray(result, "CMYK")


def _seen(image: Image.Image, profile: bytes | None) -> Image.Image:
    transform = _transform(profile, to_inks=False)
    converted = None if transform is None else ImageCms.applyTransform(image, transform)
    return image.convert("RGB") if converted is None else converted


def _printed(pixels: Pixels, inks: Pixels, changed: Pixels, profile: bytes | None) -> Pixels:
    transform = _transform(profile, to_inks=True)
    wanted = pixels[changed]
    if transform is not None:
        line = ImageCms.applyTransform(Image.fromarray(wanted[None]), transform)
        if line is not None:
            values: Pixels = np.array(line)[0]
            return values
    # Without a profile: the black that was there as far as the new brightness allows it.
    light = wanted.astype(np.float32)
    black = np.minimum(inks[changed][:, 3].astype(np.float32), 255 - light.max(axis=1))
    colors = 255 - 255 * light / np.maximum(255 - black, 1)[:, None]
    printed: Pixels = np.rint(np.clip(np.column_stack((colors, black)), 0, 255)).astype(np.uint8)
    return printed


def _transform(profile: bytes | None, *, to_inks: bool) -> ImageCms.ImageCmsTransform | None:
    if not profile:
        return None
    try:
        inks = ImageCms.ImageCmsProfile(BytesIO(profile))
        screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        if to_inks:
            return ImageCms.buildTransform(screen, inks, "RGB", "CMYK")
        return ImageCms.buildTransform(inks, screen, "CMYK", "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError):
        return None
