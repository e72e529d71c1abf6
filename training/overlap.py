"""What several tiles of a scan show of the same film, and what they make of it together.

Tiles are cut in steps shorter than they are wide, so most places of a film are seen by four of
them, each time with something else around. How wide a tile is on its scan is not asked: it shows
in the pixels that two tiles share.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bundle.places import beside
from training.tiles import TileSet

Cells = NDArray[np.float32]
Pixels = NDArray[np.float32]

_SEEN_BY = 15
"""Most other tiles that are asked about a tile."""
_PAIRS = 200
_FEWEST_PAIRS = 8
_LEAST_SHARED = 0.125
"""Of a tile's width: a narrower overlap is none."""
_SAME = 0.6
"""Correlation of the fine structure of two tiles where they show the same. Source: other places
of a film stay below 0.2, the same ones, resized or stored as JPEG, above 0.8."""
_STRUCTURE = 1.0
"""Grey levels by which neighbouring pixels must differ for a tile to be told from another."""
_AT_ONCE = 1024


@dataclass(frozen=True)
class Overlap:
    """Which tiles see the same film.

    near: (n, m) int32 rows of the tiles round each, -1 for none.
    steps: (n, m, 2) float32 how far down and across each of them begins, in widths of a tile.
    """

    near: NDArray[np.int32] = field(repr=False)
    steps: NDArray[np.float32] = field(repr=False)

    def among(self, rows: NDArray[np.int64]) -> "Overlap":
        """Return the same of some of the tiles, which know of no others.

        Args:
            rows: (m,) ascending.
        """
        places = np.full(len(self.near) + 1, -1, dtype=np.int32)  # the last is that of -1
        places[rows] = np.arange(len(rows), dtype=np.int32)
        return Overlap(places[self.near[rows]], self.steps[rows])

    def agreed(self, maps: Cells) -> Cells:
        """Return (n, g, g) float32: each cell's mean over all tiles that see its place.

        Args:
            maps: (n, g, g) float32 of all tiles.
        """
        grid = maps.shape[1]
        total, views = maps.astype(np.float32), np.ones(maps.shape, dtype=np.float32)
        rows, columns = np.nonzero(self.near >= 0)
        steps = np.round(self.steps[rows, columns] * grid, 2)
        for step in np.unique(steps, axis=0):
            chosen = np.flatnonzero((steps == step).all(axis=1))
            moves = _moves(grid, float(step[0])), _moves(grid, float(step[1]))
            if not len(moves[0].to) or not len(moves[1].to):
                continue
            places = np.ix_(moves[0].to, moves[1].to)
            for start in range(0, len(chosen), _AT_ONCE):
                part = chosen[start : start + _AT_ONCE]
                seen = _moved(maps[self.near[rows[part], columns[part]]], *moves)
                # A tile has one neighbour at a step, so no row comes twice.
                total[(rows[part, None, None], *places)] += seen
                views[(rows[part, None, None], *places)] += 1
        result: Cells = total / views
        return result


@dataclass(frozen=True)
class _Moves:
    """Along one axis: cells `to` of a map lie between two cells of the other, `part` further."""

    to: NDArray[np.intp]
    first: NDArray[np.intp]
    part: NDArray[np.float32]


def _moves(grid: int, step: float) -> _Moves:
    at = np.arange(grid) - step
    to = np.flatnonzero((at >= 0) & (at <= grid - 1))
    first = np.minimum(np.floor(at[to]).astype(np.intp), grid - 2)
    return _Moves(to, first, (at[to] - first).astype(np.float32))


def _moved(maps: Cells, down: _Moves, across: _Moves) -> Cells:
    part = down.part[:, None]
    rows: Cells = maps[:, down.first] * (1 - part) + maps[:, down.first + 1] * part
    first, second = rows[:, :, across.first], rows[:, :, across.first + 1]
    result: Cells = first * (1 - across.part) + second * across.part
    return result


def find_overlap(tiles: TileSet) -> Overlap | None:
    """Find which tiles share film; None if no place is known, or none overlap.

    The tiles of all scans must have been cut alike; where two that should share pixels do not,
    nothing is made of any.
    """
    near = beside(tiles.scan_numbers, tiles.positions)
    widths = [_width(tiles, near, axis) for axis in (0, 1)]
    if None in widths:
        return None
    window = np.array(widths, dtype=np.float32)
    near = beside(tiles.scan_numbers, tiles.positions, most=_SEEN_BY, within=float(window.max()))
    steps = (tiles.positions[near] - tiles.positions[:, None]) / window
    shared = (near >= 0) & (np.abs(steps) < 1).all(axis=2)
    return Overlap(np.where(shared, near, -1).astype(np.int32), steps.astype(np.float32))


def _width(tiles: TileSet, near: NDArray[np.int32], axis: int) -> float | None:
    """Return the pixels of the scan that a tile covers along an axis, None if it cannot be told.

    Of pairs of tiles that lie beside each other along the axis, the one step is found, in pixels
    of the encoder's input, at which what they show is the same.
    """
    side = tiles.inputs.shape[1]
    pairs, step = _pairs(tiles, near, axis)
    steps = np.arange(1, int(side * (1 - _LEAST_SHARED)) + 1)
    alike = [_likeness(*pair, steps) for pair in _structures(tiles, pairs, axis)]
    if len(alike) < _FEWEST_PAIRS:
        return None
    typical = np.median(alike, axis=0)
    best = int(typical.argmax())
    return step * side / float(steps[best]) if typical[best] >= _SAME else None


def _pairs(tiles: TileSet, near: NDArray[np.int32], axis: int) -> tuple[list[tuple[int, int]], int]:
    """Return rows of tiles and of those that begin one step further along the axis alone."""
    rows, columns = np.nonzero(near >= 0)
    others = near[rows, columns]
    away = tiles.positions[others] - tiles.positions[rows]
    along = (away[:, axis] > 0) & (away[:, 1 - axis] == 0)
    if not along.any():
        return [], 0
    values, counts = np.unique(away[along, axis], return_counts=True)
    step = int(values[counts.argmax()])
    chosen = np.flatnonzero(along & (away[:, axis] == step))
    chosen = np.random.default_rng(0).permutation(chosen)
    return list(zip(rows[chosen].tolist(), others[chosen].tolist(), strict=True)), step


def _structures(
    tiles: TileSet, pairs: list[tuple[int, int]], axis: int
) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield the fine structure of pairs that have any, the axis first: (side - 1, side - 1)."""
    given = 0
    for first, second in pairs:
        both = tiles.read(np.array([first, second])).astype(np.float32)
        fine = np.diff(both, axis=1)[:, :, 1:] + np.diff(both, axis=2)[:, 1:]
        if np.abs(fine).mean(axis=(1, 2)).min() < _STRUCTURE:
            continue
        yield tuple(np.moveaxis(one, axis, 0) for one in fine)
        given += 1
        if given == _PAIRS:
            return


def _likeness(first: Pixels, second: Pixels, steps: NDArray[np.intp]) -> list[float]:
    """Return the correlation of two tiles at each step, the second beginning so much further."""
    found = []
    for step in steps.tolist():
        one, other = first[step:], second[: len(second) - step]
        size = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
        found.append(float((one * other).sum()) / size if size > 0 else 0.0)
    return found
