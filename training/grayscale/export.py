"""Write the trained judge as ONNX: ``python -m training.grayscale.export``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.grayscale.network import Judge

TOLERANCE = 0.1
"""The largest difference from torch, in logits, that float16 weights may make."""


def main() -> None:
    """Export the averaged network and compare it with torch."""
    options = arguments.export_parser(__doc__, "grayscale_judge").parse_args()
    network = exported.averaged(Judge(), options.run)
    planes = {"planes": torch.rand(1, 5, 128, 128) * 2 - 1}
    exported.write(network, planes, ["logit"], options.out / "monochrome.onnx", tolerance=TOLERANCE, half=True)


if __name__ == "__main__":
    main()
