"""Tiles from disk to the network, a batch at a time."""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from bundle.arrays import Tiles
from training.tiles import TileSet

_AHEAD = 4


def batches(tiles: TileSet, rows: NDArray[np.int64], size: int) -> tf.data.Dataset:
    """Return a dataset of (m, side, side, 1) uint8 batches of the rows, in their order.

    Only `size` tiles times a few are in memory; the next batch is read while one is used.

    Args:
        tiles: where the rows are read.
        rows: (m,) int64 row numbers.
        size: tiles a batch; the last one may have fewer.
    """
    side = tiles.inputs.shape[1]

    def gather(some: NDArray[np.int64]) -> Tiles:
        return tiles.read(some)[..., None]

    def load(some: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(gather, [some], tf.uint8, stateful=False)
        return tf.ensure_shape(batch, (None, side, side, 1))

    return tf.data.Dataset.from_tensor_slices(rows).batch(size).map(load).prefetch(_AHEAD)
