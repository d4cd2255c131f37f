"""Muon for the convolutions, AdamW for the rest.

Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon) replaces each momentum matrix by the nearest
orthogonal one, found by a Newton-Schulz iteration, so that every direction of a layer learns at the same speed. Steps
are scaled to the root mean square of AdamW's (Liu et al., 2025, https://arxiv.org/abs/2502.16982), so both share one
learning rate.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

_QUINTIC = (3.4445, -4.7750, 2.0315)
_RMS = 0.2
"""Root mean square of a typical step of AdamW, in units of the learning rate."""


def orthogonal(matrix: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """The orthogonal matrix nearest to ``matrix`` [m, n], roughly: singular values end between 0.7 and 1.2."""
    a, b, c = _QUINTIC
    x = matrix.bfloat16() / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    x = x.T if tall else x
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return (x.T if tall else x).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalized, for convolutions of at least 8 channels; AdamW for all other parameters."""

    def __init__(
        self, parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float = 0.0, momentum: float = 0.95
    ) -> None:
        every = list(parameters)
        matrices = [p for p in every if p.ndim == 4 and min(p.shape[0], p.shape[1]) >= 8]
        chosen = {id(p) for p in matrices}
        rest = [p for p in every if id(p) not in chosen]
        common = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__([{"params": matrices, "muon": True}, {"params": rest, "muon": False}], common)

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        for group in self.param_groups:
            decay, beta = group["weight_decay"], group["momentum"]
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                rate = group["lr"] * getattr(parameter, "rate", 1.0)
                state = self.state[parameter]
                if not state:
                    state["step"] = 0
                    state["first"] = torch.zeros_like(parameter)
                    if not group["muon"]:
                        state["second"] = torch.zeros_like(parameter)
                state["step"] += 1
                parameter.mul_(1 - rate * decay)
                gradient, first = parameter.grad, state["first"]
                if group["muon"]:
                    first.lerp_(gradient, 1 - beta)
                    update = gradient.lerp(first, beta).reshape(len(parameter), -1)
                    scale = _RMS * max(update.shape) ** 0.5
                    parameter.add_(orthogonal(update).view_as(parameter), alpha=-rate * scale)
                else:
                    first.lerp_(gradient, 0.1)
                    state["second"].lerp_(gradient.square(), 0.01)
                    mean = first / (1 - 0.9 ** state["step"])
                    spread = (state["second"] / (1 - 0.99 ** state["step"])).sqrt() + 1e-8
                    parameter.addcdiv_(mean, spread, value=-rate)
