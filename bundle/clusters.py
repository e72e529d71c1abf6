"""The cluster of a new tile: the nearest-core rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points
from bundle.bundle import Bundle
from bundle.sketches import Vector, measure, squared_distances


@dataclass(frozen=True)
class Assignment:
    """Where a point belongs.

    label: the cluster, or -1 when the nearest one is out of reach.
    nearest: label of the nearest cluster, whatever its distance. -1 if there is none.
    distance: to the nearest core tile of that cluster.
    confidence: d2 / (d1 + d2) for the distances to the nearest and the second cluster:
        0.5 is a toss-up, 1 is beyond doubt; 0 for a stray tile.
    """

    label: int
    nearest: int
    distance: float
    confidence: float


def assign(bundle: Bundle, points: Points) -> list[Assignment]:
    """Give each point the cluster of its nearest core tile, if that is within reach.

    Reach is the threshold `cluster_reach` of the manifest, taken from the stored tiles.

    Args:
        bundle: the stored tiles.
        points: (m, d) float32, scaled by the bundle's scaler.
    """
    reach = bundle.manifest.thresholds["cluster_reach"].value
    away = _by_all_points if bundle.index is None else _by_sketches
    return [choose(np.sqrt(away(bundle, point)), reach) for point in points.astype(np.float32)]


def _by_all_points(bundle: Bundle, point: Vector) -> Vector:
    """Return (clusters,) squared distances to the nearest core tile of each."""
    return _least(bundle, bundle.core_labels, squared_distances(bundle.points, point))


def _by_sketches(bundle: Bundle, point: Vector) -> Vector:
    """Return the same without measuring all; only the two smallest are surely right.

    The tile of each cluster that looks nearest is measured. Then those that could be nearer, and
    could be among the two clusters that count.
    """
    index, labels = bundle.index, bundle.core_labels
    assert index is not None
    stored = np.asarray(bundle.points)
    bounds = index.all.bounds(index.sketch(point))
    lowest = np.append(_least(bundle, labels, bounds), -np.inf).astype(np.float32)
    likely = np.flatnonzero(bounds == lowest[labels])
    away = _least(bundle, labels[likely], measure(stored, index.all.rows[likely], point))
    second = np.sort(away)[:2].max(initial=-np.inf)
    limits = np.append(np.minimum(away, second), -np.inf).astype(np.float32)
    # A comparison with what is no number is never true: such points are measured.
    near = np.flatnonzero(~(bounds > limits[labels]))
    nearer = _least(bundle, labels[near], measure(stored, index.all.rows[near], point))
    return np.minimum(away, nearer)


def _least(bundle: Bundle, labels: NDArray[np.int32], values: Vector) -> Vector:
    """Return the (clusters,) smallest value of each label, infinity where there is none."""
    least = np.full(bundle.manifest.clustering.clusters + 1, np.inf, dtype=np.float32)
    np.minimum.at(least, labels, values)
    return least[:-1]


def choose(away: NDArray[np.float32], reach: float) -> Assignment:
    """Apply the rule to (clusters,) distances to each cluster's nearest core tile."""
    if not np.isfinite(away).any():
        return Assignment(-1, -1, float("inf"), 0.0)
    first, *others = np.argsort(away, kind="stable")[:2].tolist()
    distance = float(away[first])
    second = float(away[others[0]]) if others else float("inf")
    if distance > reach:
        return Assignment(-1, first, distance, 0.0)
    both = distance + second
    confidence = 1.0 if not np.isfinite(second) else second / both if both else 0.5
    return Assignment(first, first, distance, confidence)
