"""Calibration without labels: the curve from plantings, the share from the stored tiles."""

import numpy as np
import pytest

from training.screening.calibration import calibrate, curve, estimate_share

NONE = np.empty(0)


def drawn(share: float, count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return evidence of tiles of which a share holds lettering, and which do."""
    rng = np.random.default_rng(seed)
    found = rng.random(count) < share
    return np.where(found, rng.normal(4, 2, count), rng.normal(-4, 2, count)), found


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_share_of_lettering_is_found_without_a_label(share: float) -> None:
    """Half of what is planted against half clean, then only unlabelled tiles."""
    planted, clean = drawn(1.0, 500)[0], drawn(0.0, 500)[0]
    stored, found = drawn(share, 4000, seed=3)
    made = calibrate(planted, clean, NONE, stored)
    assert made.share == pytest.approx(found.mean(), rel=0.15)


def test_of_tiles_scored_nine_tenths_nine_in_ten_hold_lettering() -> None:
    """Scores are probabilities where planted and real lettering look alike."""
    stored, found = drawn(0.2, 40_000, seed=5)
    scores = calibrate(drawn(1.0, 2000)[0], drawn(0.0, 2000)[0], NONE, stored).scores(stored)
    near = (scores > 0.85) & (scores < 0.95)
    assert found[near].mean() == pytest.approx(0.9, abs=0.06)


def test_lettering_among_the_clean_tiles_hardly_bends_the_curve() -> None:
    """Unlabelled tiles hold the very lettering that is looked for."""
    planted, clean = drawn(1.0, 500)[0], drawn(0.0, 500)[0]
    stained = np.concatenate([clean, drawn(1.0, 40, seed=9)[0]])
    slope, offset = curve(planted, clean, NONE)
    bent, moved = curve(planted, stained, NONE)
    assert bent > 0.7 * slope
    assert abs(moved / bent - offset / slope) < 1


@pytest.mark.parametrize("log_odds", [-30.0, 30.0])
def test_a_share_is_never_nothing_or_all(log_odds: float) -> None:
    """What a hundred tiles cannot show is left at half a tile."""
    share = estimate_share(np.full(100, log_odds))
    assert 0 < share < 1
    assert min(share, 1 - share) == pytest.approx(0.5 / 101)


def test_evidence_that_says_nothing_gives_the_gentlest_curve() -> None:
    """A slope is above 0 even where planted tiles look cleaner than clean ones."""
    slope, offset = curve(np.linspace(-1, 0, 50), np.linspace(-2, 5, 50), NONE)
    assert slope > 0
    assert np.isfinite(offset)


def test_all_tiles_lettering_is_told_beside_tiles_known_to_be_clean() -> None:
    """Where every unlabelled tile holds lettering, clean ones from elsewhere hold the curve."""
    planted, stored = drawn(1.0, 300)[0], drawn(1.0, 300, seed=8)[0]
    assert calibrate(planted, stored, drawn(0.0, 200)[0], stored).share > 0.9


def test_nothing_to_compare_with_leaves_the_networks_log_odds() -> None:
    """No tile is cleaner than the planted ones, and none is known to be clean."""
    assert curve(np.zeros(5), np.ones(5), NONE) == (1.0, 0.0)


def test_nothing_that_shows_leaves_the_networks_log_odds() -> None:
    """On pure noise no planting can be seen; the curve is the network's own."""
    assert curve(NONE, np.ones(5), np.zeros(5)) == (1.0, 0.0)
