"""Models on many machines: fetched from a store of the site's own, and from nowhere else."""

from __future__ import annotations

import hashlib

import obstore
import pytest

from daguerre.cli.install import addresses
from daguerre.config import Config
from daguerre.errors import InstallFailed, WrongUsage
from daguerre.jobs.object_storage import open_store
from daguerre.models.catalog import Model
from daguerre.models.install.installer import Installer
from daguerre.models.install.store import Store

pytestmark = pytest.mark.xdist_group("cluster")


def test_a_store_gives_what_was_published_and_nothing_else(object_store, store_environment, tmp_path):
    data = b"weights" * 50_000
    thing = Model(
        id="full/thing@1", role="thing", tier="full", file="thing.onnx", sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data), licence="MIT", purpose="is a thing", adapter="Thing", tile=64,
        urls=("https://example.org/thing.onnx",),
    )  # fmt: skip
    address = object_store.url()
    bucket, store = open_store(address, retry_s=5), Store(tmp_path / "models")
    installer = Installer(store, Config(), source=addresses(address))
    obstore.put(bucket, "thing.onnx", data[:-1] + b"x")
    with pytest.raises(InstallFailed, match="thing"):
        installer.install([thing])
    assert not store.installed(thing)
    obstore.put(bucket, "thing.onnx", data)
    assert installer.install([thing]) == [thing] and store.verified(thing).read_bytes() == data
    with pytest.raises(WrongUsage):
        addresses("ftp://example.org")
