"""``python -m samples.pictures``: makes the pictures of the README in ``docs/images``.

Photographs in the public domain, as scikit-image carries them, are damaged by the project's own synthesis from fixed
seeds and restored with the defaults. Each picture shows the scan on the left, the restored one on the right.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import skimage.data

import daguerre
from training.damage import synthesis, wounds

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SAMPLE = Path(__file__).parent / "old_photo.jpg"

Picture = npt.NDArray[np.uint8]


def cracked(picture: Picture, kinds: tuple[str, ...], seed: int, tone: tuple[float, float, float]) -> Picture:
    """``picture`` ``[S, S]`` or ``[S, S, 3]`` as an old print with wounds of ``kinds``."""
    rng = np.random.default_rng(seed)
    image = picture.astype(np.float32) / 255
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, 2)
    gray = image.mean(2, keepdims=True)
    image = (0.1 + 0.8 * gray) * np.array(tone, np.float32)
    image = np.clip(image + 0.02 * rng.standard_normal(gray.shape, dtype=np.float32), 0, 1)
    for kind in kinds:
        bank = {kind: np.stack([wounds.draw(kind, rng)])}
        image, _ = synthesis.wound(image, kind, bank, rng)
    return np.asarray(np.rint(image * 255), np.uint8)


def soft(picture: Picture, shrink: float = 2.2) -> Picture:
    """``picture`` ``[S, S, 3]`` as a small copy shows it, enlarged to twice its size."""
    height, width = picture.shape[:2]
    size = (round(width / shrink), round(height / shrink))
    small = cv2.resize(cv2.GaussianBlur(picture, (0, 0), 0.8), size, interpolation=cv2.INTER_AREA)
    small = small + 3 * np.random.default_rng(5).standard_normal(small.shape)
    small = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC), np.uint8)


def beside(before: Picture, after: Picture, name: str) -> None:
    """Write both, side by side."""
    gap = np.full((before.shape[0], 10, 3), 255, np.uint8)
    path = IMAGES / name
    if not cv2.imwrite(str(path), np.hstack([before, gap, after])[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84]):
        raise SystemExit(f"{path} could not be written.")
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def restored(picture: Picture, **settings: object) -> Picture:
    """What the defaults make of it."""
    code = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
    result = daguerre.restore(code, **settings)
    print(result.steps, result.scratch_coverage, result.noise_sigma)
    return np.asarray(result.photo.pixels, np.uint8)


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    sample = np.asarray(daguerre.open(SAMPLE).pixels, np.uint8)
    beside(sample, restored(sample), "portrait.jpg")
    cat = np.asarray(skimage.data.chelsea(), np.uint8)[:300, 60:420]
    square = cv2.resize(cat[:, :300], (600, 600), interpolation=cv2.INTER_CUBIC)
    old = cracked(square, ("cracks", "folds", "hairlines", "dust", "corner"), 40, (1.0, 0.93, 0.8))
    beside(old, restored(old), "cracks.jpg")
    astronaut = np.asarray(skimage.data.astronaut(), np.uint8)
    beside(soft(astronaut[0:300, 80:380]), restored(soft(astronaut[0:300, 80:380]), fidelity=0.3), "face.jpg")
    gray = cracked(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY), (), 8, (1.0, 0.94, 0.82))
    beside(gray[:420, 20:440], restored(gray[:420, 20:440], colorize=True), "color.jpg")
    rng = np.random.default_rng(3)
    noisy = np.clip(np.rint(cat + 22 * rng.standard_normal(cat.shape)), 0, 255).astype(np.uint8)
    beside(noisy, restored(noisy), "noise.jpg")


if __name__ == "__main__":
    main()
