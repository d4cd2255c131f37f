"""The invertible curve between linear light and display values.

``y = 12.92 x`` up to 0.0031308 and ``y = 1.055 x^(1/2.4) - 0.055`` above: the sRGB curve
(IEC 61966-2-1), whose power law goes on above 1, mirrored through the origin below 0:
``y(-x) = -y(x)``. It grows everywhere, so every finite value comes back within the rounding
of float32 (relative 1e-6).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def display(linear: Floats) -> Floats:
    """Linear light, of any shape and sign, as display values; row blocks bound the memory."""
    result = np.empty_like(linear)
    for start in range(0, len(linear), 256):
        x = np.abs(linear[start : start + 256].astype(np.float64))
        y = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(x, 1 / 2.4) - 0.055)
        result[start : start + 256] = np.copysign(y, linear[start : start + 256])
    return result


def linear(shown: Floats) -> Floats:
    """The inverse of ``display``."""
    result = np.empty_like(shown)
    for start in range(0, len(shown), 256):
        y = np.abs(shown[start : start + 256].astype(np.float64))
        x = np.where(y <= 0.04045, y / 12.92, np.power((y + 0.055) / 1.055, 2.4))
        result[start : start + 256] = np.copysign(x, shown[start : start + 256])
    return result
