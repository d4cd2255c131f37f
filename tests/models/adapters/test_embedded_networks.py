"""The models for faces and color that come with the package, on photographs in the public domain."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from daguerre.config import Config
from daguerre.models import adapters
from daguerre.models.catalog import embedded
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline.colorize import Hint, predict_chroma

# Of the astronaut's face in scikit-image's photo of 512 pixels a side: x, y of the eyes, the nose, the mouth's corners.
LANDMARKS = np.array([[200, 102], [247, 103], [220, 125], [199, 143], [240, 144]], np.float32)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return ModelCache(embedded.catalog(), Store(folder), Config(data=folder, threads=2))


@pytest.fixture(scope="module")
def detector(cache):
    return cache.adapter(adapters.FACE_DETECTION, cache.model(adapters.FACE_DETECTION.name))


@pytest.fixture(scope="module")
def astronaut():
    return data.astronaut().astype(np.float32) / 255


def best(detections):
    order = np.argsort(-detections.scores)
    return detections.scores[order[0]], detections.boxes[order[0]], detections.landmarks[order[0]]


@pytest.mark.parametrize("look", ["color", "gray", "faded", "noisy"])
def test_a_face_is_found_with_its_landmarks(detector, astronaut, look):
    image = astronaut
    if look != "color":
        image = image.mean(2, keepdims=True).repeat(3, 2)
    if look == "faded":
        image = 0.35 + 0.3 * image
    if look == "noisy":
        image = np.clip(image + np.random.default_rng(0).normal(0, 0.08, image.shape), 0, 1).astype(np.float32)
    score, box, landmarks = best(detector(np.ascontiguousarray(image, np.float32)))
    assert score > 0.6
    assert np.abs(landmarks - LANDMARKS).max() < 12
    assert box[0] < 205 < 247 < box[0] + box[2]
    assert box[1] < 108 < 150 < box[1] + box[3]


@pytest.mark.parametrize("angle", [-40, -20, 20, 40])
def test_a_tilted_head_is_found(detector, astronaut, angle):
    turn = cv2.getRotationMatrix2D((226, 130), angle, 1)
    turned = cv2.warpAffine(astronaut, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    score, _, landmarks = best(detector(turned))
    assert score > 0.5
    assert np.abs(landmarks - (LANDMARKS @ turn[:, :2].T + turn[:, 2])).max() < 15


@pytest.mark.parametrize("size", [24, 40, 160])
def test_faces_of_other_sizes_are_found(detector, astronaut, size):
    scale = size / 90
    image = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:900, :900]
    score, _, landmarks = best(detector(np.ascontiguousarray(image)))
    assert score > 0.5
    assert np.abs(landmarks - LANDMARKS * scale).max() < 0.15 * size


@pytest.mark.parametrize("picture", ["coffee", "brick", "rocket", "text"])
def test_things_are_no_faces(detector, picture):
    image = getattr(data, picture)()
    image = image if image.ndim == 3 else np.stack([image] * 3, 2)
    scores = detector(np.ascontiguousarray(image[:640, :640]).astype(np.float32) / 255).scores
    assert not (scores > 0.6).any()


def test_a_soft_face_gets_sharper_and_nearer_to_the_true_one(cache, astronaut):
    enhancer = cache.adapter(adapters.FACE_RESTORATION, cache.model(adapters.FACE_RESTORATION.name))
    true = cv2.resize(astronaut[40:230, 130:320], (enhancer.size, enhancer.size), interpolation=cv2.INTER_CUBIC)
    true = np.clip(true, 0, 1)
    small = cv2.resize(true, (80, 80), interpolation=cv2.INTER_AREA)
    small = np.clip(small + np.random.default_rng(0).normal(0, 0.015, small.shape), 0, 1).astype(np.float32)
    soft = np.clip(cv2.resize(small, (enhancer.size, enhancer.size), interpolation=cv2.INTER_CUBIC), 0, 1)
    made = enhancer(soft, 0.5)
    assert made.shape == soft.shape and made.dtype == np.float32
    assert np.mean((made - true) ** 2) < np.mean((soft - true) ** 2)


def test_gray_faces_stay_nearly_gray(cache, astronaut):
    enhancer = cache.adapter(adapters.FACE_RESTORATION, cache.model(adapters.FACE_RESTORATION.name))
    gray = cv2.resize(astronaut[40:230, 130:320].mean(2), (enhancer.size, enhancer.size))
    made = enhancer(np.stack([gray] * 3, 2), 0.5)
    assert np.ptp(made, axis=2).mean() < 0.02


@pytest.fixture(scope="module")
def colorizer(cache):
    return cache.adapter(adapters.COLORIZE, cache.model(adapters.COLORIZE.name))


def test_skin_is_warm(colorizer, astronaut):
    lab = cv2.cvtColor(astronaut, cv2.COLOR_RGB2LAB)
    light = cv2.resize(lab[..., 0], (colorizer.side, colorizer.side), interpolation=cv2.INTER_AREA)
    chroma = colorizer(light)
    scale = chroma.shape[0] / 512
    cheek = chroma[round(118 * scale) : round(150 * scale), round(205 * scale) : round(250 * scale)].mean((0, 1))
    assert chroma.shape[2] == 2
    assert cheek[0] > 4 and cheek[1] > 4


def test_a_hint_pulls_its_neighborhood(colorizer, astronaut):
    light = cv2.resize(cv2.cvtColor(astronaut, cv2.COLOR_RGB2LAB)[..., 0], (256, 256), interpolation=cv2.INTER_AREA)
    hint = Hint(x=103, y=203, a=-40, b=30)
    without, hinted = (predict_chroma(light, colorizer, known)[200:208, 100:108].mean((0, 1)) for known in ([], [hint]))
    assert np.hypot(*(hinted - (-40, 30))) < 0.6 * np.hypot(*(without - (-40, 30)))


@pytest.mark.parametrize("shape", [(250, 131), (33, 256), (1, 1)])
def test_any_shape_is_colored(colorizer, shape):
    light = np.full(shape, 50, np.float32)
    assert colorizer(light).shape == (-(-shape[0] // 4), -(-shape[1] // 4), 2)
