"""The two networks of the noise step: the denoiser, and the eye that measures the noise for it.

Both are made of plain 3x3 convolutions and ReLU on a pixel-unshuffled photo, which bf16 runtimes like best.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.blocks import Residual

MULTIPLE = 8
"""Height and width of both networks' input are multiples of this."""


class Denoiser(nn.Module):
    """U-Net that tells the noise from the picture, given how strong the noise is.

    ``image`` [N,3,H,W] RGB 0..1 and ``sigma`` [N,1,H,W], the standard deviation of the noise at each pixel on the
    same scale, give ``residual`` [N,3,H,W]: the noise. It is ``sigma`` times what the network says, so where there
    is said to be no noise nothing is ever taken away.
    """

    def __init__(self, widths: tuple[int, int, int] = (48, 96, 160), blocks: tuple[int, int, int] = (1, 1, 2)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.enter = nn.Conv2d(16, fine, 3, padding=1)
        self.fine_in = nn.Sequential(*(Residual(fine) for _ in range(blocks[0])))
        self.down_middle = nn.Conv2d(fine, middle, 2, stride=2)
        self.middle_in = nn.Sequential(*(Residual(middle) for _ in range(blocks[1])))
        self.down_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        self.coarse = nn.Sequential(*(Residual(coarse) for _ in range(blocks[2])))
        self.up_middle = nn.Conv2d(coarse, middle * 4, 1)
        self.middle_out = nn.Sequential(*(Residual(middle) for _ in range(blocks[1])))
        self.up_fine = nn.Conv2d(middle, fine * 4, 1)
        self.fine_out = nn.Sequential(*(Residual(fine) for _ in range(blocks[0])))
        self.leave = nn.Conv2d(fine, 12, 3, padding=1)

    def forward(self, image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        level = F.pixel_unshuffle(torch.cat([image - 0.5, sigma * 4], 1), 2)
        fine = self.fine_in(self.enter(level))
        middle = self.middle_in(self.down_middle(fine))
        coarse = self.coarse(self.down_coarse(middle))
        middle = self.middle_out(middle + F.pixel_shuffle(self.up_middle(coarse), 2))
        fine = self.fine_out(fine + F.pixel_shuffle(self.up_fine(middle), 2))
        return F.pixel_shuffle(self.leave(fine), 2) * sigma


class Estimator(nn.Module):
    """Measures the noise of each 8x8 cell of ``image`` [N,3,H,W].

    Gives ``level`` [N,3,H/8,W/8]: ``log(1 + sigma_255)``, the logarithm of how far off that may be (the scale of a
    Laplace distribution), and the logit of the noise being that of a poor JPEG.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(12, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 48, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 48, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 64, 4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 64, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(64, 3, 1),
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        level: torch.Tensor = self.body(F.pixel_unshuffle((image - 0.5) * 4, 2))
        return level


class Pair(nn.Module):
    """Both networks, trained side by side on one stream of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.denoiser = Denoiser()
        self.estimator = Estimator()
