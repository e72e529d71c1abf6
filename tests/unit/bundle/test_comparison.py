"""What differs between bundles, beside figures worked out by hand or by scikit-learn."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from bundle import Bundle, open_bundle
from bundle.comparison import Pairing, match_clusters, neighbor_overlap, pair
from tests.forge import forge_array
from tests.tiny import write_tiny_bundle

ALL = np.arange(12)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second bundle of the same tiles, to be altered."""
    write_tiny_bundle(tmp_path / "other")
    return tmp_path / "other"


def relabelled(folder: Path, labels: list[int]) -> Bundle:
    forge_array(folder, "labels.npy", np.array(labels, np.int32))
    return open_bundle(folder)


@pytest.mark.parametrize("seed", range(3))
def test_agreement_is_the_adjusted_rand_index(tiny_bundle: Bundle, other: Path, seed: int) -> None:
    """Over tiles that are stray in neither, agreement is scikit-learn's adjusted Rand index."""
    labels = np.random.default_rng(seed).integers(-1, 2, 12)
    changed = relabelled(other, labels.tolist())
    both = (labels >= 0) & (tiny_bundle.labels >= 0)
    expected = adjusted_rand_score(tiny_bundle.labels[both], labels[both])
    _, found = match_clusters(tiny_bundle, changed, Pairing(ALL, ALL))
    assert found == pytest.approx(expected)


def test_clusters_are_matched_whatever_their_labels(tiny_bundle: Bundle, other: Path) -> None:
    """Swapped labels are the same clusters; one that lost a tile shares the others."""
    changed = relabelled(other, [-1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, -1])
    first, second = match_clusters(tiny_bundle, changed, Pairing(ALL, ALL))[0]
    assert (first.label, first.tiles, first.best, first.shared) == (0, 6, 1, 5)
    assert first.jaccard == pytest.approx(5 / 6)
    assert (second.label, second.best, second.jaccard) == (1, 0, 1.0)


def test_a_cluster_may_be_gone(tiny_bundle: Bundle, other: Path) -> None:
    """A cluster whose tiles are all stray in the other has no match."""
    changed = relabelled(other, [-1] * 6 + [1] * 6)
    matches, _ = match_clusters(tiny_bundle, changed, Pairing(ALL, ALL))
    assert (matches[0].best, matches[0].jaccard) == (None, 0.0)


def test_overlap_counts_the_same_neighbors(tiny_bundle: Bundle, other: Path) -> None:
    """A tile that has two other neighbours of five keeps three fifths; the rest all."""
    neighbors = np.array(tiny_bundle.neighbors)
    strangers = sorted(set(range(1, 12)) - set(neighbors[0].tolist()))[:2]
    neighbors[0, :2] = strangers
    forge_array(other, "neighbors.npy", neighbors)
    shares = neighbor_overlap(tiny_bundle, open_bundle(other), Pairing(ALL, ALL))
    assert shares.tolist() == [pytest.approx(0.6)] + [1.0] * 11


def test_neighbors_that_only_one_bundle_holds_do_not_count(
    tiny_bundle: Bundle, tmp_path: Path
) -> None:
    """Only tiles of both bundles are compared, as neighbours too."""
    ids = [tiny_bundle.id(row) for row in range(9)] + ["x1", "x2", "x3"]
    write_tiny_bundle(tmp_path / "part", ids=ids)
    part = open_bundle(tmp_path / "part")
    pairs = pair(tiny_bundle, part, "id")
    assert pairs.first.tolist() == pairs.second.tolist() == list(range(9))
    assert neighbor_overlap(tiny_bundle, part, pairs).tolist() == [1.0] * 9
