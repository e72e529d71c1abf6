"""The study's encoder, trained the right way and then asked about pictures in colour."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Latents
from training.learning.backend import start_tensorflow
from training.learning.config import FitConfig
from training.learning.resume import mark_of
from training.progress import StepLog
from training.tiles import TileSet


class ColourEncoder(Protocol):
    """Whatever turns pictures with three channels into latents."""

    def encode(self, pictures: NDArray[np.float32]) -> Latents:
        """(n, side, side, 3) float32 in [0, 1] -> (n, d) float32."""
        ...


@dataclass(frozen=True)
class Task:
    """What to train on, how, and where the decoded tiles and the checkpoint lie.

    data_mark: hash of the tiles; a checkpoint of other tiles is not used.
    """

    tiles: TileSet
    config: FitConfig
    work: Path
    data_mark: str
    log: StepLog = field(repr=False)


class Trainer(Protocol):
    """Whatever trains an encoder."""

    def __call__(self, task: Task, /) -> ColourEncoder:
        """Train on the task's tiles."""
        ...


class KerasEncoder:
    """An encoder of `training.learning.network` without its first steps, which make grey of all."""

    def __init__(self, encoder: Any) -> None:  # noqa: ANN401  keras is untyped
        """Take over the layers from the first convolution on."""
        self._model = in_colour(encoder)

    def encode(self, pictures: NDArray[np.float32]) -> Latents:
        """(n, side, side, 3) float32 in [0, 1] -> (n, d) float32."""
        latents: Latents = self._model.predict_on_batch(pictures)
        return latents


def in_colour(encoder: Any) -> Any:  # noqa: ANN401  keras is untyped
    """Return a model of the encoder's own layers that takes its three channels as given.

    The encoder takes one grey channel and repeats it. To ask about a green picture, the
    convolution must be reached directly; the exported encoder cannot be asked, as its
    first kernel is the sum over the channels.
    """
    import keras  # noqa: PLC0415  takes seconds

    convolutions = (isinstance(layer, keras.layers.Conv2D) for layer in encoder.layers)
    kept = encoder.layers[list(convolutions).index(True) :]
    pictures = x = keras.Input(kept[0].input.shape[1:])
    for layer in kept:
        x = layer(x)
    return keras.Model(pictures, x)


def train_encoder(task: Task) -> ColourEncoder:
    """Train the study's autoencoder on grey tiles, as `fit --profile study` does.

    A checkpoint of the same tiles and settings in the work folder is gone on from, so an
    encoder that is trained already is not trained again.
    """
    start_tensorflow()
    import keras  # noqa: PLC0415  takes seconds

    from training.learning.learn import Course, learn  # noqa: PLC0415  imports TensorFlow
    from training.learning.network import build  # noqa: PLC0415
    from training.learning.split import owners_of, split  # noqa: PLC0415

    config, tiles = task.config, task.tiles
    keras.utils.set_random_seed(config.seed)
    network = build(config)
    rng = np.random.default_rng(config.seed)
    parts = split(owners_of(tiles), config.validation, rng)
    course = Course(tiles, parts, task.work, mark_of(config, task.data_mark))
    state = learn(network, config, course, task.log)
    losses = json.dumps([round(loss, 4) for loss in state.history["val_loss"]])
    print(f"Validation loss by epoch: {losses[1:-1]}")
    return KerasEncoder(network.encoder)
