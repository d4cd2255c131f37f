"""The damage detector: one small U-Net that walks a pyramid of the photo from the whole view to the finest detail.

At each level it sees the picture, what it said one level coarser (``coarse``) and what it remembers of the wider
view (``context``), so that a wire is told from a scratch by the scene it hangs in, and a wide tear is found where
it is narrow.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.blocks import Residual

MULTIPLE = 16
"""Height and width of the input are multiples of this."""
CONTEXT = 16
"""Channels of ``context``."""


class Detector(nn.Module):
    """``image`` [N,3,H,W] RGB 0..1, ``coarse`` [N,1,H,W] probability, ``context`` [N,16,H/8,W/8].

    Gives the logit of damage [N,1,H,W] and the context [N,16,H/8,W/8] for the next finer level. The coarsest
    level gets zeros for both.
    """

    def __init__(self, widths: tuple[int, int, int] = (32, 64, 128), dilations: tuple[int, ...] = (1, 2, 4)) -> None:
        super().__init__()
        fine, middle, deep = widths
        self.enter = nn.Conv2d(16, fine, 3, padding=1)
        self.fine_in = Residual(fine)
        self.down_middle = nn.Conv2d(fine, middle, 2, stride=2)
        self.middle_in = Residual(middle)
        self.down_deep = nn.Conv2d(middle, deep, 2, stride=2)
        self.remember = nn.Conv2d(CONTEXT, deep, 1)
        self.deep = nn.Sequential(*(Residual(deep, dilation) for dilation in dilations))
        self.tell = nn.Conv2d(deep, CONTEXT, 1)
        self.up_middle = nn.Conv2d(deep, middle * 4, 1)
        self.middle_out = Residual(middle)
        self.up_fine = nn.Conv2d(middle, fine * 4, 1)
        self.fine_out = Residual(fine)
        self.leave = nn.Conv2d(fine, 4, 3, padding=1)
        with torch.no_grad():
            self.leave.weight.mul_(0.1)
            assert self.leave.bias is not None
            self.leave.bias.fill_(-3.0)

    def forward(
        self, image: torch.Tensor, coarse: torch.Tensor, context: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        level = F.pixel_unshuffle(torch.cat([image * 2 - 1, coarse * 2], 1), 2)
        fine = self.fine_in(self.enter(level))
        middle = self.middle_in(self.down_middle(fine))
        deep = self.deep(self.down_deep(middle) + self.remember(context))
        told = torch.tanh(self.tell(deep))
        middle = self.middle_out(middle + F.pixel_shuffle(self.up_middle(deep), 2))
        fine = self.fine_out(fine + F.pixel_shuffle(self.up_fine(middle), 2))
        return F.pixel_shuffle(self.leave(fine), 2), told


class Published(nn.Module):
    """The detector as it is shipped: ``probability`` instead of the logit."""

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector

    def forward(
        self, image: torch.Tensor, coarse: torch.Tensor, context: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        logit, told = self.detector(image, coarse, context)
        return torch.sigmoid(logit), told
