"""The study's pipeline after its encoder, right and with each flaw, and what comes out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import StandardScaler

from bundle.arrays import Latents, Points, Rows
from bundle.neighbors import Hits
from bundle.sketches import squared_distances
from training.indexing.cluster import STUDY_EPS, dbscan, edges, k_distances, knee
from training.indexing.graph import neighbor_graph, random_distances
from training.studying.flaws import looked_up

_PAIRS = 100_000
GRAPH = 100  # neighbours that DBSCAN looks at; a tile with more in reach is core anyway


@dataclass(frozen=True)
class Space:
    """Scaled latents with their neighbour graph.

    points: (n, d) float32. graph: each tile's nearest others.
    typical: median distance of random pairs. eps: from the k-distance curve.
    """

    points: Points = field(repr=False)
    graph: Hits = field(repr=False)
    matrix: csr_array = field(repr=False)
    typical: float
    eps: float

    def noise(self, eps: float) -> float:
        """Return the share of tiles that DBSCAN calls noise at an eps."""
        return dbscan(self.matrix, eps).about.noise_share


@dataclass(frozen=True)
class Marked:
    """Tiles with a label: (m,) rows, (m,) bool positives, and (n,) scan numbers of all tiles."""

    rows: NDArray[np.intp] = field(repr=False)
    positive: NDArray[np.bool_] = field(repr=False)
    scans: NDArray[np.int32] = field(repr=False)


@dataclass(frozen=True)
class Variant:
    """One way to run the pipeline. `index` is the frame's when it has gaps."""

    key: str
    title: str
    space: Space = field(repr=False)
    eps: float
    index: NDArray[np.int64] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Outcome:
    """What a variant shows.

    overlap: share of the k right neighbours that are among those shown.
    distance: median distance from a tile to what is shown as its neighbours.
    typical: median distance of random pairs in the same space.
    missing: share of look-ups that find no row.
    precision, precision_other_scans: P@k of labelled positives; None without labels.
    """

    key: str
    title: str
    overlap: float
    distance: float
    typical: float
    missing: float
    eps: float
    noise: float
    precision: float | None = None
    precision_other_scans: float | None = None


def make_space(latents: Latents, seed: int) -> Space:
    """Scale latents and find every tile's neighbours, as `fit` does.

    Args:
        latents: (n, d) float32.
        seed: of the random pairs.
    """
    points: Points = StandardScaler().fit_transform(latents.astype(np.float64)).astype(np.float32)
    graph = neighbor_graph(points, min(GRAPH, len(points) - 1))
    typical = float(np.median(random_distances(points, seed)))
    return Space(points, graph, edges(graph), typical, knee(k_distances(graph)))


def make_variants(
    right: Space, skew: Space, resize: Space, index: NDArray[np.int64]
) -> list[Variant]:
    """Return the pipeline done right, with each flaw alone, and with all three.

    Args:
        right: latents of the encoder's training input.
        skew: latents of the green pictures.
        resize: latents of grey pictures resized to the nearest pixel.
        index: of the frame with gaps.
    """
    high = STUDY_EPS[-1]
    return [
        Variant("right", "done right", right, right.eps),
        Variant("skew", "flaw 1: green pictures", skew, skew.eps),
        Variant("resize", "  of it, the resize alone", resize, resize.eps),
        Variant("rows", "flaw 2: wrong rows", right, right.eps, index),
        Variant("eps", f"flaw 3: eps {high}", right, high),
        Variant("all", "all three, as published", skew, high, index),
    ]


def shown_rows(variant: Variant, found: Rows) -> Rows:
    """Return what the variant shows for the rows it found: others, if its index has gaps."""
    return found if variant.index is None else looked_up(found, variant.index)


def measure(variant: Variant, right: Space, k: int, marked: Marked | None) -> Outcome:
    """Compare what a variant shows with the right neighbours.

    Args:
        variant: the pipeline.
        right: the space of the right one.
        k: neighbours a tile.
        marked: labelled tiles, for P@k.
    """
    shown = shown_rows(variant, variant.space.graph.rows[:, :k])
    precisions: list[float | None] = [None, None]
    if marked is not None:
        precisions = [_precision(variant, marked, k, other_scans=flag) for flag in (False, True)]
    return Outcome(
        key=variant.key,
        title=variant.title,
        overlap=overlap(shown, right.graph.rows[:, :k]),
        distance=_median_distance(variant.space.points, shown),
        typical=variant.space.typical,
        missing=float((shown < 0).mean()),
        eps=variant.eps,
        noise=variant.space.noise(variant.eps),
        precision=precisions[0],
        precision_other_scans=precisions[1],
    )


def overlap(shown: Rows, right: Rows) -> float:
    """Return the mean share of (n, k) right rows that are in the same row of `shown`."""
    return float((right[:, :, None] == shown[:, None, :]).any(axis=2).mean())


def _median_distance(points: Points, shown: Rows) -> float:
    tiles, places = np.nonzero(shown >= 0)
    if not len(tiles):
        return float("nan")
    away = points[tiles] - points[shown[tiles, places]]
    return float(np.median(np.linalg.norm(away, axis=1)))


def _precision(variant: Variant, marked: Marked, k: int, *, other_scans: bool) -> float | None:
    """Return P@k as `measures.neighbor_precision` does, on the tiles that are shown."""
    positives = np.zeros(len(variant.space.points), dtype=bool)
    positives[marked.rows[marked.positive]] = True
    labelled = np.zeros(len(positives), dtype=bool)
    labelled[marked.rows] = True
    shares = []
    for query in marked.rows[marked.positive].tolist():
        near = nearest_marked(variant.space.points, marked, query, k, other_scans=other_scans)
        shown = shown_rows(variant, near[None])[0]
        judged = shown[(shown >= 0) & labelled[shown]]
        if len(judged):
            shares.append(positives[judged].mean())
    return float(np.mean(shares)) if shares else None


def nearest_marked(
    points: Points, marked: Marked, query: int, k: int, *, other_scans: bool
) -> NDArray[np.int32]:
    """Return the k labelled tiles nearest to a tile, itself or its whole scan left out."""
    allowed = marked.rows != query
    if other_scans:
        scans = marked.scans[marked.rows]
        allowed &= (scans >= 0) & (scans != marked.scans[query]) & (marked.scans[query] >= 0)
    candidates = marked.rows[allowed]
    away = squared_distances(points[candidates], points[query])
    nearest: NDArray[np.int32] = candidates[np.argsort(away, kind="stable")[:k]].astype(np.int32)
    return nearest


def brightness_gap(
    brightness: NDArray[np.float64], rows: Rows, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the median difference in mean grey to the shown rows, and between random tiles.

    Args:
        brightness: (n,) float64 mean grey of each tile, 0..255.
        rows: (n, k) int32 neighbours.
        rng: draws the random tiles.
    """
    near = np.abs(brightness[:, None] - brightness[rows])
    first, second = rng.integers(len(brightness), size=(2, _PAIRS))
    apart = np.abs(brightness[first] - brightness[second])[first != second]
    return float(np.median(near)), float(np.median(apart))
