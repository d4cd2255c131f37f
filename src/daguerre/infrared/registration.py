"""The infrared picture laid over the visible one: scanners take it at another time, and in another focus."""

from __future__ import annotations

import cv2
import numpy as np

from daguerre.models.roles import Floats

_SIDE = 1400
"""Pixels of the longer side at which pictures are compared; shifts come out at a tenth of such a pixel."""
_FARTHEST = 0.02
"""The largest shift, of the longer side, that is believed."""
_LEAST_LIKENESS = 0.15
"""Correlation of the edges below which the pictures stay as they lie."""


def register(infrared: Floats, visible: Floats) -> tuple[Floats, float]:
    """``infrared`` ``[h, w]`` as ``visible`` ``[H, W]`` lies, ``[H, W]``; and how far it had to move, in pixels.

    Both are densities. Shift, scale and shear are found by maximizing the correlation of edges (ECC: Evangelidis and
    Psarakis, IEEE TPAMI 30, 2008), whichever of them is a negative. Where nothing agrees the pictures stay as they lie.
    """
    height, width = visible.shape
    if infrared.shape != visible.shape:
        infrared = cv2.resize(infrared, (width, height), interpolation=cv2.INTER_LINEAR)
    factor = min(1.0, _SIDE / max(height, width))
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    one, other = (_edges(cv2.resize(plane, size, interpolation=cv2.INTER_AREA)) for plane in (visible, infrared))
    shift, likeness = cv2.phaseCorrelate(one, other, cv2.createHanningWindow(size, cv2.CV_32F))
    start = np.eye(2, 3, dtype=np.float32)
    if likeness > 0.05 and np.hypot(*shift) < _FARTHEST * max(size):
        start[:, 2] = shift
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
    try:
        agreement, matrix = cv2.findTransformECC(one, other, start, cv2.MOTION_AFFINE, until, None, 5)
    except cv2.error:
        return infrared, 0.0
    corners = np.array([[0, 0, 1], [size[0], 0, 1], [0, size[1], 1], [size[0], size[1], 1]], np.float32)
    moved = float(np.hypot(*(corners @ matrix.T - corners[:, :2]).T).max())
    if agreement < _LEAST_LIKENESS or moved > _FARTHEST * max(size):
        return infrared, 0.0
    full = matrix.astype(np.float64)
    full[0] *= width / size[0]
    full[1] *= height / size[1]
    full[:, 0] *= size[0] / width
    full[:, 1] *= size[1] / height
    laid = cv2.warpAffine(
        infrared, full, (width, height), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(laid, np.float32), moved / factor


def _edges(plane: Floats) -> Floats:
    """The size of the gradient, the strongest held back."""
    soft = cv2.GaussianBlur(plane, (0, 0), 1.0)
    size = cv2.magnitude(cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1))
    return np.asarray(np.sqrt(np.minimum(size, np.quantile(size, 0.999))), np.float32)
