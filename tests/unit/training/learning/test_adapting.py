"""The screener's adaptation: which tiles it learns from, what it believes, what it keeps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bundle.errors import InputError
from tests.tile_folders import stroke_tiles, tile_set
from training.learning import adapting
from training.learning.adapting import Adaptation, adapt
from training.learning.config import START, make_config
from training.learning.screener import build_screener, load_start
from training.overlap import Overlap
from training.planting.grounds import NO, UNSAID, YES
from training.progress import StepLog

SIDE, COUNT = 32, 24
_STEPS = ["look at your tiles", "lessons on your tiles", "adapt"]


def job(work: Path, *, rounds: int = 1, mark: str = "mark") -> Adaptation:
    """Return 24 tiles of 32 pixels, half of them to learn from."""
    tiles = tile_set(stroke_tiles(COUNT, side=SIDE))
    return Adaptation(tiles, np.arange(0, COUNT, 2), rounds, 5, work, mark)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen tiles are enough, and three lessons for each."""
    monkeypatch.setattr(adapting, "FEWEST", 12)
    monkeypatch.setattr(adapting, "_A_TILE", 3)


def weights(file: Path) -> list[np.ndarray]:
    """Return the weights in a file as the network holds them."""
    screener = build_screener(SIDE)
    load_start(screener, file)
    found: list[np.ndarray] = screener.get_weights()
    return found


@pytest.mark.usefixtures("small")
def test_few_tiles_and_no_round_leave_the_starting_weights(tmp_path: Path) -> None:
    """Nothing is written, and no bar is shown."""
    log = StepLog()
    assert adapt(job(tmp_path, rounds=0), log) == START
    few = job(tmp_path)
    assert adapt(Adaptation(few.tiles, few.rows[:11], 1, 5, tmp_path, "mark"), log) == START
    assert not log.steps
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small", "untraced")
def test_rounds_follow_each_other_and_are_kept(tmp_path: Path) -> None:
    """Each round begins with the one before; a run that goes on takes what is there."""
    log = StepLog()
    file = adapt(job(tmp_path, rounds=2), log)
    assert [step.name for step in log.steps] == _STEPS * 2
    assert len(list(tmp_path.iterdir())) == 2  # the lessons are gone
    start, made = weights(START), weights(file)
    assert any((one != other).any() for one, other in zip(start, made, strict=True))
    assert all(np.isfinite(one).all() for one in made)
    again = StepLog()
    assert adapt(job(tmp_path, rounds=2), again) == file
    assert not again.steps


@pytest.mark.usefixtures("small", "untraced")
def test_another_mark_begins_anew(tmp_path: Path) -> None:
    """Weights of other tiles or settings are not taken."""
    first = adapt(job(tmp_path), StepLog())
    log = StepLog()
    assert adapt(job(tmp_path, mark="other"), log) != first
    assert log.steps


def test_belief_has_a_doubt_between_yes_and_no() -> None:
    """What the screener is not sure of either way is left out."""
    said = adapting._said(np.array([-2.0, -1.0, 2.9, 3.1], np.float32), -1.5, 3.0)
    assert said.tolist() == [NO, UNSAID, UNSAID, YES]


def test_the_study_is_not_adapted() -> None:
    """Its network holds no screener."""
    assert make_config("study", seed=1).adapt_rounds == 0
    with pytest.raises(InputError, match="--adapt-rounds"):
        make_config("study", seed=1, adapt_rounds=1)
    with pytest.raises(InputError, match="at least 0"):
        make_config("default", seed=1, adapt_rounds=-1)
    assert make_config("default", seed=1, adapt_rounds=0).adapt_rounds == 0


class Told:
    """Stands for a screener: a tile of grey i has the i-th map, (n, g, g, 3) as Keras has them."""

    def __init__(self, maps: np.ndarray) -> None:
        self.maps = maps

    def predict_on_batch(self, tiles: np.ndarray) -> list[np.ndarray]:
        """Answer with the maps of these tiles."""
        return [np.empty(0), np.empty(0), self.maps[tiles[:, 0, 0, 0]]]


@pytest.fixture
def as_bright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the darker picture be the tile itself."""
    for module in ("bundle.views", "training.learning.adapting"):
        monkeypatch.setattr(f"{module}.darker", lambda tiles, _: tiles)


@pytest.mark.usefixtures("as_bright")
def test_belief_of_a_tile_is_that_of_its_highest_lettering_cells() -> None:
    """Six sure cells make a tile sure, whatever its film edge; none make it clean."""
    maps = np.full((3, 4, 4, 3), -5.0, dtype=np.float32)
    maps[0, 1:3, :3, 0] = 5  # six cells of lettering
    maps[1, ..., 1] = 5  # all of it film edge
    maps[2, 1:3, :, 0] = maps[2, :, 1:3, 0] = 1  # a cross, the same however it is turned
    greys = np.arange(3, dtype=np.uint8)[:, None, None]
    found = adapting._found(Told(maps), greys.repeat(SIDE, 1).repeat(SIDE, 2), 255)
    cells, tiles = adapting._believed(found.astype(np.float32))
    assert tiles.tolist() == [YES, NO, UNSAID]
    assert (cells[0, ..., 0] == YES).sum() == 6
    assert (cells[1] == [NO, YES, NO]).all()


@pytest.mark.usefixtures("as_bright")
def test_belief_in_doubt_is_that_of_a_second_look() -> None:
    """What is seen on the tile as it lies, and not when it is turned, leaves a doubt."""
    maps = np.full((1, 4, 4, 3), -5.0, dtype=np.float32)
    maps[0, 0, :, 0] = maps[0, 1, :2, 0] = 2.9
    found = adapting._found(Told(maps), np.zeros((1, SIDE, SIDE), np.uint8), 255)
    cells, tiles = adapting._believed(found.astype(np.float32))
    assert tiles.tolist() == [UNSAID]
    assert (cells[..., 0] != YES).all()


def test_what_fades_in_a_darker_picture_is_not_believed() -> None:
    """Nothing is said of what is surely lettering, and clean when darker."""
    maps = np.full((256, 4, 4, 3), -5.0, dtype=np.float32)
    maps[[10, 100, 39], :2, :, 0] = 8  # 39 is what 100 is when darker, 0 what 10 is
    tiles = np.uint8([10, 100])[:, None, None] * np.ones((SIDE, SIDE), np.uint8)
    found = adapting._found(Told(maps), tiles, 255)
    cells, tiles = adapting._believed(found.astype(np.float32))
    assert tiles.tolist() == [UNSAID, YES]
    assert (cells[0, :2, :, 0] == UNSAID).all()
    assert (cells[1, :2, :, 0] == YES).all()


def test_doubt_is_settled_by_the_scan() -> None:
    """Cells in doubt are raised where the tiles beside are sure; what is clean stays so."""
    tiles = tile_set(stroke_tiles(4, side=SIDE))
    tiles = replace(
        tiles,
        scan_numbers=np.array([0, 0, 0, 1], np.int32),
        positions=np.array([[0, 0], [0, 32], [0, 64], [0, 0]], np.int32),
    )
    maps = np.full((4, 4, 4), -5.0, np.float32)
    maps[0] = maps[2] = 7.0
    maps[1, :2] = 0.0
    maps[3, :2] = 0.0
    placed = adapting._placed(tiles, None, np.arange(4), maps)
    assert (placed[1, :2] > 0).all()
    assert (placed[1, 2:] == -5).all()
    np.testing.assert_array_equal(placed[3], maps[3])
    shared = Overlap(np.array([[-1], [2], [-1], [-1]], np.int32), np.zeros((4, 1, 2), np.float32))
    agreed = adapting._placed(tiles, shared, np.arange(4), maps)
    assert (agreed[1] > placed[1]).all()
