"""Progress as clients see it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import uuid
from pathlib import Path

import httpx
import pytest

STAGES = ["Removing scratches...", "Reducing noise..."]
FOLLOWER = Path(__file__).parent / "follow.mjs"


def test_from_the_queue_to_the_result(server, slow_photo):
    job = server.submit(slow_photo, {})
    frames = server.frames(job)
    assert {frame["event"] for frame in frames} == {"progress"}
    ids = [int(frame["id"]) for frame in frames]
    assert ids == sorted(set(ids))
    states = [frame["data"] for frame in frames]
    assert {state["jobId"] for state in states} == {job} and {state["type"] for state in states} == {"single"}
    phases = [state["phase"] for state in states]
    assert phases[-1] == "complete" and set(phases[:-1]) <= {"queued", "processing"}
    percents = [state["percent"] for state in states]
    assert percents == sorted(percents) and percents[-1] == 100 and len(set(percents)) > 4
    seen = [state["stage"] for state in states]
    assert [stage for stage in STAGES if stage in seen] == STAGES
    assert all("result" not in state for state in states[:-1])
    # Again, after the end: the last frame alone, for a new listener and for a returning one.
    assert server.frames(job) == frames[-1:]
    assert server.frames(job, **{"Last-Event-ID": frames[-1]["id"]}) == frames[-1:]
    assert server.frames(job, **{"Last-Event-ID": frames[2]["id"]}) == frames[3:]
    assert server.frames(job, **{"Last-Event-ID": "nonsense"}) == frames[-1:]
    assert server.state(job) == states[-1]


def test_unnamed_events(server, photo):
    job = server.submit(photo)
    frames = server.frames(job, "?events=unnamed")
    assert all("event" not in frame for frame in frames) and frames[-1]["data"]["phase"] == "complete"
    chosen = server.submit(photo, clientJobId=str(uuid.uuid4()))
    assert all("event" not in frame for frame in server.frames(chosen))
    assert all(frame["event"] == "progress" for frame in server.frames(chosen, "?events=named"))


def test_headers_keep_proxies_from_buffering(server, photo):
    job = server.submit(photo)
    with server.client.stream("GET", f"/api/v1/jobs/{job}/progress") as answer:
        assert answer.headers["cache-control"] == "no-cache" and answer.headers["x-accel-buffering"] == "no"


def test_a_job_that_is_not(server):
    for job in (str(uuid.uuid4()), "nonsense", "x" * 300):
        for answer in (
            server.client.get(f"/api/v1/jobs/{job}"), server.client.delete(f"/api/v1/jobs/{job}"),
            server.client.post(f"/api/v1/jobs/{job}/cancel"),
        ):  # fmt: skip
            assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})
    for job in ("x" * 300, "a%20b", "a..b"):
        answer = server.client.get(f"/api/v1/jobs/{job}/progress")
        assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})


def test_silence_is_broken_by_comments_and_heartbeats(start, photo):
    """With nothing to tell, a comment comes every 15 seconds, and on unnamed streams an event every 20."""
    server = start("--workers", "0")
    job = server.submit(photo)
    with server.client.stream("GET", f"/api/v1/jobs/{job}/progress?events=unnamed", timeout=240) as answer:
        lines = answer.iter_lines()
        assert any(line.startswith(":") for line in lines)
        assert next(line for line in lines if line.startswith("data: ")) == 'data: {"type":"heartbeat"}'


def test_a_stream_ends_with_its_job(start, photo):
    """Cancelled, or removed: whoever listens is told, or let go."""
    server = start("--workers", "0")
    canceled, removed = server.submit(photo), server.submit(photo)

    async def follow():
        async with httpx.AsyncClient(base_url=server.url, timeout=240) as client:
            streams = [asyncio.create_task(client.get(f"/api/v1/jobs/{job}/progress")) for job in (canceled, removed)]
            while (await client.get("/api/v1/admin/health")).json()["listeners"] < 2:
                await asyncio.sleep(0.05)
            assert (await client.post(f"/api/v1/jobs/{canceled}/cancel")).json() == {"canceled": True}
            assert (await client.delete(f"/api/v1/jobs/{removed}")).json() == {"ok": True}
            return [(await stream).text for stream in streams]

    first, second = asyncio.run(follow())
    assert '"phase":"failed"' in first and '"error":"Canceled"' in first
    assert '"phase":"queued"' in second
    assert server.client.get(f"/api/v1/jobs/{removed}").status_code == 404
    assert server.client.post(f"/api/v1/jobs/{canceled}/cancel").json() == {"canceled": False}


def test_many_listeners_starve_nobody(start, slow_photo, photo):
    """500 on one job and 1,000 on idle ones: all are told, and the server answers others meanwhile.

    It begins with the limit of open files that most systems give.
    """
    resource = pytest.importorskip("resource")
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, limit[1]))
    own = start("--workers", "1")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, limit[1]), limit[1]))
    job = own.submit(slow_photo, {})
    idle = [own.submit(photo) for _ in range(10)]

    async def follow():
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=own.url, timeout=240, limits=limits) as client:

            async def last(id):
                async with client.stream("GET", f"/api/v1/jobs/{id}/progress") as answer:
                    return [line async for line in answer.aiter_lines() if line.startswith("data: ")][-1]

            waiting = [asyncio.create_task(last(idle[number % 10])) for number in range(1000)]
            watching = [asyncio.create_task(last(job)) for _ in range(500)]
            answered = 0
            while not all(task.done() for task in watching):
                answered += (await client.get("/api/v1/health")).status_code == 200
                await asyncio.sleep(0.2)
            return answered, {await task for task in watching}, {await task for task in waiting}

    answered, told, idle_told = asyncio.run(follow())
    assert len(told) == 1 and '"phase":"complete"' in told.pop()
    assert len(idle_told) == 10 and all('"phase":"complete"' in line for line in idle_told)
    assert answered


@pytest.mark.skipif(shutil.which("node") is None, reason="Node brings the EventSource")
def test_node_follows_to_the_download(server, slow_photo, tmp_path):
    job = server.submit(slow_photo, {"scratchRemoval": False})
    target = tmp_path / "result.jpg"
    done = subprocess.run(
        ["node", "--experimental-eventsource", FOLLOWER, f"{server.url}/api/v1/jobs/{job}/progress", target],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert target.stat().st_size == server.state(job)["result"]["processedSize"]
