"""A small fixed classifier of tiles: what any network of its kind would learn, in seconds."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import layers as L
from numpy.typing import NDArray

from bundle.arrays import Tiles
from training.auditing.proof import SIDE
from training.auditing.resampling import Flags, Values

STEPS, BATCH = 600, 32
_FILTERS = (16, 32, 48, 64)
_RATE, _DECAY = 3e-3, 1e-3
_AT_ONCE = 256


@dataclass(frozen=True)
class Classifier:
    """A trained network; `scores` are log-odds of the class."""

    model: keras.Model = field(repr=False)

    def scores(self, tiles: Tiles) -> Values:
        """(m, SIDE, SIDE) uint8 -> (m,) log-odds."""
        parts = [
            np.asarray(self.model(_batch(tiles[at : at + _AT_ONCE]), training=False))[:, 0]
            for at in range(0, len(tiles), _AT_ONCE)
        ]
        return np.concatenate(parts).astype(np.float64)


def train(tiles: Tiles, inside: Flags, seed: int, after_step: Callable[[], object]) -> Classifier:
    """Train on tiles of a class and of the rest; each of the two weighs one half.

    The same tiles and seed give the same network on one machine.

    Args:
        tiles: (m, SIDE, SIDE) uint8.
        inside: (m,) bool, both values among them.
        seed: of weights, dropout and order.
        after_step: called after each step; may raise to stop.
    """
    keras.utils.set_random_seed(seed)
    model = _network()
    schedule = keras.optimizers.schedules.CosineDecay(_RATE, STEPS)
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=_DECAY),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    model.optimizer.build(model.trainable_variables)  # in the first step, it would be traced twice
    rng = np.random.default_rng(seed)
    halves = np.where(inside, 0.5 / inside.mean(), 0.5 / (~inside).mean()).astype(np.float32)
    for _ in range(STEPS):
        rows = rng.integers(0, len(tiles), BATCH)
        pictures = _batch(_mirrored(rng, tiles[rows]))
        wanted = inside[rows, None].astype(np.float32)
        model.train_on_batch(pictures, wanted, sample_weight=halves[rows])
        after_step()
    return Classifier(model)


def _network() -> keras.Model:
    source = keras.Input((SIDE, SIDE, 1))
    x = L.Rescaling(1 / 127.5, -1)(source)
    for filters in _FILTERS:
        x = L.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = L.ReLU()(L.BatchNormalization(momentum=0.9)(x))
    x = L.Concatenate()([L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D()(x)])
    return keras.Model(source, L.Dense(1)(L.Dropout(0.2)(x)))


def _mirrored(rng: np.random.Generator, tiles: Tiles) -> Tiles:
    down, across = rng.random(2) < 0.5  # noqa: PLR2004  a coin each
    tiles = tiles[:, ::-1] if down else tiles
    return tiles[:, :, ::-1] if across else tiles


def _batch(tiles: Tiles) -> NDArray[np.float32]:
    return tiles[..., None].astype(np.float32)
