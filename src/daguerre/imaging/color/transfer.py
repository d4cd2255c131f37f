"""The sRGB curve (IEC 61966-2-1) between linear light and display values.

``y = 12.92 x`` up to 0.0031308 and ``y = 1.055 x^(1/2.4) - 0.055`` above. ``to_display`` and ``to_linear`` go on above
1 with the power law and are mirrored through the origin below 0: ``y(-x) = -y(x)``. They grow everywhere, so every
finite value comes back within the rounding of float32 (relative 1e-6). ``light_to_srgb`` and ``srgb_to_light`` are
faster, for values of 0-1.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_SLOPE, _SCALE, _SHIFT, _POWER = 12.92, 1.055, 0.055, 2.4
_KNEE, _KNEE_SHOWN = 0.0031308, 0.04045
_ROWS = 256


def encode_srgb(light: Doubles) -> Doubles:
    """Linear light from 0 on as display values."""
    return np.where(light <= _KNEE, _SLOPE * light, _SCALE * np.power(light, 1 / _POWER) - _SHIFT)


def decode_srgb(shown: Doubles) -> Doubles:
    """The inverse of ``encode_srgb``."""
    return np.where(shown <= _KNEE_SHOWN, shown / _SLOPE, np.power((shown + _SHIFT) / _SCALE, _POWER))


def to_display(linear: Floats) -> Floats:
    """Linear light, of any shape and sign, as display values; row blocks bound the memory."""
    result = np.empty_like(linear)
    for start in range(0, len(linear), _ROWS):
        band = linear[start : start + _ROWS]
        result[start : start + _ROWS] = np.copysign(encode_srgb(np.abs(band.astype(np.float64))), band)
    return result


def to_linear(shown: Floats) -> Floats:
    """The inverse of ``to_display``."""
    result = np.empty_like(shown)
    for start in range(0, len(shown), _ROWS):
        band = shown[start : start + _ROWS]
        result[start : start + _ROWS] = np.copysign(decode_srgb(np.abs(band.astype(np.float64))), band)
    return result


def srgb_to_light(codes: Floats) -> Floats:
    """Display values 0-1 of any shape as linear light 0-1."""
    bent = np.asarray(cv2.pow((codes + np.float32(_SHIFT)) * np.float32(1 / _SCALE), _POWER), np.float32)
    return np.where(codes <= _KNEE_SHOWN, codes * np.float32(1 / _SLOPE), bent.reshape(codes.shape))


def light_to_srgb(light: Floats) -> Floats:
    """The inverse of ``srgb_to_light``."""
    bent = np.asarray(cv2.pow(light, 1 / _POWER), np.float32).reshape(light.shape)
    return np.where(light <= _KNEE, light * np.float32(_SLOPE), bent * np.float32(_SCALE) - np.float32(_SHIFT))
