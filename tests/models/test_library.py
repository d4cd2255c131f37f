"""The library loads each network once."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from daguerre.config import Config
from daguerre.errors import ModelDamaged, ModelNotInstalled
from daguerre.models.catalog import Catalog
from daguerre.models.library import Library
from daguerre.models.memory import available_bytes
from daguerre.models.session import Session
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


def test_what_nobody_uses_is_dropped_after_a_while(library, tmp_path):
    config = Config(data=tmp_path, device="cpu", model_idle_s=1.5)
    library = Library(library.catalog, library.store, config)
    network = library.network("blur")
    session = library.session(network)
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:  # What is at work is not idle.
        session.run({"image": np.zeros((1, 3, 8, 8), np.float32)})
        time.sleep(0.05)
    assert library.session(network) is session
    deadline = time.monotonic() + 20
    while library.loaded and time.monotonic() < deadline:
        time.sleep(0.1)
    assert library.loaded == ()
    assert library.session(network) is not session


def test_nothing_is_dropped_where_that_is_off(library, tmp_path):
    library = Library(library.catalog, library.store, Config(data=tmp_path, device="cpu", model_idle_s=0))
    session = library.session(library.network("blur"))
    time.sleep(0.3)
    assert library.session(library.network("blur")) is session
    assert not [thread for thread in threading.enumerate() if thread is library._watch]


def test_others_make_room_where_memory_is_short(library, blur_path, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())
    small, big = (library.network("blur", tier) for tier in ("embedded", "full"))
    library.session(small)
    monkeypatch.setattr("daguerre.models.memory.available_bytes", lambda: 2**40)
    library.session(big)
    assert set(library.loaded) == {small.id, big.id}
    library.release()
    kept = library.session(small)
    monkeypatch.setattr("daguerre.models.memory.available_bytes", lambda: 2**20)
    library.session(big)
    assert library.loaded == (big.id,)
    assert kept.run({"image": np.zeros((1, 3, 8, 8), np.float32)})["mean"].shape == (1, 3, 8, 8)


def test_warming_loads_each_network_once(library, monkeypatch):
    loaded = []
    real = Session.__init__
    monkeypatch.setattr(Session, "__init__", lambda self, *a, **k: (loaded.append(1), real(self, *a, **k))[1])
    assert library.warm() == ["embedded/blur@1"]
    assert library.loaded == ("embedded/blur@1",)
    library.session(library.network("blur"))
    assert library.warm("blur", "sharpen") == ["embedded/blur@1"]
    assert len(loaded) == 1


def test_a_control_group_s_limit_counts(tmp_path):
    meminfo = tmp_path / "meminfo"
    assert available_bytes(meminfo, tmp_path) is None
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable: 4000 kB\n")
    assert available_bytes(meminfo, tmp_path) == 4_096_000
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("3000000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 1000000\n")
    assert available_bytes(meminfo, tmp_path) == 4_096_000
    (tmp_path / "memory.max").write_text("3500000\n")
    assert available_bytes(meminfo, tmp_path) == 1_500_000
