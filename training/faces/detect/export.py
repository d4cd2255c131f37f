"""Write the trained face detector as ONNX: ``python -m training.faces.detect.export``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.faces.detect.network import STRIDES, Detector


def main() -> None:
    """Export the averaged network and compare it with torch."""
    options = arguments.export_parser(__doc__, "detect").parse_args()
    network = exported.averaged(Detector(), options.run)
    outputs = [f"stride_{stride}" for stride in STRIDES]
    path = options.out / "face_detection.onnx"
    exported.write(network, {"lightness": torch.rand(1, 1, 96, 128)}, outputs, path, tolerance=5e-2, half=True)


if __name__ == "__main__":
    main()
