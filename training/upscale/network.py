"""The enlarging network: a small U-Net at the size of the scan, with one head for each factor."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional as F

from training.blocks import Residual

MULTIPLE = 4
"""Height and width of the input are multiples of this."""
WIDTHS = (48, 64, 96)
FACTORS = (2, 4)
TOLERANCE = 1 / 255
"""By how much the result, reduced to the input's size, may differ from it: what noise and JPEG leave to doubt."""
_PASSES = 2


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(width) for _ in range(count)))


def enlarged(image: torch.Tensor, factor: int) -> torch.Tensor:
    """``image`` by bicubic interpolation, float32."""
    return F.interpolate(image.float(), scale_factor=float(factor), mode="bicubic", align_corners=False)


def projected(made: torch.Tensor, image: torch.Tensor, factor: int) -> torch.Tensor:
    """``made`` so that its reduction is ``image`` within `TOLERANCE`.

    Iterative back-projection (Irani and Peleg, 1991). The photo cannot contradict what is left.
    """
    for _ in range(_PASSES):
        off = image - F.avg_pool2d(made, factor)
        made = made + enlarged(off - off.clamp(-TOLERANCE, TOLERANCE), factor)
    return made


class Enlarger(nn.Module):
    """``image`` [N, 3, H, W] RGB 0..1 to what is to be added to its bicubic enlargements, 2 and 4 times the size."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, deep = WIDTHS
        self.enter = nn.Conv2d(3, fine, 3, padding=1)
        self.fine_in, self.down = _blocks(fine, 1), nn.Conv2d(fine, middle, 2, stride=2)
        self.middle_in, self.deeper = _blocks(middle, 2), nn.Conv2d(middle, deep, 2, stride=2)
        self.deep, self.up_middle = _blocks(deep, 4), nn.Conv2d(deep, middle * 4, 1)
        self.middle_out, self.up_fine = _blocks(middle, 2), nn.Conv2d(middle, fine * 4, 1)
        self.fine_out = _blocks(fine, 2)
        self.heads = nn.ModuleDict({str(factor): nn.Conv2d(fine, 3 * factor**2, 3, padding=1) for factor in FACTORS})
        for head in self.heads.values():
            assert isinstance(head, nn.Conv2d) and head.bias is not None
            with torch.no_grad():
                head.weight.mul_(0.1)
                head.bias.zero_()

    def body(self, image: torch.Tensor) -> torch.Tensor:
        """What the heads read, [N, C, H, W]."""
        fine = self.fine_in(self.enter(image * 2 - 1))
        middle = self.middle_in(self.down(fine))
        deep = self.deep(self.deeper(middle))
        middle = self.middle_out(middle + F.pixel_shuffle(self.up_middle(deep), 2))
        answer: torch.Tensor = self.fine_out(fine + F.pixel_shuffle(self.up_fine(middle), 2))
        return answer

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        seen = self.body(image)
        return tuple(F.pixel_shuffle(self.heads[str(factor)](seen), factor) for factor in FACTORS)

    def enlarge(self, image: torch.Tensor, factor: int) -> torch.Tensor:
        """``image`` enlarged, as the product does it: [N, 3, factor * H, factor * W] float32."""
        added = F.pixel_shuffle(self.heads[str(factor)](self.body(image)), factor)
        return projected(enlarged(image, factor) + added.float(), image.float(), factor)


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
