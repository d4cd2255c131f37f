"""Write the trained detector as ONNX: ``python -m training.damage.export``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.damage.network import CONTEXT, Detector, Published

TOLERANCE = 2e-4
"""The largest difference from torch that a runtime in float32 may show, of 1."""


def main() -> None:
    """Export the averaged network and compare it with torch."""
    options = arguments.export_parser(__doc__, "damage").parse_args()
    detector = Detector()
    exported.averaged(detector, options.run)
    network = Published(detector).eval()
    example = {
        "image": torch.rand(1, 3, 64, 96),
        "coarse": torch.rand(1, 1, 64, 96),
        "context": torch.rand(1, CONTEXT, 8, 12),
    }
    exported.write(network, example, ["probability", "told"], options.out / "damage.onnx", tolerance=TOLERANCE)


if __name__ == "__main__":
    main()
