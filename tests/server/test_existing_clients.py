"""Clients that exist for this interface, and the habits they have."""

from __future__ import annotations

import asyncio
import io
import json
import uuid
import zipfile
from urllib.parse import unquote

import httpx
import yaml
from PIL import Image

from tests.serving import bearer, frames_of, until

TOOL = "/api/v1/tools/restore-photo"
NOTHING = json.dumps({"scratchRemoval": False, "faceEnhancement": False, "denoise": False})


def submit(server, client_job, photo, headers=None):
    form = {"files": {"file": ("aunt.jpg", photo)}, "data": {"clientJobId": client_job, "settings": NOTHING}}
    return server.client.post(TOOL, headers=headers, **form)


def test_a_stream_that_is_opened_before_the_upload_carries_the_job(server, photo):
    """What SnapOtter's page does: listen, then send; `onmessage` sees events without a name alone."""
    job = str(uuid.uuid4())

    async def follow():
        async with (
            httpx.AsyncClient(base_url=server.url, timeout=240) as client,
            client.stream("GET", f"/api/v1/jobs/{job}/progress") as early,
        ):
            assert early.status_code == 200
            answer = await asyncio.to_thread(submit, server, job, photo)
            assert answer.json() == {"jobId": job, "async": True, "progressJobId": job, "artifactJobId": job}
            return [line async for line in early.aiter_lines()]

    frames = list(frames_of(asyncio.run(follow())))
    assert all("event" not in frame for frame in frames)
    states = [frame["data"] for frame in frames]
    assert {state["type"] for state in states} == {"single"} and states[-1]["phase"] == "complete"
    assert server.client.get(states[-1]["result"]["downloadUrl"]).status_code == 200


def test_early_streams_of_others_are_told_nothing(keyed, photo):
    job = uuid.uuid4().hex

    async def follow():
        mine, other = (
            httpx.AsyncClient(base_url=keyed.server.url, headers=bearer(token), timeout=240)
            for token in (keyed.anna, keyed.bert)
        )
        async with (
            mine.stream("GET", f"/api/v1/jobs/{job}/progress?events=named") as own,
            other.stream("GET", f"/api/v1/jobs/{job}/progress") as foreign,
        ):
            assert own.status_code == foreign.status_code == 200
            await asyncio.to_thread(submit, keyed.server, job, photo, bearer(keyed.anna))
            told = [line async for line in own.aiter_lines() if line.startswith("event: ")]
            silent = foreign.aiter_lines()
            assert (await anext(silent)).startswith(":")  # The comment that keeps it open, and no frame before it.
            return told

    assert set(asyncio.run(follow())) == {"event: progress"}


def test_an_early_stream_ends_in_time(start):
    server = start("--workers", "0", EARLY_STREAM_S=0.5)
    answer = server.client.get("/api/v1/jobs/never/progress")
    assert answer.status_code == 200 and answer.text == ""


def test_a_batch_as_a_zip(server, photo, make_picture):
    files = [
        ("file", ("größe 100%.jpg", photo)),
        ("file", ("b.txt", b"no image")),
        ("file", ("c.png", make_picture(kind="PNG"))),
    ]
    form = {"settings": NOTHING, "clientJobId": f"batch-{uuid.uuid4().hex}"}
    answer = server.client.post(f"{TOOL}/batch", files=files, data=form, headers={"Accept": "application/zip"})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    assert answer.headers["x-job-id"] == form["clientJobId"]
    names = json.loads(unquote(answer.headers["x-file-results"]))
    assert names == {"0": "größe 100%_restored.jpg", "2": "c_restored.png"}
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None and sorted(archive.namelist()) == sorted(names.values())
    plain = server.client.post(
        f"{TOOL}/batch", files=files[2:], data={"settings": NOTHING}, headers={"Accept": "application/zip"}
    )
    assert json.loads(plain.headers["x-file-results"]) == {"0": "c_restored.png"}
    # Anything else is answered at once.
    for accept in ("*/*", "application/json"):
        answer = server.client.post(
            f"{TOOL}/batch", files=files, data={"settings": NOTHING}, headers={"Accept": accept}
        )
        assert answer.status_code == 202 and set(answer.json()) == {"jobId", "async"}


def test_a_batch_as_a_zip_of_nothing(server):
    files = [("file", ("a.txt", b"no image")), ("file", ("b.txt", b""))]
    answer = server.client.post(f"{TOOL}/batch", files=files, headers={"Accept": "application/zip"})
    assert answer.status_code == 422
    body = answer.json()
    assert body["error"] == "None of the photos could be restored" and body["code"] == "NONE_RESTORED"
    assert [error["filename"] for error in body["errors"]] == ["a.txt", "b.txt"]
    assert body["jobId"] == answer.headers["x-job-id"]


def test_warnings_are_one_sentence_too(server, photo):
    job = server.submit(photo, {**json.loads(NOTHING), "sharpen": 3, "glow": 1})
    result = server.wait(job)["result"]
    assert result["warning"] == " ".join(result["warnings"]) and len(result["warnings"]) == 2
    assert "warning" not in server.wait(server.submit(photo))["result"]


def test_an_extension_stays_as_it_was_written(server, make_picture):
    for name, kept in (
        ("scan.tiff", "scan_restored.tiff"),
        ("scan.TIF", "scan_restored.TIF"),
        ("a.jpeg", "a_restored.jpeg"),
    ):
        kind = "JPEG" if name.endswith("g") else "TIFF"
        job = server.submit(make_picture(kind=kind), name=name)
        assert server.wait(job)["result"]["downloadUrl"].endswith(f"/{kept}")


def test_the_document_in_every_form(server):
    document = server.client.get("/api/v1/openapi.json").json()
    answer = server.client.get("/api/v1/openapi.yaml")
    assert "yaml" in answer.headers["content-type"] and yaml.safe_load(answer.text) == document
    for path in (TOOL, "/api/v1/tools/image/restore-photo", f"{TOOL}/batch"):
        form = document["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        settings = form["properties"]["settings"]["properties"]
        assert {"scratchRemoval", "fidelity", "colorizeStrength", "faces"} <= set(settings)
        for name, field in settings.items():
            assert field["description"] and "default" in field, name
            assert field.get("type") == "boolean" or "examples" in field or "enum" in field, name
            if field.get("type") in ("number", "integer") and "enum" not in field:
                assert "minimum" in field and "maximum" in field, name
    codes = document["components"]["schemas"]["ProblemBody"]["properties"]["code"]["enum"]
    assert {"FILE_TOO_LARGE", "JOB_EXISTS", "ADMIN_REQUIRED"} <= set(codes)
    text = server.client.get("/llms.txt")
    assert "markdown" in text.headers["content-type"]
    for part in ("# Daguerre", "`fidelity`", "POST /api/v1/tools/restore-photo", "openapi.json"):
        assert part in text.text


def test_below_the_path_of_a_proxy(start, photo):
    """Whether the proxy takes the path off or not: page, streams and links are right."""
    server = start("--workers", "1", "--root-path", "/daguerre/")
    page = server.client.get("/daguerre/")
    assert page.status_code == 200 and 'href="/daguerre/"' in page.text
    assets = [part.split('"')[0] for part in page.text.split('href="')[1:] if "/web/" in part]
    assert len(assets) > 10 and all(address.startswith("/daguerre/web/") for address in assets)
    for prefix in ("/daguerre", ""):
        assert server.client.get(prefix + assets[0].removeprefix("/daguerre")).status_code == 200
        assert server.client.get(f"{prefix}/api/v1/health").json()["status"] == "healthy"
        assert server.client.get(f"{prefix}/api/docs/docs.js").status_code == 200
        assert "/daguerre/api/v1/openapi.json" in server.client.get(f"{prefix}/llms.txt").text
        assert server.client.get(f"{prefix}/api/v1/openapi.json").json()["servers"] == [{"url": "/daguerre"}]
        answer = server.client.post(prefix + TOOL, files={"file": ("a.jpg", photo)}, data={"settings": NOTHING})
        assert answer.headers["location"] == f"/daguerre/api/v1/jobs/{answer.json()['jobId']}"
        with server.client.stream("GET", answer.headers["location"] + "/progress") as stream:
            last = list(frames_of(stream.iter_lines()))[-1]["data"]
        url = last["result"]["downloadUrl"]
        assert url.startswith("/daguerre/api/v1/download/")
        for address in (url, url.removeprefix("/daguerre"), last["result"]["previewUrl"]):
            data = server.client.get(address).content
            assert Image.open(io.BytesIO(data)).size == (64, 48)
    assert until(lambda: server.client.get("/daguerre").status_code) == 200
