"""The store hands out verified files only."""

from __future__ import annotations

import dataclasses
import os

import pytest

from daguerre.errors import ModelDamaged, ModelNotInstalled
from daguerre.models.install.store import Store


def test_a_right_file(blur_model, blur_path, tmp_path):
    store = Store(tmp_path / "none", embedded=tmp_path)
    assert store.installed(blur_model)
    assert store.verified(blur_model) == blur_path


def test_a_missing_file(blur_model, tmp_path):
    store = Store(tmp_path, embedded=tmp_path / "none")
    assert not store.installed(blur_model)
    with pytest.raises(ModelNotInstalled, match=r"embedded/blur@1 \(blurs\) is not installed"):
        store.verified(blur_model)


def test_a_changed_file_is_noticed_after_it_was_verified(blur_model, blur_path, tmp_path):
    store = Store(tmp_path / "none", embedded=tmp_path)
    store.verified(blur_model)
    data = bytearray(blur_path.read_bytes())
    data[-1] ^= 1
    blur_path.write_bytes(data)
    os.utime(blur_path, ns=(1, 1))
    assert store.installed(blur_model)
    with pytest.raises(ModelDamaged, match="install it again"):
        store.verified(blur_model)


def test_a_short_file(blur_model, blur_path, tmp_path):
    blur_path.write_bytes(b"")
    store = Store(tmp_path / "none", embedded=tmp_path)
    assert not store.installed(blur_model)
    with pytest.raises(ModelDamaged):
        store.verified(blur_model)


def test_full_models_lie_in_the_folder(blur_model, blur_path, tmp_path):
    full = dataclasses.replace(blur_model, id="full/blur@1", tier="full", urls=("https://example.org/blur.onnx",))
    assert Store(tmp_path, embedded=tmp_path / "none").verified(full) == blur_path
