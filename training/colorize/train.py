"""Train the colorizer: ``python -m training.colorize.train --minutes 120 --threads 1``."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training import RUNS, arguments, loop, pictures
from training.colorize import samples
from training.colorize.network import COLOURS, Colorizer, chroma
from training.inpaint import perceptual

_SOFTNESS = 5.0
"""Chroma by which neighboring colors of the palette share a pixel."""
_REBALANCE = 0.5
_TEMPERATURE = 0.6


class Loss:
    """Cross-entropy over the palette, rare colors counted up; the mean's distance; and what a teacher sees."""

    def __init__(self, palette: torch.Tensor, teacher: perceptual.Perceptual) -> None:
        self.palette = palette
        self.teacher = teacher
        self.weights = torch.ones(len(palette))
        self.seen = torch.ones(len(palette))

    def __call__(self, network: nn.Module, batch: samples.Batch) -> tuple[torch.Tensor, dict[str, float]]:
        start = tuple(torch.randint(2, (2,)).tolist())
        true = batch["chroma"][:, :, start[0] :: 2, start[1] :: 2].contiguous()
        with torch.no_grad():
            picture = F.interpolate(batch["picture"].float() / 255, (128, 128), mode="area")
            features = self.teacher._features(picture)[-1]
            wanted = soft(true, self.palette)
            self.seen = 0.99 * self.seen + 0.01 * wanted.sum((0, 2, 3)) / wanted.sum() * len(self.palette)
            odds = self.seen / self.seen.sum()
            self.weights = weights(odds)
            # A pixel counts as much as its likeliest color is rare.
            counts = self.weights[wanted.argmax(1)]
        logits, foreseen = network(
            batch["lightness"].contiguous(memory_format=torch.channels_last),
            batch["hints"].contiguous(memory_format=torch.channels_last),
            start,
        )
        logs = torch.log_softmax(logits.float(), 1)
        entropy = -((wanted * logs).sum(1) * counts).mean()
        ab = chroma(logits, self.palette, _TEMPERATURE)
        off = ((ab - true).square().sum(1) + 4).sqrt().mean()
        seen = F.interpolate(features.float(), foreseen.shape[2:], mode="bilinear")
        likeness = F.cosine_similarity(seen, foreseen.float(), dim=1).mean()
        value = entropy + 0.06 * off + (1 - likeness)
        gray = (true.square().sum(1) + 4).sqrt().mean()
        return value, {
            "entropy": float(entropy.detach()),
            "off": float(off.detach()),
            "gray": float(gray),
            "likeness": float(likeness.detach()),
        }


def weights(odds: torch.Tensor) -> torch.Tensor:
    """How much each color counts, whose share of all pixels is ``odds``; 1 on average."""
    rare = 1 / ((1 - _REBALANCE) * odds + _REBALANCE / len(odds))
    return rare / (rare * odds).sum()


def soft(ab: torch.Tensor, palette: torch.Tensor, near: int = 4) -> torch.Tensor:
    """``[N, 2, H, W]`` to weights over the palette, the nearest colors sharing each pixel."""
    count, _, height, width = ab.shape
    flat = ab.permute(0, 2, 3, 1).reshape(-1, 2)
    distance, which = torch.cdist(flat, palette).topk(near, 1, largest=False)
    share = torch.softmax(-distance.square() / (2 * _SOFTNESS**2), 1)
    shares = torch.zeros(len(flat), len(palette)).scatter_(1, which, share)
    return shares.view(count, height, width, -1).permute(0, 3, 1, 2)


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
                        logits, _ = network(light, torch.zeros(1, 3, *light.shape[2:]))
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


def main() -> None:
    parser = arguments.parser(__doc__, "colorize", minutes=120, rate=2e-3, batch=16)
    parser.add_argument("--side", type=int, default=160)
    wanted = parser.parse_args()
    arguments.begin(wanted)
    palette = torch.from_numpy(samples.palette(COLOURS))
    network = Colorizer(palette)
    arguments.take_up(network, wanted)
    plan = loop.Plan(
        wanted.minutes, rate=wanted.rate, decay=0.02, warmup=100, ema=0.998, checkpoint_s=300, seed=wanted.seed
    )
    loop.train(
        network,
        samples.stream(wanted.batch, wanted.side, wanted.seed, RUNS),
        Loss(network.palette, perceptual.load()),  # type: ignore[arg-type]
        plan,
        wanted.run,
        judge=Judge(wanted.side + 32),
    )


if __name__ == "__main__":
    main()
