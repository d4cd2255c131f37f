"""Distance as SqueezeNet sees it, from published LPIPS weights; not the calibrated LPIPS."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training.pictures import judging_networks

LEVELS = ("conv1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9")


class Perceptual(nn.Module):
    """Pictures [N,3,H,W] RGB 0..1, H and W at least 64, in pairs; gives one distance each [N], 0 for equal ones."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        with np.load(path) as stored:
            for name in stored.files:
                self.register_buffer(name.replace(".", "_"), torch.from_numpy(np.array(stored[name], np.float32)))
        self.register_buffer("mean", torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1))

    def _conv(self, x: torch.Tensor, name: str, **options: int) -> torch.Tensor:
        return F.relu(F.conv2d(x, getattr(self, f"{name}_weight"), getattr(self, f"{name}_bias"), **options))

    def _features(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = self._conv(image.flip(1) * 255 - self.mean, "conv1", stride=2)
        levels = [x]
        for k in range(2, 10):
            if k in (2, 4, 6):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            x = self._conv(x, f"fire{k}_squeeze1x1")
            x = torch.cat([self._conv(x, f"fire{k}_expand1x1"), self._conv(x, f"fire{k}_expand3x3", padding=1)], 1)
            if f"fire{k}" in LEVELS:
                levels.append(x)
        return levels

    def forward(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        total = one.new_zeros(len(one), dtype=torch.float32)
        for k, (a, b) in enumerate(zip(self._features(one), self._features(other), strict=True)):
            a, b = (x.float() / (x.float().square().sum(1, keepdim=True) + 1e-8).sqrt() for x in (a, b))
            weights = getattr(self, f"lpips_lin{k}").view(1, -1, 1, 1)
            total = total + ((a - b).square() * weights).sum(1).mean((1, 2))
        return total


def load() -> Perceptual:
    """The network from ``$DAGUERRE_SQUEEZENET``, else from ``models/`` beside the folder of the data.

    Raises:
        SystemExit: with a sentence, where the file is missing.
    """
    named = os.environ.get("DAGUERRE_SQUEEZENET")
    path = Path(named) if named else judging_networks() / "squeezenet11-lpips.npz"
    if not path.exists():
        raise SystemExit(f"No perceptual network at {path}. Set DAGUERRE_SQUEEZENET to squeezenet11-lpips.npz.")
    return Perceptual(path).eval().requires_grad_(False)
