"""JPEG to JPEG with the defaults, beside OpenCV's non-local means: ``python -m benchmarks.speed``. Prints Markdown.

Both run in one process, on two threads. Non-local means takes the L, a and b planes in turn, decoding and encoding
excluded: Daguerre's time includes them. The networks are loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2

from benchmarks.scenes import SAMPLE, clean, damaged, store
from daguerre import Restorer
from daguerre.config import Config

THREADS = 2


def non_local_means_s(path: Path) -> float:
    """Seconds that ``cv2.fastNlMeansDenoising`` takes on L, a and b."""
    cv2.setNumThreads(THREADS)
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photo is None:
        raise SystemExit(f"{path} cannot be read.")
    planes = cv2.split(cv2.cvtColor(photo, cv2.COLOR_BGR2LAB))
    started = time.perf_counter()
    for plane in planes:
        cv2.fastNlMeansDenoising(plane, None, 10, 7, 21)
    return time.perf_counter() - started


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, default=12)
    megapixels = parser.parse_args().megapixels
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    restorer = Restorer(config=Config(threads=THREADS))
    restorer.restore(SAMPLE).encode()
    print("| photo | Daguerre | non-local means | ratio | steps that changed it |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, draw in (("noisy, damaged", damaged), ("clean", clean)):
            path = store(draw(height, width), Path(folder) / "photo.jpg")
            started = time.perf_counter()
            result = restorer.restore(path)
            result.save(Path(folder) / "restored.jpg")
            ours = time.perf_counter() - started
            theirs = non_local_means_s(path)
            steps = ", ".join(result.steps) or "none"
            print(f"| {name}, {megapixels:g} MP | {ours:.1f} s | {theirs:.1f} s | {ours / theirs:.2f} | {steps} |")


if __name__ == "__main__":
    main()
