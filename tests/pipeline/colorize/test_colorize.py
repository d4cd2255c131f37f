"""Chroma under a photo's own lightness, with colorizers that are a formula."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from daguerre.errors import Canceled
from daguerre.pipeline import colorize
from daguerre.pipeline.colorize import CEILING, KNEE, chroma
from daguerre.progress import CancelToken, Track
from tests.imaging.profiles import WIDE, gamma_curve, rgb_profile

LUMINANCE = np.array([0.2126390, 0.7151687, 0.0721923])


class Formula:
    """Chroma that follows place and lightness."""

    side, square, takes_hints = 256, False, False

    def __init__(self, strength=1.0):
        self.strength = strength
        self.seen = []

    def __call__(self, lightness, hints=None):
        self.seen.append((lightness.shape, hints))
        half = tuple(-(-length // 2) for length in lightness.shape[::-1])
        small = cv2.resize(lightness, half, interpolation=cv2.INTER_AREA).reshape(half[::-1])
        y, x = (axis.astype(np.float32) / max(small.shape) for axis in np.mgrid[: small.shape[0], : small.shape[1]])
        return np.stack([25 * np.sin(6 * x) + (small - 50) * 0.2, 30 * np.cos(5 * y)], 2) * np.float32(self.strength)


class Constant(Formula):
    def __init__(self, a, b):
        super().__init__()
        self.ab = (a, b)

    def __call__(self, lightness, hints=None):
        self.seen.append((lightness.shape, hints))
        return np.broadcast_to(np.array(self.ab, np.float32), (8, 8, 2))


def photo(scene, dtype=np.uint8, channels=1, height=300, width=400):
    picture = scene(height, width).astype(np.float64) / 255
    picture = picture.mean(2, keepdims=True)
    if channels == 3:
        picture = np.clip(picture * (0.98, 0.9, 0.75) + (0.04, 0.02, 0), 0, 1)
    if np.dtype(dtype).kind == "f":
        return picture.astype(dtype)
    return np.rint(picture * np.iinfo(dtype).max).astype(dtype)


def gray_level(pixels):
    """The gray of the same luminance, on a scale of 255."""
    white = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    codes = pixels.astype(np.float64) / white
    light = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    luminance = light[..., 0] if light.shape[2] == 1 else light @ LUMINANCE
    return 255 * np.where(luminance <= 0.0031308, 12.92 * luminance, 1.055 * luminance ** (1 / 2.4) - 0.055)


def ab(pixels):
    return cv2.cvtColor(pixels.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)[..., 1:]


def apply(pixels, model, strength=100.0, **options):
    return colorize.colorize(pixels, model, strength=strength, track=options.pop("track", Track()), **options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("dtype", "bound"), [(np.uint8, 0.7), (np.uint16, 0.01), (np.float32, 0.001)])
@pytest.mark.parametrize("strength", [1, 4])
def test_lightness_is_the_photos_own_even_where_colors_do_not_fit(scene, dtype, bound, channels, strength):
    pixels = photo(scene, dtype, channels)
    painted = apply(pixels, Formula(strength))
    assert painted.shape == (300, 400, 3)
    assert painted.dtype == dtype
    assert np.abs(gray_level(painted) - gray_level(pixels)).max() < bound
    assert np.ptp(painted, axis=2).max() > 0.1 * (np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1)


def test_every_level_keeps_its_lightness():
    pixels = np.arange(256, dtype=np.uint8).repeat(16).reshape(64, 64, 1)
    for a, b in ((60, 40), (-60, 50), (20, -70), (3, 3)):
        painted = apply(pixels, Constant(a, b))
        assert np.abs(gray_level(painted) - gray_level(pixels)).max() < 0.9, (a, b)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_chroma_changes_no_level(dtype):
    pixels = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(-1, 16, 1)
    assert np.array_equal(apply(pixels, Constant(0, 0)), np.repeat(pixels, 3, 2))


def test_the_chroma_is_the_models():
    pixels = np.full((90, 120, 1), 140, np.uint8)
    assert np.abs(ab(apply(pixels, Constant(10, 12))) - (10, 12)).max() < 0.6


def test_strength_scales_chroma_and_nothing_gives_the_photo_back():
    pixels = np.full((60, 80, 1), 150, np.uint8)
    model = Constant(10, 12)
    for strength in (25, 50, 100):
        assert np.abs(ab(apply(pixels, model, strength)) - np.array([10, 12]) * strength / 100).max() < 0.7
    assert apply(pixels, model, 0) is pixels


def test_strong_chroma_is_held_back():
    pixels = np.full((60, 80, 1), 130, np.uint8)
    sizes = [float(np.hypot(*ab(apply(pixels, Constant(size, 0))).mean((0, 1)))) for size in (20, KNEE, 60, 70, 500)]
    assert abs(sizes[0] - 20) < 1
    assert abs(sizes[1] - KNEE) < 1
    assert sizes[1] < sizes[2] < sizes[3] < sizes[4] < CEILING + 0.5


def test_what_a_model_cannot_say_stays_gray():
    pixels = np.full((40, 50, 1), 130, np.uint8)
    assert np.array_equal(apply(pixels, Constant(np.nan, np.inf)), np.repeat(pixels, 3, 2))


def test_the_same_photo_gets_the_same_colors_at_any_size(scene):
    pixels = photo(scene, height=360, width=480)
    first = ab(apply(pixels, Formula()))
    for height, width in ((270, 360), (720, 960), (1500, 2000)):
        how = cv2.INTER_AREA if width < 480 else cv2.INTER_CUBIC
        model = Formula()
        other = ab(apply(cv2.resize(pixels, (width, height), interpolation=how)[..., None], model))
        assert model.seen[0][0] == (192, 256)
        difference = np.linalg.norm(cv2.resize(other, (480, 360), interpolation=cv2.INTER_AREA) - first, axis=2)
        assert difference.mean() < 1.2, (height, width)


def test_there_are_no_seams(scene, monkeypatch):
    pixels = photo(scene)
    whole = apply(pixels, Formula())
    monkeypatch.setattr(chroma, "_BAND_PIXELS", 400 * 7)
    assert np.array_equal(apply(pixels, Formula()), whole)


def test_chroma_ends_where_the_object_does():
    """A model's blurred chroma beside an edge of lightness follows the edge."""

    class Blurred(Formula):
        def __call__(self, lightness, hints=None):
            chroma = np.zeros((*lightness.shape, 2), np.float32)
            chroma[:, lightness.shape[1] // 2 :, 1] = 16
            return cv2.resize(cv2.GaussianBlur(chroma, (0, 0), 1), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)

    pixels = np.full((600, 800, 1), 90, np.uint8)
    pixels[:, 400:] = 190
    chroma = ab(apply(pixels, Blurred()))[300, :, 1]
    coarse = cv2.GaussianBlur(np.where(np.arange(256) < 128, 0, 16).astype(np.float32)[None], (0, 0), 1)
    blurred = cv2.resize(cv2.resize(coarse, (128, 1), interpolation=cv2.INTER_AREA), (800, 1))[0]
    truth = np.where(np.arange(800) < 400, 0, 16)
    near = slice(385, 415)
    assert np.abs(chroma - truth)[near].mean() < 0.4 * np.abs(blurred - truth)[near].mean()


def test_grain_and_scratches_leave_no_trace_in_the_chroma(scene, spoil):
    pixels = np.full((600, 800, 1), 120, np.uint8)
    worn = spoil(pixels, 12)
    worn[:, 300:303] = 250
    model = Formula()
    clean, rough = (ab(apply(image, model)) for image in (pixels, worn))
    difference = np.linalg.norm(cv2.blur(clean - rough, (5, 5)), axis=2)[20:-20, 20:-20]
    # The scratch itself is nearly white, where there is no room for chroma.
    difference[:, 275:290] = 0
    assert difference.max() < 2.5


def test_floats_beyond_black_and_white_stay():
    pixels = np.linspace(-0.5, 3, 40 * 50, dtype=np.float32).reshape(40, 50, 1)
    painted = apply(pixels, Constant(20, 30))
    outside = (pixels[..., 0] <= 0) | (pixels[..., 0] >= 1)
    assert np.array_equal(painted[outside], np.repeat(pixels, 3, 2)[outside])
    assert np.ptp(painted[~outside], axis=1).max() > 0.1


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2), (5, 3000), (255, 257)])
def test_any_shape(shape):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 1), np.uint8)
    painted = apply(pixels, Formula(), hints=[colorize.parse_hint(0, 0, "#804020")])
    assert painted.shape == (*shape, 3)
    assert np.abs(gray_level(painted) - gray_level(pixels)).max() < 0.9


def test_square_models_see_squares(scene):
    model = Constant(10, 10)
    model.square = True
    apply(photo(scene), model)
    assert model.seen[0][0] == (256, 256)


def test_a_profile_says_what_lightness_is(scene):
    """With the gamma and the primaries of another profile the luminance that it speaks of stays."""
    icc = rgb_profile(gamma_curve(1.8), WIDE)
    pixels = photo(scene, channels=3)
    weights = np.array([0.31111, 0.62567, 0.06322])

    def level(image):
        return 255 * (((image / 255.0) ** 1.8) @ weights) ** (1 / 1.8)

    painted = apply(pixels, Formula(), icc=icc)
    assert np.abs(level(painted) - level(pixels)).max() < 0.8
    assert np.abs(level(apply(pixels, Formula())) - level(pixels)).max() > 1


def test_it_stops_when_asked(scene):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Canceled):
        apply(photo(scene), Formula(), track=Track(cancel=token))


def test_progress_ends_at_the_end(scene):
    told = []
    apply(photo(scene, height=900, width=1200), Formula(), track=Track(told.append))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3


class TestHints:
    def test_the_place_has_the_hints_chroma_and_the_photos_lightness(self):
        pixels = np.full((300, 400, 1), 130, np.uint8)
        hint = colorize.parse_hint(250, 120, "#b06040")
        painted = apply(pixels, Constant(-5, -10), hints=[hint])
        assert np.abs(ab(painted)[120, 250] - (hint.a, hint.b)).max() < 1.5
        assert np.abs(gray_level(painted) - gray_level(pixels)).max() < 0.7
        assert np.abs(ab(painted)[20, 20] - (-5, -10)).max() < 1.5

    def test_it_fades_with_distance_and_stops_at_edges(self):
        pixels = np.full((300, 400, 1), 80, np.uint8)
        pixels[:, 200:] = 180
        chroma = ab(apply(pixels, Constant(0, 0), hints=[colorize.parse_hint(180, 150, "#305090")]))
        size = np.hypot(*chroma.transpose(2, 0, 1))[150]
        assert size[180] > size[140] > size[90] > size[20]
        assert size[220] < 0.25 * size[140]

    def test_each_of_several_is_honoured(self):
        pixels = np.full((300, 400, 1), 130, np.uint8)
        hints = [
            colorize.parse_hint(60, 60, "#a05040"),
            colorize.parse_hint(340, 240, "#4060a0"),
            colorize.parse_hint(340, 60, "#508040"),
        ]
        chroma = ab(apply(pixels, Constant(0, 0), hints=hints))
        for hint in hints:
            assert np.abs(chroma[hint.y, hint.x] - (hint.a, hint.b)).max() < 2

    def test_strength_scales_them(self):
        pixels = np.full((300, 400, 1), 130, np.uint8)
        hint = colorize.parse_hint(200, 150, "#b06040")
        chroma = ab(apply(pixels, Constant(0, 0), 50, hints=[hint]))[150, 200]
        assert np.abs(chroma - np.array([hint.a, hint.b]) / 2).max() < 1.5

    def test_models_that_take_hints_get_them_at_their_places(self):
        model = Constant(0, 0)
        model.takes_hints = True
        hint = colorize.parse_hint(300, 600, "#b06040")
        apply(np.full((1200, 1600, 1), 130, np.uint8), model, hints=[hint])
        ((shape, told),) = model.seen
        assert told.shape == (*shape, 3) == (192, 256, 3)
        assert np.allclose(told[96, 48], (hint.a, hint.b, 1), atol=1e-3)
        assert told[..., 2].sum() < 100
        assert np.array_equal(told[..., 2] == 0, (told == 0).all(axis=2))

    def test_many_are_no_trouble(self):
        random = np.random.default_rng(0)
        hints = [colorize.parse_hint(int(x), int(y), "#b06040") for x, y in random.integers(0, 60, (300, 2))]
        painted = apply(np.full((60, 60, 1), 130, np.uint8), Constant(0, 0), hints=hints)
        assert np.abs(ab(painted) - (hints[0].a, hints[0].b)).max() < 8
