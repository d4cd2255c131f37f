"""OpenEXR and Radiance HDR come back as they were."""

import numpy as np
import OpenImageIO as oiio
import pytest

from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging.codecs import exr, hdr
from daguerre.imaging.codecs.oiio import Samples, encoded, opened, samples
from daguerre.imaging.color import transfer

LIGHT = np.random.default_rng(7).gamma(0.5, 2.0, (33, 41, 3)).astype(np.float32)


def _exr(plane: Samples, kind: str, names: tuple[str, ...]) -> bytes:
    spec = oiio.ImageSpec(plane.shape[1], plane.shape[0], plane.shape[2], kind)
    spec.channelnames = names
    spec.attribute("compression", "piz")
    return encoded(".exr", [(spec, plane)])


def _read(data: bytes, suffix: str) -> Samples:
    with opened(data, suffix) as reader:
        return samples(reader, 0, "float")


def test_curve_is_the_srgb_curve_and_its_own_inverse() -> None:
    x = np.array([[-3.0, -0.001, 0.0, 0.001, 0.2140411, 1.0, 8.0, 65504.0]], np.float32)
    y = transfer.display(x)
    assert y[0, 4] == pytest.approx(0.5, abs=1e-5)
    assert y[0, 5] == pytest.approx(1.0)
    assert np.all(np.diff(y) > 0)
    np.testing.assert_allclose(transfer.linear(y), x, rtol=2e-6)


@pytest.mark.parametrize("names", [("Y",), ("R", "G", "B"), ("R", "G", "B", "A"), ("R", "G", "B", "A", "Z")])
def test_half_exr_comes_back_to_the_bit(names: tuple[str, ...]) -> None:
    plane = np.resize(LIGHT, (33, 41, len(names))).astype(np.float16).astype(np.float32)
    plane[0, 0, 0] = -0.25
    if "A" in names:
        plane[:, :, 3] = np.linspace(0, 1, 41, dtype=np.float16)
    photo = exr.read(_exr(plane, "half", names), max_pixels=10**6)
    assert photo.pixels.dtype == np.float32
    assert photo.pixels.shape[2] == (1 if names == ("Y",) else 3)
    back = exr.write(photo, quality=None)
    if "A" in names:
        np.testing.assert_allclose(_read(back, ".exr"), plane, rtol=1e-3)
    else:
        np.testing.assert_array_equal(_read(back, ".exr"), plane)
    with opened(back, ".exr") as reader:
        assert reader.spec().get_string_attribute("compression") == "piz"
        assert tuple(reader.spec().channelnames) == names
        assert str(reader.spec().format) == "half"


def test_float_exr_keeps_its_depth() -> None:
    back = exr.write(exr.read(_exr(LIGHT, "float", ("R", "G", "B")), max_pixels=10**6), quality=None)
    np.testing.assert_allclose(_read(back, ".exr"), LIGHT, rtol=2e-6)


def test_hdr_comes_back_within_rgbe_rounding() -> None:
    spec = oiio.ImageSpec(41, 33, 3, "float")
    data = encoded(".hdr", [(spec, LIGHT)])
    first = _read(data, ".hdr")
    back = _read(hdr.write(hdr.read(data, max_pixels=10**6), quality=None), ".hdr")
    np.testing.assert_array_equal(back, first)


@pytest.mark.parametrize("module", [exr, hdr])
def test_bad_input_is_named(module: object) -> None:
    suffix = ".exr" if module is exr else ".hdr"
    good = encoded(suffix, [(oiio.ImageSpec(41, 33, 3, "float"), LIGHT)])
    with pytest.raises(ImageTooLarge):
        module.read(good, max_pixels=100)  # type: ignore[attr-defined]
    with pytest.raises(BrokenImage):
        module.read(good[: len(good) // 2], max_pixels=10**6)  # type: ignore[attr-defined]
