"""Real-ESRGAN x4plus (BSD-3-Clause) as a teacher: RRDBNet with the weights that `training.realesrgan` reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training import realesrgan
from training.realesrgan import BLOCKS, FEATURES, GROWTH


class _Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(FEATURES + i * GROWTH, FEATURES if i == 4 else GROWTH, 3, padding=1) for i in range(5)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [x]
        for conv in list(self.convs)[:-1]:
            parts.append(F.leaky_relu(conv(torch.cat(parts, 1)), 0.2))
        return x + 0.2 * self.convs[-1](torch.cat(parts, 1))


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.Sequential(_Dense(), _Dense(), _Dense())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + 0.2 * self.parts(x)
        return y


class RRDBNet(nn.Module):
    """``image`` [N, 3, H, W] RGB 0..1 to [N, 3, 4H, 4W]. Run it in float32 or bfloat16: in half floats it overflows."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, FEATURES, 3, padding=1)
        self.body = nn.Sequential(*(_Block() for _ in range(BLOCKS)))
        self.body_last = nn.Conv2d(FEATURES, FEATURES, 3, padding=1)
        self.up_first, self.up_second, self.high, self.last = (
            nn.Conv2d(FEATURES, n, 3, padding=1) for n in (FEATURES, FEATURES, FEATURES, 3)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.first(image)
        x = x + self.body_last(self.body(x))
        x = F.leaky_relu(self.up_first(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
        x = F.leaky_relu(self.up_second(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
        answer: torch.Tensor = self.last(F.leaky_relu(self.high(x), 0.2))
        return answer


def load(file: Path | None = None) -> RRDBNet:
    """The teacher, ready to ask. Raises SystemExit where the file is not what it should be."""
    network = RRDBNet()
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    weights = realesrgan.convolutions((file or realesrgan.weights_file()).read_bytes())
    for layer, (weight, bias) in zip(layers, weights, strict=True):
        assert layer.bias is not None
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.array(weight, np.float32)))
            layer.bias.copy_(torch.from_numpy(np.array(bias)))
    return network.eval().requires_grad_(False)
