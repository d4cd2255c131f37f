"""What several networks are made of."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


def twice(x: torch.Tensor) -> torch.Tensor:
    """``x`` [N,C,H,W] at twice the size, each value four times."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Residual(nn.Module):
    """``x + conv(relu(conv(x)))``, dilated in the first; it changes little before training."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(F.relu(self.first(x)))


class Block(nn.Module):
    """Two convolutions, each normalized over the batch, around which the input passes; ``start`` scales them."""

    def __init__(self, width: int, start: float = 0.2) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width, momentum=0.02)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width, momentum=0.02)
        nn.init.constant_(self.second_norm.weight, start)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(y)))
