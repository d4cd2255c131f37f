"""The faces step: what is found, what is changed, and what is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

import daguerre
from daguerre import Settings
from daguerre.config import Config
from daguerre.models.adapters import FACE_DETECTION, FACE_RESTORATION
from daguerre.models.catalog import Catalog
from daguerre.models.install.store import Store
from daguerre.models.roles import Detections
from daguerre.models.runtime.cache import ModelCache
from daguerre.pipeline import faces
from daguerre.pipeline.faces import alignment, detection, enhancement
from daguerre.progress import CancelToken, Track
from daguerre.tiling.geometry import Tiling

ONLY_FACES = Settings(scratch_removal=False, denoise=False, fidelity=0.5)


@pytest.fixture(scope="module")
def restorer():
    return daguerre.Restorer(config=Config(threads=2))


@pytest.fixture(scope="module")
def astronaut():
    return data.astronaut()


def soft(picture, sigma=3.0):
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def face_of(photo):
    return photo[40:190, 150:290].astype(np.float64)


def psnr(one, other):
    return 10 * np.log10(255**2 / np.mean((one - other) ** 2))


def test_a_soft_face_is_enhanced_and_comes_nearer_to_the_true_one(restorer, astronaut):
    blurred = soft(astronaut)
    result = restorer.restore(daguerre.Photo(blurred, "png"), ONLY_FACES)
    assert result.steps == ["face_enhancement"]
    face = result.faces[0]
    assert face.enhanced
    assert face.identity_similarity is None
    x, y, width, height = face.box
    assert x < 200 < 247 < x + width and y < 102 < 143 < y + height
    after = result.photo.pixels
    assert psnr(face_of(after), face_of(astronaut)) > psnr(face_of(blurred), face_of(astronaut)) + 0.15
    assert np.array_equal(after[300:], blurred[300:])


def test_a_sharp_face_is_left_alone_to_the_bit(restorer, astronaut):
    result = restorer.restore(daguerre.Photo(astronaut, "png"), ONLY_FACES)
    assert result.steps == []
    assert result.photo.pixels is astronaut
    assert {face.reason for face in result.faces} == {"sharp already"}


def test_the_low_frequencies_are_the_originals_at_fidelity_one(restorer, astronaut):
    blurred = soft(astronaut).astype(np.float32) / 255
    cache = restorer.cache
    enhancer = cache.adapter(FACE_RESTORATION, cache.model(FACE_RESTORATION.name))
    matrix = alignment.similarity(
        np.array([[200, 102], [247, 103], [220, 125], [199, 143], [240, 144]]), alignment.FFHQ
    )
    part = alignment.region(matrix, 512, 512, 512)
    aligned = alignment.crop(alignment.read(blurred, part), part, matrix, 512)
    changes = {
        fidelity: enhancement.change(
            aligned, enhancer(aligned, fidelity), None, alignment.FFHQ, fidelity=fidelity, gray=False
        ).change
        for fidelity in (0.0, 0.5, 1.0)
    }
    low = {fidelity: np.abs(cv2.dct(change[..., 1])[:12, :12]).max() for fidelity, change in changes.items()}
    assert low[1.0] < 1e-4 < 0.05 < low[0.0]
    sizes = [np.square(changes[fidelity]).sum() for fidelity in (0.0, 0.5, 1.0)]
    assert sizes[0] > sizes[1] > sizes[2] > 0


@pytest.mark.parametrize("kind", ["one channel", "rgb", "sepia"])
def test_monochrome_photos_keep_their_tone(restorer, astronaut, kind):
    gray = soft(cv2.cvtColor(astronaut, cv2.COLOR_RGB2GRAY))
    if kind == "one channel":
        photo = gray[..., None]
    elif kind == "rgb":
        photo = np.stack([gray] * 3, 2)
    else:
        photo = np.clip(gray[..., None] * [0.95, 0.85, 0.65] + [12, 8, 2], 0, 255).astype(np.uint8)
    after = restorer.restore(daguerre.Photo(photo, "png"), ONLY_FACES).photo.pixels
    assert after.shape == photo.shape and not np.array_equal(after, photo)
    change = after.astype(int) - photo.astype(int)
    inner = (photo > 20).all(2) & (photo < 235).all(2)
    assert np.ptp(change, axis=2)[inner].max() <= 1


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deep_photos_stay_deep(restorer, astronaut, dtype):
    blurred = soft(astronaut)
    photo = (blurred.astype(np.uint16) * 257) if dtype is np.uint16 else blurred.astype(np.float32) / 255
    result = restorer.restore(daguerre.Photo(photo, "tiff"), ONLY_FACES)
    eight = restorer.restore(daguerre.Photo(blurred, "png"), ONLY_FACES)
    assert result.photo.pixels.dtype == dtype
    white = 65535 if dtype is np.uint16 else 1.0
    assert np.abs(result.photo.pixels / white - eight.photo.pixels / 255).max() < 0.03


def test_a_photo_without_faces_is_left_alone(restorer):
    coffee = soft(data.coffee())
    result = restorer.restore(daguerre.Photo(coffee, "png"), ONLY_FACES)
    assert (result.steps, result.faces, result.warnings) == ([], [], [])
    assert result.photo.pixels is coffee


def test_a_face_of_less_than_24_pixels_across_is_left_alone(restorer, astronaut):
    small = cv2.resize(soft(astronaut, 4), None, fx=0.228, fy=0.228, interpolation=cv2.INTER_AREA)
    canvas = np.full((256, 256, 3), 128, np.uint8)
    canvas[40 : 40 + small.shape[0], 40 : 40 + small.shape[1]] = small
    result = restorer.restore(daguerre.Photo(canvas, "png"), ONLY_FACES)
    assert [face.reason for face in result.faces] == ["too small"]
    assert max(result.faces[0].box[2:]) >= 24
    # Enlarged it has no more to go by.
    enlarged = restorer.restore(daguerre.Photo(canvas, "png"), ONLY_FACES, upscale=2)
    assert [face.reason for face in enlarged.faces] == ["too small"] and enlarged.steps == ["upscale"]


def test_what_nobody_would_see_is_not_called_enhanced(restorer, astronaut):
    class Faint:
        size = 512

        def __call__(self, face, fidelity):
            return np.clip(face + np.sin(np.arange(512, dtype=np.float32) / 20)[:, None] * self.most, 0, 1)

    pale = (128 + (soft(astronaut).astype(np.float32) - 128) / 8).astype(np.uint8)
    found = faces.find_faces(astronaut, restorer.cache.adapter(FACE_DETECTION, restorer.cache.model("face_detection")),
                             Track())  # fmt: skip
    for Faint.most, enhanced in ((0.003, False), (0.02, True)):
        enhancer = faces.FaceEnhancer(Faint(), None, None, fidelity=0.0, gray=False)
        result, outcomes = enhancer.enhance(pale, found[:1], {0}, Track())
        assert outcomes[0].enhanced is enhanced
        assert (result is pale) is not enhanced
    assert outcomes[0].reason is None


def test_fidelity_0_enhances_visibly_more_than_the_default(restorer, astronaut):
    blurred = daguerre.Photo(soft(astronaut), "png")
    changes = [
        np.abs(restorer.restore(blurred, ONLY_FACES, fidelity=fidelity).photo.pixels.astype(float) - blurred.pixels)
        for fidelity in (0, 0.7)
    ]
    assert changes[0].sum() > 1.3 * changes[1].sum()


@pytest.fixture(scope="module")
def group(astronaut):
    """Three soft faces: a large, a middle and a small one."""
    canvas = np.full((700, 1100, 3), 120, np.uint8)
    head = soft(astronaut)[0:260, 90:360]
    for (y, x), scale in (((20, 10), 1.6), ((60, 520), 1.0), ((420, 800), 0.6)):
        one = cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        canvas[y : y + one.shape[0], x : x + one.shape[1]] = one
    return canvas


def test_faces_are_listed_from_the_largest_to_the_smallest_each_once(restorer, group):
    listed = restorer.restore(daguerre.Photo(group, "png"), ONLY_FACES).faces
    areas = [face.box[2] * face.box[3] for face in listed]
    assert len(listed) == 3 and areas == sorted(areas, reverse=True)
    assert [face.enhanced for face in listed] == [True, True, True]


def test_only_the_chosen_faces_are_enhanced(restorer, group):
    photo = daguerre.Photo(group, "png")
    listed = restorer.restore(photo, ONLY_FACES).faces
    box = listed[2].box
    result = restorer.restore(photo, ONLY_FACES, faces=[0, [float(length) for length in box], 7, [1000, 5, 20, 20]])
    assert [face.enhanced for face in result.faces] == [True, False, True]
    assert result.faces[1].reason == "not chosen"
    assert result.warnings == ["There is no face 7: 3 were found.", "No face was found in the box 1000, 5, 20, 20."]
    assert np.array_equal(result.photo.pixels[60:320, 520:790], group[60:320, 520:790])


def test_nothing_chosen_is_nothing_done(restorer, group):
    result = restorer.restore(daguerre.Photo(group, "png"), ONLY_FACES, faces=[])
    assert result.photo.pixels is group and len(result.faces) == 3 and result.steps == []


def test_large_photos_are_searched_in_tiles_and_small_faces_found(restorer, group):
    wide = np.full((1500, 2600, 3), 120, np.uint8)
    wide[790:1490, 1490:2590] = group
    small = cv2.resize(group[40:330, 520:800], None, fx=0.35, fy=0.35, interpolation=cv2.INTER_AREA)
    wide[1000 : 1000 + small.shape[0], 980 : 980 + small.shape[1]] = small  # across the edges of tiles
    found = restorer.restore(daguerre.Photo(wide, "png"), ONLY_FACES, faces=[]).faces
    assert len(found) == 4


class Seen:
    """A detector that says what it is told to, at the photo's own scale only, and as often as asked that it is sure."""

    tiling, largest = Tiling(1024, 96, 32), 4000

    def __init__(self, rows, again=0.9):
        self.rows, self.again = rows, again

    def __call__(self, image):
        if image.shape[0] == 128:  # a second look
            boxes = np.array([[64 - 0.4 * s, 64 - 0.5 * s, 0.8 * s, s] for s in (44, 64, 90)], np.float32)
            return Detections(boxes, np.full(3, self.again, np.float32), np.zeros((3, 5, 2), np.float32))
        boxes = np.array([row[0] for row in self.rows], np.float32).reshape(-1, 4)
        points = np.array([row[2] for row in self.rows], np.float32).reshape(-1, 5, 2)
        return Detections(boxes, np.array([row[1] for row in self.rows], np.float32), points)


def upright(x, y, side, angle=0.0):
    points = (alignment.FFHQ / 512 - 0.5) * side
    turn = np.radians(angle)
    return points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) + (x, y)


def box(x, y, side):
    return [x - 0.3 * side, y - 0.27 * side, 0.6 * side, 0.75 * side]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([(box(300, 300, 200), 0.9, upright(300, 300, 200))], 1),
        ([(box(300, 300, 200), 0.9, upright(300, 300, 200)), (box(310, 305, 190), 0.8, upright(310, 305, 190))], 1),
        ([(box(300, 300, 200), 0.9, upright(300, 300, 200)), (box(270, 280, 50), 0.95, upright(270, 280, 50))], 1),
        ([(box(300, 300, 200), 0.3, upright(300, 300, 200))], 0),
        ([(box(300, 300, 200), 0.9, upright(300, 300, 200, 50))], 1),
        ([(box(300, 300, 200), 0.9, upright(300, 300, 200, 180))], 0),
        ([(box(300, 300, 200), 0.9, upright(300, 300, 200)[[1, 0, 2, 4, 3]])], 0),
        ([(box(300, 300, 200), 0.9, upright(300, 300, 1600))], 0),
        ([(box(300, 300, 200), 0.9, np.full((5, 2), 300.0))], 0),
        ([(box(-50, 300, 200), 0.9, upright(-50, 300, 200))], 0),
        ([], 0),
    ],
    ids=[
        "one",
        "twice",
        "part of it",
        "unsure",
        "tilted",
        "upside down",
        "mirrored",
        "too wide",
        "a point",
        "outside",
        "none",
    ],
)
def test_what_counts_as_a_face(rows, count):
    pixels = np.random.default_rng(0).integers(0, 255, (700, 700, 3), np.uint8)
    assert len(detection.find_faces(pixels, Seen(rows), Track())) == count


@pytest.mark.parametrize(("again", "count"), [(0.9, 1), (0.3, 0)])
def test_a_second_look_decides(again, count):
    rows = [(box(300, 300, 200), 0.9, upright(300, 300, 200))]
    found = detection.find_faces(np.zeros((700, 700, 1), np.uint8), Seen(rows, again), Track())
    assert len(found) == count
    assert all(face.confidence == pytest.approx(0.9) for face in found)


def test_of_a_face_and_its_eye_the_face_is_kept():
    rows = [(box(300, 300, 200), 0.85, upright(300, 300, 200)), (box(270, 280, 50), 0.95, upright(270, 280, 50))]
    (face,) = detection.find_faces(np.zeros((700, 700, 1), np.uint8), Seen(rows), Track())
    assert face.box[2] == pytest.approx(120)


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.7])
@pytest.mark.parametrize("angle", [0, 35])
def test_there_and_back_again(scale, angle):
    """What is added to an aligned face arrives at its place in the photo, at its size."""
    points = upright(800, 780, 512 / scale, angle)
    matrix = alignment.similarity(points, alignment.FFHQ)
    assert alignment.scale_of(matrix) == pytest.approx(scale, rel=1e-6)
    assert np.allclose(alignment.applied(matrix, points), alignment.FFHQ, atol=1e-6)
    y, x = np.mgrid[:512, :512].astype(np.float32)
    blob = np.exp(-((x - 300) ** 2 + (y - 220) ** 2) / (2 * 25**2)).astype(np.float32)
    part = alignment.region(matrix, 512, 1600, 1600)
    placed = np.zeros((1600, 1600), np.float32)
    placed[part.slices] = alignment.back(blob, part, matrix)
    again = alignment.crop(alignment.read(placed[..., None], part), part, matrix, 512)
    assert np.abs(again[..., 0] - blob).max() < 0.04


@pytest.mark.parametrize("sigma", [0.0, 1.5, 3.0, 6.0])
def test_blur_is_measured_through_noise(sigma):
    edges = np.zeros((400, 400), np.float32)
    for k in range(0, 400, 80):
        edges[:, k : k + 40] = 0.8
    image = cv2.GaussianBlur(edges, (0, 0), sigma) if sigma else edges
    noisy = image + np.random.default_rng(0).normal(0, 0.02, image.shape)
    measured = enhancement.blur_of(np.stack([np.clip(noisy, 0, 1)] * 3, 2).astype(np.float32))
    assert measured == pytest.approx(sigma, abs=0.4, rel=0.2)


class Identity:
    """Tells people by the color of the middle of the face."""

    size = 112

    def __call__(self, face):
        color = face[30:80, 30:80].mean((0, 1)) - 0.5
        return (color / np.linalg.norm(color)).astype(np.float32)


def changed(make, identity=None):
    face = np.full((512, 512, 3), 0.3, np.float32) + np.array([0.0, 0.05, 0.1], np.float32)
    return enhancement.change(face, make(face), identity, alignment.FFHQ, fidelity=0.2, gray=False)


def test_a_face_that_does_not_match_the_photo_is_given_up():
    result = changed(lambda face: 1 - face)
    assert result.change is None and "did not match" in result.reason


def test_a_face_that_matches_half_is_used_with_restraint():
    full, half = changed(lambda face: face + 0.02), changed(lambda face: face + 0.06)
    assert full.reason is None and "restraint" in half.reason
    assert np.abs(half.change).max() < 1.7 * np.abs(full.change).max()


def test_another_person_is_given_up():
    stranger = changed(lambda face: face + np.array([0.05, -0.02, -0.05], np.float32), Identity())
    assert stranger.similarity is not None
    same = changed(lambda face: face + 0.01, Identity())
    assert same.change is not None and same.similarity > 0.9

    class Fickle(Identity):
        def __call__(self, face):
            return np.array([1, 0], np.float32) if abs(face.mean() - 0.35) < 2e-3 else np.array([0, 1], np.float32)

    gone = changed(lambda face: face + 0.05, Fickle())
    assert gone.change is None and gone.reason == "enhancing would have made another person"


def test_a_canceled_step_stops_between_tiles(restorer, group):
    token = CancelToken()
    token.cancel()
    with pytest.raises(daguerre.Canceled):
        restorer.restore(daguerre.Photo(group, "png"), ONLY_FACES, cancel=token)


def test_without_a_detector_the_step_says_so(tmp_path, astronaut):
    config = Config(data=tmp_path)
    cache = ModelCache(Catalog(), Store(tmp_path, embedded=tmp_path), config)
    result = daguerre.Restorer(config=config, cache=cache).restore(daguerre.Photo(astronaut, "png"), ONLY_FACES)
    assert "Faces were not enhanced" in result.warnings[0]


def test_choosing_by_overlap():
    listed = [faces.Face((0, 0, 10, 10), 0.9, upright(5, 5, 10)), faces.Face((8, 0, 10, 10), 0.9, upright(13, 5, 10))]
    assert faces.choose(listed, [[9, 0, 10, 10]]) == ({1}, [])
    assert faces.choose(listed, None) == ({0, 1}, [])
    assert faces.choose([], [0])[1] == ["There is no face 0: none was found."]


def test_a_face_that_nobody_found_is_enhanced_where_somebody_points_at_it(restorer, astronaut):
    tilt = cv2.getRotationMatrix2D((222, 110), 80, 1)
    photo = daguerre.Photo(cv2.warpAffine(soft(astronaut, 2), tilt, (512, 512), borderMode=cv2.BORDER_REFLECT), "png")
    assert restorer.restore(photo, ONLY_FACES, faces=[]).faces == []
    box = [160, 45, 120, 130]
    result = restorer.restore(photo, ONLY_FACES, faces=[box])
    (face,) = result.faces
    assert face.enhanced and result.steps == ["face_enhancement"] and result.warnings == []
    middle = [face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2]
    assert np.abs(np.subtract(middle, [220, 110])).max() < 30
    nothing = restorer.restore(photo, ONLY_FACES, faces=[[10, 400, 90, 90]])
    assert nothing.faces == [] and nothing.warnings == ["No face was found in the box 10, 400, 90, 90."]
