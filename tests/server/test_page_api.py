"""What the page needs beyond the contract: views, one stream and one ZIP for many jobs, photos that are sent once."""

from __future__ import annotations

import io
import zipfile

import numpy as np
from PIL import Image

from daguerre import imaging
from daguerre.imaging.photo import Photo

TOOL = "/api/v1/tools/restore-photo"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_the_entrance_and_its_parts(server):
    answer = server.client.get("/")
    assert answer.status_code == 200 and "BASE/" not in answer.text and "://" not in answer.text.replace("w3.org", "")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "form-action 'none'" in policy
    again = server.client.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304 and answer.headers["cache-control"] == "no-cache"
    modules = [line.split('href="')[1].split('"')[0] for line in answer.text.splitlines() if "modulepreload" in line]
    assert len(modules) > 10
    weight = 0
    for address in modules:
        part = server.client.get(address)
        assert "javascript" in part.headers["content-type"] and "immutable" in part.headers["cache-control"]
        assert part.headers["content-encoding"] == "gzip"
        weight += int(part.headers["content-length"])
    assert weight < 100_000
    for path in ("/web/000000000000/js/app.js", modules[0].replace("js/", "js/../js/x"), "/web/x/..%2fsettings.py"):
        assert server.client.get(path).status_code == 404


def test_views_of_a_format_that_browsers_do_not_show(server):
    pixels = (np.linspace(0, 60_000, 90 * 70 * 3).reshape(70, 90, 3)).astype(np.uint16)
    job = server.submit(imaging.encode(Photo(pixels, "tiff"), format="tiff").data, name="scan.tif")
    address = f"/api/v1/jobs/{job}/views"
    for _ in range(2):  # Made once, then kept.
        small = server.client.get(f"{address}/original")
        assert small.status_code == 200 and small.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(small.content)).size == (90, 70)
    server.wait(job, "complete")
    for side in ("original", "restored"):
        whole = server.client.get(f"{address}/{side}?size=full")
        assert whole.headers["content-type"] == "image/jpeg" and Image.open(io.BytesIO(whole.content)).size == (90, 70)
    unchanged = server.client.get(f"{address}/original", headers={"If-None-Match": small.headers["etag"]})
    assert unchanged.status_code == 304
    assert server.client.get(f"{address}/nothing").status_code == 400
    assert server.client.get(f"/api/v1/jobs/{UNKNOWN}/views/original").status_code == 404
    assert server.spooled() == []


def test_a_view_of_all_of_a_jpeg_is_the_file(server, photo):
    job = server.submit(photo)
    server.wait(job, "complete")
    whole = server.client.get(f"/api/v1/jobs/{job}/views/original?size=full")
    assert whole.content == photo and whole.headers["content-type"] == "image/jpeg"
    server.client.delete(f"/api/v1/jobs/{job}")
    assert server.client.get(f"/api/v1/jobs/{job}/views/original?size=full").status_code == 404


def test_a_photo_is_restored_again_without_being_sent(server, photo):
    first = server.submit(photo, name="aunt.jpg")
    server.wait(first, "complete")
    answer = server.client.post(TOOL, files={"sourceJobId": (None, first), "settings": (None, '{"denoise": false}')})
    assert answer.status_code == 202, answer.text
    second = answer.json()["jobId"]
    server.client.delete(f"/api/v1/jobs/{first}")
    result = server.wait(second)["result"]
    assert "aunt_restored.jpg" in result["downloadUrl"] and result["originalSize"] == len(photo)
    listed = server.client.get("/api/v1/jobs").json()["jobs"]
    entry = next(job for job in listed if job["jobId"] == second)
    assert entry["settings"] == {"denoise": False} and entry["inputBytes"] == len(photo) and entry["hasMask"] is False
    for gone in (first, UNKNOWN, "nonsense"):
        refused = server.client.post(TOOL, files={"sourceJobId": (None, gone)})
        assert refused.status_code == 404 and refused.json() == {"error": "Job not found"}
    assert server.spooled() == []


def test_a_mask_of_one_bit_is_a_mask(server, photo):
    file = io.BytesIO()
    mask = np.zeros((48, 64), bool)
    mask[10:20, 10:30] = True
    Image.fromarray(mask).save(file, "PNG")
    job = server.submit(photo)
    parts = {"sourceJobId": (None, job), "mask": ("mask.png", file.getvalue(), "image/png")}
    again = server.client.post(TOOL, files=parts).json()["jobId"]
    result = server.wait(again, "complete")["result"]
    assert "scratch_removal" in result["steps"] and 5 < result["scratchCoverage"] < 20


def test_many_jobs_in_one_stream_and_one_archive(server, photo):
    jobs = [server.submit(photo, name="one.jpg"), server.submit(photo, name="one.jpg")]
    query = "&".join(f"jobId={job}" for job in [*jobs, UNKNOWN])
    with server.client.stream("GET", f"/api/v1/progress?{query}") as answer:
        text = "".join(answer.iter_text())
    for job in jobs:
        assert any(job in line and '"complete"' in line for line in text.splitlines())
    archive = zipfile.ZipFile(io.BytesIO(server.client.get(f"/api/v1/archive?{query}").content))
    assert sorted(archive.namelist()) == ["one_restored-2.jpg", "one_restored.jpg"] and archive.testzip() is None
    for path in ("progress", "archive"):
        assert server.client.get(f"/api/v1/{path}?jobId={UNKNOWN}").status_code == 404
        assert server.client.get(f"/api/v1/{path}").status_code == 400
