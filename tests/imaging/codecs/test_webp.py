"""WebP keeps the chunks of others, and opens beyond Pillow's own limit of pixels; ours is the one that holds."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from daguerre import imaging
from daguerre.errors import ImageTooLarge


@pytest.mark.parametrize("lossless", [False, True])
def test_chunks_of_others_come_back(lossless: bool) -> None:
    plane = np.random.default_rng(1).integers(0, 256, (9, 13, 3), np.uint8)
    stream = BytesIO()
    Image.fromarray(plane).save(stream, "WEBP", lossless=lossless)
    chunk = b"INAM\x05\0\0\0Anna\0\0"
    data = stream.getvalue() + chunk
    data = data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    photo = imaging.open_image(data)
    photo.pixels = photo.pixels[::-1].copy()
    encoded = imaging.encode(photo)
    assert encoded.warnings == []
    assert encoded.data.endswith(chunk)
    assert int.from_bytes(encoded.data[4:8], "little") == len(encoded.data) - 8
    Image.open(BytesIO(encoded.data)).load()
    assert "further chunks" in imaging.encode(photo, format="png").warnings[0]


def test_our_limit_holds_and_not_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    file = BytesIO()
    Image.new("RGB", (60, 50), "gray").save(file, "WEBP")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # It refuses at twice that.
    assert imaging.open_image(file.getvalue(), max_pixels=3000).pixels.shape == (50, 60, 3)
    assert Image.MAX_IMAGE_PIXELS == 1000
    with pytest.raises(ImageTooLarge):
        imaging.open_image(file.getvalue(), max_pixels=2999)
