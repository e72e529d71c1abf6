"""What is known of a stored tile from its place in the scan, beside what it shows alone."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bundle.places import beside, mean_beside
from bundle.screening import Evidence
from training.tiles import TileSet

_PART = 0.5
"""Of the surroundings, beside a tile's own evidence. Source: docs/decisions.md."""
DOUBT = -1.5
"""Log-odds of lettering below which a tile or a cell is clean, whatever lies beside it."""


def placed(tiles: TileSet, agreed: Evidence) -> Evidence:
    """Return what the tiles agree on, with what those beside a doubtful one add of lettering.

    Args:
        tiles: n of them.
        agreed: of each, with the others that see the same film (`training.overlap`).
    """
    peaks = agreed.peaks.copy()
    more = beside_adds(peaks[:, 0], tiles.scan_numbers, tiles.positions)
    peaks[:, 0] += np.where(peaks[:, 0] > DOUBT, more, 0)
    return replace(agreed, peaks=peaks)


def beside_adds(
    evidence: NDArray[np.float32], scans: NDArray[np.int32], positions: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return (n,) float32 what the tiles beside each add to its evidence of lettering.

    Lettering goes on over several tiles, along a film's edge. Half of how far the mean of those
    beside lies above what is usual; nothing is taken away where they are clean. Where a tile is
    clean beyond doubt it adds nothing either: that is for the caller to see to.

    Args:
        evidence: (n,) log-odds.
        scans: (n,) number of each tile's scan, -1 when not known.
        positions: (n, 2) int32 y and x in the scan in pixels, -1 when not known.
    """
    near = beside(scans, positions)
    known = (near >= 0).any(axis=1)
    if not known.any():
        return np.zeros(len(evidence), dtype=np.float32)
    mean = mean_beside(evidence.astype(np.float64), near)
    above = mean - np.median(mean[known])
    return np.where(known, _PART * above.clip(0), 0).astype(np.float32)
