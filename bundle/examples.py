"""Stored tiles like several examples at once, and unlike others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bundle.arrays import Points
from bundle.bundle import Bundle
from bundle.neighbors import Hits, IndexKind, search
from bundle.sketches import choose, squared_distances

DEPTH = 4096
"""Most tiles round each positive example that are looked at."""
_WIDER = 4


def search_like(
    bundle: Bundle,
    positive: Points,
    negative: Points,
    k: int,
    *,
    left_out: Sequence[int] | NDArray[np.intp] = (),
    index: IndexKind = "auto",
    exact: bool = True,
) -> Hits:
    """Find the tiles nearest to any positive example, and nearer to it than to a negative one.

    Args:
        bundle: the stored tiles.
        positive: (p, d) float32, scaled; at least one.
        negative: (m, d) float32, scaled.
        k: tiles; fewer come back where fewer of the DEPTH nearest are on the positive side.
        left_out: rows that are not wanted.
        index: as in `search`.
        exact: as in `search`.

    Returns: (1, k) rows, and distances to the nearest positive example.
    """
    wanted = k + len(left_out)
    while True:
        found = search(bundle, positive, wanted, index=index, exact=exact)
        # Whatever is among the `wanted` nearest to any is so to one of them.
        rows = np.unique(found.rows)
        rows, squared = choose(rows, _nearest(bundle.points[rows], positive), found.rows.shape[1])
        kept = _nearest(bundle.points[rows], negative) > squared
        kept &= ~np.isin(rows, left_out)
        if kept.sum() >= k or wanted >= min(len(bundle), DEPTH + len(left_out)):
            rows, squared = rows[kept][:k], squared[kept][:k]
            return Hits(rows[None], np.sqrt(squared)[None])
        wanted = min(_WIDER * wanted, DEPTH + len(left_out))


def _nearest(stored: Points, examples: Points) -> NDArray[np.float32]:
    """Return (n,) squared distances to the nearest of (m, d) examples; infinite for none."""
    away = [squared_distances(stored, example) for example in examples]
    none = np.full(len(stored), np.inf, dtype=np.float32)
    least: NDArray[np.float32] = np.minimum.reduce([none, *away])
    return least
