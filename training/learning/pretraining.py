"""The screener's training on planted lettering."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.learning.screener import build_screener, load_start
from training.planting.grounds import UNSAID, YES
from training.planting.lesson_folder import Lessons

_BATCH = 32
_DECAY = 1e-3
_WARM_UP = 300
_AVERAGED = 0.3
"""Share of the steps, the last ones, whose weights are averaged."""
_MEMORY = 0.05
_LAYER_WEIGHTS = (1.0, 0.3, 0.3)
_GAIN = 0.2
_MIRRORED = 0.5
_FEW = 50.0
"""Cells added to both sums, so that a batch with next to none of a layer does not shout."""

Advance = Callable[..., object]
Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@dataclass(frozen=True)
class Course:
    """How long to train and from where.

    passes: over the lessons. half: in half precision, where it is faster.
    start: weights to go on from; None begins anew, on a trunk that knows nothing if none is given.
    trunk: weights of EfficientNet-lite0's first blocks, all that the trunk needs; the screener is
        then taught on those, and `training.learning.fronting` puts its front in their place.
    rate: the highest learning rate.
    """

    passes: float
    seed: int
    half: bool
    start: Path | None = None
    rate: float = 2e-3
    trunk: Sequence[NDArray[np.float32]] = ()


def pretrain(lessons: Lessons, course: Course, advance: Advance) -> keras.Model:
    """Train a screener on lessons and return it in single precision.

    Two losses are added: one of each cell of the maps, those that nothing is said of left
    out, planted and clean cells weighed alike whatever their numbers; and one of the highest
    cell of the lettering map, which is what a tile is judged by.
    """
    keras.utils.set_random_seed(course.seed)
    side = lessons.tiles.shape[1]
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if course.half else "float32")
    try:
        screener = build_screener(side, original=bool(course.trunk))
        if course.start is not None:
            load_start(screener, course.start)
        if course.trunk:
            screener.set_weights([*course.trunk, *screener.get_weights()[len(course.trunk) :]])
        weights = _run(screener, lessons, course, advance)
    finally:
        keras.config.set_dtype_policy(before)
    result = build_screener(side, original=bool(course.trunk))
    result.set_weights(weights)
    return result


def _run(
    screener: keras.Model, lessons: Lessons, course: Course, advance: Advance
) -> list[NDArray[np.float32]]:
    count = len(lessons)
    steps = max(1, int(count * course.passes) // _BATCH)
    optimizer = keras.optimizers.AdamW(
        warmed_up(course.rate, steps, at_most=_WARM_UP), weight_decay=_DECAY
    )
    optimizer.build(screener.trainable_variables)
    step = _step(screener, optimizer)
    rng = np.random.default_rng(course.seed)
    averaged: list[NDArray[np.float32]] = []
    for number, rows in enumerate(ordered(count, steps, _BATCH, rng)):
        map_loss, tile_loss = step(*turned(lessons, rows, rng))
        if number >= steps * (1 - _AVERAGED) and number % 10 == 0:
            averaged = _mixed(averaged, screener)
        advance(len(rows), map=float(map_loss), tile=float(tile_loss))
    return averaged or _mixed(averaged, screener)


def _mixed(averaged: list[NDArray[np.float32]], screener: keras.Model) -> list[NDArray[np.float32]]:
    now = [variable.numpy().astype(np.float32) for variable in screener.weights]
    return [old + _MEMORY * (new - old) for old, new in zip(averaged or now, now, strict=True)]


def warmed_up(
    rate: float, steps: int, *, at_most: int
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return a rate that rises for a tenth of the steps, or `at_most` so many, and falls after."""
    warm_up = min(at_most, steps // 10)
    return keras.optimizers.schedules.CosineDecay(
        rate / 20, steps - warm_up, warmup_target=rate, warmup_steps=warm_up, alpha=0.01
    )


def ordered(
    count: int, steps: int, batch: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Yield the rows of each batch, all of `count` drawn once before any is drawn again."""
    passes = math.ceil(steps * batch / count)
    order = np.concatenate([rng.permutation(count) for _ in range(passes)])
    for number in range(steps):
        yield np.sort(order[number * batch : (number + 1) * batch])


def turned(
    lessons: Lessons, rows: NDArray[np.int64], rng: np.random.Generator
) -> tuple[tf.Tensor, ...]:
    """Return tiles, cells and answers, all turned or mirrored alike and a little re-lit."""
    turns, mirror = int(rng.integers(4)), bool(rng.random() < _MIRRORED)
    tiles, cells = lessons.tiles[rows], lessons.cells[rows]
    if mirror:
        tiles, cells = tiles[:, :, ::-1], cells[:, :, ::-1]
    tiles, cells = (np.rot90(values, turns, axes=(1, 2)) for values in (tiles, cells))
    gain = np.exp(rng.normal(0, _GAIN, (len(rows), 1, 1)))
    lit = (tiles * gain).clip(0, 255).astype(np.uint8)
    return (
        tf.constant(lit[..., None]),
        tf.constant(np.ascontiguousarray(cells)),
        tf.constant(lessons.lettering[rows].astype(np.int32)),
    )


def _step(screener: keras.Model, optimizer: keras.optimizers.Optimizer) -> Step:
    def step(
        tiles: tf.Tensor, cells: tf.Tensor, lettering: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            maps = screener(tiles, training=True)[2]
            map_loss, tile_loss = losses(maps, cells, lettering)
            total = map_loss + tile_loss
        slopes = tape.gradient(total, screener.trainable_variables)
        optimizer.apply_gradients(zip(slopes, screener.trainable_variables, strict=True))
        return map_loss, tile_loss

    compiled: Step = tf.function(step, reduce_retracing=True)
    return compiled


def losses(maps: tf.Tensor, cells: tf.Tensor, lettering: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss of the cells and that of the tiles, see `pretrain`.

    Args:
        maps: (n, g, g, 3) log-odds.
        cells: (n, g, g, 3) of YES, NO, UNSAID.
        lettering: (n,) of the same.
    """
    wanted = tf.cast(cells == YES, tf.float32)
    said = tf.cast(cells != UNSAID, tf.float32)
    each = tf.nn.sigmoid_cross_entropy_with_logits(wanted, maps) * said
    there, not_there = _mean(each, wanted), _mean(each, (1 - wanted) * said)
    map_loss = tf.reduce_sum(_LAYER_WEIGHTS * (0.5 * there + 2 * not_there))
    peaks = tf.reduce_max(maps[..., 0], (1, 2))
    counted = tf.cast(lettering != UNSAID, tf.float32)
    of_tiles = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(lettering == YES, tf.float32), peaks)
    tile_loss = tf.reduce_sum(of_tiles * counted) / (tf.reduce_sum(counted) + 1e-6)
    return map_loss, tile_loss


def _mean(each: tf.Tensor, which: tf.Tensor) -> tf.Tensor:
    """Return (3,) the mean of each layer's cells of one kind."""
    return tf.reduce_sum(each * which, (0, 1, 2)) / (tf.reduce_sum(which, (0, 1, 2)) + _FEW)
