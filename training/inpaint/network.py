"""The network of the fill: what the thin plate lacks, learned from the surroundings of the hole."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.blocks import Residual

MULTIPLE = 8
"""Height and width of the input are multiples of this."""


class Inpainter(nn.Module):
    """U-Net on a pixel-unshuffled photo, 36 kMAC a pixel.

    ``image`` [N,3,H,W] RGB 0..1, its holes already filled by the thin plate, and ``mask`` [N,1,H,W], 1 in the holes,
    give ``residual`` [N,3,H,W], to be added to ``image``; it is 0 outside the holes, and everywhere before training.
    """

    def __init__(self, widths: tuple[int, int, int] = (32, 64, 128), dilations: tuple[int, ...] = (1, 2, 4)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.enter = nn.Conv2d(16, fine, 3, padding=1)
        self.fine_in = Residual(fine)
        self.down_middle = nn.Conv2d(fine, middle, 2, stride=2)
        self.middle_in = Residual(middle)
        self.down_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        self.coarse = nn.Sequential(*(Residual(coarse, dilation) for dilation in dilations))
        self.up_middle = nn.Conv2d(coarse, middle * 4, 1)
        self.middle_out = Residual(middle)
        self.up_fine = nn.Conv2d(middle, fine * 4, 1)
        self.fine_out = Residual(fine)
        self.leave = nn.Conv2d(fine, 12, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        level = F.pixel_unshuffle(torch.cat([(image - 0.5) * 2, mask], 1), 2)
        fine = self.fine_in(self.enter(level))
        middle = self.middle_in(self.down_middle(fine))
        coarse = self.coarse(self.down_coarse(middle))
        middle = self.middle_out(middle + F.pixel_shuffle(self.up_middle(coarse), 2))
        fine = self.fine_out(fine + F.pixel_shuffle(self.up_fine(middle), 2))
        return F.pixel_shuffle(self.leave(fine), 2) * mask
