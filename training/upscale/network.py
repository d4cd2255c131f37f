"""The enlarging network: a small U-Net at the size of the scan, with one head for each factor."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from training.faces.enhance.network import Block

MULTIPLE = 4
"""Height and width of the input are multiples of this."""
WIDTHS = (64, 96, 128)
FACTORS = (2, 4)


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))


class Enlarger(nn.Module):
    """``image`` [N, 3, H, W] RGB 0..1 and a factor of 2 or 4 to [N, 3, factor * H, factor * W].

    What the body says is added to the bicubic enlargement.
    """

    def __init__(self) -> None:
        super().__init__()
        fine, middle, deep = WIDTHS
        self.enter = nn.Conv2d(3, fine, 3, padding=1)
        self.fine_in, self.down = _blocks(fine, 1), nn.Conv2d(fine, middle, 2, stride=2)
        self.middle_in, self.deeper = _blocks(middle, 1), nn.Conv2d(middle, deep, 2, stride=2)
        self.deep, self.up_middle = _blocks(deep, 4), nn.Conv2d(deep, middle * 4, 1)
        self.middle_out, self.up_fine = _blocks(middle, 2), nn.Conv2d(middle, fine * 4, 1)
        self.fine_out = _blocks(fine, 2)
        self.heads = nn.ModuleDict({str(factor): nn.Conv2d(fine, 3 * factor**2, 3, padding=1) for factor in FACTORS})
        for head in self.heads.values():
            assert isinstance(head, nn.Conv2d) and head.bias is not None
            with torch.no_grad():
                head.weight.mul_(0.1)
                head.bias.zero_()

    def forward(self, image: torch.Tensor, factor: int) -> torch.Tensor:
        fine = self.fine_in(self.enter(image * 2 - 1))
        middle = self.middle_in(self.down(fine))
        deep = self.deep(self.deeper(middle))
        middle = self.middle_out(middle + F.pixel_shuffle(self.up_middle(deep), 2))
        fine = self.fine_out(fine + F.pixel_shuffle(self.up_fine(middle), 2))
        added = F.pixel_shuffle(self.heads[str(factor)](fine), factor)
        return added.float() + F.interpolate(
            image.float(), scale_factor=float(factor), mode="bicubic", align_corners=False
        )


class Critic(nn.Module):
    """Tells real texture from invented, patch by patch: [N, 3, H, W] to logits [N, 1, H/8, W/8] (PatchGAN, with
    spectral norm).
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        norm = nn.utils.parametrizations.spectral_norm
        widths = (3, width, width * 2, width * 4)
        layers: list[nn.Module] = []
        for into, out in itertools.pairwise(widths):
            layers += [norm(nn.Conv2d(into, out, 4, 2, 1)), nn.LeakyReLU(0.2)]
        layers += [
            norm(nn.Conv2d(widths[-1], widths[-1], 3, 1, 1)),
            nn.LeakyReLU(0.2),
            norm(nn.Conv2d(widths[-1], 1, 3, 1, 1)),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.layers(image * 2 - 1)
        return answer
