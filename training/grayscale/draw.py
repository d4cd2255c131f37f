"""Draw samples once: ``python -m training.grayscale.draw --count 12000``; they are kept in ``runs/grayscale``."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from daguerre.pipeline import monochrome
from training.grayscale.samples import Samples

FOLDER = Path(__file__).parents[2] / "runs" / "grayscale"
INPUT = 128
_SHARD = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first shard")
    parser.add_argument("--judge", type=int, default=1_500)
    choice = parser.parse_args()
    cv2.setNumThreads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for part, count in (("judge", choice.judge), ("train", choice.count)):
        for shard in range(choice.first, choice.first + -(-count // _SHARD)):
            file = FOLDER / f"{part}{shard:03d}.npz"
            if file.exists():
                continue
            samples = Samples((1 if part == "train" else 2) * 1000 + shard, part)
            inputs, answers = [], []
            for _ in range(_SHARD):
                image, answer = samples.sample()
                inputs.append(monochrome.network_input(np.rint(image * 255).astype(np.uint8)).astype(np.float16))
                answers.append(answer)
            np.savez(file.with_suffix(".part.npz"), inputs=np.stack(inputs), answers=np.array(answers, np.float32))
            file.with_suffix(".part.npz").rename(file)
            print(file.name, flush=True)


if __name__ == "__main__":
    main()
