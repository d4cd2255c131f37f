"""Write the trained face detector as ONNX: ``python -m training.faces.detect.export``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training import exported
from training.faces.detect.network import STRIDES, Detector
from training.faces.detect.train import RUNS


def main() -> None:
    """Export the averaged network and compare it with torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "detect")
    parser.add_argument("--out", type=Path, default=exported.WEIGHTS)
    options = parser.parse_args()
    network = exported.averaged(Detector(), options.run)
    outputs = [f"stride_{stride}" for stride in STRIDES]
    path = options.out / "face_detection.onnx"
    exported.write(network, {"lightness": torch.rand(1, 1, 96, 128)}, outputs, path, tolerance=5e-2, half=True)


if __name__ == "__main__":
    main()
