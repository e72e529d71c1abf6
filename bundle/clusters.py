"""The cluster of a new tile: the nearest-core rule."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points
from bundle.bundle import Bundle
from bundle.sketches import squared_distances


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
    labels = np.where(bundle.arrays["core.npy"], bundle.labels, -1)
    reach = bundle.manifest.thresholds["cluster_reach"].value
    count = bundle.manifest.clustering.clusters
    return [_assign(bundle, point, labels, count, reach) for point in points]


def _assign(
    bundle: Bundle,
    point: NDArray[np.float32],
    labels: NDArray[np.int32],
    count: int,
    reach: float,
) -> Assignment:
    nearest_of = np.full(count + 1, np.inf, dtype=np.float32)
    np.minimum.at(nearest_of, labels, squared_distances(bundle.points, point))
    away = np.sqrt(nearest_of[:count])
    if not np.isfinite(away).any():
        return Assignment(-1, -1, float("inf"), 0.0)
    return choose(away, reach)


def choose(away: NDArray[np.float32], reach: float) -> Assignment:
    """Apply the rule to (clusters,) distances to each cluster's nearest core tile."""
    first, *others = np.argsort(away, kind="stable")[:2].tolist()
    distance = float(away[first])
    second = float(away[others[0]]) if others else float("inf")
    if distance > reach:
        return Assignment(-1, first, distance, 0.0)
    both = distance + second
    confidence = 1.0 if not np.isfinite(second) else second / both if both else 0.5
    return Assignment(first, first, distance, confidence)
