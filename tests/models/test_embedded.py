"""The networks of the package are those that their digests name."""

from __future__ import annotations

import hashlib

import pytest

from daguerre.errors import ModelDamaged
from daguerre.models import embedded
from daguerre.models.store import EMBEDDED, Store


def test_every_network_of_the_package_is_listed_and_whole(tmp_path):
    networks = list(embedded.catalog())
    assert {network.file for network in networks} == {path.name for path in EMBEDDED.glob("*.onnx")}
    for network in networks:
        assert Store(tmp_path).verified(network).is_file()


def test_a_file_that_is_not_the_listed_one_is_refused(tmp_path):
    (tmp_path / "denoise.onnx").write_bytes(b"another")
    digest = hashlib.sha256(b"the published one").hexdigest()
    (tmp_path / "SHA256SUMS").write_text(f"{digest}  denoise.onnx\n")
    (network,) = embedded.catalog(tmp_path)
    assert network.role == "denoise"
    with pytest.raises(ModelDamaged):
        Store(tmp_path, embedded=tmp_path).verified(network)


def test_no_networks_no_catalog(tmp_path):
    assert len(embedded.catalog(tmp_path)) == 0
