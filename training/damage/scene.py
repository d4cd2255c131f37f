"""What a photo shows, as the damage detector needs to know it: collars and ropes are told from scratches by the scene.

An encoder with ImageNet weights sees a view of at most about a thousand pixels; its features at strides 8, 16 and 32
are
merged into one map at stride 8, which the detector takes beside what it remembers of the wider view.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training.backbone import CHANNELS, Encoder, freeze, pretrained
from training.damage.network import CONTEXT, Detector, Residual

MULTIPLE = 32
"""Height and width of the view are multiples of this."""
SCENE = 64
"""Channels of the scene."""
_WIDTH = 96
_FROZEN = 2
"""Stages of the encoder, beside its stem, that keep ImageNet's weights."""
_RATE = 0.3
"""How fast the encoder learns, beside the rest."""


class SceneNetwork(nn.Module):
    """``image`` [N, 3, H, W] RGB 0..1 gives ``scene`` [N, 64, H/8, W/8], 0..6."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        super().__init__()
        self.encoder = encoder or Encoder()
        freeze(self.encoder, _FROZEN, rate=_RATE)
        self.from_8, self.from_16, self.from_32 = (nn.Conv2d(n, _WIDTH, 1) for n in CHANNELS[2:])
        self.merge_16, self.merge_8 = Residual(_WIDTH), Residual(_WIDTH)
        self.leave = nn.Conv2d(_WIDTH, SCENE, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        _, _, at_8, at_16, at_32 = self.encoder(image * 2 - 1)
        deep = F.interpolate(self.from_32(at_32), scale_factor=2.0, mode="nearest")
        middle = self.merge_16(self.from_16(at_16) + deep)
        fine = self.merge_8(self.from_8(at_8) + F.interpolate(middle, scale_factor=2.0, mode="nearest"))
        scene: torch.Tensor = F.relu6(self.leave(fine))
        return scene


class SceneDetector(Detector):
    """The detector of one level with the scene beside its context: ``image``, ``coarse``, ``context``, ``scene``."""

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Conv2d(SCENE, self.remember.out_channels, 1, bias=False)
        with torch.no_grad():
            self.see.weight.mul_(0.1)

    def forward(  # type: ignore[override]
        self, image: torch.Tensor, coarse: torch.Tensor, context: torch.Tensor, scene: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        level = F.pixel_unshuffle(torch.cat([image * 2 - 1, coarse * 2], 1), 2)
        fine = self.fine_in(self.enter(level))
        middle = self.middle_in(self.down_middle(fine))
        deep = self.deep(self.down_deep(middle) + self.remember(context) + self.see(scene))
        told = torch.tanh(self.tell(deep))
        middle = self.middle_out(middle + F.pixel_shuffle(self.up_middle(deep), 2))
        fine = self.fine_out(fine + F.pixel_shuffle(self.up_fine(middle), 2))
        return F.pixel_shuffle(self.leave(fine), 2), told


class Both(nn.Module):
    """Scene and detector, trained as one."""

    def __init__(self, encoder: Encoder | None = None) -> None:
        super().__init__()
        self.scene = SceneNetwork(encoder)
        self.detector = SceneDetector()


def fresh() -> Both:
    """With ImageNet's encoder."""
    return Both(pretrained())


__all__ = ["CONTEXT", "MULTIPLE", "SCENE", "Both", "SceneDetector", "SceneNetwork", "fresh"]
