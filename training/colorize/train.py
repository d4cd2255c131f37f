"""Train the colorizer: ``python -m training.colorize.train --minutes 240``."""

from __future__ import annotations

import torch
from torch import nn

from training import arguments, loop
from training.colorize import samples
from training.colorize.judge import Judge
from training.colorize.network import COLORS, chroma, fresh
from training.colorize.zoo import Batch, Zoo

_SOFTNESS = 5.0
"""Chroma by which neighboring colors of the palette share a pixel."""
_REBALANCE = 0.5
_TEMPERATURE = 0.6
_EVEN = 0.35
"""How much it counts that chroma changes where the true one changes, and nowhere else: one wall has one color."""
_OFF = 0.02
"""How much the distance of the mean counts."""


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
        logits = network(light, hints).float()
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
        gray = true.norm(dim=1).mean()
        value = entropy + _OFF * off + _EVEN * 0.1 * uneven
        return value, {
            "entropy": float(entropy.detach()),
            "off": float(off.detach()),
            "gray": float(gray),
            "uneven": float(uneven.detach()),
        }


def weights(odds: torch.Tensor) -> torch.Tensor:
    """How much each color counts, whose share of all pixels is ``odds``; 1 on average."""
    rare = 1 / ((1 - _REBALANCE) * odds + _REBALANCE / len(odds))
    return rare / (rare * odds).sum()


def soft(ab: torch.Tensor, palette: torch.Tensor, near: int = 4) -> torch.Tensor:
    """``[N, 2, H, W]`` to weights over the palette, the nearest colors sharing each pixel."""
    count, _, height, width = ab.shape
    flat = ab.permute(0, 2, 3, 1).reshape(-1, 2)
    distance, which = torch.cdist(flat, palette).topk(near, 1, largest=False)
    share = torch.softmax(-distance.square() / (2 * _SOFTNESS**2), 1)
    shares = torch.zeros(len(flat), len(palette)).scatter_(1, which, share)
    return shares.view(count, height, width, -1).permute(0, 3, 1, 2)


def main() -> None:
    options = arguments.parser(__doc__, "colorize", minutes=240, rate=1e-3, batch=16)
    choice = options.parse_args()
    arguments.begin(choice)
    palette = torch.from_numpy(samples.palette(COLORS))
    network = fresh(palette)
    arguments.take_up(network, choice)
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
