"""The front of the trunk is taught to give what the first blocks of EfficientNet-lite0 give.

Those blocks look at 96 channels at half of a tile's resolution: half of the whole encoder's time,
and what bfloat16 changes in them changes neighbours. Source: docs/decisions.md.
"""

import keras
import numpy as np
import tensorflow as tf

from training.learning.pretraining import Advance, ordered, turned, warmed_up
from training.learning.screener import build_screener, tones
from training.learning.trunk import first_blocks, front
from training.planting.lesson_folder import Lessons

_BATCH = 32
_PASSES = 2.0
_RATE, _WARM_UP = 3e-3, 200
_LEAST = 1e-6
_SEEN = 256
"""Tiles that the spread of what is to be given is taken from."""


def tiles_of(lessons: Lessons) -> int:
    """Return how many tiles the front is shown, in whole batches."""
    return max(1, int(len(lessons) * _PASSES) // _BATCH) * _BATCH


def fronted(screener: keras.Model, lessons: Lessons, seed: int, advance: Advance) -> keras.Model:
    """Teach a front on the tiles of lessons, and return the screener with it.

    What is made small is the squared difference, each channel in its own deviations.

    Args:
        screener: one that begins with the original's first blocks.
        lessons: of which the tiles count alone.
        seed: of everything drawn.
        advance: told after each batch how many tiles it had, and the loss.
    """
    keras.utils.set_random_seed(seed)
    side = lessons.tiles.shape[1]
    tiles = keras.Input((side, side, 1), dtype="uint8")
    teacher = keras.Model(tiles, first_blocks(tones(tiles)))
    pupil = keras.Model(tiles, front(tones(tiles), learns=True))
    count, weights = len(teacher.weights), screener.get_weights()
    teacher.set_weights(weights[:count])
    seen = teacher.predict(lessons.tiles[:_SEEN, ..., None], batch_size=_BATCH, verbose=0)
    mean, deviation = seen.mean(axis=(0, 1, 2)), seen.std(axis=(0, 1, 2)).clip(_LEAST)
    steps = tiles_of(lessons) // _BATCH
    optimizer = keras.optimizers.Adam(warmed_up(_RATE, steps, at_most=_WARM_UP))
    optimizer.build(pupil.trainable_variables)

    def step(some: tf.Tensor) -> tf.Tensor:
        wanted = (teacher(some, training=False) - mean) / deviation
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((pupil(some, training=True) - wanted) ** 2)
        slopes = tape.gradient(loss, pupil.trainable_variables)
        optimizer.apply_gradients(zip(slopes, pupil.trainable_variables, strict=True))
        return loss

    compiled = tf.function(step, reduce_retracing=True)
    rng = np.random.default_rng(seed)
    for rows in ordered(len(lessons), steps, _BATCH, rng):
        loss = compiled(turned(lessons, rows, rng)[0])
        advance(len(rows), front=float(loss))
    *kernels, gain, shift, moving_mean, moving_variance = pupil.get_weights()
    last = [gain * deviation, shift * deviation + mean, moving_mean, moving_variance]
    result = build_screener(side)
    result.set_weights([*kernels, *last, *weights[count:]])
    return result
