"""The fading estimator: from a thumbnail's densities to what brings the dyes back."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from daguerre.fading.correction import MIDDLE, QUANTILES, SHOULDER
from training.blocks import Block

SIDE = 48
"""Pixels a side of the thumbnail."""
GLOBALS, GRID = 15, 6
"""Numbers of a correction, and cells a side of its field."""
_SCALES = (0.15,) * 3 + (0.3,) * 3 + (0.15,) * 3 + (0.1,) * 6
"""About how far offsets, gains, bends and crosstalk reach."""


class FadingEstimator(nn.Module):
    """``density`` ``[N, 3, 48, 48]`` and its ``quantiles`` ``[N, 33]`` to ``globals`` ``[N, 16]`` and ``field``
    ``[N, 3, 6, 6]``: see :class:`daguerre.models.roles.DyeCorrection`. The last of the globals is the logarithm of
    1 + the color difference that the correction is expected to make good.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        wide = (width, width * 3 // 2, width * 2)
        self.stem = nn.Conv2d(5, wide[0], 3, stride=2, padding=1)
        self.first = Block(wide[0])
        self.down = nn.Conv2d(wide[0], wide[1], 3, stride=2, padding=1)
        self.second = Block(wide[1])
        self.again = nn.Conv2d(wide[1], wide[2], 3, stride=2, padding=1)
        self.third = nn.Sequential(Block(wide[2]), Block(wide[2]))
        self.mix = nn.Linear(3 * wide[2] + 3 * QUANTILES, 192)
        self.deep = nn.Linear(192, 192)
        self.out = nn.Linear(192, GLOBALS + 1)
        self.shared = nn.Linear(192, wide[2])
        self.local = nn.Conv2d(wide[2], 3, 3, padding=1)
        for head in (self.out, self.local):
            nn.init.zeros_(head.weight)
            nn.init.zeros_(head.bias)
        line = torch.linspace(-1, 1, SIDE)
        self.register_buffer(
            "places", torch.stack([line.abs().expand(SIDE, SIDE), line.abs()[:, None].expand(SIDE, SIDE)])[None], False
        )
        self.register_buffer("scales", torch.tensor([*_SCALES, 1.0]), False)

    def forward(self, density: torch.Tensor, quantiles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.cat([density - 0.6, self.places.expand(density.shape[0], -1, -1, -1)], 1)
        x = self.first(F.relu(self.stem(x)))
        x = self.second(F.relu(self.down(x)))
        x = self.third(F.relu(self.again(x)))
        mean = x.mean((2, 3))
        spread = ((x - mean[:, :, None, None]) ** 2).mean((2, 3)).add(1e-4).sqrt()
        seen = F.relu(self.mix(torch.cat([mean, x.amax((2, 3)), spread, quantiles - 0.6], 1)))
        seen = seen + F.relu(self.deep(seen))
        field = self.local(F.relu(x + self.shared(seen)[:, :, None, None]))
        assert field.shape[-1] == GRID
        return self.out(seen) * self.scales, 0.1 * (field - field.mean((2, 3), keepdim=True))


def corrected(density: torch.Tensor, told: torch.Tensor, field: torch.Tensor) -> torch.Tensor:
    """Densities ``[N, 3, H, W]`` as :func:`daguerre.fading.correction.corrected` has them, differentiable."""
    offset, gain, bend, crosstalk = told[:, :3], told[:, 3:6], told[:, 6:9], told[:, 9:15]
    stain = F.interpolate(field, density.shape[2:], mode="bilinear", align_corners=False)
    clear = density - offset[:, :, None, None] - stain
    lifted = clear * torch.exp(gain[:, :, None, None] + bend[:, :, None, None] * torch.tanh(clear - MIDDLE))
    matrix = torch.eye(3).repeat(len(told), 1, 1)
    matrix[:, ~torch.eye(3, dtype=torch.bool)] = crosstalk
    return shoulder(torch.einsum("nij,njhw->nihw", matrix, lifted))


def shoulder(density: torch.Tensor) -> torch.Tensor:
    """Below ``SHOULDER`` densities near 0 without reaching it, so that no highlight is clipped."""
    return torch.where(density < SHOULDER, SHOULDER * torch.exp((density / SHOULDER - 1).clamp(max=0)), density)
