"""Processes are killed, and no job is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import zlib
from pathlib import Path

import numpy as np

from daguerre.imaging.containers.tiff_ifd import StoredPage, long, short
from tests.imaging import tiffs
from tests.serving import ALL, until


def kill_worker_at_work(server, job) -> None:
    """SIGKILL to the worker once the job has come some way."""
    os.kill(server.at_work(job), signal.SIGKILL)


def until_again(server, job, attempts_before: int) -> None:
    """Until the job is at work again."""
    until(lambda: count_starts(server, job) > attempts_before)


def count_starts(server, job) -> int:
    return sum('"job started"' in line and job in line for line in server.log.read_text().splitlines())


def processes_on(data) -> list[int]:
    """Every process that was started for the folder, whoever its parent is by now."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"DAGUERRE_DATA={data}\0".encode() in environment.read_bytes():
                found.append(int(environment.parent.name))
    return found


def test_a_killed_worker_is_replaced_and_the_job_goes_on(faults, photo):
    server = faults.server("--workers", "1")
    faults.set("hold")
    job = server.submit(photo, ALL)
    kill_worker_at_work(server, job)
    until_again(server, job, 1)
    faults.clear("hold")
    frames = server.frames(job)
    assert frames[-1]["data"]["phase"] == "complete"
    # Percent does not fall, whoever works.
    everything = server.frames(job, **{"Last-Event-ID": "1"})
    percents = [frame["data"]["percent"] for frame in everything]
    assert percents == sorted(percents)
    assert any("try again (2 of 3)" in frame["data"]["stage"] for frame in everything)


def test_an_input_that_kills_three_workers_fails_and_the_queue_goes_on(faults, photo):
    server = faults.server("--workers", "1")
    faults.set("hold")
    poison, next_one = server.submit(photo, ALL), server.submit(photo)
    for attempt in range(1, 4):
        kill_worker_at_work(server, poison)
        if attempt < 3:
            until_again(server, poison, attempt)
    faults.clear("hold")
    state = server.wait(poison, "failed")
    assert state["error"] == "The worker stopped three times while it worked on this photo, so the photo was given up."
    assert state["code"] == "WORKER_LOST"
    assert server.wait(next_one, within=240)["phase"] == "complete"


def test_everything_is_killed_and_started_again(faults, photo):
    server = faults.server("--workers", "1")
    finished = server.submit(photo)
    result = server.wait(finished)
    faults.set("hold")
    running, queued = server.submit(photo, ALL), server.submit(photo)
    server.at_work(running)
    server.kill_everything()
    faults.clear("hold")
    again = faults.server("--workers", "1")
    assert again.wait(running)["phase"] == "complete"
    assert again.wait(queued)["phase"] == "complete"
    assert again.state(finished) == result
    (frame,) = again.frames(finished)
    assert frame["data"] == result
    assert again.client.get(result["result"]["downloadUrl"]).status_code == 200


def test_only_the_server_is_killed(faults, photo):
    """Its workers end with it and give their jobs back."""
    server = faults.server("--workers", "1")
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.at_work(job)
    assert len(processes_on(server.data)) >= 4
    server.process.kill()
    server.process.wait()
    until(lambda: not processes_on(server.data))
    faults.clear("hold")
    again = faults.server("--workers", "1")
    assert again.wait(job)["phase"] == "complete"
    assert count_starts(again, job) == 1


def test_ctrl_c_lets_a_running_job_finish(faults, start, photo):
    server = faults.server("--workers", "1", DRAIN_S=600)
    faults.set("hold")
    running, queued = server.submit(photo, ALL), server.submit(photo)
    server.at_work(running)
    server.process.send_signal(signal.SIGINT)
    until(lambda: '"stopping"' in server.log.read_text())
    faults.clear("hold")
    assert server.process.wait(240) == 130
    assert '"job finished"' in server.log.read_text()
    again = start("--workers", "0")
    assert again.state(running)["phase"] == "complete"
    assert again.state(queued)["phase"] == "queued"


def test_ctrl_c_hands_back_what_takes_too_long(faults, start, photo):
    server = faults.server("--workers", "1", DRAIN_S=0)
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.at_work(job)
    assert server.stop(signal.SIGTERM) == 143
    again = start("--workers", "1")
    assert again.wait(job)["phase"] == "complete"


def test_a_running_job_is_canceled_at_once(faults, photo):
    server = faults.server("--workers", "1")
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.at_work(job)
    assert server.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    state = server.state(job)
    assert (state["phase"], state["error"], state["code"]) == ("failed", "Canceled", "CANCELED")
    # The worker is free for the next.
    until(lambda: '"job taken away"' in server.log.read_text())
    faults.clear("hold")
    assert server.wait(server.submit(photo), within=240)["phase"] == "complete"
    assert server.frames(job)[-1]["data"]["error"] == "Canceled"


def test_a_removed_job_leaves_no_files(faults, make_picture, photo):
    server = faults.server("--workers", "1")
    faults.set("hold")
    job, other = server.submit(make_picture(seed=2), ALL), server.submit(photo)
    server.at_work(job)
    assert server.client.delete(f"/api/v1/jobs/{job}").json() == {"ok": True}
    faults.clear("hold")
    assert server.wait(other)["phase"] == "complete"
    (left,) = server.stored("*/input")
    assert left.read_bytes() == photo


def test_a_job_has_a_time_limit(faults, photo):
    server = faults.server("--workers", "1", JOB_TIMEOUT_S=1)
    faults.set("hold")
    job = server.submit(photo, ALL)
    server.wait(job, "processing")
    (worker,) = server.workers()
    state = server.wait(job)
    assert (state["phase"], state["code"]) == ("failed", "TIMED_OUT")
    until(lambda: server.workers() not in ([], [worker]))


def too_large() -> bytes:
    """A TIFF of 400 megapixels that is made and sent in no time: all of its strips are the same."""
    side, rows = 20_000, 100
    strip = np.random.default_rng(1).bytes(1 << 15).ljust(rows * side * 3, b"\0")
    page = tiffs.page(b"", side, side, (8, 8, 8), 2, {259: short(8), 278: long(rows)})
    return tiffs.file(StoredPage(page.directory, (zlib.compress(strip),) * (side // rows)))


def test_a_worker_has_a_limit_of_memory(start, photo):
    """Too large for what a worker may take: it fails, with a sentence, and the worker goes on."""
    server = start("--workers", "1", WORKER_MEMORY_BYTES=1_500_000_000)
    state = server.wait(server.submit(too_large(), {"scratchRemoval": False}, "scan.tif"))
    assert (state["phase"], state["code"]) == ("failed", "OUT_OF_MEMORY")
    assert server.wait(server.submit(photo))["phase"] == "complete"
    assert '"worker ended"' not in server.log.read_text()
