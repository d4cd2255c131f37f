"""What the detector finds: ``python -m benchmarks.damage``.

Wounds are drawn on photos that no network was trained on; F1 counts a pixel as right within 2 pixels of the truth.
Then the clean photos: the share of each that is taken for damage.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.session import Session
from daguerre.models.store import EMBEDDED
from daguerre.restore import damage
from daguerre.restore.progress import Track
from training.damage.synthesis import KINDS, age, grain, wound
from training.pictures import data_root

Mask = npt.NDArray[np.bool_]
TOLERANCE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))


def f1(found: Mask, truth: Mask) -> float:
    """F1 with 2 pixels of tolerance."""
    near_truth = cv2.dilate(truth.astype(np.uint8), TOLERANCE) > 0
    near_found = cv2.dilate(found.astype(np.uint8), TOLERANCE) > 0
    precision = float((found & near_truth).sum()) / max(1, int(found.sum()))
    recall = float((truth & near_found).sum()) / max(1, int(truth.sum()))
    return 2 * precision * recall / max(1e-9, precision + recall)


def photos(root: Path, side: int = 512) -> list[npt.NDArray[np.uint8]]:
    """Clean photos as squares."""
    names = [*sorted((root / "eval/cid22_val").iterdir()), *sorted((root / "eval/faces_hq").iterdir())]
    squares = []
    for name in names:
        picture = cv2.imread(str(name))[..., ::-1]
        least = min(picture.shape[:2])
        picture = cv2.resize(picture[:least, :least], (side, side), interpolation=cv2.INTER_AREA)
        squares.append(np.ascontiguousarray(picture))
    return squares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, default=EMBEDDED / "damage.onnx")
    parser.add_argument("--sensitivity", type=float, nargs="*", default=[50.0])
    options = parser.parse_args()
    network = Session(options.network)
    squares = photos(data_root())

    def look(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return damage.find(picture, network, sensitivity=50, track=Track())

    cases: list[tuple[str, npt.NDArray[np.uint8], Mask]] = []
    for index, square in enumerate(squares):
        for kind_index, kind in enumerate(KINDS):
            if (index + kind_index) % 3:
                continue
            rng = np.random.default_rng((7, index, kind_index))
            image, truth = wound(grain(age(square, rng), rng), kind, rng)
            if truth.mean() > 0.1:
                cases.append((kind, look(np.round(image * 255).astype(np.uint8)), truth > 0))
    clean = []
    for index, square in enumerate(squares):
        rng = np.random.default_rng((11, index))
        clean.append(look(np.round(grain(age(square, rng), rng) * 255).astype(np.uint8)))
        clean.append(look(square))
    for sensitivity in options.sensitivity:
        by_kind: dict[str, list[float]] = {}
        for kind, probability, truth in cases:
            by_kind.setdefault(kind, []).append(f1(damage.mask_of(probability, sensitivity), truth))
        every = [value for values in by_kind.values() for value in values]
        shares = [float(damage.mask_of(probability, sensitivity).mean()) * 100 for probability in clean]
        print(f"sensitivity {sensitivity:.0f}: F1 {np.mean(every):.3f} over {len(every)} photos")
        print("  " + "  ".join(f"{kind} {np.mean(values):.2f}" for kind, values in by_kind.items()))
        print(
            f"  clean and aged: mean {np.mean(shares):.3f} % taken for damage, median {np.median(shares):.3f} %, "
            f"not one pixel in {np.mean(np.array(shares) == 0):.0%}"
        )


if __name__ == "__main__":
    main()
