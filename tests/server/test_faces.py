"""Faces in the result of a job: which were found, and which were enhanced."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

ONLY_FACES = {"scratchRemoval": False, "denoise": False}


@pytest.fixture(scope="module")
def portrait():
    file = BytesIO()
    Image.fromarray(cv2.GaussianBlur(data.astronaut(), (0, 0), 3.0)).save(file, "PNG")
    return file.getvalue()


def test_faces_are_enhanced_by_default_and_told(server, portrait):
    result = server.wait(server.submit(portrait, ONLY_FACES, name="a.png"))["result"]
    (face,) = result["faces"]
    assert result["facesEnhanced"] == 1 and result["steps"] == ["face_enhancement"]
    assert set(face) == {"box", "confidence", "identitySimilarity", "enhanced"}
    assert face["enhanced"] is True and 0.7 < face["confidence"] <= 1 and face["identitySimilarity"] is None
    x, y, width, height = face["box"]
    assert x < 205 < 245 < x + width and y < 105 < 140 < y + height
    assert set(result["models"]) == {"face_detection", "face_restoration"}
    assert result["warnings"] == []


@pytest.mark.parametrize(("chosen", "enhanced", "warning"), [
    ([[190, 80, 70, 80]], 1, None), ([], 0, None), ([3], 0, "There is no face 3: one was found."),
])  # fmt: skip
def test_only_chosen_faces_are_enhanced(server, portrait, chosen, enhanced, warning):
    result = server.wait(server.submit(portrait, {**ONLY_FACES, "faces": chosen}, name="a.png"))["result"]
    assert result["facesEnhanced"] == enhanced and len(result["faces"]) == 1
    assert result["faces"][0].get("reason") == (None if enhanced else "not chosen")
    assert result["warnings"] == ([] if warning is None else [warning])
    file = server.client.get(result["downloadUrl"]).content
    same = np.array_equal(np.asarray(Image.open(BytesIO(file))), np.asarray(Image.open(BytesIO(portrait))))
    assert same is not bool(enhanced)
