"""``daguerre immich`` against a small Immich server that holds to the OpenAPI document."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from starlette.responses import JSONResponse, Response

from daguerre import imaging
from daguerre.cli import app
from daguerre.cli.signals import Stop
from daguerre.imaging.photo import Photo
from tests.immich.server import KEY, FakeImmich, serving, utc
from tests.serving import picture

TAKEN = {
    "fileCreatedAt": "1957-08-03T13:30:00.000Z", "localDateTime": "1957-08-03T15:30:00.000Z",
    "taken": "1957-08-03T13:30:00.000+00:00",
}  # fmt: skip


def clean() -> bytes:
    """A photo that needs nothing."""
    return imaging.encode(Photo(np.full((32, 48, 1), 128, np.uint8), "png"), format="png").data


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


class Home:
    """A server, and the command for it."""

    def __init__(self, immich: FakeImmich, url: str, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
        self.immich = immich
        self.url = url
        self.album = immich.make_album("Attic")
        self.stop = Stop()
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def run(self, *arguments: str, album: str = "Attic") -> tuple[int, str, str]:
        """The exit code, what it printed and its errors. Only noise is looked for, which is quick."""
        words = ["immich", "--server", self.url, "--album", album, "--no-face-enhancement", "--no-scratch-removal"]
        self._monkeypatch.setattr(sys, "argv", ["daguerre", *words, *arguments])
        self.immich.requests.clear()
        code = app.run(self.stop)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def originals(self) -> dict[str, tuple[bytes, object]]:
        return {
            id: (self.immich.files[id], json.dumps([asset, self.immich.notes[id]], sort_keys=True))
            for id, asset in self.immich.assets.items()
            if "_restored" not in asset["originalFileName"]
        }


@pytest.fixture
def home(capsys, monkeypatch) -> Iterator[Home]:
    monkeypatch.setenv("DAGUERRE_IMMICH_KEY", KEY)
    immich = FakeImmich()
    with serving(immich) as url:
        yield Home(immich, url, capsys, monkeypatch)
    assert immich.refused == []


def test_restored_photos_come_into_the_album_and_a_second_run_uploads_nothing(home: Home) -> None:
    immich = home.immich
    for seed, name in enumerate(("a.jpg", "b.jpg", "grün.v2.jpg")):
        immich.put(name, picture(seed=seed), home.album, description="At the lake", visibility="archive", **TAKEN)
    before = home.originals()
    code, said, errors = home.run()
    assert code == 0, errors
    assert immich.names(home.album) == [
        "a.jpg", "a_restored.jpg", "b.jpg", "b_restored.jpg", "grün.v2.jpg", "grün.v2_restored.jpg",
    ]  # fmt: skip
    assert "a.jpg -> a_restored.jpg  (noise reduced" in said
    restored = immich.named("grün.v2_restored.jpg")
    assert restored["exifInfo"]["description"] == "At the lake"
    assert restored["exifInfo"]["dateTimeOriginal"] == "1957-08-03T15:30:00+02:00"
    assert utc(restored["fileCreatedAt"]) == utc(TAKEN["fileCreatedAt"])
    assert restored["visibility"] == "archive" and restored["stack"] is None
    assert imaging.open_image(immich.files[restored["id"]]).width == 64
    assert home.originals() == before
    code, said, errors = home.run()
    assert code == 0 and said.count("(already there)") == 3 and "0 restored, 3 skipped, 0 failed" in errors
    assert not [
        line for line in immich.requests if line.endswith("/original") or line.startswith(("PUT", "POST /api/assets"))
    ]
    assert len(immich.names(home.album)) == 6 and home.originals() == before


def test_a_photo_is_known_by_its_note_and_not_by_its_name(home: Home) -> None:
    for seed in (1, 2):
        home.immich.put("IMG_1.jpg", picture(seed=seed), home.album)
    home.immich.put("other_restored.jpg", picture(seed=3), home.album)
    code, _, errors = home.run()
    assert code == 0 and "2 restored" in errors and "Passed over 1 photo called NAME_restored" in errors
    assert home.immich.names(home.album).count("IMG_1_restored.jpg") == 2


def test_a_stack_shows_the_restored_photo_also_when_it_is_asked_for_later(home: Home) -> None:
    first = home.immich.put("a.jpg", picture(), home.album)
    assert home.run("--stack")[0] == 0
    assert list(home.immich.stacks.values()) == [[home.immich.named("a_restored.jpg")["id"], first]]
    second = home.immich.put("b.jpg", picture(seed=2), home.album)
    assert home.run()[0] == 0 and len(home.immich.stacks) == 1
    assert home.run("--stack")[0] == 0
    assert [home.immich.named("b_restored.jpg")["id"], second] in home.immich.stacks.values()
    assert len(home.immich.asked("POST /api/stacks")) == 1 and not home.immich.asked("PUT /api/albums")


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(home: Home) -> None:
    home.immich.put("a.tif", picture(kind="TIFF"), home.album)
    code, said, errors = home.run("--dry-run", "--stack")
    assert (code, said) == (0, "a.tif -> a_restored.tif\n"), errors
    writes = [line for line in home.immich.requests if not line.startswith("GET")]
    assert set(writes) == {"POST /api/search/metadata"} and not home.immich.asked("GET /api/assets")
    code, said, _ = home.run("--dry-run", "--json")
    assert code == 0 and json.loads(said)["status"] == "planned"


def test_photos_that_need_nothing_videos_and_live_photos_stay_alone(home: Home) -> None:
    immich = home.immich
    immich.put("clean.png", clean(), home.album)
    immich.put("film.mp4", b"film", home.album, type="VIDEO")
    immich.put("live.jpg", picture(), home.album, livePhotoVideoId=immich.put("live.mov", b"film", type="VIDEO"))
    immich.put("gone.jpg", picture(seed=3), home.album, isTrashed=True)
    code, said, errors = home.run()
    assert (code, said) == (0, "clean.png  (nothing to restore)\n")
    assert "Passed over 1 video." in errors and "Passed over 1 live photo." in errors
    assert not immich.asked("POST /api/assets")


def test_one_photo_that_fails_does_not_stop_the_others(home: Home) -> None:
    home.immich.put("a.jpg", b"no photo", home.album)
    wrong = home.immich.put("b.jpg", picture(seed=2), home.album)
    home.immich.files[wrong] = picture(seed=3)
    home.immich.put("c.jpg", picture(seed=4), home.album)
    code, said, errors = home.run("--json")
    told = [json.loads(line) for line in said.splitlines()]
    assert code == 1 and [line["status"] for line in told] == ["failed", "failed", "restored"]
    assert "a.jpg: " in errors and "the checksums differ" in told[1]["error"]
    assert home.immich.names(home.album) == ["a.jpg", "b.jpg", "c.jpg", "c_restored.jpg"]


def test_a_missing_model_has_an_exit_code_of_its_own(home: Home, tmp_path: Path, monkeypatch) -> None:
    home.immich.put("a.jpg", picture(), home.album)
    monkeypatch.setenv("DAGUERRE_DATA", str(tmp_path))
    code, _, errors = home.run("--models", "full", "--scratch-removal")
    assert code == 3 and "Install it with: daguerre models install" in errors, errors
    monkeypatch.setenv("DAGUERRE_ROLES", '{"noise": "full/lama@1", "denoise": "full/lama@1"}')
    code, said, errors = home.run()
    assert code == 3 and said == "a.jpg  (not restored: model missing)\n", errors
    assert home.immich.names(home.album) == ["a.jpg"]


def test_what_passes_is_tried_again_after_the_pause_that_is_asked_for(home: Home) -> None:
    home.immich.put("a.jpg", picture(), home.album)
    for line, status in (
        ("GET /api/albums", 502), ("POST /api/search", 429), ("POST /api/assets", 500), ("POST /api/assets", 503),
        ("PUT /api/albums", 504),
    ):  # fmt: skip
        home.immich.answers.append((line, Response("busy", status, headers={"Retry-After": "0"})))
    code, _, errors = home.run()
    assert code == 0, errors
    assert home.immich.answers == [] and len(home.immich.asked("POST /api/assets")) == 3
    assert home.immich.names(home.album) == ["a.jpg", "a_restored.jpg"]


def test_an_interrupted_upload_is_finished_and_not_repeated(home: Home) -> None:
    first = home.immich.put("a.jpg", picture(), home.album, description="At the lake")
    home.immich.answers.append(("PUT /api/albums", JSONResponse({"message": "No access"}, 400)))
    code, _, errors = home.run("--stack")
    assert code == 1 and "a.jpg: Immich answers 400: No access" in errors
    assert home.immich.names(home.album) == ["a.jpg"]
    assert home.run("--stack")[0] == 0
    assert home.immich.names(home.album) == ["a.jpg", "a_restored.jpg"]
    assert not home.immich.asked("POST /api/assets") and not home.immich.asked(f"GET /api/assets/{first}/original")
    assert home.immich.named("a_restored.jpg")["exifInfo"]["description"] == "At the lake"
    assert len(home.immich.stacks) == 1


def test_what_was_thrown_away_stays_away(home: Home) -> None:
    home.immich.put("a.jpg", picture(), home.album)
    assert home.run()[0] == 0
    restored = home.immich.named("a_restored.jpg")["id"]
    home.immich.assets[restored]["isTrashed"] = True
    code, said, errors = home.run("--stack")
    assert code == 0 and "in the trash" in said and not home.immich.asked("POST /api/assets"), errors
    assert home.immich.stacks == {}
    # Without its note, only its checksum tells.
    home.immich.notes[restored] = {}
    code, said, errors = home.run()
    assert code == 0 and "in the trash" in said and home.immich.asked("POST /api/assets"), errors
    assert home.immich.assets[restored]["isTrashed"] and len(home.immich.assets) == 2


def test_details_that_were_changed_since_are_kept(home: Home) -> None:
    home.immich.put("a.jpg", picture(), home.album, description="At the lake")
    assert home.run()[0] == 0
    home.immich.assets[home.immich.named("a_restored.jpg")["id"]]["exifInfo"]["description"] = "Lake Como"
    assert home.run("--stack")[0] == 0
    assert home.immich.named("a_restored.jpg")["exifInfo"]["description"] == "Lake Como"


def test_ctrl_c_ends_the_run_between_two_requests(home: Home) -> None:
    first = home.immich.put("a.jpg", picture(), home.album)
    second = home.immich.put("b.jpg", picture(seed=2), home.album)
    home.immich.hooks[f"GET /api/assets/{second}/original"] = _interrupt
    code, _, errors = home.run()
    assert code == 1 and "Stopped. Photos that were uploaded are complete." in errors
    assert home.immich.names(home.album) == ["a.jpg", "a_restored.jpg", "b.jpg"]
    home.immich.hooks.clear()
    assert home.run()[0] == 0 and not home.immich.asked(f"GET /api/assets/{first}/original")
    assert len(home.immich.names(home.album)) == 4


@pytest.mark.parametrize(
    ("prepare", "code", "sentence"),
    [
        (lambda home: home.immich.make_album("Attic"), 2, "Several albums are called “Attic”"),
        (lambda home: home.immich.albums.clear(), 2, "There is no album “Attic”"),
        (lambda home: home.immich.version.update(major=2), 1, "This needs Immich 3 or later"),
        (lambda home: home.immich.answers.append(("GET", Response("<html>"))), 1, "Is the URL that of an Immich"),
        (lambda home: home.immich.answers.append(("GET", Response("", 302, {"location": "https://b.example/"}))), 1,
         "redirects to https://b.example/"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_at_once(home: Home, prepare, code: int, sentence: str) -> None:
    prepare(home)
    exit_code, said, errors = home.run()
    assert exit_code == code and sentence in errors and said == ""


def test_keys_come_from_the_environment_or_a_file(home: Home, tmp_path: Path, monkeypatch) -> None:
    home.immich.put("clean.png", clean(), home.album)
    monkeypatch.setenv("DAGUERRE_IMMICH_KEY", "wrong")
    code, _, errors = home.run()
    assert code == 1 and "Immich answers 401: Invalid API key" in errors
    monkeypatch.delenv("DAGUERRE_IMMICH_KEY")
    code, _, errors = home.run()
    assert code == 2 and "set DAGUERRE_IMMICH_KEY" in errors
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert home.run("--key-file", str(tmp_path / "key"))[0] == 0
    assert home.run("--key-file", str(tmp_path / "key"), album=home.album)[0] == 0
    code, _, errors = home.run("--key-file", str(tmp_path / "nothing"))
    assert code == 2 and "cannot be read" in errors


def test_settings_are_those_of_restore(home: Home) -> None:
    from daguerre.settings import Settings

    commands = typer.main.get_command(app.app).commands
    restore, immich = (
        {option.opts[-1] if option.opts[0] == "-o" else option.opts[0] for option in commands[name].params}
        for name in ("restore", "immich")
    )
    shared = restore & immich
    names = {"output_format": "format", "faces": "face", "color_hints": "hint"}
    assert {f"--{names.get(field, field).replace('_', '-')}" for field in Settings.model_fields} <= shared
    assert shared - {f"--{names.get(field, field).replace('_', '-')}" for field in Settings.model_fields} == {
        "--recipe", "--dry-run", "--json", "--device",
    }  # fmt: skip
    home.immich.put("a.png", clean(), home.album)
    code, said, _ = home.run("--rotate", "90", "--caption", "Lake", "--json")
    assert code == 0 and json.loads(said)["output"] == "a_restored.png"
    restored = home.immich.named("a_restored.png")
    assert imaging.open_image(home.immich.files[restored["id"]]).width == 32
    assert restored["exifInfo"]["description"] == "Lake"
