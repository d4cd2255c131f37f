"""Who may come in, and whose a job is."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time

import httpx
import pytest

TOOL = "/api/v1/tools/restore-photo"
REFUSED = {"error": "Authentication required", "code": "AUTH_REQUIRED"}


def keys(data, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "daguerre.cli", "keys", *arguments],
        env={**os.environ, "DAGUERRE_DATA": str(data)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def make(data, *arguments) -> str:
    code, token, _ = keys(data, "create", *arguments)
    assert code == 0
    return token


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def keyed(start, tmp_path):
    anna, bert = make(tmp_path / "data", "anna"), make(tmp_path / "data", "bert")
    return start("--workers", "1", "--host", "0.0.0.0"), anna, bert


def test_elsewhere_only_with_keys(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "daguerre.cli", "serve", "--port", "0", "--host", "0.0.0.0"],
        env={**os.environ, "DAGUERRE_DATA": str(tmp_path)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1 and "keys create" in done.stderr and "Traceback" not in done.stderr


def test_elsewhere_without_keys_where_that_is_said(start, photo):
    server = start("--workers", "0", "--host", "0.0.0.0", "--no-auth")
    assert server.client.get("/api/v1/jobs", headers={"Host": "photos.example"}).status_code == 200


def test_without_a_key(keyed, photo):
    server, _, _ = keyed
    for method, path in (
        ("POST", TOOL), ("POST", f"{TOOL}/batch"), ("GET", "/api/v1/jobs"), ("GET", "/api/v1/jobs/x"),
        ("GET", "/api/v1/jobs/x/progress"), ("POST", "/api/v1/jobs/x/cancel"), ("DELETE", "/api/v1/jobs/x"),
        ("GET", "/api/v1/download/x/y"), ("GET", "/api/v1/features"), ("GET", "/api/v1/admin/health"),
        ("POST", "/api/v1/admin/features/photo-restoration/install"), ("GET", "/metrics"),
        ("GET", "/api/v1/admin/features/disk-usage"), ("GET", "/api/v1/session"),
    ):  # fmt: skip
        for headers in ({}, bearer("dgk_x_y"), {"X-API-Key": "nonsense"}):
            answer = server.client.request(method, path, headers=headers)
            if answer.status_code == 429:  # wrong keys are slowed down
                continue
            assert (answer.status_code, answer.json()) == (401, REFUSED), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert server.client.get("/api/v1/health").status_code == 200


def test_a_job_is_its_keys(keyed, photo):
    server, anna, bert = keyed
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)}, headers=bearer(anna))
    job = answer.json()["jobId"]
    mine = httpx.Client(base_url=server.url, headers=bearer(anna))
    other = httpx.Client(base_url=server.url, headers={"X-API-Key": bert})
    last = server.frames(job, client=mine)[-1]["data"]
    assert last["phase"] == "complete"
    assert mine.get(last["result"]["downloadUrl"]).status_code == 200
    assert [each["jobId"] for each in mine.get("/api/v1/jobs").json()["jobs"]] == [job]
    assert other.get("/api/v1/jobs").json()["jobs"] == []
    for answer in (
        other.get(f"/api/v1/jobs/{job}"), other.get(f"/api/v1/jobs/{job}/progress"),
        other.post(f"/api/v1/jobs/{job}/cancel"), other.delete(f"/api/v1/jobs/{job}"),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})
    answer = other.get(last["result"]["downloadUrl"])
    assert (answer.status_code, answer.json()) == (404, {"error": "File not found"})


def test_revoked_and_expired(keyed, tmp_path):
    server, anna, bert = keyed
    assert server.client.get("/api/v1/jobs", headers=bearer(anna)).status_code == 200
    assert keys(tmp_path / "data", "revoke", "anna")[0] == 0
    assert server.client.get("/api/v1/jobs", headers=bearer(anna)).status_code == 401
    assert server.client.get("/api/v1/jobs", headers=bearer(bert)).status_code == 200
    assert keys(tmp_path / "data", "revoke", "anna")[0] == 1
    short = make(tmp_path / "data", "carl", "--expires-days", "0.00003")
    assert server.client.get("/api/v1/jobs", headers=bearer(short)).status_code == 200
    time.sleep(2.7)
    assert server.client.get("/api/v1/jobs", headers=bearer(short)).status_code == 401
    listed = keys(tmp_path / "data", "list")[1]
    assert "revoked" in listed and "expired" in listed and "valid" in listed
    assert anna.rsplit("_", 1)[1] not in listed


def test_only_digests_are_stored(keyed, tmp_path):
    _, anna, _ = keyed
    database = sqlite3.connect(tmp_path / "data" / "service" / "daguerre.sqlite3")
    assert anna.split("_", 2)[2] not in "\n".join(database.iterdump())


def test_a_browser_signs_in(keyed):
    server, anna, _ = keyed
    browser = httpx.Client(base_url=server.url)
    assert browser.post("/api/v1/session", json={"key": "dgk_a_b"}).status_code == 401
    answer = browser.post("/api/v1/session", json={"key": anna})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and anna.lower() not in cookie
    assert browser.get("/api/v1/jobs").status_code == 200
    # A page from elsewhere cannot use the cookie to change something.
    foreign = browser.post("/api/v1/jobs/x/cancel", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert browser.post("/api/v1/jobs/x/cancel", headers={"Origin": server.url}).status_code == 404
    session = dict(browser.cookies)
    assert browser.delete("/api/v1/session").json() == {"ok": True}
    assert httpx.get(f"{server.url}/api/v1/jobs", cookies=session).status_code == 401


def test_wrong_keys_are_slowed_down_and_right_ones_are_not(keyed):
    server, anna, _ = keyed
    codes = [server.client.get("/api/v1/jobs", headers=bearer("dgk_x_y")).status_code for _ in range(35)]
    assert codes[0] == 401 and codes[-1] == 429
    answer = server.client.get("/api/v1/jobs", headers=bearer("dgk_x_y"))
    assert answer.json()["code"] == "RATE_LIMITED" and int(answer.headers["retry-after"]) >= 1
    assert server.client.get("/api/v1/jobs", headers=bearer(anna)).status_code == 200


def test_submissions_are_limited(start, photo):
    server = start("--workers", "0", SUBMISSIONS_PER_MINUTE=2)
    for _ in range(2):
        server.submit(photo)
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
    assert answer.status_code == 429 and answer.json()["code"] == "RATE_LIMITED"
    assert int(answer.headers["retry-after"]) >= 1


def test_the_queue_is_limited(start, photo):
    server = start("--workers", "0", MAX_QUEUED=2)
    for _ in range(2):
        server.submit(photo)
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
    assert answer.status_code == 429 and answer.json()["code"] == "QUEUE_FULL" and "retry-after" in answer.headers
    assert len(server.stored("*")) == 2


def test_other_pages_and_names_are_not_answered(server):
    """Without keys: a page that points its own name here, or posts a form here, gets nothing."""
    assert server.client.get("/api/v1/jobs", headers={"Host": "evil.example"}).status_code == 403
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert server.client.post(TOOL, headers=headers).status_code == 403
    answer = server.client.get("/api/v1/jobs", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_an_origin_may_be_let_in(start):
    server = start("--workers", "0", CORS_ORIGINS="https://photos.example")
    answer = server.client.get("/api/v1/jobs", headers={"Origin": "https://photos.example"})
    assert answer.headers["access-control-allow-origin"] == "https://photos.example"
    other = server.client.get("/api/v1/jobs", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
