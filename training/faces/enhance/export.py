"""Write the trained face enhancer as ONNX: ``python -m training.faces.enhance.export``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training import exported
from training.faces.enhance.network import Enhancer
from training.faces.enhance.train import RUNS


def main() -> None:
    """Export the averaged network and compare it with torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "enhance")
    parser.add_argument("--out", type=Path, default=exported.WEIGHTS)
    options = parser.parse_args()
    network = exported.averaged(Enhancer(), options.run)
    path = options.out / "face_restoration.onnx"
    exported.write(network, {"image": torch.rand(1, 3, 96, 128)}, ["residual"], path, tolerance=2e-3, half=True)


if __name__ == "__main__":
    main()
