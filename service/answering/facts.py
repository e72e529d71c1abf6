"""What can be said of a tile or a cluster, as JSON objects; pure functions of the catalogue.

Floats of numpy stay what they are: orjson writes them in their own precision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bundle import Assignment, Bundle, Hits, assign, rarity, search
from bundle.arrays import Distances, Points
from bundle.examples import DEPTH, search_like
from bundle.manifest import Clustering
from bundle.neighbors import IndexKind, is_exact
from service.answering.looks import Look
from service.stored.catalog import Catalog

Fact: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Examples:
    """Rows of stored tiles that neighbours shall be like, and unlike, beside the tile itself."""

    positive: Sequence[int] = ()
    negative: Sequence[int] = ()

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.positive or self.negative)


NO_EXAMPLES = Examples()


def stored_neighbors(catalog: Catalog, row: int, k: int, *, other_scans: bool = False) -> Fact:
    """Take the k nearest other tiles of a stored one from the graph.

    Args:
        catalog: the stored tiles.
        row: of the tile asked about; it is never among its neighbours.
        k: how many; fewer come, with a note, when the graph holds fewer.
        other_scans: leave out tiles of the same scan.
    """
    rows, distances = catalog.graph.near(row)
    if other_scans:
        own = catalog.scan(row)
        keep = [at for at, scan in enumerate(catalog.scans(rows)) if own is None or scan != own]
        rows, distances = rows[keep], distances[keep]
    fact: Fact = {
        "self_excluded": True,
        "exact": True,
        "neighbors": _hits(catalog, rows[:k], distances[:k]),
    }
    if len(rows) < k:
        fact["note"] = _shortage(catalog, len(rows), k, other_scans=other_scans)
    return fact


def stored_alike(
    catalog: Catalog, row: int, k: int, examples: Examples, *, other_scans: bool = False
) -> Fact:
    """Search the k tiles like a stored one and its examples, exactly; as `stored_neighbors`."""
    own = catalog.scan(row)
    left_out = [row, *examples.positive, *examples.negative]
    if other_scans and own is not None:
        left_out = [*{*left_out, *catalog.in_scan(own).tolist()}]
    point = np.array(catalog.bundle.points[row : row + 1])
    found = _search_like(catalog, point, k, examples, left_out=left_out)
    return {"self_excluded": True, "exact": True, **_alike(catalog, found, k)}


def new_neighbors(
    catalog: Catalog,
    look: Look,
    k: int,
    *,
    index: IndexKind = "auto",
    exact: bool = False,
    examples: Examples = NO_EXAMPLES,
) -> Fact:
    """Search the k nearest stored tiles of one that was sent.

    Args:
        catalog: the stored tiles.
        look: what is known of the tile that was sent.
        k: how many; fewer come, with a note, when fewer are stored.
        index: as in `bundle.search`.
        exact: as in `bundle.search`.
        examples: stored tiles to be like and unlike as well; they are left out.
    """
    bundle = catalog.bundle
    points = bundle.scale(look.latent[None])
    sure = {"self_excluded": False, "exact": is_exact(bundle, index=index, exact=exact)}
    if examples:
        found = _search_like(catalog, points, k, examples, index=index, exact=exact)
        return sure | _alike(catalog, found, k)
    found = search(bundle, points, k, index=index, exact=exact)
    fact: Fact = {**sure, "neighbors": _hits(catalog, found.rows[0], found.distances[0])}
    if found.rows.shape[1] < k:
        fact["note"] = f"Only {len(catalog.ids)} tiles are stored; all of them are listed."
    return fact


def _search_like(
    catalog: Catalog,
    point: Points,
    k: int,
    examples: Examples,
    *,
    left_out: Sequence[int] | None = None,
    index: IndexKind = "auto",
    exact: bool = True,
) -> Hits:
    points = catalog.bundle.points
    return search_like(
        catalog.bundle,
        np.concatenate([point, points[list(examples.positive)]]),
        points[list(examples.negative)],
        k,
        left_out=[*examples.positive, *examples.negative] if left_out is None else left_out,
        index=index,
        exact=exact,
    )


def _alike(catalog: Catalog, found: Hits, k: int) -> Fact:
    fact: Fact = {"neighbors": _hits(catalog, found.rows[0], found.distances[0])}
    if found.rows.shape[1] < k:
        fact["note"] = (
            f"Of the {min(DEPTH, len(catalog.ids))} tiles nearest to the positive examples, only "
            f"{found.rows.shape[1]} are wanted and nearer to these than to the negative ones."
        )
    return fact


def _hits(catalog: Catalog, rows: NDArray[np.int32], distances: Distances) -> list[Fact]:
    shares = rarity(catalog.bundle, distances)
    ids, labels, scans = catalog.ids.of(rows), catalog.labels(rows), catalog.scans(rows)
    found = zip(ids, distances, shares, labels, scans, strict=True)
    return [
        {
            "rank": rank,
            "id": name,
            "distance": distance,
            "rarity": share,
            "cluster": label,
            "scan": scan,
        }
        for rank, (name, distance, share, label, scan) in enumerate(found, 1)
    ]


def _shortage(catalog: Catalog, found: int, k: int, *, other_scans: bool) -> str:
    kept = catalog.graph.width
    if other_scans:
        return f"{found} of the {kept} stored neighbours are of other scans; {k} were asked for."
    if kept == len(catalog.ids) - 1:
        return f"Only {kept} other tiles are stored; all of them are listed."
    return f"The bundle keeps {kept} neighbours a tile; {k} were asked for."


def stored_cluster(catalog: Catalog, row: int) -> Fact:
    """Tell a stored tile's cluster, how near it lies to it, and the study's DBSCAN label."""
    bundle = catalog.bundle
    (found,) = assign(bundle, np.array(bundle.points[row : row + 1]))
    label = catalog.label(row)
    return {
        "cluster": _membership(bundle, -1 if label is None else label, found),
        "dbscan": _dbscan(bundle.manifest.dbscan, int(bundle.dbscan_labels[row])),
    }


def new_cluster(catalog: Catalog, look: Look) -> Fact:
    """Give a tile that was sent the cluster of its nearest core tile."""
    (found,) = assign(catalog.bundle, catalog.bundle.scale(look.latent[None]))
    return {"cluster": _membership(catalog.bundle, found.label, found)}


def _membership(bundle: Bundle, label: int, found: Assignment) -> Fact:
    near = {"label": found.nearest, "distance": found.distance} if found.nearest >= 0 else None
    return {
        "label": label,
        "stray": label < 0,
        "confidence": found.confidence,
        "nearest": near,
        "reach": bundle.manifest.thresholds["cluster_reach"].value,
    }


def _dbscan(clustering: Clustering, label: int) -> Fact:
    eps = clustering.settings.get("eps")
    return {"label": label, "noise": label < 0, "eps": eps, "noise_share": clustering.noise_share}


def tile_summary(catalog: Catalog, row: int) -> Fact:
    """Tell what a list says of a stored tile."""
    return {"id": catalog.ids[row], "cluster": catalog.label(row), "scan": catalog.scan(row)}


def tile_detail(catalog: Catalog, row: int) -> Fact:
    """Tell all that is stored of a tile but its arrays and picture."""
    bundle = catalog.bundle
    scan, position = bundle.scan(row), bundle.position(row)
    y, x = position or (None, None)
    return {
        **tile_summary(catalog, row),
        "patient": scan.patient if scan else None,
        "y": y,
        "x": x,
        "dbscan": _dbscan(bundle.manifest.dbscan, int(bundle.dbscan_labels[row])),
    }


def cluster_summary(catalog: Catalog, label: int) -> Fact:
    """Tell a cluster's size and its medoid, the tile nearest to its mean.

    Label -1 stands for the stray tiles, which are no cluster and have no medoid.

    Raises:
        UnknownCluster: there is no such label.
    """
    size = len(catalog.bundle.members(label))
    medoid = catalog.bundle.medoid(label) if label >= 0 else None
    return {
        "label": label,
        "stray": label < 0,
        "size": size,
        "share": size / len(catalog.ids),
        "medoid": None if medoid is None else catalog.ids[medoid],
    }
