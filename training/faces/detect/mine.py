"""Find the pictures without faces in which the detector sees one: ``python -m training.faces.detect.mine``."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from training import RUNS, exported
from training.faces.detect.canvases import Canvases
from training.faces.detect.network import MULTIPLE, Detector

_SIDES = (160, 320, 640)


def main() -> None:
    """Write each picture's highest score to ``runs/faces/hard.npz``, which the canvases read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "detect")
    network = exported.averaged(Detector(), parser.parse_args().run)
    torch.set_num_threads(1)
    canvases = Canvases(0, RUNS)
    scores = []
    for index in canvases.plain:
        gray = cv2.cvtColor(np.ascontiguousarray(canvases.pack[int(index)]), cv2.COLOR_RGB2GRAY)
        best = 0.0
        for side in _SIDES:
            scale = side / max(gray.shape)
            height, width = (max(1, round(length * scale / MULTIPLE)) * MULTIPLE for length in gray.shape)
            image = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                maps = network(torch.from_numpy(image)[None, None])
            best = max(best, *(float(torch.sigmoid(level[0, 0].float()).max()) for level in maps))
        scores.append(best)
    np.savez(RUNS / "faces" / "hard.npz", pictures=canvases.plain, scores=np.array(scores))
    print(f"{len(scores)} pictures, {sum(score > 0.5 for score in scores)} with a face that is none")


if __name__ == "__main__":
    main()
