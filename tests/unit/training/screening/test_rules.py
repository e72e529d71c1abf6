"""Rules from a bundle's own tiles: thresholds, clean views, sets too small."""

from dataclasses import replace

import numpy as np
import pytest

from bundle.bundle import Scan
from tests.brief import shorten
from training.screening.rules import Material, _clean_views, colour_limit, make_rules
from training.tiles import TileSet


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """One planting of each says enough here."""
    shorten(monkeypatch)


def brightest(tiles: np.ndarray) -> np.ndarray:
    """A look that takes bright pixels for lettering."""
    return tiles.reshape(len(tiles), -1).max(axis=1) / 16.0 - 8


def material(count: int, lettered: int, seed: int = 2) -> Material:
    """Dark noisy tiles of two scans, some with a bright square."""
    rng = np.random.default_rng(seed)
    inputs = rng.integers(20, 60, (count, 64, 64), dtype=np.uint8)
    inputs[:lettered, 10:20, 10:20] = 240
    tiles = TileSet(
        ids=[f"t{number:04d}" for number in range(count)],
        inputs=inputs,
        scans=(Scan("a", None), Scan("b", None)),
        scan_numbers=(np.arange(count) % 2).astype(np.int32),
        sizes=np.full((count, 2), 64, dtype=np.int32),
        colours=np.zeros(count, np.float32),
        contents=np.zeros((count, 16), np.uint8),
        positions=np.full((count, 2), -1, dtype=np.int32),
        skipped={},
    )
    away = rng.uniform(1, 2, count).astype(np.float32)
    held_out = np.flatnonzero(tiles.scan_numbers == 1)
    clean = rng.integers(20, 60, (50, 64, 64), dtype=np.uint8)
    evidence = brightest(inputs)
    return Material(tiles, held_out, away, evidence, "map", brightest, clean, seed=1)


def test_rules_tell_the_share_and_where_to_look() -> None:
    """Nothing is asked that the user cannot know."""
    rules = make_rules(material(200, 20), lambda _: None)
    assert rules.calibrated
    assert rules.lettering_share == pytest.approx(0.1, abs=0.08)
    assert (rules.review_score, rules.drop_score) == (0.05, 0.9)
    assert rules.benchmark.scans == 1
    assert rules.benchmark.clean_tiles == 100


def test_a_set_too_small_to_calibrate_says_so() -> None:
    """Twenty tiles: a start's share, told in the manifest."""
    rules = make_rules(material(20, 2), lambda _: None)
    assert not rules.calibrated
    assert "not calibrated: 20 stored tiles" in rules.note


@pytest.mark.parametrize("lettered", [40, 150])
def test_that_most_tiles_hold_lettering_is_told(lettered: int) -> None:
    """What is clean is learnt from the tiles themselves, so it says little there."""
    rules = make_rules(material(200, lettered), lambda _: None)
    most = rules.lettering_share > 0.5
    assert most == (lettered == 150)
    assert ("more than half" in rules.note) == most


@pytest.mark.parametrize("lettered", [0, 200])
def test_none_and_all_are_sensible(lettered: int) -> None:
    """No tile with lettering, or nothing else."""
    rules = make_rules(material(200, lettered), lambda _: None)
    assert rules.lettering_share == pytest.approx(lettered / 200, abs=0.1)


def test_evidence_that_does_not_tell_plantings_from_tiles_drops_none() -> None:
    """As the study's, without tiles known to be clean: the order is kept, all is looked at."""
    stored = replace(material(200, 0), kind="distance", clean=np.empty((0, 64, 64), np.uint8))
    evidence = np.random.default_rng(4).uniform(9, 20, 200)
    stored = replace(stored, evidence=evidence, look=lambda tiles: np.full(len(tiles), 8.0))
    rules = make_rules(stored, lambda _: None)
    scores = 1 / (1 + np.exp(-(rules.slope * evidence + rules.offset)))
    assert (rules.calibrated, rules.lettering_share) == (False, 0.05)
    assert "not calibrated: the tiles have as much evidence" in rules.note
    assert rules.review_score <= scores.min() < scores.max() < 0.06
    np.testing.assert_array_equal(np.argsort(scores), np.argsort(evidence))


def test_tiles_on_which_nothing_shows_are_no_error() -> None:
    """Rules come of pure noise, too."""
    stored = material(12, 0)
    noise = np.random.default_rng(1).integers(0, 256, (12, 64, 64), dtype=np.uint8)
    stored = replace(stored, tiles=replace(stored.tiles, inputs=noise), evidence=brightest(noise))
    rules = make_rules(stored, lambda _: None)
    assert rules.slope == 1.0
    assert not rules.calibrated


def test_few_held_out_tiles_are_helped_out_by_the_others() -> None:
    """One scan alone holds out too little to say anything."""
    few = material(200, 10)
    rules = make_rules(replace(few, held_out=few.held_out[:3]), lambda _: None)
    assert rules.benchmark.clean_tiles == 200


def test_stored_tiles_are_not_looked_at_again_as_they_are() -> None:
    """Asked as a new one, a stored tile would be its own nearest; its turns are new."""
    stored = replace(material(20, 0), look=lambda tiles: np.full(len(tiles), -99.0))
    views = _clean_views(stored, np.arange(20), share=0.0)
    np.testing.assert_array_equal(views[:20], stored.evidence)
    assert views[20:].tolist() == [-99.0] * 20 * 7


def test_colour_is_foreign_to_grey_tiles_only() -> None:
    """A tenth of a grey set's tile may be coloured; of stained ones all of it."""
    assert colour_limit(np.zeros(500, dtype=np.float32)) == 0.1
    assert colour_limit(np.linspace(0.5, 1, 500, dtype=np.float32)) > 1
