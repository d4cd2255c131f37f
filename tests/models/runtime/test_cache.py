"""The cache loads each model once."""

from __future__ import annotations

import dataclasses
import threading
import time

import numpy as np
import pytest

from daguerre.config import Config
from daguerre.errors import ModelDamaged, ModelNotInstalled
from daguerre.models.catalog import Catalog
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.models.runtime.session import Session


@pytest.fixture
def cache(blur_model, tmp_path):
    full = dataclasses.replace(
        blur_model, id="full/blur@1", tier="full", file="big.onnx", urls=("https://example.org/big.onnx",)
    )
    config = Config(data=tmp_path / "data", device="cpu")
    return ModelCache(Catalog(blur_model, full), Store(tmp_path / "data", embedded=tmp_path), config)


def test_auto_takes_the_best_that_is_installed(cache, blur_path, tmp_path):
    assert cache.model("blur").id == "embedded/blur@1"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())
    assert cache.model("blur").id == "full/blur@1"
    assert cache.model("blur", "embedded").id == "embedded/blur@1"


def test_the_configuration_chooses_for_single_roles(cache, blur_path, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())

    def choosing(id):
        config = Config(data=tmp_path / "data", roles={"blur": id})
        return ModelCache(cache.catalog, cache.store, config)

    assert choosing("embedded/blur@1").model("blur").id == "embedded/blur@1"
    assert choosing("embedded/blur@1").model("blur", "full").id == "full/blur@1"
    with pytest.raises(ModelNotInstalled, match="There is no model full/other@1 for blur"):
        choosing("full/other@1").model("blur")
    (tmp_path / "data" / "big.onnx").unlink()
    with pytest.raises(ModelNotInstalled, match="is not installed"):
        choosing("full/blur@1").model("blur")


def test_the_full_tier_has_what_nobody_publishes_from_the_package(blur_model, tmp_path):
    cache = ModelCache(Catalog(blur_model), Store(tmp_path / "data", embedded=tmp_path), Config(data=tmp_path))
    assert cache.model("blur", "full").id == "embedded/blur@1"


def test_what_is_not_installed_is_told(cache, blur_path):
    with pytest.raises(ModelNotInstalled, match="No full model for blur is installed"):
        cache.model("blur", "full")
    with pytest.raises(ModelNotInstalled, match="No model for sharpen is installed"):
        cache.model("sharpen")


def test_a_damaged_file_is_told(cache, blur_path):
    blur_path.write_bytes(b"short")
    with pytest.raises(ModelDamaged):
        cache.session(cache.model("blur"))


def test_threads_get_one_session(cache):
    model = cache.model("blur")
    sessions = []
    workers = [threading.Thread(target=lambda: sessions.append(cache.session(model))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(sessions) == 8
    assert len({id(session) for session in sessions}) == 1
    cache.release()
    assert cache.session(model) is not sessions[0]


def test_what_nobody_uses_is_dropped_after_a_while(cache, blur_path, tmp_path, monkeypatch):
    """The test's clock: what a timer would do after a while is done at once."""
    timers = []
    monkeypatch.setattr(threading, "Timer", lambda *told: timers.append(told) or threading.Thread())
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())
    config = Config(data=tmp_path, device="cpu", model_idle_s=100)
    cache = ModelCache(cache.catalog, cache.store, config)
    used, unused = (cache.model("blur", tier) for tier in ("embedded", "full"))
    session = cache.session(used)
    before = session.used_at
    session.run({"image": np.zeros((1, 3, 8, 8), np.float32)})
    assert session.used_at > before
    dropped = cache.session(unused)
    dropped.used_at = time.monotonic() - 101
    ((delay_s, look),) = timers
    assert 90 < delay_s <= 100
    look()
    assert cache.loaded_ids == (used.id,) and len(timers) == 2
    assert cache.session(used) is session and cache.session(unused) is not dropped


def test_nothing_is_dropped_where_that_is_off(cache, tmp_path):
    cache = ModelCache(cache.catalog, cache.store, Config(data=tmp_path, device="cpu", model_idle_s=0))
    session = cache.session(cache.model("blur"))
    time.sleep(0.3)
    assert cache.session(cache.model("blur")) is session
    assert not [thread for thread in threading.enumerate() if thread is cache._watch]


def test_others_make_room_where_memory_is_short(cache, blur_path, tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big.onnx").write_bytes(blur_path.read_bytes())
    small, big = (cache.model("blur", tier) for tier in ("embedded", "full"))
    cache.session(small)
    monkeypatch.setattr("daguerre.models.runtime.memory.available_bytes", lambda: 2**40)
    cache.session(big)
    assert set(cache.loaded_ids) == {small.id, big.id}
    cache.release()
    kept = cache.session(small)
    monkeypatch.setattr("daguerre.models.runtime.memory.available_bytes", lambda: 2**20)
    cache.session(big)
    assert cache.loaded_ids == (big.id,)
    assert kept.run({"image": np.zeros((1, 3, 8, 8), np.float32)})["mean"].shape == (1, 3, 8, 8)


def test_warming_loads_each_model_once(cache, monkeypatch):
    loaded = []
    real = Session.__init__
    monkeypatch.setattr(Session, "__init__", lambda self, *a, **k: (loaded.append(1), real(self, *a, **k))[1])
    assert cache.warm() == ["embedded/blur@1"]
    assert cache.loaded_ids == ("embedded/blur@1",)
    cache.session(cache.model("blur"))
    assert cache.warm("blur", "sharpen") == ["embedded/blur@1"]
    assert len(loaded) == 1


def test_warming_loads_the_parts_of_a_network_which_are_no_roles(blur_model, tmp_path):
    part = dataclasses.replace(blur_model, id="embedded/part@1", role="blur_part", adapter="")
    whole = dataclasses.replace(blur_model, parts=(part.id,))
    store = Store(tmp_path / "data", embedded=tmp_path)
    cache = ModelCache(Catalog(part, whole), store, Config(data=tmp_path / "data", device="cpu"))
    assert cache.catalog.roles == ("blur",)
    assert cache.warm("blur") == [whole.id]
    assert set(cache.loaded_ids) == {part.id, whole.id}
    assert cache.warm() == [whole.id]
