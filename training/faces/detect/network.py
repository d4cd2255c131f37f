"""A face detector: three scales, no anchors, five landmarks.

In the manner of FCOS (Tian et al., 2019, https://arxiv.org/abs/1904.01355) with the landmarks of RetinaFace (Deng et
al., 2019, https://arxiv.org/abs/1905.00641). It sees lightness only, since that is what old photos have.
"""

from __future__ import annotations

import torch
from torch import nn

from training.blocks import Block, twice

MULTIPLE = 32
STRIDES = (8, 16, 32)
CHANNELS = 15
"""Per cell: the logit of a face, center x and y, log width and height, five landmarks' x and y."""
SPANS = {8: (0.0, 40.0), 16: (32.0, 92.0), 32: (74.0, 260.0)}
"""Pixels of the longer side of the faces that each stride answers for; some answer twice."""
_WIDTHS = (16, 24, 48, 80, 112)
_NECK = 48


def _entry(into: int, out: int, size: int, stride: int = 1) -> nn.Sequential:
    padding = (size - 1) // 2
    convolution = nn.Conv2d(into, out, size, stride=stride, padding=padding, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out, momentum=0.02), nn.ReLU())


class Detector(nn.Module):
    """``lightness`` [N,1,H,W] 0-1, H and W multiples of 32, to one map [N,CHANNELS,H/s,W/s] for each stride s.

    Centers, sizes and landmarks are in strides, relative to the middle of the cell.
    """

    def __init__(self) -> None:
        super().__init__()
        w2, w4, w8, w16, w32 = _WIDTHS
        self.s2 = _entry(1, w2, 4, 2)
        self.s4 = nn.Sequential(_entry(w2, w4, 4, 2), Block(w4, 1.0))
        self.s8 = nn.Sequential(_entry(w4, w8, 2, 2), Block(w8, 1.0), Block(w8, 1.0))
        self.s16 = nn.Sequential(_entry(w8, w16, 2, 2), Block(w16, 1.0), Block(w16, 1.0))
        self.s32 = nn.Sequential(_entry(w16, w32, 2, 2), Block(w32, 1.0), Block(w32, 1.0))
        self.sides = nn.ModuleList(_entry(width, _NECK, 1) for width in (w8, w16, w32))
        self.necks = nn.ModuleList(_entry(_NECK, _NECK, 3) for _ in STRIDES)
        self.towers = nn.ModuleList(_entry(_NECK, _NECK, 3) for _ in STRIDES)
        self.heads = nn.ModuleList(nn.Conv2d(_NECK, CHANNELS, 1) for _ in STRIDES)
        for head in self.heads:
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
            head.bias.data[0] = -4.5

    def forward(self, lightness: torch.Tensor) -> list[torch.Tensor]:
        c8 = self.s8(self.s4(self.s2((lightness - 0.5) * 4)))
        c16 = self.s16(c8)
        c32 = self.s32(c16)
        p32 = self.necks[2](self.sides[2](c32))
        p16 = self.necks[1](self.sides[1](c16) + twice(p32))
        p8 = self.necks[0](self.sides[0](c8) + twice(p16))
        return [head(tower(level)) for level, tower, head in zip((p8, p16, p32), self.towers, self.heads, strict=True)]
