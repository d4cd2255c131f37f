"""The adapters of LaMa and MI-GAN, against small models of their signatures, alone and in the pipeline."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import daguerre
from daguerre.config import Config
from daguerre.models.adapters.lama import LaMa
from daguerre.models.adapters.migan import MiGan
from daguerre.models.catalog import Catalog, Model, embedded
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.models.runtime.session import Session
from daguerre.pipeline.inpaint import windows
from daguerre.progress import Track
from tests.models.entries import load

FLOAT, BYTE = TensorProto.FLOAT, TensorProto.UINT8


def graph(path: Path, nodes, inputs, output, constants) -> Path:
    made = helper.make_graph(
        [helper.make_node(kind, list(args), [out], **more) for kind, args, out, more in nodes],
        "small",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(*output)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def lama_file(path: Path) -> Path:
    """Fills the hole with the mean of what is known: 0-1 in, 0-255 out."""
    nodes = [
        ("Sub", ("one", "mask"), "known", {}),
        ("Mul", ("image", "known"), "seen", {}),
        ("ReduceSum", ("seen", "axes"), "sum", {"keepdims": 1}),
        ("ReduceSum", ("known", "axes"), "count", {"keepdims": 1}),
        ("Div", ("sum", "count"), "mean", {}),
        ("Mul", ("mean", "mask"), "patch", {}),
        ("Add", ("seen", "patch"), "filled", {}),
        ("Mul", ("filled", "white"), "output", {}),
    ]
    return graph(
        path,
        nodes,
        [("image", FLOAT, [1, 3, 512, 512]), ("mask", FLOAT, [1, 1, 512, 512])],
        ("output", FLOAT, [1, 3, 512, 512]),
        {"one": np.array(1, np.float32), "white": np.array(255, np.float32), "axes": np.array([2, 3], np.int64)},
    )


def migan_file(path: Path) -> Path:
    """Fills the hole with 200, bytes in and out; the mask is 0 in the hole."""
    nodes = [
        ("Equal", ("mask", "zero"), "hole", {}),
        ("Where", ("hole", "fill", "image"), "result", {}),
    ]
    return graph(
        path,
        nodes,
        [("image", BYTE, [1, 3, "h", "w"]), ("mask", BYTE, [1, 1, "h", "w"])],
        ("result", BYTE, [1, 3, "h", "w"]),
        {"zero": np.array(0, np.uint8), "fill": np.array(200, np.uint8)},
    )


def loaded(path: Path, adapter):
    return adapter(load(Session(path, threads=1, precision="fp32"), window=512))


def test_lama_speaks_0_to_1_and_answers_0_to_255(tmp_path):
    image = np.full((512, 512, 3), 0.25, np.float32)
    hole = np.zeros((512, 512), np.float32)
    hole[100:200, 100:200] = 1
    image[hole > 0] = 0.9
    assert np.allclose(image + loaded(lama_file(tmp_path / "l.onnx"), LaMa)(image, hole), 0.25, atol=1e-3)


def test_migan_speaks_bytes_and_knows_what_is_white(tmp_path):
    image = np.full((512, 512, 3), 0.5, np.float32)
    hole = np.zeros((512, 512), np.float32)
    hole[10:20, 30:40] = 1
    filled = image + loaded(migan_file(tmp_path / "m.onnx"), MiGan)(image, hole)
    assert np.allclose(filled[10:20, 30:40], 200 / 255, atol=1e-3)
    filled[10:20, 30:40] = 0.5
    assert np.allclose(filled, 0.5, atol=3e-3)


@pytest.mark.parametrize("size", [(300, 420), (900, 1300)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_only_the_damage_is_filled(tmp_path, size, dtype, channels):
    white = np.iinfo(dtype).max
    photo = np.full((*size, channels), white // 4, dtype)
    mask = np.zeros(size, bool)
    mask[20:26, 10 : size[1] - 10] = True
    mask[150:260, 200:300] = True
    mask[0:5, 0:5] = True
    photo[mask] = white
    model = loaded(lama_file(tmp_path / "l.onnx"), LaMa)
    filled = windows.fill_by_windows(photo, mask, model, track=Track())
    assert filled.dtype == dtype and filled.shape == photo.shape
    assert np.array_equal(filled[~mask], photo[~mask])
    assert np.abs(filled[mask].astype(float) / white - 0.25).max() < 0.02


def test_a_hole_larger_than_a_window_is_filled_from_coarse_to_fine(tmp_path):
    photo = np.full((1600, 1800, 3), 64, np.uint8)
    mask = np.zeros((1600, 1800), bool)
    mask[100:1500, 150:1700] = True
    photo[mask] = 255
    filled = windows.fill_by_windows(photo, mask, loaded(lama_file(tmp_path / "l.onnx"), LaMa), track=Track())
    assert np.array_equal(filled[~mask], photo[~mask])
    assert np.abs(filled.astype(int) - 64).max() <= 3


def test_windows_cover_the_damage_once_and_leave_context():
    random = np.random.default_rng(3)
    mask = np.zeros((1500, 2000), bool)
    for _ in range(40):
        y, x = random.integers(0, 1490), random.integers(0, 1990)
        mask[y : y + 8, x : x + random.integers(4, 700)] = True
    covered = np.zeros_like(mask)
    for window in windows.lay_windows(mask, 512):
        covered[window.rows, window.columns] = True
        for part, start, length in ((window.rows, window.top, 1500), (window.columns, window.left, 2000)):
            assert 0 <= start <= length - 512 and start <= part.start and part.stop <= start + 512
            assert part.start - start >= 80 or start == 0
    assert covered[mask].all()


@pytest.mark.parametrize(("name", "adapter", "make"), [("lama", "LaMa", lama_file), ("migan", "MiGan", migan_file)])
def test_an_installed_model_fills_photos(tmp_path, name, adapter, make):
    folder = tmp_path / "models"
    folder.mkdir()
    data = make(folder / "n.onnx").read_bytes()
    entry = Model(
        id=f"full/{name}@1",
        role="inpaint",
        tier="full",
        file="n.onnx",
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        licence="MIT",
        purpose="",
        adapter=adapter,
        window=512,
        urls=("https://example.org/n.onnx",),
    )
    config = Config(data=tmp_path, threads=1)
    cache = ModelCache(Catalog(*embedded.catalog(), entry), Store(folder), config)
    photo = np.full((400, 600, 3), 100, np.uint8)
    mask = np.zeros((400, 600), np.uint8)
    mask[100:108, 50:500] = 255
    photo[mask > 0] = 255
    result = daguerre.Restorer(config=config, cache=cache).restore(
        daguerre.Photo(photo, "png"), mask=mask, denoise=False, face_enhancement=False
    )
    assert result.models["inpaint"] == f"full/{name}@1"
    expected = 100 if name == "lama" else 200
    assert np.abs(result.photo.pixels[mask > 0].astype(int) - expected).max() <= 2
    assert np.array_equal(result.photo.pixels[mask == 0], photo[mask == 0])
