"""Who may come in, and whose a job is."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
import time

import httpx

from daguerre.config import Config
from daguerre.jobs.backends import open_database
from daguerre.server.keys import Keys
from tests.serving import bearer, make_key

TOOL = "/api/v1/tools/restore-photo"
REFUSED = {"error": "Authentication required", "code": "AUTH_REQUIRED"}


def keys(data, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "daguerre.cli", "keys", *arguments],
        env={**os.environ, "DAGUERRE_DATA": str(data)}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def test_elsewhere_only_with_keys(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "daguerre.cli", "serve", "--port", "0", "--host", "0.0.0.0"],
        env={**os.environ, "DAGUERRE_DATA": str(tmp_path)}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 1 and "keys create" in done.stderr and "Traceback" not in done.stderr


def test_elsewhere_without_keys_where_that_is_said(start):
    server = start("--workers", "0", "--host", "0.0.0.0", "--no-auth")
    assert server.client.get("/api/v1/jobs", headers={"Host": "photos.example"}).status_code == 200


def test_who_may_name_a_server_without_keys(start):
    """On this machine alone, also with --no-auth: a page could point a name of its own here (DNS rebinding)."""
    server = start("--workers", "0", "--no-auth", ALLOWED_HOSTS="photos.example")
    for host, status in (("evil.example", 403), ("photos.example", 200), ("localhost:1", 200), ("127.0.0.1", 200)):
        assert server.client.get("/api/v1/jobs", headers={"Host": host}).status_code == status, host


def test_without_a_key(keyed):
    for method, path in (
        ("POST", TOOL), ("POST", f"{TOOL}/batch"), ("GET", "/api/v1/jobs"), ("GET", "/api/v1/jobs/x"),
        ("GET", "/api/v1/jobs/x/progress"), ("POST", "/api/v1/jobs/x/cancel"), ("DELETE", "/api/v1/jobs/x"),
        ("GET", "/api/v1/download/x/y"), ("GET", "/api/v1/features"), ("GET", "/api/v1/admin/health"),
        ("POST", "/api/v1/admin/features/photo-restoration/install"), ("GET", "/metrics"),
        ("GET", "/api/v1/admin/features/disk-usage"), ("GET", "/api/v1/session"),
    ):  # fmt: skip
        for headers in ({}, bearer("dgk_x_y"), {"X-API-Key": "nonsense"}):
            answer = keyed.server.client.request(method, path, headers=headers)
            assert (answer.status_code, answer.json()) == (401, REFUSED), path
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert keyed.server.client.get("/api/v1/health").status_code == 200


def test_nobody_is_let_in_while_it_is_looked_whether_there_are_keys(database, monkeypatch):
    keys = Keys(database)
    grant = keys.grant(keys.create("anna"))
    for question in ("exist", "_all_valid"):
        real = getattr(keys, question)
        monkeypatch.setattr(keys, question, lambda real=real: time.sleep(0.2) or real())

    async def at_once():
        needed = await asyncio.gather(*(keys.needed() for _ in range(3)))
        return needed + await asyncio.gather(*(keys.still_valid(grant) for _ in range(3)))

    assert asyncio.run(at_once()) == [True] * 6


def test_administration_is_a_role(keyed):
    """A key for photos, one for metrics, one for all: what each may do."""
    photos, metrics, admin = bearer(keyed.anna), bearer(keyed.metrics), bearer(keyed.admin)
    needed = {"error": "This needs an administrator's key", "code": "ADMIN_REQUIRED"}
    for method, path, allowed in (
        ("GET", "/api/v1/jobs", (photos, admin)), ("GET", "/api/v1/features", (photos, admin)),
        ("GET", "/metrics", (metrics, admin)), ("GET", "/api/v1/admin/health", (admin,)),
        ("GET", "/api/v1/admin/features/disk-usage", (admin,)),
        ("POST", "/api/v1/admin/features/none/install", (admin,)),
        ("POST", "/api/v1/admin/features/none/uninstall", (admin,)),
        ("POST", "/api/v1/admin/features/none/import", (admin,)),
    ):  # fmt: skip
        for headers in (photos, metrics, admin):
            answer = keyed.server.client.request(method, path, headers=headers)
            if headers in allowed:
                assert answer.status_code in (200, 404), path
            else:
                assert (answer.status_code, answer.json()) == (403, needed), path
    told = {
        name: keyed.server.client.get("/api/v1/session", headers=bearer(token)).json()
        for name, token in (("anna", keyed.anna), ("admin", keyed.admin))
    }
    assert told["anna"] == {"keyNeeded": True, "administrator": False, "retentionHours": 72}
    assert told["admin"] == {"keyNeeded": True, "administrator": True, "retentionHours": 72}


def test_a_job_is_its_keys(keyed, photo):
    server = keyed.server
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)}, headers=bearer(keyed.anna))
    job = answer.json()["jobId"]
    mine = httpx.Client(base_url=server.url, headers=bearer(keyed.anna), timeout=240)
    other = httpx.Client(base_url=server.url, headers={"X-API-Key": keyed.bert}, timeout=240)
    last = server.frames(job, client=mine)[-1]["data"]
    assert last["phase"] == "complete"
    assert mine.get(last["result"]["downloadUrl"]).status_code == 200
    assert job in [each["jobId"] for each in mine.get("/api/v1/jobs").json()["jobs"]]
    assert job not in [each["jobId"] for each in other.get("/api/v1/jobs").json()["jobs"]]
    for answer in (
        other.get(f"/api/v1/jobs/{job}"), other.get(f"/api/v1/jobs/{job}/progress"),
        other.post(f"/api/v1/jobs/{job}/cancel"), other.delete(f"/api/v1/jobs/{job}"),
        other.post(TOOL, files={"sourceJobId": (None, job)}), other.get(f"/api/v1/progress?jobId={job}"),
        other.get(f"/api/v1/archive?jobId={job}"),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})
    answer = other.get(last["result"]["downloadUrl"])
    assert (answer.status_code, answer.json()) == (404, {"error": "File not found"})
    taken = other.post(TOOL, files={"file": ("a.jpg", photo)}, data={"clientJobId": job})
    assert taken.status_code == 409


def test_keys_are_made_revoked_and_listed(tmp_path):
    """The commands, and what the tokens open: a clock beyond the end of one tells it expired."""
    data = tmp_path / "data"
    tokens = {name: keys(data, "create", name)[1] for name in ("anna", "bert")}
    short = keys(data, "create", "carl", "--expires-days", "0.00000001")[1]
    admin = keys(data, "create", "dora", "--admin")[1]
    found = Keys(open_database(Config(data=data)))
    assert found.grant(tokens["anna"]).role == "user" and found.grant(admin).role == "admin"
    assert found.grant(short) is None and found.grant(tokens["anna"] + "x") is None
    assert keys(data, "revoke", "anna")[0] == 0 and keys(data, "revoke", "anna")[0] == 1
    assert found.grant(tokens["anna"]) is None and found.grant(tokens["bert"]) is not None
    listed = keys(data, "list")[1]
    for word in ("revoked", "expired", "valid", "admin"):
        assert word in listed
    assert tokens["anna"].rsplit("_", 1)[1] not in listed
    database = sqlite3.connect(data / "service" / "daguerre.sqlite3")
    assert tokens["bert"].split("_", 2)[2] not in "\n".join(database.iterdump())


def test_a_revoked_key_ends_what_it_has_opened(keyed, photo):
    """A stream, a session and the session's stream; the others go on."""
    server, carl = keyed.server, make_key(keyed.server.data, "carl")
    browser = httpx.Client(base_url=server.url, timeout=240)
    assert browser.post("/api/v1/session", json={"key": carl}).status_code == 200

    def listen(job, **credentials):
        return httpx.stream("GET", f"{server.url}/api/v1/jobs/{job}/progress", timeout=240, **credentials)

    with listen("early-1", headers=bearer(carl)) as own, listen("early-2", cookies=dict(browser.cookies)) as its:
        assert own.status_code == its.status_code == 200
        Keys(open_database(Config(data=server.data))).revoke("carl")
        assert list(own.iter_lines()) == [] and list(its.iter_lines()) == []
    assert browser.get("/api/v1/jobs").status_code == 401
    assert server.client.get("/api/v1/jobs", headers=bearer(keyed.bert)).status_code == 200


def test_a_browser_signs_in(keyed):
    server = keyed.server
    browser = httpx.Client(base_url=server.url, timeout=240)
    assert browser.post("/api/v1/session", json={"key": "dgk_a_b"}).status_code == 401
    answer = browser.post("/api/v1/session", json={"key": keyed.anna})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and keyed.anna.lower() not in cookie
    assert browser.get("/api/v1/jobs").status_code == 200
    # A page from elsewhere cannot use the cookie to change something.
    foreign = browser.post("/api/v1/jobs/x/cancel", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert browser.post("/api/v1/jobs/x/cancel", headers={"Origin": server.url}).status_code == 404
    session = dict(browser.cookies)
    assert browser.delete("/api/v1/session").json() == {"ok": True}
    assert httpx.get(f"{server.url}/api/v1/jobs", cookies=session, timeout=240).status_code == 401


def test_wrong_keys_are_slowed_down_and_right_ones_are_not(start, tmp_path):
    anna = make_key(tmp_path / "data", "anna")
    server = start("--workers", "0", WRONG_KEYS_PER_MINUTE=3)
    answers = [server.client.get("/api/v1/jobs", headers=bearer("dgk_x_y")) for _ in range(60)]
    codes = [answer.status_code for answer in answers]
    assert codes[0] == 401 and 429 in codes
    slowed = next(answer for answer in answers if answer.status_code == 429)
    assert slowed.json()["code"] == "RATE_LIMITED" and int(slowed.headers["retry-after"]) >= 1
    assert server.client.get("/api/v1/jobs", headers=bearer(anna)).status_code == 200
    assert server.client.get("/api/v1/jobs").status_code == 401


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
