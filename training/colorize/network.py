"""A colorizer that knows things: an encoder with ImageNet weights, attention over the whole picture, a decoder.

Classification over a palette as in Zhang et al., *Colorful Image Colorization* (2016, https://arxiv.org/abs/1603.08511);
the palette is not a grid but the centers of the chroma that the training pictures have. What a hint says enters beside
the encoder's features at stride 8, so that the encoder's own reach and the attention carry it over the thing that it
lies on.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.backbone import CHANNELS, Encoder, freeze, pretrained

MULTIPLE = 32
COLORS = 128
"""Colors of the palette."""
_TAKEN_BACK, _TEMPERATURE, _STRENGTH = 0.5, 0.7, 1.15
"""How the odds become a color; chosen on held-out pictures, CBSD68 and CID22, for little error at half of the true
colorfulness and more."""
WIDTH = 256
_HEADS = 8
_RATE = 0.3
"""How fast the encoder learns, beside the rest."""
STRIDE = 4
"""Pixels of the input per pixel of the answer."""


class Attention(nn.Module):
    """Self-attention over all places of [N, C, H, W], with a convolution as its positional encoding, then an MLP."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.place = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm, self.norm_mlp = nn.GroupNorm(1, width), nn.GroupNorm(1, width)
        self.queries, self.leave = nn.Conv2d(width, width * 3, 1), nn.Conv2d(width, width, 1)
        self.widen, self.narrow = nn.Conv2d(width, width * 2, 1), nn.Conv2d(width * 2, width, 1)
        with torch.no_grad():
            for layer in (self.leave, self.narrow, self.place):
                layer.weight.mul_(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.place(x)
        n, c, h, w = x.shape
        q, k, v = self.queries(self.norm(x)).reshape(n, 3, _HEADS, c // _HEADS, h * w).unbind(1)
        weights = torch.softmax(torch.matmul(q.transpose(2, 3), k) * (c // _HEADS) ** -0.5, -1)
        y = torch.matmul(v, weights.transpose(2, 3)).reshape(n, c, h, w)
        x = x + self.leave(y)
        return x + self.narrow(F.relu(self.widen(self.norm_mlp(x))))


class Block(nn.Module):
    """``relu(x + conv(relu(conv(x))))``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(0.2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


def _twice(x: torch.Tensor) -> torch.Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Colorizer(nn.Module):
    """``lightness`` [N, 1, H, W] (CIE L* / 100) and ``hints`` [N, 3, H, W] (a / 100, b / 100, 1 where known) to logits
    [N, COLORS, H/4, W/4]; H and W multiples of 32."""

    def __init__(self, palette: torch.Tensor | None = None, encoder: Encoder | None = None) -> None:
        super().__init__()
        self.register_buffer("palette", torch.zeros(COLORS, 2) if palette is None else palette)
        self.encoder = encoder or Encoder()
        freeze(self.encoder, 1, rate=_RATE)
        _, c4, c8, c16, c32 = CHANNELS
        self.hint_8, self.hint_32 = nn.Conv2d(4, c8, 3, padding=1), nn.Conv2d(4, WIDTH, 1)
        self.fine = nn.Sequential(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU())
        self.enter_32 = nn.Conv2d(c32, WIDTH, 1)
        self.attend = nn.Sequential(Attention(WIDTH), Attention(WIDTH))
        self.up_16, self.d_16 = nn.Conv2d(WIDTH + c16, 192, 1), nn.Sequential(Block(192), Block(192))
        self.up_8, self.d_8 = nn.Conv2d(192 + c8, 128, 1), nn.Sequential(Block(128), Block(128))
        self.up_4, self.d_4 = nn.Conv2d(128 + c4 + 32, 96, 1), nn.Sequential(Block(96), Block(96))
        self.head = nn.Conv2d(96, COLORS, 1)

    def forward(self, lightness: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
        light = lightness * 2 - 1
        told = torch.cat([hints[:, :2], hints[:, 2:], hints[:, 2:] * lightness], 1)
        told_8 = F.avg_pool2d(told, 8)
        share = told_8[:, 2:3] + 1e-3
        told_8 = torch.cat([told_8[:, :2] / share, (told_8[:, 2:3] > 0).to(told_8.dtype), told_8[:, 3:] / share], 1)
        told_32 = F.max_pool2d(told_8, 4) + -F.max_pool2d(-told_8, 4)
        e4, e8, e16, e32 = self._encoded(light.expand(-1, 3, -1, -1), told_8)
        x = F.relu(self.enter_32(e32) + self.hint_32(told_32))
        x = self.attend(x)
        x = self.d_16(F.relu(self.up_16(torch.cat([_twice(x), e16], 1))))
        x = self.d_8(F.relu(self.up_8(torch.cat([_twice(x), e8], 1))))
        fine = self.fine(F.pixel_unshuffle(light, 4))
        x = self.d_4(F.relu(self.up_4(torch.cat([_twice(x), e4, fine], 1))))
        logits: torch.Tensor = self.head(x)
        return logits

    def _encoded(self, image: torch.Tensor, told: torch.Tensor) -> list[torch.Tensor]:
        x = self.encoder.stem(image)
        features = []
        for index, stage in enumerate(self.encoder.stages):
            x = stage(x)
            if index == 2:
                x = x + self.hint_8(told)
            features.append(x)
        return [features[1], features[2], features[4], features[6]]


def fresh(palette: torch.Tensor) -> Colorizer:
    """With ImageNet's encoder; hints say nothing at first."""
    network = Colorizer(palette, pretrained())
    with torch.no_grad():
        for layer in (network.hint_8, network.hint_32):
            layer.weight.mul_(0.1)
            assert layer.bias is not None
            layer.bias.zero_()
    return network


def chroma(logits: torch.Tensor, palette: torch.Tensor, temperature: float) -> torch.Tensor:
    """The annealed mean [N,2,H,W] in CIE ab; ``temperature`` 1 is the mean, near 0 the likeliest color."""
    with torch.autocast(logits.device.type, enabled=False):
        odds = torch.softmax(logits.float() / temperature, 1)
        return torch.einsum("nkhw,kc->nchw", odds, palette)


class Shipped(nn.Module):
    """What is exported: ``lightness`` and ``hints`` to ``chroma`` [N,2,H/4,W/4] in CIE ab.

    ``rarity`` [COLORS] is how much more rare colors counted in training; a share of it is taken back. The mean of the
    colors at hand shrinks further where they disagree: what the network does not know stays near gray.
    """

    def __init__(self, network: nn.Module, rarity: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("offset", (_TAKEN_BACK * torch.log(rarity))[None, :, None, None])
        strengths = network.palette.norm(dim=1)[None]  # type: ignore[operator]
        self.register_buffer("decoder", torch.cat([network.palette.T, strengths])[:, :, None, None])  # type: ignore[list-item,operator]

    def forward(self, lightness: torch.Tensor, hints: torch.Tensor) -> torch.Tensor:
        logits = self.network(lightness, hints)
        odds = torch.softmax((logits - self.offset) / _TEMPERATURE, 1)
        said = F.conv2d(odds, self.decoder)
        mean, strength = said[:, :2], said[:, 2:]
        agreement = (mean.square().sum(1, keepdim=True) + 1e-6).sqrt() / (strength + 1e-3)
        return mean * agreement.clamp(0, 1).sqrt() * _STRENGTH
