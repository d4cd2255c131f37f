"""Processes are killed, and no job is lost."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

ALL = {"scratchRemoval": True, "denoise": True}


def kill_worker_at_work(server, job) -> float:
    """SIGKILL to the worker once the job has come some way; gives the moment."""
    while True:
        state = server.wait(job, "processing", "complete", "failed")
        assert state["phase"] == "processing", state
        if state["percent"] > 2:
            break
        time.sleep(0.02)
    (worker,) = server.workers()
    os.kill(worker, signal.SIGKILL)
    return time.monotonic()


def until_again(server, job, attempts_before: int, since: float) -> float:
    """The seconds until the job is at work again."""
    while True:
        if count_starts(server, job) > attempts_before:
            return time.monotonic() - since
        assert time.monotonic() - since < 20
        time.sleep(0.02)


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


def test_a_killed_worker_is_replaced_and_the_job_goes_on(start, slow_photo):
    server = start("--workers", "1")
    job = server.submit(slow_photo, ALL)
    killed = kill_worker_at_work(server, job)
    assert until_again(server, job, 1, killed) < 5
    frames = server.frames(job)
    assert frames[-1]["data"]["phase"] == "complete"
    # Percent does not fall, whoever works.
    everything = server.frames(job, **{"Last-Event-ID": "1"})
    percents = [frame["data"]["percent"] for frame in everything]
    assert percents == sorted(percents)
    assert any("try again (2 of 3)" in frame["data"]["stage"] for frame in everything)


def test_an_input_that_kills_three_workers_fails_and_the_queue_goes_on(start, slow_photo, photo):
    server = start("--workers", "1")
    poison, next_one = server.submit(slow_photo, ALL), server.submit(photo)
    for attempt in range(1, 4):
        killed = kill_worker_at_work(server, poison)
        if attempt < 3:
            until_again(server, poison, attempt, killed)
    state = server.wait(poison, "failed")
    assert state["error"] == "The worker stopped three times while it worked on this photo, so the photo was given up."
    assert state["code"] == "WORKER_LOST"
    assert server.wait(next_one, within=20)["phase"] == "complete"


def test_everything_is_killed_and_started_again(start, slow_photo, photo):
    server = start("--workers", "1")
    finished = server.submit(photo)
    result = server.wait(finished)
    running, queued = server.submit(slow_photo, ALL), server.submit(photo)
    server.wait(running, "processing")
    server.kill_everything()
    again = start("--workers", "1")
    assert again.wait(running)["phase"] == "complete"
    assert again.wait(queued)["phase"] == "complete"
    assert again.state(finished) == result
    (frame,) = again.frames(finished)
    assert frame["data"] == result
    assert again.client.get(result["result"]["downloadUrl"]).status_code == 200


def test_only_the_server_is_killed(start, slow_photo):
    """Its workers end with it and give their jobs back."""
    server = start("--workers", "1")
    job = server.submit(slow_photo, ALL)
    server.wait(job, "processing")
    assert len(processes_on(server.data)) >= 4
    server.process.kill()
    server.process.wait()
    deadline = time.monotonic() + 10
    while left := processes_on(server.data):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
    again = start("--workers", "1")
    assert again.wait(job)["phase"] == "complete"
    assert count_starts(again, job) == 1


def test_ctrl_c_lets_a_running_job_finish(start, slow_photo, photo):
    server = start("--workers", "1")
    running, queued = server.submit(slow_photo, ALL), server.submit(photo)
    server.wait(running, "processing")
    assert server.stop(signal.SIGINT) == 130
    assert '"job finished"' in server.log.read_text()
    again = start("--workers", "0")
    assert again.state(running)["phase"] == "complete"
    assert again.state(queued)["phase"] == "queued"


def test_ctrl_c_hands_back_what_takes_too_long(start, slow_photo):
    server = start("--workers", "1", DRAIN_S=0)
    job = server.submit(slow_photo, ALL)
    server.wait(job, "processing")
    assert server.stop(signal.SIGTERM) == 143
    again = start("--workers", "1")
    assert again.wait(job)["phase"] == "complete"


def test_a_running_job_is_canceled_within_two_seconds(start, slow_photo, photo):
    server = start("--workers", "1")
    job = server.submit(slow_photo, ALL)
    server.wait(job, "processing")
    began = time.monotonic()
    assert server.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    state = server.wait(job)
    assert (state["phase"], state["error"], state["code"]) == ("failed", "Canceled", "CANCELED")
    assert time.monotonic() - began < 2
    # The worker is free for the next.
    assert server.wait(server.submit(photo), within=20)["phase"] == "complete"
    assert server.frames(job)[-1]["data"]["error"] == "Canceled"


def test_a_removed_job_leaves_no_files(start, slow_photo, photo):
    server = start("--workers", "1")
    job, other = server.submit(slow_photo, ALL), server.submit(photo)
    server.wait(job, "processing")
    assert server.client.delete(f"/api/v1/jobs/{job}").json() == {"ok": True}
    assert server.wait(other)["phase"] == "complete"
    (left,) = server.stored("*/input")
    assert left.read_bytes() == photo


def test_a_job_has_a_time_limit(start, slow_photo):
    server = start("--workers", "1", JOB_TIMEOUT_S=1)
    job = server.submit(slow_photo, ALL)
    server.wait(job, "processing")
    (worker,) = server.workers()
    state = server.wait(job)
    assert (state["phase"], state["code"]) == ("failed", "TIMED_OUT")
    deadline = time.monotonic() + 10
    while server.workers() in ([], [worker]):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_worker_has_a_limit_of_memory(start, make_picture, photo):
    """Too large for what a worker may take: it fails, with a sentence, and the worker goes on."""
    server = start("--workers", "1", WORKER_MEMORY_BYTES=1_000_000_000)
    job = server.submit(make_picture(9000, 6000, sigma=3), {"scratchRemoval": False})
    state = server.wait(job, within=120)
    assert state["phase"] == "failed" and state["code"] in ("OUT_OF_MEMORY", "MODEL_ERROR", "WORKER_LOST")
    assert server.wait(server.submit(photo), within=30)["phase"] == "complete"
