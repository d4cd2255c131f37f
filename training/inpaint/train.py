"""Train the network of the fill: ``python -m training.inpaint.train``."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.data import DataLoader

from training import RUNS, arguments, pictures
from training.inpaint import masks, perceptual
from training.inpaint.crops import Crops
from training.inpaint.network import Inpainter
from training.loop import Plan, train

Three = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
FLOOR = (1 / 255) ** 2
"""Squared error below which a crop counts as right."""


def holes(count: int = 3000, size: int = 256) -> np.ndarray:
    """The masks, drawn once and kept in ``runs/inpaint``."""
    path = RUNS / "inpaint" / "masks.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, masks.collect(pictures.require_pictures() / "train" / "damage_masks", count, size, seed=1))
    return np.load(path, mmap_mode="r")


def psnr(filled: torch.Tensor, mask: torch.Tensor, truth: torch.Tensor) -> float:
    """Mean over the pictures of the PSNR in the hole, dB."""
    error = ((filled.clamp(0, 1) - truth).square() * mask).sum((1, 2, 3)) / (3 * mask.sum((1, 2, 3)))
    return float((-10 * error.clamp_min(1e-9).log10()).mean())


def objective(weight: float) -> Callable[[torch.nn.Module, Three], tuple[torch.Tensor, dict[str, float]]]:
    """The logarithm of each crop's squared error in the hole, so that easy holes count as much as hard ones.

    With ``weight``, a perceptual distance of every third batch is added.
    """
    judge = perceptual.load() if weight else None
    step = 0

    def loss(network: torch.nn.Module, batch: Three) -> tuple[torch.Tensor, dict[str, float]]:
        nonlocal step
        step += 1
        filled, mask, truth = batch
        error = (network(filled, mask).float() + filled - truth) * mask
        value = (error.square().sum((1, 2, 3)) / (3 * mask.sum((1, 2, 3))) + FLOOR).log().mean()
        figures = {"psnr": psnr(truth + error.detach(), mask, truth), "plate": psnr(filled, mask, truth)}
        if judge is not None and step % 3 == 0:
            seen = judge(truth + error, truth).mean()
            value = value + weight * seen
            figures["perceptual"] = 3 * float(seen.detach())
        return value, figures

    return loss


def main() -> None:
    parser = arguments.parser(__doc__, "inpaint", minutes=95, rate=1.5e-3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--perceptual", type=float, default=0.0)
    options = parser.parse_args()
    arguments.begin(options)
    pack, drawn = pictures.load(), holes()
    held = Crops(pack, drawn, seed=10_000)
    batches = iter(held)
    judged = [next(batches) for _ in range(6)]

    def judge(network: torch.nn.Module) -> dict[str, float]:
        with torch.no_grad(), torch.autocast(judged[0][0].device.type, torch.bfloat16):
            own = [psnr(f + network(f, m).float(), m, t) for f, m, t in judged]
        return {"held psnr": float(np.mean(own)), "plate": float(np.mean([psnr(*three) for three in judged]))}

    crops = Crops(pack, drawn, seed=options.seed + int(time.time()) % 10_000)
    loader = DataLoader(crops, batch_size=None, num_workers=options.workers, prefetch_factor=4)
    plan = Plan(minutes=options.minutes, rate=options.rate, warmup=100, seed=options.seed, checkpoint_s=150)
    network = Inpainter()
    arguments.take_up(network, options)
    train(network, iter(loader), objective(options.perceptual), plan, options.run, judge=judge)


if __name__ == "__main__":
    main()
