"""Enlarging: nothing that the photo contradicts, in every depth, with all that belongs to the photo."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

import daguerre
from daguerre.config import Config
from daguerre.errors import ImageTooLarge
from daguerre.imaging.containers import tiff_ifd
from daguerre.imaging.metadata import xmp
from daguerre.imaging.photo import Metadata
from daguerre.models.adapters import UPSCALE
from daguerre.models.catalog import Catalog
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline.upscale import enlarge
from daguerre.progress import Track
from daguerre.tiling.geometry import Tiling
from tests.imaging import tiffs

ONLY = daguerre.Settings(scratch_removal=False, denoise=False, face_enhancement=False)


@pytest.fixture(scope="module")
def restorer():
    return daguerre.Restorer(config=Config(threads=2))


@pytest.fixture(scope="module")
def upscaler(restorer):
    return restorer.cache.adapter(UPSCALE, restorer.cache.model(UPSCALE.name))


def reduced(pixels: np.ndarray, factor: int) -> np.ndarray:
    size = (pixels.shape[1] // factor, pixels.shape[0] // factor)
    small = cv2.resize(pixels.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return small.reshape(*small.shape[:2], -1)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 3), ("uint8", 1), ("uint16", 3), ("float32", 1)])
def test_the_result_reduced_is_the_photo_within_one_level(scene, spoil, upscaler, factor, dtype, channels):
    picture = spoil(scene(61, 83), 4.0)[..., :channels]
    white = {"uint8": 255, "uint16": 65535, "float32": 1.0}[dtype]
    pixels = (picture * (white / 255)).astype(dtype)
    result = enlarge(pixels, upscaler, factor, Track())
    assert (result.shape, result.dtype) == ((61 * factor, 83 * factor, channels), pixels.dtype)
    off = np.abs(reduced(result, factor) - pixels) * (255 / white)
    assert off.mean() <= 1.0
    assert np.quantile(off, 0.99) <= 1.5


def test_a_model_that_contradicts_the_photo_is_corrected(scene):
    class Inventive:
        tiling = Tiling(64, 4, 4)

        def __call__(self, window, factor):
            return 1 - window.repeat(factor, axis=2).repeat(factor, axis=3)

    pixels = scene(70, 90)
    result = enlarge(pixels, Inventive(), 2, Track())
    assert np.abs(reduced(result, 2) - pixels).mean() <= 1.0


@pytest.mark.parametrize("factor", [2, 4])
def test_it_is_nearer_to_the_truth_than_interpolation(upscaler, factor):
    truth = data.astronaut()[:384, 64:448]
    small = np.rint(reduced(cv2.GaussianBlur(truth, (0, 0), 0.35 * factor), factor)).astype(np.uint8)
    plain = cv2.resize(small, (384, 384), interpolation=cv2.INTER_CUBIC)
    assert psnr(enlarge(small, upscaler, factor, Track()), truth) > psnr(plain, truth)


def test_tiles_leave_no_seams(scene, upscaler):
    class Tiled:
        tiling = Tiling(160, 32, 4)

        def __call__(self, window, factor):
            return upscaler(window, factor)

    pixels = scene(200, 260)
    whole, tiled = enlarge(pixels, upscaler, 2, Track()), enlarge(pixels, Tiled(), 2, Track())
    assert np.abs(whole.astype(int) - tiled).max() <= 4


def test_highlights_stay(upscaler):
    pixels = np.full((24, 32, 3), 0.5, np.float32)
    pixels[8:16, 8:16] = 7.0
    result = enlarge(pixels, upscaler, 2, Track())
    assert np.abs(result[20:28, 20:28] - 7).max() < 0.1
    assert np.abs(result[:8] - 0.5).max() < 0.1


def test_the_step_is_reported_and_the_size_is_that_of_the_result(restorer, scene):
    came = daguerre.Photo(scene(40, 56), "png")
    result = restorer.restore(came, ONLY, upscale=2)
    assert result.steps == ["upscale"] and result.models == {"upscale": "embedded/upscale@1"}
    assert (result.width, result.height, result.upscale) == (112, 80, 2)
    assert result.to_dict()["upscale"] == 2
    assert restorer.restore(came, ONLY, upscale=1).photo.pixels is came.pixels


def test_grayscale_in_rgb_stays_gray(restorer, scene):
    gray = np.repeat(scene(40, 56)[..., :1], 3, axis=2)
    pixels = restorer.restore(daguerre.Photo(gray, "png"), ONLY, upscale=2).photo.pixels
    assert pixels.shape == (80, 112, 3) and np.array_equal(pixels[..., 0], pixels[..., 2])


def test_alpha_pages_and_resolution_grow_along(restorer, scene):
    alpha = np.zeros((40, 56), np.uint8)
    alpha[10:30, 10:30] = 255
    packet = xmp.EMPTY.replace(
        b'rdf:about=""',
        b'rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:ImageWidth="56" tiff:XResolution="300/1"',
    )
    told = Metadata(dpi=(300.0, 300.0), xmp=packet)
    came = daguerre.Photo(scene(40, 56), "tiff", alpha=alpha, metadata=told)
    came.pages = [daguerre.Photo(scene(20, 30), "tiff")]
    photo = restorer.restore(came, ONLY, upscale=4).photo
    assert photo.alpha is not None and photo.alpha.shape == (160, 224)
    assert photo.alpha[60:100, 60:100].min() == 255 and photo.alpha[:30].max() == 0
    assert photo.pages[0].pixels.shape == (80, 120, 3)
    assert photo.metadata.dpi == (1200.0, 1200.0)
    assert photo.metadata.xmp is not None
    assert b'XResolution="1200/1"' in photo.metadata.xmp and b'ImageWidth="224"' in photo.metadata.xmp


def test_files_say_their_new_size_and_keep_what_lies_beside_the_pixels(restorer, scene, tmp_path):
    from io import BytesIO

    import tifffile
    from PIL import Image

    exif = Image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = 300.0, 300.0, 2
    exif.get_ifd(0x8769)[0xA002] = 56
    file = BytesIO()
    Image.fromarray(scene(40, 56)).save(file, "JPEG", dpi=(300, 300), exif=exif)
    back = Image.open(BytesIO(restorer.restore(file.getvalue(), ONLY, upscale=2).encode().data))
    assert back.size == (112, 80) and back.info["dpi"] == (600, 600)
    assert back.getexif()[0x011A] == 600 and back.getexif().get_ifd(0x8769)[0xA002] == 112

    plane = np.full((40, 56, 1), 77, np.uint8)
    path = tmp_path / "spot.tif"
    tifffile.imwrite(path, np.concatenate([scene(40, 56), plane], 2), photometric="rgb", extrasamples=["unspecified"])
    restorer.restore(path, ONLY, upscale=2).save(path, overwrite=True)
    stored = tifffile.imread(path)
    assert stored.shape == (80, 112, 4) and (stored[..., 3] == 77).all()


def test_masks_that_no_longer_fit_are_left_out_and_named(restorer, scene):
    mask = tiffs.page(bytes(40 * 7), 56, 40, (1,), 4, {254: tiff_ifd.long(4)})
    came = tiffs.file(tiffs.of(scene(40, 56), 2), mask, tiffs.of(scene(40, 56)[::-1], 2))
    assert len(tiff_ifd.read_pages(came)) == 3
    encoded = restorer.restore(came, ONLY, upscale=2).encode()
    sizes = [(page[256].integers(), page[257].integers()) for page in tiff_ifd.read_pages(encoded.data)]
    assert sizes == [((112,), (80,))] * 2
    assert any("masks were left out" in sentence for sentence in encoded.warnings)


def test_inks_grow_along(restorer, scene):
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    Image.fromarray(scene(40, 56)).convert("CMYK").save(file, "JPEG", quality=95)
    back = Image.open(BytesIO(restorer.restore(file.getvalue(), ONLY, upscale=2).encode().data))
    assert (back.mode, back.size) == ("CMYK", (112, 80))


def test_faces_are_enhanced_once_at_the_size_they_will_have(restorer):
    small = cv2.resize(cv2.GaussianBlur(data.astronaut(), (0, 0), 2.0), (256, 256), interpolation=cv2.INTER_AREA)
    photo = daguerre.Photo(small, "png")
    wanted = ONLY.updated(face_enhancement=True)
    before = restorer.restore(photo, wanted)
    after = restorer.restore(photo, wanted, upscale=2)
    assert after.steps == ["face_enhancement", "upscale"]
    assert after.faces[0].enhanced
    assert after.faces[0].box == before.faces[0].box
    plain = restorer.restore(photo, ONLY, upscale=2)
    x, y, width, height = (2 * length for length in after.faces[0].box)
    changed = np.any(after.photo.pixels != plain.photo.pixels, axis=2)
    assert changed[y : y + height, x : x + width].mean() > 0.5
    assert not changed[400:].any()


def test_masks_stay_of_the_photos_size(restorer, scene):
    mask = np.zeros((40, 56), bool)
    mask[10:14, 10:30] = True
    result = restorer.restore(daguerre.Photo(scene(40, 56), "png"), ONLY, scratch_removal=True, mask=mask, upscale=2)
    assert result.damage_mask is not None and result.damage_mask.shape == (40, 56)
    assert result.scratch_coverage == round(100 * mask.mean(), 2)


@pytest.mark.parametrize(
    ("format", "size", "limit", "message"),
    [
        ("png", (40, 30), 19_000, "160 x 120 pixels, more than the 19000"),
        ("ico", (80, 30), 10**8, "320 x 120 pixels; ICO holds 256 a side"),
        ("webp", (4100, 2), 10**8, "16400 x 8 pixels; WebP holds 16383 a side"),
    ],
)
def test_what_would_be_too_large_is_refused_before_the_work(tmp_path, format, size, limit, message):
    config = Config(data=tmp_path, max_pixels=limit)
    empty = ModelCache(Catalog(), Store(tmp_path, embedded=tmp_path), config)
    photo = daguerre.Photo(np.zeros((size[1], size[0], 3), np.uint8), format)
    with pytest.raises(ImageTooLarge, match=message):
        daguerre.Restorer(config=config, cache=empty).restore(photo, ONLY, upscale=4, colorize=True, models="full")


def test_without_a_model_faces_are_enhanced_all_the_same(restorer):
    catalog = Catalog(*(model for model in restorer.cache.catalog if model.role != "upscale"))
    cache = ModelCache(catalog, restorer.cache.store, restorer.config)
    soft = daguerre.Photo(cv2.GaussianBlur(data.astronaut(), (0, 0), 3.0), "png")
    result = daguerre.Restorer(cache=cache).restore(soft, ONLY, face_enhancement=True, upscale=2)
    assert result.steps == ["face_enhancement"] and result.width == 512
    assert result.faces[0].enhanced and "not enlarged" in result.warnings[0]
