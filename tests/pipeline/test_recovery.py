"""A truncated only copy: refused as it is, restored where that is asked for, what it lacks repaired as damage."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import daguerre

OFF = {"denoise": False, "face_enhancement": False}


def truncated() -> bytes:
    """A JPEG of 200 x 160 pixels, of which a tenth of the bytes is missing."""
    ramp = np.linspace(60, 190, 200)[None, :, None] + np.random.default_rng(1).normal(0, 6, (160, 200, 3))
    stream = BytesIO()
    Image.fromarray(ramp.clip(0, 255).astype(np.uint8)).save(stream, "JPEG", quality=92, subsampling=0)
    return stream.getvalue()[: len(stream.getvalue()) * 9 // 10]


def test_it_is_refused_unless_recovering_is_asked_for() -> None:
    with pytest.raises(daguerre.BrokenImage, match="setting recover"):
        daguerre.restore(truncated(), **OFF)


def test_what_is_missing_is_filled_in_and_named() -> None:
    result = daguerre.restore(truncated(), recover=True, **OFF)
    assert "scratch_removal" in result.steps
    assert result.damage_mask is not None
    assert result.damage_mask[-8:].min() == 255
    assert any("truncated or damaged" in sentence for sentence in result.warnings)
    # The ramp goes on where a decoder gives one gray.
    filled = result.photo.pixels[-6:].mean(axis=(0, 2))
    assert filled[-20:].mean() - filled[:20].mean() > 60
    daguerre.open(result.encode().data)


def test_without_the_removal_of_scratches_nothing_is_filled_in() -> None:
    result = daguerre.restore(truncated(), recover=True, scratch_removal=False, **OFF)
    assert result.steps == []
    assert any("not filled in" in sentence for sentence in result.warnings)


def test_a_sound_file_comes_back_to_the_byte() -> None:
    stream = BytesIO()
    Image.new("L", (64, 64), 90).save(stream, "PNG")
    result = daguerre.restore(stream.getvalue(), recover=True, scratch_removal=False, **OFF)
    assert result.encode().data == stream.getvalue()
    assert result.warnings == []
