"""The training loop on a network of a few hundred weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tqdm import tqdm

from bundle.errors import TilescreenError
from tests.tile_folders import stroke_tiles, tile_set
from training.learning import checkpoint
from training.learning.checkpoint import State
from training.learning.config import PROFILES, FitConfig
from training.learning.learn import Course, learn
from training.learning.network import Autoencoder, default_autoencoder
from training.learning.split import Split
from training.progress import StepLog

SIDE, COUNT = 16, 24
TINY = replace(PROFILES["default"], side=SIDE, width=2, batch=8, epochs=3)


class CutBar(tqdm):  # type: ignore[type-arg]  # tqdm takes no argument when it runs
    """A bar that is met by Ctrl-C when it has been updated so many times."""

    left = 0

    def update(self, n: float | None = 1) -> bool | None:
        """Count, or raise KeyboardInterrupt."""
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return super().update(n)


class InterruptedLog(StepLog):
    """A log whose bars stand `updates` updates; below zero Ctrl-C comes before the step."""

    def __init__(self, updates: int) -> None:
        super().__init__()
        self.updates = updates

    @contextmanager
    def step(self, name: str, total: int, unit: str = " tiles") -> Iterator[Any]:
        """Yield a bar that will be interrupted."""
        if self.updates < 0:
            raise KeyboardInterrupt
        with CutBar(total=total, desc=name, unit=unit) as bar:
            bar.left = self.updates
            yield bar


def course(work: Path, mark: str = "mark") -> Course:
    """Return 24 tiles, eight of which validate."""
    tiles = tile_set(stroke_tiles(COUNT, side=SIDE))
    return Course(tiles, Split(np.arange(16), np.arange(16, 24), "tile", (0, 0)), work, mark)


def few_weights() -> Autoencoder:
    """Return a network that is built and traced in a moment, normalisation included."""
    tiles, latents = keras.Input((SIDE, SIDE, 1), dtype="uint8"), keras.Input((4,))
    x = keras.layers.Conv2D(2, 5, strides=4, padding="same")(keras.layers.Rescaling(1 / 255)(tiles))
    x = keras.layers.Flatten()(keras.layers.BatchNormalization(momentum=0.5)(x))
    encoder = keras.Model(tiles, keras.layers.Dense(4)(x))
    x = keras.layers.Dense(SIDE * SIDE, activation="sigmoid")(latents)
    return Autoencoder(encoder, keras.Model(latents, keras.layers.Reshape((SIDE, SIDE, 1))(x)))


def train(
    work: Path, config: FitConfig = TINY, *, mark: str = "mark", log: StepLog | None = None
) -> tuple[Autoencoder, State]:
    """Build the network from its seed and train it."""
    keras.utils.set_random_seed(config.seed)
    network = few_weights()
    return network, learn(network, config, course(work, mark), log or StepLog())


def latents(network: Autoencoder) -> Any:
    """Return what the encoder makes of four tiles."""
    return network.encoder(stroke_tiles(4, side=SIDE)[..., None], training=False).numpy()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Autoencoder, State]:
    """The work folder, network and state of a run that nobody interrupted."""
    work = tmp_path_factory.mktemp("whole")
    return work, *train(work)


def test_training_makes_the_loss_smaller(whole: tuple[Path, Autoencoder, State]) -> None:
    """Every epoch adds one loss and one validation loss, and the loss goes down."""
    loss, val_loss = whole[2].history["loss"], whole[2].history["val_loss"]
    assert len(loss) == len(val_loss) == 3
    assert loss[-1] < 0.95 * loss[0]
    assert np.isfinite(val_loss).all()


def test_frozen_screener_does_not_change(tmp_path: Path) -> None:
    """What the project's weights see is what a bundle of any tiles sees, to the last bit."""
    tiles = stroke_tiles(COUNT, side=32)
    network = default_autoencoder(32, 2)
    assert network.examiner is not None
    before, maps = network.encoder.get_weights(), network.examiner(tiles[..., None])[1]
    parts = Split(np.arange(16), np.arange(16, 24), "tile", (0, 0))
    config = replace(TINY, side=32, epochs=1)
    learn(network, config, Course(tile_set(tiles), parts, tmp_path, "mark"), StepLog())
    after = network.encoder.get_weights()
    changed = [not np.array_equal(*pair) for pair in zip(before, after, strict=True)]
    assert sum(changed) == 7  # kernel, normalisation's four, dense kernel and bias
    np.testing.assert_array_equal(network.examiner(tiles[..., None])[1], maps)


def test_interrupted_run_goes_on(tmp_path: Path, whole: tuple[Path, Autoencoder, State]) -> None:
    """Ctrl-C amid the third epoch loses no batch: the history is that of a run without it."""
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, log=InterruptedLog(6))
    kept = checkpoint.load(tmp_path, "mark")
    assert kept is not None
    assert (kept.epochs, kept.seen) == (2, 8)
    _, state = train(tmp_path)
    for name, values in whole[2].history.items():
        assert state.history[name] == pytest.approx(values, rel=1e-3)


def test_finished_training_is_not_repeated(whole: tuple[Path, Autoencoder, State]) -> None:
    """When only later steps were interrupted, the same weights are there at once."""
    work, network, _ = whole
    again, _ = train(work, log=InterruptedLog(0))
    np.testing.assert_array_equal(latents(again), latents(network))


def test_other_settings_begin_anew_and_say_so(
    whole: tuple[Path, Autoencoder, State], capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkpoint of another run is not mixed in."""
    with pytest.raises(KeyboardInterrupt):
        train(whole[0], mark="other", log=InterruptedLog(-1))
    assert "Training afresh: the checkpoint is" in capsys.readouterr().err


def test_stops_early_with_the_best_weights(tmp_path: Path) -> None:
    """When validation gets no better, the run ends and the best epoch's weights are taken."""
    wild = replace(TINY, learning_rate=0.5, epochs=60, patience=2)
    network, state = train(tmp_path, wild)
    assert state.epochs == state.best_epoch + 2 < 60
    weights = [*network.encoder.get_weights(), *network.decoder.get_weights()]
    in_order = sorted(float(values.sum()) for values in weights)
    assert in_order == pytest.approx(sorted(float(values.sum()) for values in state.best))


def test_loss_that_is_not_a_number(tmp_path: Path) -> None:
    """Training that blew up is an error that says what to change, not a bundle."""
    with pytest.raises(TilescreenError, match="loss is not a number in epoch 1"):
        train(tmp_path, replace(TINY, learning_rate=float("inf")))
