"""Profiles as light, judged by Little CMS."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from daguerre.imaging.color import icc_profile
from tests.imaging.profiles import (
    D50,
    WIDE,
    built,
    gamma_curve,
    gray_profile,
    parametric_curve,
    place,
    rgb_profile,
    sampled_curve,
)

RAMP = np.arange(256, dtype=np.uint8)
CURVES = {
    "gamma 2.2": gamma_curve(2.2),
    "gamma 1.8": gamma_curve(1.8),
    "linear": b"curv" + bytes(8),
    "sampled": sampled_curve([round(65535 * (i / 63) ** 1.7) for i in range(64)]),
    "parametric 0": parametric_curve(0, 2.0),
    "parametric 3": parametric_curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
}


def shown(icc: bytes, mode: str) -> np.ndarray:
    """The ramp as sRGB."""
    image = Image.fromarray(RAMP[None] if mode == "L" else np.repeat(RAMP[None, :, None], 3, 2))
    source = ImageCms.ImageCmsProfile(BytesIO(icc))
    transform = ImageCms.buildTransform(
        source, ImageCms.createProfile("sRGB"), mode, "RGB", flags=ImageCms.Flags.NOOPTIMIZE
    )
    return np.asarray(ImageCms.applyTransform(image, transform)).astype(int)


@pytest.mark.parametrize("name", CURVES)
def test_a_color_profile_shows_gray_as_the_gray_one_did(name):
    gray = gray_profile(CURVES[name])
    color = icc_profile.for_color(gray)
    assert color is not None
    assert np.abs(shown(gray, "L") - shown(color, "RGB")).max() <= 1


def test_a_gray_profile_in_lab():
    gray = gray_profile(b"curv" + bytes(8), b"Lab ")
    color = icc_profile.for_color(gray)
    assert color is not None
    # A level is a share of L*.
    light = icc_profile.read_encoding(gray).light(np.array([0.5], np.float32))
    assert abs(float(light[0]) - ((50 + 16) / 116) ** 3) < 1e-3
    assert np.abs(shown(color, "RGB")[0, 128] - 119).max() <= 1


def test_a_color_profile_stays():
    icc = rgb_profile()
    assert icc_profile.for_color(icc) == icc


@pytest.mark.parametrize("name", CURVES)
def test_light_is_what_little_cms_says(name):
    icc = gray_profile(CURVES[name])
    light = icc_profile.read_encoding(icc).light(RAMP.astype(np.float32) / 255)
    codes = icc_profile.read_encoding(None).codes(light) * 255
    assert np.abs(codes - shown(icc, "L")[0, :, 1]).max() <= 1


@pytest.mark.parametrize("icc", [None, gray_profile(), rgb_profile(CURVES["sampled"]), rgb_profile(gamma_curve(1.0))])
def test_codes_and_light_are_inverse(icc):
    codes = np.arange(65536, dtype=np.float32) / 65535
    encoding = icc_profile.read_encoding(icc)
    assert np.abs(encoding.codes(encoding.light(codes)) - codes).max() < 3e-6


def test_srgb_is_known_with_or_without_a_profile():
    named = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    own, none = icc_profile.read_encoding(named), icc_profile.read_encoding(None)
    assert own.curve is None
    assert np.array_equal(own.to_xyz, none.to_xyz)
    assert np.allclose(none.to_xyz.sum(axis=1), 1)


def test_other_primaries_have_another_luminance():
    assert np.allclose(
        icc_profile.read_encoding(rgb_profile(primaries=WIDE)).to_xyz[1], (0.311, 0.626, 0.063), atol=1e-3
    )


@pytest.mark.parametrize(
    "icc",
    [
        b"",
        b"not a profile" * 30,
        rgb_profile()[:200],
        built(b"RGB ", {b"rXYZ": place(D50)}),
        built(b"CMYK", {}),
        rgb_profile(sampled_curve([65535, 30000, 0])),
        rgb_profile(primaries=(D50, D50, D50)),
        rgb_profile(b"mft2" + bytes(40)),
    ],
)
def test_what_cannot_be_used_counts_as_srgb(icc):
    encoding = icc_profile.read_encoding(icc)
    assert encoding.curve is None
    assert np.array_equal(encoding.to_xyz, icc_profile.read_encoding(None).to_xyz)


@pytest.mark.parametrize("icc", [gray_profile(sampled_curve([5, 3, 1])), built(b"GRAY", {}), gray_profile()[:180]])
def test_gray_profiles_without_a_curve_have_no_place_beside_color(icc):
    assert icc_profile.for_color(icc) is None
