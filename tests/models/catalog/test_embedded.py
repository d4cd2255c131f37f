"""The models of the package are those that their digests name."""

from __future__ import annotations

import hashlib

import pytest

from daguerre.errors import ModelDamaged
from daguerre.models.catalog import embedded
from daguerre.models.catalog.embedded import WEIGHTS
from daguerre.models.install.store import Store


def test_every_model_of_the_package_is_listed_and_whole(tmp_path):
    models = list(embedded.catalog())
    assert {model.file for model in models} == {path.name for path in WEIGHTS.glob("*.onnx")}
    for model in models:
        assert Store(tmp_path).verified(model).is_file()


def test_a_file_that_is_not_the_listed_one_is_refused(tmp_path):
    (tmp_path / "denoise.onnx").write_bytes(b"another")
    digest = hashlib.sha256(b"the published one").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  denoise.onnx\n")
    (model,) = embedded.catalog(tmp_path)
    assert model.role == "denoise"
    with pytest.raises(ModelDamaged):
        Store(tmp_path, embedded=tmp_path).verified(model)


def test_no_models_no_catalog(tmp_path):
    assert len(embedded.catalog(tmp_path)) == 0
