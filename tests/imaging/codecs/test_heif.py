"""HEIF arrives upright in its own depth; needs real files, as nothing here can write one."""

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from daguerre import imaging
from daguerre.errors import BrokenImage, ImageTooLarge
from daguerre.imaging import registry
from daguerre.imaging.codecs import heif
from daguerre.imaging.codecs.avif import AvifCoding
from daguerre.imaging.photo import Photo


def test_real_files_open_and_bad_ones_are_named(pictures: Path) -> None:
    files = sorted((pictures / "eval/formats").glob("*.heic"))
    assert files
    for file in files:
        data = file.read_bytes()
        photo = heif.read(data, max_pixels=10**8)
        assert photo.format == "heif"
        assert photo.pixels.dtype == np.uint8
        assert photo.pixels.std() > 1 or photo.pixels.size < 10**6
        with pytest.raises(ImageTooLarge):
            heif.read(data, max_pixels=100)
        with pytest.raises(BrokenImage):
            heif.read(data[: len(data) // 2], max_pixels=10**8)


def test_what_is_no_heif_is_named() -> None:
    with pytest.raises(BrokenImage):
        heif.read(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), max_pixels=10**6)


TEN_BITS = base64.b85decode(
    "0000SW^{RQXk}@500000ZE0pPXk}@5ZE0a<0004gZDn*}000000000XXk=`10000000000aA{+700000000000000000000B57=IV*mgE07O6l"
    "0RRC200001q5uH^00000007be001LtX>Mi!000000RR916=`l}WdZ;I000310BCk&F#rGn01j|zbZr0t000010002~X>f9I0002qX>en20001Y"
    "Xm(>m0R#vD005jg000009`FGC|N8m>01pFT0096OKmiN^|NjIC00093oHzgg0{{RXx&lC90096hLID8;2mk;B0Gv1g00RI39*_hOAe$}KT{X?X"
    "LqUN600RIS000930SICM0RRX@0l{+^Fc^>k000wXZ)|dIV{CW;0RRmE27mwn02FC+aAg1h0000006+i$06+i$04QT@VQ>Hd03ZMW0096101yBG"
    "00IC1|KI=s00RI2|Ih#c00IC201$9#cxeCt0009D3JL%K02pa-ZD9Za00000009621%Uzs1%v<q0NQP2VRQfh0L~}@uLiOlga<H^DY$3-mkmFB"
    "wf-POZ)NuVKuPc)-wGHm@IuG-hvN>S-5g3>wSPFCq5vP^FgwEv_G{6Ak5Bh_m%tzAJH&tEThLYJqm>a~&>E1r9K1CsKvB=Na4rfaIUXn5Lxif$"
    "GH(BTwa0Ve*o?;+lu+o_R6aHy=%AtJ&vbA#A_MhU^Sb=fq8R~cZ!_!xt^jaJ(bUD*H<=S3FwY_!K-;yX{ns$vOVa*rH{4z|sa$v{!RZ{{21Bfk"
    "QGn@7Gd~wRH;z_7"
)
"""A drawn HEIC of 32 x 16 pixels with 10 bits, 4:4:4: the left half black, the right half white."""


def test_white_of_10_bits_is_white() -> None:
    photo = imaging.open_image(TEN_BITS)
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels[:, 24:].min() >= 65535 - 70
    assert photo.pixels[:, :8].max() <= 70


def test_an_untouched_file_comes_back_and_a_changed_one_says_what_it_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.FORMATS, "heif", replace(registry.FORMATS["heif"], writable=False))
    photo = imaging.open_image(TEN_BITS)
    untouched = imaging.encode(photo)
    assert (untouched.data, untouched.format, untouched.warnings) == (TEN_BITS, "heif", [])
    photo.pixels = np.random.default_rng(1).integers(0, 65536, photo.pixels.shape, np.uint16)
    changed = imaging.encode(photo)
    assert changed.format == "avif"
    (said,) = changed.warnings
    assert said.startswith("HEIF cannot be written: the result is AVIF, encoded anew with a loss (")
    error = photo.pixels.astype(float) - imaging.open_image(changed.data).pixels
    decibel = 10 * np.log10(65535**2 / np.square(error).mean())
    assert abs(float(said.split("(")[1].split(" dB")[0]) - decibel) <= 0.5


@pytest.mark.parametrize("kind", ["uint8-3", "uint8-1", "uint8-4", "uint16-3"])
def test_heic_comes_back_as_heic_where_an_encoder_is_installed(kind: str) -> None:
    pytest.importorskip("pillow_heif", reason="its encoder is under the GPL and does not come with this package")
    depth, _, count = kind.partition("-")
    ramp = np.linspace(0, np.iinfo(depth).max, 64 * 48 * int(count)).reshape(48, 64, int(count)).astype(depth)
    channels = 1 if count == "1" else 3
    alpha = np.ascontiguousarray(ramp[:, :, 3]) if count == "4" else None
    coding = AvifCoding(10 if depth == "uint16" else 8, "4:2:0", (12, 13))
    photo = Photo(np.ascontiguousarray(ramp[:, :, :channels]), "heif", alpha, coding=coding)
    encoded = imaging.encode(photo)
    assert (encoded.format, encoded.extension, encoded.warnings) == ("heif", ".heic", [])
    back = imaging.open_image(encoded.data)
    assert back.pixels.shape == photo.pixels.shape and back.pixels.dtype == photo.pixels.dtype
    assert np.abs(back.pixels.astype(int) - photo.pixels).mean() < 0.02 * photo.white
    assert (back.alpha is None) == (alpha is None)
