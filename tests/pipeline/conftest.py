"""The embedded models; a drawn scene, and noise for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from daguerre.config import Config
from daguerre.models.adapters import Role
from daguerre.models.catalog.embedded import catalog
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache

Bytes = npt.NDArray[np.uint8]


def draw_scene(height: int = 320, width: int = 400) -> Bytes:
    """A sky, hills, a house and people of sorts, ``[H, W, 3]`` uint8, as soft as a photo."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    picture = np.stack([60 + 120 * y / height, 110 + 60 * x / width, 190 - 100 * y / height], 2)
    random = np.random.default_rng(4)
    for _ in range(40):
        center = (int(random.integers(width)), int(random.integers(height)))
        color = tuple(float(value) for value in random.integers(30, 225, 3))
        axes = (int(random.integers(5, 60)), int(random.integers(5, 60)))
        cv2.ellipse(picture, center, axes, float(random.integers(180)), 0, 360, color, -1, cv2.LINE_AA)
    return np.asarray(np.rint(cv2.GaussianBlur(picture, (0, 0), 0.8)), np.uint8)


def add_noise(picture: Bytes, sigma: float, seed: int = 0) -> Bytes:
    """Gaussian noise, the same in all channels where there is but one."""
    noisy = picture + sigma * np.random.default_rng(seed).standard_normal(picture.shape)
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


@pytest.fixture
def scene() -> Callable[..., Bytes]:
    return draw_scene


@pytest.fixture
def spoil() -> Callable[..., Bytes]:
    return add_noise


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Role[Any]], Any]:
    """The embedded model for a role, behind its adapter."""
    folder = tmp_path_factory.mktemp("models")
    cache = ModelCache(catalog(), Store(folder), Config(data=folder, threads=2))
    return lambda role: cache.adapter(role, cache.model(role.name))
