"""A photo fitted to what a format can hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from daguerre.imaging.color import icc_profile
from daguerre.imaging.photo import Photo, Pixels, white_of
from daguerre.imaging.registry import Format

_BAND_ROWS = 256
_BITS = {"uint8": "8 bits", "uint16": "16 bits", "float32": "floating point"}

_TOLD = {
    "icc": "color profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "resources": "Photoshop resources",
    "comments": "comments", "aspect": "shape of pixels",
}  # fmt: skip


def fit_to_format(photo: Photo, form: Format) -> tuple[Photo, list[str]]:
    """``photo`` in a depth that ``form`` takes, without alpha or pages where it has none; and what was lost."""
    warnings = []
    kind = str(photo.pixels.dtype)
    if kind not in form.depths:
        # The next deeper kind loses nothing; without one, the deepest there is loses least.
        order = list(_BITS)
        deeper = [name for name in form.depths if order.index(name) > order.index(kind)]
        target = deeper[0] if deeper else form.depths[-1]
        if not deeper:
            warnings.append(f"{form.title} holds {_BITS[target]}: the photo's {_BITS[kind]} were reduced.")
        photo = replace(
            photo,
            pixels=convert(photo.pixels, target),
            alpha=None if photo.alpha is None else convert(photo.alpha, target),
        )
    if photo.alpha is not None and not form.alpha:
        warnings.append(f"{form.title} holds no transparency: the photo was laid on white.")
        photo = replace(photo, pixels=_on_white(photo), alpha=None)
    if photo.pages and not form.pages:
        warnings.append(f"{form.title} holds one page: only the first was stored.")
        photo = replace(photo, pages=[])
    photo, note = _with_fitting_profile(photo, form)
    warnings += note
    if form.name != photo.format and photo.coding is not None and (alone := photo.coding.only_here()):
        warnings.append(f"{form.title} has no place for the {' and '.join(alone)} of the file: left out.")
    lost = [title for name, title in _TOLD.items() if name not in form.told and getattr(photo.metadata, name)]
    if photo.metadata.xmp_is_ours and "XMP" in lost:
        lost.remove("XMP")  # The photo had none.
    if lost:
        warnings.append(f"{form.title} holds no {' or '.join(lost)}: left out.")
    if len(photo.metadata.exif or b"") > form.longest_exif:
        warnings.append(f"The photo's EXIF is longer than {form.title} can hold: left out.")
    return photo, warnings


def _with_fitting_profile(photo: Photo, form: Format) -> tuple[Photo, list[str]]:
    """``photo`` with a profile for as many channels as it has, as decoders refuse others; and what was done."""
    icc = photo.metadata.icc
    is_gray = photo.pixels.shape[2] == 1
    if icc is None or icc[36:40] != b"acsp":
        return photo, []  # What is no profile is for the encoder to find.
    if icc[16:20] == (b"GRAY" if is_gray else b"RGB ") or (form.lenient and form.name == photo.format):
        return photo, []
    fitting = icc_profile.for_gray(icc) if is_gray else icc_profile.for_color(icc) if icc[16:20] == b"GRAY" else None
    kinds = "gray" if is_gray else "color"
    note = (
        f"The photo's profile is for other channels and was left out: the photo is in {kinds}."
        if fitting is None
        else f"The photo's profile, which is for other channels, was replaced by one for {kinds} with the same curve."
    )
    return replace(photo, metadata=replace(photo.metadata, icc=fitting)), [note]


def convert(pixels: Pixels, kind: str) -> Pixels:
    """``pixels`` as ``uint8``, ``uint16`` or ``float32``, black to black and white to white."""
    result = np.empty(pixels.shape, np.dtype(kind))
    source_white, white = white_of(pixels.dtype), white_of(result.dtype)
    for top in range(0, pixels.shape[0], _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS].astype(np.float32) * np.float32(white / source_white)
        if result.dtype.kind != "f":
            band = np.rint(np.clip(np.nan_to_num(band), 0, white))
        result[top : top + _BAND_ROWS] = band
    return result


def level(samples: Pixels, bits: int) -> Pixels:
    """Integer samples of 1 to 16 ``bits``, 0 to ``2**bits - 1``, over all of uint8 or, from 9 bits on, of uint16."""
    if bits > 8:
        return widen(samples, bits)
    top = (1 << bits) - 1
    levels = np.rint(np.arange(top + 1) * (255 / top)).astype(np.uint8)
    return samples.astype(np.uint8, copy=False) if bits == 8 else levels[np.minimum(samples, top)]


def widen(samples: Pixels, bits: int) -> Pixels:
    """Samples of ``bits`` 9 to 16, 0 to ``2**bits - 1``, as uint16 0-65535."""
    return _rescaled(samples, (1 << bits) - 1, 65535)


def narrow(samples: Pixels, bits: int) -> Pixels:
    """The inverse of :func:`widen`: exact for what came from it."""
    return _rescaled(samples, 65535, (1 << bits) - 1)


def _rescaled(samples: Pixels, white: int, wanted: int) -> Pixels:
    if white == wanted:
        return samples.astype(np.uint16, copy=False)
    result = np.empty(samples.shape, np.uint16)
    for top in range(0, samples.shape[0], _BAND_ROWS):
        band = samples[top : top + _BAND_ROWS].astype(np.uint32)
        result[top : top + _BAND_ROWS] = (band * np.uint32(wanted) + np.uint32(white // 2)) // np.uint32(white)
    return result


def _on_white(photo: Photo) -> Pixels:
    result = np.empty_like(photo.pixels)
    assert photo.alpha is not None
    white = np.float32(photo.white)
    for top in range(0, photo.height, _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        weight = photo.alpha[rows, :, None].astype(np.float32) / white
        band = white + (photo.pixels[rows].astype(np.float32) - white) * weight
        result[rows] = band if photo.pixels.dtype.kind == "f" else np.rint(band)
    return result
