"""Train the denoiser and the noise estimator side by side: ``python -m training.denoise.train``.

Two loops may share a machine: ``--threads`` says how many cores this one takes.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from training import arguments, exported, loop, pictures
from training.denoise.network import MULTIPLE, Pair
from training.denoise.synthesis import Batch, Synthesis, stream

FLOOR = (0.7 / 255) ** 2
"""Below this squared error nobody sees a difference, and the logarithm of the loss flattens."""


def loss(network: nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
    """Mean over the samples of ``log(mse)``, which is PSNR, plus the estimator's Laplace likelihood.

    The estimator learns from a quarter of each crop: it is small, sees little at a time, and has enough.
    """
    assert isinstance(network, Pair)
    device = next(network.parameters()).device
    clean, noisy, sigma, truth = (part.to(device) for part in (batch.clean, batch.noisy, batch.sigma, batch.truth))
    residual = network.denoiser(noisy.contiguous(memory_format=torch.channels_last), sigma).float()
    error = ((noisy - residual - clean) ** 2).mean((1, 2, 3))
    fidelity = torch.log(error + FLOOR).mean()
    with torch.autocast(device.type, enabled=False):
        half = noisy.shape[-1] // 2
        level = network.estimator(noisy[..., :half, :half])
        target = torch.log1p(255 * F.avg_pool2d(truth[..., :half, :half] ** 2, MULTIPLE).sqrt())
        scale = level[:, 1:2].clamp(-5, 3)
        miss = (level[:, :1] - target).abs()
        likelihood = (miss * torch.exp(-scale) + scale).mean()
        kind = F.binary_cross_entropy_with_logits(level[:, 2].mean((1, 2)), batch.compressed.to(device))
    figures = {
        "psnr": float(-4.343 * torch.log(error.detach() + 1e-6).mean()),
        "miss": float(miss.detach().mean()),
        "kind": float(kind.detach()),
    }
    return fidelity + 0.3 * likelihood + 0.1 * kind, figures


def judge(network: nn.Module) -> dict[str, float]:
    """PSNR and measured noise on fixed crops of the training pictures' kind, with Gaussian noise of sigma 25."""
    assert isinstance(network, Pair)
    network.eval()
    held = Synthesis(pictures.load(), 128, 12345)
    clean = torch.stack([torch.from_numpy(held.crop()) for _ in range(48)]).permute(0, 3, 1, 2)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1)) * (25 / 255)
    noisy = ((clean + noise) * 255).round().clamp(0, 255) / 255
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        residual = network.denoiser(noisy, torch.full_like(noisy[:, :1], 25 / 255)).float()
    error = (((noisy - residual) - clean) ** 2).mean((1, 2, 3))
    with torch.no_grad():
        told = torch.expm1(network.estimator(noisy)[:, 0]).flatten(1).median(1).values
    return {"psnr25": float(-10 * torch.log10(error).mean()), "sigma25": float(told.median())}


def main() -> None:
    """Parse the options and train."""
    parser = arguments.parser(__doc__, "denoise", minutes=90, rate=1.5e-3, batch=8)
    parser.add_argument("--size", type=int, default=128, help="side of the crops, in pixels")
    parser.add_argument("--adam", action="store_true")
    parser.add_argument("--shipped", action="store_true", help="start from the weights that ship")
    options = parser.parse_args()
    arguments.begin(options)
    plan = loop.Plan(minutes=options.minutes, rate=options.rate, seed=options.seed, muon=not options.adam, report_s=20)
    synthesis = Synthesis(pictures.load(), options.size, options.seed)
    pair = Pair()
    if options.shipped:
        exported.shipped(pair.denoiser, "denoise.onnx")
        exported.shipped(pair.estimator, "noise.onnx")
    arguments.take_up(pair, options)
    loop.train(pair, stream(synthesis, options.batch), loss, plan, options.run, judge=judge)


if __name__ == "__main__":
    main()
