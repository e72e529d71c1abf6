"""Hand-made figures of a tile: grey levels, edges and how they are spread. 29 numbers.

Nothing in them was fitted to any tile.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.screening.peers import exchange
from benchmarks.screening.peers.exchange import Answer, Tiles

Picture = NDArray[np.float64]

_LEVELS = (1, 5, 25, 50, 75, 95, 99)
_EDGES = (50, 75, 90, 95, 99, 99.9)
_STEEP = (8.0, 24.0, 64.0)  # grey levels a pixel
_CELLS = 4


def load(_option: str) -> Callable[[Tiles], Answer]:
    """Return the peer; there is nothing to load."""
    return find


def find(tiles: Tiles) -> Answer:
    """Return the figures as features, and the steepest edges as scores."""
    figures = np.array([describe(tile.astype(np.float64)) for tile in tiles])
    steep = len(_LEVELS) + 2
    scores = {
        "steepest percent of edges": figures[:, steep + 4],
        "spread of steep edges": figures[:, -2],
    }
    return Answer(scores, {"29 figures": figures.astype(np.float32)})


def describe(tile: Picture) -> Picture:
    """Return (29,): grey levels, edge strengths, edge directions, and edges by place."""
    down: Picture = np.gradient(tile, axis=0)
    right: Picture = np.gradient(tile, axis=1)
    edges: Picture = np.hypot(down, right)
    return np.concatenate(
        [
            [tile.mean(), tile.std()],
            np.percentile(tile, _LEVELS),
            np.percentile(edges, _EDGES),
            [float((edges > level).mean()) for level in _STEEP],
            _fine(tile),
            _directions(down, right, edges),
            _places(edges),
        ]
    )


def _fine(tile: Picture) -> list[float]:
    """Return the spread of second differences, and of the tile's two- and four-pixel grain."""
    bend = np.abs(np.diff(tile, 2, axis=0)[:, 1:-1]) + np.abs(np.diff(tile, 2, axis=1)[1:-1])
    grains = [float((tile[:-step, :-step] - tile[step:, step:]).std()) for step in (2, 4)]
    return [float(bend.std()), float(np.percentile(bend, 99)), *grains]


def _directions(down: Picture, right: Picture, edges: Picture) -> list[float]:
    """Return the shares of edge strength in four directions."""
    turn = np.floor(np.mod(np.arctan2(down, right), np.pi) / np.pi * 4).astype(int) % 4
    total = max(float(edges.sum()), 1e-9)
    return [float(edges[turn == quarter].sum()) / total for quarter in range(4)]


def _places(edges: Picture) -> list[float]:
    """Return how steep edges lie in a grid: largest cell, deviation, share of cells."""
    steep = edges > _STEEP[1]
    rows = np.array_split(np.arange(len(edges)), _CELLS)
    cells = np.array([steep[np.ix_(y, x)].mean() for y in rows for x in rows])
    return [float(cells.max()), float(cells.std()), float((cells > 0.01).mean())]


if __name__ == "__main__":
    exchange.answer(load)
