"""Bundles over HTTP: installed with progress, from an archive, removed."""

from __future__ import annotations

import io
import os
import tarfile
import threading

import pytest

from daguerre.models.catalog import published
from tests.models.install import file_server
from tests.serving import frames_of, until

NAME = "photo-restoration"
INSTALL, UNINSTALL, IMPORT = (f"/api/v1/admin/features/{NAME}/{verb}" for verb in ("install", "uninstall", "import"))


def bundle(server) -> dict:
    (one,) = server.client.get("/api/v1/features").json()["bundles"]
    return one


@pytest.fixture
def publisher():
    with file_server.serve_files() as open_one:
        yield open_one


def start_with(start, publisher):
    """A server that gets models from ``publisher`` alone: a proxy that is not there keeps all others out of reach."""
    os.environ["HTTPS_PROXY"], os.environ["NO_PROXY"] = "http://127.0.0.1:9", "127.0.0.1"
    try:
        return start("--workers", "0", MODELS_URL=publisher.url)
    finally:
        del os.environ["HTTPS_PROXY"], os.environ["NO_PROXY"]


def test_what_there_is(server):
    one = bundle(server)
    assert one["id"] == NAME and one["status"] == "not_installed" and one["installedVersion"] is None
    assert one["estimatedSize"] == "800 MB - 1 GB" and one["licences"] == ["Apache-2.0", "MIT"]
    assert {model["role"] for model in one["models"]} >= {"inpaint", "colorize"}
    assert all(model["commercialUse"] and not model["installed"] for model in one["models"])
    assert server.client.get("/api/v1/admin/features/disk-usage").json() == {"totalBytes": 0}


def test_what_cannot_be_done(server):
    client = server.client
    assert client.post("/api/v1/admin/features/nothing/install").status_code == 404
    assert client.post(UNINSTALL).json()["code"] == "FEATURE_ABSENT"
    assert client.post(IMPORT, files={"other": b"x"}).status_code == 400
    answer = client.post(IMPORT, files={"file": ("a.tar", b"not an archive")})
    assert answer.status_code == 400 and "a.tar is not an archive" in answer.json()["details"]


def test_a_licence_that_forbids_commercial_use_asks_for_consent(start, publisher):
    server = start("--workers", "0", MODELS_URL=publisher.url)
    optional = {one["id"]: one for one in server.client.get("/api/v1/features").json()["optional"]}
    assert set(optional) == {"migan", "lama_8bit", "restoreformer", "codeformer", "ddcolor", "siggraph17"}
    assert not optional["codeformer"]["models"][0]["commercialUse"]
    address = "/api/v1/admin/features/codeformer/install"
    for body in (None, {"acceptLicences": ["MIT"]}):
        answer = server.client.post(address, json=body) if body else server.client.post(address)
        assert answer.status_code == 409 and answer.json()["code"] == "LICENCE_NOT_ACCEPTED"
        assert answer.json()["licenceUrl"].startswith("https://")
    assert publisher.requests == []
    assert server.client.post(address, json={"acceptLicences": 3}).status_code == 400
    publisher.faults = [file_server.stalls(10, 20.0)]
    publisher.files["/codeformer.onnx"] = b"x" * 1000
    job = server.client.post(address, json={"acceptLicences": ["S-Lab-1.0"]}).json()["jobId"]
    server.client.post(f"/api/v1/jobs/{job}/cancel")
    assert server.wait(job)["error"] == "Canceled"


def test_an_offline_server_fetches_nothing(start):
    answer = start("--workers", "0", OFFLINE="1").client.post(INSTALL)
    assert answer.status_code == 409 and answer.json()["code"] == "OFFLINE"


def test_an_installation_is_followed_fails_with_a_sentence_and_can_be_started_again(start, publisher):
    for model in published.MODELS:
        publisher.files[f"/{model.file}"] = b"x" * 2_000_000
    drop = threading.Event()
    publisher.faults = [file_server.waits(1_000_000, drop)] * 5
    server = start_with(start, publisher)
    answer = server.client.post(INSTALL)
    assert answer.status_code == 202
    job = answer.json()["jobId"]
    assert server.client.post(INSTALL).json()["code"] == "FEATURE_INSTALLING"
    until(lambda: "Installing models" in bundle(server)["progress"]["stage"])
    assert job not in [one["jobId"] for one in server.client.get("/api/v1/jobs").json()["jobs"]]
    with server.client.stream("GET", f"/api/v1/jobs/{job}/progress") as answer:
        arriving = frames_of(answer.iter_lines())
        assert "Installing models" in next(arriving)["data"]["stage"]
        drop.set()
        frames = [frame["data"] for frame in arriving]
    assert frames[-1]["type"] == "install" and frames[-1]["phase"] == "failed"
    assert frames[-1]["code"] == "INSTALL_FAILED" and "lama_fp32.onnx" in frames[-1]["error"]
    one = bundle(server)
    assert one["status"] == "error" and one["error"] == frames[-1]["error"] and one["progress"] is None
    assert server.client.post(INSTALL).status_code == 202


def test_an_installation_is_canceled(start, publisher):
    for model in published.MODELS:
        publisher.files[f"/{model.file}"] = b"x" * 2_000_000
    publisher.faults = [file_server.stalls(1_000_000, 20.0)] * 5
    server = start("--workers", "0", MODELS_URL=publisher.url)
    job = server.client.post(INSTALL).json()["jobId"]
    until(lambda: publisher.requests)
    assert server.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    assert server.wait(job)["error"] == "Canceled"


def test_a_killed_servers_installation_is_told_to_be_interrupted(start, publisher):
    for model in published.MODELS:
        publisher.files[f"/{model.file}"] = b"x" * 2_000_000
    publisher.faults = [file_server.waits(1_000_000, threading.Event())] * 5
    server = start("--workers", "0", MODELS_URL=publisher.url)
    job = server.client.post(INSTALL).json()["jobId"]
    until(lambda: publisher.requests)
    again = start("--workers", "0", MODELS_URL=publisher.url)
    # A server that starts beside it leaves it alone.
    assert again.wait(again.client.post(INSTALL).json()["jobId"])["code"] == "INSTALL_FAILED"
    assert again.state(job)["phase"] == "processing"
    server.kill_everything()
    assert again.wait(job)["code"] == "INTERRUPTED"


def test_the_end_of_an_installation_is_told_once_the_database_answers_again(start, publisher, tmp_path):
    for model in published.MODELS:
        publisher.files[f"/{model.file}"] = b"x" * 2_000_000
    drop = threading.Event()
    publisher.faults = [file_server.waits(1_000_000, drop)] * 5
    server = start_with(start, publisher)
    job = server.client.post(INSTALL).json()["jobId"]
    until(lambda: "Installing models" in bundle(server)["progress"]["stage"])
    database = server.data / "service" / "daguerre.sqlite3"
    database.rename(tmp_path / "elsewhere")
    drop.set()
    until(lambda: "the end of an installation cannot be written yet" in server.log.read_text())
    (tmp_path / "elsewhere").rename(database)
    assert server.wait(job)["code"] == "INSTALL_FAILED"
    until(lambda: bundle(server)["status"] == "error")


def test_an_archive_is_imported_and_removed(server, judges):
    file = judges / published.YUNET.file
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(file, arcname=file.name)
    answer = server.client.post(IMPORT, files={"file": ("models.tar", packed.getvalue())})
    assert answer.json() == {"ok": True, "models": ["full/yunet@1"]}
    assert [one["id"] for one in bundle(server)["models"] if one["installed"]] == ["full/yunet@1"]
    assert server.client.get("/api/v1/admin/features/disk-usage").json()["totalBytes"] == published.YUNET.size_bytes
    assert server.client.post(UNINSTALL).json() == {"ok": True}
    assert bundle(server)["status"] == "not_installed"
