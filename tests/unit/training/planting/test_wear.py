"""What film and scanner do to every tile."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.planting.wear import wear


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
    """Dark stays darker than bright, whatever was done."""
    for seed in range(60):
        worn = wear(seeded(seed), slope((64, 64))).pixels
        assert worn[:, :8].mean() < worn[:, 40:48].mean()
