"""What the pages say about one tile, stored or sent: the API's facts, put into words."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from bundle.arrays import Grey
from service.answering.facts import (
    Fact,
    new_cluster,
    new_neighbors,
    stored_cluster,
    stored_neighbors,
)
from service.answering.looks import Look
from service.answering.screening import new_screenings
from service.pages.captions import (
    Closeness,
    closeness,
    cluster_name,
    confidence_words,
    dbscan_words,
)
from service.pages.rendering import segment
from service.pages.sheets import Tile, tile
from service.pages.verdicts import EVIDENCE, Finding, finding
from service.pictures.pngs import png_bytes
from service.stored.catalog import Catalog
from service.stored.findings import Findings

SENT_HITS = 12
"""Neighbours shown for each file that was sent."""


@dataclass(frozen=True)
class Hit:
    """A neighbour. same_scan: None when one of the two scans is not known."""

    tile: Tile
    rank: int
    distance: float
    closeness: Closeness
    same_scan: bool | None


@dataclass(frozen=True)
class Line:
    """A line of the facts. url: where `value` leads to. more: words after it."""

    name: str
    value: str
    url: str | None = None
    more: str = ""


@dataclass(frozen=True)
class Answer:
    """One file that was sent: either a problem, or all the rest.

    picture, reconstruction: data: URIs.
    """

    name: str
    problem: str | None = None
    picture: str = ""
    reconstruction: str = ""
    cluster: str = ""
    finding: Finding | None = None
    lines: Sequence[Line] = ()
    hits: Sequence[Hit] = ()


def stored_hits(catalog: Catalog, row: int, k: int, *, other_scans: bool = False) -> list[Hit]:
    """Return the k nearest other tiles of a stored one, from the bundle's graph."""
    found = stored_neighbors(catalog, row, k, other_scans=other_scans)
    return _hits(catalog, found, catalog.scan(row))


def _hits(catalog: Catalog, fact: Fact, scan: str | None) -> list[Hit]:
    pairs = len(catalog.bundle.arrays["random_distances.npy"])
    return [
        Hit(
            tile=tile(catalog.bundle, catalog.rows[found["id"]]),
            rank=found["rank"],
            distance=float(found["distance"]),
            closeness=closeness(float(found["rarity"]), pairs),
            same_scan=None if None in (scan, found["scan"]) else scan == found["scan"],
        )
        for found in fact["neighbors"]
    ]


def stored_lines(catalog: Catalog, row: int, hits: Sequence[Hit]) -> list[Line]:
    """Return what is known about a stored tile with its neighbours `hits`."""
    bundle, lines = catalog.bundle, list[Line]()
    if scan := bundle.scan(row):
        lines.append(Line("Scan", scan.name, f"/view/scans/{segment(scan.name)}"))
        if scan.patient:
            lines.append(Line("Patient", scan.patient))
    if position := bundle.position(row):
        y, x = position
        lines.append(Line("Place", f"y {y:,}, x {x:,} px in the scan"))
    membership = stored_cluster(catalog, row)["cluster"]
    if bundle.arrays["core.npy"][row] and not membership["stray"]:
        more = ", as one of the core tiles that define it"
        lines.append(_cluster_line("Cluster", membership["label"], more))
    else:
        lines += _cluster_lines(membership)
    dbscan = dbscan_words(int(bundle.dbscan_labels[row]), bundle.manifest.dbscan)
    return [*lines, *_nearest_line(hits), Line("DBSCAN", dbscan)]


def _cluster_line(name: str, label: int, more: str) -> Line:
    return Line(name, cluster_name(label), f"/view/clusters/{label}", more)


def _cluster_lines(membership: Fact) -> list[Line]:
    """Say where a tile belongs; a stray one is always told its nearest cluster."""
    nearest = membership["nearest"]
    if nearest is None:
        return [Line("Cluster", "the bundle has none")]
    if not membership["stray"]:
        sure = confidence_words(membership["confidence"])
        return [_cluster_line("Cluster", membership["label"], f", {sure}")]
    away = f", {nearest['distance']:.2f} away; its reach is {membership['reach']:.2f}"
    return [
        _cluster_line("Cluster", -1, ": outside every cluster"),
        _cluster_line("Nearest cluster", nearest["label"], away),
    ]


def _nearest_line(hits: Sequence[Hit]) -> list[Line]:
    """Say how near the first of the neighbours is; nothing when there is none."""
    return [
        Line(
            "Nearest tile",
            hit.tile.id,
            f"/view/tiles/{segment(hit.tile.id)}",
            f", {hit.distance:.2f} away, {hit.closeness.words}",
        )
        for hit in hits[:1]
    ]


def answer(findings: Findings, name: str, look: Look, restored: Grey) -> Answer:
    """Say what a tile that is not stored holds, and where it would stand.

    Args:
        findings: of the stored tiles.
        name: what its sender calls it.
        look: what is known of it.
        restored: its reconstruction, (side, side) uint8.
    """
    catalog = findings.catalog
    membership = new_cluster(catalog, look)["cluster"]
    (screened,) = new_screenings(findings, [look], EVIDENCE)
    hits = _hits(catalog, new_neighbors(catalog, look, SENT_HITS, index="brute"), None)
    return Answer(
        name,
        picture=picture_uri(look.read.tile),
        reconstruction=picture_uri(restored),
        cluster=cluster_name(membership["label"]),
        finding=finding(catalog, screened, look.read.size),
        lines=[*_cluster_lines(membership), *_nearest_line(hits)],
        hits=hits,
    )


def picture_uri(pixels: Grey) -> str:
    """Return a (height, width) uint8 picture as a data: URI of a PNG."""
    return f"data:image/png;base64,{b64encode(png_bytes(pixels)).decode()}"
