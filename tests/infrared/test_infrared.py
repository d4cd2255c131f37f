"""Film scans with an infrared channel, in every place where scanning programs put it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import tifffile
from typer.testing import CliRunner

import daguerre
from daguerre.cli.app import app
from daguerre.infrared import Channel, beside, channel_of, find_dust

SIDE = 400


def draw(crosstalk: float = 0.02, shift: float = 2.3, seed: int = 1, seen: float = 1.0):
    """A scan ``[H, W, 3]`` at 16 bits, its infrared picture, and where its dust lies, ``seen`` so well in color."""
    random = np.random.default_rng(seed)
    small = random.uniform(0.1, 1.4, (9, 9, 3)).astype(np.float32)
    dense = cv2.resize(small, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    cv2.rectangle(dense, (60, 80), (190, 300), (1.2, 0.3, 0.9), -1, cv2.LINE_AA)
    dust = np.zeros((SIDE, SIDE), np.uint8)
    for _ in range(30):
        center = tuple(int(value) for value in random.integers(15, SIDE - 15, 2))
        cv2.ellipse(dust, center, (int(random.integers(1, 6)), int(random.integers(1, 4))), 30, 0, 360, 1, -1)
    stopped = cv2.GaussianBlur(dust.astype(np.float32), (0, 0), 0.7) * np.float32(0.7)
    codes = 10 ** -(dense + seen * stopped[..., None]) + random.normal(0, 0.003, dense.shape)
    infrared = 0.05 + crosstalk * dense[..., 0] + stopped
    moved = cv2.warpAffine(infrared, np.float32([[1, 0, shift], [0, 1, -shift]]), (SIDE, SIDE), borderMode=1)
    samples = 10**-moved + random.normal(0, 0.003, moved.shape)
    scaled = [np.rint(np.clip(plane, 0, 1) * 65535).astype(np.uint16) for plane in (codes, samples)]
    return scaled[0], scaled[1], dust > 0


def agreement(found, true):
    kernel = np.ones((5, 5), np.uint8)
    right = (found & (cv2.dilate(true.astype(np.uint8), kernel) > 0)).sum() / max(1, found.sum())
    seen = (true & (cv2.dilate(found.astype(np.uint8), kernel) > 0)).sum() / true.sum()
    return 2 * right * seen / (right + seen)


def test_dust_is_found_under_crosstalk_and_a_shift():
    scan, infrared, dust = draw()
    findings = find_dust(scan, Channel(infrared, "drawn"))
    assert agreement(findings.mask, dust) > 0.95
    assert 2 < findings.shift < 4.5


def test_a_clean_scan_has_no_dust():
    scan, infrared, dust = draw()
    clean = np.full_like(infrared, 60000)
    mask = find_dust(np.where(dust[..., None], np.uint16(30000), scan), Channel(clean + infrared % 300, "drawn")).mask
    assert mask is not None and mask.mean() < 1e-3


@pytest.mark.parametrize(("crosstalk", "word"), [(0.9, "silver"), (0.3, "Kodachrome")])
def test_film_that_stops_infrared_light_is_named(crosstalk, word):
    random = np.random.default_rng(2)
    dense = cv2.resize(random.uniform(0.1, 1.4, (9, 9)).astype(np.float32), (SIDE, SIDE))
    scan = np.rint(10 ** -dense[..., None].repeat(3, 2) * 65535).astype(np.uint16)
    infrared = np.rint(10 ** -(crosstalk * dense) * 65535).astype(np.uint16)
    findings = find_dust(scan, Channel(infrared, "drawn"))
    assert findings.mask is None
    assert word in (findings.warning or "")


def test_an_empty_channel_is_named():
    scan, infrared, _ = draw()
    assert "empty" in (find_dust(scan, Channel(np.full_like(infrared, 7), "drawn")).warning or "")


def mark_page(path, choose):
    """NewSubfileType 4, which no writer gives a gray page, as SilverFast has it."""
    with tifffile.TiffFile(path, mode="r+b") as file:
        choose(file.pages).tags["NewSubfileType"].overwrite(4)


def write_rgbi(path, scan, infrared):
    tifffile.imwrite(path, np.dstack([scan, infrared]), photometric="rgb", extrasamples=["unspecified"])


def write_hdri(path, scan, infrared):
    with tifffile.TiffWriter(path) as file:
        file.write(scan, photometric="rgb")
        file.write(infrared, photometric="minisblack", subfiletype=2)
    mark_page(path, lambda pages: pages[1])


def write_dng(path, scan, infrared):
    with tifffile.TiffWriter(path) as file:
        file.write(scan, photometric=34892, subifds=1, extratags=[(50706, 1, 4, (1, 4, 0, 0), True)])
        file.write(infrared, photometric="minisblack", subfiletype=2)
    mark_page(path, lambda pages: pages[0].pages[0])


@pytest.mark.parametrize(
    ("write", "place"),
    [(write_rgbi, "sample"), (write_hdri, "page"), (write_dng, "page")],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_the_channel_is_found_in_the_file(tmp_path, write, place):
    scan, infrared, _ = draw()
    write(tmp_path / "scan.tif", scan, infrared)
    channel = channel_of((tmp_path / "scan.tif").read_bytes())
    assert channel is not None and channel.place == place
    assert np.array_equal(channel.samples, infrared)


def test_a_turned_scan_turns_its_channel(tmp_path):
    scan, infrared, _ = draw()
    path = tmp_path / "scan.tif"
    tifffile.imwrite(
        path, np.dstack([scan, infrared]), photometric="rgb", extrasamples=["unspecified"],
        extratags=[(274, 3, 1, 6, True)],
    )  # fmt: skip
    channel = channel_of(path.read_bytes())
    assert channel is not None
    assert np.array_equal(channel.samples, np.rot90(infrared, -1))


def test_a_file_without_a_channel_has_none(tmp_path):
    scan, _, _ = draw()
    tifffile.imwrite(tmp_path / "a.tif", scan, photometric="rgb")
    assert channel_of((tmp_path / "a.tif").read_bytes()) is None
    assert channel_of(b"\xff\xd8\xff") is None


def test_a_channel_that_is_broken_is_an_invalid_image(tmp_path):
    scan, infrared, _ = draw()
    write_hdri(tmp_path / "a.tif", scan, infrared)
    with pytest.raises(daguerre.InvalidImage):
        channel_of((tmp_path / "a.tif").read_bytes()[: -infrared.nbytes // 2])


OFF = {"denoise": False, "face_enhancement": False}


@pytest.mark.parametrize("write", [write_rgbi, write_hdri])
def test_the_library_repairs_what_infrared_tells(tmp_path, write):
    scan, infrared, dust = draw(seen=0.3)
    write(tmp_path / "scan.tif", scan, infrared)
    result = daguerre.restore(tmp_path / "scan.tif", **OFF, scratch_sensitivity=0)
    helped = daguerre.restore((tmp_path / "scan.tif").read_bytes(), infrared=True, **OFF)
    before = np.zeros((SIDE, SIDE), bool) if result.damage_mask is None else result.damage_mask > 0
    assert (helped.damage_mask[dust] > 0).mean() > 0.97
    assert (before[dust]).mean() < 0.97
    assert not helped.warnings


def test_the_channel_beside_is_found_and_is_no_photo(tmp_path):
    scan, infrared, dust = draw()
    tifffile.imwrite(tmp_path / "scan.tif", scan, photometric="rgb")
    tifffile.imwrite(tmp_path / "scan_IR.tif", infrared)
    assert beside(tmp_path / "scan.tif") == tmp_path / "scan_IR.tif"
    options = [
        "restore",
        str(tmp_path),
        "-o",
        str(tmp_path / "out"),
        "--infrared",
        "--no-denoise",
        "--no-face-enhancement",
    ]
    assert CliRunner().invoke(app, options).exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["scan_restored.tif"]
    mended = tifffile.imread(tmp_path / "out" / "scan_restored.tif")
    assert (np.abs(mended.astype(int) - scan)[dust].max(axis=-1) > 0).mean() > 0.95


def test_a_scan_without_a_channel_says_so(tmp_path):
    scan, _, _ = draw()
    tifffile.imwrite(tmp_path / "scan.tif", scan, photometric="rgb")
    result = daguerre.restore(tmp_path / "scan.tif", infrared=True, **OFF)
    assert any("holds no infrared channel" in sentence for sentence in result.warnings)


def test_off_unless_asked_for(tmp_path):
    scan, infrared, _ = draw()
    write_hdri(tmp_path / "scan.tif", scan, infrared)
    result = daguerre.restore(tmp_path / "scan.tif", scratch_removal=False, **OFF)
    assert result.encode().data == (tmp_path / "scan.tif").read_bytes()


def test_the_service_uses_the_channel_of_the_file(server, tmp_path):
    scan, infrared, dust = draw()
    write_hdri(tmp_path / "scan.tif", scan, infrared)
    settings = {"denoise": False, "faceEnhancement": False, "scratchSensitivity": 0, "infrared": True}
    state = server.wait(server.submit((tmp_path / "scan.tif").read_bytes(), settings, name="scan.tif"))
    assert state["phase"] == "complete", state
    assert state["result"]["scratchCoverage"] >= 90 * dust.mean()
    assert state["result"]["warnings"] == []


def test_the_channel_is_not_read_where_scratches_stay(tmp_path):
    scan, _, _ = draw()
    (tmp_path / "broken.tif").write_bytes(b"no picture")
    result = daguerre.restore(scan, infrared_file=tmp_path / "broken.tif", scratch_removal=False, **OFF)
    assert result.warnings == ["The infrared channel was not used: the removal of scratches is off."]
