"""Train the enlarger, or the face restorer: ``python -m training.upscale.learn enlarge|face --minutes 240``.

The truth says what is there, the teacher how it may look: absolute error at low frequencies and the perceptual distance
to the truth, absolute error at high frequencies to the teacher, and, in a second leg, an adversary.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from training import arguments, exported, loop
from training.faces.enhance.network import Enhancer
from training.inpaint import perceptual
from training.upscale import pool
from training.upscale.network import Critic, Enlarger
from training.upscale.samples import Batch, Samples


def make(network: nn.Module, poor: torch.Tensor, factor: int) -> torch.Tensor:
    """What ``network`` makes of ``poor``: enlarged by ``factor``, or a face at its own size."""
    if isinstance(network, Enlarger):
        return network.enlarge(poor, factor)
    face: torch.Tensor = poor.float() + network(poor).float()
    return face


def low(image: torch.Tensor, sigma: float = 4.0) -> torch.Tensor:
    """``image`` through a Gaussian."""
    reach = int(3 * sigma)
    at = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (at / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(image, (reach,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel.view(1, 1, -1, 1).expand(3, 1, -1, 1), groups=3)
    return F.conv2d(rows, kernel.view(1, 1, 1, -1).expand(3, 1, 1, -1), groups=3)


class Loss:
    """See above. ``adversary`` is the weight of the critic, which learns beside."""

    def __init__(self, eye: perceptual.Perceptual, seen: float, taught: float, adversary: float, folder: Path) -> None:
        self.eye, self.seen, self.taught, self.adversary = eye, seen, taught, adversary
        self.critic = Critic().to(memory_format=torch.channels_last)
        self.optimiser = torch.optim.AdamW(self.critic.parameters(), lr=2e-4, betas=(0.5, 0.99))
        self.file, self.step = folder / "critic.pt", 0
        if adversary and self.file.exists():
            self.critic.load_state_dict(torch.load(self.file))

    def __call__(self, network: nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
        made, true = make(network, batch.poor, batch.factor), batch.true
        with torch.autocast("cpu", enabled=False):
            made_low, true_low = low(made), low(true)
            wide = (made_low - true_low).abs().mean()
            off = ((made - true).square() + 1e-6).sqrt().mean()
            detail = ((made - made_low) - (batch.answer - low(batch.answer))).abs().mean((1, 2, 3))
            taught = (detail * batch.asked).sum() / batch.asked.sum().clamp(min=1)
        seen = self.eye(made.clamp(-0.1, 1.1).contiguous(memory_format=torch.channels_last), true).mean()
        value = off + wide + self.seen * seen + self.taught * taught
        error = (made.clamp(0, 1) - true).detach().square().mean((1, 2, 3))
        poor = (
            batch.poor if batch.poor.shape == true.shape else F.interpolate(batch.poor, true.shape[2:], mode="bicubic")
        )
        before = (poor - true).square().mean((1, 2, 3))
        figures = {
            "gain": float(4.343 * (torch.log(before + 1e-6) - torch.log(error + 1e-6)).mean()),
            "seen": float(seen.detach()),
            "taught": float(taught.detach()),
        }
        if self.adversary:
            value = value + self.adversary * self._argue(made, true, figures)
        return value, figures

    def _argue(self, made: torch.Tensor, true: torch.Tensor, figures: dict[str, float]) -> torch.Tensor:
        real, fake = self.critic(true), self.critic(made.detach())
        doubt = F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()
        self.optimiser.zero_grad(set_to_none=True)
        doubt.backward()
        self.optimiser.step()
        self.step += 1
        if self.step % 100 == 0:
            torch.save(self.critic.state_dict(), self.file)
        figures["doubt"] = float(doubt.detach())
        for parameter in self.critic.parameters():
            parameter.requires_grad_(False)
        answer = -self.critic(made).float().mean()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(True)
        return answer


class Judge:
    """Held-out truth reduced by blur, noise and JPEG: perceptual distance over the enlarged input's, and PSNR beside
    it.
    """

    def __init__(self, eye: perceptual.Perceptual, mode: str, count: int = 16) -> None:
        self.eye, self.mode = eye, mode
        rng = np.random.default_rng(4)
        kinds = ("face",) if mode == "face" else ("face", "thing", "thing", "thing")
        files = [
            file
            for k in range(count)
            for file in sorted(pool.FOLDER.glob(f"judge_{kinds[k % len(kinds)]}_*.png"))[k * 3 : k * 3 + 1]
        ]
        self.true = [np.ascontiguousarray(cv2.imread(str(file))[64:448, 64:448, ::-1]) for file in files]
        self.cases = {
            factor: [self._poor(true, factor, rng) for true in self.true]
            for factor in ((4, 8) if mode == "face" else (2, 4))
        }

    def _poor(self, true: np.ndarray, factor: int, rng: np.random.Generator) -> np.ndarray:
        image = cv2.GaussianBlur(true.astype(np.float32) / 255, (0, 0), 0.35 * factor)
        small = cv2.resize(image, (true.shape[1] // factor, true.shape[0] // factor), interpolation=cv2.INTER_AREA)
        # The product takes most of the noise away before it enlarges; faces come with all of it.
        sigma = 4 if self.mode == "face" else 1.5
        noise = rng.normal(0, sigma / 255, small.shape).astype(np.float32)
        coded = cv2.imencode(
            ".jpg", np.rint((small + noise).clip(0, 1) * 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75]
        )[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))

    def __call__(self, network: nn.Module) -> dict[str, float]:
        figures: dict[str, float] = {}
        for factor, cases in self.cases.items():
            seen, gain = [], []
            for poor, true in zip(cases, self.true, strict=True):
                came, wanted = (torch.from_numpy(part).permute(2, 0, 1)[None].float() / 255 for part in (poor, true))
                plain = F.interpolate(came, wanted.shape[2:], mode="bicubic").clamp(0, 1)
                with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
                    made = make(network, plain if self.mode == "face" else came, factor).clamp(0, 1)
                with torch.no_grad():
                    seen.append(float(self.eye(made, wanted) / self.eye(plain, wanted)))
                    gain.append(
                        float(10 * torch.log10((plain - wanted).square().mean() / (made - wanted).square().mean()))
                    )
            figures |= {f"seen x{factor}": float(np.mean(seen)), f"dB x{factor}": float(np.mean(gain))}
        return figures


def main() -> None:
    parser = arguments.parser(__doc__, "upscale", minutes=240, rate=1e-3, batch=6)
    parser.add_argument("mode", choices=["enlarge", "face"])
    parser.add_argument("--seen", type=float, default=0.2, help="weight of the perceptual distance")
    parser.add_argument("--taught", type=float, default=1.0, help="weight of the teacher")
    parser.add_argument("--adversary", type=float, default=0.0, help="weight of the critic")
    parser.add_argument("--shipped", action="store_true", help="start from the weights that ship")
    choice = parser.parse_args()
    arguments.begin(choice)
    folder = choice.run / choice.mode
    folder.mkdir(parents=True, exist_ok=True)
    network: nn.Module = Enhancer() if choice.mode == "face" else Enlarger()
    if choice.shipped:
        exported.shipped(network, "face_restoration.onnx" if choice.mode == "face" else "upscale.onnx")
    arguments.take_up(network, choice)
    eye = perceptual.load().to(memory_format=torch.channels_last)
    loader = torch.utils.data.DataLoader(
        Samples(choice.mode, choice.seed, choice.batch), batch_size=None, num_workers=1, prefetch_factor=8
    )
    plan = loop.Plan(
        choice.minutes, rate=choice.rate, warmup=100, ema=0.998, checkpoint_s=600, report_s=120, seed=choice.seed
    )
    loss = Loss(eye, choice.seen, choice.taught, choice.adversary, folder)
    loop.train(network, iter(loader), loss, plan, folder, judge=Judge(eye, choice.mode))


if __name__ == "__main__":
    main()
