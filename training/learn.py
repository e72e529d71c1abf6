"""The training loop: epochs, validation, early stopping, and a checkpoint after each epoch."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from bundle.errors import TilescreenError
from training import checkpoint, losses
from training.checkpoint import State
from training.config import FitConfig
from training.network import Autoencoder
from training.progress import StepLog
from training.split import Split
from training.stream import batches
from training.tiles import TileSet


@dataclass(frozen=True)
class Course:
    """What the network is trained on and where its state is kept.

    tiles, split: the tiles and which of them validate.
    work: folder for the checkpoint.
    mark: hash of settings and data; a checkpoint with another one is not used.
    """

    tiles: TileSet
    split: Split
    work: Path
    mark: str


def learn(network: Autoencoder, config: FitConfig, course: Course, log: StepLog) -> State:
    """Train until the epochs are done or validation stops getting better.

    Goes on from the checkpoint in the work folder if there is one with the same mark.
    The network ends with the weights of its best epoch.

    Returns: the state after the last epoch.
    """
    model = _compile(network, config)
    state = _begin(course)
    _restore(model, state)
    epochs, count = config.epochs_for(len(course.split.train)), len(course.tiles)
    with log.step("train", (epochs - state.epochs) * count) as bar:
        while state.epochs < epochs and not _stale(state, config.patience):
            bar.set_description_str(f"{f'train, epoch {state.epochs + 1} of {epochs}':<22}")
            _epoch(model, config, course, state, bar)
            checkpoint.save(course.work, course.mark, state)
        bar.total = bar.n
    model.set_weights(state.best)
    return state


def _begin(course: Course) -> State:
    state = checkpoint.load(course.work, course.mark)
    if state is not None:
        print(f"Going on after epoch {state.epochs}.", file=sys.stderr)
    elif (course.work / checkpoint.CHECKPOINT).exists():
        print(
            "Training afresh: the settings or the tiles are not those of the interrupted run.",
            file=sys.stderr,
        )
    return state or State()


def _compile(network: Autoencoder, config: FitConfig) -> keras.Model:
    tiles = network.encoder.input
    model = keras.Model(tiles, network.decoder(network.encoder.output))
    loss = {"crossentropy": losses.crossentropy, "strokes": losses.strokes}[config.loss]
    # Compiling to XLA would begin anew for the last, smaller batch of each epoch.
    model.compile(keras.optimizers.Adam(config.learning_rate), loss=loss, jit_compile=False)
    return model


def _restore(model: keras.Model, state: State) -> None:
    model.optimizer.build(model.trainable_variables)
    if state.epochs:
        model.set_weights(state.weights)
        for variable, value in zip(model.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)


def _stale(state: State, patience: int) -> bool:
    return state.epochs - state.best_epoch >= patience


def _epoch(
    model: keras.Model, config: FitConfig, course: Course, state: State, bar: "tqdm[NoReturn]"
) -> None:
    inputs, parts = course.tiles.inputs, course.split
    earlier = state.history["val_loss"][-1:]

    def show(loss: float, tiles: int) -> None:
        before = f", val_loss {earlier[0]:.4f}" if earlier else ""
        bar.set_postfix_str(f"loss {loss:.4f}{before}", refresh=False)
        bar.update(tiles)

    def show_held(loss: float, tiles: int) -> None:
        bar.set_postfix_str(f"val_loss {loss:.4f}", refresh=False)
        bar.update(tiles)

    order = np.random.default_rng([config.seed, state.epochs]).permutation(parts.train)
    loss = _pass(model.train_on_batch, batches(inputs, order, config.batch), show)
    held = batches(inputs, parts.validation, config.batch)
    val_loss = _pass(model.test_on_batch, held, show_held)
    if not np.isfinite([loss, val_loss]).all():
        raise TilescreenError(
            f"Training failed: the loss is not a number in epoch {state.epochs + 1}. "
            "Fit again with another --seed or a larger --batch."
        )
    state.history["loss"].append(loss)
    state.history["val_loss"].append(val_loss)
    state.weights = model.get_weights()
    state.optimizer = [variable.numpy() for variable in model.optimizer.variables]
    if state.best_epoch == state.epochs:
        state.best = state.weights


def _pass(
    one: Callable[[tf.Tensor, tf.Tensor], float],
    dataset: tf.data.Dataset,
    show: Callable[[float, int], None],
) -> float:
    """Send all batches through and return the mean loss of a tile."""
    total, count = 0.0, 0
    for tiles in dataset:
        total += float(one(tiles, tiles)) * len(tiles)
        count += len(tiles)
        show(total / count, len(tiles))
    return total / count
