"""The screener's own training: what its losses say, and that they fall."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from training.learning.config import START
from training.learning.pretraining import Course, losses, pretrain
from training.learning.screener import build_screener, load_start
from training.planting.grounds import NO, UNSAID, YES
from training.planting.lesson_folder import Lessons
from training.planting.lessons import CELL

SIDE, COUNT = 32, 64
GRID = SIDE // CELL


def told(maps: list[float], cells: list[int], lettering: int) -> tuple[float, float]:
    """Return both losses of one tile of one cell."""
    found = losses(
        tf.constant(maps, shape=(1, 1, 1, 3)),
        tf.constant(cells, shape=(1, 1, 1, 3), dtype=tf.uint8),
        tf.constant([lettering]),
    )
    return float(found[0]), float(found[1])


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    """Dark tiles; every other one has a bright square, which is what is to be found."""
    rng = np.random.default_rng(4)
    tiles = rng.integers(20, 60, (COUNT, SIDE, SIDE), dtype=np.uint8)
    cells = np.full((COUNT, GRID, GRID, 3), NO, dtype=np.uint8)
    for row in range(0, COUNT, 2):
        y, x = rng.integers(GRID, size=2)
        tiles[row, y * CELL : (y + 1) * CELL, x * CELL : (x + 1) * CELL] = 240
        cells[row, y, x, 0] = YES
    return Lessons(tiles, cells, np.where(np.arange(COUNT) % 2, NO, YES).astype(np.uint8))


def test_losses_by_hand() -> None:
    """A doubtful cell costs log 2: halved when planted, doubled when clean, edges for a third."""
    nothing = np.log(2) / (1 + 50)
    of_map, of_tile = told([0.0, 0.0, 0.0], [YES, NO, UNSAID], YES)
    assert of_map == pytest.approx(0.5 * nothing + 0.3 * 2 * nothing)
    assert of_tile == pytest.approx(np.log(2))


def test_losses_ask_for_yes_above_and_no_below() -> None:
    """Being right costs next to nothing, being wrong about as much as the log-odds."""
    right = told([9.0, -9.0, -9.0], [YES, NO, NO], YES)
    wrong = told([-9.0, 9.0, 9.0], [YES, NO, NO], YES)
    assert max(right) < 1e-3
    assert wrong[1] == pytest.approx(9, abs=1e-3)
    assert wrong[0] == pytest.approx((0.5 + 2 * 0.3 * 2) * 9 / 51, rel=1e-3)


def test_unsaid_teaches_nothing() -> None:
    """Neither a cell nor a tile that nobody could tell moves a weight."""
    maps = tf.Variable(np.random.default_rng(1).normal(size=(2, 4, 4, 3)).astype(np.float32))
    cells = np.full((2, 4, 4, 3), UNSAID, dtype=np.uint8)
    cells[0, 1, 1, 0] = YES
    with tf.GradientTape() as tape:
        total = tf.add_n(losses(maps, tf.constant(cells), tf.constant([UNSAID, UNSAID])))
    slopes = tape.gradient(total, maps).numpy()
    assert np.argwhere(slopes).tolist() == [[0, 1, 1, 0]]


def test_a_tile_is_judged_by_its_highest_cell() -> None:
    """The second loss reaches one cell of the lettering map."""
    maps = tf.Variable(np.random.default_rng(2).normal(size=(1, 4, 4, 3)).astype(np.float32))
    with tf.GradientTape() as tape:
        _, of_tile = losses(maps, tf.fill((1, 4, 4, 3), np.uint8(NO)), tf.constant([NO]))
    slopes = tape.gradient(of_tile, maps).numpy()
    peak = np.unravel_index(maps.numpy()[..., 0].argmax(), (1, 4, 4))
    assert np.argwhere(slopes).tolist() == [[*map(int, peak), 0]]


def test_training_makes_both_losses_smaller(lessons: Lessons) -> None:
    """A score of steps on an easy set: the maps' loss and the tiles' fall; progress is told."""
    steps: list[dict[str, float]] = []
    done: list[int] = []

    def advance(count: int, **told: float) -> None:
        done.append(count)
        steps.append(told)

    pretrain(lessons, Course(10, seed=3, half=False, start=START), advance)
    assert done == [32] * 20
    for name in ("map", "tile"):
        first, last = (np.mean([step[name] for step in part]) for part in (steps[:3], steps[-3:]))
        assert last < 0.8 * first, name


@pytest.mark.usefixtures("untraced")
def test_training_goes_on_from_weights_in_half_precision(lessons: Lessons) -> None:
    """One step from given weights leaves them near, in single precision, and the policy as was."""
    screener = pretrain(lessons, Course(0.5, seed=3, half=True, start=START), lambda *_, **__: None)
    start = build_screener(SIDE)
    load_start(start)
    assert keras.config.dtype_policy().name == "float32"
    pairs = zip(screener.trainable_weights, start.trainable_weights, strict=True)
    for one, other in pairs:
        assert one.dtype == "float32"
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=0.01)
    assert screener(lessons.tiles[:2, ..., None])[2].dtype == tf.float32
