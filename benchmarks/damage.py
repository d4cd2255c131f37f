"""What the detector finds, and what detection and fill make of a wounded photo: ``python -m benchmarks.damage``.

Wounds are drawn on photos that no network was trained on, in ways and with a seed of their own; a pixel counts as
right within 2 pixels of the truth. Then the clean photos, as they are and aged: the share that is taken for damage.
Prints Markdown. Finds the photos by ``DAGUERRE_PICTURES``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from daguerre.models.adapters import DAMAGE, INPAINT
from daguerre.models.catalog.embedded import WEIGHTS
from daguerre.pipeline import damage, inpaint
from daguerre.progress import Track
from training.candidate import load_candidate
from training.damage import wounds
from training.damage.synthesis import KINDS, age, grain, visible, wound
from training.pictures import require_pictures

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

TOLERANCE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
SETS = ("cid22_val", "faces_hq", "bench_CBSD68")
SEED = 20_001
_EACH = 6
"""Covers of each kind that are drawn for this benchmark alone."""


@dataclass(frozen=True, slots=True)
class Case:
    """A photo ``[H, W, 3]``, the same with wounds, and where they are."""

    kind: str
    before: Bytes
    after: Bytes
    truth: Mask


def f1(found: Mask, truth: Mask) -> float:
    """F1 with 2 pixels of tolerance."""
    near_truth = cv2.dilate(truth.astype(np.uint8), TOLERANCE) > 0
    near_found = cv2.dilate(found.astype(np.uint8), TOLERANCE) > 0
    precision = float((found & near_truth).sum()) / max(1, int(found.sum()))
    recall = float((truth & near_found).sum()) / max(1, int(truth.sum()))
    return 2 * precision * recall / max(1e-9, precision + recall)


def psnr(first: Bytes, second: Bytes) -> float:
    """Peak signal-to-noise ratio over the whole photo, dB; at most 60."""
    error = float(np.mean((first.astype(np.float64) - second) ** 2))
    return min(60.0, float(10 * np.log10(255**2 / max(error, 1e-9))))


def squares(each: int, side: int = 512) -> list[Bytes]:
    """``each`` clean photos of every set as squares of at most ``side`` pixels."""
    pictures = []
    for name in SETS:
        for path in sorted((require_pictures() / "eval" / name).iterdir())[:each]:
            picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if picture is None:
                continue
            least = min(picture.shape[:2])
            size = min(side, least)
            square = cv2.resize(picture[:least, :least, ::-1], (size, size), interpolation=cv2.INTER_AREA)
            pictures.append(np.ascontiguousarray(square))
    return pictures


def stored(image: npt.NDArray[np.float32]) -> Bytes:
    """As an 8-bit file holds it."""
    return np.round(image * 255).clip(0, 255).astype(np.uint8)


def cases(pictures: list[Bytes]) -> Iterator[Case]:
    """Each photo with one kind of wound, and each with three kinds at once."""
    kinds = list(KINDS)
    bank = {
        kind: np.stack([wounds.draw(kind, np.random.default_rng((SEED, index, k))) for k in range(_EACH)])
        for index, kind in enumerate(kinds)
    }
    for index, picture in enumerate(pictures):
        rng = np.random.default_rng((SEED, index))
        for mixed in (False, True):
            while True:
                clean, sigma = grain(age(picture, rng), rng)
                chosen = [str(kind) for kind in rng.choice(kinds, 3)] if mixed else [kinds[index % len(kinds)]]
                image, cover = clean, np.zeros(clean.shape[:2], np.float32)
                for kind in chosen:
                    image, alpha = wound(image, kind, bank, rng)
                    cover = np.maximum(cover, alpha)
                truth, _ = visible(clean, image, cover, sigma)
                if truth.mean() > 0.001:
                    break
            yield Case("three kinds" if mixed else chosen[0], stored(clean), stored(image), truth > 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--each", type=int, default=14, help="photos of each set")
    parser.add_argument("--sensitivity", type=float, nargs="*", default=[50.0])
    options = parser.parse_args()
    detector = load_candidate(DAMAGE, options.weights / "damage.onnx")
    inpainter = load_candidate(INPAINT, options.weights / "inpaint.onnx")
    pictures = squares(options.each)

    def look(picture: Bytes) -> Bytes:
        return detector.find(picture, 50, Track())

    wounded = [(case, look(case.after)) for case in cases(pictures)]
    aged = []
    for index, picture in enumerate(pictures):
        rng = np.random.default_rng((SEED, index, 7))
        aged.append(look(stored(grain(age(picture, rng), rng)[0])))
    plain = [look(picture) for picture in pictures]
    heads = ("sensitivity", "F1, one kind", "F1, three kinds", "damaged", "repaired", "clean, aged", "clean, untouched")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    by_kind: dict[str, list[float]] = {}
    for sensitivity in options.sensitivity:
        single, triple, before, repaired = [], [], [], []
        for case, probability in wounded:
            mask = damage.to_mask(probability, sensitivity, detector.rule)
            score = f1(mask, case.truth)
            (triple if case.kind == "three kinds" else single).append(score)
            if sensitivity == options.sensitivity[0]:
                by_kind.setdefault(case.kind, []).append(score)
                before.append(psnr(case.after, case.before))
                repaired.append(psnr(inpaint.fill(case.after, mask, inpainter, track=Track()), case.before))
        shares = [100 * float(damage.to_mask(probability, sensitivity, detector.rule).mean()) for probability in aged]
        clean = np.mean([not damage.to_mask(probability, sensitivity, detector.rule).any() for probability in plain])
        decibel = f"{np.mean(before):.1f} dB | {np.mean(repaired):.1f} dB" if before else " | "
        print(
            f"| {sensitivity:g} | {np.mean(single):.3f} | {np.mean(triple):.3f} | {decibel} "
            f"| mean {np.mean(shares):.3f} %, median {np.median(shares):.3f} % | {clean:.0%} |"
        )
    print("\n| kind | F1 |\n|---|---|")
    for kind, values in sorted(by_kind.items()):
        print(f"| {kind} | {np.mean(values):.2f} |")


if __name__ == "__main__":
    main()
