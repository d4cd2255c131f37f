"""Health, metrics, features, and how the server looks from outside."""

from __future__ import annotations

import json
import re
import shutil
import socket
import uuid
from pathlib import Path

import pytest

from tests.serving import until


def test_healthy(server, photo):
    server.wait(server.submit(photo))
    answer = server.client.get("/api/v1/health")
    assert (
        answer.status_code == 200
        and set(answer.json()) == {"status", "version"}
        and answer.json()["status"] == "healthy"
    )
    detailed = server.client.get("/api/v1/admin/health").json()
    assert detailed["status"] == "healthy" and detailed["problems"] == []
    assert {"queued", "processing", "complete", "failed", "oldestWaitSeconds"} == set(detailed["queue"])
    (worker,) = detailed["workers"]
    assert worker["pid"] in server.workers() and worker["device"] == "cpu"
    assert all(model["installed"] for model in detailed["models"]) and detailed["storage"]["diskFreeBytes"] > 0


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs to see what a process has loaded")
def test_the_server_has_loaded_no_codec_and_no_runtime(server, photo):
    """Hostile files meet other processes; and what serves is small."""
    job = server.submit(photo)
    server.wait(job)
    assert server.client.get(f"/api/v1/jobs/{job}/views/original?size=full").status_code == 200
    libraries = ("numpy", "cv2", "PIL/", "onnxruntime", "openvino", "rawpy", "OpenImageIO", "imagecodecs", "pi_heif")

    def loaded(pid: int) -> set[str]:
        maps = Path(f"/proc/{pid}/maps").read_text()
        return {name for name in libraries if f"/site-packages/{name}" in maps}

    assert loaded(server.process.pid) == set()
    (worker,) = server.workers()
    assert {"numpy", "cv2", "PIL/"} <= loaded(worker)


def test_ill_without_its_database_and_well_again(start, tmp_path):
    server = start("--workers", "1")
    database = server.data / "service" / "daguerre.sqlite3"
    database.rename(tmp_path / "elsewhere")
    answer = server.client.get("/api/v1/health")
    assert answer.status_code == 503 and answer.json()["status"] == "unavailable"
    (tmp_path / "elsewhere").rename(database)
    assert server.client.get("/api/v1/health").status_code == 200


def test_ill_without_its_folder(start, photo):
    server = start("--workers", "0")
    shutil.rmtree(server.data / "service" / "files")
    assert server.client.get("/api/v1/health").status_code == 503
    shutil.rmtree(server.data)
    assert server.client.get("/api/v1/health").status_code == 503
    answer = server.client.post("/api/v1/tools/restore-photo", files={"file": ("a.jpg", photo)})
    assert answer.status_code == 503 and answer.json()["code"] == "STORAGE_UNUSABLE" and "retry-after" in answer.headers


def test_metrics_tell_what_happened(start, photo):
    server = start("--workers", "1")
    server.wait(server.submit(photo, {"denoise": True, "scratchRemoval": False}))
    canceled = server.submit(photo, clientJobId=str(uuid.uuid4()))
    server.client.post(f"/api/v1/jobs/{canceled}/cancel")
    # Ends are counted by whoever reads the events, a moment later.
    failed = re.compile(r'daguerre_job_failures_total\{code="CANCELED",.*job_class="interactive"\} 1\.0')
    text = until(lambda: failed.search(seen := server.client.get("/metrics").text) and seen)
    where = f'device="cpu",host="{socket.gethostname()}"'
    for line in (
        'daguerre_jobs_total{job_class="interactive",outcome="complete"} 1.0', "daguerre_queue_depth ",
        "daguerre_workers 1.0", f'daguerre_step_seconds_count{{{where},step="denoise"}} 1.0',
        'daguerre_job_wait_seconds_count{job_class="interactive"} ', f"daguerre_job_work_seconds_count{{{where}}} ",
        'route="/api/v1/tools/restore-photo",status="202"',
    ):  # fmt: skip
        assert line in text, line


@pytest.mark.parametrize("root_path", ["", "/photos"])
def test_metrics_name_the_routes_of_all_requests(start, root_path):
    server = start("--workers", "0", "--root-path", root_path)
    for prefix in {root_path, ""}:
        assert server.client.head(f"{prefix}/api/v1/jobs/nobody").status_code == 404
        assert server.client.get(f"{prefix}/api/v1/jobs/nobody").status_code == 404
        assert server.client.get(f"{prefix}/nowhere").status_code == 404
    text = server.client.get(f"{root_path}/metrics").text
    count, route = len({root_path, ""}), "/api/v1/jobs/{job_id}"
    for method, known in (("HEAD", route), ("GET", route), ("GET", "unknown")):
        labels = f'method="{method}",route="{known}",status="404"'
        assert f"daguerre_http_request_seconds_count{{{labels}}} {count}.0" in text, text


def test_logs_are_structured_and_carry_ids(server, photo):
    answer = server.client.post(
        "/api/v1/tools/restore-photo", files={"file": ("a.jpg", photo)}, headers={"X-Request-ID": "request-7"}
    )
    assert answer.headers["x-request-id"] == "request-7"
    job = answer.json()["jobId"]
    server.wait(job)

    def told():
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
        return [line["event"] for line in lines if line.get("job") == job] == ["job started", "job finished"] and lines

    lines = until(told)
    assert any(line["event"] == "request" and line["request"] == "request-7" for line in lines)


def test_every_answer_is_protected(server):
    for path in ("/api/v1/health", "/api/docs", "/nowhere", "/api/v1/jobs/x"):
        headers = server.client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer" and "server" not in headers


def test_unknown_addresses_and_methods(server):
    assert (server.client.get("/nowhere").status_code, server.client.get("/nowhere").json()) == (
        404,
        {"error": "Not Found"},
    )
    answer = server.client.put("/api/v1/jobs")
    assert answer.status_code == 405 and "GET" in answer.headers["allow"] and answer.json()["error"]


def test_the_page_of_the_documentation(server):
    page = server.client.get("/api/docs")
    assert page.status_code == 200 and "text/html" in page.headers["content-type"]
    assert "://" not in page.text
    for name, kind in (("docs.js", "javascript"), ("docs.css", "css")):
        assert kind in server.client.get(f"/api/docs/{name}").headers["content-type"]
    assert server.client.get("/api/docs/unknown").status_code == 404
