"""A trained network as an ONNX file that computes what torch does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

WEIGHTS = Path(__file__).parents[1] / "src" / "daguerre" / "models" / "weights"
OPSET = 17
_LARGE = 1024
"""Numbers in a tensor from which storing them in half the bytes pays."""
_LARGEST = 500_000
"""The same for a quarter of the bytes."""


def averaged(network: nn.Module, run: Path) -> nn.Module:
    """``network`` with the averaged weights of the checkpoint in ``run``."""
    network.load_state_dict(torch.load(run / "last.pt", map_location="cpu")["average"])
    return network.eval()


def shipped(network: nn.Module, name: str, *, prefix: str = "") -> nn.Module:
    """``network`` with the weights that ship as ``name`` (an ONNX file that `write` made with or without ``half``).

    ``prefix`` begins their names there. What the file lacks stays as it is.
    """
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(WEIGHTS / name)).graph.initializer}
    state = network.state_dict()
    for key in state:
        for found in (f"{prefix}{key}", f"{prefix}{key}.half"):
            if found in stored:
                state[key] = torch.from_numpy(np.array(stored[found], np.float32))
    network.load_state_dict(state)
    return network


def write(
    network: nn.Module,
    example: dict[str, torch.Tensor],
    outputs: list[str],
    path: Path,
    *,
    tolerance: float,
    half: bool = False,
    quarter: bool = False,
    free: bool = True,
) -> None:
    """Export ``network`` with free batch and, where ``free``, height and width; ``half`` stores large tensors in
    float16, ``quarter`` the largest of them in 8 bits.

    Raises:
        SystemExit: where ONNX Runtime differs from torch by more than ``tolerance``.
    """
    names = (*example, *outputs)
    torch.onnx.export(
        network,
        tuple(example.values()),
        str(path),
        input_names=list(example),
        output_names=outputs,
        dynamic_axes={name: {0: "n", 2: f"{name}_h", 3: f"{name}_w"} if free else {0: "n"} for name in names},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load(str(path))
    model.producer_name, model.producer_version, model.doc_string = "daguerre", "", ""
    if half:
        _halve(model, quarter)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(outputs, {name: part.numpy() for name, part in example.items()})
    with torch.no_grad():
        said = network(*example.values())
    want = [said] if isinstance(said, torch.Tensor) else list(said)
    worst = max(float(np.abs(a - b.numpy()).max()) for a, b in zip(got, want, strict=True))
    print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, largest difference from torch {worst:.1e}")
    if worst > tolerance:
        raise SystemExit(f"{path.name} does not compute what torch does.")


def _halve(model: onnx.ModelProto, quarter: bool) -> None:
    """Store large tensors in float16 and, with ``quarter``, the largest in 8 bits and a scale for each row.

    Nodes that runtimes fold when they load the file make float32 of them again.
    """
    casts, scales = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < _LARGE:
            continue
        name = tensor.name
        if quarter and values.size >= _LARGEST:
            scale = np.abs(values).reshape(len(values), -1).max(1).reshape(-1, *[1] * (values.ndim - 1)) / 127
            scale = np.maximum(scale, 1e-12).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(np.rint(values / scale).astype(np.int8), f"{name}.byte"))
            scales.append(numpy_helper.from_array(scale, f"{name}.scale"))
            casts.append(helper.make_node("Cast", [f"{name}.byte"], [f"{name}.wide"], to=TensorProto.FLOAT))
            casts.append(helper.make_node("Mul", [f"{name}.wide", f"{name}.scale"], [name]))
            continue
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    model.graph.initializer.extend(scales)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
