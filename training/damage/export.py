"""Write the trained detector as ONNX: ``python -m training.damage.export``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from training.damage.network import CONTEXT, Detector, Published
from training.denoise.export import OPSET, TOLERANCE, WEIGHTS


def main() -> None:
    """Export the averaged network and compare it with torch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/damage"))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    detector = Detector()
    detector.load_state_dict(torch.load(options.run / "last.pt", map_location="cpu")["average"])
    network = Published(detector).eval()
    example = {
        "image": torch.rand(1, 3, 64, 96),
        "coarse": torch.rand(1, 1, 64, 96),
        "context": torch.rand(1, CONTEXT, 8, 12),
    }
    outputs = ["probability", "told"]
    path = options.out / "damage.onnx"
    torch.onnx.export(
        network,
        tuple(example.values()),
        str(path),
        input_names=list(example),
        output_names=outputs,
        dynamic_axes={name: {0: "n", 2: f"{name}_h", 3: f"{name}_w"} for name in (*example, *outputs)},
        opset_version=OPSET,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(outputs, {name: part.numpy() for name, part in example.items()})
    with torch.no_grad():
        want = network(*example.values())
    worst = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(got, want, strict=True))
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, largest difference from torch {worst:.1e}")
    if worst > TOLERANCE:
        raise SystemExit(f"{path.name} does not compute what torch does.")


if __name__ == "__main__":
    main()
