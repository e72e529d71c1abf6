"""The index of a large bundle: axes, sketches, lists round centres, and what they find."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from bundle import manifest
from bundle.arrays import Points
from bundle.index import Index
from bundle.sketches import sketch
from training.indexing.graph import nearest

LEAST = 4_096
"""Tiles below which comparing with all is as fast. Source: docs/decisions.md."""
EXACT = 100_000
"""Tiles up to which the sketches of all are looked at. Source: docs/decisions.md."""
AXES = 32
ENOUGH = 0.995
"""Recall at 10 from which no more lists are looked into; the goal is 0.99."""
_SEEN = 65_536  # points from which axes and centres are taken
_ROUNDS = 10
_QUERIES = 500
_AT_ONCE = 65_536


@dataclass(frozen=True)
class Indexed:
    """An index, by file name, and what the manifest says of it."""

    arrays: dict[str, NDArray[np.generic]] = field(repr=False)
    about: manifest.Index


def index_points(points: Points, seed: int, *, exact: int = EXACT) -> Indexed:
    """Index points, and measure on them how many of the nearest it finds.

    Args:
        points: (n, d) float32.
        seed: of the draw of points that centres and figures are taken from.
        exact: points up to which there is one list alone, so that every search is exact.
    """
    rng = np.random.default_rng(seed)
    seen = points[np.sort(rng.choice(len(points), min(len(points), _SEEN), replace=False))]
    axes = _axes(seen)
    made = np.concatenate(
        [
            sketch(axes.astype(np.float64), points[start : start + _AT_ONCE])
            for start in range(0, len(points), _AT_ONCE)
        ]
    )
    count = 1 if len(points) <= exact else round(2 * len(points) ** 0.5)
    owners, centers = _lists(made, sketch(axes.astype(np.float64), seen), count, seed)
    rows = np.argsort(owners, kind="stable").astype(np.int32)
    ends = np.append(0, np.bincount(owners, minlength=count).cumsum())
    index = Index.of(axes, rows, made[rows], ends, centers)
    about = _measured(index, points, rng)
    arrays: dict[str, NDArray[np.generic]] = {
        "index_axes.npy": axes,
        "index_rows.npy": rows,
        "index_sketches.npy": index.all.vectors,
        "index_ends.npy": ends,
        "index_centers.npy": centers,
    }
    return Indexed(arrays, about)


def _axes(seen: Points) -> NDArray[np.float32]:
    """Return (d, a) float32: the axes along which points differ most, widest first."""
    spread = np.cov(seen.astype(np.float64), rowvar=False).reshape(seen.shape[1], -1)
    _, vectors = np.linalg.eigh(spread)
    return np.ascontiguousarray(vectors[:, ::-1][:, :AXES], dtype=np.float32)


def _lists(
    sketches: NDArray[np.float32], seen: NDArray[np.float32], count: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return (n,) the list of each sketch and (count, b) the lists' centres."""
    if count == 1:
        return np.zeros(len(sketches), dtype=np.int64), seen.mean(axis=0, keepdims=True)
    model = KMeans(count, init="random", n_init=1, max_iter=_ROUNDS, tol=0, random_state=seed)
    model.fit(seen)
    return model.predict(sketches).astype(np.int64), model.cluster_centers_.astype(np.float32)


def _measured(index: Index, points: Points, rng: np.random.Generator) -> manifest.Index:
    """Choose how many lists to look into: the fewest powers of two that find enough.

    Asked about are stored points, each left out of its own answer; what is found counts by its
    distance, so that of equal ones any will do.
    """
    asked = np.sort(rng.choice(len(points), min(len(points), _QUERIES), replace=False))
    depth = min(100, len(points) - 1)
    truth = nearest(points[asked], points, depth + 1).distances
    lists, probes = len(index.centers), 1
    while True:
        found = [index.probe(points, points[row], depth + 1, probes)[1] for row in asked]
        away = np.sqrt(np.array(found))
        limits = truth * np.float32(1 + 1e-6)
        recalls = [
            float((away[:, 1 : k + 1] <= limits[:, k, None]).mean())
            for k in (min(10, depth), depth)
        ]
        if recalls[0] >= ENOUGH or probes == lists:
            break
        probes = min(2 * probes, lists)
    return manifest.Index(
        lists=lists,
        probes=probes,
        queries=len(asked),
        recall_at_10=recalls[0],
        recall_at_100=recalls[1],
    )
