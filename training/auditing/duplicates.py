"""Tiles that show the same: equal pixels, and near copies among the stored neighbours."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bundle.bundle import Bundle, picture_hash
from bundle.layout import PICTURE_HASHES
from bundle.screening import LIKELY, REASONS
from training.auditing.likeness import Bounds, Looks

_BLANK = REASONS.index("BLANK")
_AT_ONCE = 1024
_NEAREST = 16
"""Stored neighbours of a tile that are looked at; larger groups hang together by chains."""

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Group:
    """Tiles that show the same.

    rows: ascending rows of the bundle. kind: exact if all pixels of all are equal, else near.
    likeness: lowest correlation of the pairs that join them, 1 if exact. blank: nothing is on
        them, so that they are alike says nothing.
    """

    rows: list[int] = field(repr=False)
    kind: str
    likeness: float
    blank: bool


def find_groups(
    bundle: Bundle, bounds: Bounds, looks: Looks, advance: Callable[[int], object]
) -> list[Group]:
    """Return all groups, the largest first, blank ones last.

    Near copies are looked for among each tile's stored nearest neighbours, and every pair is
    verified on its pixels. Memory is a few numbers a tile, and 4 KiB for each tile that has a
    candidate.

    Args:
        bundle: the stored tiles.
        bounds: from where two tiles are near copies.
        looks: details of the tiles.
        advance: told of each tile whose neighbours were looked at.
    """
    first_equal = equal_tiles(bundle)
    firsts = [np.arange(len(bundle))[first_equal != np.arange(len(bundle))]]
    seconds = [first_equal[firsts[0]]]
    likeness = [np.ones(len(firsts[0]))]
    for one, other in _candidates(bundle, bounds, first_equal, advance):
        alike = looks.likeness(one, other)
        kept = alike >= bounds.likeness
        firsts.append(one[kept])
        seconds.append(other[kept])
        likeness.append(alike[kept])
    alike = np.concatenate(likeness)
    alike[len(likeness[0]) :] = np.minimum(alike[len(likeness[0]) :], np.nextafter(1, 0))
    return _groups(bundle, np.concatenate(firsts), np.concatenate(seconds), alike)


def equal_tiles(bundle: Bundle) -> Rows:
    """Return (n,) the first row whose pixels are equal to each tile's own.

    Pictures of one bundle are written by one writer, so equal pixels are equal bytes.
    """
    hashes = bundle.arrays.get(PICTURE_HASHES)
    first: dict[bytes, int] = {}
    found = np.empty(len(bundle), dtype=np.intp)
    for row in range(len(bundle)):
        key = hashes[row].tobytes() if hashes is not None else picture_hash(bundle.picture(row))
        found[row] = first.setdefault(key, row)
    return found


def _candidates(
    bundle: Bundle, bounds: Bounds, first_equal: Rows, advance: Callable[[int], object]
) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of near tiles, each once, blocks of rows at a time; of equal tiles the first."""
    blank = np.asarray(bundle.scores[:, _BLANK]) >= LIKELY
    for start in range(0, len(bundle), _AT_ONCE):
        end = min(start + _AT_ONCE, len(bundle))
        near = np.asarray(bundle.neighbor_distances[start:end, :_NEAREST]) <= bounds.distance
        at, column = np.nonzero(near)
        one = first_equal[at + start]
        other = first_equal[np.asarray(bundle.neighbors[start:end, :_NEAREST])[at, column]]
        wanted = (one != other) & ~blank[one] & ~blank[other]
        pairs = np.unique(np.sort(np.stack([one, other], axis=1)[wanted], axis=1), axis=0)
        for part in range(0, len(pairs), _AT_ONCE):
            block = pairs[part : part + _AT_ONCE]
            yield block[:, 0], block[:, 1]
        advance(end - start)


def _groups(
    bundle: Bundle, first: Rows, second: Rows, likeness: NDArray[np.float64]
) -> list[Group]:
    count = len(bundle)
    joined = coo_matrix((np.ones(len(first)), (first, second)), shape=(count, count))
    labels = connected_components(joined, directed=False)[1]
    sizes = np.bincount(labels)
    least = np.ones(len(sizes))
    np.minimum.at(least, labels[first], likeness)
    near = np.zeros(len(sizes), dtype=bool)
    near[labels[first[likeness < 1]]] = True
    blank = np.asarray(bundle.scores[:, _BLANK]) >= LIKELY
    order = np.argsort(labels, kind="stable")
    members = np.split(order, np.cumsum(sizes)[:-1])
    found = [
        Group(
            sorted(members[label].tolist()),
            "near" if near[label] else "exact",
            float(least[label]),
            bool(blank[members[label]].all()),
        )
        for label in np.flatnonzero(sizes > 1).tolist()
    ]
    return sorted(found, key=lambda group: (group.blank, -len(group.rows), group.rows[0]))
