"""Write the trained networks as ONNX: ``python -m training.denoise.export``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from training.denoise.network import Pair
from training.denoise.train import RUN

WEIGHTS = Path(__file__).parents[2] / "src" / "daguerre" / "models" / "weights"
OPSET = 17
TOLERANCE = 2e-4
"""The largest difference from torch that a runtime in float32 may show, of 1 or of ``log(1 + sigma_255)``."""


def load(run: Path) -> Pair:
    """The averaged networks of a checkpoint."""
    pair = Pair()
    pair.load_state_dict(torch.load(run / "last.pt", map_location="cpu")["average"])
    return pair.eval()


def write(network: nn.Module, example: dict[str, torch.Tensor], output: str, path: Path) -> float:
    """Export ``network`` with free batch, height and width; return its largest difference from torch."""
    axes = {name: {0: "n", 2: "h", 3: "w"} for name in (*example, output)}
    torch.onnx.export(
        network,
        tuple(example.values()),
        str(path),
        input_names=list(example),
        output_names=[output],
        dynamic_axes=axes,
        opset_version=OPSET,
        dynamo=False,
    )
    random = torch.Generator().manual_seed(0)
    inputs = {name: torch.rand((2, *part.shape[1:2], 72, 104), generator=random) for name, part in example.items()}
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run([output], {name: part.numpy() for name, part in inputs.items()})[0]
    with torch.no_grad():
        want = network(*inputs.values()).numpy()
    return float(np.abs(got - want).max())


def main() -> None:
    """Export both networks and compare them with torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=RUN)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    pair = load(options.run)
    options.out.mkdir(parents=True, exist_ok=True)
    image, sigma = torch.rand(1, 3, 64, 64), torch.rand(1, 1, 64, 64)
    for name, network, example, output in (
        ("denoise", pair.denoiser, {"image": image, "sigma": sigma}, "residual"),
        ("noise", pair.estimator, {"image": image}, "level"),
    ):
        path = options.out / f"{name}.onnx"
        worst = write(network, example, output, path)
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, largest difference from torch {worst:.1e}")
        if worst > TOLERANCE:
            raise SystemExit(f"{path.name} does not compute what torch does.")


if __name__ == "__main__":
    main()
