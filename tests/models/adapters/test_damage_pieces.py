import cv2
import numpy as np
import pytest

from daguerre.models.adapters import DAMAGE, scene_damage
from daguerre.models.adapters.damage_pieces import LOW, NUMBERS, VIEW, Pieces, logits
from daguerre.models.adapters.scene_damage import SceneDamage
from daguerre.models.catalog.embedded import WEIGHTS
from daguerre.progress import Track
from training.candidate import load_candidate


@pytest.fixture(scope="module")
def detector() -> SceneDamage:
    loaded = load_candidate(DAMAGE, WEIGHTS / "damage.onnx", threads=1)
    assert isinstance(loaded, SceneDamage)
    return loaded


def drawn_map() -> np.ndarray:
    found = np.zeros((200, 300), np.uint8)
    found[20:23, 10:290] = 200
    found[120:130, 150:160] = LOW
    found[150, 50:52] = 255
    return found


def test_long_pieces_are_cut_in_cells_and_tiny_ones_left_out() -> None:
    pieces = Pieces(drawn_map())
    assert pieces.count == 5 + 2  # the square lies across the edge of two cells
    assert pieces.area.sum() == 3 * 280 + 100
    assert not np.any(pieces.pixels == 150 * 300 + 50)


def test_each_piece_is_seen_in_the_middle_of_its_view_and_alone() -> None:
    found = drawn_map()
    photo = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    pieces = Pieces(found)
    near = pieces.near(photo, np.arange(pieces.count))
    for view, (row, column), area in zip(near, pieces.centers, pieces.area, strict=True):
        assert view[4].sum() >= area - 3  # a piece as wide as the view loses a column
        middle = VIEW // 2
        np.testing.assert_allclose(view[:3, middle, middle] * 255, photo[row, column], atol=0.01)
        assert view[3, middle, middle] * 255 == pytest.approx(found[row, column], abs=0.01)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 3])
def test_pieces_are_seen_alike_in_every_depth(dtype: type, channels: int) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (90, 70, channels), np.uint8)
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[dtype]
    pieces = Pieces(np.full((90, 70), 80, np.uint8))
    chosen = np.arange(pieces.count)
    np.testing.assert_allclose(
        pieces.near((photo.astype(np.float64) * scale).astype(dtype), chosen), pieces.near(photo, chosen), atol=1e-5
    )


def test_a_piece_is_as_likely_as_the_component_it_was_cut_from() -> None:
    pieces = Pieces(drawn_map())
    verdicts = np.where(np.bincount(pieces.piece, pieces.pixels, pieces.count) > 0, 1.0, 0).astype(np.float32)
    line = pieces.centers[:, 0] < 30
    verdicts[np.flatnonzero(line)[0]], verdicts[~line] = -4, np.nan
    supported = pieces.supported(verdicts)
    mean = np.average(verdicts[line], weights=pieces.area[line])
    assert supported[line] == pytest.approx([mean, 1, 1, 1, 1])
    assert np.isnan(supported[~line]).all()


def test_a_map_without_pieces_has_none() -> None:
    pieces = Pieces(np.zeros((50, 60), np.uint8))
    assert pieces.count == 0
    assert pieces.numbers().shape == (0, NUMBERS)


def test_a_piece_is_believed_or_doubted_as_a_whole(detector: SceneDamage) -> None:
    photo = np.full((400, 500, 3), 120, np.uint8)
    cv2.line(photo, (40, 30), (450, 360), (235, 235, 235), 3)
    before, _ = detector.look(photo, Track())
    pieces = Pieces(before)
    assert pieces.count > 3
    after = detector.find(photo, 50, Track())
    outside = np.ones(before.size, bool)
    outside[pieces.pixels] = False
    np.testing.assert_array_equal(after.ravel()[outside], before.ravel()[outside])
    moved = logits(after.ravel()[pieces.pixels]) - logits(before.ravel()[pieces.pixels])
    inner = (after.ravel()[pieces.pixels] > 8) & (after.ravel()[pieces.pixels] < 247)
    for piece in range(pieces.count):
        shifts = moved[(pieces.piece == piece) & inner]
        assert len(shifts) == 0 or np.ptp(shifts) < 0.5


def test_where_there_are_too_many_pieces_the_largest_are_judged(
    detector: SceneDamage, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = np.full((400, 500, 3), 120, np.uint8)
    cv2.line(photo, (40, 30), (450, 360), (235, 235, 235), 3)
    before, _ = detector.look(photo, Track())
    pieces = Pieces(before)
    monkeypatch.setattr(scene_damage, "MOST_PIECES", 1)
    after = detector.find(photo, 50, Track())
    changed = np.unique(pieces.piece[(after != before).ravel()[pieces.pixels]])
    assert list(changed) == [np.argmax(pieces.area)]
