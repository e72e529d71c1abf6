"""What film and scanner do to every tile."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.planting.wear import _show, wear


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def slope(shape: tuple[int, int]) -> NDArray[np.float32]:
    height, width = shape
    return np.linspace(0.1, 0.7, width, dtype=np.float32)[None].repeat(height, axis=0)


@pytest.mark.parametrize("shape", [(8, 8), (9, 40), (33, 57), (192, 192)])
def test_a_worn_tile_keeps_its_shape_as_grey_levels(shape: tuple[int, int]):
    """Worn is uint8 of the tile's shape, and the tile given is left."""
    tile = slope(shape)
    for seed in range(40):
        worn = wear(seeded(seed), tile)
        assert worn.pixels.shape == shape
        assert worn.pixels.dtype == np.uint8
    assert np.array_equal(tile, slope(shape))


def test_detail_is_a_share_that_wear_only_lessens():
    """Some tiles keep all of their resolution, others lose some, none gains."""
    details = [wear(seeded(seed), slope((32, 32))).detail for seed in range(100)]
    assert max(details) == 1
    assert 0 < min(details) < 0.6


def test_equal_seeds_wear_different_tiles_alike():
    """What differs in two tiles worn with one seed differs there alone: the noise is the same."""
    tile = slope((64, 64))
    other = tile.copy()
    other[:8, :8] = 0.9
    for seed in range(60):
        first, second = (wear(seeded(seed), one).pixels for one in (tile, other))
        far = np.s_[40:, 40:]
        assert np.array_equal(first[far], second[far])


def test_the_seed_alone_decides():
    """The same seed wears the same, another seed otherwise."""
    first, again, other = (wear(seeded(seed), slope((32, 32))).pixels for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_wear_keeps_what_a_tile_shows():
    """Dark stays darker than bright, whatever was done; but for the few that become a negative."""
    ways = [
        np.sign(worn[:, 40:48].mean() - worn[:, :8].mean())
        for worn in (wear(seeded(seed), slope((64, 64))).pixels.astype(int) for seed in range(200))
    ]
    assert set(ways) == {-1, 1}
    assert 0.01 <= np.mean(np.array(ways) < 0) <= 0.1


def test_what_was_stored_is_shown_otherwise():
    """Brighter or darker, never out of order; black and white stay."""
    dark = np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16)
    ways = set()
    for seed in range(40):
        shown, left = _show(seeded(seed), dark)
        ways.add(np.sign((shown - dark).mean()))
        assert (np.diff(shown.ravel()) > 0).all()
        assert (shown.ravel()[[0, -1]] == [0, 1]).all()
        assert left == 1
    assert ways == {-1, 1}


def test_some_tiles_have_little_contrast():
    """From black, and from other greys."""
    worn = [wear(seeded(seed), slope((64, 64))).pixels.astype(int) for seed in range(300)]
    few = [one for one in worn if np.ptp(one[8:-8, 8:-8].mean(axis=0)) < 40]
    assert len(few) >= 10
    assert min(one.mean() for one in few) < 40
    assert max(one.mean() for one in few) > 90
