"""Write the trained networks as ONNX: ``python -m training.denoise.export``."""

from __future__ import annotations

from pathlib import Path

import torch

from training import arguments, exported
from training.denoise.network import Pair

TOLERANCE = 2e-4
"""The largest difference from torch that a runtime in float32 may show, of 1 or of ``log(1 + sigma_255)``."""


def load(run: Path) -> Pair:
    """The averaged networks of a checkpoint."""
    pair = Pair()
    exported.averaged(pair, run)
    return pair


def main() -> None:
    """Export both networks and compare them with torch."""
    options = arguments.export_parser(__doc__, "denoise").parse_args()
    pair = load(options.run)
    options.out.mkdir(parents=True, exist_ok=True)
    image, sigma = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
    for name, network, example, output in (
        ("denoise", pair.denoiser, {"image": image, "sigma": sigma}, "residual"),
        ("noise", pair.estimator, {"image": image}, "level"),
    ):
        exported.write(network, example, [output], options.out / f"{name}.onnx", tolerance=TOLERANCE)


if __name__ == "__main__":
    main()
