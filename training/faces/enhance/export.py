"""Write the trained face enhancer as ONNX: ``python -m training.faces.enhance.export``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.faces.enhance.network import Enhancer


def main() -> None:
    """Export the averaged network and compare it with torch."""
    options = arguments.export_parser(__doc__, "enhance").parse_args()
    network = exported.averaged(Enhancer(), options.run)
    path = options.out / "face_restoration.onnx"
    exported.write(network, {"image": torch.rand(1, 3, 96, 128)}, ["residual"], path, tolerance=2e-3, half=True)


if __name__ == "__main__":
    main()
