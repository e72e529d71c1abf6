"""What the networks are trained to make small. Tiles come as 0..255, pictures as 0..1."""

import keras
import tensorflow as tf
from keras import ops

_SCALES = 3
_EDGE_WEIGHT = 3.0


def crossentropy(tiles: tf.Tensor, pictures: tf.Tensor) -> tf.Tensor:
    """Return the study's loss: binary cross-entropy of each pixel and channel, the mean.

    Args:
        tiles: (n, side, side, 1), 0..255.
        pictures: (n, side, side, channels) in [0, 1].
    """
    wanted = ops.repeat(tiles / 255.0, pictures.shape[-1], axis=-1)
    return ops.mean(keras.losses.binary_crossentropy(wanted, pictures))


def strokes(tiles: tf.Tensor, pictures: tf.Tensor) -> tf.Tensor:
    """Return the mean absolute error of grey values and, at three scales, of their steps.

    Steps between neighbouring pixels are what a stroke is made of; grey values alone are
    spent on the brightness of tissue. Source: docs/decisions.md.

    Args:
        tiles: (n, side, side, 1), 0..255.
        pictures: (n, side, side, 1) in [0, 1].
    """
    wanted = tiles / 255.0
    loss = ops.mean(ops.abs(wanted - pictures))
    for scale in range(_SCALES):
        if scale:
            wanted = ops.average_pool(wanted, 2, 2, padding="same")
            pictures = ops.average_pool(pictures, 2, 2, padding="same")
        for step in (_down, _across):
            loss += _EDGE_WEIGHT * ops.mean(ops.abs(step(wanted) - step(pictures)))
    return loss


def _down(grey: tf.Tensor) -> tf.Tensor:
    return grey[:, 1:] - grey[:, :-1]


def _across(grey: tf.Tensor) -> tf.Tensor:
    return grey[:, :, 1:] - grey[:, :, :-1]
