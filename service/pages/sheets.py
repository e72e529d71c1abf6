"""Clusters as contact sheets, a page at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bundle import Bundle
from bundle.screening import VERDICTS, Verdict
from service.pages.captions import cluster_name, percent

CLUSTERS_A_PAGE = 24
TILES_A_PAGE = 120
SHEET = 11
"""Pictures of a cluster in the gallery: the medoid, twice as large, and ten others."""
STRAYS = 24
ORDERS = {"size": "largest first", "small": "smallest first", "label": "by label"}
_SEGMENTS = 150
_STRIP_WIDTH = 1000


@dataclass(frozen=True)
class Tile:
    """A stored tile as the pages show it; `label` is -1 for a stray one, `score` of lettering."""

    id: str
    label: int
    scan: str | None
    verdict: Verdict
    score: float


@dataclass(frozen=True)
class Group:
    """A cluster, or the stray tiles under label -1, with some or all of its tiles."""

    label: int
    size: int
    share: float
    scans: int
    tiles: tuple[Tile, ...]
    has_medoid: bool


@dataclass(frozen=True)
class Page:
    """Which page of how many, and where it starts and ends."""

    number: int
    last: int
    start: int
    end: int


@dataclass(frozen=True)
class Segment:
    """A cluster's place on the strip of all tiles; `label` is None for many small ones."""

    label: int | None
    name: str
    start: float
    width: float


def page_of(asked: str, total: int, size: int) -> Page:
    """Cut `total` things into pages; what is no page becomes the nearest one."""
    last = max(1, -(-total // size))
    wanted = int(asked[:9]) if asked.isascii() and asked.isdigit() else 1
    number = min(max(1, wanted), last)
    return Page(number, last, (number - 1) * size, min(number * size, total))


def tile(bundle: Bundle, row: int) -> Tile:
    """Return what the pages show of a stored tile."""
    scan = bundle.scan(row)
    return Tile(
        id=bundle.id(row),
        label=int(bundle.labels[row]),
        scan=scan.name if scan else None,
        verdict=VERDICTS[int(bundle.verdicts[row])],
        score=float(bundle.scores[row, 0]),
    )


def sheet(bundle: Bundle, label: int, pictures: int) -> Group:
    """Return a cluster with `pictures` of its tiles: its medoid, then an even spread.

    Raises:
        UnknownCluster: there is no such label.
    """
    rows = bundle.members(label)
    medoid = bundle.medoid(label) if label >= 0 else None
    others = rows if medoid is None else rows[rows != medoid]
    free = pictures - (medoid is not None)
    # Ids of one scan stand together, so an even spread shows many scans.
    spread = others[np.linspace(0, len(others) - 1, min(free, len(others))).astype(int)]
    chosen = ([] if medoid is None else [medoid]) + spread.tolist()
    return _group(bundle, label, rows, chosen)


def wall(bundle: Bundle, label: int, asked: str) -> tuple[Group, Page]:
    """Return a cluster with one page of its tiles, in the order of their ids.

    Raises:
        UnknownCluster: there is no such label.
    """
    rows = bundle.members(label)
    page = page_of(asked, len(rows), TILES_A_PAGE)
    return _group(bundle, label, rows, rows[page.start : page.end].tolist()), page


def _group(bundle: Bundle, label: int, rows: NDArray[np.intp], chosen: list[int]) -> Group:
    numbers = bundle.arrays["scan_numbers.npy"][rows]
    return Group(
        label=label,
        size=len(rows),
        share=len(rows) / len(bundle),
        scans=len(np.unique(numbers[numbers >= 0])),
        tiles=tuple(tile(bundle, row) for row in chosen),
        has_medoid=label >= 0,
    )


def ordered(bundle: Bundle, order: str) -> list[int]:
    """Return the labels of all clusters that have tiles, in one of `ORDERS`."""
    sizes = bundle.cluster_sizes
    labels = np.flatnonzero(sizes)
    if order == "small":
        labels = labels[np.argsort(sizes[labels], kind="stable")]
    elif order == "size":
        labels = labels[np.argsort(-sizes[labels], kind="stable")]
    return [int(label) for label in labels]


def strip(bundle: Bundle) -> list[Segment]:
    """Return the strip of all tiles: clusters by size, then the stray tiles."""
    labels = ordered(bundle, "size")
    parts: list[tuple[int | None, str, int]] = [
        (label, cluster_name(label).capitalize(), int(bundle.cluster_sizes[label]))
        for label in labels[:_SEGMENTS]
    ]
    clustered = int(bundle.cluster_sizes.sum())
    rest = clustered - sum(size for _, _, size in parts)
    if rest:
        parts.append((None, f"{len(labels) - _SEGMENTS:,} smaller clusters", rest))
    if stray := len(bundle) - clustered:
        parts.append((-1, "Stray tiles", stray))
    segments, start = [], 0.0
    for label, name, size in parts:
        share = size / len(bundle)
        words = f"{name}: {size:,} tiles, {percent(share)}"
        segments.append(Segment(label, words, start, share * _STRIP_WIDTH))
        start += share * _STRIP_WIDTH
    return segments


def beside(bundle: Bundle, row: int) -> tuple[str | None, str | None]:
    """Return the ids before and after a tile in its own cluster, None at an end."""
    rows = bundle.members(int(bundle.labels[row]))
    at = int(np.searchsorted(rows, row))
    before = bundle.id(int(rows[at - 1])) if at > 0 else None
    after = bundle.id(int(rows[at + 1])) if at + 1 < len(rows) else None
    return before, after
