"""Published colorizers, by small files of the same signatures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from daguerre.errors import ModelFailed
from daguerre.models.adapters.chroma_hints import ChromaHints
from daguerre.models.adapters.ddcolor import DDColor
from daguerre.models.adapters.siggraph17 import Siggraph17
from daguerre.models.catalog import Model
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.models.runtime.session import Session
from tests.models.entries import load


def saved(path: Path, inputs: dict[str, list], weights: dict[str, list], bias: list, side: object) -> Session:
    """``output`` [1, 2, N, N]: a weighted sum of the planes of all inputs, side by side."""
    weight = np.concatenate([np.array(weights[name], np.float32) for name in inputs], 1)[:, :, None, None]
    graph = helper.make_graph(
        [
            helper.make_node("Concat", list(inputs), ["all"], axis=1),
            helper.make_node("Conv", ["all", "weight", "bias"], ["output"]),
        ],
        "colors",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 2, side, side])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array(bias, np.float32), "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return Session(path, device="cpu", precision="fp32")


def ramp(height: int, width: int) -> np.ndarray:
    return np.broadcast_to(np.linspace(5, 95, width, dtype=np.float32), (height, width)).copy()


class TestDDColor:
    @staticmethod
    def model(path: Path, side: object) -> Session:
        weights = {"input": [[10, 20, 30], [-5, 0, 5]]}
        return saved(path / "ddcolor.onnx", {"input": [1, 3, side, side]}, weights, [1, 2], side)

    @pytest.mark.parametrize("side", [64, 96])
    def test_it_is_fed_the_gray_of_lightness_in_squares_of_the_files_size(self, tmp_path, side):
        adapter = DDColor(load(self.model(tmp_path, side), window=512))
        assert (adapter.side, adapter.square, adapter.takes_hints) == (side, True, False)
        lightness = ramp(side, side)
        chroma = adapter(lightness)
        assert chroma.shape == (side, side, 2)
        lab = np.zeros((side, side, 3), np.float32)
        lab[..., 0] = lightness
        gray = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
        assert np.ptp(gray, axis=2).max() < 1e-3
        assert np.allclose(chroma[..., 0], 60 * gray[..., 1] + 1, atol=0.05)
        assert np.allclose(chroma[..., 1], 2, atol=0.05)

    def test_the_entry_says_the_size_where_the_file_leaves_it_open(self, tmp_path):
        adapter = DDColor(load(self.model(tmp_path, "n"), window=64))
        assert adapter.side == 64

    def test_other_sizes_are_fitted(self, tmp_path):
        adapter = DDColor(load(self.model(tmp_path, 64), window=512))
        whole = adapter(ramp(64, 64))
        for shape in ((200, 100), (1, 500), (9, 7)):
            assert np.abs(adapter(ramp(*shape)) - whole).mean() < 2, shape

    def test_a_file_that_gives_something_else_fails_with_a_sentence(self, tmp_path):
        session = saved(tmp_path / "other.onnx", {"input": [1, 1, 64, 64]}, {"input": [[1], [2]]}, [0, 0], 64)
        with pytest.raises(ModelFailed):
            DDColor(load(session, window=512))(ramp(64, 64))


class TestSiggraph17:
    @staticmethod
    def single(path: Path) -> Session:
        return saved(path / "s.onnx", {"input": [1, 1, 64, 64]}, {"input": [[0.5], [-0.25]]}, [1, 2], 64)

    @staticmethod
    def triple(path: Path, names: tuple[str, str, str] = ("input_A", "input_B", "mask_B")) -> Session:
        light, colors, mask = names
        shapes = {light: [1, 1, 64, 64], colors: [1, 2, 64, 64], mask: [1, 1, 64, 64]}
        weights = {light: [[0.5], [0]], colors: [[1, 0], [0, 1]], mask: [[100], [200]]}
        return saved(path / "s.onnx", shapes, weights, [0, 0], 64)

    def test_lightness_goes_in_as_it_is(self, tmp_path):
        adapter = Siggraph17(load(self.single(tmp_path), window=512))
        assert (adapter.side, adapter.square, adapter.takes_hints) == (64, True, False)
        lightness = ramp(64, 64)
        chroma = adapter(lightness)
        assert np.allclose(chroma[..., 0], 0.5 * lightness + 1, atol=0.05)
        assert np.allclose(chroma[..., 1], 2 - 0.25 * lightness, atol=0.05)

    @pytest.mark.parametrize("names", [("input_A", "input_B", "mask_B"), ("x", "y", "z")])
    def test_hints_go_in_where_the_file_takes_them(self, tmp_path, names):
        adapter = Siggraph17(load(self.triple(tmp_path, names), window=512))
        assert adapter.takes_hints
        hints = np.zeros((64, 64, 3), np.float32)
        hints[10:13, 20:23] = (7, -9, 1)
        chroma = adapter(ramp(64, 64), hints)
        assert np.allclose(chroma[11, 21], (0.5 * ramp(64, 64)[11, 21] + 7 + 100, -9 + 200), atol=0.1)
        assert np.allclose(chroma[30, 40], (0.5 * ramp(64, 64)[30, 40], 0), atol=0.1)
        assert np.allclose(adapter(ramp(64, 64))[11, 21], (0.5 * ramp(64, 64)[11, 21], 0), atol=0.1)

    def test_hints_of_another_size_keep_their_color(self, tmp_path):
        adapter = Siggraph17(load(self.triple(tmp_path), window=512))
        hints = np.zeros((128, 192, 3), np.float32)
        hints[60:66, 90:99] = (7, -9, 1)
        chroma = adapter(np.zeros((128, 192), np.float32), hints)
        assert np.allclose(chroma[31, 31], (107, 191), atol=0.5)

    def test_another_kind_of_file_is_refused(self, tmp_path):
        session = saved(tmp_path / "rgb.onnx", {"input": [1, 3, 64, 64]}, {"input": [[1, 1, 1], [0, 0, 0]]}, [0, 0], 64)
        with pytest.raises(ModelFailed, match="not a colorizer"):
            Siggraph17(load(session, window=512))


@pytest.mark.parametrize("stride", [2, 4])
def test_chroma_of_any_stride_covers_the_photo_and_no_more(tmp_path, stride):
    graph = helper.make_graph(
        [
            helper.make_node("Concat", ["lightness", "hints"], ["all"], axis=1),
            helper.make_node("AveragePool", ["all"], ["small"], kernel_shape=[stride] * 2, strides=[stride] * 2),
            helper.make_node("Conv", ["small", "weight"], ["chroma"]),
        ],
        "colors",
        [
            helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, "h", "w"]),
            helper.make_tensor_value_info("hints", TensorProto.FLOAT, [1, 3, "h", "w"]),
        ],
        [helper.make_tensor_value_info("chroma", TensorProto.FLOAT, [1, 2, "i", "j"])],
        [numpy_helper.from_array(np.float32([[100, 0, 0, 0], [0, 0, 0, 50]])[:, :, None, None], "weight")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "c.onnx")
    entry = Model(
        "a/c@1", "colorize", "full", "c.onnx", "", 0, "MIT", "c", adapter="ChromaHints", multiple=32, window=256
    )
    colorizer = ChromaHints(LoadedModel(entry, Session(tmp_path / "c.onnx", device="cpu", precision="fp32")))
    hints = np.zeros((45, 77, 3), np.float32)
    hints[:20, :, 2] = 1
    chroma = colorizer(ramp(45, 77), hints)
    assert chroma.shape == (-(-45 // stride), -(-77 // stride), 2)
    assert np.allclose(
        chroma[0, :, 0], ramp(45, 77)[0, : 76 // stride * stride + 1 : stride][: chroma.shape[1]], atol=8
    )
    assert (chroma[2, 2, 1], chroma[-1, 2, 1]) == (50, 0)
