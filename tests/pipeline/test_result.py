"""Results: saved, shown, compared and sent to other processes."""

from __future__ import annotations

import json
import pickle
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import daguerre
from daguerre.config import Config
from daguerre.models.catalog import Catalog
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache

NOTHING = daguerre.Settings(scratch_removal=False, denoise=False, face_enhancement=False)


@pytest.fixture
def restorer(tmp_path):
    config = Config(data=tmp_path)
    return daguerre.Restorer(config=config, cache=ModelCache(Catalog(), Store(tmp_path, embedded=tmp_path), config))


@pytest.fixture
def scan(tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    path = tmp_path / "scan.jpg"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def result(restorer, scan):
    return restorer.restore(scan, NOTHING)


@pytest.mark.parametrize(
    ("name", "format"), [("x.png", "PNG"), ("x.TIF", "TIFF"), ("x.webp", "WEBP"), ("x.jpg", "JPEG")]
)
def test_the_suffix_decides(result, tmp_path, name, format):
    path = result.save(tmp_path / name)
    assert path == tmp_path / name
    with Image.open(path) as image:
        assert image.format == format


def test_a_name_without_a_format_takes_the_settings_or_the_photos(restorer, scan, tmp_path):
    assert Image.open(restorer.restore(scan, NOTHING).save(tmp_path / "plain")).format == "JPEG"
    assert Image.open(restorer.restore(scan, NOTHING, output_format="png").save(tmp_path / "a.bak")).format == "PNG"


def test_a_contradiction_is_an_error(restorer, result, scan, tmp_path):
    with pytest.raises(daguerre.InvalidSettings, match=r"png contradicts the name x\.jpg"):
        result.save(tmp_path / "x.jpg", format="png")
    with pytest.raises(daguerre.InvalidSettings, match="output_format: tiff contradicts"):
        restorer.restore(scan, NOTHING, output_format="tiff").save(tmp_path / "x.jpg")
    result.save(tmp_path / "x.jpg", format="jpeg")


@pytest.mark.parametrize(("name", "instead"), [("x.heic", "x.avif"), ("x.dng", "x.tif")])
def test_what_cannot_be_written_names_what_can(result, tmp_path, name, instead):
    with pytest.raises(daguerre.CannotWrite, match=instead):
        result.save(tmp_path / name)


def test_the_photo_itself_is_not_overwritten(result, scan, tmp_path):
    before = scan.read_bytes()
    (tmp_path / "link.jpg").symlink_to(scan)
    for path in (scan, tmp_path / "link.jpg"):
        with pytest.raises(daguerre.CannotWrite, match="overwrite=True"):
            result.save(path, quality=30)
    assert scan.read_bytes() == before
    result.save(scan, quality=30, overwrite=True)
    assert scan.read_bytes() != before


def test_without_a_name_it_lies_beside_the_photo(restorer, result, scan, tmp_path):
    assert result.save() == tmp_path / "scan_restored.jpg"
    assert result.save(format="png") == tmp_path / "scan_restored.png"
    (tmp_path / "out").mkdir()
    assert result.save(tmp_path / "out") == tmp_path / "out" / "scan_restored.jpg"
    with pytest.raises(daguerre.CannotWrite, match="save it"):
        restorer.restore(scan.read_bytes(), NOTHING).save()
    assert restorer.restore(scan.read_bytes(), NOTHING).save(tmp_path / "out").name == "photo_restored.jpg"


def test_pixels_come_out(result):
    assert result.image.size == (60, 40)
    assert np.asarray(result).shape == (40, 60, 3)
    assert np.array_equal(np.asarray(result.image), np.asarray(result))
    assert np.array_equal(np.asarray(result), np.asarray(result.before))
    assert result.mask.size == (60, 40) and not np.asarray(result.mask).any()


@pytest.mark.parametrize("source", ["image", "array", "photo", "path"])
def test_a_notebook_shows_before_and_after(restorer, scan, source):
    given = {
        "image": Image.open(scan),
        "array": np.asarray(Image.open(scan)),
        "photo": daguerre.open(scan),
        "path": scan,
    }
    result = restorer.restore(given[source], NOTHING)
    shown = result._repr_mimebundle_()
    assert shown["text/html"].count("data:image/jpeg;base64,") == 2
    assert shown["text/plain"] == repr(result)
    assert "\n" not in repr(result)
    assert "60 x 40" in repr(daguerre.open(scan))
    assert set(daguerre.open(scan)._repr_mimebundle_()) == {"text/plain", "image/jpeg"}


def test_a_photo_that_is_gone_is_shown_alone(restorer, tmp_path):
    path = tmp_path / "big.png"
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(path)
    result = restorer.restore(path, NOTHING)
    result.origin = daguerre.imaging.sources.Origin(path=tmp_path / "gone.png")
    assert set(result._repr_mimebundle_()) == {"text/plain", "image/jpeg"}


def test_compare_writes_both_side_by_side(result, scan, tmp_path):
    path = result.compare(tmp_path / "both.png")
    both = np.asarray(Image.open(path))
    gap = both.shape[1] - 120
    assert both.shape[0] == 40 and 2 <= gap <= 4
    assert np.array_equal(both[:, :60], np.asarray(result.before))
    assert np.array_equal(both[:, -60:], np.asarray(result))
    assert Image.open(result.compare(tmp_path / "small.jpg", max_side=30)).size[1] == 20
    with pytest.raises(daguerre.CannotWrite, match=r"scan\.jpg"):
        result.compare(scan)
    with pytest.raises(daguerre.InvalidSettings, match="no suffix"):
        result.compare(tmp_path / "both")


def test_colors_of_a_profile_are_compared_as_they_look(tmp_path):
    from PIL import ImageCms

    from daguerre.imaging import display

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    pixels = np.full((4, 4, 3), 90, np.uint8)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = daguerre.Photo(pixels, "png")
    marked = daguerre.Photo(pixels, "png", metadata=daguerre.imaging.Metadata(icc=srgb))
    both = display.side_by_side(plain, marked, 100).pixels
    assert np.abs(both[:, :4].astype(int) - both[:, -4:]).max() <= 1
    odd = daguerre.Photo(pixels, "png", metadata=daguerre.imaging.Metadata(icc=profile))
    assert display.side_by_side(plain, odd, 100).pixels.shape == both.shape


def test_results_and_restorers_travel_to_other_processes(restorer, result):
    again = pickle.loads(pickle.dumps(result))
    assert np.array_equal(np.asarray(again), np.asarray(result))
    assert again.encode().data == result.encode().data
    other = pickle.loads(pickle.dumps(restorer))
    assert other.config == restorer.config
    assert other.restore(daguerre.open(np.zeros((9, 9), np.uint8)), NOTHING).steps == []


def test_the_result_is_json(result):
    assert json.loads(json.dumps(result.to_dict()))["originalSize"] == result.original_size > 0


def test_sixteen_bits_survive(restorer):
    deep = np.random.default_rng(2).integers(0, 65536, (30, 40, 3), np.uint16)
    result = restorer.restore(deep, NOTHING)
    assert np.array_equal(np.asarray(result), deep)
    assert np.array_equal(np.asarray(daguerre.open(result.encode().data)), deep)
    assert Image.open(BytesIO(result.encode("jpeg").data)).size == (40, 30)
