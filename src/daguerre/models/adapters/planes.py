"""Images to what networks take, and back."""

from __future__ import annotations

import numpy as np

from daguerre.models.roles import Floats


def to_planes(image: Floats, input_range: tuple[float, float] = (0.0, 1.0), *, bgr: bool = False) -> Floats:
    """``image`` ``[H, W, 3]`` RGB 0-1 as ``[1, 3, H, W]`` with black and white at the ends of ``input_range``."""
    if bgr:
        image = image[..., ::-1]
    planes = image.transpose(2, 0, 1)[None]
    black, white = input_range
    if (black, white) == (0.0, 1.0):
        return planes
    scaled = planes * np.float32(white - black)
    return scaled if black == 0 else scaled + np.float32(black)


def to_image(planes: Floats) -> Floats:
    """``[1, C, H, W]`` as ``[H, W, C]``."""
    return np.ascontiguousarray(planes[0].transpose(1, 2, 0), np.float32)
