"""What a machine does to a server: no processes, full disks, clocks that leap, databases that are held or gone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import httpx
import pytest

from daguerre.jobs.queue import LEASE_S
from tests.serving import ALL, TOOL, children, until


def problems(server) -> list[str]:
    return server.client.get("/api/v1/admin/health").json()["problems"]


def test_a_system_without_processes_is_survived(faults, photo):
    """The worker and the spare are killed while none can be started: uploads are taken, and worked on later."""
    server = faults.server("--workers", "1")
    server.wait(server.submit(photo))
    inspections = [
        pid for pid in children(server.process.pid) if b"inspection" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    until(lambda: len(children(server.process.pid)) == len(inspections) + 2)
    faults.set("popen")
    for pid in set(children(server.process.pid)) - set(inspections):
        os.kill(pid, signal.SIGKILL)
    told = "workers: cannot be started: Too many open files"
    until(lambda: told in problems(server))
    assert server.client.get("/api/v1/health").status_code == 503
    job = server.submit(photo)
    faults.clear("popen")
    assert server.wait(job)["phase"] == "complete"
    assert problems(server) == [] and server.client.get("/api/v1/health").status_code == 200


def test_a_full_disk_can_be_emptied(faults, photo):
    server = faults.server("--workers", "0")
    first, second = server.submit(photo), server.submit(photo)
    faults.set("free", 100_000_500)
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
    assert (answer.status_code, answer.json()) == (507, {"error": "Storage full", "code": "STORAGE_FULL"})
    faults.set("free", 0)
    assert server.client.post(TOOL, files={"file": ("a.jpg", photo)}).status_code == 507
    assert server.client.get("/api/v1/health").status_code == 503
    assert server.client.post(f"/api/v1/jobs/{first}/cancel").json() == {"canceled": True}
    assert server.client.delete(f"/api/v1/jobs/{first}").json() == {"ok": True}
    assert server.client.delete(f"/api/v1/jobs/{second}").json() == {"ok": True}
    assert server.stored("*") == []
    faults.clear("free")
    server.submit(photo)


def test_results_make_room_where_somebody_else_has_filled_the_disk(faults, photo):
    server = faults.server("--workers", "1")
    job = server.submit(photo)
    server.wait(job)
    faults.set("free", 0)
    until(lambda: server.client.get(f"/api/v1/jobs/{job}").status_code == 404)


def test_a_clock_that_leaps_takes_nothing_away(faults, photo):
    """Half an hour on while a job is at work, then three days and back: the job ends well, and what is done stays."""
    server = faults.server("--workers", "1")
    done = server.submit(photo)
    server.wait(done)
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.at_work(job)
    faults.set("leap", 31 * 60)
    until(lambda: "the clock was set" in server.log.read_text())
    faults.clear("hold")
    assert server.wait(job)["phase"] == "complete"
    for count, seconds in ((2, 80 * 3600), (3, 0)):
        faults.set("leap", seconds)
        until(lambda count=count: server.log.read_text().count("the clock was set") >= count)
    assert server.state(done)["phase"] == server.state(job)["phase"] == "complete"
    assert server.client.get(server.state(done)["result"]["downloadUrl"]).status_code == 200


def test_a_job_is_taken_up_after_a_start_with_the_clock_behind(faults, photo):
    server = faults.server("--workers", "1")
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.at_work(job)
    server.kill_everything()
    faults.clear("hold")
    faults.set("leap", -86400)
    assert faults.server("--workers", "1").wait(job)["phase"] == "complete"


def test_a_worker_that_hangs_after_a_cancel_is_replaced(faults, photo):
    server = faults.server("--workers", "1")
    faults.set("hold")
    job = server.submit(photo, ALL)
    worker = server.at_work(job)
    os.kill(worker, signal.SIGSTOP)
    faults.clear("hold")
    assert server.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    assert server.wait(server.submit(photo))["phase"] == "complete"
    assert worker not in children(server.process.pid)


def test_a_database_that_is_held_costs_no_result(faults, photo):
    """Others are asked to come again; what was worked out meanwhile is stored when it can be."""
    server = faults.server("--workers", "1")
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.at_work(job)
    holder = sqlite3.connect(server.data / "service" / "daguerre.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    faults.clear("hold")
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
    assert (answer.status_code, answer.json()["code"]) == (503, "BUSY") and "retry-after" in answer.headers
    assert server.client.get("/api/v1/jobs").status_code == 200
    canceled = server.client.post(f"/api/v1/jobs/{job}/cancel")
    assert canceled.status_code == 503
    until(lambda: "the end of a job cannot be written yet" in server.log.read_text())
    until(lambda: time.monotonic() - began > 3 * LEASE_S)
    holder.execute("ROLLBACK")
    assert server.wait(job)["phase"] == "complete"
    starts = [line for line in server.log.read_text().splitlines() if '"job started"' in line and job in line]
    assert len(starts) == 1


def test_a_database_that_is_removed_takes_no_jobs(start, photo, tmp_path):
    server = start("--workers", "0")
    database = server.data / "service" / "daguerre.sqlite3"
    database.rename(tmp_path / "elsewhere")
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
    assert (answer.status_code, answer.json()["code"]) == (503, "DATABASE_UNUSABLE")
    assert any("daguerre.sqlite3 is gone" in problem for problem in problems(server))
    assert server.stored("*") == []
    (tmp_path / "elsewhere").rename(database)
    server.submit(photo)


@pytest.mark.parametrize(("make", "told"), [
    (lambda path: path.mkdir(), "cannot be opened"),
    (lambda path: path.write_bytes(b"no database" * 1000), "is no database: put a backup in its place"),
])  # fmt: skip
def test_a_database_that_is_none_is_told_in_a_sentence(tmp_path, make, told):
    path = tmp_path / "data" / "service" / "daguerre.sqlite3"
    path.parent.mkdir(parents=True)
    make(path)
    done = subprocess.run(
        [sys.executable, "-m", "daguerre.cli", "serve", "--port", "0"],
        env={**os.environ, "DAGUERRE_DATA": str(tmp_path / "data")}, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and str(path) in line and told in line


def test_views_of_large_photos_keep_no_upload_waiting(server, make_picture, photo):
    """They have processes of their own; each is made once and kept."""
    large = server.submit(make_picture(1400, 1800, kind="TIFF", sigma=0))
    address = f"/api/v1/jobs/{large}/views/original?size=full"
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(httpx.get(server.url + address, timeout=240))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    server.submit(photo, clientJobId=uuid.uuid4().hex)
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["cache-control"] for answer in answers} == {"private, no-cache"}
    assert len({answer.content for answer in answers}) == 1
    assert [path.name for path in server.stored("*/view/original-full.*")]
