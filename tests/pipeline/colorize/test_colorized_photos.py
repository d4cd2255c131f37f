"""Monochrome files that come out in color, whatever they are."""

from __future__ import annotations

import hashlib
import shutil
from io import BytesIO

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageCms

import daguerre
from daguerre import imaging
from daguerre.config import Config
from daguerre.imaging.photo import Metadata, Photo
from daguerre.models.adapters import ToneJudge
from daguerre.models.catalog import Catalog, Model, embedded
from daguerre.models.install.store import Store
from daguerre.models.runtime.cache import ModelCache
from daguerre.settings import Settings
from tests.imaging.profiles import gamma_curve, gray_profile, parametric_curve

LUMINANCE = np.array([0.2126390, 0.7151687, 0.0721923])
ONLY = Settings(scratch_removal=False, denoise=False, face_enhancement=False, colorize=True, colorize_strength=100)


def model(path):
    """The signature of the embedded model: chroma that follows lightness and hints, at half of the size."""
    weight = np.array([[20, 1e-3, 0, 0], [-30, 0, 1e-3, 0]], np.float32)[:, :, None, None]
    graph = helper.make_graph(
        [
            helper.make_node("Concat", ["lightness", "hints"], ["all"], axis=1),
            helper.make_node("AveragePool", ["all"], ["half"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Conv", ["half", "weight", "bias"], ["chroma"]),
        ],
        "colors",
        [
            helper.make_tensor_value_info("lightness", TensorProto.FLOAT, [1, 1, "h", "w"]),
            helper.make_tensor_value_info("hints", TensorProto.FLOAT, [1, 3, "h", "w"]),
        ],
        [helper.make_tensor_value_info("chroma", TensorProto.FLOAT, [1, 2, "i", "j"])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(np.array([5, 25], np.float32), "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, path)


@pytest.fixture(scope="module")
def restorer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colors")
    model(folder / "colorize.onnx")
    data = (folder / "colorize.onnx").read_bytes()
    entry = Model(
        "embedded/colorize@1",
        "colorize",
        "embedded",
        "colorize.onnx",
        hashlib.sha256(data).hexdigest(),
        len(data),
        "Apache-2.0",
        "colors",
        adapter="ChromaHints",
        multiple=32,
        window=256,
    )
    judge = next(model for model in embedded.catalog() if model.role == "monochrome")
    shutil.copy(embedded.WEIGHTS / judge.file, folder)
    config = Config(data=folder)
    cache = ModelCache(Catalog(entry, judge), Store(folder, embedded=folder), config)
    return daguerre.Restorer(config=config, cache=cache)


def gray(kind="uint8", height=60, width=80):
    y, x = np.mgrid[:height, :width]
    plane = (0.5 + 0.3 * np.sin(x / 12) * np.cos(y / 10))[..., None]
    return plane.astype(np.float32) if kind == "float32" else np.rint(plane * np.iinfo(kind).max).astype(kind)


def level(pixels):
    white = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    codes = np.clip(pixels.astype(np.float64) / white, 0, None)
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    luminance = light[..., 0] if light.shape[2] == 1 else light @ LUMINANCE
    return 255 * np.where(luminance <= 0.0031308, 12.92 * luminance, 1.055 * luminance ** (1 / 2.4) - 0.055)


def file(form, kind="uint8", alpha=False, **metadata):
    pixels = gray(kind)
    veil = None
    if alpha:
        veil = np.full(pixels.shape[:2], 1 if kind == "float32" else np.iinfo(kind).max // 2, kind)
    return imaging.encode(Photo(pixels, form, alpha=veil, metadata=Metadata(**metadata))).data


def pillow(mode, form, **options):
    stream = BytesIO()
    Image.fromarray(gray()[..., 0]).convert(mode).save(stream, form, **options)
    return stream.getvalue()


FILES = {
    "jpeg": (lambda: file("jpeg"), 3),
    "jpeg 4:2:0 rgb": (lambda: pillow("RGB", "JPEG", quality=92, subsampling=2), 3),
    "jpeg inks": (lambda: pillow("CMYK", "JPEG", quality=95), 6),
    "png": (lambda: file("png"), 0.8),
    "png alpha": (lambda: file("png", alpha=True), 0.8),
    "png palette": (lambda: pillow("P", "PNG"), 0.8),
    "png 16": (lambda: file("png", "uint16"), 0.01),
    "png 16 alpha": (lambda: file("png", "uint16", alpha=True), 0.01),
    "tiff": (lambda: file("tiff"), 0.8),
    "tiff lzw": (lambda: pillow("L", "TIFF", compression="tiff_lzw"), 0.8),
    "tiff 16 alpha": (lambda: file("tiff", "uint16", alpha=True), 0.01),
    "tiff float": (lambda: file("tiff", "float32"), 0.001),
    "webp": (lambda: file("webp"), 8),
    "avif": (lambda: file("avif"), 6),
    "avif 12": (lambda: file("avif", "uint16"), 6),
    "jxl": (lambda: file("jxl"), 0.8),
    "jxl 16": (lambda: file("jxl", "uint16"), 0.01),
    "jp2": (lambda: file("jp2"), 0.8),
    "jp2 16": (lambda: file("jp2", "uint16"), 0.01),
    "psd": (lambda: file("psd"), 0.8),
    "psd 16": (lambda: file("psd", "uint16"), 0.01),
    "exr": (lambda: file("exr", "float32"), 0.3),
    "exr alpha": (lambda: file("exr", "float32", alpha=True), 0.3),
    "hdr": (lambda: file("hdr", "float32"), 2),
    "bmp": (lambda: file("bmp"), 0.8),
    "tga": (lambda: file("tga"), 0.8),
    "gif": (lambda: file("gif"), 16),
}


@pytest.mark.parametrize("name", FILES)
def test_a_gray_file_becomes_one_in_color(restorer, tmp_path, name):
    made, bound = FILES[name]
    data = made()
    before = imaging.open_image(data)
    result = restorer.restore(data, ONLY)
    assert result.colorized
    assert result.steps == ["colorize"]
    assert result.models == {"colorize": "embedded/colorize@1"}
    path = result.save(tmp_path / f"photo{result.encode().extension}")
    after = imaging.open_image(path)
    assert (after.format, after.pixels.dtype) == (before.format, before.pixels.dtype)
    assert after.pixels.shape == (60, 80, 3)
    assert (after.alpha is None) == (before.alpha is None)
    if before.alpha is not None:
        assert np.array_equal(after.alpha, before.alpha)
    assert np.abs(level(after.pixels) - level(before.pixels)).max() < bound
    spread = np.ptp(after.pixels.astype(np.float64), axis=2) / after.white
    assert 0.1 < spread.mean() < 0.5


def test_float_exr_with_further_channels_keeps_them_and_its_depth(restorer, tmp_path):
    import OpenImageIO as oiio

    path = str(tmp_path / "gray.exr")
    spec = oiio.ImageSpec(80, 60, 3, "float")
    spec.channelnames = ("A", "Y", "depth")
    plane = np.concatenate([np.ones((60, 80, 1), np.float32), gray("float32"), 9 * gray("float32")], axis=2)
    writer = oiio.ImageOutput.create(path)
    assert writer.open(path, spec) and writer.write_image(plane) and writer.close()
    result = restorer.restore(path, ONLY)
    after = imaging.open_image(result.encode().data)
    assert after.coding.names == ["R", "G", "B", "A", "depth"]
    assert after.coding.kind == "float"
    assert np.array_equal(after.coding.extra[4], plane[..., 2])
    assert np.abs(level(after.pixels) - level(result.photo.pixels)).max() < 0.001
    assert after.pixels.shape[2] == 3


@pytest.mark.parametrize("form", ["png", "tiff", "jpeg", "jxl", "webp", "avif", "jp2", "psd"])
def test_a_gray_profile_gives_way_to_one_for_color(restorer, form):
    before = file(form, icc=gray_profile(gamma_curve(1.8)), dpi=(300.0, 300.0))
    result = restorer.restore(before, ONLY)
    assert "The gray color profile was replaced by one for color with the same curve." in result.warnings
    after = imaging.open_image(result.encode().data)
    assert after.metadata.icc is not None
    assert after.metadata.icc[16:20] == b"RGB "

    def lightness(photo):
        mode = "L" if photo.pixels.shape[2] == 1 else "RGB"
        image = Image.fromarray(photo.pixels[..., 0] if mode == "L" else photo.pixels, mode)
        profile = ImageCms.ImageCmsProfile(BytesIO(photo.metadata.icc))
        lab = ImageCms.createProfile("LAB")
        flags = ImageCms.Flags.NOOPTIMIZE
        return np.asarray(
            ImageCms.applyTransform(image, ImageCms.buildTransform(profile, lab, mode, "LAB", flags=flags))
        )[..., 0].astype(float)

    source = Photo(gray(), form, metadata=Metadata(icc=gray_profile(gamma_curve(1.8))))
    assert np.abs(lightness(result.photo) - lightness(source)).mean() < (2 if form in ("webp", "avif", "jpeg") else 0.8)


def test_a_gray_profile_of_the_srgb_curve_is_no_news(restorer):
    curve = parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    result = restorer.restore(file("png", icc=gray_profile(curve)), ONLY)
    assert result.warnings == []
    assert result.photo.metadata.icc[16:20] == b"RGB "


def test_jpegs_hold_new_color_at_full_resolution(restorer):
    for data in (file("jpeg"), pillow("RGB", "JPEG", quality=92, subsampling=2)):
        after = Image.open(BytesIO(restorer.restore(data, ONLY).encode().data))
        assert [layer[1:3] for layer in after.layer] == [(1, 1)] * 3


def test_toning_is_replaced(restorer):
    sepia = np.clip(gray() * np.array([1.0, 0.85, 0.6]), 0, 255).astype(np.uint8)
    result = restorer.restore(Photo(sepia, "png"), ONLY)
    assert (result.is_grayscale, result.colorized) == (True, True)
    assert np.abs(level(result.photo.pixels) - level(sepia)).max() < 0.8
    neutral = restorer.restore(Photo(np.rint(level(sepia)).astype(np.uint8)[..., None], "png"), ONLY)
    assert np.abs(result.photo.pixels.astype(int) - neutral.photo.pixels).max() <= 2


def test_strength_zero_is_the_photo(restorer):
    data = file("png")
    result = restorer.restore(data, ONLY, colorize_strength=0)
    assert result.encode().data == data
    assert result.steps == []


def test_each_page_is_looked_at_on_its_own(restorer, scene):
    pages = [Photo(gray(), "tiff"), Photo(scene(), "tiff"), Photo(gray("uint16"), "tiff")]
    pages[0].pages = pages[1:]
    data = imaging.encode(pages[0]).data
    result = restorer.restore(data, ONLY)
    after = imaging.open_image(result.encode().data)
    assert [page.pixels.shape[2] for page in (after, *after.pages)] == [3, 3, 3]
    assert np.array_equal(after.pages[0].pixels, scene())
    assert after.pages[1].pixels.dtype == np.uint16
    assert np.ptp(after.pages[1].pixels.astype(int), axis=2).mean() > 2000
    assert result.warnings == ["Page 2 is in color already and was not colorized."]


def test_a_person_overrules_what_was_seen(restorer, scene):
    kept = restorer.restore(Photo(gray(), "png"), ONLY, treat_as_grayscale="no")
    assert (kept.is_grayscale, kept.colorized) == (False, False)
    assert restorer.restore(Photo(scene(), "png"), ONLY, treat_as_grayscale="yes").colorized


def test_a_photo_of_which_nobody_is_sure_is_left_alone_and_told(restorer, scene, monkeypatch):
    monkeypatch.setattr(ToneJudge, "__call__", lambda self, planes: 0.5)
    result = restorer.restore(Photo(scene(), "png"), ONLY)
    assert (result.is_grayscale, result.colorized) == (False, False)
    assert result.warnings == [
        "The photo may be in color, so it was not colorized. To color it all the same, treat it as grayscale."
    ]


class TestHints:
    def test_they_reach_the_photo(self, restorer):
        plain = restorer.restore(Photo(gray(), "png"), ONLY).photo.pixels.astype(int)
        hint = {"x": 40, "y": 30, "color": "#2040c0"}
        result = restorer.restore(Photo(gray(), "png"), ONLY, color_hints=[hint])
        assert result.warnings == []
        assert result.photo.pixels[30, 40, 2] > plain[30, 40, 2] + 20
        assert np.abs(level(result.photo.pixels) - level(gray())).max() < 0.9

    def test_those_outside_are_named_and_ignored(self, restorer):
        inside = {"x": 79, "y": 59, "color": "#2040c0"}
        alone = restorer.restore(Photo(gray(), "png"), ONLY, color_hints=[inside])
        both = restorer.restore(Photo(gray(), "png"), ONLY, color_hints=[inside, {"x": 80, "y": 0, "color": "#ff0000"}])
        assert alone.warnings == []
        assert both.warnings == ["Color hints outside of the photo of 80 x 60 pixels were ignored."]
        assert np.array_equal(alone.photo.pixels, both.photo.pixels)

    def test_those_for_nothing_are_named(self, restorer, scene):
        hints = [{"x": 1, "y": 1, "color": "#2040c0"}]
        result = restorer.restore(Photo(gray(), "png"), ONLY, colorize=False, color_hints=hints)
        assert result.warnings == ["The color hints were not used: colorizing is off."]
        result = restorer.restore(Photo(scene(), "png"), ONLY, color_hints=hints)
        assert result.warnings == [
            "The photo is in color already and was not colorized. Its color hints were not used."
        ]


def test_a_color_photo_is_left_alone_and_told(restorer, scene):
    data = imaging.encode(Photo(scene(), "png")).data
    result = restorer.restore(data, ONLY)
    assert (result.is_grayscale, result.colorized, result.steps, result.models) == (False, False, [], {})
    assert result.warnings == ["The photo is in color already and was not colorized."]
    assert result.encode().data == data


def test_a_neutral_rgb_photo_gets_colors(restorer):
    result = restorer.restore(Photo(np.repeat(gray(), 3, 2), "png"), ONLY)
    assert result.colorized
    assert np.ptp(result.photo.pixels.astype(int), axis=2).mean() > 10
