"""Photos of any size for measuring time and memory, from the sample of the project."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

SAMPLE = Path(__file__).parents[1] / "samples" / "old_photo.jpg"

Bytes = npt.NDArray[np.uint8]


def damaged(height: int, width: int, sigma: float = 12.0, seed: int = 5) -> Bytes:
    """The sample enlarged to ``[height, width, 3]`` BGR, in color, with noise of its own and fresh scratches.

    Noise is drawn in bands, so that a very large photo needs little more memory than its own.
    """
    random = np.random.default_rng(seed)
    photo = np.asarray(cv2.resize(_sample(), (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    for _ in range(max(6, width // 250)):
        start = random.uniform(0, 1, 2) * (width, height)
        line = start + np.cumsum(random.normal(0, 3, (80, 2)) + random.normal(0, 12, 2), 0)
        thickness = int(random.integers(2, 9))
        cv2.polylines(photo, [np.rint(line).astype(np.int32)], False, (238, 240, 240), thickness, cv2.LINE_AA)
    for top in range(0, height, 256):
        band = photo[top : top + 256]
        noise = random.standard_normal(band.shape, np.float32)
        photo[top : top + 256] = np.clip(np.rint(band + sigma * noise), 0, 255).astype(np.uint8)
    return photo


def clean(height: int, width: int) -> Bytes:
    """The same picture, smoothed: no noise and hardly any damage."""
    picture = cv2.medianBlur(_sample(), 7)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def store(photo: Bytes, path: Path, quality: int = 92) -> Path:
    """Write a JPEG."""
    if not cv2.imwrite(str(path), photo, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise SystemExit(f"{path} could not be written.")
    return path


def _sample() -> Bytes:
    picture = cv2.imread(str(SAMPLE), cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{SAMPLE} cannot be read.")
    return np.asarray(picture, np.uint8)
