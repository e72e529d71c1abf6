"""The front of the trunk: it comes to give what the first blocks give, the rest is untouched."""

import keras
import numpy as np
import pytest

from tests.tile_folders import stroke_tiles
from training.learning.fronting import fronted, tiles_of
from training.learning.pretraining import Course, pretrain
from training.learning.screener import build_screener, tones
from training.learning.trunk import first_blocks, front
from training.planting.lesson_folder import Lessons
from training.planting.lessons import CELL

SIDE, COUNT = 32, 320


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    """Tiles with strokes; nothing is said of them."""
    grid = SIDE // CELL
    return Lessons(
        stroke_tiles(COUNT, side=SIDE),
        np.zeros((COUNT, grid, grid, 3), dtype=np.uint8),
        np.zeros(COUNT, dtype=np.uint8),
    )


def test_the_front_comes_to_give_what_the_blocks_give(lessons: Lessons) -> None:
    """What it does not explain becomes less, and what stands on it comes back as it was."""
    keras.utils.set_random_seed(5)
    screener = build_screener(SIDE, original=True)
    told: list[tuple[int, float]] = []
    made = fronted(
        screener, lessons, seed=1, advance=lambda tiles, front: told.append((tiles, front))
    )
    assert sum(tiles for tiles, _ in told) == tiles_of(lessons) == 2 * COUNT
    assert told[-1][1] < 0.7 * told[0][1]
    tiles = keras.Input((SIDE, SIDE, 1), dtype="uint8")
    first = len(keras.Model(tiles, first_blocks(tones(tiles))).weights)
    rest = screener.get_weights()[first:]
    assert len(rest) > 100
    for one, wanted in zip(made.get_weights()[-len(rest) :], rest, strict=True):
        np.testing.assert_array_equal(one, wanted)
    outputs = made(lessons.tiles[:2, ..., None])
    assert [values.shape[-1] for values in outputs] == [96, 104, 3]


def test_what_it_gives_has_the_spread_of_what_it_learnt_from(lessons: Lessons) -> None:
    """It learns each channel in its own deviations; mean and deviation are put back afterwards."""
    keras.utils.set_random_seed(5)
    screener = build_screener(SIDE, original=True)
    made = fronted(screener, lessons, seed=1, advance=lambda *_, **__: None)
    tiles = keras.Input((SIDE, SIDE, 1), dtype="uint8")
    teacher = keras.Model(tiles, first_blocks(tones(tiles)))
    pupil = keras.Model(tiles, front(tones(tiles), learns=True))
    teacher.set_weights(screener.get_weights()[: len(teacher.weights)])
    pupil.set_weights(made.get_weights()[: len(pupil.weights)])
    wanted = teacher(lessons.tiles[..., None]).numpy()
    # So few batches leave what normalises behind: each batch's own mean and variance.
    given = pupil(lessons.tiles[..., None], training=True).numpy()
    deviation = wanted.std(axis=(0, 1, 2))
    off = np.abs((given - wanted).mean(axis=(0, 1, 2)))
    assert (off < 0.5 * deviation).all()
    assert np.mean((given - wanted).var(axis=(0, 1, 2)) / deviation**2) < 0.8


@pytest.mark.usefixtures("untraced")
def test_a_screener_begins_with_its_trunk_and_keeps_it(lessons: Lessons) -> None:
    """What is taught afterwards stands on the original's blocks as they came."""
    held = [values + 1 for values in build_screener(SIDE, original=True).get_weights()[:10]]
    course = Course(0.2, seed=1, half=False, trunk=held)
    screener = pretrain(lessons, course, lambda *_, **__: None)
    for one, wanted in zip(screener.get_weights()[:10], held, strict=True):
        np.testing.assert_array_equal(one, wanted)
