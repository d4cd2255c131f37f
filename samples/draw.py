"""``python -m samples.draw``: makes the sample, ``old_photo.jpg``, from a photograph in the public domain.

The photograph is NASA's portrait of the astronaut Eileen Collins, as scikit-image carries it. It is faded, grained,
scratched, creased and dusted here from a fixed seed, with the noise of a scanner on top, and stored as a scan would be.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

SAMPLE = Path(__file__).parent / "old_photo.jpg"
SIDE = 768

Plane = npt.NDArray[np.float32]


def draw(seed: int = 7) -> npt.NDArray[np.uint8]:
    """The sample, ``[768, 768, 3]`` BGR."""
    random = np.random.default_rng(seed)
    picture = cv2.resize(skimage.data.astronaut(), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    aged: Plane = 0.14 + 0.72 * gray
    grain = cv2.GaussianBlur(random.standard_normal(aged.shape).astype(np.float32), (0, 0), 0.7)
    aged = aged + 0.02 * grain / float(grain.std())
    aged = aged + 0.025 * random.standard_normal(aged.shape).astype(np.float32)
    damage = _damage(random)
    aged = aged * (1 - damage) + (0.93 + 0.03 * random.standard_normal(aged.shape).astype(np.float32)) * damage
    sepia = np.array([0.82, 0.93, 1.0], np.float32)
    return np.asarray(np.clip(np.rint(aged[..., None] * sepia * 255), 0, 255), np.uint8)


def _damage(random: np.random.Generator) -> Plane:
    """Opacity 0-1 of white damage: scratches, a crease and dust."""
    layer = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(9):
        start = random.uniform(0, SIDE, 2)
        steps = random.normal(0, 1.5, (60, 2)) + random.normal(0, 7, 2)
        points = np.rint(start + np.cumsum(steps, 0)).astype(np.int32)
        cv2.polylines(layer, [points], False, int(random.integers(170, 255)), int(random.integers(1, 4)), cv2.LINE_AA)
    x = np.arange(0, SIDE, 8)
    crease = np.stack([x, 250 + 0.12 * x + np.cumsum(random.normal(0, 1.2, x.size))], 1)
    cv2.polylines(layer, [np.rint(crease).astype(np.int32)], False, 255, 4, cv2.LINE_AA)
    for _ in range(90):
        center = (int(random.integers(SIDE)), int(random.integers(SIDE)))
        axes = (int(random.integers(1, 4)), int(random.integers(1, 4)))
        cv2.ellipse(layer, center, axes, float(random.integers(180)), 0, 360, 240, -1, cv2.LINE_AA)
    return np.asarray(layer / 255, np.float32)


def main() -> None:
    """Write the sample."""
    if not cv2.imwrite(str(SAMPLE), draw(), [cv2.IMWRITE_JPEG_QUALITY, 88]):
        raise SystemExit(f"{SAMPLE} could not be written.")
    print(f"{SAMPLE}: {SAMPLE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
