"""One photo, from the upload to the job; and every way to be refused."""

from __future__ import annotations

import asyncio
import json
import socket
import uuid
from io import BytesIO

import httpx
import pytest
from PIL import Image, ImageOps

TOOL = "/api/v1/tools/restore-photo"
NOTHING = {"scratchRemoval": False, "faceEnhancement": False, "denoise": False}


def test_a_photo_comes_back(server, photo):
    job = server.submit(photo, {"denoise": True, "scratchRemoval": False}, name="grandma & co.jpeg")
    state = server.wait(job)
    assert state["phase"] == "complete", state
    assert (state["jobId"], state["type"], state["percent"]) == (job, "single", 100)
    result = state["result"]
    assert result["jobId"] == job
    assert result["downloadUrl"] == f"/api/v1/download/{job}/grandma%20%26%20co_restored.jpeg"
    assert result["previewUrl"] == f"/api/v1/download/{job}/preview.webp"
    assert (result["originalSize"], result["width"], result["height"]) == (len(photo), 64, 48)
    assert result["steps"] == ["denoise"] and set(result["timings"]) == {"denoise", "face_enhancement"}
    assert result["models"]["denoise"].startswith("embedded/")
    assert result["scratchCoverage"] == 0 and result["facesEnhanced"] == 0 and result["faces"] == []
    assert result["isGrayscale"] is False and result["colorized"] is False and result["noiseSigma"] > 3
    assert "maskUrl" not in result
    file = server.client.get(result["downloadUrl"])
    assert file.headers["content-type"] == "image/jpeg"
    assert len(file.content) == result["processedSize"] == int(file.headers["content-length"])
    assert Image.open(BytesIO(file.content)).size == (64, 48)
    shown = server.client.get(result["previewUrl"])
    assert shown.headers["content-type"] == "image/webp" and Image.open(BytesIO(shown.content)).size == (64, 48)


def test_the_older_address_and_the_bare_minimum(server, photo):
    answer = server.client.post("/api/v1/tools/image/restore-photo", files={"file": ("a.png", photo)})
    assert answer.status_code == 202 and set(answer.json()) == {"jobId", "async"} and answer.json()["async"] is True
    assert str(uuid.UUID(answer.json()["jobId"])) == answer.json()["jobId"]
    assert server.wait(answer.json()["jobId"])["phase"] == "complete"


def test_a_mask_replaces_the_detection(server, make_picture):
    file = BytesIO()
    Image.new("L", (64, 48)).save(file, "PNG")
    mask = Image.open(file)
    mask.paste(255, (10, 10, 20, 14))
    file = BytesIO()
    mask.save(file, "PNG")
    answer = server.client.post(
        TOOL,
        files={"file": ("a.png", make_picture(kind="PNG")), "mask": ("m.png", file.getvalue())},
        data={"settings": json.dumps({"denoise": False})},
    )
    result = server.wait(answer.json()["jobId"])["result"]
    assert result["steps"] == ["scratch_removal"] and result["scratchCoverage"] == round(100 * 40 / (64 * 48), 2)
    returned = Image.open(BytesIO(server.client.get(result["maskUrl"]).content))
    assert returned.size == (64, 48) and returned.getbbox() == (10, 10, 20, 14)


def test_the_client_may_choose_the_id_once(server, photo):
    chosen = str(uuid.uuid4())
    assert server.submit(photo, clientJobId=chosen) == chosen
    again = server.client.post(TOOL, files={"file": ("a.jpg", photo)}, data={"clientJobId": chosen})
    assert (again.status_code, again.json()) == (409, {"error": "Job exists", "code": "JOB_EXISTS"})
    assert server.wait(chosen)["phase"] == "complete"


def test_of_many_with_one_id_one_wins_and_keeps_its_photo(server, photo):
    chosen = str(uuid.uuid4())

    async def race():
        async with httpx.AsyncClient(base_url=server.url, timeout=240) as client:
            form = {"data": {"clientJobId": chosen}, "files": {"file": ("a.jpg", photo)}}
            return await asyncio.gather(*(client.post(TOOL, **form) for _ in range(8)))

    assert sorted(answer.status_code for answer in asyncio.run(race())) == [202, *[409] * 7]
    assert server.wait(chosen)["phase"] == "complete"


def test_an_unknown_setting_is_named(server, photo):
    job = server.submit(photo, {"denoise": False, "scratchRemoval": False, "sharpen": 3, "mode": "light"})
    assert server.wait(job)["result"]["warnings"] == ["The setting sharpen is not known and was ignored."]


def test_a_large_photo_gets_a_small_preview(server, make_picture):
    wide = make_picture(2000, 500)
    job = server.submit(wide)
    shown = server.client.get(server.wait(job)["result"]["previewUrl"]).content
    assert Image.open(BytesIO(shown)).size == (1600, 400)


@pytest.mark.parametrize("name, kept", [
    ("../../etc/passwd", "passwd_restored.jpg"), ("C:\\scans\\a.jpg", "a_restored.jpg"), ("", "photo_restored.jpg"),
    (".jpg", "jpg_restored.jpg"), ("größe.jpg", "gr%C3%B6%C3%9Fe_restored.jpg"), ("a\tb.jpg", "ab_restored.jpg"),
    ("con.jpg", "_con_restored.jpg"), ("x" * 400 + ".jpg", "x" * 150 + "_restored.jpg"),
])  # fmt: skip
def test_names_are_made_safe(server, photo, name, kept):
    boundary = "b" * 20
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    settings = (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="settings"\r\n\r\n{{"denoise":false}}'
        f"\r\n--{boundary}--\r\n"
    )
    body = head.replace("\\", "\\\\").encode() + photo + settings.encode()
    answer = server.client.post(
        TOOL, content=body, headers={"content-type": f"multipart/form-data; boundary={boundary}"}
    )
    result = server.wait(answer.json()["jobId"])["result"]
    assert result["downloadUrl"].endswith(f"/{kept}")
    assert server.client.get(result["downloadUrl"]).status_code == 200


def refusal(server, *, files=None, settings=None, **data):
    if settings is not None:
        data["settings"] = settings if isinstance(settings, str) else json.dumps(settings)
    answer = server.client.post(TOOL, files=files, data=data)
    return answer.status_code, answer.json()


def test_no_photo(server, photo):
    nothing = (400, {"error": "No image file provided"})
    assert refusal(server, files=[("other", ("a.jpg", photo)), ("another", ("b.jpg", photo))]) == nothing
    assert refusal(server, files={"mask": ("a.png", photo)}) == nothing
    assert refusal(server, files={"file": ("a.jpg", b"")}) == nothing


def test_the_only_file_is_the_photo_whatever_its_part_is_called(server, photo):
    answer = server.client.post(TOOL, files={"image": ("aunt.jpg", photo)}, data={"settings": json.dumps(NOTHING)})
    assert server.wait(answer.json()["jobId"])["result"]["downloadUrl"].endswith("/aunt_restored.jpg")


@pytest.mark.parametrize("settings", ["{", "nonsense", '{"fidelity": NaN}', "[" * 5000, '{"a":1,}'])
def test_settings_that_are_not_json(server, photo, settings):
    expected = (400, {"error": "Settings must be valid JSON"})
    assert refusal(server, files={"file": ("a.jpg", photo)}, settings=settings) == expected


@pytest.mark.parametrize("settings, details", [
    ({"fidelity": 2, "denoise": 1}, "fidelity: must be at most 1; denoise: must be true or false"),
    ({"fidelity": "0.7"}, "fidelity: must be a number"),
    ({"mode": "hard"}, "mode: must be auto, light or heavy"),
    ({"outputFormat": "docx"}, "outputFormat: docx is not a format that can be written"),
    ([1], "settings: must be an object"),
    ({"faces": [[0, 0, 1, 1]] * 501}, "faces: must have at most 500 entries"),
    ({"colorHints": [{"x": 1, "y": 1, "color": "#000000"}] * 501}, "colorHints: must have at most 500 entries"),
    ({"a": "x" * 66_000}, "settings: must be at most 65536 bytes"),
])  # fmt: skip
def test_settings_that_are_not_right(server, photo, settings, details):
    status, body = refusal(server, files={"file": ("a.jpg", photo)}, settings=settings)
    assert status == 400 and body["error"] == "Invalid settings"
    assert sorted(body["details"].split("; ")) == sorted(details.split("; "))


@pytest.mark.parametrize("chosen", ["seven", "A.b_c-1", "x" * 128, "D2719C1A-0B5C-4F5D-9D5F-0C4DE5A4A001"])
def test_an_id_need_be_no_uuid_and_is_echoed_as_sent(server, photo, chosen):
    own = f"{chosen[:100]}{uuid.uuid4().hex[:6]}" if len(chosen) < 100 else f"{uuid.uuid4().hex}{chosen}"[:128]
    settings = json.dumps(NOTHING)
    answer = server.client.post(
        TOOL, files={"file": ("a.jpg", photo)}, data={"clientJobId": own, "settings": settings}
    )  # fmt: skip
    assert answer.json() == {"jobId": own, "async": True, "progressJobId": own, "artifactJobId": own}
    result = server.wait(own)["result"]
    assert result["jobId"] == own and server.client.get(result["downloadUrl"]).status_code == 200


@pytest.mark.parametrize("chosen", ["a/b", "..", ".", "a..b", "x" * 129, "ä", "a b", "a%2fb"])
def test_an_id_that_is_none(server, photo, chosen):
    status, body = refusal(server, files={"file": ("a.jpg", photo)}, clientJobId=chosen)
    assert (status, body["error"]) == (400, "Invalid settings")
    assert body["details"].startswith("clientJobId: must be a UUID, or 1-128 letters")


def test_what_is_not_an_image(server, photo, make_picture):
    large = make_picture(2500, 2000, sigma=2)
    for content in (b"hello, this is text", photo[: len(photo) // 2], large[:-2000], b"%PDF-1.7"):
        status, body = refusal(server, files={"file": ("a.jpg", content)})
        assert status == 400 and body["error"].startswith("Invalid image: "), body
        assert set(body) == {"error"} and "/" not in body["error"]


@pytest.mark.parametrize("settings", [
    '{"outputFormat": "\\ud800"}', '{"faces": [[1e999, 0, 1, 1]]}', '{"denoiseStrength": 1e999}', '{"faces": [1e999]}',
    '{"models": "\\ud800"}', '{"mode": "\\ud800"}',
])  # fmt: skip
def test_settings_that_no_encoding_and_no_number_can_hold(server, photo, settings):
    status, body = refusal(server, files={"file": ("a.jpg", photo)}, settings=settings)
    assert (status, body["error"]) == (400, "Invalid settings")


def test_an_unknown_setting_of_no_encoding_is_only_named(server, photo):
    answer = server.client.post(
        TOOL, files={"file": ("a.jpg", photo)}, data={"settings": '{"a\\ud800": 1, "denoise": false}'}
    )
    assert "The setting a is not known" in server.wait(answer.json()["jobId"])["result"]["warning"]


def test_a_mask_of_another_size(server, photo, make_picture):
    files = {"file": ("a.jpg", photo), "mask": ("m.png", make_picture(63, 48, kind="PNG"))}
    status, body = refusal(server, files=files)
    assert status == 400 and body["error"].startswith("Invalid image: The mask is 63 x 48 pixels"), body
    status, body = refusal(server, files={"file": ("a.jpg", photo), "mask": ("m.png", b"x")})
    assert status == 400 and body["error"].startswith("Invalid image: The mask cannot be read"), body


def test_too_many_pixels_and_bytes(server):
    file = BytesIO()
    Image.new("L", (6000, 6000)).save(file, "PNG")
    status, body = refusal(server, files={"file": ("a.png", file.getvalue())})
    assert status == 400 and body["error"].startswith("Invalid image: The picture "), body
    status, body = refusal(server, files={"file": ("a.jpg", b"\xff" * 8_000_001)})
    assert (status, body) == (413, {"error": "File too large", "code": "FILE_TOO_LARGE", "limitBytes": 8_000_000})


def answer_of(connection: socket.socket) -> bytes:
    """What comes, up to the end of a body of JSON."""
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(4096) or pytest.fail(f"closed after {answer!r}")
    return answer


def test_too_many_pixels_are_noticed_while_the_file_comes(server, make_picture):
    """The header tells: the server answers though most of the file is still to come."""
    file = BytesIO()
    Image.effect_noise((6000, 6000), 90).save(file, "JPEG", quality=95)
    host, port = server.url.removeprefix("http://").split(":")
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + file.getvalue()[:1_500_000]
    with socket.create_connection((host, int(port)), timeout=240) as connection:
        connection.sendall(
            f"POST {TOOL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            "Content-Length: 7900000\r\n\r\n".encode()
            + head
        )
        answer = answer_of(connection)
    assert b" 400 " in answer and b"Invalid image: The picture has 6000 x 6000 pixels" in answer


def test_reading_stops_at_the_limit(server):
    """A client that announces a gigabyte is answered after the eight megabytes that are allowed."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=240) as connection:
        connection.sendall(
            f"POST {TOOL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            "Content-Length: 1000000000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'.encode()
            + b"x" * 8_000_100
        )
        answer = answer_of(connection)
    assert b" 413 " in answer and b'"limitBytes":8000000' in answer


def test_a_slow_client_costs_nobody_else(server, photo):
    host, port = server.url.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=240) for _ in range(50)]
    for connection in slow:
        connection.sendall(
            f"POST {TOOL} HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n"
            "Content-Length: 2000000\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nthe beginning'.encode()
        )
    assert server.wait(server.submit(photo))["phase"] == "complete"
    for connection in slow:
        connection.close()


@pytest.mark.parametrize("kind, body", [
    ("application/json", b"{}"), ("multipart/form-data", b"--b--\r\n"),
    ("multipart/form-data; boundary=b", b"nonsense"),
    ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut off'),
    ("multipart/form-data; boundary=b", b"--b\r\nX: y\r\n\r\nwithout a name\r\n--b--\r\n"),
    ("multipart/form-data; boundary=b", b""),
])  # fmt: skip
def test_broken_multipart(server, kind, body):
    answer = server.client.post(TOOL, content=body, headers={"content-type": kind})
    assert answer.status_code == 400 and answer.json()["error"] == "Failed to parse multipart request"
    assert isinstance(answer.json()["details"], str)


def test_the_bundle_is_asked_for_and_missing(server, photo):
    status, body = refusal(server, files={"file": ("a.jpg", photo)}, settings={"models": "full"})
    assert status == 501 and body == {
        "error": "Feature not installed", "code": "FEATURE_NOT_INSTALLED", "feature": "photo-restoration",
        "featureName": "Photo Restoration", "estimatedSize": "800 MB - 1 GB",
    }  # fmt: skip


def test_refused_uploads_leave_nothing(server, photo):
    before = set(server.stored("*/input"))
    refusal(server, files={"file": ("a.jpg", b"no image")})
    refusal(server, files={"file": ("a.jpg", photo)}, settings={"fidelity": 7})
    assert set(server.stored("*/input")) == before
    assert server.spooled() == []


def test_a_truncated_photo_is_restored_where_that_is_asked_for(server, photo):
    cut = photo[: len(photo) * 3 // 4]
    answer = server.client.post(TOOL, files={"file": ("a.jpg", cut)})
    assert answer.status_code == 400 and "recover" in answer.json()["error"]
    result = server.wait(server.submit(cut, {"recover": True}))["result"]
    assert "scratch_removal" in result["steps"] and any("truncated" in sentence for sentence in result["warnings"])


def test_a_photo_is_enlarged(server, photo):
    state = server.wait(server.submit(photo, {**NOTHING, "upscale": 2}))
    result = state["result"]
    assert (result["width"], result["height"], result["upscale"]) == (128, 96, 2)
    assert result["steps"] == ["upscale"] and result["models"] == {"upscale": "embedded/upscale@1"}
    assert Image.open(BytesIO(server.client.get(result["downloadUrl"]).content)).size == (128, 96)


def test_a_photo_is_turned_and_its_upload_stays(server, make_picture):
    photo, mask = make_picture(64, 48), BytesIO()
    Image.new("L", (48, 64), 0).save(mask, "PNG")
    files = {"file": ("a.jpg", photo), "mask": ("mask.png", mask.getvalue())}
    data = {"settings": json.dumps({**NOTHING, "scratchRemoval": True, "rotate": 90})}
    answer = server.client.post(TOOL, files=files, data=data)
    assert answer.status_code == 202, answer.text
    job = answer.json()["jobId"]
    result = server.wait(job)["result"]
    assert (result["width"], result["height"]) == (48, 64)
    views = [f"/api/v1/jobs/{job}/views/original?size={size}" for size in ("preview", "full")]
    for address in (result["downloadUrl"], *views):
        seen = Image.open(BytesIO(server.client.get(address).content))
        assert ImageOps.exif_transpose(seen).size == (48, 64)
    fields = {"sourceJobId": (None, job), "settings": (None, json.dumps(NOTHING))}
    again = server.client.post(TOOL, files=fields).json()["jobId"]
    assert server.client.get(server.wait(again)["result"]["downloadUrl"]).content == photo


@pytest.mark.parametrize(
    ("size", "settings", "sentence"),
    [
        ((2000, 1000), {"upscale": 4}, "8000 x 4000 pixels, more than the 30000000"),
        ((4100, 8), {"upscale": 4, "outputFormat": "webp"}, "WebP holds 16383 a side"),
        ((64, 48), {"upscale": 3}, "upscale: must be 1, 2 or 4"),
    ],
)
def test_what_would_be_too_large_is_refused_at_the_door(server, size, settings, sentence):
    file = BytesIO()
    Image.new("L", size, 128).save(file, "PNG")
    data = {"settings": json.dumps({**NOTHING, **settings})}
    answer = server.client.post(TOOL, files={"file": ("a.png", file.getvalue())}, data=data)
    assert answer.status_code == 400 and sentence in answer.text
