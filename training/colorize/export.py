"""Write the trained colorizer as ONNX: ``python -m training.colorize.export``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from training import exported
from training.colorize.network import Colorizer, Shipped
from training.colorize.train import RUNS

TEMPERATURE = 0.5
"""Below 1 the mean leans towards the likeliest colour: livelier, and still near grey where nothing is likely."""


def main() -> None:
    """Export the averaged network and compare it with torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=RUNS / "colorize")
    parser.add_argument("--temperature", type=float, default=TEMPERATURE)
    parser.add_argument("--out", type=Path, default=exported.WEIGHTS)
    options = parser.parse_args()
    network = Shipped(exported.averaged(Colorizer(), options.run), options.temperature).eval()
    example = {"lightness": torch.rand(1, 1, 96, 128), "hints": torch.zeros(1, 3, 96, 128)}
    exported.write(network, example, ["chroma"], options.out / "colorize.onnx", tolerance=0.5, half=True)


if __name__ == "__main__":
    main()
