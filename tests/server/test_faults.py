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

from tests.serving import children, until

TOOL = "/api/v1/tools/restore-photo"
ALL = {"scratchRemoval": True, "denoise": True, "faceEnhancement": False}


class Faults:
    """What is wrong with the machine of the servers that ``start`` starts."""

    def __init__(self, folder: Path, start) -> None:
        self._folder = folder
        self._start = start
        folder.mkdir()

    def server(self, *arguments: str, **environment: object):
        # Names without the prefix that the product's variables have.
        os.environ["FAULTS"], os.environ["PYTHONPATH"] = str(self._folder), str(Path(__file__).parent / "faults")
        try:
            return self._start(*arguments, **environment)
        finally:
            del os.environ["FAULTS"], os.environ["PYTHONPATH"]

    def set(self, name: str, value: object) -> None:
        (self._folder / f"{name}.new").write_text(str(value))
        (self._folder / f"{name}.new").rename(self._folder / name)

    def clear(self, name: str) -> None:
        (self._folder / name).unlink()


@pytest.fixture
def faults(tmp_path, start) -> Faults:
    return Faults(tmp_path / "faults", start)


def at_work(server, job):
    """Wait until the worker has come some way with the job, and give its process."""

    def begun():
        state = server.state(job)
        assert state["phase"] in ("queued", "processing"), state
        return state["percent"] > 2

    until(begun)
    (worker,) = server.workers()
    return worker


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
    faults.set("popen", "no")
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


def test_a_clock_that_leaps_takes_nothing_away(faults, photo, slow_photo):
    """Half an hour on while a job is at work, then three days and back: the job ends well, and what is done stays."""
    server = faults.server("--workers", "1")
    done = server.submit(photo)
    server.wait(done)
    job = server.submit(slow_photo, ALL)
    at_work(server, job)
    faults.set("leap", 31 * 60)
    assert server.wait(job)["phase"] == "complete"
    for count, seconds in ((2, 80 * 3600), (3, 0)):
        faults.set("leap", seconds)
        until(lambda count=count: server.log.read_text().count("the clock was set") >= count)
    assert server.state(done)["phase"] == server.state(job)["phase"] == "complete"
    assert server.client.get(server.state(done)["result"]["downloadUrl"]).status_code == 200


def test_a_job_is_taken_up_after_a_start_with_the_clock_behind(faults, slow_photo):
    server = faults.server("--workers", "1")
    job = server.submit(slow_photo, ALL)
    at_work(server, job)
    server.kill_everything()
    faults.set("leap", -86400)
    assert faults.server("--workers", "1").wait(job)["phase"] == "complete"


def test_a_worker_that_hangs_after_a_cancel_is_replaced(start, slow_photo, photo):
    server = start("--workers", "1")
    job = server.submit(slow_photo, ALL)
    worker = at_work(server, job)
    os.kill(worker, signal.SIGSTOP)
    assert server.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    assert server.wait(server.submit(photo))["phase"] == "complete"
    assert worker not in children(server.process.pid)


def test_a_database_that_is_held_costs_no_result(start, slow_photo, photo):
    """Others are asked to come again; what was worked out meanwhile is stored when it can be."""
    server = start("--workers", "1")
    job = server.submit(slow_photo, ALL)
    at_work(server, job)
    holder = sqlite3.connect(server.data / "service" / "daguerre.sqlite3", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    answer = server.client.post(TOOL, files={"file": ("a.jpg", photo)})
    assert (answer.status_code, answer.json()["code"]) == (503, "BUSY") and "retry-after" in answer.headers
    assert server.client.get("/api/v1/jobs").status_code == 200
    canceled = server.client.post(f"/api/v1/jobs/{job}/cancel")
    assert canceled.status_code == 503
    time.sleep(max(0.0, 25 - (time.monotonic() - began)))
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
