"""A small model, and the catalog entry that describes it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from daguerre.models.catalog import Model


def blur(path: Path) -> Path:
    """Each channel's 3x3 mean, and the image itself."""
    weight = np.full((3, 1, 3, 3), 1 / 9, np.float32)
    shape = ["n", 3, "h", "w"]
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "kernel"], ["mean"], pads=[1, 1, 1, 1], group=3),
            helper.make_node("Sub", ["image", "mean"], ["detail"]),
        ],
        "blur",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [
            helper.make_tensor_value_info("mean", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("detail", TensorProto.FLOAT, shape),
        ],
        [numpy_helper.from_array(weight, "kernel")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def entry(path: Path, **fields: object) -> Model:
    data = path.read_bytes()
    values = {
        "id": "embedded/blur@1",
        "role": "blur",
        "tier": "embedded",
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size_bytes": len(data),
        "licence": "Apache-2.0",
        "purpose": "blurs",
        "adapter": "Blur",
        "tile": 64,
    }
    return Model(**{**values, **fields})  # type: ignore[arg-type]


@pytest.fixture
def blur_path(tmp_path: Path) -> Path:
    return blur(tmp_path / "blur.onnx")


@pytest.fixture
def blur_model(blur_path: Path) -> Model:
    return entry(blur_path)
