"""The library loads each network once."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from daguerre.config import Config
from daguerre.errors import ModelDamaged, ModelNotInstalled
from daguerre.models.catalog import Catalog
from daguerre.models.library import Library
from daguerre.models.store import Store


@pytest.fixture
def library(blur_network, tmp_path):
    full = dataclasses.replace(
        blur_network, id="full/blur@1", tier="full", file="big.onnx", urls=("https://example.org/big.onnx",)
    )
    config = Config(data=tmp_path / "data", device="cpu")
    return Library(Catalog(blur_network, full), Store(tmp_path / "data", embedded=tmp_path), config)


def test_auto_takes_the_best_that_is_installed(library, blur_path, tmp_path):
    assert library.network("blur").id == "embedded/blur@1"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())
    assert library.network("blur").id == "full/blur@1"
    assert library.network("blur", "embedded").id == "embedded/blur@1"


def test_the_configuration_chooses_for_single_roles(library, blur_path, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())

    def choosing(id):
        config = Config(data=tmp_path / "data", roles={"blur": id})
        return Library(library.catalog, library.store, config)

    assert choosing("embedded/blur@1").network("blur").id == "embedded/blur@1"
    assert choosing("embedded/blur@1").network("blur", "full").id == "full/blur@1"
    with pytest.raises(ModelNotInstalled, match="There is no network full/other@1 for blur"):
        choosing("full/other@1").network("blur")
    (tmp_path / "data" / "big.onnx").unlink()
    with pytest.raises(ModelNotInstalled, match="is not installed"):
        choosing("full/blur@1").network("blur")


def test_the_full_tier_has_what_nobody_publishes_from_the_package(blur_network, tmp_path):
    library = Library(Catalog(blur_network), Store(tmp_path / "data", embedded=tmp_path), Config(data=tmp_path))
    assert library.network("blur", "full").id == "embedded/blur@1"


def test_what_is_not_installed_is_told(library, blur_path):
    with pytest.raises(ModelNotInstalled, match="No full network for blur is installed"):
        library.network("blur", "full")
    with pytest.raises(ModelNotInstalled, match="No network for sharpen is installed"):
        library.network("sharpen")


def test_a_damaged_file_is_told(library, blur_path):
    blur_path.write_bytes(b"short")
    with pytest.raises(ModelDamaged):
        library.session(library.network("blur"))


def test_threads_get_one_session(library):
    network = library.network("blur")
    sessions = []
    workers = [threading.Thread(target=lambda: sessions.append(library.session(network))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(sessions) == 8
    assert len({id(session) for session in sessions}) == 1
    library.release()
    assert library.session(network) is not sessions[0]
