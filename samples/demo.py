"""``python -m samples.demo``: restores the sample photo into ``demo_output``, with a before/after picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

import daguerre

SAMPLE = Path(__file__).parent / "old_photo.jpg"
OUTPUT = Path(__file__).parents[1] / "demo_output"


def main() -> None:
    """Restore, and say where the result lies."""
    OUTPUT.mkdir(exist_ok=True)
    result = daguerre.restore(SAMPLE)
    restored = result.save(OUTPUT / "old_photo_restored.jpg")
    before = cv2.imread(str(SAMPLE), cv2.IMREAD_COLOR)
    after = cv2.imread(str(restored), cv2.IMREAD_COLOR)
    if before is None or after is None:
        raise SystemExit("The pictures cannot be read again.")
    gap = np.full((before.shape[0], 12, 3), 255, np.uint8)
    pair = OUTPUT / "before_after.jpg"
    if not cv2.imwrite(str(pair), np.hstack([before, gap, after])):
        raise SystemExit(f"{pair} could not be written.")
    print(
        f"Steps: {', '.join(result.steps) or 'none'}; {result.scratch_coverage:g} % damaged; noise {result.noise_sigma}"
    )
    for warning in result.warnings:
        print(f"Note: {warning}")
    print(f"Restored photo:  {restored}")
    print(f"Before and after: {pair}")


if __name__ == "__main__":
    main()
