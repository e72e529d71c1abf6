"""What the losses say of pictures made by hand."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from tests.tile_folders import stroke_tiles
from training.learning.losses import crossentropy, strokes


def tiles(count: int = 4) -> NDArray[np.float32]:
    """Return (count, 32, 32, 1) float32 tiles, 0..255, as Keras hands them to a loss."""
    return stroke_tiles(count)[..., None].astype(np.float32)


@pytest.mark.parametrize("loss", [crossentropy, strokes])
def test_the_tile_itself_is_best(loss: Callable[..., tf.Tensor]) -> None:
    """No picture has a lower loss than the tile."""
    wanted = tiles()
    perfect = float(loss(wanted, wanted / 255))
    assert perfect < float(loss(wanted, wanted / 255 * 0.9))
    assert perfect < float(loss(wanted, np.full_like(wanted, 0.5)))


def test_crossentropy_is_the_mean_over_three_channels() -> None:
    """Each of the study's channels is compared with the same grey tile."""
    wanted = tiles()
    pictures = np.repeat(np.full_like(wanted, 0.3), 3, axis=-1)
    grey = wanted / 255
    by_hand = -(grey * np.log(0.3) + (1 - grey) * np.log(0.7)).mean()
    assert float(crossentropy(wanted, pictures)) == pytest.approx(by_hand, rel=1e-4)


def test_strokes_by_hand() -> None:
    """One wrong pixel costs its value and the steps around it, at each of three scales."""
    wanted, pictures = np.zeros((1, 8, 8, 1), np.float32), np.zeros((1, 8, 8, 1), np.float32)
    pictures[0, 1, 1, 0] = 0.8
    # It touches two steps each way; pooled into a corner 0.2 and 0.05 remain, with one step.
    steps = 2 * 0.8 / 56 + 0.2 / 12 + 0.05 / 2
    by_hand = 0.8 / 64 + 3 * 2 * steps
    assert float(strokes(wanted, pictures)) == pytest.approx(by_hand, rel=1e-5)


def test_lost_strokes_cost_more_than_brightness() -> None:
    """A tile without its strokes is worse than one a little too dark: not so for the study."""
    wanted = tiles(1)
    bare = np.minimum(wanted, stroke_tiles(4)[1:2, ..., None]) / 255
    dark = np.clip(wanted / 255 - 0.08, 0, 1)
    assert float(strokes(wanted, bare)) > float(strokes(wanted, dark))


def test_losses_have_gradients() -> None:
    """A network can be trained on the loss: it pulls every pixel."""
    picture = tf.Variable(np.full((1, 32, 32, 1), 0.5, np.float32))
    with tf.GradientTape() as tape:
        loss = strokes(tiles(1), picture)
    assert (np.abs(tape.gradient(loss, picture).numpy()) > 0).all()
