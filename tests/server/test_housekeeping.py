"""What has served goes, and what has not does not."""

from __future__ import annotations

from tests.serving import until


def gone(server, job):
    until(lambda: server.client.get(f"/api/v1/jobs/{job}").status_code == 404)


def test_jobs_expire(start, photo):
    server = start("--workers", "1", RETENTION_HOURS=0.0005)
    job = server.submit(photo)
    assert server.wait(job)["phase"] == "complete"
    gone(server, job)
    assert server.stored("*") == []


def test_what_waits_does_not_expire(start, photo):
    """A job that has ended goes, one that came before it and waits does not."""
    server = start("--workers", "0", RETENTION_HOURS=0.0001)
    waiting, ended = server.submit(photo), server.submit(photo)
    server.client.post(f"/api/v1/jobs/{ended}/cancel")
    gone(server, ended)
    assert server.state(waiting)["phase"] == "queued"


def test_the_oldest_results_make_room(start, make_picture):
    photo = make_picture(300, 300, sigma=30)
    server = start("--workers", "1", STORAGE_LIMIT_BYTES=4 * len(photo))
    first = server.submit(photo)
    server.wait(first)
    second = server.submit(photo, name="second.jpg")
    server.wait(second)
    gone(server, first)
    assert server.state(second)["phase"] == "complete"


def test_no_room_at_all(start, make_picture):
    photo = make_picture(300, 300, sigma=30)
    server = start("--workers", "0", STORAGE_LIMIT_BYTES=2 * len(photo) + 100)
    waiting = [server.submit(photo) for _ in range(2)]
    answer = server.client.post("/api/v1/tools/restore-photo", files={"file": ("a.jpg", photo)})
    assert (answer.status_code, answer.json()) == (507, {"error": "Storage full", "code": "STORAGE_FULL"})
    assert [server.state(job)["phase"] for job in waiting] == ["queued", "queued"]


def test_pages_of_the_list(start, photo):
    server = start("--workers", "0")
    jobs = [server.submit(photo) for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = server.client.get("/api/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [job["jobId"] for job in page["jobs"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == jobs[::-1]
    assert server.client.get("/api/v1/jobs", params={"limit": 0}).status_code == 400
