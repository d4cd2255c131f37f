"""Train the semantic colorizer: ``python -m training.colorize.learn --minutes 240``."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch
from torch import nn

from training import loop
from training.colorize import samples
from training.colorize.network import COLOURS, chroma
from training.colorize.semantic import fresh
from training.colorize.train import Judge, soft, weights
from training.colorize.zoo import Batch, Zoo

RUNS = Path(__file__).parents[2] / "runs"
_TEMPERATURE = 0.6
_EVEN = 0.35
"""How much it counts that chroma changes where the true one changes, and nowhere else: one wall has one color."""
_OFF = 0.02


class Loss:
    """Cross entropy over the palette with rare colors counted up, the mean's distance, and the distance of
    gradients.
    """

    def __init__(self, palette: torch.Tensor) -> None:
        self.palette = palette
        self.seen = torch.ones(len(palette))

    def __call__(self, network: nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
        true = batch.chroma.float()
        with torch.no_grad():
            wanted = soft(true, self.palette)
            self.seen = 0.99 * self.seen + 0.01 * wanted.sum((0, 2, 3)) / wanted.sum() * len(self.palette)
            counts = weights(self.seen / self.seen.sum())[wanted.argmax(1)]
        light, hints = (
            part.float().contiguous(memory_format=torch.channels_last) for part in (batch.lightness, batch.hints)
        )
        logits, _ = network(light, hints)
        logits = logits.float()
        entropy = -((wanted * torch.log_softmax(logits, 1)).sum(1) * counts).mean()
        ab = chroma(logits, self.palette, _TEMPERATURE)
        off = ((ab - true).square().sum(1) + 4).sqrt().mean()
        uneven = torch.zeros(())
        for step in (1, 4):
            for axis in (2, 3):
                made, had = (
                    part.narrow(axis, step, part.shape[axis] - step) - part.narrow(axis, 0, part.shape[axis] - step)
                    for part in (ab, true)
                )
                uneven = uneven + (made - had).abs().mean() / 4
        grey = true.norm(dim=1).mean()
        value = entropy + _OFF * off + _EVEN * 0.1 * uneven
        return value, {
            "entropy": float(entropy.detach()),
            "off": float(off.detach()),
            "grey": float(grey),
            "uneven": float(uneven.detach()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=240)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--run", type=Path, default=RUNS / "colorize_semantic")
    choice = parser.parse_args()
    torch.set_num_threads(choice.threads)
    cv2.setNumThreads(1)
    palette = torch.from_numpy(samples.palette(COLOURS))
    network = fresh(palette)
    if choice.start:
        network.load_state_dict(torch.load(choice.start, map_location="cpu")["average"])
    loader = torch.utils.data.DataLoader(
        Zoo(choice.seed, choice.batch), batch_size=None, num_workers=1, prefetch_factor=8
    )
    plan = loop.Plan(
        choice.minutes,
        rate=choice.rate,
        decay=0.01,
        warmup=200,
        ema=0.999,
        checkpoint_s=300,
        report_s=60,
        seed=choice.seed,
    )
    loop.train(network, iter(loader), Loss(network.palette), plan, choice.run, judge=Judge(256))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
