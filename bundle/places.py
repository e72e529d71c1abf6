"""Which stored tiles lie beside each other in their scan: what a film shows goes on there."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

BESIDE = 8
"""Most tiles beside another: those round it on a grid."""
_AT_ONCE = 256
_FAR = np.iinfo(np.int32).max


def beside(
    scans: NDArray[np.int32],
    positions: NDArray[np.int32],
    *,
    most: int = BESIDE,
    within: float | None = None,
) -> NDArray[np.int32]:
    """Return (n, most) int32 rows of the tiles one step away in the same scan, -1 for none.

    A step is the distance at which most tiles have their nearest other one; tiles that were cut
    off the grid, at an edge, are beside whatever lies within a step.

    Args:
        scans: (n,) number of each tile's scan, -1 when not known.
        positions: (n, 2) int32 y and x in the scan in pixels, -1 when not known.
        most: tiles kept of those within a step, the nearest.
        within: how far away they may be in pixels of the scan; None is a step.
    """
    found = np.full((len(scans), most), -1, dtype=np.int32)
    groups = list(_placed(scans, positions))
    steps = [_nearest(positions[rows]) for rows in groups]
    if not steps:
        return found
    step = within or np.quantile(np.concatenate(steps), 0.5, method="lower")
    for rows in groups:
        downwards = rows[np.argsort(positions[rows, 0], kind="stable")]
        down = positions[downwards, 0]
        for start in range(0, len(rows), _AT_ONCE):
            part = downwards[start : start + _AT_ONCE]
            # Of a scan of many tiles only those of a few lines can be near: time grows with n.
            first = np.searchsorted(down, positions[part[0], 0] - step, "left")
            end = np.searchsorted(down, positions[part[-1], 0] + step, "right")
            others = np.sort(downwards[first:end])
            away = _distances(positions[part], positions[others])
            one, other = np.nonzero((away > 0) & (away <= step))
            order = np.lexsort((other, away[one, other], one))
            one, other = one[order], other[order]
            rank = np.arange(len(one)) - np.searchsorted(one, one)
            kept = rank < most
            found[part[one[kept]], rank[kept]] = others[other[kept]]
    return found


def _placed(scans: NDArray[np.int32], positions: NDArray[np.int32]) -> Iterator[NDArray[np.intp]]:
    """Yield the rows of each scan that has two or more tiles whose place is known."""
    known = np.flatnonzero((scans >= 0) & (positions >= 0).all(axis=1))
    known = known[np.argsort(scans[known], kind="stable")]
    for rows in np.split(known, np.flatnonzero(np.diff(scans[known])) + 1):
        if len(rows) > 1:
            yield rows


def _distances(some: NDArray[np.int32], others: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return (a, b) the larger of the distances down and across."""
    down, across = (np.abs(some[:, None, axis] - others[:, axis]) for axis in (0, 1))
    result: NDArray[np.int32] = np.maximum(down, across)
    return result


def _nearest(positions: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return, of some of the tiles, the distance to the nearest other one."""
    away = _distances(positions[:_AT_ONCE], positions)
    result: NDArray[np.int32] = np.where(away > 0, away, _FAR).min(axis=1)
    return result


def mean_beside(values: NDArray[np.float64], near: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return (n,) the mean of the values of the tiles beside each, 0 where there is none.

    Args:
        values: (n,).
        near: (n, k) int32 rows from `beside`.
    """
    there = near >= 0
    sums = np.where(there, values[near], 0).sum(axis=1)
    result: NDArray[np.float64] = sums / np.maximum(there.sum(axis=1), 1)
    return result


def around(
    values: NDArray[np.float64], near: NDArray[np.int32], part: float
) -> NDArray[np.float64]:
    """Return (n,) standardised values, with that part of the mean of the tiles beside added.

    A tile whose place is not known, or that stands alone, has the mean of all beside it.

    Args:
        values: (n,), the higher the more there is to see.
        near: (n, k) int32 rows from `beside`.
        part: what the mean counts beside the tile's own value.
    """
    own = (values - values.mean()) / max(values.std(), 1e-9)
    result: NDArray[np.float64] = own + part * mean_beside(own, near)
    return result
