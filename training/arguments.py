"""The options that all trainings share."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import torch
from torch import nn

from training import RUNS, exported


def parser(
    doc: str | None, run: str, *, minutes: float, rate: float, batch: int | None = None
) -> argparse.ArgumentParser:
    """A parser of ``--minutes --rate --threads --seed --start --run`` and, with ``batch``, ``--batch``."""
    options = argparse.ArgumentParser(description=doc)
    options.add_argument("--minutes", type=float, default=minutes)
    options.add_argument("--rate", type=float, default=rate)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--start", type=Path, help="a checkpoint whose averaged weights to start from")
    options.add_argument("--run", type=Path, default=RUNS / run, help="folder of the checkpoints")
    if batch is not None:
        options.add_argument("--batch", type=int, default=batch)
    return options


def begin(options: argparse.Namespace) -> None:
    """Take the threads and the seed."""
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)


def take_up(network: nn.Module, options: argparse.Namespace) -> None:
    """Start from the checkpoint that was named, if any."""
    if options.start:
        network.load_state_dict(torch.load(options.start, map_location="cpu")["average"])


def export_parser(doc: str | None, run: str) -> argparse.ArgumentParser:
    """A parser of ``--run``, whose averaged weights are exported, and ``--out``, the folder of the ONNX file."""
    options = argparse.ArgumentParser(description=doc)
    options.add_argument("--run", type=Path, default=RUNS / run)
    options.add_argument("--out", type=Path, default=exported.WEIGHTS)
    return options
