"""Write the trained inpainter as ONNX: ``python -m training.inpaint.export``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.inpaint.network import Inpainter

TOLERANCE = 2e-4
"""The largest difference from torch that a runtime in float32 may show, of 1."""


def main() -> None:
    """Export the averaged network and compare it with torch."""
    options = arguments.export_parser(__doc__, "inpaint").parse_args()
    network = exported.averaged(Inpainter(), options.run)
    example = {"image": torch.rand(1, 3, 64, 96), "mask": (torch.rand(1, 1, 64, 96) > 0.7).float()}
    exported.write(network, example, ["residual"], options.out / "inpaint.onnx", tolerance=TOLERANCE)


if __name__ == "__main__":
    main()
