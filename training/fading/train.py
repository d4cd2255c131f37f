"""Train the fading estimator: ``python -m training.fading.train``."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn
from torch.nn import functional as F

from daguerre.fading.correction import QUANTILES
from daguerre.imaging.color.density import EPSILON
from training import arguments, loop
from training.fading import synthesis, thumbnails
from training.fading.network import SIDE, FadingEstimator, corrected
from training.fading.synthesis import Faded


def quantiles(density: torch.Tensor) -> torch.Tensor:
    """``[N, 33]``: eleven of each channel."""
    return density.flatten(2).quantile(torch.linspace(0, 1, QUANTILES), dim=2).permute(1, 2, 0).flatten(1)


def restored(network: nn.Module, batch: Faded) -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures with their dyes brought back, and the logarithm of the change that was expected."""
    dense = synthesis.density(batch.faded)
    with torch.autocast("cpu", torch.bfloat16, enabled=network.training):
        told, field = network(dense, quantiles(dense))
    told, field = told.float(), field.float()
    wanted = corrected(dense, told, field)
    light = (synthesis.light(batch.faded) + EPSILON) * 10 ** (dense - wanted) - EPSILON
    return synthesis.codes(light.clamp(0, 1) + 0.05 * (light - light.clamp(0, 1))), told[:, -1]


def loss(network: nn.Module, batch: Faded) -> tuple[torch.Tensor, dict[str, float]]:
    """Mean color difference of what is restored, and how well it was foreseen."""
    with torch.autocast("cpu", enabled=False):
        picture, expected = restored(network, batch)
        truth = synthesis.lab(batch.sound)
        before = synthesis.delta_e(synthesis.lab(batch.faded), truth).mean((1, 2))
        off = synthesis.delta_e(synthesis.lab(picture), truth).mean((1, 2))
        foreseen = F.smooth_l1_loss(expected, torch.log1p(before))
        value = torch.where(batch.is_faded, off, 2 * off).mean() + foreseen
    figures = {
        "before": float(before[batch.is_faded].mean()),
        "after": float(off[batch.is_faded].mean().detach()),
        "sound": float(off[~batch.is_faded].mean().detach()),
        "foreseen": float(foreseen.detach()),
    }
    return value, figures


def batches(size: int, seed: int, *, held_out: bool = False) -> Iterator[Faded]:
    """Without end."""
    pack = torch.from_numpy(thumbnails.load(held_out=held_out))
    generator = torch.Generator().manual_seed(seed)
    while True:
        picked = pack[torch.randint(len(pack), (size,), generator=generator)].permute(0, 3, 1, 2).float() / 255
        side = int(torch.randint(SIDE, picked.shape[-1] + 1, (1,), generator=generator))
        y, x = (int(torch.randint(picked.shape[-1] - side + 1, (1,), generator=generator)) for _ in range(2))
        picked = picked[..., y : y + side, x : x + side]
        picked = F.interpolate(picked, (SIDE, SIDE), mode="area")
        if torch.rand(1, generator=generator) < 0.5:
            picked = picked.flip(3)
        yield synthesis.fade(picked, generator)


def judge(network: nn.Module) -> dict[str, float]:
    """The same figures on fixed pictures that are held out."""
    network.eval()
    stream = batches(256, 7, held_out=True)
    with torch.no_grad():
        return loss(network, next(stream))[1]


def main() -> None:
    """Parse the options and train."""
    options = arguments.parser(__doc__, "fading", minutes=20, rate=2e-3, batch=32).parse_args()
    arguments.begin(options)
    network = FadingEstimator()
    arguments.take_up(network, options)
    plan = loop.Plan(minutes=options.minutes, rate=options.rate, seed=options.seed, clip=5.0)
    loop.train(network, batches(options.batch, options.seed), loss, plan, options.run, judge=judge)


if __name__ == "__main__":
    main()
