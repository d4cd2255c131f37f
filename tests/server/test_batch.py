"""Many photos at once."""

from __future__ import annotations

import io
import json
import zipfile

BATCH = "/api/v1/tools/restore-photo/batch"
NOTHING = json.dumps({"scratchRemoval": False, "denoise": False})


def submit(server, *files, field="file", **data):
    answer = server.client.post(BATCH, files=[(field, file) for file in files], data={"settings": NOTHING, **data})
    assert answer.status_code == 202, answer.text
    return answer.json()["jobId"]


def test_one_bad_photo_fails_alone(server, photo, make_picture):
    job = submit(server, ("a.jpg", photo), ("b.txt", b"no image"), ("a.jpg", make_picture(seed=2)))
    frames = [frame["data"] for frame in server.frames(job)]
    last = frames[-1]
    assert {frame["type"] for frame in frames} == {"batch"} and {frame["totalFiles"] for frame in frames} == {3}
    done = [frame["completedFiles"] for frame in frames]
    assert done == sorted(done)
    assert (last["status"], last["phase"], last["percent"]) == ("completed", "complete", 100)
    assert (last["completedFiles"], last["failedFiles"]) == (2, 1)
    (error,) = last["errors"]
    assert error["filename"] == "b.txt" and error["error"].startswith("Invalid image: ")
    files = last["result"]["files"]
    assert [file["filename"] for file in files] == ["a.jpg", "b.txt", "a.jpg"]
    assert server.state(files[0]["jobId"])["result"]["downloadUrl"] == files[0]["downloadUrl"]
    assert server.state(files[1]["jobId"])["phase"] == "failed"
    answer = server.client.get(last["result"]["downloadUrl"])
    assert answer.headers["content-type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None and archive.namelist() == ["a_restored.jpg", "a_restored-2.jpg"]
    assert archive.read("a_restored.jpg") == server.client.get(files[0]["downloadUrl"]).content
    listed = server.client.get("/api/v1/jobs", params={"batchId": job}).json()["jobs"]
    assert [each["jobId"] for each in reversed(listed)] == [file["jobId"] for file in files]
    assert server.frames(job)[-1]["data"] == last


def test_files_may_be_called_files(server, photo):
    assert server.wait(submit(server, ("a.jpg", photo), field="files"))["completedFiles"] == 1


def test_none_is_good(server):
    state = server.wait(submit(server, ("a.jpg", b"x"), ("b.jpg", b"")))
    assert (state["status"], state["failedFiles"]) == ("failed", 2)
    assert state["error"] == "None of the photos could be restored." and "downloadUrl" not in state["result"]
    assert server.client.get(f"/api/v1/download/{state['jobId']}/restored.zip").status_code == 404


def test_refusals(server, photo):
    answer = server.client.post(BATCH, files=[("other", ("a.jpg", photo))])
    assert (answer.status_code, answer.json()) == (400, {"error": "No image file provided"})
    answer = server.client.post(BATCH, files=[("file", ("a.jpg", photo))] * 6)
    assert answer.status_code == 413 and answer.json()["code"] == "TOO_MANY_FILES"
    answer = server.client.post(BATCH, files=[("file", ("a.jpg", photo))], data={"settings": '{"fidelity": 3}'})
    assert (answer.status_code, answer.json()["details"]) == (400, "fidelity: must be at most 1")


def test_canceled_and_removed_as_a_whole(start, photo):
    server = start("--workers", "0")
    job = submit(server, ("a.jpg", photo), ("b.jpg", photo))
    listed = server.client.get("/api/v1/jobs", params={"batchId": job}).json()["jobs"]
    assert server.client.post(f"/api/v1/jobs/{job}/cancel").json() == {"canceled": True}
    state = server.state(job)
    assert (state["status"], state["error"], state["failedFiles"]) == ("failed", "Canceled", 2)
    assert {server.state(each["jobId"])["error"] for each in listed} == {"Canceled"}
    assert server.client.delete(f"/api/v1/jobs/{job}").status_code == 200
    assert server.client.get(f"/api/v1/jobs/{listed[0]['jobId']}").status_code == 404
    assert server.stored("*") == []
