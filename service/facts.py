"""What can be said of a tile or a cluster, as JSON objects; pure functions of the catalogue.

Floats of numpy stay what they are: orjson writes them in their own precision.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from bundle import Assignment, Bundle, assign, rarity, search
from bundle.arrays import Distances
from bundle.manifest import Clustering
from bundle.neighbors import IndexKind
from service.catalog import Catalog
from service.looks import Look

Fact: TypeAlias = dict[str, Any]


def stored_neighbors(catalog: Catalog, row: int, k: int, *, other_scans: bool = False) -> Fact:
    """Take the k nearest other tiles of a stored one from the graph.

    Args:
        catalog: the stored tiles.
        row: of the tile asked about; it is never among its neighbours.
        k: how many; fewer come, with a note, when the graph holds fewer.
        other_scans: leave out tiles of the same scan.
    """
    rows, distances = catalog.neighbors[row], catalog.distances[row]
    if other_scans:
        own, scans = catalog.scans[row], catalog.scans
        keep = [at for at, other in enumerate(rows.tolist()) if own is None or scans[other] != own]
        rows, distances = rows[keep], distances[keep]
    fact: Fact = {
        "self_excluded": True,
        "neighbors": _hits(catalog, rows[:k].tolist(), distances[:k]),
    }
    if len(rows) < k:
        fact["note"] = _shortage(catalog, len(rows), k, other_scans=other_scans)
    return fact


def new_neighbors(catalog: Catalog, look: Look, k: int, *, index: IndexKind) -> Fact:
    """Search the k nearest stored tiles of one that was sent, exactly."""
    points = catalog.bundle.scale(look.latent[None])
    found = search(catalog.bundle, points, k, index=index)
    fact: Fact = {
        "self_excluded": False,
        "neighbors": _hits(catalog, found.rows[0].tolist(), found.distances[0]),
    }
    if found.rows.shape[1] < k:
        fact["note"] = f"Only {len(catalog.ids)} tiles are stored; all of them are listed."
    return fact


def _hits(catalog: Catalog, rows: Sequence[int], distances: Distances) -> list[Fact]:
    shares = rarity(catalog.bundle, distances)
    ids, labels, scans = catalog.ids, catalog.labels, catalog.scans
    return [
        {
            "rank": rank,
            "id": ids[row],
            "distance": distance,
            "rarity": share,
            "cluster": labels[row],
            "scan": scans[row],
        }
        for rank, (row, distance, share) in enumerate(zip(rows, distances, shares, strict=True), 1)
    ]


def _shortage(catalog: Catalog, found: int, k: int, *, other_scans: bool) -> str:
    kept = catalog.neighbors.shape[1]
    if other_scans:
        return f"{found} of the {kept} stored neighbours are of other scans; {k} were asked for."
    if kept == len(catalog.ids) - 1:
        return f"Only {kept} other tiles are stored; all of them are listed."
    return f"The bundle keeps {kept} neighbours a tile; {k} were asked for."


def stored_cluster(catalog: Catalog, row: int) -> Fact:
    """Tell a stored tile's cluster, how near it lies to it, and the study's DBSCAN label."""
    bundle = catalog.bundle
    (found,) = assign(bundle, np.array(bundle.points[row : row + 1]))
    label = catalog.labels[row]
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
    return {"id": catalog.ids[row], "cluster": catalog.labels[row], "scan": catalog.scans[row]}


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
