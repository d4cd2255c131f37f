"""Write the trained colorizer as ONNX: ``python -m training.colorize.export``."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from training import arguments, exported, pictures
from training.colorize import samples
from training.colorize.network import Colorizer, Shipped
from training.colorize.train import soft, weights


def rarity(network: Colorizer, count: int = 300) -> torch.Tensor:
    """``[COLOURS]``: how much more each color counts in the loss than its share of the training pictures."""
    pack = pictures.load()
    chosen = np.random.default_rng(0).choice(samples.indices(pack, held_out=False), count)
    small = [cv2.resize(np.ascontiguousarray(pack[int(k)]), (40, 40), interpolation=cv2.INTER_AREA) for k in chosen]
    chroma = torch.from_numpy(np.stack([samples.lab(one)[..., 1:] for one in small]).transpose(0, 3, 1, 2).copy())
    odds = soft(chroma, network.palette).mean((0, 2, 3))  # type: ignore[arg-type]
    return weights(odds / odds.sum())


def main() -> None:
    """Export the averaged network and compare it with torch."""
    options = arguments.export_parser(__doc__, "colorize").parse_args()
    colorizer = Colorizer()
    exported.averaged(colorizer, options.run)
    network = Shipped(colorizer, rarity(colorizer)).eval()
    example = {"lightness": torch.rand(1, 1, 96, 128), "hints": torch.zeros(1, 3, 96, 128)}
    exported.write(network, example, ["chroma"], options.out / "colorize.onnx", tolerance=0.5, half=True, quarter=True)


if __name__ == "__main__":
    main()
