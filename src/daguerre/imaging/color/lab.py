"""CIE L*a*b* under D50, as TIFF and PSD store it, as sRGB."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from daguerre.imaging.color import transfer

Floats = npt.NDArray[np.float32]

_D50 = np.array((0.96422, 1.0, 0.82521))
_XYZ_TO_SRGB = np.array(
    (
        (3.1338561, -1.6168667, -0.4906146),
        (-0.9787684, 1.9161415, 0.0334540),
        (0.0719453, -0.2289914, 1.4052427),
    )
)
"""From XYZ relative to D50, Bradford's adaptation included (Lindbloom)."""
_TO_SRGB = _XYZ_TO_SRGB * _D50 / (_XYZ_TO_SRGB @ _D50)[:, None]
"""From XYZ relative to white, which becomes exactly white."""
_DELTA = 6 / 29


def to_srgb(lab: Floats) -> Floats:
    """``[..., 3]`` L* 0-100, a* and b*, as sRGB 0-1, ``float32``; colors beyond it lie on its border (CIE 15:2018)."""
    lightness = (lab[..., 0].astype(np.float64) + 16) / 116
    roots = np.stack([lightness + lab[..., 1] / 500, lightness, lightness - lab[..., 2] / 200], axis=-1)
    xyz = np.where(roots > _DELTA, roots**3, 3 * _DELTA**2 * (roots - 4 / 29))
    light = np.clip(xyz @ _TO_SRGB.T, 0, 1).astype(np.float32)
    return transfer.to_display(light)
