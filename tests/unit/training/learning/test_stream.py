"""Batches from the mapped array."""

import numpy as np

from tests.tile_folders import stroke_tiles, tile_set
from training.learning.stream import batches


def test_rows_come_in_the_order_asked_for() -> None:
    """Each batch holds the tiles of the next rows; the last one is what is left."""
    tiles = stroke_tiles(10)
    rows = np.array([7, 3, 9, 0, 1])
    seen = [batch.numpy() for batch in batches(tile_set(tiles), rows, 2)]
    assert [len(batch) for batch in seen] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate(seen)[..., 0], tiles[rows])


def test_batches_say_their_shape() -> None:
    """The network is told everything but the number of tiles, and gets bytes."""
    spec = batches(tile_set(stroke_tiles(4)), np.arange(4), 2).element_spec
    assert spec.shape.as_list() == [None, 32, 32, 1]
    assert spec.dtype.name == "uint8"
