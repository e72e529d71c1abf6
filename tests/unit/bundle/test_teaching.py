"""A concept is learnt from few tiles, and told of sent tiles as of stored ones."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bundle import open_bundle
from bundle.calibration import curve
from bundle.concepts import concept_scores, log_odds
from bundle.places import around, beside
from bundle.teaching import Background, teach
from tests.forge import forge_array
from tests.tiny import write_tiny_bundle

NONE = np.zeros(0, dtype=np.intp)
COUNT = 240


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Background:
    """240 tiles, in which a hidden direction of the points marks every eighth."""
    folder = tmp_path_factory.mktemp("taught") / "bundle"
    write_tiny_bundle(folder, count=COUNT, ids=[f"c{row:03}" for row in range(COUNT)])
    rng = np.random.default_rng(3)
    points = rng.normal(0, 1, (COUNT, 4)).astype(np.float32)
    points[_shown(), 2] += 6
    forge_array(folder, "points.npy", points)
    forge_array(folder, "scan_numbers.npy", np.full(COUNT, -1, dtype=np.int32))
    scores = rng.uniform(0, 1, (COUNT, 5)).astype(np.float32)
    scores[:, 0] = np.where(np.arange(COUNT) % 5 == 0, 0.999, 0.001)
    forge_array(folder, "scores.npy", scores)
    return Background.of(open_bundle(folder))


def _shown() -> NDArray[np.intp]:
    return np.arange(0, COUNT, 8)


def test_a_concept_of_the_latent_is_found_from_three_tiles(background: Background) -> None:
    """What no score tells is found by the point alone, and the scores are not relied on."""
    taught = teach(background, _shown()[1:4], _shown()[1:4] + 1)
    assert set(np.argsort(-taught.values)[: len(_shown())].tolist()) == set(_shown().tolist())
    assert taught.agreement.max() < 0.5


def test_a_concept_that_a_score_tells_relies_on_it(background: Background) -> None:
    """Examples that all have a high lettering score are taken for lettering."""
    lettering = np.arange(0, COUNT, 5)
    taught = teach(background, lettering[1:6], NONE)
    assert taught.agreement[0] > 0.9
    assert set(np.argsort(-taught.values)[: len(lettering)].tolist()) == set(lettering.tolist())


def test_the_weights_give_a_calibrated_score_to_any_tile(background: Background) -> None:
    """A concept's weights, applied to stored tiles as to sent ones, tell which tiles show it."""
    taught = teach(background, _shown()[:6], _shown()[:6] + 1)
    scores = 1 / (1 + np.exp(-background.odds.astype(np.float64)))
    found = concept_scores(taught.weights[None], background.points, scores.astype(np.float32))
    others = np.setdiff1d(np.arange(COUNT), _shown())
    assert found[_shown(), 0].mean() > 5 * found[others, 0].mean()
    assert found[:, 0].mean() == pytest.approx(len(_shown()) / COUNT, abs=0.05)


def test_a_score_has_the_same_bits_in_any_company() -> None:
    """One tile alone scores what it scores among many."""
    rng = np.random.default_rng(0)
    points = rng.normal(0, 1, (70, 129)).astype(np.float32)
    scores, weights = rng.uniform(0, 1, (70, 5)), rng.normal(0, 1, (3, 135))
    all_ = concept_scores(weights.astype(np.float32), points, scores.astype(np.float32))
    for row in range(0, 70, 9):
        part = slice(row, row + 1)
        alone = concept_scores(
            weights.astype(np.float32), points[part], scores[part].astype(np.float32)
        )
        assert np.array_equal(alone[0], all_[row])


def test_what_is_no_number_scores_a_half() -> None:
    """A point that overflowed is neither like the concept nor unlike it."""
    points = np.full((1, 4), np.nan, dtype=np.float32)
    found = concept_scores(np.ones((1, 10), np.float32), points, np.zeros((1, 5), np.float32))
    assert found.tolist() == [[0.5]]


def test_log_odds_of_sure_scores_are_bounded() -> None:
    """Scores of 0 and 1 do not become infinite."""
    assert np.isfinite(log_odds(np.array([0, 1], dtype=np.float32))).all()


def test_tiles_beside_each_other_are_a_step_apart() -> None:
    """On a grid of 3 x 3 the middle has eight beside it, a corner three; other scans none."""
    y, x = np.divmod(np.arange(9), 3)
    places = np.concatenate([np.stack([y, x], 1), np.stack([y, x], 1)]).astype(np.int32) * 350
    places[9:] *= 50
    scans = np.repeat(np.array([0, 1], dtype=np.int32), 9)
    near = beside(scans, places)
    assert sorted(near[4].tolist()) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert sorted(near[0].tolist()) == [-1] * 5 + [1, 3, 4]
    assert (near[9:] == -1).all()


def test_tiles_without_a_place_stand_alone() -> None:
    """Where scans or positions are not known nothing is beside anything."""
    unknown = np.full((4, 2), -1, dtype=np.int32)
    near = beside(np.full(4, -1, dtype=np.int32), unknown)
    values = np.array([0.0, 1.0, 2.0, 3.0])
    assert np.argsort(around(values, near, 1.0)).tolist() == [0, 1, 2, 3]


def test_the_curve_finds_the_share_of_a_mixture() -> None:
    """Of two heaps of which one tile each is known, the larger log-odds are the smaller heap's."""
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0, 1, 900), rng.normal(8, 1, 100)])
    found = curve(values, np.array([950]), np.array([3]))
    likely = 1 / (1 + np.exp(-found.of(values)))
    assert likely.mean() == pytest.approx(0.1, abs=0.01)
