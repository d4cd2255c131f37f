"""The training loop that all embedded networks share: resumable, seeded, bf16, averaged weights."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.optimiser import Muon

Batch = Any


@dataclass
class Plan:
    """How long and how fast to learn.

    The learning rate warms up over ``warmup`` steps and falls along a cosine over the *time* that was granted
    (``minutes``), so a run on a slow machine ends as well annealed as one on a fast one.
    """

    minutes: float
    rate: float = 1e-3
    floor: float = 0.01
    warmup: int = 200
    decay: float = 1e-4
    clip: float = 1.0
    ema: float = 0.999
    checkpoint_s: float = 180.0
    report_s: float = 60.0
    seed: int = 0
    muon: bool = True


def train(
    network: nn.Module,
    batches: Iterator[Batch],
    loss: Callable[[nn.Module, Batch], tuple[torch.Tensor, dict[str, float]]],
    plan: Plan,
    folder: Path,
    *,
    judge: Callable[[nn.Module], dict[str, float]] | None = None,
) -> nn.Module:
    """Train ``network`` and return its averaged copy; state goes to ``folder/last.pt`` and is taken up from there.

    ``loss`` gets the network and one batch (under autocast) and returns the scalar to minimize and figures to print.
    ``judge`` is asked at every checkpoint about the averaged network; what it says is printed.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(plan.seed)
    folder.mkdir(parents=True, exist_ok=True)
    network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = copy.deepcopy(network).eval().requires_grad_(False)
    optimiser: torch.optim.Optimizer = (
        Muon(network.parameters(), lr=plan.rate, weight_decay=plan.decay)
        if plan.muon
        else torch.optim.AdamW(network.parameters(), lr=plan.rate, weight_decay=plan.decay, betas=(0.9, 0.99))
    )
    step, spent = 0, 0.0
    last = folder / "last.pt"
    if last.exists():
        state = torch.load(last, map_location=device)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        step, spent = state["step"], state["spent_s"]
        print(f"resumed at step {step}, {spent / 60:.1f} min spent", flush=True)

    def save() -> None:
        state = {
            "network": network.state_dict(),
            "average": average.state_dict(),
            "optimiser": optimiser.state_dict(),
            "step": step,
            "spent_s": spent,
        }
        torch.save(state, last.with_suffix(".tmp"))
        os.replace(last.with_suffix(".tmp"), last)

    def judged() -> str:
        if judge is None:
            return ""
        return " | " + "  ".join(f"{name} {value:.4f}" for name, value in judge(average).items())

    clock = reported = saved = time.monotonic()
    sums: dict[str, float] = {}
    counted = 0
    while spent < plan.minutes * 60:
        share = spent / (plan.minutes * 60)
        rate = plan.rate * (plan.floor + (1 - plan.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, share))))
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / plan.warmup)
        network.train()
        with torch.autocast(device, torch.bfloat16):
            value, figures = loss(network, next(batches))
        optimiser.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(network.parameters(), plan.clip)
        if torch.isfinite(norm):
            optimiser.step()
        step += 1
        keep = min(plan.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for slow, fast in zip(average.parameters(), network.parameters(), strict=True):
                slow.lerp_(fast, 1 - keep)
            for slow, fast in zip(average.buffers(), network.buffers(), strict=True):
                slow.copy_(fast)
        for name, figure in {"loss": float(value.detach()), **figures}.items():
            sums[name] = sums.get(name, 0.0) + figure
        counted += 1
        now = time.monotonic()
        spent += now - clock
        clock = now
        if now - reported > plan.report_s:
            text = "  ".join(f"{name} {total / counted:.4f}" for name, total in sums.items())
            print(f"{spent / 60:6.1f} min  step {step}  rate {rate:.1e}  {text}", flush=True)
            sums, counted, reported = {}, 0, now
        if now - saved > plan.checkpoint_s:
            save()
            print(f"  saved{judged()}", flush=True)
            saved = clock = time.monotonic()
    save()
    print(f"done at step {step}{judged()}", flush=True)
    return average
