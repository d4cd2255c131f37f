"""A photo that was monochrome and now has color: what its file must say otherwise."""

from __future__ import annotations

from dataclasses import replace

from daguerre.imaging.color import icc_profile
from daguerre.imaging.photo import Photo

_GRAY_KEPT = "The gray color profile was replaced by one for color with the same curve."
_GRAY_LOST = "The gray color profile has no place beside colors and was left out."


def adapt_to_color(photo: Photo) -> Photo:
    """``photo``, whose pixels have become color, as its codec can write it."""
    photo = replace(photo, coding=None if photo.coding is None else photo.coding.in_full_color())
    icc = photo.metadata.icc
    if icc is None:
        return photo
    fitting = icc_profile.for_color(icc)
    if fitting == icc:
        return photo
    if fitting is not None and icc_profile.read_encoding(icc).curve is None:
        return replace(photo, metadata=replace(photo.metadata, icc=fitting))
    note = _GRAY_LOST if fitting is None else _GRAY_KEPT
    return replace(photo, metadata=replace(photo.metadata, icc=fitting), warnings=[*photo.warnings, note])
