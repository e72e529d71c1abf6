"""The nearest-core rule: never a bare -1."""

from pathlib import Path

import numpy as np
import pytest

from bundle import Assignment, Bundle, assign, open_bundle
from bundle.clusters import choose
from tests.tiny import write_tiny_bundle


def distances(*values: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Return distances to cluster 0, 1, ..."""
    return np.array(values, dtype=np.float32)


def test_stored_tiles_get_their_own_cluster(tiny_bundle: Bundle) -> None:
    """A core tile lies at distance 0 from its cluster, so its label is beyond doubt."""
    found = assign(tiny_bundle, tiny_bundle.points[:11])
    assert [one.label for one in found] == tiny_bundle.labels[:11].tolist()
    assert {one.confidence for one in found} == {1.0}
    assert {one.distance for one in found} == {0.0}


def test_a_stray_tile_is_told_its_nearest_cluster(tiny_bundle: Bundle) -> None:
    """The grey tile is out of reach of both groups: label -1, yet with name and distance."""
    (stray,) = assign(tiny_bundle, tiny_bundle.points[11:])
    assert (stray.label, stray.confidence) == (-1, 0.0)
    assert stray.nearest in (0, 1)
    assert 1 < stray.distance < 5


def test_only_core_tiles_pull(tiny_bundle: Bundle) -> None:
    """A tile that is not core gives no label, however near it is."""
    core = np.arange(12) < 6
    dark = Bundle(
        tiny_bundle.path,
        tiny_bundle.manifest,
        {**tiny_bundle.arrays, "core.npy": core},
        tiny_bundle.scans,
        tiny_bundle.pictures,
    )
    (found,) = assign(dark, tiny_bundle.points[6:7])
    assert (found.label, found.nearest) == (-1, 0)


def test_an_index_changes_no_answer(tmp_path: Path) -> None:
    """What sketches rule out needs no measuring: to the bit the same as by all points."""
    write_tiny_bundle(tmp_path / "plain", count=200)
    write_tiny_bundle(tmp_path / "indexed", count=200, index=True)
    plain, indexed = (open_bundle(tmp_path / name) for name in ("plain", "indexed"))
    assert plain.index is None
    assert indexed.index is not None
    rng = np.random.default_rng(7)
    spread = np.std(plain.points, axis=0) + 0.1
    shaken = plain.points + rng.normal(size=plain.points.shape) * spread
    points = np.concatenate([plain.points, shaken, 100 * shaken]).astype(np.float32)
    found = assign(indexed, points)
    assert found == assign(plain, points)
    assert {one.nearest for one in found} == {0, 1}
    assert {one.label for one in found} == {-1, 0, 1}


def test_no_cluster_at_all(tiny_bundle: Bundle) -> None:
    """Without a core tile there is no nearest cluster, and that is said as -1."""
    none = Bundle(
        tiny_bundle.path,
        tiny_bundle.manifest,
        {**tiny_bundle.arrays, "core.npy": np.zeros(12, dtype=bool)},
        tiny_bundle.scans,
        tiny_bundle.pictures,
    )
    assert assign(none, tiny_bundle.points[:1]) == [Assignment(-1, -1, float("inf"), 0.0)]


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (distances(1, 3), Assignment(0, 0, 1.0, 0.75)),
        (distances(3, 1), Assignment(1, 1, 1.0, 0.75)),
        (distances(1, 1), Assignment(0, 0, 1.0, 0.5)),
        (distances(0, 0), Assignment(0, 0, 0.0, 0.5)),
        (distances(0, 2), Assignment(0, 0, 0.0, 1.0)),
        (distances(2), Assignment(0, 0, 2.0, 1.0)),
        (distances(2, np.inf), Assignment(0, 0, 2.0, 1.0)),
        (distances(2.5, 9), Assignment(-1, 0, 2.5, 0.0)),
    ],
)
def test_the_rule(
    away: "np.ndarray[tuple[int], np.dtype[np.float32]]", expected: Assignment
) -> None:
    """Nearest within a reach of 2; confidence d2 / (d1 + d2); ties go to the lower label."""
    assert choose(away, 2.0) == expected


def test_no_points_no_answers(tiny_bundle: Bundle) -> None:
    """An empty batch is no error."""
    assert assign(tiny_bundle, tiny_bundle.points[:0]) == []
