"""Write the trained network as ONNX and check that it says the same: ``python -m training.inpaint.export``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch

from daguerre.models.runtime.session import Session
from training import pictures
from training.inpaint.crops import Crops
from training.inpaint.network import Inpainter
from training.inpaint.train import RUNS, holes

WEIGHTS = Path(__file__).parents[2] / "src" / "daguerre" / "models" / "weights" / "inpaint.onnx"


def export(checkpoint: Path, target: Path) -> Inpainter:
    """Write the averaged network of ``checkpoint`` to ``target``; N, H and W stay free."""
    network = Inpainter().eval()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu")["average"])
    free = {0: "n", 2: "h", 3: "w"}
    torch.onnx.export(
        network,
        (torch.zeros(1, 3, 64, 64), torch.zeros(1, 1, 64, 64)),
        str(target),
        input_names=["image", "mask"],
        output_names=["residual"],
        dynamic_axes={"image": free, "mask": free, "residual": free},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(target))
    model.producer_name, model.producer_version, model.doc_string = "daguerre", "", ""
    onnx.checker.check_model(model)
    onnx.save(model, str(target))
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=RUNS / "inpaint" / "last.pt")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    network = export(options.checkpoint, options.out)
    filled, mask, _ = next(iter(Crops(pictures.load(), holes(), size=192, batch=4, seed=7)))
    with torch.no_grad():
        expected = network(filled, mask).numpy()
    for precision in ("fp32", "bf16"):
        session = Session(options.out, precision=precision)
        said = session.run({"image": filled.numpy(), "mask": mask.numpy()})["residual"]
        error = float(np.sqrt(np.mean(np.square(said - expected)[np.broadcast_to(mask.numpy() > 0, said.shape)])))
        spread = expected.std() * 255
        print(f"{session.providers}: {error * 255:.4f} of 255 from torch in the hole (residual {spread:.2f})")


if __name__ == "__main__":
    main()
