"""The training loop: epochs, validation, early stopping, checkpoints."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from bundle.errors import TilescreenError
from training.learning import checkpoint, losses
from training.learning.checkpoint import State
from training.learning.config import FitConfig
from training.learning.interrupt import held_back
from training.learning.network import Autoencoder
from training.learning.split import Split
from training.learning.stream import batches
from training.progress import StepLog
from training.tiles import TileSet


class _Advance(Protocol):
    """Shows that tiles are done, with the losses so far."""

    def __call__(self, tiles: int, **losses: float) -> None: ...


@dataclass(frozen=True)
class Course:
    """What the network is trained on and where its state is kept.

    tiles, split: the tiles and which of them validate.
    work: folder for the checkpoint.
    mark: settings and data as text; a checkpoint with another one is not used.
    """

    tiles: TileSet
    split: Split
    work: Path
    mark: str


def learn(network: Autoencoder, config: FitConfig, course: Course, log: StepLog) -> State:
    """Train until the epochs are done or validation stops getting better.

    A checkpoint is left after each epoch and on Ctrl-C, in the middle of an epoch too. Goes
    on from the checkpoint in the work folder if there is one with the same mark. The network
    ends with the weights of its best epoch.

    Returns: the state after the last epoch.
    """
    model = _compile(network, config)
    state = _begin(course)
    _restore(model, state)
    epochs, count = config.epochs_for(len(course.split.train)), len(course.tiles)
    total = (epochs - state.epochs) * count - state.seen
    with log.step("train", total) as bar, held_back() as check_interrupt:

        def advance(tiles: int, **losses: float) -> None:
            bar.set_postfix(losses, refresh=False)
            bar.update(tiles)
            check_interrupt()

        try:
            while state.epochs < epochs and not _stale(state, config.patience):
                bar.set_description_str(
                    f"{f'train, epoch {state.epochs + 1} of at most {epochs}':<22}"
                )
                _epoch(model, config, course, state, advance)
                checkpoint.save(course.work, course.mark, state)
        except KeyboardInterrupt:
            _capture(model, state)
            checkpoint.save(course.work, course.mark, state)
            raise
        bar.total = bar.n
    model.set_weights(state.best)
    return state


def _begin(course: Course) -> State:
    state = checkpoint.load(course.work, course.mark)
    if state is not None:
        partly = f" and {state.seen} tiles" if state.seen else ""
        print(f"Going on after {state.epochs} epochs{partly}.", file=sys.stderr)
    elif (course.work / checkpoint.CHECKPOINT).exists():
        print(
            "Training afresh: the checkpoint is damaged, or of other settings or tiles.",
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
    if len(state.weights):
        model.set_weights(state.weights)
        for variable, value in zip(model.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)


def _capture(model: keras.Model, state: State) -> None:
    state.weights = model.get_weights()
    state.optimizer = [variable.numpy() for variable in model.optimizer.variables]


def _stale(state: State, patience: int) -> bool:
    return state.epochs - state.best_epoch >= patience


def _epoch(
    model: keras.Model, config: FitConfig, course: Course, state: State, advance: _Advance
) -> None:
    rows = course.split.train
    earlier = {"val_loss": state.history["val_loss"][-1]} if state.epochs else {}
    order = np.random.default_rng([config.seed, state.epochs]).permutation(rows)
    for tiles in batches(course.tiles, order[state.seen :], config.batch):
        state.loss_sum += float(model.train_on_batch(tiles, tiles)) * len(tiles)
        state.seen += len(tiles)
        advance(len(tiles), loss=state.loss_sum / state.seen, **earlier)
    loss, val_loss = state.loss_sum / state.seen, _validate(model, config, course, advance)
    if not np.isfinite([loss, val_loss]).all():
        raise TilescreenError(
            f"Training failed: the loss is not a number in epoch {state.epochs + 1}. "
            "Fit again with another --seed or a larger --batch."
        )
    state.history["loss"].append(loss)
    state.history["val_loss"].append(val_loss)
    state.seen, state.loss_sum = 0, 0.0
    _capture(model, state)
    if state.best_epoch == state.epochs:
        state.best = state.weights


def _validate(model: keras.Model, config: FitConfig, course: Course, advance: _Advance) -> float:
    total, count = 0.0, 0
    for tiles in batches(course.tiles, course.split.validation, config.batch):
        total += float(model.test_on_batch(tiles, tiles)) * len(tiles)
        count += len(tiles)
        advance(len(tiles), val_loss=total / count)
    return total / count
