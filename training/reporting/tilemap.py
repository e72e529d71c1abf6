"""A 2-D map of the latents: where tiles lie, and one picture for each place."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from bundle.arrays import Points
from bundle.bundle import Bundle
from training.reporting.thumbnails import Thumbnail, thumbnail

MOST_TILES = 1_500
COLUMNS, ROWS = 30, 20
_SIDE = 56
_DIMENSIONS = 50
_ITERATIONS = 600
_FEW = 10  # below this t-SNE has no neighbourhoods to keep


@dataclass(frozen=True)
class Place:
    """A picture on the map: the cell's corner in cells, and its cluster's label."""

    column: int
    row: int
    label: int
    tile: Thumbnail = field(repr=False)


@dataclass(frozen=True)
class TileMap:
    """Places with pictures, of `placed` tiles that were laid out, of `tiles` in all."""

    method: str
    places: list[Place]
    placed: int
    tiles: int
    size: tuple[int, int] = (COLUMNS, ROWS)


def tile_map(bundle: Bundle, seed: int) -> TileMap:
    """Lay out at most MOST_TILES tiles and pick a picture for every cell that holds some."""
    rows = np.arange(len(bundle))
    if len(rows) > MOST_TILES:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_TILES, replace=False))
    method, layout = lay_out(np.array(bundle.points[rows]), seed)
    places = [
        Place(
            column,
            row,
            int(bundle.labels[rows[at]]),
            thumbnail(bundle, int(rows[at]), _SIDE),
        )
        for (column, row), at in representatives(layout).items()
    ]
    return TileMap(method, places, len(rows), len(bundle))


def lay_out(points: Points, seed: int) -> tuple[str, NDArray[np.float64]]:
    """Project points to the unit square: t-SNE, or PCA for a handful of tiles.

    Args:
        points: (n, d) float32, scaled.
        seed: of the projection.

    Returns: the method's name, and (n, 2) float64 in [0, 1].
    """
    count, width = points.shape
    if not np.ptp(points, axis=0).any():
        return "all tiles are equal", np.full((count, 2), 0.5)
    dimensions = min(_DIMENSIONS, count, width)
    main = PCA(dimensions, random_state=seed).fit_transform(points.astype(np.float64))
    if count < _FEW or dimensions < 2:  # noqa: PLR2004  a plane has two
        flat = np.zeros((count, 2))
        flat[:, : min(2, dimensions)] = main[:, :2]
        return "PCA", _to_square(flat)
    perplexity = min(30.0, (count - 1) / 3)
    projection = TSNE(perplexity=perplexity, init="pca", max_iter=_ITERATIONS, random_state=seed)
    # Its threads wait for each other at every step: on two busy cores one is three times faster.
    with threadpool_limits(1):
        return "t-SNE", _to_square(projection.fit_transform(main))


def _to_square(layout: NDArray[np.float64]) -> NDArray[np.float64]:
    low, span = layout.min(axis=0), np.ptp(layout, axis=0)
    square: NDArray[np.float64] = (layout - low) / np.where(span > 0, span, 1)
    return square


def representatives(layout: NDArray[np.float64]) -> dict[tuple[int, int], int]:
    """Map each cell that holds points to the point nearest the cell's middle.

    Args:
        layout: (n, 2) float64 in [0, 1].

    Returns: (column, row) -> position in `layout`.
    """
    size = np.array([COLUMNS, ROWS])
    cells = np.minimum((layout * size).astype(int), size - 1)
    away = np.linalg.norm(layout * size - cells - 0.5, axis=1)
    chosen: dict[tuple[int, int], int] = {}
    for at in np.argsort(away, kind="stable").tolist():
        column, row = cells[at].tolist()
        chosen.setdefault((column, row), at)
    return chosen
