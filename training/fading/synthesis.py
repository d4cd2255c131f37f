"""Fading of chromogenic prints and slides, drawn over sound pictures, in batches.

The print is three dyes over a base. Its density in red, green and blue is a matrix of the dyes' absorptions times their
amounts; in fading each dye keeps a share, a little other in highlights than in shadows, and the base gets a stain
(Frey and Gschwind, *Mathematical bleaching models for photographic three-color materials*, J. Imaging Sci. Technol. 38,
1994). In the dark cyan goes first, then yellow, and the base yellows; light takes magenta first; slides hardly stain
(Wilhelm and Brower, *The Permanence and Care of Color Photographs*, 1993, chapters 2, 3 and 5).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from daguerre.imaging.color.density import EPSILON

ABSORPTION = ((1.0, 0.08, 0.01), (0.20, 1.0, 0.08), (0.08, 0.20, 1.0))
"""Density in red, green, blue (rows) of an amount 1 of cyan, magenta, yellow."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Fate:
    """What became of a print: how often, the share each dye keeps (cyan, magenta, yellow), the stain in R, G, B."""

    odds: float
    kept: tuple[Range, Range, Range]
    stain: tuple[float, float, float]


FATES = {
    "dark": Fate(0.45, ((0.4, 0.9), (0.75, 0.98), (0.55, 0.92)), (0.03, 0.08, 0.22)),
    "light": Fate(0.25, ((0.65, 0.95), (0.4, 0.85), (0.6, 0.95)), (0.02, 0.04, 0.1)),
    "slide": Fate(0.2, ((0.4, 0.9), (0.8, 1.0), (0.5, 0.9)), (0.01, 0.01, 0.02)),
    "even": Fate(0.1, ((0.5, 0.9), (0.5, 0.9), (0.5, 0.9)), (0.05, 0.06, 0.1)),
}


@dataclass(frozen=True)
class Faded:
    """Pictures ``[N, 3, H, W]`` of 0-1 before and after, and whether anything became of them ``[N]``."""

    sound: torch.Tensor
    faded: torch.Tensor
    is_faded: torch.Tensor


def light(codes: torch.Tensor) -> torch.Tensor:
    """sRGB codes as linear light."""
    return torch.where(codes <= 0.04045, codes / 12.92, ((codes.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def codes(linear: torch.Tensor) -> torch.Tensor:
    """The inverse of :func:`light`."""
    small = linear.clamp(min=0)
    return torch.where(small <= 0.0031308, small * 12.92, 1.055 * small.clamp(min=1e-5) ** (1 / 2.4) - 0.055)


def density(picture: torch.Tensor) -> torch.Tensor:
    """Of sRGB codes."""
    return -torch.log10(light(picture) + EPSILON)


def lab(picture: torch.Tensor) -> torch.Tensor:
    """sRGB ``[N, 3, H, W]`` to CIE Lab under D65."""
    to_xyz = picture.new_tensor([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = torch.einsum("ij,njhw->nihw", to_xyz / to_xyz.sum(1, keepdim=True), light(picture))
    root = torch.where(xyz > 0.008856, xyz.clamp(min=1e-4) ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = root.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def delta_e(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """CIE94 between Lab pictures, ``other`` being the standard: ``[N, H, W]``. The loss can differentiate it."""
    step = one - other
    chroma, before = (torch.sqrt((x[:, 1:] ** 2).sum(1) + 1e-3) for x in (other, one))
    along = before - chroma
    across = ((step[:, 1:] ** 2).sum(1) - along**2).clamp(min=0)
    weighted = step[:, 0] ** 2 + (along / (1 + 0.045 * chroma)) ** 2 + across / (1 + 0.015 * chroma) ** 2
    return torch.sqrt(weighted + 1e-2)


def fade(sound: torch.Tensor, generator: torch.Generator, sound_odds: float = 0.3) -> Faded:
    """What became of ``sound`` pictures ``[N, 3, H, W]``; of ``sound_odds`` of them, nothing."""
    count = len(sound)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    fates = list(FATES.values())
    picked = torch.multinomial(torch.tensor([fate.odds for fate in fates]), count, True, generator=generator)
    kept = torch.stack([torch.stack([uniform(*span, 1)[0] for span in fates[i].kept]) for i in picked.tolist()])
    stain = torch.stack([torch.tensor(fates[i].stain) for i in picked.tolist()]) * uniform(0, 1, count, 1)
    stain = stain * uniform(0.5, 1.2, count, 3)
    absorption = torch.tensor(ABSORPTION).expand(count, 3, 3).clone()
    other = ~torch.eye(3, dtype=torch.bool)
    absorption[:, other] *= uniform(0.4, 1.6, count, 6)
    amounts = torch.einsum("nij,njhw->nihw", torch.linalg.inv(absorption), density(sound))
    bend = uniform(-0.25, 0.25, count, 1, 1, 1)
    share = kept[:, :, None, None] ** (1 + bend * (amounts.clamp(0, 2.5) - 0.8))
    thin = torch.einsum("nij,njhw->nihw", absorption, amounts * share) + stain[:, :, None, None]
    thin = thin + _uneven(sound, generator)
    scanned = 10 ** -thin.clamp(min=-0.05)
    brightest = scanned.amax(1).flatten(1).quantile(0.99, dim=1)
    exposure = torch.where(uniform(0, 1, count) < 0.5, uniform(0.85, 1, count) / brightest, torch.ones(count))
    seen = codes((scanned * exposure[:, None, None, None] - EPSILON).clamp(0, 1))
    gamma = torch.where(uniform(0, 1, count) < 0.3, uniform(0.85, 1.2, count), torch.ones(count))
    seen = seen.clamp(min=1e-4) ** gamma[:, None, None, None]
    is_faded = uniform(0, 1, count) >= sound_odds
    seen = torch.where(is_faded[:, None, None, None], seen, sound)
    noise = torch.randn(seen.shape, generator=generator) * uniform(0, 2 / 255, count, 1, 1, 1)
    return Faded(sound, (seen + noise).clamp(0, 1), is_faded)


def _uneven(like: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Stains that vary over the picture, and edges that yellowed: density ``[N, 3, H, W]``, in some of them."""
    count, _, height, width = like.shape
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    power = 2 + 4 * torch.rand(count, 1, 1, 1, generator=generator)
    edge = torch.maximum(x.abs(), y.abs())[None, None] ** power
    blot = F.interpolate(
        torch.rand(count, 1, 3, 3, generator=generator), (height, width), mode="bicubic", align_corners=True
    )
    odds = torch.rand(count, 2, 1, 1, 1, generator=generator)
    shape = edge * (odds[:, 0] < 0.3) + blot * (odds[:, 1] < 0.3)
    hue = torch.tensor([0.15, 0.4, 1.0])[None, :, None, None] * (0.5 + torch.rand(count, 3, 1, 1, generator=generator))
    return shape * hue * 0.2 * torch.rand(count, 1, 1, 1, generator=generator)
