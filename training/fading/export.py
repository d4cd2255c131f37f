"""Write the trained network as ONNX: ``python -m training.fading.export``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.fading.network import SIDE, FadingEstimator
from training.fading.train import quantiles

TOLERANCE = 2e-3


def main() -> None:
    """Export and compare with torch."""
    options = arguments.export_parser(__doc__, "fading").parse_args()
    network = exported.averaged(FadingEstimator(), options.run)
    dense = torch.rand(1, 3, SIDE, SIDE) * 2
    example = {"density": dense, "quantiles": quantiles(dense)}
    exported.write(
        network, example, ["globals", "field"], options.out / "fading.onnx", tolerance=TOLERANCE, half=True, free=False
    )


if __name__ == "__main__":
    main()
