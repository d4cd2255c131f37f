"""What a colorizer is judged by while it is trained."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training import pictures
from training.colorize import samples
from training.colorize.network import chroma


class Judge:
    """Mean chroma error against leaving pictures gray, and their colorfulness, over held-out pictures."""

    def __init__(self, side: int, count: int = 48) -> None:
        pack = pictures.load()
        chosen = samples.indices(pack, held_out=True)
        chosen = chosen[:: max(1, len(chosen) // count)]
        root = pictures.require_pictures() / "eval"
        files = sorted((root / "bench_CBSD68").rglob("*.png"))[::4] + sorted((root / "cid22_val").iterdir())
        own = [np.asarray(pack[int(index)]) for index in chosen]
        read = [cv2.imread(str(file)) for file in files]
        self.groups = {
            "own": [_fit(picture, side) for picture in own],
            "eval": [_fit(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), side) for image in read if image is not None],
        }

    def __call__(self, network: nn.Module) -> dict[str, float]:
        said = {}
        for name, group in self.groups.items():
            for temperature in (1.0, 0.5):
                off, gray, vivid = [], [], []
                for true in group:
                    light = torch.from_numpy(true[..., 0][None, None] / np.float32(100))
                    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                        logits = network(light, torch.zeros(1, 3, *light.shape[2:]))
                        ab = chroma(logits, network.palette, temperature)  # type: ignore[arg-type]
                    ab = F.interpolate(ab, light.shape[2:], mode="bilinear")[0].permute(1, 2, 0).numpy()
                    off.append(np.hypot(*(ab - true[..., 1:]).transpose(2, 0, 1)).mean())
                    gray.append(np.hypot(true[..., 1], true[..., 2]).mean())
                    made = np.concatenate([true[..., :1], ab], 2)
                    vivid.append(colorfulness(made) / max(1.0, colorfulness(true)))
                said[f"{name} gain@{temperature}"] = 1 - float(np.mean(off) / np.mean(gray))
                said["vivid"] = float(np.mean(vivid))
                said[f"{name} vivid@{temperature}"] = said.pop("vivid")
        return said


def _fit(picture: np.ndarray, side: int) -> samples.Floats:
    scale = side / max(picture.shape[:2])
    height, width = (max(32, round(length * scale / 32) * 32) for length in picture.shape[:2])
    return samples.lab(cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=cv2.INTER_AREA))


def colorfulness(image: samples.Floats) -> float:
    """Hasler and Suesstrunk, *Measuring colourfulness in natural images* (2003), of a Lab picture."""
    rgb = np.clip(cv2.cvtColor(image.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1) * 255
    rg, yb = rgb[..., 0] - rgb[..., 1], (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    return float(np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()))
