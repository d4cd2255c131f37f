"""The adapter of the embedded face enhancer, against a small model of its signature."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from daguerre.models.adapters.portrait import Portrait
from daguerre.models.runtime.session import Session
from tests.models.entries import load

SHAPE = [1, 3, "height", "width"]


@pytest.fixture
def adapter(tmp_path):
    """Around a model that adds a quarter of what it sees, the red of it doubled."""
    graph = helper.make_graph(
        [helper.make_node("Mul", ["image", "share"], ["residual"])],
        "small",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, SHAPE)],
        [helper.make_tensor_value_info("residual", TensorProto.FLOAT, SHAPE)],
        [numpy_helper.from_array(np.array([0.5, 0.25, 0.25], np.float32).reshape(1, 3, 1, 1), "share")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "face.onnx")
    session = Session(tmp_path / "face.onnx", threads=1, precision="fp32")
    return Portrait(load(session, multiple=32, window=128))


def test_what_is_seen_at_other_sizes_and_mirrored_comes_back_to_its_place(adapter):
    y, x = np.mgrid[:128, :128].astype(np.float32) / 128
    face = np.stack([0.1 + 0.4 * x, 0.1 + 0.5 * y, 0.2 + 0.3 * x * y], 2)
    made = adapter(face, 0.5)
    assert made.shape == face.shape and made.dtype == np.float32
    # At the edges enlarging has less to go by.
    assert np.allclose(made[2:-2, 2:-2], (face * [1.5, 1.25, 1.25])[2:-2, 2:-2], atol=2e-3)


def test_the_result_stays_between_black_and_white(adapter):
    assert adapter(np.ones((128, 128, 3), np.float32), 0.5).max() == 1
