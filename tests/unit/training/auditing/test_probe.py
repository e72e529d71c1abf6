"""The probe on artefacts: what it finds, and what chance gives it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.auditing import probe
from training.auditing.probe import Probe, held_out_scores, take_probe

GROUPS = np.repeat(np.arange(24), 10)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty deals say enough here."""
    monkeypatch.setattr(probe, "PERMUTATIONS", 20)


def probed(inside: NDArray[np.bool_], signal: float) -> Probe:
    rng = np.random.default_rng(4)
    features = rng.normal(0, 1, (len(inside), 3))
    features[:, 0] += signal * inside
    return take_probe("class", features, inside, GROUPS, seed=1, advance=lambda: None)


def test_a_feature_that_tells_the_class_is_found():
    """Its area and interval lie above all that chance gives."""
    found = probed(np.random.default_rng(2).random(240) < 0.5, 2.0)
    assert found.auc is not None
    assert found.low is not None
    assert found.chance_high is not None
    assert found.auc > 0.85
    assert found.low > found.chance_high
    assert found.p == pytest.approx(1 / 21)


def test_noise_is_not():
    """Without a feature that tells the class the area lies among those of chance."""
    found = probed(np.random.default_rng(2).random(240) < 0.5, 0.0)
    assert found.p is not None
    assert found.p > 0.05


def test_a_class_of_one_scan_cannot_be_probed():
    """What is held out would have no class to compare."""
    found = probed(GROUPS == 3, 2.0)
    assert found.auc is None


def test_no_tile_is_scored_by_a_fit_that_saw_its_scan():
    """A feature that names the scan says nothing of scans held out."""
    inside = (GROUPS % 2).astype(bool)
    names = np.eye(24)[GROUPS]
    scores = held_out_scores(names, inside, GROUPS, seed=1)
    assert scores is not None
    assert np.abs(scores).max() < 1
