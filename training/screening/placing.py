"""What is known of a stored tile from its place in the scan, beside what it shows alone."""

from dataclasses import replace

import numpy as np

from bundle.places import beside, mean_beside
from bundle.screening import Evidence
from training.tiles import TileSet

_PART = 0.5
"""Of the surroundings, beside a tile's own evidence. Source: docs/decisions.md."""


def placed(tiles: TileSet, agreed: Evidence) -> Evidence:
    """Return what the tiles agree on, with what those beside each add to it of lettering.

    Lettering goes on over several tiles, along a film's edge. Half of how far the mean of those
    beside lies above what is usual; nothing is taken away where they are clean.

    Args:
        tiles: n of them.
        agreed: of each, with the others that see the same film (`training.overlap`).
    """
    peaks = agreed.peaks.copy()
    near = beside(tiles.scan_numbers, tiles.positions)
    known = (near >= 0).any(axis=1)
    if known.any():
        mean = mean_beside(peaks[:, 0].astype(np.float64), near)
        above = mean - np.median(mean[known])
        peaks[:, 0] += np.where(known, _PART * above.clip(0), 0)
    return replace(agreed, peaks=peaks)
