"""A U-Net that gives each place of a gray picture a distribution over colors.

After Zhang et al., *Colorful Image Colorization* (2016, https://arxiv.org/abs/1603.08511), for the classification over
quantized chroma, and *Real-Time User-Guided Image Colorization* (2017, https://arxiv.org/abs/1705.02999), for hints.
The palette is not a grid but the centers of the chroma that the training pictures have.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.blocks import Block, twice

MULTIPLE = 32
WIDTHS = (48, 96, 160, 256, 320)
COLOURS = 128
_TAKEN_BACK, _TEMPERATURE, _STRENGTH = 0.5, 0.7, 1.3
"""How the odds become a color; chosen on held-out pictures, CBSD68 and CID22, for little error at half of the true
colorfulness and more."""
TEACHER = 512
"""Channels of the last layer of SqueezeNet, which the encoder learns to foresee."""


def _entry(into: int, out: int, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(into, out, size, padding=size // 2, bias=False), nn.BatchNorm2d(out, momentum=0.02), nn.ReLU()
    )


def _halve(into: int, out: int, size: int = 2) -> nn.Sequential:
    convolution = nn.Conv2d(into, out, size, stride=2, padding=size // 2 - 1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(out, momentum=0.02), nn.ReLU())


class Colorizer(nn.Module):
    """``lightness`` [N,1,H,W] (CIE L* / 100) and ``hints`` [N,3,H,W] (a / 100, b / 100, 1 where known) to logits over
    ``COLOURS`` at a half of the size."""

    def __init__(self, palette: torch.Tensor | None = None) -> None:
        super().__init__()
        w2, w4, w8, w16, w32 = WIDTHS
        self.register_buffer("palette", torch.zeros(COLOURS, 2) if palette is None else palette)
        self.stem = _halve(4, w2, 4)
        self.e2 = Block(w2)
        self.down4, self.e4 = _halve(w2, w4), nn.Sequential(Block(w4), Block(w4))
        self.down8, self.e8 = _halve(w4, w8), nn.Sequential(Block(w8), Block(w8))
        self.down16, self.e16 = _halve(w8, w16), nn.Sequential(Block(w16), Block(w16), Block(w16))
        self.down32, self.e32 = _halve(w16, w32), nn.Sequential(Block(w32), Block(w32))
        self.context = nn.Sequential(nn.Conv2d(w32, w32, 1), nn.ReLU(), nn.Conv2d(w32, w32, 1))
        self.up16, self.d16 = _entry(w32 + w16, w16, 1), Block(w16)
        self.up8, self.d8 = _entry(w16 + w8, w8, 1), nn.Sequential(Block(w8), Block(w8))
        self.up4, self.d4 = _entry(w8 + w4, w4, 1), nn.Sequential(Block(w4), Block(w4))
        self.up2, self.d2 = _entry(w4 + w2, w2, 1), Block(w2)
        self.head = nn.Conv2d(w2, COLOURS, 1)
        self.semantics = nn.Conv2d(w16, TEACHER, 1)

    def forward(
        self, lightness: torch.Tensor, hints: torch.Tensor, every: tuple[int, int] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [N,COLOURS,H/2,W/2], and features [N,TEACHER,H/16,W/16] as a teacher would see in color.

        From ``every``, a row and a column below 2, each second row and column of the logits only.
        """
        x = torch.cat([lightness * 2 - 1, hints], 1)
        e2 = self.e2(self.stem(x))
        e4 = self.e4(self.down4(e2))
        e8 = self.e8(self.down8(e4))
        e16 = self.e16(self.down16(e8))
        e32 = self.e32(self.down32(e16))
        e32 = e32 + self.context(e32.mean((2, 3), keepdim=True))
        d16 = self.d16(self.up16(torch.cat([twice(e32), e16], 1)))
        d8 = self.d8(self.up8(torch.cat([twice(d16), e8], 1)))
        d4 = self.d4(self.up4(torch.cat([twice(d8), e4], 1)))
        d2 = self.d2(self.up2(torch.cat([twice(d4), e2], 1)))
        if every is not None:
            d2 = d2[:, :, every[0] :: 2, every[1] :: 2]
        return self.head(d2), self.semantics(d16)


def chroma(logits: torch.Tensor, palette: torch.Tensor, temperature: float) -> torch.Tensor:
    """The annealed mean [N,2,H,W] in CIE ab; ``temperature`` 1 is the mean, near 0 the likeliest color."""
    with torch.autocast(logits.device.type, enabled=False):
        odds = torch.softmax(logits.float() / temperature, 1)
        return torch.einsum("nkhw,kc->nchw", odds, palette)


class Shipped(nn.Module):
    """What is exported: ``lightness`` and ``hints`` to ``chroma`` [N,2,H/2,W/2] in CIE ab.

    ``rarity`` [COLOURS] is how much more rare colors counted in training; a share of it is taken back. The mean of the
    colors at hand shrinks further where they disagree: what the network does not know stays near gray.
    """

    def __init__(self, network: Colorizer, rarity: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("offset", (_TAKEN_BACK * torch.log(rarity))[None, :, None, None])
        strengths = network.palette.norm(dim=1)[None]  # type: ignore[operator]
        self.register_buffer("decoder", torch.cat([network.palette.T, strengths])[:, :, None, None])  # type: ignore[list-item,operator]

    def forward(self, lightness: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
        logits, _ = self.network(lightness, hints)
        odds = torch.softmax((logits - self.offset) / _TEMPERATURE, 1)
        said = F.conv2d(odds, self.decoder)
        mean, strength = said[:, :2], said[:, 2:]
        agreement = (mean.square().sum(1, keepdim=True) + 1e-6).sqrt() / (strength + 1e-3)
        return mean * agreement.clamp(0, 1).sqrt() * _STRENGTH
