"""A model is added by an entry and an adapter, and by nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import daguerre
from daguerre.config import Config
from daguerre.errors import ModelFailed
from daguerre.imaging.photo import Pixels
from daguerre.models import adapters
from daguerre.models.catalog import Catalog, Model, embedded, known
from daguerre.models.install.store import Store
from daguerre.models.roles import Floats, MaskRule, Probability
from daguerre.models.runtime.cache import ModelCache
from daguerre.models.runtime.loaded import LoadedModel
from daguerre.progress import Track
from daguerre.tiling.blending import measure_tiles
from daguerre.tiling.geometry import Tile, split

IMAGE = [1, 3, "height", "width"]


def saved(path: Path, nodes: list, inputs: list[str], output: str, **constants: np.ndarray) -> Path:
    graph = helper.make_graph(
        [helper.make_node(kind, list(args), [out], **more) for kind, args, out, more in nodes],
        "small",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, IMAGE) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, IMAGE)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def entry(path: Path, name: str, adapter: str, **fields: object) -> Model:
    data = path.read_bytes()
    return Model(
        id=f"full/{name}@1",
        role="denoise",
        tier="full",
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        licence="MIT",
        purpose="removes noise",
        adapter=adapter,
        urls=("https://example.org/model.onnx",),
        **fields,  # type: ignore[arg-type]
    )


def restorer(tmp_path: Path, *entries: Model) -> daguerre.Restorer:
    config = Config(data=tmp_path, threads=1, device="cpu", precision="fp32")
    return daguerre.Restorer(
        config=config, cache=ModelCache(Catalog(*embedded.catalog(), *entries), Store(tmp_path), config)
    )


def noisy(height: int = 150, width: int = 210) -> daguerre.Photo:
    """A soft ramp under noise of sigma 25."""
    ramp = np.linspace(60, 190, width)[None, :, None] + np.linspace(-20, 20, height)[:, None, None]
    noise = 25 * np.random.default_rng(0).standard_normal((height, width, 3))
    return daguerre.Photo(np.clip(ramp + noise, 0, 255).astype(np.uint8), "png")


class Toy:
    """Calls noise what a mean over 3 x 3 pixels takes away."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session
        self.shapes: set[tuple[int, ...]] = set()

    def __call__(self, window: Floats, sigma: Floats) -> Floats:
        assert sigma.shape == (1, 1, *window.shape[2:]) and 0.05 < sigma.mean() < 0.2
        SHAPES.add(window.shape)
        noise: Floats = self._session.run({"x": window})["y"]
        return noise


SHAPES: set[tuple[int, ...]] = set()


def test_a_toy_denoiser_needs_an_entry_and_an_adapter(tmp_path, monkeypatch):
    file = saved(
        tmp_path / "toy.onnx",
        [("Conv", ("x", "kernel"), "mean", {"pads": [1, 1, 1, 1], "group": 3}), ("Sub", ("x", "mean"), "y", {})],
        ["x"],
        "y",
        kernel=np.full((3, 1, 3, 3), 1 / 9, np.float32),
    )
    monkeypatch.setitem(adapters.DENOISE.adapters, "Toy", Toy)
    SHAPES.clear()
    photo = noisy()
    toy = entry(file, "toy", "Toy", tile=128, halo=8, multiple=16)
    result = restorer(tmp_path, toy).restore(photo, scratch_removal=False, face_enhancement=False)
    assert result.models["denoise"] == "full/toy@1" and result.steps == ["denoise"]
    assert result.photo.pixels.std() < photo.pixels.std()
    # The entry's tile and multiple are what runs.
    (shape,) = SHAPES
    assert max(shape[2:]) <= 128 and shape[2] % 16 == shape[3] % 16 == 0


class SCUNet:
    """SCUNet (Zhang et al., 2022): blind, RGB 0-1 in, the same without noise out."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.tiling = loaded.model.tiling
        self._session = loaded.session

    def __call__(self, window: Floats, sigma: Floats) -> Floats:
        del sigma
        assert window.shape[2] % 64 == window.shape[3] % 64 == 0
        (clean,) = self._session.run({self._session.input_names[0]: window}).values()
        return np.asarray(window - clean, np.float32)


def test_scunets_signature_fits(tmp_path, monkeypatch):
    """Windows in multiples of 64, image to image, without a noise level."""
    file = saved(
        tmp_path / "scunet.onnx",
        [("AveragePool", ("input",), "output", {"kernel_shape": [5, 5], "pads": [2, 2, 2, 2]})],
        ["input"],
        "output",
    )
    monkeypatch.setitem(adapters.DENOISE.adapters, "SCUNet", SCUNet)
    photo = noisy(300, 430)
    scunet = entry(file, "scunet", "SCUNet", tile=320, halo=32, multiple=64)
    result = restorer(tmp_path, scunet).restore(photo, scratch_removal=False, face_enhancement=False)
    assert result.models["denoise"] == "full/scunet@1"
    inside = np.s_[10:-10, 10:-10]
    residue = result.photo.pixels[inside].astype(float) - np.linspace(60, 190, 430)[None, 10:-10, None]
    assert (residue - residue.mean((1, 2), keepdims=True)).std() < 8


def test_an_entry_whose_adapter_is_missing_does_not_run(tmp_path):
    file = saved(tmp_path / "a.onnx", [("Identity", ("x",), "y", {})], ["x"], "y")
    stranger = entry(file, "stranger", "Nobody", tile=128, halo=8)
    with pytest.raises(ModelFailed, match="full/stranger@1 cannot be called: no adapter Nobody for denoise"):
        restorer(tmp_path, stranger).restore(noisy(), scratch_removal=False, face_enhancement=False)


def test_every_known_model_names_an_adapter_of_its_role():
    table = {role.name: role.adapters for role in adapters.ROLES}
    models = known.known()
    pieces = {part for model in models for part in model.parts}
    for model in models:
        assert model.id in pieces or model.adapter in table[model.role], model.id
    for made in table.values():
        assert all(adapter.__name__ == name for name, adapter in made.items())


def test_a_model_of_parts_gets_their_sessions(tmp_path, monkeypatch):
    for name in ("first", "second"):
        saved(tmp_path / f"{name}.onnx", [("Identity", (name,), "y", {})], [name], "y")
    second = entry(tmp_path / "second.onnx", "second", "None", tile=128, halo=8)
    second = dataclasses.replace(second, role="part")
    first = entry(tmp_path / "first.onnx", "first", "Pair", tile=128, halo=8, parts=(second.id,))
    seen: list[tuple[str, ...]] = []

    def pair(loaded: LoadedModel) -> object:
        seen.extend(session.input_names for session in loaded.sessions)
        return loaded

    monkeypatch.setitem(adapters.DENOISE.adapters, "Pair", pair)
    cache = restorer(tmp_path, second, first).cache
    cache.adapter(adapters.DENOISE, cache.model("denoise"))
    assert seen == [("first",), ("second",)]
    (tmp_path / "second.onnx").unlink()
    assert cache.model("denoise").id == "embedded/denoise@1"


class Brightest:
    """Takes for damage what is brighter than anything, as its model says of halves of the photo, and of it itself."""

    # Of what it marks it is never surer than 0.62.
    rule = MaskRule(threshold=0.4, seed=0, wide=0, certain=0, evidence=1)

    def __init__(self, loaded: LoadedModel) -> None:
        self._tiling = loaded.model.tiling
        self._session = loaded.session

    def find(self, pixels: Pixels, sensitivity: float, track: Track) -> Probability:
        assert sensitivity == 70
        half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)[..., None]
        wide, fine = (
            measure_tiles(level, self._look, split(*level.shape[:2], self._tiling), track, dtype=np.uint8)[..., 0]
            for level in (half, pixels)
        )
        return np.asarray(np.maximum(fine, cv2.resize(wide, fine.shape[::-1])), np.uint8)

    def _look(self, window: Floats, tile: Tile) -> Floats:
        bright: Floats = self._session.run({"x": window})["y"][:, :1]
        return bright


def test_another_damage_detector_needs_no_change_of_its_step(tmp_path, monkeypatch):
    """It chooses its levels, walks them itself, and brings its own rule for the mask."""
    file = saved(
        tmp_path / "bright.onnx",
        [("Sub", ("x", "level"), "above", {}), ("Mul", ("above", "steep"), "s", {}), ("Sigmoid", ("s",), "y", {})],
        ["x"],
        "y",
        level=np.array(0.9, np.float32),
        steep=np.array(5, np.float32),
    )
    monkeypatch.setitem(adapters.DAMAGE.adapters, "Brightest", Brightest)
    photo = daguerre.Photo(np.full((200, 300, 1), 120, np.uint8), "png")
    photo.pixels[40:46, 20:280] = 255
    bright = dataclasses.replace(entry(file, "bright", "Brightest", tile=128, halo=8, multiple=8), role="damage")
    result = restorer(tmp_path, bright).restore(photo, scratch_sensitivity=70, face_enhancement=False, denoise=False)
    assert result.models["damage"] == "full/bright@1" and result.steps == ["scratch_removal"]
    assert result.damage_mask is not None and result.damage_mask[40:46, 20:280].all()
    assert 1560 <= np.count_nonzero(result.damage_mask) < 6000
    assert np.abs(result.photo.pixels.astype(int) - 120).max() < 25
