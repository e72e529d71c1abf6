"""The report's charts and the sentences that read them."""

from dataclasses import replace

import numpy as np
import pytest

from bundle import Bundle
from training.reporting.figures import eps_figure, loss_figure, noise_at, percent


def test_loss_names_the_best_epoch(tiny_bundle: Bundle):
    """The sentence gives the lowest validation loss and its epoch."""
    figure = loss_figure(tiny_bundle.manifest)
    assert figure is not None
    assert figure.reading == "The best validation loss is 0.65, reached in epoch 2 of 2."
    assert figure.drawings[0].marks[0].mark.at == 2


def test_no_history_no_loss_figure(tiny_bundle: Bundle):
    """A bundle without a history has no loss curve."""
    assert loss_figure(tiny_bundle.manifest.model_copy(update={"history": {}})) is None


def test_loss_without_validation(tiny_bundle: Bundle):
    """Without a validation loss the training loss is read, and named so."""
    manifest = tiny_bundle.manifest.model_copy(update={"history": {"loss": [0.5, 0.4, 0.45]}})
    figure = loss_figure(manifest)
    assert figure is not None
    assert figure.reading.startswith("The best training loss is 0.4, reached in epoch 2 of 3")


def test_eps_sentence_is_computed(tiny_bundle: Bundle):
    """The sentence has the noise share of the study's eps and of the chosen one."""
    sweep = np.array([[0.5, 1.0, 0.0], [0.9, 0.995, 1.0], [1.5, 1 / 12, 2.0]], dtype=np.float32)
    bundle = replace(tiny_bundle, arrays={**tiny_bundle.arrays, "eps_sweep.npy": sweep})
    reading = eps_figure(bundle).reading
    assert "At eps 0.9, the study's, 99.5 % of the tiles are noise" in reading
    assert "at 1.5, chosen from the k-distance curve, 8 % are, and the rest form 2 cl" in reading


def test_eps_marks(tiny_bundle: Bundle):
    """Chosen and study's eps are marked on the sweep."""
    drawing = eps_figure(tiny_bundle).drawings[1]
    assert [mark.mark.at for mark in drawing.marks] == [0.5, 0.9, 1.5]


def test_noise_between_two_steps_is_said_to_be_about(tiny_bundle: Bundle):
    """An eps that the sweep left out is interpolated and not called exact."""
    noise, exact = noise_at(tiny_bundle, 0.9)
    assert not exact
    assert 1 / 12 < noise < 1
    assert "about" in eps_figure(tiny_bundle).reading


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.9996, "99.9 %"), (0.0001, "0.1 %"), (0.733, "73 %")],
)
def test_percent_never_rounds_to_all_or_nothing(share: float, text: str):
    """Only a true 0 or 1 reads as 0 % or 100 %."""
    assert percent(share) == text
