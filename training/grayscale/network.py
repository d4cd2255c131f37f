"""The network that tells monochrome photos from color ones."""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn import functional as F


class Judge(nn.Module):
    """``planes`` [N, 5, 128, 128] to the logit of being monochrome [N, 1]. 0.2 M parameters, 25 MMAC."""

    def __init__(self) -> None:
        super().__init__()
        widths = (5, 24, 40, 64, 96, 96)
        self.steps = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in itertools.pairwise(widths))
        self.first, self.second = nn.Linear(widths[-1] * 2 + widths[-2] * 2, 64), nn.Linear(64, 1)

    def forward(self, planes: torch.Tensor) -> torch.Tensor:
        features = []
        for step in self.steps:
            planes = F.relu(step(planes))
            features.append(planes)
        pooled = [part for level in features[-2:] for part in (level.mean((2, 3)), level.amax((2, 3)))]
        answer: torch.Tensor = self.second(F.relu(self.first(torch.cat(pooled, 1))))
        return answer
