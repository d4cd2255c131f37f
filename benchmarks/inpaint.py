"""Filling with the true mask, beside OpenCV's: PSNR in the hole, perceptual distance, time.

``python -m benchmarks.inpaint`` prints a markdown table over clean photos on which damage of eight kinds is drawn
(the masks of ``training.inpaint.masks``, seeded; none of the photos was trained on). Finds the photos by
``DAGUERRE_PICTURES``. The perceptual distance is that of SqueezeNet features with the LPIPS heads, not calibrated;
lower is closer.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from daguerre.models.adapters import INPAINT
from daguerre.pipeline import inpaint
from daguerre.pipeline.inpaint.thin_plate import thin_plate_spline
from daguerre.progress import Track
from training import pictures
from training.candidate import load_candidate
from training.inpaint import masks, perceptual

Picture = npt.NDArray[np.uint8]
Hole = npt.NDArray[np.bool_]
Fill = Callable[[Picture, Hole], Picture]

SETS = ("cid22_val", "faces_hq", "bench_CBSD68")
WEIGHTS = Path(__file__).parents[1] / "src" / "daguerre" / "models" / "weights" / "inpaint.onnx"


def photos(each: int) -> Iterator[Picture]:
    """The first ``each`` photos of every set, at most 512 px a side."""
    for name in SETS:
        for path in sorted(p for p in (pictures.require_pictures() / "eval" / name).rglob("*") if p.is_file())[:each]:
            try:
                with Image.open(path) as image:
                    picture = np.asarray(image.convert("RGB"))
            except OSError:
                continue
            yield np.ascontiguousarray(picture[:512, :512])


def wounded(picture: Picture, kind: str, seed: int) -> tuple[Picture, Hole]:
    """The photo with one color where damage of ``kind`` lies, and the mask."""
    rng = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    hole = masks.draw(kind, rng, max(height, width))[:height, :width] > 0
    while not 50 < hole.sum() < 0.4 * hole.size:
        hole = masks.draw(kind, rng, max(height, width))[:height, :width] > 0
    damaged = picture.copy()
    damaged[hole] = rng.integers(0, 60) if rng.random() < 0.4 else rng.integers(190, 256, 3)
    return damaged, hole


def spline(picture: npt.NDArray[np.uint8], hole: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    filled = thin_plate_spline(picture.astype(np.float32), hole)
    return np.clip(np.rint(filled), 0, 255).astype(np.uint8)


def methods(weights: Path) -> dict[str, Fill]:
    inpainter = load_candidate(INPAINT, weights, threads=2)
    return {
        "damaged": lambda picture, hole: picture,
        "Telea": lambda picture, hole: cv2.inpaint(picture, hole.view(np.uint8), 3, cv2.INPAINT_TELEA),
        "Navier-Stokes": lambda picture, hole: cv2.inpaint(picture, hole.view(np.uint8), 3, cv2.INPAINT_NS),
        "thin plate spline alone": spline,
        "Daguerre": lambda picture, hole: inpaint.fill(picture, hole, inpainter, track=Track()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=8, help="photos of each set")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    cv2.setNumThreads(2)
    torch.set_num_threads(2)
    distance = perceptual.load()
    fills = methods(options.weights)
    decibel: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in fills}
    seen: dict[str, list[float]] = defaultdict(list)
    spent: dict[str, float] = defaultdict(float)
    megapixels = 0.0
    for index, picture in enumerate(photos(options.each)):
        for number, kind in enumerate(masks.KINDS):
            damaged, hole = wounded(picture, kind, 1000 * number + index)
            megapixels += hole.size / 1e6
            truth = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
            for name, fill in fills.items():
                begun = time.perf_counter()
                result = fill(damaged, hole)
                spent[name] += time.perf_counter() - begun
                error = np.square(result[hole].astype(np.float64) - picture[hole]).mean()
                decibel[name][kind].append(float(10 * np.log10(255**2 / max(error, 1e-3))))
                with torch.no_grad():
                    mended = torch.from_numpy(result.copy()).permute(2, 0, 1)[None].float() / 255
                    seen[name].append(float(distance(mended, truth)[0]))
    print("PSNR in the hole, dB (mean over photos)\n")
    print("| | " + " | ".join(masks.KINDS) + " | all | perceptual x1000 | s/MP |")
    print("|---" * (len(masks.KINDS) + 4) + "|")
    for name in fills:
        row = [float(np.mean(decibel[name][kind])) for kind in masks.KINDS]
        everything = [value for values in decibel[name].values() for value in values]
        cells = [f"{value:.2f}" for value in (*row, float(np.mean(everything)))]
        cells += [f"{1000 * np.mean(seen[name]):.2f}", f"{spent[name] / megapixels:.3f}"]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
