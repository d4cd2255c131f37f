"""Train the face enhancer: ``python -m training.faces.enhance.train --minutes 90``."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import nn

from training import RUNS, arguments, loop
from training.faces.enhance import crops
from training.faces.enhance.network import Enhancer
from training.inpaint import perceptual

Pair = tuple[torch.Tensor, torch.Tensor]


class Loss:
    """Absolute error, the same after blurring (tones must hold), and the perceptual distance."""

    def __init__(self, eye: perceptual.Perceptual, weight: float) -> None:
        self.eye = eye
        self.weight = weight

    def __call__(self, network: nn.Module, batch: Pair) -> tuple[torch.Tensor, dict[str, float]]:
        came, wanted = (part.contiguous(memory_format=torch.channels_last) for part in batch)
        made = came + network(came).float()
        off = ((made - wanted).square() + 1e-6).sqrt().mean()
        wide = (nn.functional.avg_pool2d(made - wanted, 8)).abs().mean()
        seen = self.eye(made.clamp(-0.1, 1.1), wanted).mean()
        error = (made - wanted).detach().square().mean((1, 2, 3))
        return off + wide + self.weight * seen, {
            "psnr": float(-4.343 * torch.log(error + 1e-6).mean()),
            "seen": float(seen.detach()),
        }


class Judge:
    """Held-out faces of at least 300 pixels brought down by 4 with blur, noise and JPEG: before and after."""

    def __init__(self, eye: perceptual.Perceptual, count: int = 24) -> None:
        held = [face for k, face in enumerate(crops.faces(RUNS)) if k % crops.HELD_OUT == 0 and face.shape[0] > 330]
        rng = np.random.default_rng(4)
        came, wanted = [], []
        for face in held[:count]:
            clean = crops.view(face, rng, 288).astype(np.float32) / 255
            small = cv2.resize(cv2.GaussianBlur(clean, (0, 0), 1.2), (72, 72), interpolation=cv2.INTER_AREA)
            small = np.clip(small + rng.normal(0, 5 / 255, small.shape), 0, 1)
            coded = cv2.imencode(".jpg", np.round(small * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
            small = cv2.imdecode(coded, cv2.IMREAD_COLOR)
            came.append(cv2.resize(small, (288, 288), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255)
            wanted.append(clean)
        self.came, self.wanted = (
            torch.from_numpy(np.stack(part).transpose(0, 3, 1, 2)).contiguous() for part in (came, wanted)
        )
        self.eye = eye

    def __call__(self, network: nn.Module) -> dict[str, float]:
        with torch.no_grad():
            made = (self.came + network(self.came).float()).clamp(0, 1)
            half = (self.came + made) / 2
            figures = {}
            for name, image in (("in", self.came), ("out", made), ("half", half)):
                error = (image - self.wanted).square().mean((1, 2, 3))
                figures[f"psnr {name}"] = float(-10 * torch.log10(error).mean())
                figures[f"seen {name}"] = float(self.eye(image, self.wanted).mean())
        return figures


def main() -> None:
    parser = arguments.parser(__doc__, "enhance", minutes=90, rate=1e-3, batch=8)
    parser.add_argument("--perceptual", type=float, default=1.2, help="weight of the perceptual distance")
    wanted = parser.parse_args()
    arguments.begin(wanted)
    network = Enhancer()
    arguments.take_up(network, wanted)
    eye = perceptual.load()
    plan = loop.Plan(wanted.minutes, rate=wanted.rate, warmup=100, ema=0.998, checkpoint_s=240, seed=wanted.seed)
    loop.train(
        network,
        crops.stream(wanted.batch, wanted.seed, RUNS),
        Loss(eye, wanted.perceptual),
        plan,
        wanted.run,
        judge=Judge(eye),
    )


if __name__ == "__main__":
    main()
