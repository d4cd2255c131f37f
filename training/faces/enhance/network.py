"""A U-Net that sharpens and cleans an aligned face; it says what to change."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.blocks import Residual, twice

MULTIPLE = 32
WIDTHS = (32, 64, 128, 192, 256)


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(width) for _ in range(count)))


class Enhancer(nn.Module):
    """``image`` [N,3,H,W] RGB 0-1, H and W multiples of 32, to what is to be added to it."""

    def __init__(self) -> None:
        super().__init__()
        w2, w4, w8, w16, w32 = WIDTHS
        self.stem = nn.Conv2d(3, w2, 4, stride=2, padding=1)
        self.e2 = _blocks(w2, 1)
        self.down4, self.e4 = nn.Conv2d(w2, w4, 2, stride=2), _blocks(w4, 2)
        self.down8, self.e8 = nn.Conv2d(w4, w8, 2, stride=2), _blocks(w8, 2)
        self.down16, self.e16 = nn.Conv2d(w8, w16, 2, stride=2), _blocks(w16, 2)
        self.down32, self.e32 = nn.Conv2d(w16, w32, 2, stride=2), _blocks(w32, 2)
        self.up16, self.d16 = nn.Conv2d(w32, w16, 1), _blocks(w16, 1)
        self.up8, self.d8 = nn.Conv2d(w16, w8, 1), _blocks(w8, 2)
        self.up4, self.d4 = nn.Conv2d(w8, w4, 1), _blocks(w4, 2)
        self.up2, self.d2 = nn.Conv2d(w4, w2, 1), _blocks(w2, 1)
        self.head = nn.Conv2d(w2, 12, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        e2 = self.e2(self.stem(image * 2 - 1))
        e4 = self.e4(self.down4(e2))
        e8 = self.e8(self.down8(e4))
        e16 = self.e16(self.down16(e8))
        e32 = self.e32(self.down32(e16))
        d16 = self.d16(e16 + twice(self.up16(e32)))
        d8 = self.d8(e8 + twice(self.up8(d16)))
        d4 = self.d4(e4 + twice(self.up4(d8)))
        d2 = self.d2(e2 + twice(self.up2(d4)))
        return F.pixel_shuffle(self.head(d2), 2)
