"""What changed from one bundle to another, on the tiles that both hold."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle.bundle import Bundle
from bundle.screening import VERDICTS

Match: TypeAlias = Literal["id", "content"]
NEAREST = 10


@dataclass(frozen=True)
class Pairing:
    """Tiles that two bundles hold: (c,) rows of each in the first, and in the second."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]


@dataclass(frozen=True)
class ClusterMatch:
    """A cluster of the first bundle and the one of the second that shares most with it.

    tiles: of the cluster, among those of both. best: label of the other, None if all are stray.
    shared: tiles in both. jaccard: shared tiles over tiles of either, in [0, 1].
    """

    label: int
    tiles: int
    best: int | None
    shared: int
    jaccard: float


def pair(first: Bundle, second: Bundle, match: Match) -> Pairing:
    """Find the tiles of both: of one id, or of one picture as the encoders see it.

    Of several tiles with the same picture in a bundle, the one with the first id counts.
    """
    keys = [list(_keys(bundle, match)) for bundle in (first, second)]
    _, rows, others = np.intersect1d(np.array(keys[0]), np.array(keys[1]), return_indices=True)
    return Pairing(rows, others)


def _keys(bundle: Bundle, match: Match) -> Iterator[bytes]:
    if match == "id":
        yield from (bytes(name) for name in bundle.arrays["ids.npy"].tolist())
    else:
        for row in range(len(bundle)):
            yield hashlib.sha256(bundle.picture(row)).hexdigest().encode()


def verdict_table(first: Bundle, second: Bundle, pairs: Pairing) -> NDArray[np.int64]:
    """Count tiles: (3, 3) by verdict in the first and in the second, as `VERDICTS`."""
    kinds = len(VERDICTS)
    codes = first.verdicts[pairs.first].astype(np.int64) * kinds + second.verdicts[pairs.second]
    return np.bincount(codes, minlength=kinds * kinds).reshape(kinds, kinds)


def neighbor_overlap(first: Bundle, second: Bundle, pairs: Pairing) -> NDArray[np.float32]:
    """Compare the ten nearest tiles of each tile, among the tiles of both.

    Returns: (c,) share of the nearest that are the same, in [0, 1]; where a graph holds fewer
    than ten that are in both, of as many as both graphs hold. NaN where that is none.
    """
    near = [
        _nearest(bundle, rows) for bundle, rows in ((first, pairs.first), (second, pairs.second))
    ]
    counts = np.minimum(*((rows >= 0).sum(axis=1) for rows in near))
    within = np.arange(NEAREST) < counts[:, None]
    one, other = (np.where(within, rows, -1) for rows in near)
    same = (one[:, :, None] == other[:, None, :]) & (one >= 0)[:, :, None]
    with np.errstate(invalid="ignore"):
        shares: NDArray[np.float32] = (same.sum(axis=(1, 2)) / counts).astype(np.float32)
    return shares


def _nearest(bundle: Bundle, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (c, 10): for each tile of both its nearest ones as numbers of pairs, then -1."""
    number = np.full(len(bundle), -1, dtype=np.intp)
    number[rows] = np.arange(len(rows))
    near = number[bundle.neighbors[rows]]
    order = np.argsort(near < 0, axis=1, kind="stable")[:, :NEAREST]
    found = np.take_along_axis(near, order, axis=1)
    return np.pad(found, ((0, 0), (0, NEAREST - found.shape[1])), constant_values=-1)


def match_clusters(
    first: Bundle, second: Bundle, pairs: Pairing
) -> tuple[list[ClusterMatch], float | None]:
    """Find each cluster's likest one, and how far both clusterings agree on the whole.

    Returns: one match for each cluster of the first that has tiles in both, and the adjusted
    Rand index over tiles that are stray in neither: 1 is the same, 0 chance; None where fewer
    than two such tiles are.
    """
    ours, theirs = first.labels[pairs.first], second.labels[pairs.second]
    shape = (first.manifest.clustering.clusters + 1, second.manifest.clustering.clusters + 1)
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, (ours, theirs), 1)  # -1, the stray ones, is the last row and column
    table, sizes, others = counts[:-1, :-1], counts.sum(axis=1), counts.sum(axis=0)
    labels = [label for label in np.flatnonzero(sizes).tolist() if label < len(table)]
    matches = [_match(label, table[label], int(sizes[label]), others) for label in labels]
    return matches, _adjusted_rand(table)


def _match(
    label: int, shared: NDArray[np.int64], size: int, others: NDArray[np.int64]
) -> ClusterMatch:
    if not shared.any():
        return ClusterMatch(label, size, None, 0, 0.0)
    best = int(shared.argmax())
    both = int(shared[best])
    return ClusterMatch(label, size, best, both, both / (size + int(others[best]) - both))


def _adjusted_rand(table: NDArray[np.int64]) -> float | None:
    """Hubert and Arabie's index of a contingency table."""
    total = _couples(np.array(table.sum()))
    if not total:
        return None
    rows, columns = _couples(table.sum(axis=1)), _couples(table.sum(axis=0))
    expected, most = rows * columns / total, (rows + columns) / 2
    # Both sides one single cluster, or nothing but single tiles: the same.
    return 1.0 if most == expected else (_couples(table) - expected) / (most - expected)


def _couples(counts: NDArray[np.int64]) -> float:
    return float((counts * (counts - 1) / 2).sum())
