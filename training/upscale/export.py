"""Write the trained networks as ONNX: ``python -m training.upscale.export enlarge|face``."""

from __future__ import annotations

import torch

from training import arguments, exported
from training.faces.enhance.network import Enhancer
from training.upscale.network import FACTORS, Enlarger


def main() -> None:
    """Export the averaged network and compare it with torch."""
    parser = arguments.export_parser(__doc__, "upscale")
    parser.add_argument("mode", choices=["enlarge", "face"])
    options = parser.parse_args()
    image = {"image": torch.rand(1, 3, 96, 128)}
    if options.mode == "face":
        network, outputs, name = exported.averaged(Enhancer(), options.run / "face"), ["residual"], "face_restoration"
    else:
        network, outputs = exported.averaged(Enlarger(), options.run / "enlarge"), [f"x{factor}" for factor in FACTORS]
        name = "upscale"
    exported.write(network, image, outputs, options.out / f"{name}.onnx", tolerance=2e-3, half=True)


if __name__ == "__main__":
    main()
