"""The adapters of published models for faces, against small models of the same signatures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from skimage import data

from daguerre.models.adapters.codeformer import CodeFormer
from daguerre.models.adapters.gfpgan import GFPGAN
from daguerre.models.adapters.mobilefacenet import MobileFaceNet
from daguerre.models.adapters.sface import SFace
from daguerre.models.adapters.yunet import YuNet
from daguerre.models.runtime.session import Session
from tests.models.entries import load

FLOAT, DOUBLE = TensorProto.FLOAT, TensorProto.DOUBLE


def stored(path: Path, nodes, inputs, outputs, constants) -> Session:
    graph = helper.make_graph(
        [helper.make_node(kind, list(args), [out], **more) for kind, args, out, more in nodes],
        "small",
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs],
        [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in outputs],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return Session(path, threads=1, precision="fp32")


FACE = ("input", FLOAT, [1, 3, 512, 512])


def test_gfpgan_takes_and_gives_minus_one_to_one(tmp_path):
    session = stored(
        tmp_path / "g.onnx",
        [("Mul", ("input", "gain"), "output", {})],
        [FACE],
        [("output", FLOAT, [1, 3, 512, 512])],
        {"gain": np.array(0.5, np.float32)},
    )
    face = np.random.default_rng(0).random((512, 512, 3)).astype(np.float32)
    made = GFPGAN(load(session, window=512, input_range=(-1, 1)))(face, 0.5)
    assert np.allclose(made, 0.5 + (face - 0.5) / 2, atol=1e-5)


def test_codeformer_is_told_the_fidelity(tmp_path):
    session = stored(
        tmp_path / "c.onnx",
        [("Cast", ("weight",), "told", {"to": FLOAT}), ("Mul", ("input", "told"), "output", {})],
        [FACE, ("weight", DOUBLE, [1])],
        [("output", FLOAT, [1, 3, 512, 512])],
        {},
    )
    face = np.full((512, 512, 3), 0.9, np.float32)
    adapter = CodeFormer(load(session, window=512, input_range=(-1, 1)))
    assert np.allclose(adapter(face, 1.0), 0.9, atol=1e-5)
    assert np.allclose(adapter(face, 0.25), 0.6, atol=1e-5)


@pytest.mark.parametrize(
    ("adapter", "name", "mean"), [(SFace, "data", [127.5, 63.75, 25.5]), (MobileFaceNet, "input0", None)]
)
def test_embeddings_see_the_channels_in_their_order_and_have_length_one(tmp_path, adapter, name, mean):
    session = stored(
        tmp_path / "i.onnx",
        [("ReduceMean", (name,), "v", {"axes": [2, 3], "keepdims": 0})],
        [(name, FLOAT, [1, 3, 112, 112])],
        [("v", FLOAT, [1, 3])],
        {},
    )
    face = np.ones((112, 112, 3), np.float32) * np.array([0.1, 0.25, 0.5], np.float32)
    vector = adapter(load(session, window=112, input_range=(0, 255)))(face)
    if mean is None:
        mean = (np.array([0.1, 0.25, 0.5]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert np.allclose(vector, np.array(mean) / np.linalg.norm(mean), atol=1e-4)


SEEN = {"tile": 640, "halo": 96, "multiple": 32, "input_range": (0, 255)}


def yunet_file(path: Path, stride: int, cell: int) -> Session:
    """A model of YuNet's signature that sees one face, in one cell of one stride."""
    nodes, outputs, constants = (
        [("ReduceMean", ("input",), "zero", {"keepdims": 1}), ("Mul", ("zero", "none"), "nil", {})],
        [],
        {},
    )
    constants["none"] = np.array(0, np.float32)
    for each in (8, 16, 32):
        count = (640 // each) ** 2
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            value = np.zeros((1, count, width), np.float32)
            if each == stride:
                value[0, cell] = {
                    "cls": [0.81],
                    "obj": [1.0],
                    "bbox": [0.5, 0.5, np.log(4), np.log(5)],
                    "kps": np.arange(10) / 10,
                }[name]
            constants[f"{name}{each}"] = value
            nodes += [
                ("Reshape", ("nil", "one"), f"z_{name}{each}", {}),
                ("Add", (f"{name}{each}", f"z_{name}{each}"), f"{name}_{each}", {}),
            ]
            outputs.append((f"{name}_{each}", FLOAT, [1, count, width]))
    constants["one"] = np.array([1], np.int64)
    return stored(path, nodes, [("input", FLOAT, [1, 3, 640, 640])], outputs, constants)


def test_yunet_is_decoded_as_published(tmp_path):
    adapter = YuNet(load(yunet_file(tmp_path / "y.onnx", 16, 40 * 3 + 7), **SEEN))
    found = adapter(np.zeros((480, 640, 3), np.float32))
    assert len(found.scores) == 1
    assert found.scores[0] == pytest.approx(0.9, abs=1e-4)
    assert np.allclose(found.boxes[0], [7.5 * 16 - 32, 3.5 * 16 - 40, 64, 80], atol=1e-2)
    assert np.allclose(found.landmarks[0, 1], [(7 + 0.2) * 16, (3 + 0.3) * 16], atol=1e-2)


def test_yunet_itself_says_what_opencv_reads(judges):
    file = judges / "face_detection_yunet_2023mar.onnx"
    image = data.astronaut()
    found = YuNet(load(Session(file, threads=1, precision="fp32"), **SEEN))(image.astype(np.float32) / 255)
    best = int(np.argmax(found.scores))
    reader = cv2.FaceDetectorYN.create(str(file), "", (640, 640), 0.6, 0.3, 50)
    canvas = np.zeros((640, 640, 3), np.uint8)
    canvas[:512, :512] = image[..., ::-1]
    row = reader.detect(canvas)[1][0]
    assert found.scores[best] == pytest.approx(row[14], abs=0.02)
    assert np.allclose(found.boxes[best], row[:4], atol=1.5)
    assert np.allclose(found.landmarks[best].ravel(), row[4:14], atol=1.5)
