"""Which training pictures a detector takes for damaged: ``python -m training.damage.mine --weights FOLDER``.

They are clean, so what it finds there is wrong; the training that follows draws the worst of them more often.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from daguerre.models.adapters import DAMAGE
from daguerre.progress import Track
from training.candidate import load_candidate
from training.damage.train import HARD
from training.pictures import load

SIDE = 320
"""Pixels of a side of the squares that are looked at."""


def main() -> None:
    """Write, for each picture of the pack, the mean probability of damage that the detector sees in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True, help="folder of damage.onnx")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    detector, pack = load_candidate(DAMAGE, options.weights / "damage.onnx", options.threads), load()
    scores = np.zeros(len(pack), np.float32)
    for index in range(len(pack)):
        # One shape for all: a new one costs the runtime more than a look does.
        square = cv2.resize(np.ascontiguousarray(pack[index]), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        found = detector.find(square, 50, Track())
        scores[index] = found[found > 60].sum(dtype=np.float64) / 255 / found.size
    HARD.parent.mkdir(parents=True, exist_ok=True)
    np.save(HARD, scores)
    print(f"mean {scores.mean():.5f}, worst tenth {np.quantile(scores, 0.9):.5f}")


if __name__ == "__main__":
    main()
